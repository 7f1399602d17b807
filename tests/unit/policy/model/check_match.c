/* SPDX-License-Identifier: Apache-2.0
 * check_match.c - a request finds the policies whose objects it is, and no others.
 */
#include <check.h>

#include "policy/model/match.h"
#include "policy/model/rule_scope.h"
#include "tests/unit/suite.h"

static struct str two[] = { { "coredns", 7 }, { "kube-dns-autoscaler", 19 } };
static struct object_ref by_name = { .group = { "apps", 4 },
				     .resource = { "deployments", 11 },
				     .namespace = { "kube-system", 11 },
				     .names = { two, 2 } };
static struct object_ref by_prefix = { .group = { "", 0 },
				       .resource = { "secrets", 7 },
				       .namespace = { "kube-system", 11 },
				       .name_prefix = { "bootstrap-token-", 16 } };
static struct object_ref any_node = { .group = { "", 0 }, .resource = { "nodes", 5 } };
static struct object_ref any_quota = { .group = { "", 0 },
				       .resource = { "resourcequotas", 14 },
				       .namespace = { "kube-system", 11 } };
static struct policy inactive = { .name = { "inactive", 8 }, .objects = &any_node, .number = 4 };
static struct policy quotas = {
	.next = &inactive, .name = { "q", 1 }, .objects = &any_quota, .active = true, .number = 3
};
static struct policy nodes = {
	.next = &quotas, .name = { "n", 1 }, .objects = &any_node, .active = true, .number = 2
};
static struct policy tokens = {
	.next = &nodes, .name = { "t", 1 }, .objects = &by_prefix, .active = true, .number = 1
};
static struct policy dns = {
	.next = &tokens, .name = { "d", 1 }, .objects = &by_name, .active = true, .number = 0
};
static const struct model model = { .policies = &dns, .policies_n = 5 };

static const struct match_case {
	const char *why, *group, *resource, *namespace, *name, *own, *want;
} matches[] = {
	{ "an exact name", "apps", "deployments", "kube-system", "coredns", NULL, "d" },
	{ "the other name", "apps", "deployments", "kube-system", "kube-dns-autoscaler", NULL,
	  "d" },
	{ "a longer name", "apps", "deployments", "kube-system", "coredns2", NULL, "" },
	{ "another namespace", "apps", "deployments", "shop", "coredns", NULL, "" },
	{ "another group", "example.com", "deployments", "kube-system", "coredns", NULL, "" },
	{ "another resource", "apps", "statefulsets", "kube-system", "coredns", NULL, "" },
	{ "no name: the object's own", "apps", "deployments", "kube-system", NULL, "coredns", "d" },
	{ "a name that the object contradicts", "apps", "deployments", "kube-system", "innocent",
	  "coredns", "d" },
	{ "any name, cluster-scoped", "", "nodes", NULL, "n1", NULL, "n" },
	{ "any name in a namespace", "", "resourcequotas", "kube-system", "x", NULL, "q" },
	{ "any name in another namespace", "", "resourcequotas", "shop", "x", NULL, "" },
	{ "a prefix is looked up without a name", "", "secrets", "kube-system", "x", NULL, "t" },
};

static struct request request_of(const struct match_case *c)
{
	return (struct request){
		.resource = { .group = str_of(c->group), .resource = str_of(c->resource) },
		.request_resource = { .group = str_of(c->group), .resource = str_of(c->resource) },
		.namespace = str_of(c->namespace),
		.name = str_of(c->name),
	};
}

static struct match_names names_of(const struct match_case *c)
{
	struct match_names names = { .n = 0 };

	if (c->name)
		names.v[names.n++] = str_of(c->name);
	if (c->own)
		names.v[names.n++] = str_of(c->own);
	return names;
}

START_TEST(request_finds_policies)
{
	const struct match_case *c = &matches[_i];
	struct request req = request_of(c);
	struct match_names names = names_of(c);
	struct match_index index;
	struct candidates found;
	struct arena arena;
	char got[16] = "";

	arena_init(&arena, 1u << 20);
	ck_assert_int_eq(match_build(&model, &arena, &index), 0);
	ck_assert_int_eq(match_find(&index, &req, &names, &arena, &found), 0);
	for (size_t i = 0; i < found.n; i++)
		strncat(got, found.v[i]->name.s, 1);
	ck_assert_msg(!strcmp(got, c->want), "%s: found '%s', not '%s'", c->why, got, c->want);
	arena_done(&arena);
}
END_TEST

START_TEST(converted_resource_is_found_too)
{
	struct match_case c = { .group = "extensions",
				.resource = "deployments",
				.namespace = "kube-system",
				.name = "coredns" };
	struct request req = request_of(&c);
	struct match_names names = names_of(&c);
	struct match_index index;
	struct candidates found;
	struct arena arena;

	arena_init(&arena, 1u << 20);
	ck_assert_int_eq(match_build(&model, &arena, &index), 0);
	req.request_resource.group = STR("apps");
	ck_assert_int_eq(match_find(&index, &req, &names, &arena, &found), 0);
	ck_assert_uint_eq(found.n, 1);
	ck_assert(match_by_name(&index, &req));
	req.namespace = STR("shop");
	ck_assert(!match_by_name(&index, &req));
	arena_done(&arena);
}
END_TEST

#define SHARERS 40

/* The same object under one key, and under that of another: each policy once, in order. */
START_TEST(policies_that_share_an_object)
{
	struct object_ref refs[2] = { by_name, by_name };
	struct policy all[SHARERS];
	const struct model shared = { .policies = all, .policies_n = SHARERS };
	const struct match_case *c = &matches[0];
	struct request req = request_of(c);
	struct match_names names = names_of(c);
	struct match_index index;
	struct candidates found;
	struct arena arena;

	refs[0].next = &refs[1];
	refs[1].namespace = (struct str){ NULL, 0 };
	for (size_t i = 0; i < SHARERS; i++)
		all[i] = (struct policy){ .next = i + 1 < SHARERS ? &all[i + 1] : NULL,
					  .objects = &refs[i % 2],
					  .active = i % 5,
					  .number = i };
	arena_init(&arena, 1u << 20);
	ck_assert_int_eq(match_build(&shared, &arena, &index), 0);
	ck_assert_int_eq(match_find(&index, &req, &names, &arena, &found), 0);
	ck_assert_uint_eq(found.n, SHARERS - SHARERS / 5);
	for (size_t i = 0, at = 0; i < SHARERS; i++)
		if (all[i].active)
			ck_assert_ptr_eq(found.v[at++], &all[i]);
	arena_done(&arena);
}
END_TEST

START_TEST(full_arena_is_an_error_not_a_miss)
{
	struct match_index index;
	size_t limit;
	int built = -1;

	for (limit = 0; built < 0 && limit < 1u << 20; limit += 256) {
		struct arena arena;

		arena_init(&arena, limit);
		built = match_build(&model, &arena, &index);
		arena_done(&arena);
	}
	ck_assert_int_eq(built, 0);
	ck_assert_uint_gt(limit, 1024);
}
END_TEST

/* What a policy's object and a rule's have in common, whichever names them. */
START_TEST(objects_that_meet)
{
	static struct str names[] = { { "other", 5 }, { "bootstrap-token-a", 17 }, { "x", 1 } };
	struct object_ref named = by_prefix;
	struct required_object both;

	named.name_prefix = (struct str){ NULL, 0 };
	for (size_t n = 0; n <= 3; n++) {
		named.names = (struct strings){ names, n };
		ck_assert_msg(required_object(&named, &by_prefix, &both) == (n != 1), "%zu", n);
		ck_assert_msg(required_object(&by_prefix, &named, &both) == (n != 1), "%zu", n);
		ck_assert_uint_eq(both.names.n, n);
	}
	ck_assert(!required_object(&by_name, &by_prefix, &both));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("match");
	TCase *tc = tcase_create("match");

	tcase_add_test(tc, objects_that_meet);
	tcase_add_loop_test(tc, request_finds_policies, 0, sizeof matches / sizeof *matches);
	tcase_add_test(tc, converted_resource_is_found_too);
	tcase_add_test(tc, policies_that_share_an_object);
	tcase_add_test(tc, full_arena_is_an_error_not_a_miss);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
