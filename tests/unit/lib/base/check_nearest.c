/* check_nearest.c - which known word a wrong one means. */
#include <check.h>

#include "lib/base/nearest.h"

static const struct near_row {
	const char *word, *want;
} nears[] = {
	{ "objekts", "objects" },
	{ "OBJECTS", "objects" },
	{ "rlues", "rules" },
	{ "rule", "rules" },
	{ "title", "title" },
	{ "x", NULL },
	{ "", NULL },
	{ "completely-else", NULL },
};

START_TEST(the_nearest_word)
{
	const struct near_row *row = &nears[_i];
	struct nearest n;

	nearest_start(&n, str_of(row->word));
	nearest_try(&n, STR("title"));
	nearest_try(&n, STR("objects"));
	nearest_try(&n, STR("rules"));
	ck_assert_msg(row->want ? str_is(n.best, row->want) : !n.best.s, "%s: %.*s", row->word,
		      STR_ARG(n.best));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tc = tcase_create("nearest");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, the_nearest_word, 0, sizeof nears / sizeof *nears);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
