/* SPDX-License-Identifier: Apache-2.0
 * rules.c - the rules of one policy: names that exist, and rules that could
 * never fit, which are mistakes that nobody would notice otherwise.
 */
#include "policy/validate/validate.h"

#include "policy/catalogue/catalogue.h"
#include "policy/model/identity.h"
#include "lib/base/nearest.h"
#include "policy/validate/overlap.h"
#include "policy/model/excluded.h"
#include "policy/model/rule_scope.h"

__attribute__((format(printf, 3, 4))) static void
rule_error(const struct validation *v, const struct rule *r, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	report_message(v->report, true, &r->origin, "rule \"%.*s\" %s", QUOTED(r->name), text);
}

static bool holds_all(const struct strings *list, const struct strings *others)
{
	for (size_t i = 0; i < others->n; i++)
		if (!strings_hold(list, others->v[i]))
			return false;
	return true;
}

/* ---- objects ---- */

static bool is_wide(const struct object_ref *o)
{
	return str_is(o->group, "*") || str_is(o->resource, "*");
}

static void validate_wide_objects(const struct validation *v, const struct policy *p)
{
	const struct object_ref *o = p->objects;
	const struct rule *r = p->rules;

	while (o && !is_wide(o))
		o = o->next;
	while (r && r->features)
		r = r->next;
	if (o && r)
		report_message(v->report, true, &o->origin,
			       "\"*\" as group or resource is for policies whose rules all have "
			       "\"features\", and rule \"%.*s\" has none: name the resources",
			       QUOTED(r->name));
}

/* A warning: manifests are judged by it all the same, as by the built-in ones. */
static void validate_sent_objects(const struct validation *v, const struct policy *p)
{
	for (const struct object_ref *o = p->builtin ? NULL : p->objects; o; o = o->next) {
		const char *why = excluded_why(o->group, o->resource);

		if (why && !(unsent_but_named(o->group, o->resource) && (o->names.n || o->labels)))
			report_message(
				v->report, false, &o->origin,
				"the API server is never asked to send %.*s to this guard (%s), "
				"so in a cluster the policy never judges them: leave them out, "
				"or use it for manifests alone",
				QUOTED(o->resource), why);
	}
}

static void validate_rule_objects(const struct validation *v, const struct rule *r)
{
	for (const struct object_ref *o = r->objects; o; o = o->next) {
		const struct object_ref *of_policy = r->policy->objects;

		while (of_policy && !overlap_objects(o, of_policy))
			of_policy = of_policy->next;
		if (!of_policy)
			report_message(v->report, true, &o->origin,
				       "this object of rule \"%.*s\" is none of the policy's "
				       "\"objects\", so the rule never fits it: add it there",
				       QUOTED(r->name));
	}
}

static void validate_addon(const struct validation *v, const struct policy *p)
{
	const struct addon_argument *a = p->addon ? p->addon->arguments : NULL;

	for (; a; a = a->next) {
		struct nearest near;
		const struct object_ref *o = p->objects;

		nearest_start(&near, a->object);
		for (; o && (o->names.n ? !strings_hold(&o->names, a->object)
					: !str_starts(a->object, o->name_prefix));
		     o = o->next)
			for (size_t i = 0; i < o->names.n; i++)
				nearest_try(&near, o->names.v[i]);
		if (!o && a->object.s)
			report_message(v->report, true, &p->origin,
				       "argument \"%.*s\" of the add-on is for object \"%.*s\", "
				       "which is none of the policy's%s%.*s%s",
				       QUOTED(a->key), QUOTED(a->object),
				       near.best.s ? ": did you mean \"" : "", QUOTED(near.best),
				       near.best.s ? "\"?" : "");
	}
}

/* ---- sets and gates ---- */

static bool set_known(const struct config *c, struct str name)
{
	const struct identity_set *s = c->sets;
	const struct service_account *members;

	if (identity_self_set(c, name, &members))
		return true;
	while (s && !str_eq(s->name, name))
		s = s->next;
	return s;
}

static void validate_rule_sets(const struct validation *v, const struct rule *r,
			       const struct strings *sets)
{
	const struct config *c = &v->model->config;

	for (size_t i = 0; i < sets->n; i++) {
		struct nearest near;

		if (set_known(c, sets->v[i]))
			continue;
		nearest_start(&near, sets->v[i]);
		for (const struct identity_set *s = c->sets; s; s = s->next)
			nearest_try(&near, s->name);
		rule_error(v, r,
			   "names the identity set \"%.*s\", which the configuration does "
			   "not have%s%.*s%s",
			   QUOTED(sets->v[i]),
			   near.best.s ? ": did you mean \"" : ": add it under identities.sets",
			   QUOTED(near.best), near.best.s ? "\"?" : "");
	}
}

/* A warning: the gate may be newer than this program. */
static void validate_rule_gates(const struct validation *v, const struct rule *r)
{
	const struct strings *gates = &r->features->allow;

	for (size_t i = 0; i < gates->n; i++) {
		struct nearest near;

		if (catalogue_gate(gates->v[i], false) || catalogue_gate(gates->v[i], true))
			continue;
		nearest_start(&near, gates->v[i]);
		for (size_t g = 0; g < catalogue_gates_n; g++)
			nearest_try(&near, str_of(catalogue_text(catalogue_gates[g].name)));
		report_message(v->report, false, &r->origin,
			       "rule \"%.*s\" allows the feature gate \"%.*s\", which is not "
			       "known%s%.*s%s",
			       QUOTED(r->name), QUOTED(gates->v[i]),
			       near.best.s ? ": did you mean \"" : "", QUOTED(near.best),
			       near.best.s ? "\"?" : "");
	}
}

/* ---- facts ---- */

static void validate_rule_facts(const struct validation *v, const struct rule *r)
{
	for (const struct fact_test *a = r->policy->applies_to; a; a = a->next)
		for (const struct fact_test *b = r->cluster; b; b = b->next)
			if (str_eq(a->fact, b->fact) && !strings_meet(&a->values, &b->values))
				rule_error(v, r,
					   "never fits: the policy's appliesTo excludes all "
					   "that its \"cluster\" asks of %.*s",
					   QUOTED(a->fact));
}

/* ---- what an earlier rule has taken ---- */

static struct str path_key_at(const struct path *p, size_t i)
{
	return i < p->n && p->steps[i].kind == STEP_KEY ? p->steps[i].key : (struct str){ NULL, 0 };
}

static bool path_in_metadata(const struct path *p)
{
	return str_is(path_key_at(p, 0), "metadata") && rule_metadata_holds(path_key_at(p, 1));
}

static bool path_in_content(const struct path *p)
{
	return !str_is(path_key_at(p, 0), "metadata") && !str_is(path_key_at(p, 0), "status");
}

static bool change_within(const struct changed *inner, const struct changed *outer)
{
	if (outer->kind == CHANGED_PATH)
		return inner->kind == CHANGED_PATH &&
		       overlap_path_within(&inner->path, &outer->path);
	if (inner->kind != CHANGED_PATH)
		return inner->kind == outer->kind;
	return outer->kind == CHANGED_METADATA ? path_in_metadata(&inner->path)
					       : path_in_content(&inner->path);
}

static bool changes_within(const struct changed *inner, const struct changed *outer)
{
	if (!outer)
		return true;
	if (!inner)
		return false;
	for (; inner; inner = inner->next) {
		const struct changed *o = outer;

		while (o && !change_within(inner, o))
			o = o->next;
		if (!o)
			return false;
	}
	return true;
}

/* Does `above` ask nothing but what `r` asks too? Then it takes all that r would. */
static bool takes_all(const struct rule *above, const struct rule *r)
{
	return !above->objects && !above->identities.n && !above->not_identities.n &&
	       !above->cluster && !above->when && !above->features &&
	       (above->operations & r->operations) == r->operations &&
	       holds_all(&above->subresources, &r->subresources) &&
	       (!(r->operations & OP_UPDATE) || changes_within(r->changed, above->changed));
}

static void validate_rules_above(const struct validation *v, const struct rule *r)
{
	for (const struct rule *above = r->policy->rules; above != r; above = above->next) {
		if (str_eq(above->name, r->name)) {
			rule_error(v, r,
				   "has the name of the one in line %u: names are unique "
				   "within a policy",
				   above->origin.line);
			return;
		}
		if (takes_all(above, r)) {
			rule_error(v, r,
				   "never fits: rule \"%.*s\" above it (line %u) takes all "
				   "that it would; put it above that one",
				   QUOTED(above->name), above->origin.line);
			return;
		}
	}
}

/* ---- operations ---- */

/* A status write is judged on metadata alone. */
static bool outside_metadata(const struct changed *c)
{
	return c->kind == CHANGED_CONTENT ||
	       (c->kind == CHANGED_PATH && !str_is(path_key_at(&c->path, 0), "metadata"));
}

static void validate_rule_operations(const struct validation *v, const struct rule *r)
{
	const struct strings *subresources = &r->subresources;
	const struct changed *c = r->changed;

	if (r->operations == OP_CONNECT && subresources->n == 1 && !subresources->v[0].n)
		rule_error(v, r,
			   "never fits: CONNECT always has a subresource, as in "
			   "subresources: [exec]");
	while (c && outside_metadata(c))
		c = c->next;
	if (r->changed && !c && subresources->n == 1 && str_is(subresources->v[0], "status"))
		rule_error(v, r, "never fits: writes of status are judged on metadata alone");
}

void validate_rules(const struct validation *v, const struct policy *p)
{
	validate_wide_objects(v, p);
	validate_sent_objects(v, p);
	validate_addon(v, p);
	for (const struct rule *r = p->rules; r; r = r->next) {
		validate_rules_above(v, r);
		validate_rule_operations(v, r);
		validate_rule_objects(v, r);
		validate_rule_sets(v, r, &r->identities);
		validate_rule_sets(v, r, &r->not_identities);
		validate_rule_facts(v, r);
		if (r->identities.n && holds_all(&r->not_identities, &r->identities))
			rule_error(v, r,
				   "never fits: all sets of its \"identities\" are among its "
				   "\"notIdentities\"");
		if (r->features)
			validate_rule_gates(v, r);
	}
}
