/*
 * check_coredns.c - keys of coredns-custom: what ends the next pod, and what does not. Each row was
 * tried with CoreDNS 1.12.4.
 */
#include "posture/corefile/coredns.h"

#include <check.h>
#include <stdlib.h>

struct faults {
	size_t n;
	char first[300];
};

static void keep_fault(void *ctx, const char *text)
{
	struct faults *f = ctx;

	if (!f->n++)
		snprintf(f->first, sizeof f->first, "%s", text);
}

static const struct key_case {
	const char *name, *text;
	const char *fault; /* what the first one begins with; NULL: none */
} overrides[] = {
	{ "nothing", "", NULL },
	{ "a comment", "# cache 30 {\n", NULL },
	{ "a second log, reload and rewrite are fine", "log\nreload 10s\nrewrite name a b\n",
	  NULL },
	{ "a plugin with a block", "hosts {\n  10.1.1.1 db.example\n  fallthrough\n}\n", NULL },
	{ "what stands in a plugin's block is its own", "hosts {\n  cache 30\n}\n", NULL },
	{ "forward", "forward . 10.1.2.3 {\n  max_fails 3\n}\n", NULL },
	{ "a second cache", "cache 60\n", "cache stands in OKE's server block already" },
	{ "a second errors", "log\nerrors\n", "errors stands" },
	{ "a second ready", "ready :8181\n", "ready stands" },
	{ "a second prometheus", "prometheus :9153\n", "prometheus stands" },
	{ "a second loop", "loop\n", "loop stands" },
	{ "a server block", "corp.example:53 {\n  forward . 10.1.2.3\n}\n",
	  "a server block belongs" },
	{ "a word that is no plugin", "forwrad . 10.1.2.3\n", "there is no plugin 'forwrad'" },
	{ "a block without its end", "hosts {\n  10.1.1.1 db\n", "a block without its }" },
	{ "an end too many", "log\n}\n", "a } too many" },
	{ "lines that end as on Windows", "log\r\nhosts {\r\n}\r\n", NULL },
};

START_TEST(override_keys)
{
	const struct key_case *c = &overrides[_i];
	struct faults f = { .n = 0 };
	const struct coredns_report report = { keep_fault, &f };

	coredns_override(str_of(c->text), &report);
	ck_assert_msg(!c->fault == !f.n, "%s: '%s'", c->name, f.first);
	if (c->fault)
		ck_assert_msg(!strncmp(f.first, c->fault, strlen(c->fault)), "%s: '%s'", c->name,
			      f.first);
}
END_TEST

static const struct key_case servers[] = {
	{ "a server block", "corp.example:53 {\n  errors\n  cache 30\n  forward . 10.1.2.3\n}\n",
	  NULL },
	{ "two zones", "a.example {\n  log\n}\nb.example:53 {\n  log\n}\n", NULL },
	{ "another port", ".:5353 {\n  log\n}\n", NULL },
	{ "a zone of two names", "a.example b.example {\n  log\n}\n", NULL },
	{ "a snippet", "(common) {\n  log\n}\na.example {\n  import common\n}\n", NULL },
	{ "OKE's own block", ".:53 {\n  log\n}\n", ".:53 is OKE's own server block" },
	{ "the same without its port", ". {\n  log\n}\n", ".:53 is OKE's own server block" },
	{ "a zone twice", "a.example {\n}\na.example:53 {\n}\n", "zone a.example:53 has" },
	{ "in other letters, and with its dot", "a.example {\n}\nA.Example. {\n}\n",
	  "zone a.example:53 has" },
	{ "with its scheme", "a.example {\n}\ndns://a.example {\n}\n", "zone a.example:53 has" },
	{ "a directive outside of a block", "forward . 10.1.2.3\n", "'forward' stands outside" },
	{ "a block without its end", "a.example {\n  hosts {\n  }\n", "a block without its }" },
	{ "an end too many", "}\n", "a } too many" },
};

START_TEST(server_keys)
{
	const struct key_case *c = &servers[_i];
	struct faults f = { .n = 0 };
	const struct coredns_report report = { keep_fault, &f };
	struct coredns_zones *zones = calloc(1, sizeof *zones);

	ck_assert_ptr_nonnull(zones);
	coredns_server(str_of(c->text), zones, &report);
	ck_assert_msg(!c->fault == !f.n, "%s: '%s'", c->name, f.first);
	if (c->fault)
		ck_assert_msg(!strncmp(f.first, c->fault, strlen(c->fault)), "%s: '%s'", c->name,
			      f.first);
	free(zones);
}
END_TEST

/* Work is linear in the text: a name of any length, any number of blocks. */
START_TEST(long_texts)
{
	const size_t n = 1u << 20;
	char *text = malloc(n);
	struct faults f = { .n = 0 };
	const struct coredns_report report = { keep_fault, &f };
	struct coredns_zones *zones = calloc(1, sizeof *zones);

	ck_assert(text && zones);
	memset(text, 'a', n);
	coredns_server((struct str){ text, n }, zones, &report);
	coredns_override((struct str){ text, n }, &report);
	memset(text, '{', n);
	coredns_server((struct str){ text, n }, zones, &report);
	for (size_t i = 0; i + 4 <= n; i += 4)
		memcpy(text + i, "a {\n", 4);
	coredns_server((struct str){ text, n }, zones, &report);
	ck_assert(f.n);
	free(text);
	free(zones);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("coredns");
	TCase *tc = tcase_create("keys");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, override_keys, 0, sizeof overrides / sizeof *overrides);
	tcase_add_loop_test(tc, server_keys, 0, sizeof servers / sizeof *servers);
	tcase_add_test(tc, long_texts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
