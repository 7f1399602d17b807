/* SPDX-License-Identifier: Apache-2.0
 * check_plain.c - what is plain is what the strict reader reads, and all else is left to it.
 */
#include "lib/json/json.h"

#include "tests/unit/parsed.h"

/* ---- strings ---- */

/* Any byte at any place of a string of up to forty. */
START_TEST(plain_strings)
{
	for (size_t n = 0; n < 40; n++)
		for (size_t at = 0; at <= n; at++)
			for (unsigned c = 0; c < 256; c++) {
				char raw[48] = "\"";
				struct str text = { NULL, 0 };
				bool plain = c >= 0x20 && c < 0x7f + 1 && c != '"' && c != '\\';

				memset(raw + 1, 'a', n);
				raw[1 + at] = (char)c;
				raw[n + 1 + (at == n)] = '"';
				ck_assert_msg(json_plain((struct str){ raw, n + 2 + (at == n) },
							 &text) == plain,
					      "%u at %zu of %zu", c, at, n);
				ck_assert(!plain || (text.s == raw + 1 && text.n == n + (at == n)));
			}
}
END_TEST

static const char *const not_plain[] = {
	"", "\"", "a", "null", "\"a", "a\"", "\"\\\"", "\"a\\\\\"", "\"\\u0061\"", "{}", "\"a\"b\"",
};

START_TEST(other_strings)
{
	struct str text = STR("before");

	ck_assert(!json_plain(str_of(not_plain[_i]), &text));
	ck_assert(str_is(text, "before"));
}
END_TEST

/* ---- members ---- */

static const struct str begins[] = { { "{\"group\":\"", 10 }, { ",\"kind\":\"", 9 } };

static const struct plain_case {
	const char *raw;
	bool plain;
	const char *group, *kind;
} objects[] = {
	{ "{\"group\":\"apps\",\"kind\":\"Deployment\"}", true, "apps", "Deployment" },
	{ "{\"group\":\"\",\"kind\":\"\"}", true, "", "" },
	{ "{\"group\":\"apps\",\"kind\":\"a\",\"x\":1}", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":\"a\"} ", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":\"a\"", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":\"a", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":\"", false, NULL, NULL },
	{ "{\"group\":\"apps\"}", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":null}", false, NULL, NULL },
	{ "{\"kind\":\"a\",\"group\":\"apps\"}", false, NULL, NULL },
	{ "{ \"group\":\"apps\",\"kind\":\"a\"}", false, NULL, NULL },
	{ "{\"group\":\"a\\\"\",\"kind\":\"a\"}", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":\"\\u0061\"}", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":\"\xc3\xa9\"}", false, NULL, NULL },
	{ "{\"group\":\"apps\",\"kind\":\"a\tb\"}", false, NULL, NULL },
	{ "{}", false, NULL, NULL },
	{ "", false, NULL, NULL },
};

START_TEST(plain_objects)
{
	const struct plain_case *c = &objects[_i];
	size_t n = strlen(c->raw);
	char *raw = malloc(n ? n : 1); /* without a NUL behind it */
	struct str texts[2];

	ck_assert_ptr_nonnull(raw);
	memcpy(raw, c->raw, n);
	ck_assert(json_plain_members((struct str){ raw, n }, begins, 2, texts) == c->plain);
	if (c->plain) {
		ck_assert(str_is(texts[0], c->group));
		ck_assert(str_is(texts[1], c->kind));
	}
	free(raw);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plain");
	TCase *tc = tcase_create("plain");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, plain_strings);
	tcase_add_loop_test(tc, other_strings, 0, ROWS(not_plain));
	tcase_add_loop_test(tc, plain_objects, 0, ROWS(objects));
	return run_suite(suite);
}
