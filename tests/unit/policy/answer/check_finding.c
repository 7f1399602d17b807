/* SPDX-License-Identifier: Apache-2.0
 * check_finding.c - what a finding says: the first line, the changed fields, the remedy.
 */
#include "tests/unit/said.h"
#include "tests/unit/suite.h"

#define DEPLOYMENT .resource = "deployments", .kind = "Deployment", .name = "coredns"
#define CONFIGMAP  .resource = "configmaps", .kind = "ConfigMap", .name = "coredns"
#define MANAGES    "Oracle manages Deployment kube-system/coredns; "
#define CHANGING   MANAGES "changing it makes the cluster unsupported\n"
#define NO_WAY     "There is no supported way to change this field; ask Oracle Support.\n"
#define NO_ARGUMENT                                                                                \
	"No argument of add-on CoreDNS that oke-guard knows does this; ask Oracle Support.\n"
#define COMMANDS_FOR(cluster)                                                                      \
	"oci ce cluster get-addon --addon-name CoreDNS --cluster-id " cluster                      \
	" --query data.configurations > CoreDNS.json\n"                                            \
	"oci ce cluster update-addon --addon-name CoreDNS --cluster-id " cluster                   \
	" --configurations file://CoreDNS.json"
#define COMMANDS COMMANDS_FOR("$CLUSTER")
/* Names, "it" or "them", {"key":...,"value":...}, what else is said. */
#define SET(keys, it, items, more)                                                                 \
	"set add-on argument" keys ": in CoreDNS.json, from the first command, make " it " " items \
	" (an empty file: with [ ] around), keep the rest, then run the second" more "\n"
#define BASIC                                                                                      \
	.config.facts = &(struct fact)                                                             \
	{                                                                                          \
		.name = { "clusterType", 11 }, .value = { "basic", 5 }                             \
	}
#define ASKED "; write the value you want for <VALUE>"

static const struct say_case {
	const char *why;
	struct said said;
	const char *want;
} says[] = {
	{ "the example of the README",
	  { DEPLOYMENT, .subresource = "scale", .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"replicas\":3}}", .new = "{\"spec\":{\"replicas\":5}}" },
	  MANAGES "scaling it makes the cluster unsupported\n"
		  "  spec.replicas: 3 -> 5\n" SET(" minReplica", "it",
						  "{\"key\":\"minReplica\",\"value\":\"5\"}", "")
			  COMMANDS },
	{ "the kind of a scale is that of its resource",
	  { .resource = "deployments",
	    .kind = "Scale",
	    .name = "x",
	    .subresource = "scale",
	    .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"a\":1}",
	    .new = "{\"a\":2}" },
	  "Oracle manages Deployment kube-system/x; scaling it makes the cluster unsupported\n"
	  "  a: 1 -> 2\n" NO_ARGUMENT },
	{ "no argument gives no replicas",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":0}}" },
	  CHANGING "  spec.replicas: 3 -> 0\n"
		   "There is no supported way to run it with no replicas; ask Oracle Support.\n" },
	{ "the argument of another object",
	  { .resource = "deployments",
	    .kind = "Deployment",
	    .name = "kube-dns-autoscaler",
	    .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":5}}" },
	  "Oracle manages Deployment kube-system/kube-dns-autoscaler; changing it makes the "
	  "cluster unsupported\n  spec.replicas: 3 -> 5\n" NO_ARGUMENT },
	{ "a list as JSON in a string",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"template\":{\"spec\":{}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{\"tolerations\":[{\"key\":\"a\"}]}}}}" },
	  CHANGING "  spec.template.spec.tolerations: (none) -> [{\"key\":\"a\"}]\n" SET(
		  " tolerations", "it",
		  "{\"key\":\"tolerations\",\"value\":\"[{\\\"key\\\":\\\"a\\\"}]\"}", "")
		  COMMANDS },
	{ "what changed lies below the argument: the whole value",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"coredns\","
		   "\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"2\"}}}]}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"coredns\","
		   "\"resources\":{\"limits\":{\"cpu\":\"5\",\"memory\":\"6\"}}}]}}}}" },
	  CHANGING
	  "  spec.template.spec.containers[name=coredns].resources.limits.cpu: \"1\" -> \"5\"\n"
	  "  spec.template.spec.containers[name=coredns].resources.limits.memory: \"2\" -> \"6\"\n" SET(
		  " coreDnsContainerResources", "it",
		  "{\"key\":\"coreDnsContainerResources\",\"value\":\"{\\\"limits\\\":{\\\"cpu\\\":\\\"5\\\",\\\"memory\\\":\\\"6\\\"}}\"}",
		  "") COMMANDS },
	{ "two containers, one argument: no telling which",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"template\":{\"spec\":{\"containers\":["
		   "{\"name\":\"a\",\"resources\":{\"x\":1}},{\"name\":\"b\",\"resources\":{\"x\":"
		   "1}}]}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{\"containers\":["
		   "{\"name\":\"a\",\"resources\":{\"x\":2}},{\"name\":\"b\",\"resources\":{\"x\":"
		   "3}}]}}}}" },
	  CHANGING "  spec.template.spec.containers[name=a].resources.x: 1 -> 2\n"
		   "  spec.template.spec.containers[name=b].resources.x: 1 -> 3\n" SET(
			   " coreDnsContainerResources", "it",
			   "{\"key\":\"coreDnsContainerResources\",\"value\":\"<VALUE>\"}", ASKED)
			   COMMANDS },
	{ "a container added is not what its resources' argument does",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\"}]}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\"},"
		   "{\"name\":\"b\",\"resources\":{}}]}}}}" },
	  CHANGING "  spec.template.spec.containers[name=b]: (none) -> "
		   "{\"name\":\"b\",\"resources\":{}}\n" NO_ARGUMENT },
	{ "an argument within a value that was added whole",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .old = "{\"spec\":{}}",
	    .new = "{\"spec\":{\"strategy\":{\"type\":\"RollingUpdate\","
		   "\"rollingUpdate\":{\"maxSurge\":1}}}}" },
	  CHANGING "  spec.strategy: (none) -> {\"type\":\"RollingUpdate\","
		   "\"rollingUpdate\":{\"maxSurge\":1}}\n" SET(
			   " rollingUpdate", "it",
			   "{\"key\":\"rollingUpdate\",\"value\":\"{\\\"maxSurge\\\":1}\"}", "")
			   COMMANDS },
	{ "a field was removed",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"template\":{\"spec\":{\"tolerations\":[]}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{}}}}" },
	  CHANGING "  spec.template.spec.tolerations: [] -> (none)\n" SET(
		  " tolerations", "it", "{\"key\":\"tolerations\",\"value\":\"<VALUE>\"}",
		  "; the field was removed" ASKED) COMMANDS },
	{ "a value of which a part is not shown is asked for",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"template\":{\"spec\":{}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{\"tolerations\":[{\"password\":\"x\"}]}}}}" },
	  CHANGING
	  "  spec.template.spec.tolerations: (none) -> [{\"password\":\"(not shown)\"}]\n" SET(
		  " tolerations", "it", "{\"key\":\"tolerations\",\"value\":\"<VALUE>\"}", ASKED)
		  COMMANDS },
	{ "several arguments, and a change without one",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":4,\"paused\":true,"
		   "\"template\":{\"spec\":{\"nodeSelector\":{\"a\":\"b\"}}}}}" },
	  CHANGING
	  "  spec.replicas: 3 -> 4\n"
	  "  spec.paused: (none) -> true\n"
	  "  spec.template: (none) -> {\"spec\":{\"nodeSelector\":{\"a\":\"b\"}}}\n" SET(
		  "s minReplica, nodeSelectors", "them",
		  "{\"key\":\"minReplica\",\"value\":\"4\"}, {\"key\":\"nodeSelectors\",\"value\":\"{\\\"a\\\":\\\"b\\\"}\"}",
		  "; no argument that oke-guard knows does the rest") COMMANDS },
	{ "a basic cluster has no add-on settings",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":5}}",
	    .config.facts =
		    &(struct fact){ .name = { "clusterType", 11 }, .value = { "basic", 5 } } },
	  CHANGING "  spec.replicas: 3 -> 5\n"
		   "Add-on arguments and commands need an enhanced cluster; this one is basic.\n" },
	{ "the cluster's OCID",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":5}}",
	    .config.cluster_ocid = { "ocid1.cluster.oc1..aaaa", 23 } },
	  CHANGING "  spec.replicas: 3 -> 5\n" SET(" minReplica", "it",
						   "{\"key\":\"minReplica\",\"value\":\"5\"}", "")
		  COMMANDS_FOR("ocid1.cluster.oc1..aaaa") },
	{ "an OCID that a shell would take for more",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":5}}", .config.cluster_ocid = { "x;reboot", 8 } },
	  CHANGING "  spec.replicas: 3 -> 5\n" SET(
		  " minReplica", "it", "{\"key\":\"minReplica\",\"value\":\"5\"}", "") COMMANDS },
	{ "fewer replicas: not the floor, but how many nodes share one",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .lower = "nodesPerReplica",
	    .old = "{\"spec\":{\"replicas\":5}}", .new = "{\"spec\":{\"replicas\":3}}" },
	  CHANGING "  spec.replicas: 5 -> 3\n" SET(
		  " nodesPerReplica", "it", "{\"key\":\"nodesPerReplica\",\"value\":\"<VALUE>\"}",
		  "; a larger nodesPerReplica gives fewer, and minReplica is only the least number" ASKED)
		  COMMANDS },
	{ "more replicas: the floor",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, .lower = "nodesPerReplica",
	    .old = "{\"spec\":{\"replicas\":3}}", .new = "{\"spec\":{\"replicas\":5}}" },
	  CHANGING "  spec.replicas: 3 -> 5\n" SET(
		  " minReplica", "it", "{\"key\":\"minReplica\",\"value\":\"5\"}", "") COMMANDS },
	{ "an image: the add-on's version brings it",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"x\"}]}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"y\"}]}}}}" },
	  CHANGING
	  "  spec.template.spec.containers[name=a].image: \"x\" -> \"y\"\n"
	  "choose the add-on's version, which brings the image: the first command lists them ($KUBERNETES: the cluster's version, as in v1.34.1)\n"
	  "oci ce addon-option list --kubernetes-version $KUBERNETES --addon-name CoreDNS\n"
	  "oci ce cluster update-addon --addon-name CoreDNS --cluster-id $CLUSTER --version-parameterconflict $VERSION" },
	{ "an image and an argument",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"spec\":{\"replicas\":3,\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"x\"}]}}}}",
	    .new = "{\"spec\":{\"replicas\":5,\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"y\"}]}}}}" },
	  CHANGING
	  "  spec.replicas: 3 -> 5\n"
	  "  spec.template.spec.containers[name=a].image: \"x\" -> \"y\"\n" SET(
		  " minReplica", "it", "{\"key\":\"minReplica\",\"value\":\"5\"}",
		  "; the image comes with the add-on's version (update-addon --version-parameterconflict)")
		  COMMANDS },
	{ "an image in a basic cluster: no version to choose",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, BASIC,
	    .old = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"x\"}]}}}}",
	    .new = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"y\"}]}}}}" },
	  CHANGING "  spec.template.spec.containers[name=a].image: \"x\" -> \"y\"\n"
		   "Add-on arguments and commands need an enhanced cluster; this one is basic.\n" },
	{ "a basic cluster, of which the add-on says more",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, BASIC,
	    .basic = "It is put back now and then.", .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":5}}" },
	  CHANGING
	  "  spec.replicas: 3 -> 5\n"
	  "Add-on arguments and commands need an enhanced cluster; this one is basic. It is put back now and then.\n" },
	{ "a basic cluster, of which the rule's remedy says more",
	  { CONFIGMAP, BASIC,
	    .rule = { .tier = TIER_UNSUPPORTED,
		      .remedy = { .text = { "set it", 6 },
				  .command = { "oci ce cluster update-addon --addon-name CoreDNS --cluster-id $CLUSTER",
					       70 },
				  .basic = { "use ConfigMap coredns-custom", 28 } } },
	    .old = "{\"data\":{\"a\":\"b\"}}", .new = "{\"data\":{\"a\":\"c\"}}" },
	  "Oracle manages ConfigMap kube-system/coredns; changing it makes the cluster unsupported\n  data.a: \"b\" -> \"c\"\n"
	  "use ConfigMap coredns-custom\n" },
	{ "a basic cluster: a command of add-ons is none there",
	  { CONFIGMAP, BASIC,
	    .rule = { .tier = TIER_UNSUPPORTED,
		      .remedy = { .text = { "set it", 6 },
				  .command = { "oci ce cluster update-addon --addon-name CoreDNS --cluster-id $CLUSTER",
					       70 } } },
	    .old = "{\"data\":{\"a\":\"b\"}}", .new = "{\"data\":{\"a\":\"c\"}}" },
	  "Oracle manages ConfigMap kube-system/coredns; changing it makes the cluster unsupported\n  data.a: \"b\" -> \"c\"\n"
	  "Add-on arguments and commands need an enhanced cluster; this one is basic.\n" },
	{ "no argument fits in a basic cluster",
	  { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED, BASIC, .old = "{\"spec\":{}}",
	    .new = "{\"spec\":{\"paused\":true}}" },
	  CHANGING "  spec.paused: (none) -> true\n"
		   "Add-on arguments and commands need an enhanced cluster; this one is basic.\n" },
	{ "a policy of nobody: no Oracle in it, and no way to its support",
	  { CONFIGMAP, .owner = "", .rule.tier = TIER_UNSUPPORTED,
	    .old = "{\"data\":{\"a\":\"b\"}}", .new = "{\"data\":{\"a\":\"c\"}}" },
	  "policy coredns refuses changing ConfigMap kube-system/coredns\n  data.a: \"b\" -> \"c\"\n\n" },
	{ "a policy of somebody else's",
	  { DEPLOYMENT, .owner = "the platform team", .operation = OP_DELETE,
	    .rule.tier = TIER_UNSUPPORTED },
	  "policy coredns of the platform team refuses removing Deployment kube-system/coredns\n\n" },
	{ "of somebody else's, best effort",
	  { CONFIGMAP, .owner = "the platform team", .rule.tier = TIER_BEST_EFFORT,
	    .old = "{\"data\":{\"a\":\"b\"}}", .new = "{\"data\":{\"a\":\"c\"}}" },
	  "policy coredns of the platform team refuses changing ConfigMap kube-system/coredns\n  data.a: \"b\" -> \"c\"\n\n" },
	{ "a rule's own remedy, where no argument fits",
	  { CONFIGMAP,
	    .rule = { .tier = TIER_UNSUPPORTED,
		      .remedy = { .text = { "use ConfigMap coredns-custom", 28 },
				  .command = { "run it --cluster-id $CLUSTER", 28 } } },
	    .old = "{\"data\":{\"a\":\"b\"}}", .new = "{\"data\":{\"a\":\"c\"}}",
	    .config.cluster_ocid = { "ocid1.x", 7 } },
	  "Oracle manages ConfigMap kube-system/coredns; changing it makes the cluster "
	  "unsupported\n  data.a: \"b\" -> \"c\"\nuse ConfigMap coredns-custom\n"
	  "run it --cluster-id ocid1.x" },
#define RESTART                                                                                    \
	.name = "x", .owner = "", .old = "{\"a\":1}", .new = "{\"a\":2}",                          \
	.rule = { .tier = TIER_UNSUPPORTED,                                                        \
		  .remedy = {                                                                      \
			  .text = { "restart it", 10 },                                            \
			  .command = { "kubectl -n $NAMESPACE rollout restart $WORKLOAD", 47 } } }
#define RESTARTS(kind)                                                                             \
	"policy coredns refuses changing " kind " kube-system/x\n  a: 1 -> 2\nrestart it\n"
#define ROLLOUT "kubectl -n kube-system rollout restart "
	{ "a rollout, of a Deployment",
	  { .resource = "deployments", .kind = "Deployment", RESTART },
	  RESTARTS("Deployment") ROLLOUT "deployment/x" },
	{ "of a DaemonSet",
	  { .resource = "daemonsets", .kind = "DaemonSet", RESTART },
	  RESTARTS("DaemonSet") ROLLOUT "daemonset/x" },
	{ "of a StatefulSet",
	  { .resource = "statefulsets", .kind = "StatefulSet", RESTART },
	  RESTARTS("StatefulSet") ROLLOUT "statefulset/x" },
	{ "of what has none",
	  { .resource = "configmaps", .kind = "ConfigMap", RESTART },
	  RESTARTS("ConfigMap") },
	{ "a rule's own message",
	  { CONFIGMAP, .operation = OP_CREATE,
	    .rule = { .tier = TIER_UNSUPPORTED, .message = { "$object is not yours", 20 } } },
	  "ConfigMap kube-system/coredns is not yours\n"
	  "There is no supported way to do this; ask Oracle Support.\n" },
	{ "best effort: nothing is made up",
	  { DEPLOYMENT, .rule.tier = TIER_BEST_EFFORT, .old = "{\"metadata\":{}}",
	    .new = "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}" },
	  "Deployment kube-system/coredns is part of OKE; after this change Oracle gives "
	  "best-effort support\n  metadata.labels.a: (none) -> \"b\"\n\n" },
	{ "supported, but an override restricts it",
	  { DEPLOYMENT, .rule.tier = TIER_SUPPORTED, .old = "{\"spec\":{\"replicas\":3}}",
	    .new = "{\"spec\":{\"replicas\":5}}" },
	  "Deployment kube-system/coredns is part of OKE; Oracle supports this change, a policy "
	  "of this cluster restricts it\n  spec.replicas: 3 -> 5\n\n" },
	{ "creating",
	  { DEPLOYMENT, .operation = OP_CREATE, .rule.tier = TIER_UNSUPPORTED },
	  MANAGES "creating it makes the cluster unsupported\nThere is no supported way to create "
		  "it by hand; if it is missing, ask Oracle Support.\n" },
	{ "removing",
	  { DEPLOYMENT, .operation = OP_DELETE, .rule.tier = TIER_UNSUPPORTED },
	  MANAGES "removing it makes the cluster unsupported\nThere is no supported way to remove "
		  "it by hand; ask Oracle Support.\n" },
	{ "names over 40 characters are cut in the middle",
	  { .resource = "deployments",
	    .kind = "Deployment",
	    .operation = OP_DELETE,
	    .name = "a-name-that-goes-on-and-on-until-nobody-can-read-it-any-more",
	    .rule.tier = TIER_UNSUPPORTED },
	  "Oracle manages Deployment kube-system/a-name-that-goes-o...an-read-it-any-more; "
	  "removing it makes the cluster unsupported\nThere is no supported way to remove it by "
	  "hand; ask Oracle Support.\n" },
	{ "a namespace is not in itself",
	  { .resource = "namespaces",
	    .kind = "Namespace",
	    .operation = OP_DELETE,
	    .name = "kube-node-lease",
	    .rule.tier = TIER_UNSUPPORTED },
	  "Oracle manages Namespace kube-node-lease; removing it makes the cluster unsupported\n"
	  "There is no supported way to remove it by hand; ask Oracle Support.\n" },
	{ "a name that writes to the terminal",
	  { .resource = "deployments",
	    .kind = "Deployment",
	    .operation = OP_DELETE,
	    .name = "x\x1b[31m\xe2\x80\x8f",
	    .rule.tier = TIER_UNSUPPORTED },
	  "Oracle manages Deployment kube-system/x\\x1b[31m\\u200f; removing it makes the cluster "
	  "unsupported\nThere is no supported way to remove it by hand; ask Oracle Support.\n" },
	{ "values: control characters, a NUL, right to left, beyond the BMP",
	  { CONFIGMAP, .rule.tier = TIER_BEST_EFFORT,
	    .old = "{\"data\":{\"a\":\"\\u0000\\u001b[0m\"}}",
	    .new = "{\"data\":{\"a\":\"\\n\\t\xe2\x80\x8f\xf0\x9f\x98\x80\\u007f\\\"\"}}" },
	  "ConfigMap kube-system/coredns is part of OKE; after this change Oracle gives "
	  "best-effort "
	  "support\n  data.a: \"\\u0000\\u001b[0m\" -> "
	  "\"\\n\\t\\u200f\\ud83d\\ude00\\u007f\\\"\"\n\n" },
	{ "a long text begins a little before the first difference",
	  { CONFIGMAP, .rule.tier = TIER_BEST_EFFORT,
	    .old = "{\"data\":{\"Corefile\":\".:53 {\\n errors\\n health\\n ready\\n kubernetes "
		   "cluster.local {\\n pods insecure\\n }\\n forward . /etc/resolv.conf\\n cache "
		   "30\\n "
		   "loop\\n reload\\n loadbalance\\n}\"}}",
	    .new = "{\"data\":{\"Corefile\":\".:53 {\\n errors\\n health\\n ready\\n kubernetes "
		   "cluster.local {\\n pods insecure\\n }\\n forward . 1.1.1.1\\n cache 30\\n "
		   "loop\\n reload\\n loadbalance\\n}\"}}" },
	  "ConfigMap kube-system/coredns is part of OKE; after this change Oracle gives "
	  "best-effort "
	  "support\n  data.Corefile: "
	  "\"... insecure\\n }\\n forward . /etc/resolv.conf\\n cache 30\\n loop\\n reload\\n "
	  "...\" -> "
	  "\"... insecure\\n }\\n forward . 1.1.1.1\\n cache 30\\n loop\\n reload\\n "
	  "loadbalan...\"\n\n" },
	{ "another order of a keyed list",
	  { CONFIGMAP, .rule.tier = TIER_BEST_EFFORT,
	    .old = "{\"spec\":{\"env\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}",
	    .new = "{\"spec\":{\"env\":[{\"name\":\"b\"},{\"name\":\"a\"}]}}" },
	  "ConfigMap kube-system/coredns is part of OKE; after this change Oracle gives "
	  "best-effort "
	  "support\n  spec.env[order]: (as it was) -> (another order)\n\n" },
};
#define SAYS_N (sizeof says / sizeof *says)

START_TEST(finding_says)
{
	struct said s = says[_i].said;
	struct finding f = say(&s);
	struct str got = all_of(&f);

	ck_assert_msg(str_is(got, says[_i].want), "%s\ngot:\n%.*s\nwant:\n%s", says[_i].why,
		      STR_ARG(got), says[_i].want);
	said_is_printable(says[_i].why, got);
	ck_assert(str_is(f.docs, DOCS_BASE "Tasks/contengconfiguringdnsserver.htm"));
}
END_TEST

/* ---- nothing of a request is in a command ---- */

static const char *const awkward[] = {
	"plain",
	"it's",
	"'",
	"''; reboot; '",
	"a\\b",
	"\\\"",
	"\"",
	"$(reboot) `reboot` $HOME",
	"two\nlines\ttab",
	"caf\xc3\xa9 \xf0\x9f\x98\x80",
	"-n",
	"*",
	"!!",
};

/* The {"key":...,"value":...} of the remedy. */
static const struct json *remedy_item(struct str remedy)
{
	const char *begin = memmem(remedy.s, remedy.n, "{\"key\"", 6);
	const char *end = memmem(remedy.s, remedy.n, " (an empty", 10);
	struct err err = { .kind = ERR_NONE };

	ck_assert(begin && end && begin < end);
	return json_parse((struct str){ begin, (size_t)(end - begin) }, NULL, &arena, &err);
}

/* What the object does is said before how it is labelled, and both before its status. */
START_TEST(the_most_important_change_stands_first)
{
	struct said s = {
		.subresource = "",
		.kind = "Deployment",
		.resource = "deployments",
		.name = "coredns",
		.new = "{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"replicas\":3,"
		       "\"template\":{\"metadata\":{\"labels\":{\"c\":\"d\"}},\"spec\":{"
		       "\"hostUsers\":true}}},\"status\":{\"x\":\"1\"}}"
	};
	static const char *const want[] = { "spec.template.spec", "spec.replicas",
					    "spec.template.metadata", "metadata.", "status" };
	struct finding f;

	s.old = "{\"metadata\":{\"labels\":{}},\"spec\":{\"template\":{\"metadata\":{\"labels\":{}},"
		"\"spec\":{}}},\"status\":{}}";
	f = say(&s);
	ck_assert_uint_eq(f.changes_n, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_msg(str_starts(f.changes[i].path, str_of(want[i])), "%zu: %.*s", i,
			      STR_ARG(f.changes[i].path));
}
END_TEST

START_TEST(values_stand_in_the_text_alone)
{
	struct text json;
	struct said s = { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
			  .old = "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{}}}}}" };
	const struct json *item, *value;
	struct finding f;
	struct err err = { .kind = ERR_NONE };

	text_init(&json, &arena, 4096);
	text_puts(&json, "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"a\":\"");
	json_escape(str_of(awkward[_i]), &json);
	text_puts(&json, "\"}}}}}");
	s.new = json.s;
	f = say(&s);
	said_is_printable(awkward[_i], f.remedy);
	ck_assert(str_is(f.command, COMMANDS));
	item = remedy_item(f.remedy);
	ck_assert_msg(item, "%.*s", STR_ARG(f.remedy));
	ck_assert(str_is(json_str(json_get(item, STR("key"))), "nodeSelectors"));
	value = json_parse(json_str(json_get(item, STR("value"))), NULL, &arena, &err);
	ck_assert_msg(str_is(json_str(json_get(value, STR("a"))), awkward[_i]), "%.*s",
		      STR_ARG(f.remedy));
}
END_TEST

START_TEST(long_values_are_asked_for)
{
	struct text json;
	struct said s = { DEPLOYMENT, .rule.tier = TIER_UNSUPPORTED,
			  .old = "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{}}}}}" };
	struct finding f;

	text_init(&json, &arena, 4096);
	text_puts(&json, "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"a\":\"");
	for (int i = 0; i < 700; i++)
		text_puts(&json, "x");
	text_puts(&json, "\"}}}}}");
	s.new = json.s;
	f = say(&s);
	ck_assert_ptr_nonnull(strstr(str_copy(&arena, f.remedy).s, "\"value\":\"<VALUE>\""));
	ck_assert_ptr_nonnull(strstr(str_copy(&arena, f.remedy).s, "write the value you want"));
}
END_TEST

/* ---- no memory ---- */

/* Changes, a remedy and a command; what a use of an alpha feature says, which is whole or not at
 * all. */
START_TEST(every_limit_of_memory)
{
	static const struct feature_use use = { .kind = USE_FIELD,
						.stage = FEATURE_ALPHA,
						.gates = { { "HostUsers", 9 } },
						.gates_n = 1,
						.what = { "spec.hostUsers", 14 },
						.minor = 36 };
	static struct policy features = { .name = { "alpha", 5 } };
	struct said s = says[5].said;
	struct request req = { .operation = OP_UPDATE,
			       .resource.resource = STR("deployments"),
			       .kind.kind = STR("Deployment"),
			       .namespace = STR("kube-system"),
			       .name = STR("coredns") };
	const struct json *old = read_json(s.old), *new = read_json(s.new);
	struct context o = {
		&s.config, &req, req.kind.kind, req.namespace, req.name, new, old, NULL
	};
	struct hit taken = { .rule = &s.rule };
	struct finding whole = { .gate = { NULL, 0 } };
	struct err none;
	struct str want;
	bool done = false;

	policy_fill();
	s.rule.policy = &policy;
	if (_i) {
		s.rule.policy = &features;
		taken.use = &use;
	} else {
		take_all(old, new, &taken);
	}
	ck_assert_int_eq(finding_fill(&o, &taken, &arena, &whole, &none), 0);
	want = all_of(&whole);
	for (size_t limit = 0; !done; limit += 16) {
		struct finding f = { .gate = { NULL, 0 } };
		struct err err = { .kind = ERR_NONE };
		scoped(arena_end) struct arena small;

		arena_init(&small, limit);
		done = finding_fill(&o, &taken, &small, &f, &err) == 0;
		ck_assert(done || err.kind == ERR_LIMIT);
		ck_assert_msg(!done || !_i || str_eq(all_of(&f), want), "%zu: %.*s", limit,
			      STR_ARG(all_of(&f)));
		ck_assert_uint_lt(limit, 100000);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("finding");
	TCase *tc = tcase_create("finding");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, finding_says, 0, SAYS_N);
	tcase_add_test(tc, the_most_important_change_stands_first);
	tcase_add_loop_test(tc, values_stand_in_the_text_alone, 0,
			    sizeof awkward / sizeof *awkward);
	tcase_add_test(tc, long_values_are_asked_for);
	tcase_add_loop_test(tc, every_limit_of_memory, 0, 2);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
