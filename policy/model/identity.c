/* SPDX-License-Identifier: Apache-2.0
 * identity.c - the built-in exempt identities, and how a user is classed.
 *
 * The list of controllers is that of kube-controller-manager 1.36.1, each by its
 * exact name: a glob such as *-controller would be a bypass.
 */
#include "policy/model/identity.h"

#define ACCOUNT_PREFIX STR("system:serviceaccount:")
#define ACCOUNT_GROUP  STR("system:serviceaccounts:")

/* Trusted by name alone: only the control plane can hold these names. */
static const struct str exempt_names[] = {
	TEXT("system:apiserver"),
	TEXT("system:kube-controller-manager"),
	TEXT("system:kube-scheduler"),
};

/* Trusted by name and group together. */
static const struct {
	const char *prefix, *group;
} exempt_prefixes[] = {
	{ "system:node:", "system:nodes" },
	{ "system:bootstrap:", "system:bootstrappers" },
};

/* Service accounts of kube-system. csi-oci-node-sa is OKE's storage node driver. */
static const struct str exempt_accounts[] = {
	TEXT("attachdetach-controller"),
	TEXT("certificate-controller"),
	TEXT("clusterrole-aggregation-controller"),
	TEXT("cronjob-controller"),
	TEXT("csi-oci-node-sa"),
	TEXT("daemon-set-controller"),
	TEXT("deployment-controller"),
	TEXT("device-taint-eviction-controller"),
	TEXT("disruption-controller"),
	TEXT("endpoint-controller"),
	TEXT("endpointslice-controller"),
	TEXT("endpointslicemirroring-controller"),
	TEXT("ephemeral-volume-controller"),
	TEXT("expand-controller"),
	TEXT("generic-garbage-collector"),
	TEXT("horizontal-pod-autoscaler"),
	TEXT("job-controller"),
	TEXT("kube-apiserver-serving-clustertrustbundle-publisher"),
	TEXT("legacy-service-account-token-cleaner"),
	TEXT("namespace-controller"),
	TEXT("node-controller"),
	TEXT("persistent-volume-binder"),
	TEXT("pod-garbage-collector"),
	TEXT("podcertificaterequestcleaner"),
	TEXT("podgroup-protection-controller"),
	TEXT("pv-protection-controller"),
	TEXT("pvc-protection-controller"),
	TEXT("replicaset-controller"),
	TEXT("replication-controller"),
	TEXT("resource-claim-controller"),
	TEXT("resourcepoolstatusrequest-controller"),
	TEXT("resourcequota-controller"),
	TEXT("root-ca-cert-publisher"),
	TEXT("route-controller"),
	TEXT("selinux-warning-controller"),
	TEXT("service-account-controller"),
	TEXT("service-cidrs-controller"),
	TEXT("service-controller"),
	TEXT("statefulset-controller"),
	TEXT("storage-version-garbage-collector"),
	TEXT("storage-version-migrator-controller"),
	TEXT("ttl-after-finished-controller"),
	TEXT("ttl-controller"),
	TEXT("validatingadmissionpolicy-status-controller"),
	TEXT("volumeattributesclass-protection-controller"),
};

/* The accounts that the chart makes: suffixes of its release's name. */
static const char *const own_accounts[] = { "", "-agent", "-probe", "-remove", "-scan" };

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static bool has_group(const struct user *user, struct str group)
{
	for (size_t i = 0; i < user->groups_n; i++)
		if (str_eq(user->groups[i], group))
			return true;
	return false;
}

const char *identity_exempt_name(size_t i)
{
	return i < LENGTH(exempt_names) ? exempt_names[i].s : NULL;
}

const char *identity_exempt_prefix(size_t i, const char **group)
{
	if (i >= LENGTH(exempt_prefixes))
		return NULL;
	*group = exempt_prefixes[i].group;
	return exempt_prefixes[i].prefix;
}

const char *identity_exempt_account(size_t i)
{
	return i < LENGTH(exempt_accounts) ? exempt_accounts[i].s : NULL;
}

/* The group that every token of an account of this namespace brings. */
static bool has_account_group(const struct user *user, struct str namespace)
{
	for (size_t i = 0; i < user->groups_n; i++)
		if (str_starts(user->groups[i], ACCOUNT_GROUP) &&
		    str_eq(str_from(user->groups[i], ACCOUNT_GROUP.n), namespace))
			return true;
	return false;
}

static bool pattern_fits(const struct name_pattern *p, struct str name)
{
	return p->prefix ? str_starts(name, p->text) : str_eq(name, p->text);
}

static bool patterns_fit(const struct name_pattern *p, struct str name)
{
	for (; p; p = p->next)
		if (pattern_fits(p, name))
			return true;
	return false;
}

static bool groups_fit(const struct name_pattern *p, const struct user *user)
{
	for (size_t i = 0; p && i < user->groups_n; i++)
		if (patterns_fit(p, user->groups[i]))
			return true;
	return false;
}

static bool accounts_hold(const struct service_account *a, struct str namespace, struct str name)
{
	for (; a; a = a->next)
		if (str_eq(a->namespace, namespace) && str_eq(a->name, name))
			return true;
	return false;
}

/* "system:serviceaccount:NAMESPACE:NAME" into its parts; neither part can hold a colon. */
static void identity_account_of(struct identity *id)
{
	struct str rest;
	const char *colon;

	if (!str_starts(id->user->name, ACCOUNT_PREFIX))
		return;
	rest = str_from(id->user->name, ACCOUNT_PREFIX.n);
	colon = memchr(rest.s, ':', rest.n);
	if (!colon || colon == rest.s || colon == rest.s + rest.n - 1)
		return;
	id->account_namespace = (struct str){ rest.s, (size_t)(colon - rest.s) };
	id->account_name = str_from(rest, id->account_namespace.n + 1);
	if (memchr(id->account_name.s, ':', id->account_name.n))
		id->account_namespace = id->account_name = (struct str){ NULL, 0 };
}

bool account_is_exempt(const struct config *config, struct str namespace, struct str name)
{
	if (str_is(namespace, "kube-system"))
		for (size_t i = 0; i < LENGTH(exempt_accounts); i++)
			if (str_eq(name, exempt_accounts[i]))
				return true;
	return accounts_hold(config->exempt.accounts, namespace, name);
}

static bool account_is_own(const struct config *config, struct str namespace, struct str name)
{
	struct str release = config->self_release;

	if (!namespace.n || !str_eq(namespace, config->self_namespace) ||
	    !str_starts(name, release))
		return false;
	for (size_t i = 0; i < LENGTH(own_accounts); i++)
		if (str_is(str_from(name, release.n), own_accounts[i]))
			return true;
	return false;
}

bool account_in_sets(const struct config *config, struct str namespace, struct str name)
{
	for (const struct identity_set *s = config->sets; s; s = s->next)
		if (accounts_hold(s->members.accounts, namespace, name))
			return true;
	return false;
}

static const struct identity_set *identity_set_named(const struct config *config, struct str name)
{
	const struct identity_set *s = config->sets;

	while (s && !str_eq(s->name, name))
		s = s->next;
	return s;
}

bool account_of_guard(const struct config *config, struct str namespace, struct str name)
{
	const struct identity_set *s = identity_set_named(config, STR("guardAdmins"));

	return account_is_own(config, namespace, name) ||
	       (s && accounts_hold(s->members.accounts, namespace, name));
}

bool user_is_exempt(const struct config *config, struct str name)
{
	for (size_t i = 0; i < LENGTH(exempt_names); i++)
		if (str_eq(name, exempt_names[i]))
			return true;
	for (size_t i = 0; i < LENGTH(exempt_prefixes); i++)
		if (str_starts(name, str_of(exempt_prefixes[i].prefix)))
			return true;
	return patterns_fit(config->exempt.users, name);
}

bool group_is_exempt(const struct config *config, struct str name)
{
	return patterns_fit(config->exempt.groups, name);
}

bool group_proves_exempt(struct str name)
{
	for (size_t i = 0; i < LENGTH(exempt_prefixes); i++)
		if (str_is(name, exempt_prefixes[i].group))
			return true;
	return false;
}

/* Karpenter and Cluster API bring roles and bindings of their own: documented software. */
static bool is_granted(const struct identity_set *s)
{
	return !str_is(s->name, "npn-writers");
}

bool user_granted_in_sets(const struct config *config, struct str name)
{
	for (const struct identity_set *s = config->sets; s; s = s->next)
		if (is_granted(s) && patterns_fit(s->members.users, name))
			return true;
	return false;
}

bool account_granted_in_sets(const struct config *config, struct str namespace, struct str name)
{
	for (const struct identity_set *s = config->sets; s; s = s->next)
		if (is_granted(s) && accounts_hold(s->members.accounts, namespace, name))
			return true;
	return false;
}

static const char *exempt_why(const struct identity *id)
{
	const struct user *u = id->user;

	for (size_t i = 0; i < LENGTH(exempt_names); i++)
		if (str_eq(u->name, exempt_names[i]))
			return "a part of the control plane";
	for (size_t i = 0; i < LENGTH(exempt_prefixes); i++)
		if (str_starts(u->name, str_of(exempt_prefixes[i].prefix)) &&
		    has_group(u, str_of(exempt_prefixes[i].group)))
			return "a node";
	if (id->account_name.n && has_account_group(u, id->account_namespace) &&
	    account_is_exempt(id->config, id->account_namespace, id->account_name))
		return "an exempt service account";
	if (patterns_fit(id->config->exempt.users, u->name) ||
	    groups_fit(id->config->exempt.groups, u))
		return "identities.exempt";
	return NULL;
}

static const char *customer_why(const struct identity *id)
{
	const struct config *c = id->config;

	if (patterns_fit(c->customer.users, id->user->name))
		return "identities.customer.users";
	if (groups_fit(c->customer.groups, id->user))
		return "identities.customer.groups";
	if (!id->account_name.n)
		return NULL;
	if (accounts_hold(c->customer.accounts, id->account_namespace, id->account_name))
		return "identities.customer.serviceAccounts.names";
	for (size_t i = 0; i < c->customer_except_namespaces.n; i++)
		if (str_eq(c->customer_except_namespaces.v[i], id->account_namespace))
			return NULL;
	return "a service account outside the excepted namespaces";
}

void identity_of(const struct config *config, const struct user *user, struct identity *out)
{
	*out = (struct identity){ .config = config, .user = user };
	identity_account_of(out);
	if ((out->why = exempt_why(out)))
		out->class = IDENTITY_EXEMPT;
	else if ((out->why = customer_why(out)))
		out->class = IDENTITY_CUSTOMER;
	else
		out->why = "no list names it";
}

/* Sets of one account, which the chart makes: what its name has behind the release's. */
static const char *self_account_suffix(struct str set)
{
	if (str_is(set, "$self.agent"))
		return "-agent";
	return str_is(set, "$self.scan") ? "-scan" : NULL;
}

/* The names of sets that the configuration's `self` makes. */
bool identity_self_set(const struct config *config, struct str set,
		       const struct service_account **members)
{
	*members = NULL;
	if (str_is(set, "$self.writers.tls"))
		*members = config->self_tls;
	else if (str_is(set, "$self.writers.extra"))
		*members = config->self_extra;
	else
		return self_account_suffix(set) != NULL;
	return true;
}

bool identity_set_filled(const struct config *config, struct str set)
{
	const struct identity_set *s = identity_set_named(config, set);
	const struct service_account *members;

	if (identity_self_set(config, set, &members))
		return members || self_account_suffix(set);
	return s && (s->members.users || s->members.groups || s->members.accounts);
}

bool identity_sets_filled(const struct config *config, const struct strings *sets)
{
	for (size_t i = 0; i < sets->n; i++)
		if (identity_set_filled(config, sets->v[i]))
			return true;
	return false;
}

static bool is_service_account(const struct identity *id)
{
	return id->account_name.n && has_account_group(id->user, id->account_namespace);
}

bool identity_in_list(const struct identity *id, const struct identity_list *list)
{
	return patterns_fit(list->users, id->user->name) || groups_fit(list->groups, id->user) ||
	       (is_service_account(id) &&
		accounts_hold(list->accounts, id->account_namespace, id->account_name));
}

static bool is_self_account(const struct identity *id, const char *suffix)
{
	struct str release = id->config->self_release;

	return str_eq(id->account_namespace, id->config->self_namespace) &&
	       str_starts(id->account_name, release) &&
	       str_is(str_from(id->account_name, release.n), suffix);
}

bool identity_in_set(const struct identity *id, struct str set)
{
	const struct identity_set *s = identity_set_named(id->config, set);
	const struct service_account *members;
	const char *suffix = self_account_suffix(set);

	if (s)
		return identity_in_list(id, &s->members);
	if (!is_service_account(id) || !identity_self_set(id->config, set, &members))
		return false;
	return members ? accounts_hold(members, id->account_namespace, id->account_name)
		       : suffix && is_self_account(id, suffix);
}
