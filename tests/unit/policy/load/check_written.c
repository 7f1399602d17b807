/* SPDX-License-Identifier: Apache-2.0
 * check_written.c - what is wrong with files that somebody is about to write: how much, and which
 * fault is told first.
 */
#include "tests/unit/judged.h"
#include "tests/unit/suite.h"

#define HEAD_OF(kind)                                                                              \
	"apiVersion: oke-guard.internal/v1\nkind: " kind "\nmetadata: {name: a}\nspec: "
#define CONFIG HEAD_OF("GuardConfig") "{mode: enforce}\n"
#define POLICY                                                                                     \
	HEAD_OF("SupportPolicy")                                                                   \
	"{title: t, objects: [{group: apps, resource: deployments, namespace: kube-system,\n"      \
	"  names: [our-dns]}], rules: [{name: removed, operations: [DELETE], tier: unsupported}]}\n"
#define EXCEPTION(spec)                                                                            \
	HEAD_OF("SupportException")                                                                \
	"{rules: [coredns/scale], objects: [{group: apps, resource: deployments,\n"                \
	"  namespace: kube-system, names: [coredns]}], identities: {users: [u]}, ticket: SR 1,\n"  \
	"  approvedBy: p, reason: r, notBefore: \"2026-11-23T00:00:00Z\",\n"                       \
	"  " spec "}\n"

static const struct written_row {
	const char *name;
	struct written_object object; /* without its files */
	const char *files[2][2];      /* name, text */
	size_t broken, doubtful;
	const char *first_broken, *first_doubtful; /* their beginnings */
} rows[] = {
	{ "sound files of policies",
	  { .kind = WRITTEN_POLICIES },
	  { { "a.yaml", POLICY }, { "b.yaml", EXCEPTION("expires: \"2026-11-30T00:00:00Z\"") } },
	  0,
	  0,
	  "",
	  "" },
	{ "a sound configuration",
	  { .kind = WRITTEN_CONFIG },
	  { { "guard.yaml", CONFIG } },
	  0,
	  0,
	  "",
	  "" },
	{ "no configuration in its own ConfigMap",
	  { .kind = WRITTEN_CONFIG },
	  { { NULL } },
	  1,
	  0,
	  "guard.yaml is missing",
	  "" },
	{ "none before either",
	  { .kind = WRITTEN_CONFIG, .bare_before = true },
	  { { NULL } },
	  0,
	  0,
	  "",
	  "" },
	{ "a file of it without one",
	  { .kind = WRITTEN_CONFIG },
	  { { "guard.yaml", "# none\n" } },
	  1,
	  0,
	  "guard.yaml: holds no GuardConfig",
	  "" },
	{ "no configuration among policies is no fault",
	  { .kind = WRITTEN_POLICIES },
	  { { NULL } },
	  0,
	  0,
	  "",
	  "" },
	{ "a configuration among policies",
	  { .kind = WRITTEN_POLICIES },
	  { { "a.yaml", CONFIG } },
	  0,
	  1,
	  "",
	  "a.yaml:3:18: a GuardConfig is read from guard.yaml" },
	{ "a key is missing",
	  { .kind = WRITTEN_POLICIES },
	  { { "a.yaml", EXCEPTION("") } },
	  1,
	  1,
	  "a.yaml:4:7: the spec of a SupportException needs \"expires\"",
	  "a.yaml:4:7: the spec" },
	{ "it ends before it begins",
	  { .kind = WRITTEN_POLICIES },
	  { { "a.yaml", EXCEPTION("expires: \"2026-11-22T00:00:00Z\"") } },
	  1,
	  0,
	  "a.yaml:3:18: exception \"a\" expires before it begins",
	  "" },
	{ "a rule that is not there",
	  { .kind = WRITTEN_CONFIG },
	  { { "guard.yaml", HEAD_OF("GuardConfig") "{failClosed: [coredns/scael]}\n" } },
	  0,
	  1,
	  "",
	  "guard.yaml:4:" },

	{ "a number that another version may take",
	  { .kind = WRITTEN_CONFIG },
	  { { "guard.yaml", HEAD_OF("GuardConfig") "{exceptions: {maxDays: 99999}}\n" } },
	  0,
	  1,
	  "",
	  "guard.yaml:4:30: \"maxDays\" must be a whole number" },
	{ "a number that none can take",
	  { .kind = WRITTEN_CONFIG },
	  { { "guard.yaml", HEAD_OF("GuardConfig") "{exceptions: {maxDays: many}}\n" } },
	  1,
	  1,
	  "guard.yaml:4:30: \"maxDays\" must be a whole number",
	  "guard.yaml:4:30: \"maxDays\" must be a whole number" },

	/* Which of several faults of a file: the first, whichever was noticed first. */
	{ "a fault in a line before",
	  { .kind = WRITTEN_CONFIG },
	  { { "guard.yaml", "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
			    "metadata: {name: [x]}\nspec:\n  mode: [a]\n" } },
	  1,
	  2,
	  "guard.yaml:3:18: \"name\" must be a text",
	  "guard.yaml:3:18" },
	{ "a fault before it in its line",
	  { .kind = WRITTEN_CONFIG },
	  { { "guard.yaml", HEAD_OF("GuardConfig") "{mode: enforce, overrides: "
						   "[{rule: [x]}], onError: [a]}\n" } },
	  1,
	  3,
	  "guard.yaml:4:35: ",
	  "guard.yaml:4:35: " },
	{ "of two files the first counts",
	  { .kind = WRITTEN_POLICIES },
	  { { "a.yaml", EXCEPTION("") }, { "b.yaml", EXCEPTION("") } },
	  2,
	  2,
	  "a.yaml:4:7: ",
	  "a.yaml:4:7: " },
};

static struct policy_set *builtin(void)
{
	struct policy_report report = { 0 };
	struct policy_set *set = policy_set_new(NULL, &report);

	ck_assert_ptr_nonnull(set);
	return set;
}

START_TEST(what_is_wrong_with_files)
{
	const struct written_row *r = &rows[_i];
	struct written_file files[2] = { { .as_before = false } };
	struct written_object object = r->object;
	struct policy_set *set = builtin();
	struct written_faults got;
	struct arena arena;

	for (; object.n < 2 && r->files[object.n][0]; object.n++)
		files[object.n] = (struct written_file){ .name = str_of(r->files[object.n][0]),
							 .text = str_of(r->files[object.n][1]) };
	object.files = files;
	arena_init(&arena, MEMORY);
	ck_assert_int_eq(policy_written_faults(set, &object, &arena, &got), 0);
	ck_assert_msg(got.broken == r->broken && got.doubtful == r->doubtful &&
			      str_starts(got.first_broken, str_of(r->first_broken)) &&
			      str_starts(got.first_doubtful, str_of(r->first_doubtful)) &&
			      !got.first_broken.n == !*r->first_broken,
		      "%s: %zu broken: %.*s, %zu doubtful: %.*s", r->name, got.broken,
		      STR_ARG(got.first_broken), got.doubtful, STR_ARG(got.first_doubtful));
	arena_done(&arena);
	policy_set_unref(set);
}
END_TEST

START_TEST(the_texts_must_find_room)
{
	struct written_object object = { .kind = WRITTEN_CONFIG };
	struct policy_set *set = builtin();
	struct written_faults got;
	struct arena arena;

	arena_init(&arena, 8);
	ck_assert_int_eq(policy_written_faults(set, &object, &arena, &got), -1);
	arena_done(&arena);
	policy_set_unref(set);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("written");
	TCase *tc = tcase_create("written");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, what_is_wrong_with_files, 0, sizeof rows / sizeof *rows);
	tcase_add_test(tc, the_texts_must_find_room);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
