/* SPDX-License-Identifier: Apache-2.0
 * check_work.c - the work that one review causes grows no faster than the review, and when memory
 * or steps are used up the envelope is judged: nothing passes for being too much.
 */
#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/worst.h"
#include "webhook/handler.h"
#include "tests/unit/suite.h"

#define NOW      INT64_C(1800000000)
#define SMALLER  (96u << 10)
#define GROWTH   2.5 /* at most so many times the steps for twice the input */
#define CUSTOMER "ocid1.user.oc1..a"

static struct policy_set *set;

static void setup(void)
{
	ck_assert_ptr_nonnull(set = policy_set_new(NULL, &(struct policy_report){ 0 }));
}

static void teardown(void)
{
	policy_set_unref(set);
}

/* ---- growth ---- */

static size_t steps_of(struct str body, const struct worst *w)
{
	scoped(arena_end) struct arena arena;
	struct answer a;
	size_t steps;

	arena_init(&arena, HANDLER_ARENA_MAX);
	handler_answer(set, POLICIES_ALL, body, NOW, &arena, NULL, &a);
	ck_assert_msg(a.decided, "%s: %s", w->name, a.body);
	ck_assert_msg(!a.verdict.error.n, "%s: %.*s", w->name, STR_ARG(a.verdict.error));
	steps = arena.steps;
	answer_done(&a);
	return steps;
}

START_TEST(twice_the_input_takes_twice_the_steps)
{
	const struct worst *w = &worst_inputs[_i];
	scoped(arena_end) struct arena input;
	struct str one, two;
	size_t steps, doubled;

	arena_init(&input, 512u << 20);
	one = worst_review(w, SMALLER, &input);
	two = worst_review(w, 2 * SMALLER, &input);
	ck_assert_msg((double)two.n < 2.1 * (double)one.n, "%s: %zu, %zu bytes", w->name, one.n,
		      two.n);
	steps = steps_of(one, w);
	doubled = steps_of(two, w);
	/* Whatever is read is counted: a count that stands still would tell nothing. */
	ck_assert_msg(steps > one.n / 200, "%s: %zu steps for %zu bytes", w->name, steps, one.n);
	ck_assert_msg((double)doubled <= GROWTH * (double)steps, "%s: %zu steps, then %zu", w->name,
		      steps, doubled);
}
END_TEST

/* At the largest size that a body may have none goes beyond its steps: memory ends first. */
START_TEST(no_input_uses_up_its_steps)
{
	const struct worst *w = &worst_inputs[_i];
	scoped(arena_end) struct arena input, arena;
	struct str body;
	struct answer a;

	arena_init(&input, 512u << 20);
	arena_init(&arena, HANDLER_ARENA_MAX);
	body = worst_review(w, 8000000, &input);
	handler_answer(set, POLICIES_ALL, body, NOW, &arena, NULL, &a);
	ck_assert_msg(a.decided, "%s: %s", w->name, a.body);
	ck_assert_msg(arena.steps <= HANDLER_STEPS_MAX, "%s: %zu steps", w->name, arena.steps);
	answer_done(&a);
}
END_TEST

/* ---- when they are used up ---- */

static const struct worst *input_named(const char *name)
{
	const struct worst *w = worst_inputs;

	while (strcmp(w->name, name) != 0)
		w++;
	return w;
}

static void judge_with(const char *name, size_t memory, size_t steps, struct arena *arena,
		       struct answer *a, struct arena *input)
{
	arena_init(input, 64u << 20);
	arena_init(arena, memory);
	arena->steps_max = steps;
	handler_answer(set, POLICIES_ALL, worst_review(input_named(name), SMALLER, input), NOW,
		       arena, NULL, a);
	ck_assert_msg(a->decided, "%s", a->body);
}

/* However few: a change of a guarded object by a customer is denied, never allowed. */
START_TEST(denied_with_any_steps)
{
	size_t by_envelope = 0;

	for (size_t steps = 1; steps < 200000; steps += steps / 3 + 1) {
		scoped(arena_end) struct arena arena, input;
		struct answer a;

		judge_with("unsorted keys", HANDLER_ARENA_MAX, steps, &arena, &a, &input);
		ck_assert_int_eq(a.verdict.action, ACTION_DENY);
		by_envelope += a.verdict.error.n > 0;
		ck_assert_msg(strstr(a.body, a.verdict.error.n ? "[guard/unreadable]"
							       : "[coredns-") != NULL,
			      "%zu steps: %.1000s", steps, a.body);
		answer_done(&a);
	}
	ck_assert_uint_gt(by_envelope, 10);
}
END_TEST

/* An alpha use behind what uses up memory or steps is not silent. */
START_TEST(a_warning_where_alpha_may_hide)
{
	static const struct {
		const char *name;
		size_t memory, steps;
		const char *why;
	} cases[] = {
		{ "empty strings", 1u << 20, 0, "too much memory" },
		{ "empty strings", HANDLER_ARENA_MAX, 1000, "too many steps" },
		{ "flags and variables", HANDLER_ARENA_MAX, 5000, "too many steps" },
		{ "last-applied", 300u << 10, 0, "too much memory" },
	};
	scoped(arena_end) struct arena arena, input;
	struct answer a;

	judge_with(cases[_i].name, cases[_i].memory, cases[_i].steps, &arena, &a, &input);
	ck_assert_int_eq(a.verdict.action, ACTION_WARN);
	ck_assert_msg(strstr(a.body, "[guard/unreadable]") != NULL, "%s", a.body);
	ck_assert_msg(strstr(a.body, cases[_i].why) != NULL, "%s", a.body);
	answer_done(&a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("work");
	TCase *tc = tcase_create("work");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, twice_the_input_takes_twice_the_steps, 0, (int)WORST_N);
	tcase_add_loop_test(tc, no_input_uses_up_its_steps, 0, (int)WORST_N);
	tcase_add_test(tc, denied_with_any_steps);
	tcase_add_loop_test(tc, a_warning_where_alpha_may_hide, 0, 4);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
