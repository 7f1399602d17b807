/* SPDX-License-Identifier: Apache-2.0
 * check_corefile.c - what an edit of a Corefile is. What CoreDNS makes of coredns-custom is held
 * against a real one by tests/coredns.
 */
#include <check.h>

#include "policy/object/corefile.h"
#include "tests/unit/suite.h"

#define BLOCK(lines)                                                                               \
	".:53 {\n    errors\n    log\n    forward . /etc/resolv.conf\n    cache 30\n" lines "}\n"
#define END "import custom/*.server\n"

static const struct edit_case {
	const char *why, *old, *new;
	unsigned edits;
} edits[] = {
	{ "nothing", BLOCK("") END, BLOCK("") END, 0 },
	{ "white space and comments", BLOCK("") END, "# mine\n" BLOCK("  # log\n\n") END, 0 },
	{ "a server block", BLOCK("") END,
	  BLOCK("") "corp.example:53 {\n  forward . 10.0.0.2\n}\n" END, COREFILE_SERVER },
	{ "a line for the default block", BLOCK("") END, BLOCK("    rewrite name a b\n") END,
	  COREFILE_OVERRIDE },
	{ "a directive of which there may be several", BLOCK("") END,
	  BLOCK("    log a.example\n") END, COREFILE_OVERRIDE },
	{ "forward of a zone is a server block's work", BLOCK("") END,
	  BLOCK("    forward corp.example 10.0.0.2\n") END, COREFILE_SERVER },
	{ "a second forward of all", BLOCK("") END, BLOCK("    forward . 10.0.0.2\n") END,
	  COREFILE_OWN },
	{ "a second cache", BLOCK("") END, BLOCK("    cache 60\n") END, COREFILE_OWN },
	{ "what stands there, changed", BLOCK("") END,
	  ".:53 {\n    errors\n    log\n    forward . 10.1.2.3\n    cache 30\n}\n" END,
	  COREFILE_OWN },
	{ "what stands there, taken out", BLOCK("    loop\n") END, BLOCK("") END, COREFILE_OWN },
	{ "within the braces of a directive", BLOCK("    health {\n  lameduck 5s\n }\n") END,
	  BLOCK("    health {\n  lameduck 15s\n }\n") END, COREFILE_OWN },
	{ "a block and a change", BLOCK("    loop\n") END,
	  ".:53 {\n    errors\n    log\n    forward . 10.1.2.3\n    cache 30\n    loop\n}\n"
	  "a.example {\n  log\n  errors\n}\n" END,
	  COREFILE_SERVER | COREFILE_OWN },
	{ "no Corefile", BLOCK(""), "}", 0 },
	{ "a brace too few", BLOCK(""), ".:53 {\n health {\n", 0 },
	{ "nothing at all", "", "", 0 },
};

START_TEST(edits_are_told_apart)
{
	const struct edit_case *c = &edits[_i];

	ck_assert_msg(corefile_edits(str_of(c->old), str_of(c->new)) == c->edits, "%s: %u", c->why,
		      corefile_edits(str_of(c->old), str_of(c->new)));
}
END_TEST

/* Twice as much is twice the work: words, blocks, directives; the last beyond their limit. */
static size_t words_of(struct str text)
{
	struct corefile f = { .text = text };
	size_t n = 0;

	while (corefile_next(&f))
		n++;
	return n;
}

START_TEST(words_and_quotes)
{
	struct corefile f = { .text = STR("a \"b c\\\"d\" # e\n#f\n{$X} g#h \"open") };

	ck_assert(corefile_next(&f) && str_is(f.word, "a") && f.first);
	ck_assert(corefile_next(&f) && str_is(f.word, "b c\\\"d") && !f.first);
	ck_assert(corefile_next(&f) && str_is(f.word, "{$X}") && f.first);
	ck_assert(corefile_next(&f) && str_is(f.word, "g#h") && !f.first);
	ck_assert(corefile_next(&f) && str_is(f.word, "open"));
	ck_assert(!corefile_next(&f));
	ck_assert_uint_eq(words_of(STR("\"")), 1);
	ck_assert_uint_eq(words_of(STR(" # \\")), 0);
}
END_TEST

START_TEST(a_long_one_is_not_told)
{
	static char text[1u << 16];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof text, ".:53 {\n");
	for (int i = 0; i <= COREFILE_DIRECTIVES; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "log %d.example\n", i);
	snprintf(text + n, sizeof text - n, "}\n");
	ck_assert_uint_eq(corefile_edits(STR(".:53 {\n log\n}\n"), str_of(text)), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("corefile");
	TCase *tc = tcase_create("corefile");

	tcase_add_loop_test(tc, edits_are_told_apart, 0, sizeof edits / sizeof *edits);
	tcase_add_test(tc, words_and_quotes);
	tcase_add_test(tc, a_long_one_is_not_told);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
