/* SPDX-License-Identifier: Apache-2.0
 * check_skim.c - what an object's bytes tell while they are passed over: uses that are no gated
 * field, names that are written otherwise than they read, and ordinary objects.
 * check_features_rows.c does the gated fields.
 */
#include "policy/alpha/features.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/policy/alpha/noted.h"

#define ARENA_MAX (1u << 20)

/* What is no gated field, and what is written otherwise than it reads; each is found in a minor. */
static const struct {
	const char *kind, *group, *subresource, *object;
} others[] = {
	{ "Pod", "", "", "{\"spec\":{\"hostUsers\":false,\"hostNetwork\":true}}" },
	{ "Pod", "", "", "{\"spec\":{\"host\\u0055sers\":false}}" },
	{ "Pod", "", "", "{\"spec\":{\"\\u0068ostUsers\" : false}}" },
	{ "Pod", "", "", "{\"spec\" : {\"hostUsers\"\n: false}}" },
	{ "Pod", "", "", "{\"spec\":{\"dnsConfig\":{\"searches\":[\".\"]}}}" },
	{ "Pod", "", "",
	  "{\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":[{\"name\":\"a b\"}]}]}}" },
	{ "Deployment", "apps", "",
	  "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":"
	  "\"registry.k8s.io/kube-proxy:v1\",\"command\":[\"kube-proxy\",\"--feature-gates="
	  "UserNamespacesSupport=true\"]}]}}}}" },
	{ "Deployment", "apps", "",
	  "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":[{"
	  "\"name\":\"KUBE_FEATURE_WatchListClient\",\"value\":\"true\"}]}]}}}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"labels\":{\"applyset.kubernetes.io/part-of\":\"x\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"labels\":{\"applyset.kubernetes.io\\/part-of\":\"x\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	  "\"{\\\"spec\\\" : {\\\"hostUsers\\\"\\n: false}}\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	  "\"{\\\"spec\\\":{\\\"hostUser\\\\u0073\\\":false}}\"}},\"spec\":{}}" },
	{ "Pod", "", "",
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	  "\"{\\\"spec\\\":{\\\"tolerations\\\":[{\\\"key\\\":\\\"]}\\\",\\\"operator\\\":"
	  "\\\"Gt\\\"}]}}\"}},\"spec\":{\"tolerations\":[{\"key\":\"]\",\"operator\":\"Exists\"}]}}" },
	{ "Pod", "", "",
	  "{\"spec\":{\"tolerations\":[{\"key\":\"}\",\"operator\":\"Exists\"},{\"key\":\"]\","
	  "\"operator\" :\"Gt\"}]}}" },
	{ "Pod", "", "",
	  "{\"spec\":{\"tolerations\":[{\"key\":\"a\",\"operator\":\"\\u0047t\"}]}}" },
};
#define OTHERS ((int)(sizeof others / sizeof *others))

START_TEST(other_uses_are_not_lost_by_their_bytes)
{
	bool found = false;

	for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++) {
		scoped(arena_end) struct arena arena = { .limit = 32 * ARENA_MAX };
		struct request req = { .operation = OP_UPDATE,
				       .subresource = str_of(others[_i].subresource),
				       .object = str_of(others[_i].object) };

		req.kind = req.request_kind = (struct gvk){ str_of(others[_i].group), STR("v1"),
							    str_of(others[_i].kind) };
		found = noted(&req, m, &arena) || found;
	}
	ck_assert_msg(found, "nothing is found in %s", others[_i].object);
}
END_TEST

/* And those that hold the names, but not there, are not read. */
START_TEST(ordinary_objects_are_not_read)
{
	static const char pod[] =
		"{\"metadata\":{\"name\":\"p\",\"annotations\":{\"a.example/b\":\"alpha\"}},\"spec\":{"
		"\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":80,"
		"\"protocol\":\"TCP\"}],\"livenessProbe\":{\"httpGet\":{\"path\":\"/}\",\"port\":80}},"
		"\"resources\":{\"limits\":{\"cpu\":1}}}],\"restartPolicy\":\"Always\","
		"\"tolerations\":[{\"key\":\"a\",\"operator\":\"Exists\"}],\"volumes\":[{\"name\":\"v\","
		"\"emptyDir\":{}},{\"name\":\"w\",\"configMap\":{\"items\":[{\"key\":\"k\","
		"\"mode\":420}]}}]}}";

	for (unsigned m = 32; m <= catalogue_minor_max; m++) {
		scoped(arena_end) struct arena arena = { .limit = 32 * ARENA_MAX };
		struct request req = { .operation = OP_UPDATE,
				       .object = str_of(pod),
				       .old_object = str_of(pod) };

		req.kind = req.request_kind = (struct gvk){ STR(""), STR("v1"), STR("Pod") };
		note(&req, &arena, true);
		ck_assert_msg(!features_possible(m, &req), "1.%u: it would be read", m);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("skim");
	TCase *tc = tcase_create("skim");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, other_uses_are_not_lost_by_their_bytes, 0, OTHERS);
	tcase_add_test(tc, ordinary_objects_are_not_read);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
