/* SPDX-License-Identifier: Apache-2.0
 * check_plain.c - what is plain is what the strict reader reads, and all else is left to it.
 */
#include "lib/json/json.h"

#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

/* ---- strings ---- */

/* The strict reader takes it, as a key and as a value, or refuses it: far from the end of the text.
 */
static void plain_is_read(struct str raw, bool plain)
{
	char object[256];
	int n = snprintf(object, sizeof object, "{%.*s:%.*s}%64s", STR_ARG(raw), STR_ARG(raw), "");
	struct str text = { raw.s + 1, raw.n - 2 };
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	const struct json *j;

	arena_init(&arena, MEMORY);
	j = json_parse((struct str){ object, (size_t)n }, NULL, &arena, &err);
	ck_assert_msg(!!j == plain, "%s: %s", object, err.msg);
	if (j)
		ck_assert(str_eq(json_key(j->child), text) && str_eq(json_str(j->child), text));
}

/* Any byte at any place of a string of up to forty. */
START_TEST(plain_strings)
{
	for (size_t n = 0; n < 40; n++)
		for (size_t at = 0; at <= n; at++)
			for (unsigned c = 0; c < 256; c++) {
				char raw[48] = "\"";
				struct str text = { NULL, 0 };
				struct str whole = { raw, n + 2 + (at == n) };
				bool plain = c >= 0x20 && c < 0x7f + 1 && c != '"' && c != '\\';

				memset(raw + 1, 'a', n);
				raw[1 + at] = (char)c;
				raw[n + 1 + (at == n)] = '"';
				ck_assert_msg(json_plain(whole, &text) == plain, "%u at %zu of %zu",
					      c, at, n);
				ck_assert(!plain || (text.s == raw + 1 && text.n == n + (at == n)));
				if (c && n % 13 == 0) /* 39 is more than one look */
					plain_is_read(whole, plain);
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
