/* SPDX-License-Identifier: Apache-2.0
 * check_quantity.c - numbers as Kubernetes writes them.
 */
#include <check.h>

#include "policy/model/quantity.h"
#include "tests/unit/suite.h"

static const struct quantity_case {
	const char *text;
	bool ok;
	double value;
} quantities[] = {
	{ "0", true, 0 },         { "00", true, 0 },       { "1", true, 1 },
	{ "-3", true, -3 },       { "0.5", true, 0.5 },    { ".5", true, 0.5 },
	{ "25%", true, 25 },      { "00%", true, 0 },      { "100m", true, 0.1 },
	{ "64Mi", true, 0x1p26 }, { "2k", true, 2000 },    { "1e3", false, 0 },
	{ "", false, 0 },         { "-", false, 0 },       { ".", false, 0 },
	{ "Mi", false, 0 },       { "3M", true, 3e6 },     { "3G", true, 3e9 },
	{ "3T", true, 3e12 },     { "3P", true, 3e15 },    { "3E", true, 3e18 },
	{ "3n", true, 3e-9 },     { "3u", true, 3e-6 },    { "3Ki", true, 3072 },
	{ "1Gi", true, 0x1p30 },  { "1Ti", true, 0x1p40 }, { "1Pi", true, 0x1p50 },
	{ "1Ei", true, 0x1p60 },  { "1.2.3", false, 0 },   { "1 ", false, 0 },
	{ "1%%", false, 0 },
};

START_TEST(quantity_is_read)
{
	const struct quantity_case *c = &quantities[_i];
	double got = 0;

	ck_assert_msg(quantity_read(str_of(c->text), &got) == c->ok, "'%s'", c->text);
	if (c->ok)
		ck_assert_double_eq_tol(got, c->value, 1e-12 * (c->value > 1 ? c->value : 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quantity");
	TCase *tc = tcase_create("quantity");

	tcase_add_loop_test(tc, quantity_is_read, 0, sizeof quantities / sizeof *quantities);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
