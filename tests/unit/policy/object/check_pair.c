/* SPDX-License-Identifier: Apache-2.0
 * check_pair.c - two texts that are read as a pair: what the second takes from the first, and
 * that nothing but the work is less. check_diff_any.c and fuzz_diff.c try any pair.
 */
#include <time.h>

#include "tests/unit/policy/object/diff_property.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

static const struct json_opaque opaque = { { "metadata", 8 }, { "managedFields", 13 } };

static const struct pair_case {
	const char *name, *first, *second;
	int shared; /* containers of the second that hold the first's children; -1: refused */
} pairs[] = {
	{ "the same text", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}", 1 },
	{ "white space around it", "{\"a\":[1]}", " {\"a\":[1]}\n", 1 },
	{ "a change behind it", "{\"a\":{\"x\":1},\"b\":1}", "{\"a\":{\"x\":1},\"b\":2}", 1 },
	{ "a longer value before it", "{\"g\":9,\"a\":{\"x\":1}}", "{\"g\":10,\"a\":{\"x\":1}}",
	  1 },
	{ "a change within, more on both sides", "{\"m\":{\"a\":[1],\"b\":[2],\"c\":[3]}}",
	  "{\"m\":{\"a\":[1],\"b\":[4],\"c\":[3]}}", 2 },
	{ "a member that only the first has", "{\"x\":{\"y\":1},\"a\":[1]}", "{\"a\":[1]}", 1 },
	{ "a member that only the second has", "{\"a\":[1]}", "{\"x\":{\"y\":1},\"a\":[1]}", 1 },
	{ "members in another order", "{\"a\":[1],\"b\":[2]}", "{\"b\":[2],\"a\":[1]}", 2 },
	{ "a key that is written otherwise", "{\"a\":[1]}", "{\"\\u0061\":[1]}", 1 },
	{ "the same bytes below another key", "{\"a\":[1]}", "{\"b\":[1]}", 0 },
	{ "the same value in other bytes", "{\"a\":[1]}", "{\"a\":[ 1]}", 0 },
	{ "an item changed", "[{\"a\":1},{\"b\":1},{\"c\":1}]", "[{\"a\":1},{\"b\":2},{\"c\":1}]",
	  2 },
	{ "an item added to the first", "[{\"a\":1},{\"x\":1},{\"c\":1}]", "[{\"a\":1},{\"c\":1}]",
	  2 },
	{ "the last item added to the first", "[{\"a\":1},{\"b\":1}]", "[{\"a\":1}]", 1 },
	{ "more items than the first has", "[{\"a\":1}]", "[{\"a\":1},{\"b\":1},{\"c\":1}]", 1 },
	{ "a list where an object was", "{\"a\":{\"x\":[1]}}", "{\"a\":[{\"x\":[1]}]}", 0 },
	{ "a text where a list was", "{\"a\":[1]}", "{\"a\":\"[1]\"}", 0 },
	{ "one begins like the other", "{\"a\":[1,2],\"b\":0}", "{\"a\":[1,2,3],\"b\":0}", 0 },
	{ "no containers", "1", "\"1\"", 0 },
	{ "what stays unread", "{\"metadata\":{\"g\":1,\"managedFields\":[{\"a\":{}}]}}",
	  "{\"metadata\":{\"g\":2,\"managedFields\":[{\"a\":{}}]}}", 0 },
	{ "unread in both, not the same", "{\"metadata\":{\"g\":1,\"managedFields\":[1]}}",
	  "{\"metadata\":{\"g\":2,\"managedFields\":[1,2]}}", 0 },
	{ "unread, and one begins like the other", "{\"metadata\":{\"g\":1,\"managedFields\":1}}",
	  "{\"metadata\":{\"g\":2,\"managedFields\":12}}", 0 },
	{ "unread in the metadata alone", "{\"x\":{\"managedFields\":[1]},\"metadata\":{\"n\":1}}",
	  "{\"x\":{\"managedFields\":[1]},\"metadata\":{\"n\":2}}", 1 },
	{ "the second ends too early", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}", -1 },
	{ "it ends within what is the same", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":", -1 },
	{ "a key twice beside what is the same", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1},\"a\":1}",
	  -1 },
	{ "a key twice, both times the same", "{\"a\":[1]}", "{\"a\":[1],\"a\":[1]}", -1 },
	{ "something behind it", "[1]", "[1]]", -1 },
	{ "too deep by what stands around it", "{\"a\":[[[[[[1]]]]]]}", "[{\"a\":[[[[[[1]]]]]]}]",
	  -1 },
	{ "the first is none", "{\"a\":[1],}", "{\"a\":[1]}", -1 },
	{ "more members than are looked at one by one",
	  "{\"01\":[1],\"02\":[1],\"03\":[1],\"04\":[1],\"05\":[1],\"06\":[1],\"07\":[1],\"08\":[1]"
	  ","
	  "\"09\":[1],\"10\":[1],\"11\":[1],\"12\":[1],\"13\":[1],\"14\":[1],\"15\":[1],\"16\":[1],"
	  "\"18\":[1],\"17\":[1]}",
	  "{\"01\":[1],\"02\":[1],\"03\":[1],\"04\":[1],\"05\":[1],\"06\":[1],\"07\":[1],\"08\":[1]"
	  ","
	  "\"09\":[1],\"10\":[1],\"11\":[1],\"12\":[1],\"13\":[1],\"14\":[1],\"15\":[1],\"16\":[1],"
	  "\"18\":[2],\"17\":[1]}",
	  17 },
};

/* Does a container of the tree hold these children? */
/* NOLINTNEXTLINE(misc-no-recursion): the rows are flat */
static bool holds(const struct json *tree, const struct json *children)
{
	if (tree->type < JSON_ARRAY)
		return false;
	if (tree->child == children)
		return true;
	for (const struct json *c = tree->child; c; c = c->next)
		if (holds(c, children))
			return true;
	return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): the rows are flat */
static int count_shared(const struct json *first, const struct json *second)
{
	int n = 0;

	if (second->type < JSON_ARRAY || !second->child)
		return 0;
	if (holds(first, second->child))
		return 1;
	for (const struct json *c = second->child; c; c = c->next)
		n += count_shared(first, c);
	return n;
}

START_TEST(shared)
{
	const struct pair_case *c = &pairs[_i];
	const struct json_limits limits = { .depth = 8, .opaque = &opaque };
	scoped(arena_end) struct arena arena;
	struct json *both[2];
	struct err err;
	const char *bad;
	int got = -1;

	arena_init(&arena, MEMORY);
	if (!json_parse_pair(str_of(c->first), str_of(c->second), &limits, &arena, both, &err))
		got = count_shared(both[0], both[1]);
	ck_assert_msg(got == c->shared, "%s: %d", c->name, got);
	bad = pair_property(str_of(c->second), str_of(c->first), &limits, &arena);
	ck_assert_msg(!bad, "%s: %s", c->name, bad);
	bad = pair_property(str_of(c->first), str_of(c->second), &limits, &arena);
	ck_assert_msg(!bad, "%s, turned round: %s", c->name, bad);
}
END_TEST

#define LONG (8u << 20)

/*
 * A thousand lists around a long text: to compare it once for each of them would take hundreds of
 * times as long as to read it.
 */
START_TEST(deep_and_long)
{
	const struct json_limits limits = { .depth = JSON_DEPTH_MAX };
	scoped(arena_end) struct arena arena;
	struct text sides[2];
	struct json *both[2];
	struct err err;
	clock_t begun, alone;
	char *letters;

	arena_init(&arena, 4 * MEMORY);
	ck_assert_ptr_nonnull(letters = arena_alloc(&arena, LONG));
	memset(letters, 'a', LONG);
	for (int side = 0; side < 2; side++) {
		struct text *t = &sides[side];

		text_init(t, &arena, MEMORY);
		for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
			text_puts(t, "[{},");
		text_puts(t, "\"");
		text_add(t, letters, LONG);
		text_puts(t, side ? "a\"" : "b\"");
		for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
			text_puts(t, ",[]]");
		ck_assert(!t->full);
	}
	begun = clock();
	for (int side = 0; side < 2; side++)
		ck_assert(json_parse(text_get(&sides[side]), &limits, &arena, &err));
	alone = clock() - begun;
	ck_assert_msg(!json_parse_pair(text_get(&sides[0]), text_get(&sides[1]), &limits, &arena,
				       both, &err),
		      "%s", err.msg);
	ck_assert_int_lt(clock() - begun - alone, 20 * alone + CLOCKS_PER_SEC / 10);
	ck_assert(!json_equal(both[0], both[1]));
}
END_TEST

/* Each allocation fails once: an error each time, never a crash, and at last two values. */
START_TEST(no_room)
{
	struct str first = STR("{\"a\":[1,{\"b\":\"\\n\"},[[]]],\"c\":{\"d\":null}}");
	struct str second = STR("{\"a\":[1,{\"b\":\"\\r\"},[[]]],\"c\":{\"d\":null}}");
	size_t fails = 0;

	for (size_t limit = 0;; limit += sizeof(max_align_t), fails++) {
		scoped(arena_end) struct arena arena;
		struct err err = { .kind = ERR_NONE };
		struct json *both[2];

		arena_init(&arena, limit);
		if (!json_parse_pair(first, second, NULL, &arena, both, &err))
			break;
		ck_assert_int_eq(err.kind, ERR_LIMIT);
	}
	ck_assert_uint_gt(fails, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pair");
	TCase *tc = tcase_create("pair");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, shared, 0, ROWS(pairs));
	tcase_add_test(tc, deep_and_long);
	tcase_add_test(tc, no_room);
	return run_suite(suite);
}
