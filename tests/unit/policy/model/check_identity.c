/* SPDX-License-Identifier: Apache-2.0
 * check_identity.c - who is exempt, who is a customer, and who is nobody we know.
 */
#include <check.h>

#include "policy/model/identity.h"
#include "tests/unit/suite.h"

#define ACCOUNT "system:serviceaccount:"

static struct name_pattern ops = { .text = { "ops-robot", 9 } };
static struct name_pattern oidc = { .text = { "oidc:", 5 }, .prefix = true };
static struct name_pattern ocid = { .next = &oidc, .text = { "ocid1.user.", 11 }, .prefix = true };
static struct service_account trusted = { .namespace = { "ops", 3 }, .name = { "sync", 4 } };
static struct service_account kubeconfig = { .namespace = { "kube-system", 11 },
					     .name = { "kubeconfig-sa", 13 } };
static struct service_account scaler = { .namespace = { "kube-system", 11 },
					 .name = { "kube-dns-autoscaler", 19 } };
static struct str except[] = { { "kube-system", 11 } };
static struct identity_set admins = { .name = { "guardAdmins", 11 } };
static struct identity_set dns = { .next = &admins,
				   .name = { "dns-autoscaler", 14 },
				   .members = { .accounts = &scaler } };
static const struct config config = {
	.exempt = { .users = &ops, .accounts = &trusted },
	.customer = { .users = &ocid, .accounts = &kubeconfig },
	.customer_except_namespaces = { except, 1 },
	.sets = &dns,
	.self_namespace = { "oke-guard", 9 },
	.self_release = { "guard", 5 },
};

static const struct class_case {
	const char *why, *name, *group;
	enum identity_class want;
} classes[] = {
	{ "the API server by name alone", "system:apiserver", NULL, IDENTITY_EXEMPT },
	{ "the scheduler by name alone", "system:kube-scheduler", NULL, IDENTITY_EXEMPT },
	{ "a kubelet with its group", "system:node:n1", "system:nodes", IDENTITY_EXEMPT },
	{ "a kubelet's name without the group", "system:node:n1", "system:masters",
	  IDENTITY_UNKNOWN },
	{ "the nodes' group without the name", "ocid1.user.x", "system:nodes", IDENTITY_CUSTOMER },
	{ "a bootstrap user with its group", "system:bootstrap:abc123", "system:bootstrappers",
	  IDENTITY_EXEMPT },
	{ "a bootstrap user's name alone", "system:bootstrap:abc123", NULL, IDENTITY_UNKNOWN },
	{ "a controller by exact name", ACCOUNT "kube-system:daemon-set-controller",
	  "system:serviceaccounts:kube-system", IDENTITY_EXEMPT },
	{ "a controller's name without its group", ACCOUNT "kube-system:daemon-set-controller",
	  NULL, IDENTITY_UNKNOWN },
	{ "a controller's name with another namespace's group",
	  ACCOUNT "kube-system:daemon-set-controller", "system:serviceaccounts:kube-syste",
	  IDENTITY_UNKNOWN },
	{ "a controller's name in another namespace", ACCOUNT "shop:daemon-set-controller",
	  "system:serviceaccounts:shop", IDENTITY_CUSTOMER },
	{ "a made-up controller", ACCOUNT "kube-system:x-controller",
	  "system:serviceaccounts:kube-system", IDENTITY_UNKNOWN },
	{ "OKE's storage driver", ACCOUNT "kube-system:csi-oci-node-sa",
	  "system:serviceaccounts:kube-system", IDENTITY_EXEMPT },
	{ "a documented CI account of kube-system", ACCOUNT "kube-system:kubeconfig-sa",
	  "system:serviceaccounts:kube-system", IDENTITY_CUSTOMER },
	{ "an account of kube-system that nobody named", ACCOUNT "kube-system:coredns",
	  "system:serviceaccounts:kube-system", IDENTITY_UNKNOWN },
	{ "an account elsewhere", ACCOUNT "ci:deployer", "system:serviceaccounts:ci",
	  IDENTITY_CUSTOMER },
	{ "no account: three parts", ACCOUNT "ci:de:ployer", NULL, IDENTITY_UNKNOWN },
	{ "no account: no name", ACCOUNT "ci:", NULL, IDENTITY_UNKNOWN },
	{ "no account: no namespace", ACCOUNT ":x", NULL, IDENTITY_UNKNOWN },
	{ "configured exempt user", "ops-robot", NULL, IDENTITY_EXEMPT },
	{ "no prefix match without a star", "ops-robot-2", NULL, IDENTITY_UNKNOWN },
	{ "configured exempt account", ACCOUNT "ops:sync", "system:serviceaccounts:ops",
	  IDENTITY_EXEMPT },
	{ "a user by prefix", "ocid1.user.oc1..aaaa", NULL, IDENTITY_CUSTOMER },
	{ "another kind of OCID may be Oracle's own", "ocid1.service.oc1..a", NULL,
	  IDENTITY_UNKNOWN },
	{ "a configured OIDC prefix", "oidc:jane@example.com", NULL, IDENTITY_CUSTOMER },
	{ "an administrator by certificate", "kubernetes-admin", "system:masters",
	  IDENTITY_UNKNOWN },
	{ "nobody", "", NULL, IDENTITY_UNKNOWN },
	{ "case matters", "System:apiserver", NULL, IDENTITY_UNKNOWN },
	{ "a name that only begins like the API server's", "system:apiserver2", NULL,
	  IDENTITY_UNKNOWN },
};

static struct user user_of(const char *name, struct str *group)
{
	return (struct user){ .name = str_of(name), .groups = group, .groups_n = group->s ? 1 : 0 };
}

START_TEST(identity_is_classed)
{
	const struct class_case *c = &classes[_i];
	struct str group = str_of(c->group);
	struct user user = user_of(c->name, &group);
	struct identity id;

	identity_of(&config, &user, &id);
	ck_assert_msg(id.class == c->want, "%s: %s is %d, not %d", c->why, c->name, id.class,
		      c->want);
}
END_TEST

static const struct set_case {
	const char *why, *name, *group, *set;
	bool want;
} sets[] = {
	{ "the autoscaler's account", ACCOUNT "kube-system:kube-dns-autoscaler",
	  "system:serviceaccounts:kube-system", "dns-autoscaler", true },
	{ "its name without the group", ACCOUNT "kube-system:kube-dns-autoscaler", NULL,
	  "dns-autoscaler", false },
	{ "its name in another namespace", ACCOUNT "shop:kube-dns-autoscaler",
	  "system:serviceaccounts:shop", "dns-autoscaler", false },
	{ "the product's agent is the agent", ACCOUNT "oke-guard:guard-agent",
	  "system:serviceaccounts:oke-guard", "$self.agent", true },
	{ "and no admin", ACCOUNT "oke-guard:guard-agent", "system:serviceaccounts:oke-guard",
	  "guardAdmins", false },
	{ "an account that only begins like it", ACCOUNT "oke-guard:guard-agent2",
	  "system:serviceaccounts:oke-guard", "$self.agent", false },
	{ "the agent's name in another namespace", ACCOUNT "shop:guard-agent",
	  "system:serviceaccounts:shop", "$self.agent", false },
	{ "the scan in the cluster", ACCOUNT "oke-guard:guard-scan",
	  "system:serviceaccounts:oke-guard", "$self.scan", true },
	{ "the scan is not the agent", ACCOUNT "oke-guard:guard-scan",
	  "system:serviceaccounts:oke-guard", "$self.agent", false },
	{ "the scan's name in another namespace", ACCOUNT "shop:guard-scan",
	  "system:serviceaccounts:shop", "$self.scan", false },
	{ "a hook that no chart makes", ACCOUNT "oke-guard:guard-hook",
	  "system:serviceaccounts:oke-guard", "guardAdmins", false },
	{ "a set that nobody defined", "ocid1.user.x", NULL, "nobody", false },
};

START_TEST(identity_is_in_set)
{
	const struct set_case *c = &sets[_i];
	struct str group = str_of(c->group);
	struct user user = user_of(c->name, &group);
	struct identity id;

	identity_of(&config, &user, &id);
	ck_assert_msg(identity_in_set(&id, str_of(c->set)) == c->want, "%s", c->why);
}
END_TEST

START_TEST(own_accounts_do_not_fill_a_set)
{
	ck_assert(!identity_set_filled(&config, STR("guardAdmins")));
	ck_assert(identity_set_filled(&config, STR("dns-autoscaler")));
}
END_TEST

START_TEST(accounts_that_must_not_be_put_on)
{
	ck_assert(account_is_exempt(&config, STR("kube-system"), STR("generic-garbage-collector")));
	ck_assert(!account_is_exempt(&config, STR("shop"), STR("generic-garbage-collector")));
	ck_assert(account_is_exempt(&config, STR("ops"), STR("sync")));
	ck_assert(account_in_sets(&config, STR("kube-system"), STR("kube-dns-autoscaler")));
	ck_assert(!account_in_sets(&config, STR("oke-guard"), STR("guard")));
	ck_assert(account_of_guard(&config, STR("oke-guard"), STR("guard-agent")));
	ck_assert(!account_of_guard(&config, STR("shop"), STR("guard-agent")));
	ck_assert(!account_in_sets(&config, STR("kube-system"), STR("default")));
}
END_TEST

START_TEST(prefixes_of_system_names)
{
	static const char *const want[][2] = { { "system:node:", "system:nodes" },
					       { "system:bootstrap:", "system:bootstrappers" } };
	const char *group = NULL;

	for (size_t i = 0; i < 2; i++) {
		ck_assert_str_eq(identity_exempt_prefix(i, &group), want[i][0]);
		ck_assert_str_eq(group, want[i][1]);
	}
	ck_assert_ptr_null(identity_exempt_prefix(2, &group));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("identity");
	TCase *tc = tcase_create("identity");

	tcase_add_loop_test(tc, identity_is_classed, 0, sizeof classes / sizeof *classes);
	tcase_add_loop_test(tc, identity_is_in_set, 0, sizeof sets / sizeof *sets);
	tcase_add_test(tc, own_accounts_do_not_fill_a_set);
	tcase_add_test(tc, accounts_that_must_not_be_put_on);
	tcase_add_test(tc, prefixes_of_system_names);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
