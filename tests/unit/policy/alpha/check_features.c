/* SPDX-License-Identifier: Apache-2.0
 * check_features.c - which uses of alpha features a request shows, row by row.
 *
 * Objects are written with ' for " and read from text, as a request's are.
 */
#include "policy/alpha/features.h"

#include <check.h>

#include "lib/base/cleanup.h"
#include "tests/unit/suite.h"

#define ARENA_MAX (8u << 20)

struct feature_row {
	const char *why;
	unsigned minor;
	const char *gvk; /* "apps/v1 Deployment" */
	const char *object, *old, *want;
	const char *subresource; /* NULL: the object itself */
};

/* "kind place gate,gate; ..." of all alpha uses. */
static const char *uses_text(const struct feature_uses *uses, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, 1 << 16);
	for (const struct feature_use *u = uses->first; u; u = u->next) {
		if (u->stage != FEATURE_ALPHA)
			continue;
		text_printf(&t, "%s%s ", t.n ? "; " : "", use_kind_name(u->kind));
		place_print(u->place, &t);
		for (size_t i = 0; i < u->gates_n; i++)
			text_printf(&t, "%s%.*s", i ? "," : " ", STR_ARG(u->gates[i]));
	}
	return text_get(&t).s;
}

static struct str quoted(const char *text, struct arena *arena)
{
	struct str s = str_copy(arena, str_of(text));

	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '\'')
			((char *)s.s)[i] = '"';
	return s;
}

static const struct json *parsed(struct str text, struct arena *arena)
{
	struct err err;
	const struct json *j = json_parse(text, &features_limits, arena, &err);

	ck_assert_msg(j != NULL, "%s: %.*s", err.msg, STR_ARG(text));
	return j;
}

/* As a request's two objects are read: what is the same in both may be shared. */
static void parsed_pair(const struct request *req, struct arena *arena, const struct json **object,
			const struct json **old)
{
	struct json *both[2];
	struct err err;

	ck_assert_msg(
		!json_parse_pair(req->object, req->old_object, &features_limits, arena, both, &err),
		"%s: %.*s", err.msg, STR_ARG(req->object));
	*object = both[0];
	*old = both[1];
}

static struct gvk gvk_split(const char *text)
{
	struct str s = str_of(text);
	const char *space = strchr(text, ' '), *slash = memchr(text, '/', (size_t)(space - text));
	struct gvk gvk = { .kind = str_of(space + 1) };

	gvk.group = slash ? (struct str){ text, (size_t)(slash - text) } : STR("");
	s = str_from(s, slash ? gvk.group.n + 1 : 0);
	gvk.version = (struct str){ s.s, (size_t)(space - s.s) };
	return gvk;
}

static void run_parsed(const struct feature_row *c, bool pair)
{
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	struct request req = { .operation = c->old ? OP_UPDATE : OP_CREATE };
	const struct json *object, *old = NULL;
	struct feature_uses uses;
	struct err err;
	const char *got;

	req.kind = req.request_kind = gvk_split(c->gvk);
	req.subresource = req.request_subresource = str_of(c->subresource);
	req.object = quoted(c->object, &arena);
	object = parsed(req.object, &arena);
	if (c->old)
		old = parsed(req.old_object = quoted(c->old, &arena), &arena);
	if (pair)
		parsed_pair(&req, &arena, &object, &old);
	ck_assert_int_eq(features_find(c->minor, &req, object, old, &arena, &uses, &err), 0);
	got = uses_text(&uses, &arena);
	ck_assert_msg(!strcmp(got, c->want), "%s:\n got %s\nwant %s", c->why, got, c->want);
	ck_assert_msg(!*c->want || features_possible(c->minor, &req),
		      "%s: not seen without parsing", c->why);
}

static void run(const struct feature_row *c)
{
	run_parsed(c, false);
	if (c->old)
		run_parsed(c, true);
}

#define POD        "v1 Pod"
#define DEPLOYMENT "apps/v1 Deployment"
#define STOP       "{'spec':{'containers':[{'name':'c','lifecycle':{'stopSignal':'SIGUSR1'}}]}}"
#define STOP_AT    "spec.containers[name=c].lifecycle.stopSignal ContainerStopSignals"

/* ---- fields and values ---- */

static const struct feature_row fields[] = {
	{ "a gated field", 36, POD, STOP, NULL, "field " STOP_AT, NULL },
	{ "before the field existed", 32, POD, STOP, NULL, "", NULL },
	{ "null is absent", 36, POD,
	  "{'spec':{'containers':[{'name':'c','lifecycle':{'stopSignal':null}}]}}", NULL, "",
	  NULL },
	{ "a pod template", 36, DEPLOYMENT,
	  "{'spec':{'template':{'spec':{'schedulingGroup':{'podGroupName':'a'}}}}}", NULL,
	  "field spec.template.spec.schedulingGroup GenericWorkload", NULL },
	{ "the same word elsewhere is another field", 36, DEPLOYMENT,
	  "{'spec':{'schedulingGroup':{},'template':{'metadata':{'labels':{'stopSignal':'x'}}}}}",
	  NULL, "", NULL },
	{ "beta since 1.35", 35, POD,
	  "{'spec':{'containers':[{'name':'c','restartPolicyRules':[{'action':'Restart'}]}]}}",
	  NULL, "", NULL },
	{ "alpha in 1.34", 34, POD,
	  "{'spec':{'containers':[{'name':'c','restartPolicyRules':[{'action':'Restart'}]}]}}",
	  NULL, "field spec.containers[name=c].restartPolicyRules ContainerRestartRules", NULL },
	{ "the gate changed its name: stateless pods first", 27, POD,
	  "{'spec':{'hostUsers':false}}", NULL,
	  "field spec.hostUsers UserNamespacesStatelessPodsSupport", NULL },
	{ "then all pods", 28, POD, "{'spec':{'hostUsers':false}}", NULL,
	  "field spec.hostUsers UserNamespacesSupport", NULL },
	{ "then beta", 30, POD, "{'spec':{'hostUsers':false}}", NULL, "", NULL },
	{ "a value that is the default, written", 27, POD, "{'spec':{'hostUsers':true}}", NULL,
	  "field spec.hostUsers UserNamespacesStatelessPodsSupport", NULL },
	{ "two gates, one of them alpha", 32, "resource.k8s.io/v1beta1 ResourceClaim",
	  "{'status':{'devices':[{'driver':'d'}]}}", NULL,
	  "field status.devices DRAResourceClaimDeviceStatus", "status" },
	{ "status counts through its subresource alone", 32,
	  "resource.k8s.io/v1beta1 ResourceClaim", "{'status':{'devices':[{'driver':'d'}]}}", NULL,
	  "", NULL },
	{ "a status write carries an old spec", 36, POD, STOP, "{}", "", "status" },
	{ "sidecars while alpha", 28, POD,
	  "{'spec':{'initContainers':[{'name':'s','restartPolicy':'Always'}]}}", NULL,
	  "field spec.initContainers[name=s].restartPolicy SidecarContainers", NULL },
	{ "sidecars since", 36, POD,
	  "{'spec':{'initContainers':[{'name':'s','restartPolicy':'Always'}]}}", NULL, "", NULL },
	{ "another value of the same field", 34, POD,
	  "{'spec':{'initContainers':[{'name':'s','restartPolicy':'Never'}]}}", NULL,
	  "value spec.initContainers[name=s].restartPolicy ContainerRestartRules", NULL },
	{ "dynamic resources in 1.31", 31, POD, "{'spec':{'resourceClaims':[{'name':'r'}]}}", NULL,
	  "field spec.resourceClaims DynamicResourceAllocation", NULL },
	{ "dynamic resources in 1.32, as Oracle's guide uses them: beta", 32, POD,
	  "{'spec':{'resourceClaims':[{'name':'r'}]}}", NULL, "", NULL },
	{ "a gated value", 36, POD, "{'spec':{'tolerations':[{'key':'a','operator':'Gt'}]}}", NULL,
	  "value spec.tolerations[0].operator TaintTolerationComparisonOperators", NULL },
	{ "an ordinary value", 36, POD, "{'spec':{'tolerations':[{'key':'a','operator':'Equal'}]}}",
	  NULL, "", NULL },
	{ "a gated number", 36, "autoscaling/v2 HorizontalPodAutoscaler",
	  "{'spec':{'minReplicas':0}}", NULL, "value spec.minReplicas HPAScaleToZero", NULL },
	{ "another number", 36, "autoscaling/v2 HorizontalPodAutoscaler",
	  "{'spec':{'minReplicas':10}}", NULL, "", NULL },
	{ "a value in a list of scalars", 26, "v1 PersistentVolumeClaim",
	  "{'spec':{'accessModes':['ReadWriteOnce','ReadWriteOncePod']}}", NULL,
	  "value spec.accessModes[1] ReadWriteOncePod", NULL },
	{ "a map's values", 36, "resource.k8s.io/v1 ResourceSlice",
	  "{'spec':{'devices':[{'name':'d','attributes':{'e.com/a':{'bools':[true]}}}]}}", NULL,
	  "field spec.devices[name=d].attributes[\"e.com/a\"].bools DRAListTypeAttributes", NULL },
	{ "kept with its gate off", 36, "apps/v1 StatefulSet",
	  "{'spec':{'volumeClaimTemplates':[{'spec':{'dataSourceRef':{'namespace':'n'}}}]}}", NULL,
	  "field spec.volumeClaimTemplates[0].spec.dataSourceRef.namespace "
	  "CrossNamespaceVolumeDataSource",
	  NULL },
	{ "deep in a JSON schema", 24, "apiextensions.k8s.io/v1 CustomResourceDefinition",
	  "{'spec':{'versions':[{'name':'v1','schema':{'openAPIV3Schema':{'properties':{'a':{'"
	  "items':{"
	  "'x-kubernetes-validations':[]}}}}}}]}}",
	  NULL,
	  "field spec.versions[name=v1].schema.openAPIV3Schema.properties.a.items."
	  "x-kubernetes-validations CustomResourceValidationExpressions",
	  NULL },
	{ "items of a list", 36, "v1 PodList", "{'items':[{}," STOP "]}", NULL,
	  "field items[1]." STOP_AT, NULL },
	{ "items of a list of anything", 36, "v1 List",
	  "{'items':[{'apiVersion':'v1','kind':'Pod','spec':{'schedulingGroup':{}}},"
	  "{'kind':'Pod','apiVersion':'other.io/v1','spec':{'schedulingGroup':{}}}]}",
	  NULL, "field items[0].spec.schedulingGroup GenericWorkload", NULL },
	{ "items of what is no list", 36, "shop.io/v1 Thing",
	  "{'items':[{'apiVersion':'v1','kind':'Pod','spec':{'schedulingGroup':{}}}]}", NULL, "",
	  NULL },
	{ "an eviction's options", 36, "policy/v1 Eviction",
	  "{'deleteOptions':{'ignoreStoreReadErrorWithClusterBreakingPotential':true}}", NULL,
	  "field deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential "
	  "AllowUnsafeMalformedObjectDeletion",
	  "eviction" },
	{ "a custom resource of the same shape", 36, "example.com/v1 Pod", STOP, NULL, "", NULL },
	{ "an ephemeral container", 36, POD,
	  "{'spec':{'ephemeralContainers':[{'name':'e','lifecycle':{'stopSignal':'SIGUSR1'}}]}}",
	  "{'spec':{}}",
	  "field spec.ephemeralContainers[name=e].lifecycle.stopSignal ContainerStopSignals",
	  "ephemeralcontainers" },
	{ "a newer version than is known counts as the newest", 99, POD,
	  "{'spec':{'containers':[{'name':'c','lifecycle':{'stopSignal':'SIGUSR1'}}]}}", NULL,
	  "field " STOP_AT, NULL },
};

/* ---- UPDATE: what this request adds or changes ---- */

#define TWO                                                                                        \
	"{'spec':{'containers':[{'name':'a'},{'name':'c','lifecycle':{'stopSignal':'SIGUSR1'}}]}}"

static const struct feature_row updates[] = {
	{ "was there", 36, POD, STOP, STOP, "", NULL },
	{ "was there, another item came before it", 36, POD, TWO, STOP, "", NULL },
	{ "was there, an item before it went", 36, POD, STOP, TWO, "", NULL },
	{ "changed", 36, POD, STOP,
	  "{'spec':{'containers':[{'name':'c','lifecycle':{'stopSignal':'SIGHUP'}}]}}",
	  "field " STOP_AT, NULL },
	{ "added", 36, POD, STOP, "{'spec':{'containers':[{'name':'c'}]}}", "field " STOP_AT,
	  NULL },
	{ "removed", 36, POD, "{'spec':{'containers':[{'name':'c'}]}}", STOP, "", NULL },
	{ "another container has it now", 36, POD,
	  "{'spec':{'containers':[{'name':'d','lifecycle':{'stopSignal':'SIGUSR1'}}]}}", STOP,
	  "field spec.containers[name=d].lifecycle.stopSignal ContainerStopSignals", NULL },
	{ "an item without a name moved", 36, POD,
	  "{'spec':{'tolerations':[{'key':'n'},{'key':'a','operator':'Gt'}]}}",
	  "{'spec':{'tolerations':[{'key':'a','operator':'Gt'}]}}", "", NULL },
	{ "an item without a name changed otherwise", 36, POD,
	  "{'spec':{'tolerations':[{'key':'b','operator':'Gt'}]}}",
	  "{'spec':{'tolerations':[{'key':'a','operator':'Gt'}]}}", "", NULL },
	{ "a gated structure changed inside", 36, POD, "{'spec':{'schedulingGroup':{'a':'2'}}}",
	  "{'spec':{'schedulingGroup':{'a':'1'}}}", "field spec.schedulingGroup GenericWorkload",
	  NULL },
};

/* ---- versions and keys ---- */

static const struct feature_row names[] = {
	{ "an alpha API of Kubernetes", 36, "scheduling.k8s.io/v1alpha2 PodGroup", "{}", NULL,
	  "version apiVersion GenericWorkload", NULL },
	{ "its gate of the minor", 36, "resource.k8s.io/v1alpha3 DeviceTaintRule", "{}", NULL,
	  "version apiVersion DRADeviceTaintRules", NULL },
	{ "and of an earlier one", 34, "resource.k8s.io/v1alpha3 DeviceTaintRule", "{}", NULL,
	  "version apiVersion DRADeviceTaints", NULL },
	{ "an alpha version that is not known yet", 36, "resource.k8s.io/v1alpha9 Thing", "{}",
	  NULL, "version apiVersion", NULL },
	{ "the Gateway API is not Kubernetes' own", 36,
	  "gateway.networking.k8s.io/v1alpha2 TCPRoute", "{}", NULL, "", NULL },
	{ "snapshots neither", 36, "snapshot.storage.k8s.io/v1alpha1 VolumeSnapshot", "{}", NULL,
	  "", NULL },
	{ "a customer's own", 36, "example.com/v1alpha1 Thing", "{}", NULL, "", NULL },
	{ "the only version of a configuration file", 36,
	  "kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration", "{'mode':'iptables'}", NULL,
	  "", NULL },
	{ "an UPDATE of its content", 36, "scheduling.k8s.io/v1alpha2 PodGroup", "{'spec':{'a':1}}",
	  "{'spec':{'a':2}}", "version apiVersion GenericWorkload", NULL },
	{ "an UPDATE of its labels", 36, "scheduling.k8s.io/v1alpha2 PodGroup",
	  "{'metadata':{'labels':{'a':'b'}},'spec':{'a':1}}", "{'metadata':{},'spec':{'a':1}}", "",
	  NULL },
	{ "a definition in a group of Kubernetes", 36,
	  "apiextensions.k8s.io/v1 CustomResourceDefinition",
	  "{'spec':{'group':'scheduling.k8s.io','names':{'kind':'PodGroup'},"
	  "'versions':[{'name':'v1alpha2'},{'name':'v1'}]}}",
	  NULL, "version spec.versions[name=v1alpha2] GenericWorkload", NULL },
	{ "a definition in a group of others", 36,
	  "apiextensions.k8s.io/v1 CustomResourceDefinition",
	  "{'spec':{'group':'gateway.networking.k8s.io','versions':[{'name':'v1alpha2'}]}}", NULL,
	  "", NULL },
	{ "an APIService in a group of Kubernetes", 36, "apiregistration.k8s.io/v1 APIService",
	  "{'spec':{'group':'storage.k8s.io','version':'v1alpha1'}}", NULL, "version spec.version",
	  NULL },
	{ "an APIService of others", 36, "apiregistration.k8s.io/v1 APIService",
	  "{'spec':{'group':'custom.example.com','version':'v1alpha1'}}", NULL, "", NULL },
	{ "an annotation", 36, "v1 Namespace",
	  "{'metadata':{'annotations':{'scheduler.alpha.kubernetes.io/node-selector':'a=b'}}}",
	  NULL, "key metadata.annotations[\"scheduler.alpha.kubernetes.io/node-selector\"]", NULL },
	{ "it was there", 36, "v1 Namespace",
	  "{'metadata':{'annotations':{'scheduler.alpha.kubernetes.io/node-selector':'a=b'}}}",
	  "{'metadata':{'annotations':{'scheduler.alpha.kubernetes.io/node-selector':'a=b'}}}", "",
	  NULL },
	{ "a label", 36, "v1 ConfigMap",
	  "{'metadata':{'labels':{'applyset.kubernetes.io/part-of':'x'}}}", NULL,
	  "key metadata.labels[\"applyset.kubernetes.io/part-of\"] KUBECTL_APPLYSET", NULL },
	{ "ExternalDNS has its own alpha", 36, "v1 Service",
	  "{'metadata':{'annotations':{'external-dns.alpha.kubernetes.io/hostname':'x'}}}", NULL,
	  "", NULL },
	{ "an annotation that nothing reads any more", 36, POD,
	  "{'metadata':{'annotations':{'scheduler.alpha.kubernetes.io/critical-pod':''}}}", NULL,
	  "", NULL },
	{ "a taint that nothing reads any more", 36, "v1 Node",
	  "{'spec':{'taints':[{'key':'node.alpha.kubernetes.io/notReady'}]}}", NULL, "", NULL },
};

/* ---- rules ---- */

#define USERNS "{'spec':{'hostUsers':false,'hostNetwork':true}}"

#define D21 "abcdefghijklmnopqrstu"
#define D84 D21 D21 D21 D21

static const struct feature_row rules[] = {
	{ "a combination", 36, POD, USERNS, NULL,
	  "value spec.hostUsers UserNamespacesHostNetworkSupport", NULL },
	{ "one half of it", 36, POD, "{'spec':{'hostUsers':false}}", NULL, "", NULL },
	{ "it was there", 36, POD, USERNS, USERNS, "", NULL },
	{ "a volume's affinity changes", 36, "v1 PersistentVolume",
	  "{'spec':{'nodeAffinity':{'a':1}}}", "{'spec':{'nodeAffinity':{'a':2}}}",
	  "value spec.nodeAffinity MutablePVNodeAffinity", NULL },
	{ "set for the first time", 36, "v1 PersistentVolume", "{'spec':{'nodeAffinity':{'a':1}}}",
	  "{'spec':{}}", "", NULL },
	{ "a name that starts with a digit", 35, "v1 Service", "{'metadata':{'name':'1a'}}", NULL,
	  "value metadata.name RelaxedServiceNameValidation", NULL },
	{ "beta since 1.36", 36, "v1 Service", "{'metadata':{'name':'1a'}}", NULL, "", NULL },
	{ "a variable with a blank", 30, POD,
	  "{'spec':{'containers':[{'name':'c','env':[{'name':'a b'},{'name':'a.b-c'}]}]}}", NULL,
	  "value spec.containers[name=c].env[name=\"a b\"] RelaxedEnvironmentVariableValidation",
	  NULL },
	{ "a search domain with an underscore", 32, POD,
	  "{'spec':{'dnsConfig':{'searches':['_tcp.a']}}}", NULL,
	  "value spec.dnsConfig.searches RelaxedDNSSearchValidation", NULL },
	{ "seven search domains", 25, POD,
	  "{'spec':{'dnsConfig':{'searches':['a','b','c','d','e','f','g']}}}", NULL,
	  "value spec.dnsConfig.searches ExpandedDNSConfig", NULL },
	{ "search domains of 257 characters", 25, POD,
	  "{'spec':{'dnsConfig':{'searches':['" D84 "a','" D84 "b','" D84 "c']}}}", NULL,
	  "value spec.dnsConfig.searches ExpandedDNSConfig", NULL },
	{ "of 256, the blanks between them counted", 25, POD,
	  "{'spec':{'dnsConfig':{'searches':['" D84 "a','" D84 "b','" D84 "']}}}", NULL, "", NULL },
	{ "they were there", 25, POD,
	  "{'spec':{'x':1,'dnsConfig':{'searches':['a','b','c','d','e','f','g']}}}",
	  "{'spec':{'dnsConfig':{'searches':['a','b','c','d','e','f','g']}}}", "", NULL },
	{ "they are taken away", 25, POD, "{'spec':{'dnsConfig':{}}}",
	  "{'spec':{'dnsConfig':{'searches':['a','b','c','d','e','f','g']}}}", "", NULL },
	{ "six of them", 25, POD, "{'spec':{'dnsConfig':{'searches':['a','b','c','d','e','f']}}}",
	  NULL, "", NULL },
	{ "a resize while it was alpha", 32, POD,
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'2'}}}]}}",
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'1'}}}]}}",
	  "value spec.containers[name=c].resources InPlacePodVerticalScaling", "resize" },
	{ "by an update of the pod, which that minor refuses", 32, POD,
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'2'}}}]}}",
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'1'}}}]}}", "", NULL },
	{ "by an update of the pod, as it was done before", 31, POD,
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'2'}}}]}}",
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'1'}}}]}}",
	  "value spec.containers[name=c].resources InPlacePodVerticalScaling", NULL },
	{ "of another subresource then", 31, POD,
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'2'}}}]}}",
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'1'}}}]}}", "",
	  "status" },
	{ "a template has no resize", 32, DEPLOYMENT,
	  "{'spec':{'template':{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'2'}}}]}}}}",
	  "{'spec':{'template':{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'1'}}}]}}}}",
	  "", "resize" },
	{ "a resize since", 36, POD,
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'2'}}}]}}",
	  "{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'1'}}}]}}", "",
	  "resize" },
	{ "a volume in memory is resized", 37, POD,
	  "{'spec':{'volumes':[{'name':'v','emptyDir':{'medium':'Memory','sizeLimit':'2Gi'}}]}}",
	  "{'spec':{'volumes':[{'name':'v','emptyDir':{'medium':'Memory','sizeLimit':'1Gi'}}]}}",
	  "value spec.volumes[name=v].emptyDir.sizeLimit "
	  "InPlacePodVerticalScalingMemoryBackedVolumes",
	  "resize" },
	{ "a suspended job's resources", 35, "batch/v1 Job",
	  "{'spec':{'template':{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'2'}"
	  "}}"
	  "]}}}}",
	  "{'spec':{'suspend':true,'template':{'spec':{'containers':[{'name':'c'}]}}}}",
	  "value spec.template.spec.containers[name=c].resources "
	  "MutablePodResourcesForSuspendedJobs",
	  NULL },
	{ "a suspended job's directives, after a start", 35, "batch/v1 Job",
	  "{'spec':{'template':{'spec':{'nodeSelector':{'a':'b'}}}}}",
	  "{'spec':{'suspend':true,'template':{'spec':{}}},'status':{'startTime':'t'}}",
	  "value spec.template.spec.nodeSelector MutableSchedulingDirectivesForSuspendedJobs",
	  NULL },
	{ "all of them", 35, "batch/v1 Job",
	  "{'spec':{'template':{'spec':{'affinity':{},'nodeSelector':{'a':'b'},"
	  "'schedulingGates':[],'tolerations':[],'hostname':'h'}}}}",
	  "{'spec':{'suspend':true,'template':{'spec':{}}},'status':{'startTime':'t'}}",
	  "value spec.template.spec.affinity MutableSchedulingDirectivesForSuspendedJobs; "
	  "value spec.template.spec.nodeSelector MutableSchedulingDirectivesForSuspendedJobs; "
	  "value spec.template.spec.schedulingGates MutableSchedulingDirectivesForSuspendedJobs; "
	  "value spec.template.spec.tolerations MutableSchedulingDirectivesForSuspendedJobs",
	  NULL },
	{ "and before one", 35, "batch/v1 Job",
	  "{'spec':{'template':{'spec':{'nodeSelector':{'a':'b'}}}}}",
	  "{'spec':{'suspend':true,'template':{'spec':{}}}}", "", NULL },
};

/* ---- gates switched on by hand ---- */

#define SCHEDULER(words)                                                                           \
	"{'spec':{'containers':[{'name':'c','image':'r/kube-scheduler:v1'," words "}]}}"
#define ARGS_WORKLOAD "gate spec.containers[name=c].args GenericWorkload"

#define TWICE                                                                                      \
	"{'spec':{'containers':[{'name':'c','env':[{'name':'KUBE_FEATURE_ClientsPreferCBOR',"      \
	"'value':'0'},{'name':'KUBE_FEATURE_ClientsPreferCBOR','value':'1'}]}]}}"

static const struct feature_row gates[] = {
	{ "one word", 36, POD, SCHEDULER("'args':['--feature-gates=GenericWorkload=true']"), NULL,
	  ARGS_WORKLOAD, NULL },
	{ "two words", 36, POD, SCHEDULER("'args':['--feature-gates','GenericWorkload=true']"),
	  NULL, ARGS_WORKLOAD, NULL },
	{ "set to false", 36, POD, SCHEDULER("'args':['--feature-gates=GenericWorkload=false']"),
	  NULL, "", NULL },
	{ "one of two is false", 36, POD,
	  SCHEDULER("'args':['--feature-gates=ContainerStopSignals=false, GenericWorkload=T']"),
	  NULL, ARGS_WORKLOAD, NULL },
	{ "the last word counts", 36, POD,
	  SCHEDULER("'args':['--feature-gates=GenericWorkload=true',"
		    "'--feature-gates=GenericWorkload=false']"),
	  NULL, "", NULL },
	{ "all of them", 36, POD, SCHEDULER("'args':['--feature-gates=AllAlpha=true']"), NULL,
	  "gate spec.containers[name=c].args AllAlpha", NULL },
	{ "quotes that nobody took off", 36, POD,
	  SCHEDULER("'args':['--feature-gates=\\'GenericWorkload=true\\'']"), NULL, ARGS_WORKLOAD,
	  NULL },
	{ "underscores", 36, POD, SCHEDULER("'args':['--feature_gates=GenericWorkload=1']"), NULL,
	  ARGS_WORKLOAD, NULL },
	{ "a component before the name", 36, POD,
	  SCHEDULER("'args':['--feature-gates=kube:GenericWorkload=true']"), NULL, ARGS_WORKLOAD,
	  NULL },
	{ "not a bool", 36, POD, SCHEDULER("'args':['--feature-gates=GenericWorkload=yes']"), NULL,
	  "", NULL },
	{ "an unknown gate", 36, POD, SCHEDULER("'args':['--feature-gates=NoSuchGate=true']"), NULL,
	  "", NULL },
	{ "a gate that is beta by now", 37, POD,
	  SCHEDULER("'args':['--feature-gates=MutableCSINodeAllocatableCount=true']"), NULL, "",
	  NULL },
	{ "another flag", 36, POD, SCHEDULER("'args':['--feature-gates-x=GenericWorkload=true']"),
	  NULL, "", NULL },
	{ "a NUL is no blank behind a list", 36, POD,
	  SCHEDULER("'args':['--feature-gates=GenericWorkload=true\\u0000']"), NULL, "", NULL },
	{ "blanks behind a list", 36, POD,
	  SCHEDULER("'args':['--feature-gates= GenericWorkload=true \\t\\n']"), NULL, ARGS_WORKLOAD,
	  NULL },
	{ "in the command", 36, POD,
	  SCHEDULER("'command':['kube-scheduler','--feature-gates=GenericWorkload=true']"), NULL,
	  "gate spec.containers[name=c].command GenericWorkload", NULL },
	{ "a component by its command", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'nginx','command':['/usr/bin/kubelet'],"
	  "'args':['--feature-gates=EventedPLEG=true']}]}}",
	  NULL, "gate spec.containers[name=c].args EventedPLEG", NULL },
	{ "the kubelet's folder is no kubelet", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'csi-provisioner','args':["
	  "'--feature-gates=AllAlpha=true','--root-dir=/var/lib/kubelet','/var/lib/kubelet']},"
	  "{'name':'d','image':'x','command':['sh','-c','ls /var/lib/kubelet; driver "
	  "--feature-gates=AllAlpha=true']}]}}",
	  NULL, "", NULL },
	{ "in a script", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'nginx','command':['sh','-c'],"
	  "'args':['set -e; exec kube-proxy --v=2 --feature-gates=\\'AllAlpha=true,A=false\\' "
	  "--x']}]}}",
	  NULL, "gate spec.containers[name=c].args AllAlpha", NULL },
	{ "in a script over lines, in two words", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'nginx','command':['sh','-c',"
	  "'exec kube-proxy \\\\\\n --feature-gates AllAlpha=true']}]}}",
	  NULL, "gate spec.containers[name=c].command AllAlpha", NULL },
	{ "in a script, behind a backslash", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'nginx','command':['sh','-c',"
	  "'exec kube-proxy --feature-gates=All\\\\Alpha=true']}]}}",
	  NULL, "gate spec.containers[name=c].command AllAlpha", NULL },
	{ "in a script, a flag of two lines", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'nginx','command':['sh','-c',"
	  "'exec kube-proxy --feature-gates=All\\\\\\nAlpha=true']}]}}",
	  NULL, "gate spec.containers[name=c].command AllAlpha", NULL },
	{ "in a script, behind a backslash in single quotes, which is one", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'nginx','command':['sh','-c',"
	  "'exec kube-proxy \\u0027--feature-gates=All\\\\Alpha=true\\u0027']}]}}",
	  NULL, "", NULL },
	{ "in a script, in single quotes", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'nginx','command':['sh','-c',"
	  "'exec kube-proxy \\u0027--feature-gates=AllAlpha=true\\u0027']}]}}",
	  NULL, "gate spec.containers[name=c].command AllAlpha", NULL },
	{ "from the environment", 36, POD,
	  SCHEDULER("'args':['--feature-gates=$(GATES)'],"
		    "'env':[{'name':'GATES','value':'GenericWorkload=true'}]"),
	  NULL, ARGS_WORKLOAD, NULL },
	{ "OKE's image of a component", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'iad.ocir.io/oracle/oke-public-kube-proxy:1',"
	  "'args':['--feature-gates=AllAlpha=true']}]}}",
	  NULL, "gate spec.containers[name=c].args AllAlpha", NULL },
	{ "a provisioner's gates are its own", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'registry.k8s.io/sig-storage/"
	  "csi-provisioner',"
	  "'args':['--feature-gates=CrossNamespaceVolumeDataSource=true']}]}}",
	  NULL, "", NULL },
	{ "virtual-kubelet is no kubelet", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'virtual-kubelet:1',"
	  "'args':['--feature-gates=AllAlpha=true']}]}}",
	  NULL, "", NULL },
	{ "was on", 36, POD, SCHEDULER("'args':['--v=2','--feature-gates=GenericWorkload=true']"),
	  SCHEDULER("'args':['--feature-gates=GenericWorkload=true']"), "", NULL },
	{ "was off", 36, POD, SCHEDULER("'args':['--feature-gates=GenericWorkload=true']"),
	  SCHEDULER("'args':['--feature-gates=GenericWorkload=false']"), ARGS_WORKLOAD, NULL },
	{ "alpha and on by default is alpha all the same", 32, POD,
	  "{'spec':{'containers':[{'name':'c','image':'kubelet',"
	  "'args':['--feature-gates=WindowsHostNetwork=true']}]}}",
	  NULL, "gate spec.containers[name=c].args WindowsHostNetwork", NULL },
	{ "dynamic resources where they were alpha", 31, POD,
	  SCHEDULER("'args':['--feature-gates=DynamicResourceAllocation=true']"), NULL,
	  "gate spec.containers[name=c].args DynamicResourceAllocation", NULL },
	{ "dynamic resources as Oracle's guide switches them on", 33, POD,
	  SCHEDULER("'args':['--feature-gates=DynamicResourceAllocation=true']"), NULL, "", NULL },
	{ "a variable that client-go reads", 36, DEPLOYMENT,
	  "{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'nginx','env':[{'name':"
	  "'KUBE_FEATURE_ClientsPreferCBOR','value':'1'}]}]}}}}",
	  NULL,
	  "gate spec.template.spec.containers[name=c].env[name=KUBE_FEATURE_ClientsPreferCBOR] "
	  "ClientsPreferCBOR",
	  NULL },
	{ "that variable, off", 36, POD,
	  "{'spec':{'containers':[{'name':'c','env':[{'name':'KUBE_FEATURE_ClientsPreferCBOR',"
	  "'value':'F'}]}]}}",
	  NULL, "", NULL },
	{ "a variable twice, as it was", 36, POD, TWICE, TWICE, "", NULL },
	{ "kubeadm's own gate", 36, POD,
	  "{'spec':{'containers':[{'name':'c','image':'x','command':['kubeadm','init'],"
	  "'args':['--feature-gates=RootlessControlPlane=true']}]}}",
	  NULL, "gate spec.containers[name=c].args RootlessControlPlane", NULL },
	{ "Karpenter's nodes, words", 36, "oci.oraclecloud.com/v1beta1 OCINodeClass",
	  "{'spec':{'kubeletConfig':{'extraArgs':['--feature-gates=EventedPLEG=true']}}}", NULL,
	  "gate spec.kubeletConfig.extraArgs EventedPLEG", NULL },
	{ "Karpenter's nodes, a line", 36, "oci.oraclecloud.com/v1beta1 OCINodeClass",
	  "{'spec':{'kubeletConfig':{'extraArgs':'--v=1 --feature-gates=EventedPLEG=true'}}}", NULL,
	  "gate spec.kubeletConfig.extraArgs EventedPLEG", NULL },
	{ "Karpenter's nodes, a map", 36, "oci.oraclecloud.com/v1beta1 OCINodeClass",
	  "{'spec':{'kubeletConfig':{'extraArgs':{'feature-gates':'EventedPLEG=true'}}}}", NULL,
	  "gate spec.kubeletConfig.extraArgs EventedPLEG", NULL },
};

/* ---- configuration of components ---- */

#define CONFIG_MAP(text) "{'data':{'kubelet':'" text "'}}"
#define KUBELET_HEAD     "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\n"

static const struct feature_row configs[] = {
	{ "YAML", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD "featureGates:\\n  EventedPLEG: true\\n"), NULL,
	  "gate data.kubelet EventedPLEG", NULL },
	{ "YAML in braces", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD
		     "featureGates: {EventedPLEG: true, KubeletPodResourcesGet: false}"),
	  NULL, "gate data.kubelet EventedPLEG", NULL },
	{ "JSON", 36, "v1 ConfigMap",
	  CONFIG_MAP("{\\'apiVersion\\':\\'kubelet.config.k8s.io/v1beta1\\',\\'kind\\':"
		     "\\'KubeletConfiguration\\',\\'featureGates\\':{\\'EventedPLEG\\':true}}"),
	  NULL, "gate data.kubelet EventedPLEG", NULL },
	{ "off", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD "featureGates:\\n  EventedPLEG: false\\n"), NULL, "", NULL },
	{ "the second document", 36, "v1 ConfigMap",
	  CONFIG_MAP("a: b\\n---\\napiVersion: kubeproxy.config.k8s.io/v1alpha1\\n"
		     "kind: KubeProxyConfiguration\\nfeatureGates:\\n  AllAlpha: true\\n"),
	  NULL, "gate data.kubelet AllAlpha", NULL },
	{ "a program with a map of that name", 36, "v1 ConfigMap",
	  CONFIG_MAP("apiVersion: controller.config.cert-manager.io/v1\\nfeatureGates:\\n  "
		     "AllAlpha: true\\n"),
	  NULL, "", NULL },
	{ "text that only looks so", 36, "v1 ConfigMap",
	  CONFIG_MAP("see kubelet.config.k8s.io/v1beta1: [ featureGates"), NULL, "", NULL },
	{ "was on", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD "maxPods: 1\\nfeatureGates:\\n  EventedPLEG: true\\n"),
	  CONFIG_MAP(KUBELET_HEAD "featureGates:\\n  EventedPLEG: true\\n"), "", NULL },
	{ "a setting that needs a gate", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD "memoryThrottlingFactor: 0.8\\n"), NULL,
	  "gate data.kubelet.memoryThrottlingFactor MemoryQoS", NULL },
	{ "settings that kubeadm writes out unset", 30, "v1 ConfigMap",
	  CONFIG_MAP(
		  KUBELET_HEAD
		  "crashLoopBackOff: {}\\nimageMaximumGCAge: 0s\\nlogging:\\n  "
		  "flushFrequency: 0\\n  options:\\n    json:\\n      infoBufferSize: "
		  "\\'0\\'\\n    text:\\n      infoBufferSize: \\'0\\'\\nmemorySwap: {}\\n"
		  "---\\napiVersion: kubeproxy.config.k8s.io/v1alpha1\\nkind: "
		  "KubeProxyConfiguration\\nnftables:\\n  masqueradeAll: false\\n  "
		  "masqueradeBit: null\\n  minSyncPeriod: 0s\\nwinkernel:\\n  enableDSR: false\\n"),
	  NULL, "", NULL },
	{ "one of them set", 30, "v1 ConfigMap",
	  CONFIG_MAP("apiVersion: kubeproxy.config.k8s.io/v1alpha1\\nkind: "
		     "KubeProxyConfiguration\\nnftables:\\n  masqueradeAll: false\\n  "
		     "syncPeriod: 1s\\n"),
	  NULL, "gate data.kubelet.nftables NFTablesProxyMode", NULL },
	{ "a policy option that is alpha", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD "cpuManagerPolicyOptions:\\n  align-by-socket: \\'true\\'\\n"),
	  NULL,
	  "gate data.kubelet.cpuManagerPolicyOptions.align-by-socket CPUManagerPolicyAlphaOptions",
	  NULL },
	{ "a value of a setting", 30, "v1 ConfigMap",
	  CONFIG_MAP("apiVersion: kubeproxy.config.k8s.io/v1alpha1\\nkind: "
		     "KubeProxyConfiguration\\nmode: nftables\\n"),
	  NULL, "gate data.kubelet.mode NFTablesProxyMode", NULL },
	{ "a scheduler plugin's arguments", 36, "v1 ConfigMap",
	  CONFIG_MAP(
		  "apiVersion: kubescheduler.config.k8s.io/v1\\nkind: KubeSchedulerConfiguration\\n"
		  "profiles:\\n- pluginConfig:\\n  - name: VolumeBinding\\n    args:\\n      "
		  "shape: []\\n"),
	  NULL,
	  "gate data.kubelet.profiles[0].pluginConfig[name=VolumeBinding].args.shape "
	  "StorageCapacityScoring",
	  NULL },
	{ "kubeadm: its own gates, and those of a component", 36, "v1 ConfigMap",
	  "{'data':{'ClusterConfiguration':'apiVersion: kubeadm.k8s.io/v1beta3\\nkind: "
	  "ClusterConfiguration\\nfeatureGates:\\n  RootlessControlPlane: true\\napiServer:\\n  "
	  "extraArgs:\\n    feature-gates: AllAlpha=true\\n'}}",
	  NULL,
	  "gate data.ClusterConfiguration AllAlpha; gate data.ClusterConfiguration "
	  "RootlessControlPlane",
	  NULL },
	{ "kubeadm's newer list of arguments", 36, "v1 ConfigMap",
	  CONFIG_MAP(
		  "apiVersion: kubeadm.k8s.io/v1beta4\\nkind: ClusterConfiguration\\nscheduler:\\n "
		  " extraArgs:\\n  - name: feature-gates\\n    value: GenericWorkload=true\\n"),
	  NULL, "gate data.kubelet GenericWorkload", NULL },
	{ "a configuration file by itself", 36,
	  "kubelet.config.k8s.io/v1beta1 KubeletConfiguration",
	  "{'apiVersion':'kubelet.config.k8s.io/v1beta1','featureGates':{'EventedPLEG':true},"
	  "'memoryThrottlingFactor':0.8}",
	  NULL, "gate memoryThrottlingFactor MemoryQoS; gate featureGates EventedPLEG", NULL },
	{ "a merge key", 36, "v1 ConfigMap",
	  CONFIG_MAP("x: &g {EventedPLEG: true}\\n" KUBELET_HEAD "featureGates:\\n  <<: *g\\n"),
	  NULL, "gate data.kubelet EventedPLEG", NULL },
	{ "a list of merge keys", 36, "v1 ConfigMap",
	  CONFIG_MAP("x: &g {EventedPLEG: true}\\ny: &h {MaxPods: false}\\n" KUBELET_HEAD
		     "featureGates: {<<: [*h, *g]}\\n"),
	  NULL, "gate data.kubelet EventedPLEG", NULL },
	{ "merged off again", 36, "v1 ConfigMap",
	  CONFIG_MAP("x: &g {EventedPLEG: true}\\n" KUBELET_HEAD
		     "featureGates:\\n  <<: *g\\n  EventedPLEG: false\\n"),
	  NULL, "", NULL },
	{ "it was on by a merge key", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD "featureGates: {EventedPLEG: On}"),
	  CONFIG_MAP("x: &g {EventedPLEG: yes}\\n" KUBELET_HEAD "featureGates:\\n  <<: *g\\n"), "",
	  NULL },
	{ "what no reader takes hides nothing", 36, "v1 ConfigMap",
	  CONFIG_MAP(
		  "a: !!binary aGk=\\nb: .nan\\nc: !!int x\\n~: d\\nyes: 1\\ntrue: 2\\n<<: 3\\n" KUBELET_HEAD
		  "featureGates: {EventedPLEG: true}"),
	  NULL, "gate data.kubelet EventedPLEG", NULL },
	{ "aliases of aliases are followed", 36, "v1 ConfigMap",
	  CONFIG_MAP(KUBELET_HEAD
		     "a: &a [1,1,1,1,1,1,1,1,1]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c "
		     "[*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e "
		     "[*d,*d]\\nfeatureGates:\\n  EventedPLEG: true\\n"),
	  NULL, "gate data.kubelet EventedPLEG", NULL },
};

/*
 * More configuration than is read is not none: nothing may hide behind it. Aliases that name a
 * billion values, a file that is too long, too many documents, too many files; and, right below
 * those limits, files and documents that are all read.
 */
static const struct config_case {
	unsigned aliases, comments, documents, files;
	bool whole;
} config_cases[] = {
	{ .aliases = 9, .files = 1 },    { .comments = 40000, .files = 1 },
	{ .documents = 32, .files = 1 }, { .documents = 31, .files = 1, .whole = true },
	{ .documents = 1, .files = 65 }, { .documents = 1, .files = 64, .whole = true },
};

static void config_map(struct text *t, const struct config_case *c)
{
	static const char head[] = "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: K\\n";

	text_puts(t, "{\"data\":{");
	for (unsigned i = 0; i < c->files; i++) {
		text_printf(t, "%s\"f%u\":\"%s", i ? "," : "", i, head);
		for (unsigned k = 0; k < c->aliases; k++)
			text_printf(t,
				    k ? "a%u: &a%u [*a%u,*a%u,*a%u,*a%u,*a%u]\\n"
				      : "a%u: &a%u [1]\\n",
				    k, k, k - 1, k - 1, k - 1, k - 1, k - 1);
		for (unsigned k = 0; k < c->comments; k++)
			text_puts(t, "# far, far too long to be read\\n");
		for (unsigned k = 1; k < c->documents; k++)
			text_printf(t, "---\\n%s", head);
		text_puts(t, "featureGates: {EventedPLEG: true}\\n\"");
	}
	text_puts(t, "}}");
}

START_TEST(too_much_configuration)
{
	const struct config_case *c = &config_cases[_i];
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	struct request req = { .operation = OP_CREATE };
	struct feature_uses uses = { .first = NULL };
	struct text t;
	struct err err;
	int r;

	text_init(&t, &arena, 4u << 20);
	config_map(&t, c);
	req.kind = req.request_kind = gvk_split("v1 ConfigMap");
	req.object = text_get(&t);
	r = features_find(36, &req, parsed(req.object, &arena), NULL, &arena, &uses, &err);
	ck_assert_int_eq(r, c->whole ? 0 : -1);
	ck_assert(c->whole ? uses.first != NULL : err.kind == ERR_LIMIT);
}
END_TEST

/* ---- what the API server dropped ---- */

#define APPLIED(text)                                                                              \
	"'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'" text "'}"
#define APPLIED_STOP                                                                               \
	APPLIED("{\\'apiVersion\\':\\'v1\\',\\'kind\\':\\'Pod\\',\\'spec\\':{\\'containers\\':["   \
		"{\\'name\\':\\'c\\',\\'lifecycle\\':{\\'stopSignal\\':\\'SIGUSR1\\'}}]}}")
#define STOP_NAMES                                                                                 \
	"'fieldsV1':{'f:spec':{'f:containers':{"                                                   \
	"'k:{\\'name\\':\\'c\\'}':{'.':{},'f:lifecycle':{'f:stopSignal':{}}}}}}"
#define STOP_ENTRY   "{'manager':'m'," STOP_NAMES "}"
#define OTHER_ENTRY  "{'manager':'n','fieldsV1':{'f:spec':{'f:nodeName':{}}}}"
#define MANAGED_STOP "'managedFields':[" STOP_ENTRY "]"
#define PLAIN        "'spec':{'containers':[{'name':'c'}]}"

static const struct feature_row drops[] = {
	{ "only the applied text has it", 36, POD, "{'metadata':{" APPLIED_STOP "}," PLAIN "}",
	  NULL, "dropped " STOP_AT, NULL },
	{ "only managedFields name it", 36, POD, "{'metadata':{" MANAGED_STOP "}," PLAIN "}", NULL,
	  "dropped " STOP_AT, NULL },
	{ "both: said once", 36, POD, "{'metadata':{" APPLIED_STOP "," MANAGED_STOP "}," PLAIN "}",
	  NULL, "dropped " STOP_AT, NULL },
	{ "an empty text and an empty list ask for nothing", 34, POD,
	  "{'metadata':{" APPLIED("{\\'spec\\':{\\'hostnameOverride\\':\\'\\',\\'containers\\':[{"
				  "\\'name\\':\\'c\\',\\'restartPolicyRules\\':[]}]}}") "}," PLAIN
											"}",
	  NULL, "", NULL },
	{ "the object has it: used, not dropped", 36, POD,
	  "{'metadata':{" APPLIED_STOP "," MANAGED_STOP "},"
	  "'spec':{'containers':[{'name':'c','lifecycle':{'stopSignal':'SIGUSR1'}}]}}",
	  NULL, "field " STOP_AT, NULL },
	{ "it stood there before", 36, POD,
	  "{'metadata':{'labels':{'a':'b'}," APPLIED_STOP "," MANAGED_STOP "}," PLAIN "}",
	  "{'metadata':{" APPLIED_STOP "," MANAGED_STOP "}," PLAIN "}", "", NULL },
	{ "applied again with another change", 36, POD,
	  "{'metadata':{" APPLIED("{\\'apiVersion\\':\\'v1\\',\\'spec\\':{\\'os\\':{},"
				  "\\'containers\\':[{\\'name\\':\\'c\\',\\'lifecycle\\':{"
				  "\\'stopSignal\\':\\'SIGUSR1\\'}}]}}") "}," PLAIN "}",
	  "{'metadata':{" APPLIED_STOP "}," PLAIN "}", "", NULL },
	{ "new in managedFields", 36, POD,
	  "{'metadata':{'labels':{'a':'b'}," MANAGED_STOP "}," PLAIN "}",
	  "{'metadata':{}," PLAIN "}", "dropped " STOP_AT, NULL },
	{ "new in managedFields, and nothing else changed", 36, POD,
	  "{'metadata':{" MANAGED_STOP "}," PLAIN "}", "{'metadata':{}," PLAIN "}", "", NULL },
	{ "new, behind an entry that stood there before", 36, POD,
	  "{'metadata':{'labels':{'a':'b'},'managedFields':[" OTHER_ENTRY "," STOP_ENTRY "]}," PLAIN
	  "}",
	  "{'metadata':{'managedFields':[" OTHER_ENTRY "]}," PLAIN "}", "dropped " STOP_AT, NULL },
	{ "new, before an entry that stood there before", 36, POD,
	  "{'metadata':{'labels':{'a':'b'},'managedFields':[" STOP_ENTRY "," OTHER_ENTRY "]}," PLAIN
	  "}",
	  "{'metadata':{'managedFields':[" OTHER_ENTRY "]}," PLAIN "}", "dropped " STOP_AT, NULL },
	{ "in an entry that stood there before, beside a new one", 36, POD,
	  "{'metadata':{'labels':{'a':'b'},'managedFields':[" OTHER_ENTRY "," STOP_ENTRY "]}," PLAIN
	  "}",
	  "{'metadata':{'managedFields':[ " STOP_ENTRY " ]}," PLAIN "}", "", NULL },
	{ "in an entry of which something else changed", 36, POD,
	  "{'metadata':{'labels':{'a':'b'},'managedFields':[{'time':'2'," STOP_NAMES "}]}," PLAIN
	  "}",
	  "{'metadata':{'managedFields':[{'time':'1'," STOP_NAMES "}]}," PLAIN "}", "", NULL },
	{ "the container went: nothing to say", 36, POD,
	  "{'metadata':{" APPLIED_STOP "," MANAGED_STOP "},'spec':{'containers':[{'name':'d'}]}}",
	  NULL, "", NULL },
	{ "not alpha any more", 30, POD,
	  "{'metadata':{" APPLIED("{\\'spec\\':{\\'hostUsers\\':false}}") "}," PLAIN "}", NULL, "",
	  NULL },
	{ "a text that is no JSON", 36, POD, "{'metadata':{" APPLIED("{spec: x") "}," PLAIN "}",
	  NULL, "", NULL },
	{ "a template", 36, DEPLOYMENT,
	  "{'metadata':{'managedFields':[{'fieldsV1':{'f:spec':{'f:template':{'f:spec':{"
	  "'f:schedulingGroup':{'f:podGroupName':{}}}}}}}]},'spec':{'template':{'spec':{}}}}",
	  NULL, "dropped spec.template.spec.schedulingGroup GenericWorkload", NULL },
	{ "another manager's status", 36, "v1 Node",
	  "{'metadata':{'managedFields':[{'subresource':'status','fieldsV1':{'f:status':{"
	  "'f:declaredFeatures':{}}}}]}}",
	  NULL, "", NULL },
};

#define RUN(table)                                                                                 \
	START_TEST(table##_found)                                                                  \
	{                                                                                          \
		run(&(table)[_i]);                                                                 \
	}                                                                                          \
	END_TEST

RUN(fields)
RUN(updates)
RUN(names)
RUN(rules)
RUN(gates)
RUN(configs)
RUN(drops)

/* YAML 1.1 has eleven words for each; a document of its own comes as JSON. */
static const char *const spellings[] = { "y",     "Y",    "yes", "Yes", "YES",   "true",
					 "True",  "TRUE", "on",  "On",  "ON",    "n",
					 "N",     "no",   "No",  "NO",  "false", "False",
					 "FALSE", "off",  "Off", "OFF" };
#define TRUE_N 11

START_TEST(spellings_found)
{
	char object[400];
	struct feature_row row = { spellings[_i], 36, "v1 ConfigMap", object, NULL, "", NULL };

	if (_i < TRUE_N)
		row.want = "gate data.kubelet EventedPLEG";
	snprintf(object, sizeof object, CONFIG_MAP(KUBELET_HEAD "featureGates: {EventedPLEG: %s}"),
		 spellings[_i]);
	run(&row);
	snprintf(object, sizeof object,
		 CONFIG_MAP("x: &g {EventedPLEG: %s}\\n" KUBELET_HEAD "featureGates: {<<: *g}"),
		 spellings[_i]);
	run(&row);
}
END_TEST

/* ---- what a client sent with the request ---- */

START_TEST(options_of_a_delete)
{
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	struct request req = {
		.operation = OP_DELETE,
		.kind = { STR(""), STR("v1"), STR("ConfigMap") },
		.options = STR("{\"kind\":\"DeleteOptions\",\"apiVersion\":\"meta.k8s.io/v1\","
			       "\"ignoreStoreReadErrorWithClusterBreakingPotential\":true}"),
	};
	struct feature_uses uses;
	struct err err;

	ck_assert(features_possible(36, &req));
	ck_assert_int_eq(features_find(36, &req, NULL, NULL, &arena, &uses, &err), 0);
	ck_assert_str_eq(uses_text(&uses, &arena),
			 "field options.ignoreStoreReadErrorWithClusterBreakingPotential "
			 "AllowUnsafeMalformedObjectDeletion");
	ck_assert(!features_possible(37, &req));
	req.options = STR("{\"kind\":\"DeleteOptions\",\"apiVersion\":\"meta.k8s.io/v1\"}");
	ck_assert(!features_possible(36, &req));
}
END_TEST

/* An alpha object may be removed. */
START_TEST(delete_is_no_use)
{
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	struct request req = { .operation = OP_DELETE };
	struct feature_uses uses;
	struct err err;

	req.kind = req.request_kind = gvk_split("scheduling.k8s.io/v1alpha2 PodGroup");
	ck_assert(!features_possible(36, &req));
	ck_assert_int_eq(
		features_find(36, &req, NULL, parsed(STR("{}"), &arena), &arena, &uses, &err), 0);
	ck_assert_uint_eq(uses.n, 0);
}
END_TEST

/* A converted object: judged by what the client used. */
START_TEST(version_by_request_kind)
{
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	struct request req = { .operation = OP_CREATE };
	struct feature_uses uses;
	struct err err;

	req.kind = gvk_split("certificates.k8s.io/v1beta1 ClusterTrustBundle");
	req.request_kind = gvk_split("certificates.k8s.io/v1alpha1 ClusterTrustBundle");
	ck_assert(features_possible(36, &req));
	ck_assert_int_eq(
		features_find(36, &req, parsed(STR("{}"), &arena), NULL, &arena, &uses, &err), 0);
	ck_assert_uint_eq(uses.n, 1);
	ck_assert(str_is(uses.first->what, "certificates.k8s.io/v1alpha1"));
	ck_assert(str_is(uses.first->replacement, "certificates.k8s.io/v1 ClusterTrustBundle"));
	ck_assert_uint_eq(uses.first->replacement_from, 37);
}
END_TEST

static const struct possible_case {
	const char *why, *gvk, *object;
	bool possible;
} possible[] = {
	{ "a pod is always looked into", POD, "{}", true },
	{ "a plain ConfigMap is not", "v1 ConfigMap", "{'data':{'a':'b'}}", false },
	{ "labels of Kubernetes are no reason", "v1 Secret",
	  "{'metadata':{'labels':{'app.kubernetes.io/name':'x','a.kubernetes.io/alpha':'y'}}}",
	  false },
	{ "the label of an ApplySet is", "v1 Secret",
	  "{'metadata':{'labels':{'applyset.kubernetes.io/part-of':'x'}}}", true },
	{ "a custom resource is not", "example.com/v1alpha1 Thing", "{'spec':{}}", false },
	{ "a lease is not", "coordination.k8s.io/v1 Event", "{}", false },
};

START_TEST(possible_without_parsing)
{
	const struct possible_case *c = &possible[_i];
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	struct request req = { .operation = OP_CREATE };

	req.kind = req.request_kind = gvk_split(c->gvk);
	req.object = quoted(c->object, &arena);
	ck_assert_msg(features_possible(36, &req) == c->possible, "%s", c->why);
}
END_TEST

/* ---- allow lists and words ---- */

START_TEST(allowed_by_gate)
{
	struct str list[] = { STR("A"), STR("key.io/x") };
	struct feature_use use = { .gates = { STR("A"), STR("B") }, .gates_n = 2 };

	ck_assert_msg(!use_allowed(&use, list, 2), "only one of two gates is in the list");
	use.gates_n = 1;
	ck_assert_msg(use_allowed(&use, list, 2), "its gate is in the list");
	ck_assert_msg(!use_allowed(&use, list, 0), "the list is empty");
	use.gates_n = 0;
	use.what = STR("key.io/x");
	ck_assert_msg(use_allowed(&use, list, 2), "a key without a gate goes by its name");
}
END_TEST

static const struct sentence_case {
	unsigned minor;
	const char *gvk, *object, *sentence, *remedy;
} sentences[] = {
	{ 34, POD, "{'spec':{'containers':[{'name':'app','restartPolicyRules':[]}]}}",
	  "spec.containers[name=app].restartPolicyRules uses ContainerRestartRules, alpha in 1.34 "
	  "(beta since 1.35); Oracle does not support alpha features",
	  "remove it, or wait for Kubernetes 1.35, where it is beta" },
	{ 36, POD, "{'spec':{'schedulingGroup':{}}}",
	  "spec.schedulingGroup uses GenericWorkload, alpha in 1.36 (beta since 1.37); Oracle does "
	  "not support alpha features",
	  "remove it, or wait for Kubernetes 1.37, where it is beta" },
	{ 36, "autoscaling/v2 HorizontalPodAutoscaler", "{'spec':{'minReplicas':0}}",
	  "spec.minReplicas (0) uses HPAScaleToZero, alpha in 1.36 (beta since 1.37); Oracle does "
	  "not "
	  "support alpha features",
	  "remove it, or wait for Kubernetes 1.37, where it is beta" },
	{ 33, "storage.k8s.io/v1alpha1 VolumeAttributesClass", "{}",
	  "apiVersion uses storage.k8s.io/v1alpha1, an alpha API version of VolumeAttributesClass; "
	  "Oracle does not support alpha features",
	  "use storage.k8s.io/v1 VolumeAttributesClass (from Kubernetes 1.34 on)" },
	{ 36, "v1 Namespace",
	  "{'metadata':{'annotations':{'scheduler.alpha.kubernetes.io/node-selector':''}}}",
	  "metadata.annotations[\"scheduler.alpha.kubernetes.io/node-selector\"] is an alpha key "
	  "of "
	  "Kubernetes; Oracle does not support alpha features",
	  "remove it" },
	{ 36, POD, SCHEDULER("'args':['--feature-gates=AllAlpha=true']"),
	  "spec.containers[name=c].args switches on AllAlpha, alpha in 1.36; Oracle does not "
	  "support "
	  "alpha features",
	  "leave it off" },
	{ 36, POD, "{'metadata':{" APPLIED_STOP "}," PLAIN "}",
	  "spec.containers[name=c].lifecycle.stopSignal has no effect: the API server dropped it, "
	  "since ContainerStopSignals is off; it is alpha in 1.36; Oracle does not support alpha "
	  "features",
	  "remove it from what you apply" },
};

START_TEST(sentences_teach)
{
	const struct sentence_case *c = &sentences[_i];
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	struct request req = { .operation = OP_CREATE };
	struct feature_uses uses;
	struct text t, path, remedy;
	struct err err;

	req.kind = req.request_kind = gvk_split(c->gvk);
	ck_assert_int_eq(features_find(c->minor, &req, parsed(quoted(c->object, &arena), &arena),
				       NULL, &arena, &uses, &err),
			 0);
	ck_assert_uint_eq(uses.n, 1);
	text_init(&t, &arena, 4096);
	text_init(&remedy, &arena, 4096);
	text_init(&path, &arena, 4096);
	place_print(uses.first->place, &path);
	use_sentence(uses.first, text_get(&path), 0, &t);
	use_remedy(uses.first, &remedy);
	ck_assert_str_eq(text_get(&t).s, c->sentence);
	ck_assert_str_eq(text_get(&remedy).s, c->remedy);
}
END_TEST

#define ROWS(t) ((int)(sizeof(t) / sizeof *(t)))

int main(void)
{
	Suite *s = suite_create("features");
	TCase *tc = tcase_create("features");

	tcase_add_loop_test(tc, fields_found, 0, ROWS(fields));
	tcase_add_loop_test(tc, updates_found, 0, ROWS(updates));
	tcase_add_loop_test(tc, names_found, 0, ROWS(names));
	tcase_add_loop_test(tc, rules_found, 0, ROWS(rules));
	tcase_add_loop_test(tc, gates_found, 0, ROWS(gates));
	tcase_add_loop_test(tc, too_much_configuration, 0,
			    sizeof config_cases / sizeof *config_cases);
	tcase_add_loop_test(tc, configs_found, 0, ROWS(configs));
	tcase_add_loop_test(tc, spellings_found, 0, ROWS(spellings));
	tcase_add_loop_test(tc, drops_found, 0, ROWS(drops));
	tcase_add_test(tc, options_of_a_delete);
	tcase_add_test(tc, delete_is_no_use);
	tcase_add_test(tc, version_by_request_kind);
	tcase_add_loop_test(tc, possible_without_parsing, 0, ROWS(possible));
	tcase_add_test(tc, allowed_by_gate);
	tcase_add_loop_test(tc, sentences_teach, 0, ROWS(sentences));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
