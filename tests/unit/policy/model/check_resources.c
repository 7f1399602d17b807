/* SPDX-License-Identifier: Apache-2.0
 * check_resources.c - the resource of a kind, and which kinds have no namespace.
 */
#include "policy/model/resources.h"

#include "policy/catalogue/catalogue.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

static const struct kind_case {
	const char *why, *kind, *resource;
} kinds[] = {
	{ "an s", "Deployment", "deployments" },
	{ "a y behind a consonant", "NetworkPolicy", "networkpolicies" },
	{ "a y behind a vowel", "Gateway", "gateways" },
	{ "an s already", "Ingress", "ingresses" },
	{ "ss", "StorageClass", "storageclasses" },
	{ "an x", "Sandbox", "sandboxes" },
	{ "ch", "Patch", "patches" },
	{ "sh", "Mesh", "meshes" },
	{ "a plural already", "Endpoints", "endpoints" },
	{ "capitals", "CSIStorageCapacity", "csistoragecapacities" },
	{ "a long one", "HorizontalPodAutoscaler", "horizontalpodautoscalers" },
};

START_TEST(resource)
{
	const struct kind_case *c = &kinds[_i];
	scoped(arena_end) struct arena arena;
	struct str got;

	arena_init(&arena, MEMORY);
	got = kind_resource(str_of(c->kind), &arena);
	ck_assert_msg(str_is(got, c->resource), "%s: %.*s", c->why, STR_ARG(got));
}
END_TEST

/* Where the catalogue knows the resource of an alpha kind, the rule finds the same. */
START_TEST(as_the_catalogue_has_it)
{
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	ck_assert_uint_gt(catalogue_apis_n, 40);
	for (size_t i = 0; i < catalogue_apis_n; i++) {
		const struct catalogue_api *a = &catalogue_apis[i];
		const char *kind = catalogue_text(a->kind);

		if (*catalogue_text(a->resource))
			ck_assert_msg(str_is(kind_resource(str_of(kind), &arena),
					     catalogue_text(a->resource)),
				      "%s: %s", kind, catalogue_text(a->resource));
	}
}
END_TEST

START_TEST(scope)
{
	ck_assert(kind_cluster_scoped(STR(""), STR("Node")));
	ck_assert(kind_cluster_scoped(STR("rbac.authorization.k8s.io"), STR("ClusterRole")));
	ck_assert(!kind_cluster_scoped(STR("rbac.authorization.k8s.io"), STR("Role")));
	ck_assert(!kind_cluster_scoped(STR("apps"), STR("Deployment")));
	ck_assert(!kind_cluster_scoped(STR("example.com"), STR("Node")));
	ck_assert(kind_cluster_scoped(STR("admissionregistration.k8s.io"),
				      STR("ValidatingWebhookConfiguration")));
}
END_TEST

/* Of both names of a kind, and of its subresources, the same is known. */
START_TEST(scope_by_resource)
{
	static const char *const found[][2] = {
		{ "", "Node" },
		{ "", "ComponentStatus" },
		{ "extensions", "PodSecurityPolicy" },
		{ "networking.k8s.io", "IngressClass" },
		{ "networking.k8s.io", "IPAddress" },
		{ "rbac.authorization.k8s.io", "ClusterRoleBinding" },
		{ "admissionregistration.k8s.io", "ValidatingWebhookConfiguration" },
		{ "flowcontrol.apiserver.k8s.io", "FlowSchema" },
		{ "storage.k8s.io", "VolumeAttributesClass" },
		{ "storage.k8s.io", "CSIDriver" },
		{ "storage.k8s.io", "CSIStorageCapacity" },
		{ "rbac.authorization.k8s.io", "Role" },
		{ "example.com", "Node" },
		{ "apps", "Deployment" },
	};
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		struct str group = str_of(found[i][0]), kind = str_of(found[i][1]);

		ck_assert_msg(resource_cluster_scoped(group, kind_resource(kind, &arena)) ==
				      kind_cluster_scoped(group, kind),
			      "%s", found[i][1]);
	}
	ck_assert(resource_cluster_scoped(STR(""), STR("nodes/proxy")));
	ck_assert(!resource_cluster_scoped(STR(""), STR("nod")));
	ck_assert(!resource_cluster_scoped(STR(""), STR("")));
}
END_TEST

/* Every kind in the list, under the name that the rule gives its resource. */
START_TEST(scope_of_alpha_kinds)
{
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < catalogue_kinds_n; i++) {
		struct str group = str_of(catalogue_text(catalogue_kinds[i].group));
		struct str kind = str_of(catalogue_text(catalogue_kinds[i].kind));

		ck_assert_msg(resource_cluster_scoped(group, kind_resource(kind, &arena)) ==
				      kind_cluster_scoped(group, kind),
			      "%.*s", STR_ARG(kind));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kinds");
	TCase *tc = tcase_create("kinds");

	tcase_add_loop_test(tc, resource, 0, ROWS(kinds));
	tcase_add_test(tc, as_the_catalogue_has_it);
	tcase_add_test(tc, scope);
	tcase_add_test(tc, scope_by_resource);
	tcase_add_test(tc, scope_of_alpha_kinds);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
