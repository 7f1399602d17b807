/* SPDX-License-Identifier: Apache-2.0
 * support.c - what the policies of components ask for.
 *
 * Only rules that may say something: those that the facts leave active, that come to more than
 * "allow", and whose named sets have members. Names of objects and changed fields are not looked
 * at.
 */
#include "policy/webhooks/interest.h"

#include "policy/model/excluded.h"
#include "policy/model/templates.h"

/* ---- namespaces that a rule's `when` leaves ---- */

/* Does it hold only for names of accounts that the configuration knows? */
static bool of_accounts(const struct condition *c)
{
	return c->kind == WHEN_IN && !c->in.n && c->specials &&
	       !(c->specials & ~(unsigned)SPECIAL_ACCOUNTS);
}

static bool accounts_in(const struct service_account *a, struct str namespace)
{
	while (a && !str_eq(a->namespace, namespace))
		a = a->next;
	return a;
}

static bool leaves_namespace(const struct config *c, const struct condition *when,
			     struct str namespace)
{
	const struct identity_set *admins = c->sets;

	if (when->specials & SPECIAL_EXEMPT_ACCOUNT &&
	    (str_is(namespace, "kube-system") || accounts_in(c->exempt.accounts, namespace)))
		return true;
	for (const struct identity_set *s = when->specials & SPECIAL_SET_ACCOUNT ? c->sets : NULL;
	     s; s = s->next)
		if (accounts_in(s->members.accounts, namespace))
			return true;
	if (!(when->specials & SPECIAL_GUARD_ACCOUNT))
		return false;
	while (admins && !str_is(admins->name, "guardAdmins"))
		admins = admins->next;
	return str_eq(namespace, c->self_namespace) ||
	       (admins && accounts_in(admins->members.accounts, namespace));
}

static bool when_leaves(const struct config *c, const struct rule *r, struct str namespace)
{
	for (const struct condition *w = r->when; w; w = w->next)
		if (of_accounts(w) && !leaves_namespace(c, w, namespace))
			return false;
	return true;
}

/* ---- asks ---- */

struct rule_interest {
	const struct config *config;
	struct interests *out;
	const struct rule *rule;
	bool endpoints; /* those that have an entry of their own, and nothing else */
	struct interest ask;
};

static void interest_if_left(struct rule_interest *a, struct str namespace)
{
	if (!when_leaves(a->config, a->rule, namespace))
		return;
	a->ask.namespace = namespace;
	a->ask.scope = SCOPE_NAMESPACED;
	interest_add(a->out, &a->ask);
}

/* Accounts of few namespaces are known by the configuration: only those are asked for. */
static void interest_of_accounts(struct rule_interest *a)
{
	const struct config *c = a->config;

	interest_if_left(a, STR("kube-system"));
	interest_if_left(a, c->self_namespace);
	for (const struct service_account *s = c->exempt.accounts; s; s = s->next)
		interest_if_left(a, s->namespace);
	for (const struct identity_set *set = c->sets; set; set = set->next)
		for (const struct service_account *s = set->members.accounts; s; s = s->next)
			interest_if_left(a, s->namespace);
}

static void interest_anywhere(struct rule_interest *a)
{
	const struct condition *w = a->rule->when;

	while (w && !of_accounts(w))
		w = w->next;
	if (w) {
		interest_of_accounts(a);
		return;
	}
	a->ask.namespace = (struct str){ NULL, 0 };
	a->ask.scope =
		resource_cluster_scoped(a->ask.group, a->ask.resource) ? SCOPE_CLUSTER : SCOPE_ANY;
	interest_add(a->out, &a->ask);
}

static void interest_in_target(struct rule_interest *a, const struct target *where,
			       const struct object_ref *ref)
{
	const struct rule *r = a->rule;

	if (excluded_why(where->group, where->resource) && !a->endpoints)
		return;
	for (size_t i = 0; i < r->subresources.n; i++) {
		unsigned operations = rule_left(r, ref, r->subresources.v[i]);

		if (!operations || !target_has(where, r->subresources.v[i]))
			continue;
		a->ask = (struct interest){
			.group = where->group,
			.version = STR("*"),
			.resource =
				interest_resource(a->out, where->resource, r->subresources.v[i]),
			.operations = operations,
		};
		if (where->namespace.n)
			interest_if_left(a, where->namespace);
		else
			interest_anywhere(a);
	}
}

static bool is_ours(const struct rule_interest *a, const struct object_ref *o,
		    const struct object_ref *narrower, const struct target *where)
{
	bool endpoints = unsent_but_named(where->group, where->resource);

	return endpoints == a->endpoints &&
	       (!endpoints || o->names.n || o->labels || narrower->names.n || narrower->labels);
}

static void interest_of_rule(struct rule_interest *a, const struct rule *r)
{
	a->rule = r;
	for (const struct object_ref *o = r->policy->objects; o; o = o->next) {
		const struct object_ref *narrower = r->objects ? r->objects : o;
		struct target where;

		for (; narrower; narrower = r->objects ? narrower->next : NULL)
			if (targets_meet(o, narrower, &where) && is_ours(a, o, narrower, &where))
				interest_in_target(a, &where, narrower);
	}
}

static bool about_features(const struct policy *p)
{
	return p->rules && p->rules->features;
}

static void ask_all(const struct policy_set *set, bool endpoints, struct interests *out)
{
	struct rule_interest a = { .config = &set->model.config,
				   .out = out,
				   .endpoints = endpoints };

	for (const struct policy *p = set->model.policies; p; p = p->next)
		for (const struct rule *r = about_features(p) ? NULL : p->rules; r; r = r->next)
			if (rule_can_act(a.config, r))
				interest_of_rule(&a, r);
}

void interests_of_support(const struct policy_set *set, struct interests *out)
{
	ask_all(set, false, out);
}

void interests_of_endpoints(const struct policy_set *set, struct interests *out)
{
	ask_all(set, true, out);
}
