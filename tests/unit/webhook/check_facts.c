/* SPDX-License-Identifier: Apache-2.0
 * check_facts.c - what the configuration says of the cluster changes the verdict on a review.
 */
#include "tests/data/reviews/corpus.h"

#include <unistd.h>

#include "tests/unit/suite.h"

static struct corpus recorded, made;

static void setup(void)
{
	corpus_read("tests/data/reviews/reviews.jsonl", &recorded);
	corpus_read("tests/data/reviews/made.jsonl", &made);
}

static void teardown(void)
{
	corpus_done(&recorded);
	corpus_done(&made);
}

static const struct fact_case {
	const char *why, *spec, *id;
	enum action want;
} cases[] = {
	{ "no fact: an add-on that may be the customer's is noted", "{}", "cert-manager-args",
	  ACTION_ALLOW },
	{ "OKE installed it", "{cluster: {addons: {CertManager: {managed: \"true\"}}}}",
	  "cert-manager-args", ACTION_DENY },
	{ "OKE installed another one", "{cluster: {addons: {Istio: {managed: \"true\"}}}}",
	  "cert-manager-args", ACTION_ALLOW },
	{ "OKE installed it: scaled",
	  "{cluster: {addons: {KubernetesMetricsServer: {managed: \"true\"}}}}",
	  "metrics-server-scale", ACTION_DENY },
	{ "OKE installed it: removed",
	  "{cluster: {addons: {NodeProblemDetector: {managed: \"true\"}}}}", "npd-delete",
	  ACTION_DENY },
	{ "OKE installed it: put back",
	  "{cluster: {addons: {NodeProblemDetector: {managed: \"true\"}}}}", "npd-helm-collision",
	  ACTION_WARN },
	{ "OKE installed it: its companion stays best-effort",
	  "{cluster: {addons: {NodeProblemDetector: {managed: \"true\"}}}}", "npd-configmap",
	  ACTION_WARN },
	{ "OKE installed it, but removing it is documented",
	  "{cluster: {addons: {KubernetesDashboard: {managed: \"true\"}}}}",
	  "dashboard-delete-service", ACTION_ALLOW },
	{ "the Corefile is the customer's",
	  "{cluster: {addons: {CoreDNS: {customizeCoreDNSConfigMap: \"true\"}}}}", "corefile-edit",
	  ACTION_ALLOW },
	{ "but the Deployment is not",
	  "{cluster: {addons: {CoreDNS: {customizeCoreDNSConfigMap: \"true\"}}}}",
	  "coredns-set-image", ACTION_DENY },
	{ "the kube-proxy ConfigMap is the customer's",
	  "{cluster: {addons: {KubeProxy: {customizeKubeProxyConfigMap: \"true\"}}}}",
	  "kube-proxy-configmap-update", ACTION_ALLOW },
	{ "the add-on is disabled: changed", "{cluster: {addons: {CoreDNS: {managed: \"false\"}}}}",
	  "coredns-set-image", ACTION_WARN },
	{ "the add-on is disabled: scaled", "{cluster: {addons: {CoreDNS: {managed: \"false\"}}}}",
	  "coredns-scale-zero", ACTION_WARN },
	{ "the add-on is disabled: removed",
	  "{cluster: {addons: {KubeProxy: {managed: \"false\"}}}}", "kube-proxy-delete-foreground",
	  ACTION_WARN },
	{ "the add-on is disabled: no argument of it does anything",
	  "{cluster: {addons: {CoreDNS: {managed: \"false\"}}}}", "coredns-scale-up", ACTION_WARN },
	{ "the add-on is disabled: what stands in for it is made",
	  "{cluster: {addons: {KubeProxy: {managed: \"false\"}}}}", "kube-proxy-replace-force-2",
	  ACTION_WARN },
	{ "the add-on is disabled: the Service is the customer's to change",
	  "{cluster: {addons: {CoreDNS: {managed: \"false\"}}}}", "kube-dns-service-selector",
	  ACTION_WARN },
	{ "the add-on is disabled: through the status as well",
	  "{cluster: {addons: {CoreDNS: {managed: \"false\"}}}}", "design-status-owner-coredns",
	  ACTION_WARN },
	{ "not OKE's: scaled",
	  "{cluster: {addons: {KubernetesMetricsServer: {managed: \"false\"}}}}",
	  "metrics-server-scale", ACTION_ALLOW },
	{ "not OKE's: removed",
	  "{cluster: {addons: {NativeIngressController: {managed: \"false\"}}}}", "nic-delete",
	  ACTION_ALLOW },
	{ "nobody knows whose: not said to be OKE's", "{}", "metrics-server-scale", ACTION_WARN },
	{ "another CNI: flannel may go", "{cluster: {cni: custom}}", "flannel-delete-for-calico",
	  ACTION_ALLOW },
	{ "another CNI: its ConfigMap may go", "{cluster: {cni: custom}}",
	  "flannel-configmap-delete", ACTION_ALLOW },
	{ "another CNI: a flannel of one's own", "{cluster: {cni: custom}}", "flannel-set-env",
	  ACTION_WARN },
	{ "VCN-native: flannel is nobody's", "{cluster: {cni: vcn-native}}", "flannel-set-env",
	  ACTION_ALLOW },
	{ "VCN-native: its own CNI is guarded", "{cluster: {cni: vcn-native}}",
	  "vcn-native-env-loglevel", ACTION_DENY },
	{ "flannel: the other CNI is nobody's", "{cluster: {cni: flannel}}",
	  "vcn-native-env-loglevel", ACTION_ALLOW },
	{ "the guard itself, nobody named", "{}", "self-removed", ACTION_ALLOW },
	{ "the guard itself, others named", "{identities: {sets: {guardAdmins: {users: [ops]}}}}",
	  "self-removed", ACTION_DENY },
	{ "the guard itself, by one of those named",
	  "{identities: {sets: {guardAdmins: {groups: "
	  "[ocid1.group.oc1..aaaaaaaaexampleplatformadmins]}}}}",
	  "self-removed", ACTION_ALLOW },
	{ "the guard itself, by an account that no chart makes",
	  "{identities: {sets: {guardAdmins: {users: [ops]}}}}", "self-removed-by-hook",
	  ACTION_DENY },
	{ "a guard of another name", "{self: {namespace: oke-guard, release: other}}",
	  "self-removed", ACTION_ALLOW },
	{ "an account that the configuration exempts",
	  "{identities: {exempt: {serviceAccounts: [kube-system/kubeconfig-sa]}}}",
	  "design-token-kubeconfig-sa", ACTION_DENY },
	{ "mode warn", "{mode: warn}", "coredns-set-image", ACTION_WARN },
	{ "mode audit", "{mode: audit}", "coredns-set-image", ACTION_ALLOW },
};

/* Sentences that would not be true under these facts. */
static const struct unsaid_case {
	const char *why, *spec, *id, *never;
} unsaid[] = {
	{ "an add-on that is disabled takes no argument",
	  "{cluster: {addons: {CoreDNS: {managed: \"false\"}}}}", "coredns-scale-up",
	  "update-addon" },
	{ "what stands in for a disabled add-on keeps the cluster supported",
	  "{cluster: {addons: {KubeProxy: {managed: \"false\"}}}}", "kube-proxy-replace-force-2",
	  "unsupported" },
	{ "nobody knows whose it is", "{}", "metrics-server-scale", "is part of OKE" },
};

#define UNSAID ((int)(sizeof unsaid / sizeof *unsaid))

#define CASES ((int)(sizeof cases / sizeof *cases))

/* A GuardConfig in a file of its own, which is gone again once it is loaded. */
static struct policy_set *set_under(const char *spec)
{
	char path[] = "/tmp/check-facts-XXXXXX";
	struct policy_set *set;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd,
				 "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
				 "metadata: {name: facts}\nspec: %s\n",
				 spec),
			 0);
	close(fd);
	set = corpus_set(path);
	unlink(path);
	return set;
}

static const struct recorded *find(const struct corpus *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(meta_text(c->lines[i].meta, "id"), id))
			return &c->lines[i];
	return NULL;
}

START_TEST(fact)
{
	const struct fact_case *c = &cases[_i];
	const struct recorded *r = find(&recorded, c->id);
	struct policy_set *set = set_under(c->spec);
	struct answered a;

	if (!r)
		r = find(&made, c->id);
	ck_assert_msg(r, "no review has the id %s", c->id);
	corpus_answer(set, r->review, &a);
	ck_assert_msg(a.action == c->want, "%s: wanted %s, got %s\n%s", c->why,
		      action_name(c->want), action_name(a.action), a.answer.body);
	answered_done(&a);
	policy_set_unref(set);
}
END_TEST

START_TEST(not_said)
{
	const struct unsaid_case *c = &unsaid[_i];
	const struct recorded *r = find(&recorded, c->id);
	struct policy_set *set = set_under(c->spec);
	struct answered a;

	ck_assert_msg(r, "no review has the id %s", c->id);
	corpus_answer(set, r->review, &a);
	ck_assert_msg(!strstr(a.answer.body, c->never), "%s\n%s", c->why, a.answer.body);
	answered_done(&a);
	policy_set_unref(set);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("facts");
	TCase *tc = tcase_create("facts");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, fact, 0, CASES);
	tcase_add_loop_test(tc, not_said, 0, UNSAID);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
