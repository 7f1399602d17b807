/* SPDX-License-Identifier: Apache-2.0
 * check_beside.c - the partner of each child is the one that looking at all of them would find, in
 * whatever order they stand, and finding it takes no more than sorting.
 */
#include "policy/alpha/finder.h"

#include <stdlib.h>

#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

#define MANY 100 /* more than are gone through without an index */

static unsigned drawn;

/* The same numbers in each run. */
static unsigned draw(unsigned below)
{
	drawn = drawn * 1103515245u + 12345u;
	return (drawn >> 16) % below;
}

/* 0 to n - 1 in some order; `step` 1: in theirs. */
static void order_of(unsigned order[], unsigned n, bool shuffled)
{
	drawn = n;
	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n; shuffled && i > 1; i--) {
		unsigned k = draw(i), was = order[i - 1];

		order[i - 1] = order[k];
		order[k] = was;
	}
}

/* Children that are printed one after the other between brackets. */
static const struct json *made_of(struct arena *arena, const char *brackets, unsigned n,
				  bool shuffled, unsigned leave_out,
				  void (*print)(struct text *t, unsigned i))
{
	unsigned order[4 * MANY];
	struct text t;

	ck_assert_uint_le(n, 4 * MANY);
	order_of(order, n, shuffled);
	text_init(&t, arena, 1 << 18);
	text_add(&t, brackets, 1);
	for (unsigned i = 0; i < n; i++) {
		if (leave_out && order[i] % leave_out == 1)
			continue;
		text_puts(&t, t.n > 1 ? "," : "");
		print(&t, order[i]);
	}
	text_add(&t, brackets + 1, 1);
	return must_parse(text_get(&t), arena);
}

static const struct beside_shape {
	const char *why;
	unsigned of, in; /* how many */
	unsigned leave_out_of, leave_out_in;
	bool of_shuffled, in_shuffled;
} shapes[] = {
	{ "none", 0, 0, 0, 0, false, false },
	{ "few, alike", 5, 5, 0, 0, false, false },
	{ "few, in another order", 5, 5, 0, 0, true, false },
	{ "few, some are new", 12, 12, 0, 3, false, false },
	{ "few, some are gone", 12, 12, 3, 0, false, true },
	{ "many, alike", MANY, MANY, 0, 0, false, false },
	{ "many, some are new", MANY, MANY, 0, 3, false, false },
	{ "many, some are gone", MANY, MANY, 3, 0, false, false },
	{ "many, some are new and some are gone", MANY, MANY, 3, 5, false, false },
	{ "many, in another order", MANY, MANY, 3, 5, true, false },
	{ "many, of which the old ones are in another order", MANY, MANY, 3, 5, false, true },
	{ "many, both in another order", MANY, MANY, 0, 7, true, true },
	{ "many beside as many as stand in no order", MANY, JSON_UNSORTED, 0, 0, true, true },
	{ "as many as stand in no order beside many", JSON_UNSORTED, MANY, 0, 0, true, true },
	{ "as many as stand in no order beside one more", JSON_UNSORTED, JSON_UNSORTED + 1, 0, 0,
	  true, true },
	{ "one more beside as many as stand in no order", JSON_UNSORTED + 1, JSON_UNSORTED, 0, 0,
	  true, true },
	{ "few beside many", 3, MANY, 0, 0, true, true },
};

/* ---- members ---- */

static void print_member(struct text *t, unsigned i)
{
	text_printf(t, "\"%s%u\":%u", i % 2 ? "key" : "k", i, i);
}

START_TEST(members)
{
	const struct beside_shape *s = &shapes[_i];
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	const struct json *of, *in;
	struct beside b;

	arena_init(&arena, MEMORY);
	of = made_of(&arena, "{}", s->of, s->of_shuffled, s->leave_out_of, print_member);
	in = made_of(&arena, "{}", s->in, s->in_shuffled, s->leave_out_in, print_member);
	beside_begin(&b, in);
	for (const struct json *m = of->child; m; m = m->next)
		ck_assert_msg(beside_member(&f, &b, of, json_key(m)) == json_get(in, json_key(m)),
			      "%s: %.*s", s->why, STR_ARG(json_key(m)));
	beside_begin(&b, made_of(&arena, "[]", 0, false, 0, print_member));
	ck_assert_ptr_null(beside_member(&f, &b, of, STR("k0")));
	beside_begin(&b, NULL);
	ck_assert_ptr_null(beside_member(&f, &b, of, STR("k0")));
	ck_assert(!f.full);
}
END_TEST

/* ---- items by a name ---- */

static void print_item(struct text *t, unsigned i)
{
	text_printf(t, "{\"name\":\"n%u\",\"ip\":\"i%u\",\"v\":[%u,{\"w\":%u}]}", i, i / 2, i, i);
}

static const struct json *first_named(const struct json *list, struct str key, struct str value)
{
	const struct json *i = list->child;

	while (i && !str_eq(json_str(json_get(i, key)), value))
		i = i->next;
	return i;
}

static void named_by(struct finder *f, struct beside *b, const struct json *of, const char *key,
		     const char *why)
{
	size_t at = 0;

	for (const struct json *i = of->child; i; i = i->next, at++) {
		struct str value = json_str(json_get(i, str_of(key)));
		const struct json *got = beside_named(f, b, str_of(key), value, at);
		const struct json *want = first_named(b->in, str_of(key), value);

		ck_assert_msg(!got == !want, "%s: %s %.*s", why, key, STR_ARG(value));
		if (got)
			ck_assert_msg(str_eq(json_str(json_get(got, str_of(key))), value), "%s",
				      why);
		if (got && !strcmp(key, "name")) /* each has its own */
			ck_assert_msg(got == want, "%s", why);
	}
}

START_TEST(named_items)
{
	const struct beside_shape *s = &shapes[_i];
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	const struct json *of;
	struct beside b;

	arena_init(&arena, MEMORY);
	of = made_of(&arena, "[]", s->of, s->of_shuffled, s->leave_out_of, print_item);
	beside_begin(&b, made_of(&arena, "[]", s->in, s->in_shuffled, s->leave_out_in, print_item));
	if (!b.in) { /* nothing is in it */
		ck_assert_ptr_null(beside_named(&f, &b, STR("name"), STR("n0"), 0));
		return;
	}
	named_by(&f, &b, of, "name", s->why);
	beside_begin(&b, b.in);
	named_by(&f, &b, of, "ip", s->why);
	/* The index is for one key: of another one it is made again. */
	beside_begin(&b, b.in);
	ck_assert_ptr_null(beside_named(&f, &b, STR("name"), STR("i1"), 9));
	ck_assert(beside_named(&f, &b, STR("ip"), STR("i1"), 9) ==
		  first_named(b.in, STR("ip"), STR("i1")));
	ck_assert(!f.full);
}
END_TEST

/* The one at the index, where several have the name; else the next one behind the last partner. */
START_TEST(items_of_one_name)
{
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	struct beside b;
	const struct json *list, *second;
	struct step step = { .kind = STEP_ITEM, .key = STR("n"), .value = STR("b") };

	arena_init(&arena, MEMORY);
	list = must_parse(STR("[{\"n\":\"a\"},{\"n\":\"b\"},{\"n\":\"b\"},{\"n\":\"c\"},7,\"b\"]"),
			  &arena);
	second = list->child->next;
	beside_begin(&b, list);
	ck_assert_ptr_eq(beside_named(&f, &b, STR("n"), STR("b"), 2), second->next);
	beside_begin(&b, list);
	ck_assert_ptr_eq(beside_named(&f, &b, STR("n"), STR("b"), 0), second);
	ck_assert_ptr_eq(beside_named(&f, &b, STR("n"), STR("b"), 0), second->next);
	ck_assert_ptr_eq(beside_named(&f, &b, STR("n"), STR("b"), 3), second);
	ck_assert_ptr_null(beside_named(&f, &b, STR("n"), STR("d"), 4));
	beside_begin(&b, list);
	ck_assert_ptr_eq(beside_step(&f, &b, &step, 1), second);
	step = (struct step){ .kind = STEP_INDEX, .index = 3 };
	ck_assert_ptr_eq(beside_step(&f, &b, &step, 0), second->next->next);
	step.index = 6;
	ck_assert_ptr_null(beside_step(&f, &b, &step, 0));
	beside_begin(&b, must_parse(STR("{\"a\":1}"), &arena));
	step.index = 0;
	ck_assert_ptr_null(beside_step(&f, &b, &step, 0));
	ck_assert_ptr_null(beside_named(&f, &b, STR("n"), STR("b"), 0));
	ck_assert_ptr_null(beside_equal(&f, &b, list->child, 0));
}
END_TEST

/* An equal item elsewhere, a scalar and what is in an object are none. */
START_TEST(shared_items)
{
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	struct str text = STR("[{\"n\":\"a\"},{\"n\":\"b\"},{\"n\":\"b\"},[],7]");
	struct json *both[2], *second;
	struct beside b;
	struct err err;

	arena_init(&arena, MEMORY);
	ck_assert_int_eq(json_parse_pair(text, text, NULL, &arena, both, &err), 0);
	second = both[0]->child->next;
	beside_begin(&b, both[1]);
	ck_assert(beside_shares(&b, both[0]->child, 0));
	ck_assert(!beside_shares(&b, both[0]->child, 1));
	ck_assert(beside_shares(&b, second, 1));
	ck_assert(!beside_shares(&b, second, 2));
	ck_assert(beside_shares(&b, second->next->next, 3));
	ck_assert(!beside_shares(&b, second->next->next->next, 4));
	ck_assert(!beside_shares(&b, second, 5));
	/* It was the partner: the next of that name is behind it. */
	beside_begin(&b, both[1]);
	ck_assert(beside_shares(&b, second, 1));
	ck_assert_ptr_eq(beside_named(&f, &b, STR("n"), STR("b"), 9), b.in->child->next->next);
	beside_begin(&b, second);
	ck_assert(!beside_shares(&b, second->child, 0));
	beside_begin(&b, NULL);
	ck_assert(!beside_shares(&b, second, 1));
}
END_TEST

/* ---- items by what they hold ---- */

static const struct json *first_equal(const struct json *list, const struct json *item)
{
	const struct json *i = list->child;

	while (i && !json_equal(i, item))
		i = i->next;
	return i;
}

static const struct json *item_at(const struct json *list, size_t at)
{
	const struct json *i = list->child;

	while (i && at--)
		i = i->next;
	return i;
}

START_TEST(equal_items)
{
	const struct beside_shape *s = &shapes[_i];
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	const struct json *of, *got, *want;
	struct beside b;
	size_t at = 0;

	arena_init(&arena, MEMORY);
	of = made_of(&arena, "[]", s->of, s->of_shuffled, s->leave_out_of, print_item);
	beside_begin(&b, made_of(&arena, "[]", s->in, s->in_shuffled, s->leave_out_in, print_item));
	for (const struct json *i = b.in ? of->child : NULL; i; i = i->next, at++) {
		got = beside_equal(&f, &b, i, at);
		want = first_equal(b.in, i);
		ck_assert_msg(got == (want ? want : item_at(b.in, at)), "%s: %zu", s->why, at);
	}
	ck_assert(!f.full);
}
END_TEST

/* Equal is what holds the same, whatever the order of the members and however deep. */
START_TEST(contents)
{
	static const struct {
		const char *item, *old;
		bool equal;
	} t[] = {
		{ "{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true },
		{ "{\"a\":1,\"b\":[1,2]}", "{\"b\":[2,1],\"a\":1}", false },
		{ "{\"a\":{\"b\":1}}", "{\"a\":{\"c\":1}}", false },
		{ "{\"a\":\"1\"}", "{\"a\":1}", false },
		{ "[]", "{}", false },
		{ "[[1],[]]", "[[1],[]]", true },
		{ "[[1],[]]", "[[],[1]]", false },
		{ "\"x\"", "\"x\"", true },
		{ "null", "false", false },
	};
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct beside b;
		struct text list;

		text_init(&list, &arena, 4096);
		text_printf(&list, "[0,1,2,%s,3]", t[i].old);
		beside_begin(&b, must_parse(text_get(&list), &arena));
		ck_assert_msg(beside_equal(&f, &b, must_parse(str_of(t[i].item), &arena), 1) ==
				      item_at(b.in, t[i].equal ? 3 : 1),
			      "%s and %s", t[i].item, t[i].old);
	}
}
END_TEST

/* ---- places ---- */

START_TEST(places)
{
	static const struct step steps[] = {
		{ .kind = STEP_KEY, .key = { "a", 1 } },
		{ .kind = STEP_KEY, .key = { "b", 1 } },
		{ .kind = STEP_INDEX, .index = 0 },
		{ .kind = STEP_INDEX, .index = 1 },
		{ .kind = STEP_ITEM, .key = { "a", 1 }, .value = { "b", 1 } },
		{ .kind = STEP_ITEM, .key = { "a", 1 }, .value = { "c", 1 } },
		{ .kind = STEP_ITEM, .key = { "b", 1 }, .value = { "b", 1 } },
	};
	enum { N = sizeof steps / sizeof *steps };
	struct place all[N + N * N];
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	struct place_set set = { .n = 0 };

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < N; i++) {
		all[i] = (struct place){ NULL, steps[i], 1 };
		for (size_t k = 0; k < N; k++)
			all[N + i * N + k] = (struct place){ &all[i], steps[k], 2 };
	}
	ck_assert(!place_set_holds(&f, &set, all));
	for (size_t i = 0; i < N + N * N; i++) {
		ck_assert_msg(!place_set_holds(&f, &set, &all[i]), "%zu", i);
		ck_assert(place_set_add(&f, &set, &all[i]));
		ck_assert(!place_set_add(&f, &set, &all[i]));
	}
	for (size_t i = 0; i < N + N * N; i++)
		ck_assert_msg(place_set_holds(&f, &set, &all[i]), "%zu", i);
	ck_assert(place_set_add(&f, &set, NULL)); /* the root is a place as well */
	ck_assert(place_set_holds(&f, &set, NULL));
	ck_assert_uint_eq(set.n, N + N * N + 1);
	ck_assert(!f.full);
}
END_TEST

START_TEST(addresses)
{
	static const char somewhere[1000];
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	struct place_set set = { .n = 0 };

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof somewhere; i++) {
		ck_assert(place_set_put(&f, &set, somewhere + i));
		ck_assert(!place_set_put(&f, &set, somewhere + i / 2));
	}
	ck_assert_uint_eq(set.n, sizeof somewhere);
}
END_TEST

/* ---- what it costs ---- */

static size_t steps_of(unsigned n, int way)
{
	scoped(arena_end) struct arena arena;
	struct finder f = { .arena = &arena };
	const struct json *of, *in;
	struct beside b;
	size_t before, at = 0;

	arena_init(&arena, MEMORY);
	of = made_of(&arena, way ? "[]" : "{}", n, true, 0, way ? print_item : print_member);
	in = made_of(&arena, way ? "[]" : "{}", n, false, 2, way ? print_item : print_member);
	beside_begin(&b, in);
	before = arena.steps;
	for (const struct json *i = of->child; i; i = i->next, at++)
		if (way == 0)
			beside_member(&f, &b, of, json_key(i));
		else if (way == 1)
			beside_named(&f, &b, STR("name"), json_str(json_get(i, STR("name"))), at);
		else
			beside_equal(&f, &b, i, at);
	ck_assert(!f.full);
	return arena.steps - before;
}

START_TEST(twice_as_many_take_twice_the_steps)
{
	size_t once = steps_of(2 * MANY, _i), twice = steps_of(4 * MANY, _i);

	ck_assert_msg(once > MANY && 2 * twice <= 5 * once, "%zu, then %zu", once, twice);
}
END_TEST

/* When steps or memory are used up there is no partner, and the finder says so. */
START_TEST(nothing_is_found_at_the_end)
{
	scoped(arena_end) struct arena arena, little;
	struct finder f = { .arena = &little };
	const struct json *in;
	struct beside b;

	arena_init(&arena, MEMORY);
	in = made_of(&arena, "[]", MANY, true, 0, print_item);
	arena_init(&little, MEMORY);
	little.steps_max = 3 * MANY; /* sorting takes more */
	beside_begin(&b, in);
	ck_assert_ptr_null(beside_named(&f, &b, STR("name"), STR("n9"), MANY));
	ck_assert(f.full);
	little.steps_max = 0;
	little.limit = little.total;
	f.full = false;
	beside_begin(&b, in);
	ck_assert_ptr_null(beside_named(&f, &b, STR("name"), STR("n9"), MANY));
	ck_assert(f.full);
	f.full = false;
	beside_begin(&b, in);
	ck_assert_ptr_null(beside_equal(&f, &b, must_parse(STR("{\"n\":1}"), &arena), 5));
	ck_assert(f.full);
	f.full = false;
	ck_assert(!place_set_put(&f, &(struct place_set){ .n = 0 }, &f));
	ck_assert(f.full);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("beside");
	TCase *tc = tcase_create("beside");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, members, 0, ROWS(shapes));
	tcase_add_loop_test(tc, named_items, 0, ROWS(shapes));
	tcase_add_test(tc, items_of_one_name);
	tcase_add_test(tc, shared_items);
	tcase_add_loop_test(tc, equal_items, 0, ROWS(shapes));
	tcase_add_test(tc, contents);
	tcase_add_test(tc, places);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, nothing_is_found_at_the_end);
	tcase_add_loop_test(tc, twice_as_many_take_twice_the_steps, 0, 3);
	return run_suite(suite);
}
