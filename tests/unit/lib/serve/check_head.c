/* SPDX-License-Identifier: Apache-2.0
 * check_head.c - what is seen of a head, field by field.
 */
#include <check.h>
#include <string.h>

#include "lib/serve/head.h"
#include "tests/unit/suite.h"

START_TEST(nul_in_a_field)
{
	struct head name = { .version = "" }, value = { .version = "" };

	head_field(&name, STR("a\0b"), STR("c"));
	head_field(&value, STR("a"), STR("b\0c"));
	ck_assert(name.odd && value.odd);
}
END_TEST

static const struct {
	const char *name, *value;
	bool taken;
} traces[] = {
	{ "as specified", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true },
	{ "capitals", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
	{ "too long", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011", false },
	{ "empty", "", false },
	{ "dashes elsewhere", "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01", false },
	{ "digits alone", "0000af7651916cd43dd8448eb211c80319c0b7ad6b7169203331001", false },
	{ "no trace", "00-00000000000000000000000000000000-b7ad6b7169203331-01", false },
	{ "no parent", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false },
	{ "the forbidden version", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	  false },
};

START_TEST(trace)
{
	struct head h = { .version = "" };

	head_field(&h, STR("TraceParent"), str_of(traces[_i].value));
	ck_assert_msg(!strcmp(h.traceparent, traces[_i].taken ? traces[_i].value : ""), "%s",
		      traces[_i].name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("head");
	TCase *t = tcase_create("head");

	tcase_add_test(t, nul_in_a_field);
	tcase_add_loop_test(t, trace, 0, sizeof traces / sizeof *traces);
	suite_add_tcase(s, t);
	return run_suite(s);
}
