/* SPDX-License-Identifier: Apache-2.0
 * check_matrix.c - every managed object by every operation by every kind of user.
 *
 * tests/data/reviews/matrix.jsonl holds what a customer is to be told, and lookalikes which nobody
 * is to be told anything about; what other users are told follows from their class alone, save for
 * the accounts that a line excepts.
 */
#include "tests/data/reviews/corpus.h"
#include "tests/unit/suite.h"

#define MATRIX "tests/data/reviews/matrix.jsonl"
#define CONFIG "tests/data/reviews/config.yaml"

#define GROUPS(ns)                                                                                 \
	"\"groups\":[\"system:serviceaccounts\",\"system:serviceaccounts:" ns                      \
	"\",\"system:authenticated\"]"
#define ACCOUNT(ns, name) "{\"username\":\"system:serviceaccount:" ns ":" name "\"," GROUPS(ns) "}"
#define USER(name, group) "{\"username\":\"" name "\",\"groups\":[\"" group "\"]}"
#define ANYBODY           "system:authenticated"

static const struct identity_row {
	const char *name;
	enum action cap;
	const char *user;
} identities[] = {
	{ "iam-user", ACTION_DENY, USER("ocid1.user.oc1..aaaa", "ocid1.group.oc1..aaaa") },
	{ "federated", ACTION_DENY, USER("ocid1.saml2idp.oc1..aaaa/ann@example.com", ANYBODY) },
	{ "instance", ACTION_DENY, USER("ocid1.instance.oc1.iad.aaaa", ANYBODY) },
	{ "workload", ACTION_DENY, USER("ocid1.workload.oc1.iad.aaaa", ANYBODY) },
	{ "oidc", ACTION_DENY, USER("oidc:ann@example.com", ANYBODY) },
	{ "ci-account", ACTION_DENY, ACCOUNT("ci", "deployer") },
	{ "argocd", ACTION_DENY, ACCOUNT("argocd", "argocd-application-controller") },
	{ "other-namespace", ACTION_DENY, ACCOUNT("shop", "default") },
	{ "controller-elsewhere", ACTION_DENY, ACCOUNT("shop", "daemon-set-controller") },
	{ "kube-system-default", ACTION_DENY, ACCOUNT("kube-system", "default") },
	{ "kubeconfig-sa", ACTION_DENY, ACCOUNT("kube-system", "kubeconfig-sa") },
	{ "oke-admin", ACTION_DENY, ACCOUNT("kube-system", "oke-admin") },
	{ "customer-as-node-group", ACTION_DENY, USER("ocid1.user.oc1..bbbb", "system:nodes") },
	{ "npn-writer", ACTION_DENY, ACCOUNT("karpenter", "karpenter") },
	{ "dns-autoscaler", ACTION_WARN, ACCOUNT("kube-system", "kube-dns-autoscaler") },
	{ "kube-system-other", ACTION_WARN, ACCOUNT("kube-system", "coredns-tuner") },
	{ "cluster-autoscaler", ACTION_WARN, ACCOUNT("kube-system", "cluster-autoscaler") },
	{ "x-controller", ACTION_WARN, ACCOUNT("kube-system", "tuning-controller") },
	{ "controller-without-group", ACTION_WARN,
	  USER("system:serviceaccount:kube-system:daemon-set-controller", ANYBODY) },
	{ "node-without-group", ACTION_WARN, USER("system:node:10.0.10.10", ANYBODY) },
	{ "masters", ACTION_WARN, USER("kubernetes-admin", "system:masters") },
	{ "anonymous", ACTION_WARN, USER("system:anonymous", "system:unauthenticated") },
	{ "oracle-service", ACTION_WARN, USER("ocid1.service.oc1..aaaa", ANYBODY) },
	{ "oracle-add-on-manager", ACTION_WARN, USER("oke-addon-manager-placeholder", ANYBODY) },
	{ "upper-case", ACTION_WARN, USER("OCID1.USER.OC1..AAAA", ANYBODY) },
	{ "kubelet", ACTION_ALLOW, USER("system:node:10.0.10.10", "system:nodes") },
	{ "bootstrap", ACTION_ALLOW, USER("system:bootstrap:ex4mpl", "system:bootstrappers") },
	{ "controller", ACTION_ALLOW, ACCOUNT("kube-system", "generic-garbage-collector") },
	{ "storage-driver", ACTION_ALLOW, ACCOUNT("kube-system", "csi-oci-node-sa") },
	{ "controller-manager", ACTION_ALLOW, USER("system:kube-controller-manager", ANYBODY) },
	{ "api-server", ACTION_ALLOW, USER("system:apiserver", "system:masters") },
};

#define IDENTITIES ((int)(sizeof identities / sizeof *identities))

static struct policy_set *set;
static struct corpus lines;

static void setup(void)
{
	set = corpus_set(CONFIG);
	corpus_read(MATRIX, &lines);
}

static void teardown(void)
{
	policy_set_unref(set);
	corpus_done(&lines);
}

static enum action action_named(const char *name)
{
	return !strcmp(name, "deny")   ? ACTION_DENY
	       : !strcmp(name, "warn") ? ACTION_WARN
				       : ACTION_ALLOW;
}

static enum action wanted(const cJSON *expect, const struct identity_row *who)
{
	enum action action = action_named(meta_text(expect, "action"));
	const char *except =
		meta_text(cJSON_GetObjectItemCaseSensitive(expect, "except"), who->name);

	if (*except)
		return action_named(except);
	return action < who->cap ? action : who->cap;
}

/* The line's review with the user in its place; free it. */
static struct str review_by(const struct recorded *r, const struct identity_row *who)
{
	static const char place[] = "\"userInfo\":{}";
	const char *at = memmem(r->review.s, r->review.n, place, sizeof place - 1);
	size_t before, n = r->review.n - 2 + strlen(who->user);
	char *text = malloc(n + 1);

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(at);
	before = (size_t)(at - r->review.s) + sizeof place - 3;
	memcpy(text, r->review.s, before);
	memcpy(text + before, who->user, strlen(who->user));
	memcpy(text + before + strlen(who->user), r->review.s + before + 2,
	       r->review.n - before - 2);
	return (struct str){ text, n };
}

static bool names_component(const struct answered *a, const char *component)
{
	char word[96];

	snprintf(word, sizeof word, " %s ", component);
	return a->action != ACTION_DENY || strstr(a->policies, word);
}

static bool agrees(const struct recorded *r, const struct identity_row *who)
{
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(r->meta, "expect");
	struct str review = review_by(r, who);
	enum action want = wanted(expect, who);
	struct answered a;
	bool good;

	corpus_answer(set, review, &a);
	good = a.action == want && names_component(&a, meta_text(expect, "component"));
	if (!good)
		printf("%s by %s: wanted %s, got %s by%s\n%.1000s\n", meta_text(r->meta, "id"),
		       who->name, action_name(want), action_name(a.action), a.policies,
		       a.answer.body);
	answered_done(&a);
	free((char *)review.s);
	return good;
}

START_TEST(each_object_by_each_operation)
{
	const struct identity_row *who = &identities[_i];
	unsigned wrong = 0;

	ck_assert_uint_gt(lines.n, 800);
	for (size_t i = 0; i < lines.n; i++)
		wrong += !agrees(&lines.lines[i], who);
	fflush(stdout);
	ck_assert_msg(!wrong, "%s: %u of %zu answers are wrong", who->name, wrong, lines.n);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matrix");
	TCase *tc = tcase_create("matrix");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, each_object_by_each_operation, 0, IDENTITIES);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
