/* SPDX-License-Identifier: Apache-2.0
 * check_preflight.c - what becomes of one object from one minor to a later one, in words. JSON is
 * written with ' for ".
 */
#include "policy/alpha/preflight.h"

#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

#define POD(members) "{'spec':{" members "}}"
#define STOPS        POD("'containers':[{'name':'c','lifecycle':{'stopSignal':'SIGTERM'}}]")
#define SCHEDULER(arg)                                                                             \
	POD("'containers':[{'name':'c','image':'r/kube-scheduler:v1','command':['" arg "']}]")

#define A_POD                                                                                      \
	{                                                                                          \
		BYTES(""), BYTES("v1"), BYTES("Pod")                                               \
	}
#define A_CLAIM                                                                                    \
	{                                                                                          \
		BYTES(""), BYTES("v1"), BYTES("PersistentVolumeClaim")                             \
	}
#define A_CIDR                                                                                     \
	{                                                                                          \
		BYTES("networking.k8s.io"), BYTES("v1beta1"), BYTES("ServiceCIDR")                 \
	}

static const struct preflight_case {
	const char *why;
	unsigned from, to;
	struct gvk kind;
	const char *subresource, *object;
	const char *says; /* a line each: kind, message, remedy */
} flights[] = {
	{ "a field that is withdrawn",
	  31,
	  32,
	  { BYTES("resource.k8s.io"), BYTES("v1alpha3"), BYTES("DeviceClass") },
	  "",
	  "{'spec':{'suitableNodes':{}}}",
	  "removed: spec.suitableNodes: DRAControlPlaneController is withdrawn in 1.32: take it out\n" },
	{ "a field that is deprecated", 32, 33, A_POD, "status",
	  "{'status':{'containerStatuses':[{'name':'c','allocatedResources':{'cpu':'1'}}]}}",
	  "deprecated: status.containerStatuses[name=c].allocatedResources: "
	  "InPlacePodVerticalScalingAllocatedStatus is deprecated in 1.33: take it out\n" },
	{ "a field that is generally available", 26, 31, A_POD, "",
	  POD("'schedulingGates':[{'name':'g'}]"),
	  "allowed: spec.schedulingGates: PodSchedulingReadiness is generally available since 1.30: "
	  "Nothing needs to be done for it.\n" },
	{ "in that very minor", 26, 30, A_POD, "", POD("'schedulingGates':[{'name':'g'}]"),
	  "allowed: spec.schedulingGates: PodSchedulingReadiness is generally available since 1.30: "
	  "Nothing needs to be done for it.\n" },
	{ "a field that is beta", 26, 29, A_POD, "", POD("'schedulingGates':[{'name':'g'}]"),
	  "alpha-free: spec.schedulingGates: PodSchedulingReadiness is beta since 1.27: "
	  "Nothing needs to be done for it.\n" },
	{ "a field that is beta, and off", 29, 31, A_CLAIM, "",
	  POD("'volumeAttributesClassName':'a'"),
	  "alpha-free: spec.volumeAttributesClassName: VolumeAttributesClass is beta since 1.31, off "
	  "by default: It has an effect only where its gate is switched on.\n" },
	{ "a field that stays alpha", 29, 30, A_CLAIM, "", POD("'volumeAttributesClassName':'a'"),
	  "" },
	{ "a field that was beta before", 32, 34, A_CLAIM, "",
	  POD("'volumeAttributesClassName':'a'"), "" },
	{ "a field that comes as alpha", 32, 34, A_POD, "", STOPS,
	  "alpha: spec.containers[name=c].lifecycle.stopSignal: ContainerStopSignals is alpha in 1.34, "
	  "and 1.32 does not know it: take it out: Oracle does not support alpha features\n" },
	{ "a field that comes later", 30, 32, A_POD, "", STOPS, "" },
	{ "a gate by hand that goes", 34, 37, A_POD, "",
	  SCHEDULER("--feature-gates=SidecarContainers=true"),
	  "removed: spec.containers[name=c].command names gate SidecarContainers, which Kubernetes "
	  "1.37 no longer knows: a component that is given its name does not start: take the gate out "
	  "before the upgrade\n" },
	{ "a gate by hand that stays", 34, 36, A_POD, "",
	  SCHEDULER("--feature-gates=SidecarContainers=true"), "" },
	{ "an alpha version that goes",
	  28,
	  29,
	  { BYTES("networking.k8s.io"), BYTES("v1alpha1"), BYTES("ClusterCIDR") },
	  "",
	  "{}",
	  "removed: networking.k8s.io/v1alpha1 ClusterCIDR is no longer served since Kubernetes 1.29: take "
	  "it out: no stable version of this kind is known\n" },
	{ "an alpha version that went, whatever was announced",
	  30,
	  31,
	  { BYTES("networking.k8s.io"), BYTES("v1alpha1"), BYTES("ClusterCIDR") },
	  "",
	  "{}",
	  "removed: networking.k8s.io/v1alpha1 ClusterCIDR is no longer served since Kubernetes 1.29: take "
	  "it out: no stable version of this kind is known\n" },
	{ "an alpha version that goes sooner than was announced",
	  27,
	  28,
	  { BYTES("networking.k8s.io"), BYTES("v1alpha1"), BYTES("ClusterCIDR") },
	  "",
	  "{}",
	  "deprecated: networking.k8s.io/v1alpha1 ClusterCIDR is deprecated since Kubernetes 1.28; it goes "
	  "in 1.29: \n" },
	{ "an alpha version that went before its end was announced",
	  35,
	  36,
	  { BYTES("coordination.k8s.io"), BYTES("v1alpha1"), BYTES("LeaseCandidate") },
	  "",
	  "{}",
	  "removed: coordination.k8s.io/v1alpha1 LeaseCandidate is no longer served since Kubernetes 1.32: take it out: no stable version of this kind is known\n" },
	{ "an alpha version that went without a word",
	  30,
	  32,
	  { BYTES("resource.k8s.io"), BYTES("v1alpha2"), BYTES("ResourceClass") },
	  "",
	  "{}",
	  "removed: resource.k8s.io/v1alpha2 ResourceClass is no longer served since Kubernetes 1.31: take it out: no stable version of this kind is known\n" },
	{ "an alpha version that is served though its end was announced",
	  37,
	  38,
	  { BYTES("admissionregistration.k8s.io"), BYTES("v1alpha1"),
	    BYTES("MutatingAdmissionPolicy") },
	  "",
	  "{}",
	  "deprecated: admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy is deprecated since Kubernetes 1.35: use admissionregistration.k8s.io/v1 MutatingAdmissionPolicy\n" },
	{ "an alpha version that no known minor serves",
	  36,
	  37,
	  { BYTES("flowcontrol.apiserver.k8s.io"), BYTES("v1alpha1"), BYTES("FlowSchema") },
	  "",
	  "{}",
	  "removed: flowcontrol.apiserver.k8s.io/v1alpha1 FlowSchema is no longer served since Kubernetes 1.21: use flowcontrol.apiserver.k8s.io/v1 FlowSchema\n" },
	{ "an alpha version that none serves and nobody announced",
	  36,
	  37,
	  { BYTES("rbac.authorization.k8s.io"), BYTES("v1alpha1"), BYTES("Role") },
	  "",
	  "{}",
	  "" },
	{ "a version before its end is announced", 32, 33, A_CIDR, "", "{}", "" },
	{ "a version whose end is announced", 33, 34, A_CIDR, "", "{}",
	  "deprecated: networking.k8s.io/v1beta1 ServiceCIDR is deprecated since Kubernetes 1.34; it "
	  "goes in 1.37: use networking.k8s.io/v1 ServiceCIDR\n" },
	{ "the last minor that serves it", 35, 36, A_CIDR, "", "{}",
	  "deprecated: networking.k8s.io/v1beta1 ServiceCIDR is deprecated since Kubernetes 1.34; it "
	  "goes in 1.37: use networking.k8s.io/v1 ServiceCIDR\n" },
	{ "a version that goes", 35, 37, A_CIDR, "", "{}",
	  "removed: networking.k8s.io/v1beta1 ServiceCIDR is no longer served since Kubernetes 1.37: "
	  "use networking.k8s.io/v1 ServiceCIDR\n" },
};

START_TEST(what_becomes_of_it)
{
	const struct preflight_case *c = &flights[_i];
	scoped(arena_end) struct arena arena;
	struct request r = { .operation = OP_CREATE,
			     .kind = c->kind,
			     .request_kind = c->kind,
			     .subresource = str_of(c->subresource),
			     .request_subresource = str_of(c->subresource),
			     .namespace = STR("t"),
			     .name = STR("n"),
			     .offline = true };
	struct preflight *found;
	struct str object;
	struct text out;
	struct err err;
	size_t n;

	arena_init(&arena, MEMORY);
	text_init(&out, &arena, 4096);
	object = str_copy(&arena, str_of(c->object));
	for (size_t i = 0; i < object.n; i++)
		if (object.s[i] == '\'')
			((char *)object.s)[i] = '"';
	r.object = object;
	ck_assert_int_eq(preflight_find(c->from, c->to, &r, &arena, &found, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		text_printf(&out, "%s: %.*s: %.*s\n", preflight_name(found[i].kind),
			    STR_ARG(found[i].message), STR_ARG(found[i].remedy));
	ck_assert_msg(str_is(text_get(&out), c->says), "%s:\n%.*s", c->why,
		      STR_ARG(text_get(&out)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alpha");
	TCase *tc = tcase_create("preflight");

	tcase_add_loop_test(tc, what_becomes_of_it, 0, ROWS(flights));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
