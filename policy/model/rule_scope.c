/* SPDX-License-Identifier: Apache-2.0
 * rule_scope.c - the action of a rule under its configuration, and the objects that a policy
 * and its rule have in common.
 */
#include "policy/model/rule_scope.h"

#include "policy/model/identity.h"
#include "policy/model/templates.h"

/* ---- what it comes to ---- */

enum action rule_usual_action(const struct config *c, const struct rule *r)
{
	enum action a = c->tiers[r->tier];

	return r->has_action && r->action < a ? r->action : a;
}

const struct override *rule_override(const struct config *config, const struct rule *rule)
{
	const struct override *all = NULL;

	for (const struct override *o = config->overrides; o; o = o->next) {
		if (!str_eq(o->policy, rule->policy->name))
			continue;
		if (str_eq(o->rule, rule->name))
			return o;
		if (!all && str_is(o->rule, "*"))
			all = o;
	}
	return all;
}

enum action rule_action(const struct config *config, const struct rule *rule)
{
	const struct override *o = rule_override(config, rule);

	return o ? o->action : rule_usual_action(config, rule);
}

/* The product's own accounts are in it without being listed. */
static bool any_members(const struct config *c, const struct strings *sets)
{
	for (size_t i = 0; i < sets->n; i++)
		if (str_is(sets->v[i], "guardAdmins"))
			return true;
	return identity_sets_filled(c, sets);
}

/* What asks for the address of the cluster's DNS never holds while that is not configured. */
static bool dns_ip_known(const struct config *c, const struct rule *rule)
{
	const struct fact *f = c->facts;
	const struct condition *w = rule->when;

	while (w && !(w->kind == WHEN_IN && w->specials == SPECIAL_DNS_IP && !w->in.n))
		w = w->next;
	while (f && !str_is(f->name, "dnsIP"))
		f = f->next;
	return !w || f;
}

bool rule_can_act(const struct config *config, const struct rule *rule)
{
	enum action a = rule_action(config, rule);

	return rule->policy->active && rule->active && a > ACTION_ALLOW &&
	       dns_ip_known(config, rule) &&
	       (!rule->identities.n || any_members(config, &rule->identities));
}

bool rule_denies(const struct config *config, const struct rule *rule)
{
	return rule_action(config, rule) == ACTION_DENY;
}

bool rule_metadata_holds(struct str member)
{
	static const char *const members[] = { "labels", "annotations", "finalizers",
					       "ownerReferences" };

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (str_is(member, members[i]))
			return true;
	return false;
}

/* ---- where ---- */

static bool names_meet(struct str a, struct str b, struct str *both)
{
	if (str_is(a, "*"))
		*both = b;
	else if (str_is(b, "*") || str_eq(a, b))
		*both = a;
	else
		return false;
	return true;
}

bool targets_meet(const struct object_ref *a, const struct object_ref *b, struct target *both)
{
	if (!names_meet(a->group, b->group, &both->group) ||
	    !names_meet(a->resource, b->resource, &both->resource))
		return false;
	both->namespace = a->namespace.n ? a->namespace : b->namespace;
	return !a->namespace.n || !b->namespace.n || str_eq(a->namespace, b->namespace);
}

bool ref_names(const struct object_ref *ref, struct str name)
{
	return strings_hold(&ref->names, name) ||
	       (!ref->names.n && str_starts(name, ref->name_prefix));
}

bool required_object(const struct object_ref *a, const struct object_ref *b,
		     struct required_object *out)
{
	const struct object_ref *exact = b->names.n ? b : a;

	*out = (struct required_object){ .names = exact->names, .other = exact == b ? a : b };
	if (!targets_meet(a, b, &out->where))
		return false;
	for (size_t i = 0; i < exact->names.n; i++)
		if (ref_names(out->other, exact->names.v[i]))
			return true;
	return !exact->names.n;
}

#define SUPPORT_PAGE "Concepts/contengsupportsharedresponsibilities.htm"

static struct str rule_docs(const struct rule *rule)
{
	return rule->docs.n ? rule->docs : rule->policy->docs;
}

struct str rule_why(const struct rule *rule)
{
	const struct policy *p = rule->policy;

	if (rule->why.n)
		return rule->why;
	if (p->why.n)
		return p->why;
	if (!str_is(p->owner, OWNER_ORACLE))
		return rule_docs(rule).n && !p->builtin ? rule_docs(rule) : STR("");
	return rule->tier == TIER_SUPPORTED ? STR("") : STR(SUPPORT_PAGE);
}

struct str rule_how(const struct rule *rule)
{
	struct str page = rule_docs(rule);
	bool on_support = str_is(page, SUPPORT_PAGE);

	return on_support && !str_is(rule->policy->owner, OWNER_ORACLE) ? STR("") : page;
}

/* ---- what an earlier rule takes ---- */

static bool labels_same(const struct label *a, const struct label *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (!str_eq(a->key, b->key) || !str_eq(a->value, b->value))
			return false;
	return !a && !b;
}

static bool refs_same(const struct object_ref *a, const struct object_ref *b)
{
	if (a->names.n != b->names.n || a->pods != b->pods)
		return false;
	for (size_t i = 0; i < a->names.n; i++)
		if (!str_eq(a->names.v[i], b->names.v[i]))
			return false;
	return str_eq(a->group, b->group) && str_eq(a->resource, b->resource) &&
	       str_eq(a->namespace, b->namespace) && str_eq(a->name_prefix, b->name_prefix) &&
	       labels_same(a->labels, b->labels);
}

/* Does the rule take whatever is asked of these objects, of one subresource? */
static bool takes_all_of(const struct rule *above, const struct object_ref *ref,
			 struct str subresource)
{
	const struct object_ref *o = above->objects;

	if (above->cluster || above->changed || above->when || above->identities.n ||
	    above->not_identities.n || above->features)
		return false;
	while (o && !refs_same(o, ref))
		o = o->next;
	if (!o)
		return false;
	return strings_hold(&above->subresources, subresource);
}

unsigned rule_left(const struct rule *r, const struct object_ref *ref, struct str subresource)
{
	unsigned operations = pods_operations(r, ref);

	for (const struct rule *above = r->policy->rules; above != r; above = above->next)
		if (takes_all_of(above, ref, subresource))
			operations &= ~above->operations;
	return operations;
}

bool required_left(const struct rule *rule, const struct object_ref *ref)
{
	for (size_t i = 0; i < rule->subresources.n; i++)
		if (rule_left(rule, ref, rule->subresources.v[i]))
			return true;
	return false;
}
