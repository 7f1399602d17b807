/* SPDX-License-Identifier: Apache-2.0
 * exceptions.c - is an exception one that was meant? What it names exists
 * (else nobody would learn that it does nothing), it ends in time, its names are
 * its own: errors. That it does nothing, takes in nearly everybody, or that he who
 * approved it is among those it is for: warnings.
 */
#include "policy/validate/overlap.h"
#include "policy/model/rule_scope.h"
#include "policy/validate/validate.h"

__attribute__((format(printf, 4, 5))) static void exception_warn(const struct validation *v,
								 const struct origin *at,
								 const struct exception *e,
								 const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	report_message(v->report, false, at, "exception \"%.*s\" %s", QUOTED(e->name), text);
}

static const struct rule *exception_rule_of(const struct validation *v,
					    const struct exception_rule *ref)
{
	const struct policy *p = validate_policy_named(v, ref->policy);

	return p ? validate_rule_named(p, ref->rule) : NULL;
}

/* What judging itself finds, in reviews whose objects cannot be read. */
static bool is_guards_own(const struct exception_rule *ref)
{
	return str_is(ref->policy, "guard") &&
	       (str_is(ref->rule, "too-large") || str_is(ref->rule, "unreadable"));
}

/* ---- does it do anything? ---- */

static void validate_exception_rules(const struct validation *v, const struct exception *e)
{
	for (const struct exception_rule *ref = e->rules; ref; ref = ref->next) {
		const struct rule *r = exception_rule_of(v, ref);

		if (is_guards_own(ref))
			continue;
		if (!r)
			validate_unknown_rule(v, &ref->origin, ref->policy, ref->rule);
		else if (rule_action(&v->model->config, r) <= e->action)
			exception_warn(
				v, &ref->origin, e,
				"does nothing for %.*s/%.*s, which comes to %s anyway: leave it out",
				QUOTED(ref->policy), QUOTED(ref->rule),
				action_name(rule_action(&v->model->config, r)));
	}
}

static bool rule_guards_object(const struct rule *r, const struct object_ref *object)
{
	const struct object_ref *o = r->objects ? r->objects : r->policy->objects;

	while (o && !overlap_objects(o, object))
		o = o->next;
	return o;
}

/* Rules that there are not have been complained of: they may be those that guard it. */
static bool may_be_guarded(const struct validation *v, const struct exception *e,
			   const struct object_ref *object)
{
	for (const struct exception_rule *ref = e->rules; ref; ref = ref->next) {
		const struct rule *r = exception_rule_of(v, ref);

		if (!r || rule_guards_object(r, object))
			return true;
	}
	return false;
}

static void validate_exception_objects(const struct validation *v, const struct exception *e)
{
	for (const struct object_ref *o = e->objects; o; o = o->next)
		if (!may_be_guarded(v, e, o))
			exception_warn(
				v, &o->origin, e,
				"matches nothing here: none of its rules guards such an object");
}

/* ---- is it too wide? ---- */

/* Groups that come with being let in, whoever it is. */
static bool is_everybody(struct str group)
{
	return str_is(group, "system:authenticated") || str_is(group, "system:unauthenticated") ||
	       str_is(group, "system:serviceaccounts") ||
	       str_starts(group, STR("system:serviceaccounts:"));
}

static void validate_exception_width(const struct validation *v, const struct exception *e)
{
	for (const struct name_pattern *g = e->identities.groups; g; g = g->next)
		if (is_everybody(g->text))
			exception_warn(v, &e->origin, e,
				       "is too wide: the group %.*s holds more than those "
				       "who need it; name them",
				       QUOTED(g->text));
}

/* ---- who, how long, which name ---- */

static bool is_account_named(const struct service_account *a, struct str name)
{
	return name.n == a->namespace.n + 1 + a->name.n && str_starts(name, a->namespace) &&
	       name.s[a->namespace.n] == '/' && str_eq(str_from(name, a->namespace.n + 1), a->name);
}

static bool approves_himself(const struct exception *e)
{
	for (const struct name_pattern *u = e->identities.users; u; u = u->next)
		if (str_eq(u->text, e->approved_by))
			return true;
	for (const struct name_pattern *g = e->identities.groups; g; g = g->next)
		if (str_eq(g->text, e->approved_by))
			return true;
	for (const struct service_account *a = e->identities.accounts; a; a = a->next)
		if (is_account_named(a, e->approved_by))
			return true;
	return false;
}

static void validate_exception_times(const struct validation *v, const struct exception *e)
{
	int64_t longest = (int64_t)v->model->config.exception_max_days * 86400;

	if (e->expires <= e->not_before)
		report_message(v->report, true, &e->origin,
			       "exception \"%.*s\" expires before it begins", QUOTED(e->name));
	else if (e->expires - e->not_before > longest)
		report_message(v->report, true, &e->origin,
			       "exception \"%.*s\" lasts longer than %u days, which is the most "
			       "(exceptions.maxDays): renew it in time instead",
			       QUOTED(e->name), v->model->config.exception_max_days);
}

static void validate_exception_name(const struct validation *v, const struct exception *e)
{
	const struct exception *b = v->model->exceptions;

	while (!str_eq(b->name, e->name))
		b = b->next;
	if (b != e)
		report_message(v->report, true, &e->origin,
			       "an exception \"%.*s\" is loaded already, from %s:%u: choose "
			       "another name",
			       QUOTED(e->name), b->origin.file, b->origin.line);
}

void validate_exception(const struct validation *v, const struct exception *e)
{
	validate_exception_rules(v, e);
	validate_exception_objects(v, e);
	validate_exception_times(v, e);
	validate_exception_width(v, e);
	if (approves_himself(e))
		exception_warn(
			v, &e->origin, e,
			"is approved by one of those it is for: let somebody else approve it");
	validate_exception_name(v, e);
}
