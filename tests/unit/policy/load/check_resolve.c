/* SPDX-License-Identifier: Apache-2.0
 * check_resolve.c - who stands for whom, and what $self becomes: all of it, or out of memory.
 */
#include "policy/load/resolve.h"

#include <check.h>

#include "tests/unit/suite.h"

#define RELEASE STR("$self.release-x")

/* "ours" replaces the built-in "theirs"; each of them, a rule and an exception name the release. */
struct sample {
	struct object_ref of_policy, of_rule, of_replaced, of_exception;
	struct str names[2];
	struct replaceable replaceable;
	struct rule rule;
	struct policy ours, theirs;
	struct exception exception;
	struct model model;
};

static void sample_init(struct sample *s)
{
	*s = (struct sample){
		.of_policy = { .namespace = STR("$self.namespace"), .name_prefix = RELEASE },
		.of_rule = { .pods = POD_ITSELF },
		.of_replaced = { .name_prefix = RELEASE },
		.names = { RELEASE, RELEASE },
		.replaceable = { .name = STR("theirs") },
		.rule = { .policy = &s->ours, .objects = &s->of_rule },
		.theirs = { .name = STR("theirs"), .builtin = true, .objects = &s->of_replaced },
		.exception = { .objects = &s->of_exception },
	};
	s->of_rule.names = (struct strings){ &s->names[0], 1 };
	s->of_exception.names = (struct strings){ &s->names[1], 1 };
	s->ours = (struct policy){ .next = &s->theirs,
				   .name = STR("ours"),
				   .replaces = STR("theirs"),
				   .reason = STR("a test"),
				   .objects = &s->of_policy,
				   .rules = &s->rule };
	s->model = (struct model){ .policies = &s->ours,
				   .policies_last = &s->theirs.next,
				   .policies_n = 2,
				   .rules_n = 1,
				   .exceptions = &s->exception };
	s->model.config.replaceable = &s->replaceable;
	s->model.config.self_namespace = STR("guard");
	s->model.config.self_release = STR("og");
}

static void count_errors(void *ctx, bool error, const char *text)
{
	(void)text;
	*(size_t *)ctx += error;
}

static void is_resolved(const struct sample *s)
{
	ck_assert(s->ours.replaced == &s->theirs && str_is(s->ours.stands_for, "ours for theirs"));
	ck_assert(s->model.policies_n == 1 && !s->ours.next &&
		  s->model.policies_last == &s->ours.next);
	ck_assert(str_is(s->of_policy.namespace, "guard"));
	ck_assert(str_is(s->of_policy.name_prefix, "og-x"));
	ck_assert(str_is(s->of_rule.names.v[0], "og-x"));
	ck_assert(str_is(s->of_replaced.name_prefix, "og-x"));
	ck_assert(str_is(s->of_exception.names.v[0], "og-x"));
	ck_assert(s->rule.pods && s->of_rule.next && s->of_rule.next->implied);
}

/* In memory of any size. */
START_TEST(all_of_it_or_out_of_memory)
{
	size_t refused = 0;
	int r = -1;

	for (size_t memory = 0; r < 0; memory += 16) {
		size_t errors = 0;
		struct policy_report report = { .message = count_errors, .ctx = &errors };
		struct arena arena;
		struct sample s;

		ck_assert_uint_lt(memory, 1u << 20);
		arena_init(&arena, memory);
		sample_init(&s);
		r = model_resolve(&s.model, &arena, &report);
		ck_assert_uint_eq(errors, 0);
		if (r < 0)
			refused++;
		else
			is_resolved(&s);
		arena_done(&arena);
	}
	ck_assert_uint_gt(refused, 10);
}
END_TEST

/* Of a model that goes before a set's policies: those stay as they are. */
START_TEST(only_what_is_added)
{
	size_t errors = 0;
	struct policy_report report = { .message = count_errors, .ctx = &errors };
	struct arena arena;
	struct sample s;

	arena_init(&arena, 1u << 20);
	sample_init(&s);
	ck_assert_int_eq(model_resolve_added(&s.model, 1, &arena, &report), 0);
	ck_assert_ptr_null(s.ours.replaced);
	ck_assert(str_is(s.of_policy.name_prefix, "og-x"));
	ck_assert(str_eq(s.of_replaced.name_prefix, RELEASE));
	ck_assert(str_is(s.of_exception.names.v[0], "og-x"));
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tc = tcase_create("resolve");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, all_of_it_or_out_of_memory);
	tcase_add_test(tc, only_what_is_added);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
