/* SPDX-License-Identifier: Apache-2.0
 * check_use_set.c - is a use among others, and what does it cost to ask?
 */
#include "policy/alpha/use_set.h"

#include <check.h>

#include "lib/base/cleanup.h"
#include "tests/unit/suite.h"

#define GROWTH 2.5 /* at most so many times the comparisons for twice the uses */

static const struct place spec = { NULL, { .kind = STEP_KEY, .key = { "spec", 4 } }, 1 };
static const struct place other = { NULL, { .kind = STEP_KEY, .key = { "status", 6 } }, 1 };
static const struct place first = { &spec, { .kind = STEP_INDEX, .index = 0 }, 2 };
static const struct place second = { &spec, { .kind = STEP_INDEX, .index = 1 }, 2 };
static const struct place second_again = { &spec, { .kind = STEP_INDEX, .index = 1 }, 2 };
static const struct place elsewhere = { &other, { .kind = STEP_INDEX, .index = 1 }, 2 };
static const struct place item = { &spec, { STEP_ITEM, { "name", 4 }, { "a", 1 }, 0 }, 2 };
static const struct place item_b = { &spec, { STEP_ITEM, { "name", 4 }, { "b", 1 }, 0 }, 2 };

#define USE(k, p, w)                                                                               \
	{                                                                                          \
		.kind = (k), .stage = FEATURE_ALPHA, .place = (p), .what = {(w), 1 }               \
	}

static const struct use_row {
	const char *why;
	struct feature_use use;
	bool has;
} rows[] = {
	{ "the same", USE(USE_FIELD, &second, "x"), true },
	{ "the same place, written again", USE(USE_FIELD, &second_again, "x"), true },
	{ "an item of a name", USE(USE_VALUE, &item, "x"), true },
	{ "of the object as a whole", USE(USE_VERSION, NULL, "v"), true },
	{ "another kind", USE(USE_VALUE, &second, "x"), false },
	{ "another index", USE(USE_FIELD, &first, "x"), false },
	{ "another place above", USE(USE_FIELD, &elsewhere, "x"), false },
	{ "the place above", USE(USE_FIELD, &spec, "x"), false },
	{ "another name", USE(USE_VALUE, &item_b, "x"), false },
	{ "something else there", USE(USE_FIELD, &second, "y"), false },
	{ "what is there is not alpha", USE(USE_GATE, &first, "g"), false },
};

START_TEST(has)
{
	const struct use_row *r = &rows[_i];
	scoped(arena_end) struct arena arena = { .limit = 1u << 20 };
	struct feature_use beta = USE(USE_GATE, &first, "g"), whole = USE(USE_VERSION, NULL, "v");
	struct feature_use named = USE(USE_VALUE, &item, "x"), it = USE(USE_FIELD, &second, "x");
	struct feature_uses uses = { .first = &it, .n = 4 };
	struct use_set set;
	struct err err;

	beta.stage = FEATURE_BETA_OFF;
	it.next = &named;
	named.next = &whole;
	whole.next = &beta;
	ck_assert_int_eq(use_set_of(&uses, &arena, &set, &err), 0);
	ck_assert_uint_eq(set.n, 3);
	ck_assert_msg(use_set_has(&set, &r->use) == r->has, "%s", r->why);
}
END_TEST

/* Of the comparisons to sort n uses, and to ask for each. */
static size_t compared(size_t n, bool alike)
{
	scoped(arena_end) struct arena arena = { .limit = 64u << 20 };
	struct feature_use *v = arena_calloc(&arena, n, sizeof *v);
	struct place *places = arena_calloc(&arena, n, sizeof *places);
	struct feature_uses uses = { .first = v, .n = n };
	struct use_set set;
	struct err err;

	ck_assert(v && places);
	for (size_t i = 0; i < n; i++) {
		places[i] = first;
		places[i].step.index = alike ? 0 : i * 2654435761u % n;
		v[i] = (struct feature_use)USE(USE_FIELD, &places[i], "x");
		v[i].next = i + 1 < n ? &v[i + 1] : NULL;
	}
	ck_assert_int_eq(use_set_of(&uses, &arena, &set, &err), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert(use_set_has(&set, &v[i]));
	return set.compared;
}

START_TEST(twice_the_uses_take_twice_the_work)
{
	for (int alike = 0; alike < 2; alike++) {
		size_t n = compared(FEATURE_USES_OFFLINE_MAX / 2, alike);
		size_t doubled = compared(FEATURE_USES_OFFLINE_MAX, alike);

		ck_assert_msg((double)doubled <= GROWTH * (double)n, "%zu, then %zu", n, doubled);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("use set");
	TCase *c = tcase_create("uses");

	tcase_add_loop_test(c, has, 0, sizeof rows / sizeof *rows);
	tcase_add_test(c, twice_the_uses_take_twice_the_work);
	suite_add_tcase(s, c);
	return run_suite(s);
}
