/* SPDX-License-Identifier: Apache-2.0
 * check_scalar.c - every word and each shape of a number, with and without a tag, and as a key.
 */
#include "lib/yaml/scalar.h"

#include <check.h>

#include "tests/unit/suite.h"

static const char *const kinds[] = {
	[SCALAR_NULL] = "null",   [SCALAR_BOOL] = "bool",     [SCALAR_INT] = "int",
	[SCALAR_FLOAT] = "float", [SCALAR_STRING] = "string",
};

/* In short: "bool true", "int 8", "string"; of what is refused its sentence. */
static const char *shown(const struct yaml_node *node)
{
	static char out[256];
	struct scalar s;
	struct err err;

	if (scalar_read(node, &s, &err) < 0)
		return strcpy(out, err.msg);
	snprintf(out, sizeof out, "%s%s%s", kinds[s.kind],
		 s.kind == SCALAR_NULL || s.kind == SCALAR_STRING ? "" : " ",
		 s.kind == SCALAR_BOOL ? s.yes ? "true" : "false" : s.text);
	return out;
}

static const struct scalar_row {
	const char *texts[16]; /* they mean the same */
	const char *want;
} rows[] = {
	{ { "", "~", "null", "Null", "NULL" }, "null" },
	{ { "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON" },
	  "bool true" },
	{ { "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF" },
	  "bool false" },
	{ { "yES", "nULL", "oN", "truE", "yess", "nulls", "false ", "~~", "t", "f", "o" },
	  "string" },

	{ { "8", "+8", "010", "+010", "0o10", "0O10", "0x8", "0X8", "0b1000", "0B1_000", "8_" },
	  "int 8" },
	{ { "0", "-0", "+0", "00", "0x0", "0b0", "0_0" }, "int 0" },
	{ { "-31", "-0x1f", "-0X1F", "-037", "-0o37", "-0b11111", "-3_1" }, "int -31" },
	{ { "1000", "1_000", "1__000_", "01750" }, "int 1000" },
	{ { "9223372036854775807", "+9223372036854775807" }, "int 9223372036854775807" },
	{ { "-9223372036854775808" }, "int -9223372036854775808" },
	{ { "18446744073709551615", "0xffffffffffffffff" }, "int 18446744073709551615" },

	{ { "0.5", ".5", "+.5", "5e-1", "5E-1", "0.50", "00.5", "0._5" }, "float 0.5" },
	{ { "-0.5", "-.5", "-5.e-1" }, "float -0.5" },
	{ { "1.", "1.0", "1e0", "+1e+0", "10e-1", "01.0" }, "float 1" },
	{ { "8.", "08", "+08", "8e0" }, "float 8" },
	{ { "1e3", "1E3", "1e+3", "1000.0", "1_000.0" }, "float 1000" },
	{ { "1e20", "100000000000000000000" }, "float 100000000000000000000" },
	{ { "1e21" }, "float 1e+21" },
	{ { "-1e20" }, "float -100000000000000000000" },
	{ { "-1e21" }, "float -1e+21" },
	{ { "18446744073709551616" }, "float 18446744073709551616" },
	{ { "-9223372036854775809" }, "float -9223372036854775808" },
	{ { "0.1" }, "float 0.1" },
	{ { "0.30000000000000004", "0.300000000000000044" }, "float 0.30000000000000004" },
	{ { "1e-7" }, "float 1e-07" },

	{ { "-", "+", ".", "-.", "+.", "_", "_1", "e3", ".e3", "--1", "+-1", "- 1" }, "string" },
	{ { "1e", "1e+", "1E-", "1e3x", "1.5.", "1.2.3", "1 ", "1x", "1,000", "1:30" }, "string" },
	{ { "0x", "0xg", "0b", "0b2", "0o8", "0x1.8", "0b1.0", "0x-1", "0x0x1", "0 1" }, "string" },
	{ { "1e400", "-1e400", "2026-11-30", "10.96.0.1", "v1", "nan", "inf", "infinity" },
	  "string" },
	{ { ".infx", ".in", ".nAN", "-.nan", "+.NaN" }, "string" },
};

START_TEST(what_a_scalar_means)
{
	const struct scalar_row *r = &rows[_i];

	for (size_t i = 0; r->texts[i]; i++) {
		struct yaml_node node = { .text = str_of(r->texts[i]), .plain = true };

		ck_assert_msg(!strcmp(shown(&node), r->want), "'%s' is %s, not %s", r->texts[i],
			      shown(&node), r->want);
		node.plain = false;
		ck_assert_str_eq(shown(&node), "string");
	}
}
END_TEST

/* JSON has no number for these. */
START_TEST(what_is_no_number_is_refused)
{
	static const char *const texts[] = { ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
					     "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF" };
	struct yaml_node node = { .text = str_of(texts[_i]), .plain = true };
	char want[64];

	snprintf(want, sizeof want, "%s is no value in JSON", texts[_i]);
	ck_assert_ptr_nonnull(strstr(shown(&node), want));
}
END_TEST

/* A number is at most 400 bytes long. */
START_TEST(a_long_text_is_no_number)
{
	char zeros[512] = "";
	struct yaml_node node = { .plain = true };

	memset(zeros, '0', sizeof zeros - 1);
	node.text = (struct str){ zeros, 400 };
	ck_assert_str_eq(shown(&node), "int 0");
	node.text.n = 401;
	ck_assert_str_eq(shown(&node), "string");
}
END_TEST

static const struct tag_row {
	const char *tag, *text, *want;
} tagged[] = {
	{ "tag:yaml.org,2002:null", "~", "null" },
	{ "tag:yaml.org,2002:null", "x", "\"x\" does not fit its tag !!null" },
	{ "tag:yaml.org,2002:bool", "N", "bool false" },
	{ "tag:yaml.org,2002:bool", "1", "\"1\" does not fit its tag !!bool" },
	{ "tag:yaml.org,2002:int", "010", "int 8" },
	{ "tag:yaml.org,2002:int", "1.5", "\"1.5\" does not fit its tag !!int" },
	{ "tag:yaml.org,2002:float", "1.50", "float 1.5" },
	{ "tag:yaml.org,2002:float", "2", "float 2" },
	{ "tag:yaml.org,2002:float", "x", "\"x\" does not fit its tag !!float" },
	{ "tag:yaml.org,2002:str", "1", "string" },
	{ "tag:yaml.org,2002:timestamp", "2026-11-30", "string" },
	{ "!mine", "1", "string" },
	{ "!", "~", "string" },
	{ "tag:yaml.org,2002:binary", "aGk=",
	  "!!binary is not read here: write the text itself, or, in a Secret, its base64 form "
	  "without the tag" },
};

START_TEST(a_tag_counts_with_quotes_and_without)
{
	const struct tag_row *r = &tagged[_i];
	struct yaml_node node = { .text = str_of(r->text), .tag = r->tag };

	for (int plain = 0; plain < 2; plain++) {
		node.plain = plain;
		ck_assert_msg(!strcmp(shown(&node), r->want), "!<%s> %s: %s", r->tag, r->text,
			      shown(&node));
	}
}
END_TEST

static const struct key_row {
	const char *text, *want; /* NULL: refused */
} keys[] = {
	{ "yes", "true" },  { "N", "false" }, { "010", "8" },   { "1.50", "1.5" },
	{ "name", "name" }, { "~", NULL },    { ".inf", NULL },
};

START_TEST(a_key_is_a_text)
{
	const struct key_row *r = &keys[_i];
	struct yaml_node node = { .text = str_of(r->text), .plain = true };
	struct scalar scalar;
	struct str got;
	struct err err;

	ck_assert_int_eq(scalar_key(&node, &scalar, &got, &err), r->want ? 0 : -1);
	ck_assert_msg(!r->want || str_is(got, r->want), "%s: %.*s", r->text, STR_ARG(got));
	node.plain = false;
	ck_assert_int_eq(scalar_key(&node, &scalar, &got, &err), 0);
	ck_assert(str_is(got, r->text));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scalar");
	TCase *tc = tcase_create("scalar");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, what_a_scalar_means, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tc, what_is_no_number_is_refused, 0, 12);
	tcase_add_test(tc, a_long_text_is_no_number);
	tcase_add_loop_test(tc, a_tag_counts_with_quotes_and_without, 0,
			    sizeof tagged / sizeof *tagged);
	tcase_add_loop_test(tc, a_key_is_a_text, 0, sizeof keys / sizeof *keys);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
