/* SPDX-License-Identifier: Apache-2.0
 * check_reader.c - the strict reader: what it takes, what it refuses, its limits.
 */
#include "lib/json/json.h"

#include <check.h>

#include "lib/base/utf8.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

/* ---- what is JSON ---- */

static const struct accept_case {
	const char *name;
	struct str text;
	enum json_type type;
	struct str value; /* of strings and numbers */
} accepts[] = {
	{ "null", BYTES("null"), JSON_NULL, { NULL, 0 } },
	{ "true in space", BYTES(" \t\r\ntrue\n"), JSON_TRUE, { NULL, 0 } },
	{ "false", BYTES("false"), JSON_FALSE, { NULL, 0 } },
	{ "empty object", BYTES("{ }"), JSON_OBJECT, { NULL, 0 } },
	{ "empty array", BYTES("[\n]"), JSON_ARRAY, { NULL, 0 } },
	{ "empty string", BYTES("\"\""), JSON_STRING, BYTES("") },
	{ "zero", BYTES("0"), JSON_NUMBER, BYTES("0") },
	{ "minus zero keeps its sign", BYTES("-0"), JSON_NUMBER, BYTES("-0") },
	{ "all parts of a number", BYTES("-12.50e+07"), JSON_NUMBER, BYTES("-12.50e+07") },
	{ "more digits than a double holds", BYTES("12345678901234567890123"), JSON_NUMBER,
	  BYTES("12345678901234567890123") },
	{ "all escapes", BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), JSON_STRING,
	  BYTES("\"\\/\b\f\n\r\t") },
	{ "a NUL does not end a string", BYTES("\"a\\u0000b\""), JSON_STRING, BYTES("a\0b") },
	{ "an escape in both cases", BYTES("\"\\u00e4\\u00E4\""), JSON_STRING,
	  BYTES("\xc3\xa4\xc3\xa4") },
	{ "a pair of surrogates", BYTES("\"\\ud83d\\ude00\""), JSON_STRING,
	  BYTES("\xf0\x9f\x98\x80") },
	{ "the first and the last pair", BYTES("\"\\ud800\\udc00\\udbff\\udfff\""), JSON_STRING,
	  BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf") },
	{ "text before, between and behind escapes", BYTES("\"ab\\ncd\\ref\""), JSON_STRING,
	  BYTES("ab\ncd\ref") },
	{ "a run of plain text as long as a scan, then an escape",
	  BYTES("\"0123456789abcdef0123456789abcdef0123456789abcdef\\n0123456789abcdef\""),
	  JSON_STRING,
	  BYTES("0123456789abcdef0123456789abcdef0123456789abcdef\n0123456789abcdef") },
	{ "two, three and four bytes", BYTES("\"\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80\""),
	  JSON_STRING, BYTES("\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80") },
	{ "the last code points", BYTES("\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""),
	  JSON_STRING, BYTES("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf") },
	{ "UTF-8 behind an escape", BYTES("\"\\n\xc3\xa4\""), JSON_STRING, BYTES("\n\xc3\xa4") },
	{ "DEL is no control character of RFC 8259", BYTES("\"\x7f\""), JSON_STRING,
	  BYTES("\x7f") },
};

START_TEST(accepted)
{
	const struct accept_case *c = &accepts[_i];
	scoped(arena_end) struct arena arena;
	struct json *j;

	arena_init(&arena, MEMORY);
	j = must_parse(c->text, &arena);
	ck_assert_msg(j->type == c->type, "%s: type %d", c->name, (int)j->type);
	ck_assert_msg(str_eq(json_str(j), c->value) && !json_str(j).s == !c->value.s, "%s: '%.*s'",
		      c->name, STR_ARG(json_str(j)));
	ck_assert_ptr_null(j->next);
}
END_TEST

static const struct reject_case {
	const char *name;
	struct str text;
	const char *says; /* begins with the byte */
} rejects[] = {
	{ "nothing", BYTES(""), "byte 0: the JSON text ends too early" },
	{ "only space", BYTES(" \n"), "byte 2: the JSON text ends too early" },
	{ "a byte order mark", BYTES("\xef\xbb\xbf{}"), "byte 0: a value was expected" },
	{ "two values", BYTES("1 2"), "byte 2: something stands behind the value" },
	{ "a NUL behind the value", BYTES("1\0"), "byte 1: something stands behind" },
	{ "a word in another case", BYTES("True"), "byte 0: a value was expected" },
	{ "a word cut off", BYTES("nul"), "byte 0: a value was expected" },
	{ "a word with a tail", BYTES("nullx"), "byte 4: something stands behind" },
	{ "NaN", BYTES("NaN"), "byte 0: a value" },
	{ "a plus sign", BYTES("+1"), "byte 0: a value" },
	{ "a leading zero", BYTES("01"), "byte 1: something" },
	{ "a lone minus", BYTES("-"), "byte 1: the JSON text ends" },
	{ "minus and a letter", BYTES("-a"), "byte 1: a digit is missing" },
	{ "no digit before the point", BYTES(".5"), "byte 0: a value" },
	{ "no digit behind the point", BYTES("[1.]"), "byte 3: a digit is missing" },
	{ "no digit in the exponent", BYTES("[1e+]"), "byte 4: a digit is missing" },
	{ "hexadecimal", BYTES("0x1"), "byte 1: something" },
	{ "an open string", BYTES("\"abc"), "byte 4: the JSON text ends" },
	{ "a string that ends in a backslash", BYTES("\"abc\\"), "byte 4: invalid escape" },
	{ "single quotes", BYTES("'a'"), "byte 0: a value" },
	{ "a raw newline", BYTES("\"a\nb\""), "byte 2: control character" },
	{ "a raw NUL", BYTES("\"a\0b\""), "byte 2: control character" },
	{ "a raw tab behind an escape", BYTES("\"\\n\t\""), "byte 3: control character" },
	{ "an unknown escape", BYTES("\"\\x41\""), "byte 1: invalid escape" },
	{ "an upper-case escape", BYTES("\"\\N\""), "byte 1: invalid escape" },
	{ "three hexadecimal digits", BYTES("\"\\u123\""), "byte 1: invalid escape" },
	{ "no hexadecimal digit", BYTES("\"\\u12g4\""), "byte 1: invalid escape" },
	{ "a lone high surrogate", BYTES("\"\\ud800\""), "byte 1: invalid escape" },
	{ "a lone low surrogate", BYTES("\"a\\udc00\""), "byte 2: invalid escape" },
	{ "two high surrogates", BYTES("\"\\ud800\\ud800\""), "byte 1: invalid escape" },
	{ "a high surrogate and a letter", BYTES("\"\\ud800\\u0041\""), "byte 1: invalid escape" },
	{ "a high surrogate and text", BYTES("\"\\ud800abcdef\""), "byte 1: invalid escape" },
	{ "a continuation byte alone", BYTES("\"\x80\""), "byte 1: invalid UTF-8" },
	{ "an overlong NUL", BYTES("\"\xc0\x80\""), "byte 1: invalid UTF-8" },
	{ "an overlong slash", BYTES("\"\xe0\x80\xaf\""), "byte 1: invalid UTF-8" },
	{ "an overlong form of four", BYTES("\"\xf0\x8f\xbf\xbf\""), "byte 1: invalid UTF-8" },
	{ "a surrogate in UTF-8", BYTES("\"\xed\xa0\x80\""), "byte 1: invalid UTF-8" },
	{ "beyond U+10FFFF", BYTES("\"\xf4\x90\x80\x80\""), "byte 1: invalid UTF-8" },
	{ "a byte that never occurs", BYTES("\"\xff\""), "byte 1: invalid UTF-8" },
	{ "a sequence cut off by the quote", BYTES("\"\xe2\x82\""), "byte 1: invalid UTF-8" },
	{ "a sequence cut off by the end", BYTES("\"\xe2\x82"), "byte 1: invalid UTF-8" },
	{ "bad UTF-8 behind an escape", BYTES("\"\\n\xc0\x80\""), "byte 3: invalid UTF-8" },
	{ "bad UTF-8 in a key", BYTES("{\"\xff\":1}"), "byte 2: invalid UTF-8" },
	{ "an open array", BYTES("[1"), "byte 2: the JSON text ends" },
	{ "a comma at the end of an array", BYTES("[1,]"), "byte 3: a value" },
	{ "a comma at the start", BYTES("[,1]"), "byte 1: a value" },
	{ "no comma in an array", BYTES("[1 2]"), "byte 3: \",\" or \"]\" was expected" },
	{ "the wrong bracket", BYTES("[1}"), "byte 2: \",\" or \"]\"" },
	{ "the wrong brace", BYTES("{\"a\":1]"), "byte 6: \",\" or \"}\"" },
	{ "a closing bracket alone", BYTES("]"), "byte 0: a value" },
	{ "an open object", BYTES("{"), "byte 1: the JSON text ends" },
	{ "a key alone", BYTES("{\"a\"}"), "byte 4: \":\" was expected" },
	{ "a key without a value", BYTES("{\"a\":}"), "byte 5: a value" },
	{ "a bare key", BYTES("{a:1}"), "byte 1: a key in double quotes" },
	{ "a number as key", BYTES("{1:1}"), "byte 1: a key" },
	{ "a comma at the end of an object", BYTES("{\"a\":1,}"), "byte 7: a key" },
	{ "a comment", BYTES("{/**/}"), "byte 1: a key" },
	{ "a duplicate key", BYTES("{\"a\":1,\"b\":2,\"a\":1}"), "byte 13: duplicate key \"a\"" },
	{ "a duplicate key, by an escape", BYTES("{\"a\":1,\"\\u0061\":1}"),
	  "byte 7: duplicate key \"a\"" },
	{ "an empty key twice", BYTES("{\"\":1,\"\":1}"), "byte 6: duplicate key \"\"" },
	{ "a hostile duplicate key is shown without its bytes",
	  BYTES("{\"\\u001b[1m\":1,\"\\u001b[1m\":1}"), "byte 15: duplicate key \"?[1m\"" },
};

START_TEST(rejected)
{
	const struct reject_case *c = &rejects[_i];
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };

	arena_init(&arena, MEMORY);
	ck_assert_msg(!json_parse(c->text, NULL, &arena, &err), "%s: accepted", c->name);
	ck_assert_msg(err.kind == ERR_SYNTAX && !strncmp(err.msg, c->says, strlen(c->says)),
		      "%s: %d, '%s'", c->name, (int)err.kind, err.msg);
}
END_TEST

/* What stands behind the end of the input is not looked at, wherever the end is. */
START_TEST(cut_off_anywhere)
{
	static const char whole[] =
		"{\"abc\": [\"defgh\", \"\", -12.5e+3, true, null], \"i\\u00e4\\nj\":"
		" {\"a text that is longer than one scan\": \"\xc3\xa4 and one \\\\ more\"}}";

	for (size_t n = 0; n < sizeof whole - 1; n++) {
		scoped(arena_end) struct arena arena;
		struct err err = { .kind = ERR_NONE };

		arena_init(&arena, MEMORY);
		ck_assert_msg(!json_parse((struct str){ whole, n }, NULL, &arena, &err),
			      "%zu bytes: accepted", n);
		ck_assert_int_eq(err.kind, ERR_SYNTAX);
		ck_assert_msg(!strncmp(err.msg, "byte ", 5) && strtoul(err.msg + 5, NULL, 10) <= n,
			      "%zu bytes: %s", n, err.msg);
	}
}
END_TEST

/* Every single byte in a string, and every pair of surrogate halves' neighbours, as RFC 3629 says.
 */
START_TEST(utf8_all)
{
	char s[8];
	uint32_t back;

	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		size_t n = utf8_encode(c, s), want = c >= 0xd800 && c < 0xe000 ? 0 : n;

		if (utf8_decode(s, n, &back) != want || (want && back != c) ||
		    utf8_decode(s, n - 1, &back))
			ck_abort_msg("U+%04X", (unsigned)c);
	}
}
END_TEST

START_TEST(members_keep_their_order)
{
	scoped(arena_end) struct arena arena;
	const struct json *j, *m;

	arena_init(&arena, MEMORY);
	j = must_parse(STR("{\"z\":[1,2,3],\"a\":{\"A\":null},\"\\u0000\":\"x\"}"), &arena);
	ck_assert_uint_eq(j->len, 3);
	m = j->child;
	ck_assert(str_eq(json_key(m), STR("z")) && m->type == JSON_ARRAY && m->len == 3);
	ck_assert(str_eq(json_str(m->child->next->next), STR("3")));
	m = m->next;
	ck_assert(str_eq(json_key(m), STR("a")) && json_get(m, STR("A"))->type == JSON_NULL);
	ck_assert_ptr_null(json_get(m, STR("a")));
	m = m->next;
	ck_assert(str_eq(json_key(m), STR("\0")) && str_eq(json_str(m), STR("x")) && !m->next);
	ck_assert_ptr_null(json_get(j->child, STR("z"))); /* no object */
	ck_assert_ptr_null(json_get(NULL, STR("z")));
}
END_TEST

START_TEST(input_is_borrowed)
{
	static const char text[] = "[\"plain\",\"esc\\n\"]";
	scoped(arena_end) struct arena arena;
	const struct json *j;

	arena_init(&arena, MEMORY);
	j = must_parse(str_of(text), &arena);
	ck_assert_ptr_eq(j->child->text, text + 2);
	ck_assert(j->child->next->text < text || j->child->next->text >= text + sizeof text);
}
END_TEST

/* ---- limits ---- */

static struct str nested(struct arena *arena, size_t n)
{
	struct text t;

	text_init(&t, arena, 1 << 20);
	for (size_t i = 0; i < n; i++)
		text_puts(&t, i % 2 ? "[" : "{\"a\":");
	text_puts(&t, "1");
	while (n--)
		text_puts(&t, n % 2 ? "]" : "}");
	return text_get(&t);
}

static const struct depth_case {
	const char *name;
	size_t containers;
	unsigned limit;
	bool fits;
} depths[] = {
	{ "a scalar is depth 1", 0, 1, true },
	{ "a value in a container is depth 2", 1, 1, false },
	{ "just as deep as allowed", 9, 10, true },
	{ "one too deep", 10, 10, false },
	{ "the default fits", JSON_DEPTH_DEFAULT - 1, 0, true },
	{ "the default is a limit", JSON_DEPTH_DEFAULT, 0, false },
	{ "the greatest depth fits", JSON_DEPTH_MAX - 1, JSON_DEPTH_MAX, true },
	{ "no limit goes beyond the greatest depth", JSON_DEPTH_MAX, 5000, false },
};

START_TEST(depth_limit)
{
	const struct depth_case *c = &depths[_i];
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	struct json_limits limits = { .depth = c->limit };
	struct text out;
	struct str text;
	const struct json *j;

	arena_init(&arena, MEMORY);
	text = nested(&arena, c->containers);
	j = json_parse(text, &limits, &arena, &err);
	ck_assert_msg(!j == !c->fits && (j || err.kind == ERR_LIMIT), "%s: %s", c->name, err.msg);
	if (!j)
		return;
	text_init(&out, &arena, text.n);
	json_print(j, &out);
	ck_assert(!out.full && str_eq(text_get(&out), text));
	ck_assert(json_equal(j, json_parse(text, &limits, &arena, &err)));
}
END_TEST

START_TEST(empty_containers_are_no_level)
{
	scoped(arena_end) struct arena arena;
	struct err err;

	arena_init(&arena, MEMORY);
	ck_assert_ptr_nonnull(
		json_parse(STR("[]"), &(struct json_limits){ .depth = 1 }, &arena, &err));
	ck_assert_ptr_nonnull(
		json_parse(STR("[{},[]]"), &(struct json_limits){ .depth = 2 }, &arena, &err));
	ck_assert_ptr_nonnull(/* nor is what stands side by side */
			      json_parse(STR("[[1],{\"a\":1},[2],[3]]"),
					 &(struct json_limits){ .depth = 3 }, &arena, &err));
}
END_TEST

START_TEST(node_limit)
{
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };

	arena_init(&arena, MEMORY);
	ck_assert_ptr_nonnull(json_parse(STR("[1,{\"a\":2}]"), &(struct json_limits){ .nodes = 4 },
					 &arena, &err));
	ck_assert_ptr_null(json_parse(STR("[1,{\"a\":2}]"), &(struct json_limits){ .nodes = 3 },
				      &arena, &err));
	ck_assert_int_eq(err.kind, ERR_LIMIT);
}
END_TEST

static const struct {
	const char *name, *text, *want; /* what stays unread; NULL: no such member, or an error */
} opaques[] = {
	{ "an object", "{\"m\":{\"f\":{\"a\":[1]},\"x\":1}}", "{\"a\":[1]}" },
	{ "a list, white space", "{\"m\":{\"x\":[], \"f\" : [ \"]\" ] }}", "[ \"]\" ]" },
	{ "a repeated key in it is nobody's", "{\"m\":{\"f\":{\"a\":1,\"a\":2}}}",
	  "{\"a\":1,\"a\":2}" },
	{ "a string keeps its quotes", "{\"m\":{\"f\":\"\\n\"}}", "\"\\n\"" },
	{ "it ends with the input", "{\"m\":{\"f\":[1,2", NULL },
	{ "it is there twice", "{\"m\":{\"f\":[],\"f\":[]}}", NULL },
	{ "nothing behind it is swallowed", "{\"m\":{\"f\":[]],\"x\":1}}", NULL },
};

START_TEST(opaque_member)
{
	const struct json_opaque opaque = { { "m", 1 }, { "f", 1 } };
	const struct json_limits limits = { .opaque = &opaque };
	scoped(arena_end) struct arena arena;
	const struct json *j, *f;
	struct err err;

	arena_init(&arena, MEMORY);
	j = json_parse(str_of(opaques[_i].text), &limits, &arena, &err);
	f = json_get(json_get(j, STR("m")), STR("f"));
	ck_assert_msg(opaques[_i].want
			      ? f && f->type == JSON_STRING && str_is(json_str(f), opaques[_i].want)
			      : !j,
		      "%s", opaques[_i].name);
}
END_TEST

/* Only at that place: not above, not below, not in a list. */
START_TEST(opaque_elsewhere)
{
	const struct json_opaque opaque = { { "m", 1 }, { "f", 1 } };
	const struct json_limits limits = { .opaque = &opaque };
	struct str text = STR("{\"f\":[1],\"x\":{\"m\":{\"f\":[2]},\"f\":[3]},"
			      "\"m\":{\"m\":{\"f\":[4]}},\"l\":[{\"f\":[5]}]}");
	scoped(arena_end) struct arena arena;
	struct err err;

	arena_init(&arena, MEMORY);
	ck_assert(json_equal(json_parse(text, &limits, &arena, &err),
			     json_parse(text, NULL, &arena, &err)));
}
END_TEST

/* Each allocation fails once: an error each time, never a crash, and at last a value. */
START_TEST(arena_limit)
{
	struct str text = STR("{\"a\":[1,{\"b\":\"\\n\"},[[]]],\"\\u0041\":{\"c\":null}}");
	size_t fails = 0;

	for (size_t limit = 0;; limit += sizeof(max_align_t)) {
		scoped(arena_end) struct arena arena;
		struct err err = { .kind = ERR_NONE };

		arena_init(&arena, limit);
		if (json_parse(text, NULL, &arena, &err))
			break;
		ck_assert_int_eq(err.kind, ERR_LIMIT);
		fails++;
	}
	ck_assert_uint_gt(fails, 10);
}
END_TEST

/* ---- large objects ---- */

/* n members; step and n have no common divisor, so that the keys come in a scattered order. */
static struct str large(struct arena *arena, size_t n, size_t step, const char *last)
{
	struct text t;

	text_init(&t, arena, 16u << 20);
	for (size_t i = 0; i < n; i++)
		text_printf(&t, "%s\"key-%zu\":%zu", i ? "," : "{", i * step % n, i * step % n);
	text_printf(&t, "%s}", last);
	ck_assert(!t.full);
	return text_get(&t);
}

/* Quadratic work would take minutes here; the time limit of Check is seconds. */
START_TEST(large_objects)
{
	scoped(arena_end) struct arena arena;
	const struct json *up, *scattered, *other;

	arena_init(&arena, MEMORY);
	up = must_parse(large(&arena, 100000, 1, ""), &arena);
	scattered = must_parse(large(&arena, 100000, 61, ""), &arena);
	ck_assert_uint_eq(up->len, 100000);
	ck_assert(json_equal(up, scattered));
	other = must_parse(large(&arena, 100000, 61, ",\"more\":1"), &arena);
	ck_assert(!json_equal(up, other));
	ck_assert(str_eq(json_str(json_get(scattered, STR("key-99999"))), STR("99999")));
	for (const struct json *m = scattered->child; m->next; m = m->next) {
		if (str_cmp(json_key(m), json_key(m->next)) >= 0)
			ck_abort_msg("%.*s is out of order", STR_ARG(json_key(m)));
	}
}
END_TEST

static const struct twin_case {
	const char *name;
	size_t n;
	const char *last;
} twins[] = {
	{ "the first again, in the last member that is looked up", JSON_UNSORTED, ",\"key-0\":1" },
	{ "the first again, in an object that is sorted", JSON_UNSORTED + 1, ",\"key-0\":1" },
	{ "two alike side by side", JSON_UNSORTED + 5, ",\"x\":1,\"x\":1" },
	{ "by an escape", JSON_UNSORTED + 5, ",\"\\u006bey-3\":1" },
	{ "in a large object", 5000, ",\"key-4321\":1" },
};

START_TEST(large_duplicates)
{
	const struct twin_case *c = &twins[_i];
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };

	arena_init(&arena, MEMORY);
	must_parse(large(&arena, c->n, 1, ",\"other\":1"), &arena);
	for (size_t step = 1; step < 4; step += 2) {
		struct str text = large(&arena, c->n, step, c->last);

		ck_assert_msg(!json_parse(text, NULL, &arena, &err), "%s: accepted", c->name);
		ck_assert_int_eq(err.kind, ERR_SYNTAX);
		ck_assert_msg(strstr(err.msg, "duplicate key") != NULL, "%s", err.msg);
	}
}
END_TEST

START_TEST(duplicate_is_placed)
{
	scoped(arena_end) struct arena arena;
	struct str text;
	struct err err;
	char want[64];

	arena_init(&arena, MEMORY);
	text = large(&arena, 100, 7, ",\"key-7\":1");
	ck_assert_ptr_null(json_parse(text, NULL, &arena, &err));
	snprintf(want, sizeof want, "byte %zu: duplicate key \"key-7\"", text.n - 10);
	ck_assert_str_eq(err.msg, want);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, accepted, 0, ROWS(accepts));
	tcase_add_loop_test(tc, rejected, 0, ROWS(rejects));
	tcase_add_test(tc, cut_off_anywhere);
	tcase_add_test(tc, utf8_all);
	tcase_add_test(tc, members_keep_their_order);
	tcase_add_test(tc, input_is_borrowed);
	tcase_add_loop_test(tc, depth_limit, 0, ROWS(depths));
	tcase_add_test(tc, empty_containers_are_no_level);
	tcase_add_test(tc, node_limit);
	tcase_add_loop_test(tc, opaque_member, 0, ROWS(opaques));
	tcase_add_test(tc, opaque_elsewhere);
	tcase_add_test(tc, arena_limit);
	tcase_add_test(tc, large_objects);
	tcase_add_loop_test(tc, large_duplicates, 0, ROWS(twins));
	tcase_add_test(tc, duplicate_is_placed);
	return run_suite(suite);
}
