/* SPDX-License-Identifier: Apache-2.0
 * check_corefile_custom.c - what is said of the keys of ConfigMap coredns-custom; that CoreDNS
 * does stop there is tried by tests/coredns. JSON is written with ' for ", lines end in \n.
 */
#include <check.h>

#include "policy/object/corefile.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

#define NO_PLUGIN  " is no plugin of CoreDNS, which refuses it\n"
#define ONCE       " may stand once in a block\n"
#define DEFAULT    " may stand once in a block, and the default block has it\n"
#define ZONE       " is a server block, which belongs in a key *.server: CoreDNS refuses it here\n"
#define SERVED     " is served by another block: CoreDNS refuses it\n"
#define OUTSIDE    " is outside of a server block: CoreDNS takes it for the name of a zone\n"
#define STRAY      "} ends no block of this key, but what stands around it\n"
#define MISSING    "lacks a }: CoreDNS takes what stands behind it for a part of it\n"
#define UNREAD     "ends neither in .server nor in .override: CoreDNS does not read it\n"
#define SECOND_ALL " is the default block of the Corefile: CoreDNS refuses a second one\n"

static const struct custom_case {
	const char *why, *data, *says;
} customs[] = {
	{ "lines for the default block", "{'a.override':'log\\nrewrite name a b\\n'}", "" },
	{ "the first and the last plugin by name", "{'a.override':'root\\nimport x\\n'}", "" },
	{ "no plugin", "{'a.override':'lag\\n'}", "a.override: lag" NO_PLUGIN },
	{ "the beginning of one", "{'a.override':'er\\n'}", "a.override: er" NO_PLUGIN },
	{ "what the default block has",
	  "{'a.override':'cache\\nerrors\\nready\\nprometheus\\nloop\\nkubernetes\\n'}",
	  "a.override: cache" DEFAULT "a.override: errors" DEFAULT "a.override: ready" DEFAULT
	  "a.override: prometheus" DEFAULT "a.override: loop" DEFAULT
	  "a.override: kubernetes" DEFAULT },
	{ "what it has not",
	  "{'a.override':'hosts\\ngrpc\\ntsig\\ndnssec\\nnsid\\npprof\\nview\\n'}", "" },
	{ "twice in a key", "{'a.override':'view\\nview\\n'}", "a.override: view" DEFAULT },
	{ "once in each of two keys", "{'a.override':'hosts\\n','b.override':'hosts\\n'}",
	  "b.override: hosts" DEFAULT },
	{ "several may be there", "{'a.override':'log a\\nlog b\\nforward c d\\nforward e f\\n'}",
	  "" },
	{ "within the braces of a directive", "{'a.override':'hosts {\\n cache\\n}\\nlog'}", "" },
	{ "a server block", "{'a.override':'a.example:53 {\\n log\\n}\\n'}",
	  "a.override: a.example:53" ZONE },
	{ "by its port alone, there", "{'a.override':':53 {\\n log\\n}\\n'}",
	  "a.override: :53" ZONE },
	{ "a brace too many", "{'a.override':'log\\n}\\ncache\\n'}", "a.override: " STRAY },
	{ "a brace too few", "{'a.override':'hosts {\\n'}", "a.override: " MISSING },
	{ "and nothing is said of what stands behind", "{'a.override':'hosts {\\n x\\n cache\\n'}",
	  "a.override: " MISSING },
	{ "a stray brace ends a directive's line", "{'a.override':'log }\\ncache\\n'}",
	  "a.override: " STRAY },
	{ "a server block in its place", "{'a.server':'a.example:53 {\\n cache\\n errors\\n}\\n'}",
	  "" },
	{ "twice in a block", "{'a.server':'a.example {\\n cache\\n cache\\n}\\n'}",
	  "a.server: cache" ONCE },
	{ "once in each of two blocks",
	  "{'a.server':'a.example {\\n cache\\n}\\nb.example {\\n cache\\n}\\n'}", "" },
	{ "no plugin in a block", "{'a.server':'a.example {\\n lag\\n}\\n'}",
	  "a.server: lag" NO_PLUGIN },
	{ "a block without its end", "{'a.server':'a.example {\\n log\\n'}", "a.server: " MISSING },
	{ "an end too many", "{'a.server':'a.example {\\n log\\n}\\n}\\n'}", "a.server: " STRAY },
	{ "a directive outside", "{'a.server':'log\\n'}", "a.server: log" OUTSIDE },
	{ "a zone twice", "{'a.server':'a.example {\\n log\\n}\\na.example:53 {\\n log\\n}\\n'}",
	  "a.server: a.example:53" SERVED },
	{ "in two keys", "{'a.server':'a.example {\\n}\\n','b.server':'A.Example. {\\n}\\n'}",
	  "b.server: A.Example." SERVED },
	{ "on another port", "{'a.server':'a.example {\\n}\\na.example:54 {\\n}\\n'}", "" },
	{ "by another protocol",
	  "{'a.server':'a.example {\\n}\\ntls://a.example {\\n}\\nhttps://a.example {\\n}\\n'}",
	  "" },
	{ "by the same one", "{'a.server':'tls://a.example {\\n}\\ntls://a.example {\\n}\\n'}",
	  "a.server: tls://a.example" SERVED },
	{ "the protocol that is meant",
	  "{'a.server':'dns://a.example {\\n}\\na.example:53 {\\n}\\n'}",
	  "a.server: a.example:53" SERVED },
	{ "a slash is no protocol", "{'a.server':'a:/b {\\n}\\n:/b {\\n}\\n'}", "" },
	{ "bound to an address",
	  "{'a.server':'a.example {\\n}\\na.example {\\n bind 10.0.0.1\\n}\\n'}", "" },
	{ "one of several zones",
	  "{'a.server':'a.example, b.example {\\n}\\nc.example b.example {\\n}\\n'}",
	  "a.server: b.example" SERVED },
	{ "behind a comma, on the next line",
	  "{'a.server':'a.example,\\nb.example {\\n}\\nb.example {\\n}\\n'}",
	  "a.server: b.example" SERVED },
	{ "the one before a comma",
	  "{'a.server':'a.example, b.example {\\n}\\na.example {\\n}\\n'}",
	  "a.server: a.example" SERVED },
	{ "a comma alone is none", "{'a.server':'a.example , b.example {\\n}\\n'}", "" },
	{ "a snippet is none", "{'a.server':'(s) {\\n log\\n}\\n(s) {\\n log\\n}\\n'}", "" },
	{ "the default block", "{'a.server':'. {\\n log\\n}\\n'}", "a.server: ." SECOND_ALL },
	{ "by its port alone", "{'a.server':':53 {\\n log\\n}\\n'}", "a.server: :53" SECOND_ALL },
	{ "elsewhere", "{'a.server':'.:1053 {\\n log\\n}\\n'}", "" },
	{ "a key that is not read", "{'corp.conf':'}','server':''}",
	  "corp.conf: " UNREAD "server: " UNREAD },
	{ "the ending alone", "{'.override':'lag'}", ".override: lag" NO_PLUGIN },
	{ "no ConfigMap's data", "[]", "" },
};

static void hear_problem(void *ctx, const struct corefile_problem *p)
{
	struct text *out = ctx;

	text_printf(out, "%.*s: ", STR_ARG(p->key));
	corefile_problem_print(p, out);
	text_puts(out, "\n");
	ck_assert(p->unread == (strstr(p->what, "does not read") != NULL));
}

START_TEST(a_problem_is_told)
{
	const struct custom_case *c = &customs[_i];
	scoped(arena_end) struct arena arena;
	struct str data;
	struct text out;
	size_t n, lines = 0;

	arena_init(&arena, MEMORY);
	text_init(&out, &arena, 4096);
	data = str_copy(&arena, str_of(c->data));
	for (size_t i = 0; i < data.n; i++)
		if (data.s[i] == '\'')
			((char *)data.s)[i] = '"';
	n = corefile_problems_each(must_parse(data, &arena), hear_problem, &out);
	ck_assert_msg(str_is(text_get(&out), c->says), "%s:\n%.*s", c->why,
		      STR_ARG(text_get(&out)));
	for (const char *p = c->says; *p; p++)
		lines += *p == '\n';
	ck_assert_uint_eq(n, lines);
}
END_TEST

START_TEST(the_first_in_words)
{
	scoped(arena_end) struct arena arena;
	const struct json *data;
	struct text first;

	arena_init(&arena, MEMORY);
	text_init(&first, &arena, 4096);
	data = must_parse(STR("{\"a.override\":\"log\",\"b.override\":\"lag\\nlig\",\"c\":\"\"}"),
			  &arena);
	ck_assert_uint_eq(corefile_problems(data, &first), 3);
	ck_assert_msg(str_is(text_get(&first),
			     "key b.override: lag is no plugin of CoreDNS, which refuses it"),
		      "%.*s", STR_ARG(text_get(&first)));
	ck_assert_uint_eq(corefile_problems(data, NULL), 3);
	ck_assert_uint_eq(corefile_problems(NULL, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("corefile");
	TCase *tc = tcase_create("custom");

	tcase_add_loop_test(tc, a_problem_is_told, 0, ROWS(customs));
	tcase_add_test(tc, the_first_in_words);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
