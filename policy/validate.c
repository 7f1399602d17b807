/*
 * validate.c - is the model sound as a whole? Names that are unique and names that
 * exist. What each file could say by itself the loader has checked.
 */
#include "policy/validate.h"

#include <stdlib.h>

#include "oke/policy_print.h"
#include "policy/forms.h"
#include "policy/nearest.h"
#include "policy/overlap.h"
#include "policy/set.h"

/* ---- names of policies and rules ---- */

static int by_name(const void *a, const void *b)
{
	const struct policy *x = *(const struct policy *const *)a;
	const struct policy *y = *(const struct policy *const *)b;

	return str_cmp(x->name, y->name);
}

/* qsort is not stable: find the first of equal names by the order of loading instead. */
static void check_policy_names(const struct validation *v)
{
	for (const struct policy *p = v->model->policies; p; p = p->next) {
		const struct policy *first = validate_policy_named(v, p->name);

		if (first == p)
			continue;
		report_message(v->report, true, &p->origin,
			       "a policy \"%.*s\" is loaded already, from %s:%u: choose another "
			       "name%s",
			       QUOTED(p->name), first->origin.file, first->origin.line,
			       first->builtin ? ", or say \"replaces\" in its spec" : "");
	}
}

static void sort_names(struct validation *v)
{
	size_t n = 0;

	for (const struct policy *p = v->model->policies; p; p = p->next)
		v->by_name[n++] = p;
	qsort(v->by_name, n, sizeof *v->by_name, by_name);
	v->n = n;
}

const struct policy *validate_policy_named(const struct validation *v, struct str name)
{
	const struct policy *first = NULL;
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (str_cmp(v->by_name[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == v->n || !str_eq(v->by_name[low]->name, name))
		return NULL;
	first = v->by_name[low];
	if (low + 1 == v->n || !str_eq(v->by_name[low + 1]->name, name))
		return first;
	for (first = v->model->policies; !str_eq(first->name, name); first = first->next)
		;
	return first;
}

const struct rule *validate_rule_named(const struct policy *p, struct str name)
{
	const struct rule *r = p->rules;

	while (r && !str_eq(r->name, name))
		r = r->next;
	return r;
}

void validate_unknown_rule(const struct validation *v, bool error, const struct origin *at,
			   struct str policy, struct str rule)
{
	const struct policy *p = validate_policy_named(v, policy);
	struct nearest near;

	nearest_start(&near, p ? rule : policy);
	for (const struct rule *r = p ? p->rules : NULL; r; r = r->next)
		nearest_try(&near, r->name);
	for (size_t i = 0; !p && i < v->n; i++)
		nearest_try(&near, v->by_name[i]->name);
	if (near.best.s && p)
		report_message(v->report, error, at,
			       "policy \"%.*s\" has no rule \"%.*s\": did you mean \"%.*s/%.*s\"?",
			       QUOTED(policy), QUOTED(rule), QUOTED(policy), QUOTED(near.best));
	else if (near.best.s)
		report_message(v->report, error, at,
			       "there is no policy \"%.*s\": did you mean \"%.*s/%.*s\"?",
			       QUOTED(policy), QUOTED(near.best), QUOTED(rule));
	else
		report_message(v->report, error, at,
			       "there is no rule \"%.*s/%.*s\": `oke-guard policy print%s%.*s` "
			       "shows what there is",
			       QUOTED(policy), QUOTED(rule), p ? " " : "",
			       QUOTED(p ? policy : STR("")));
}

/* ---- overrides ---- */

static enum action usual_action(const struct config *c, const struct rule *r)
{
	enum action a = c->tiers[r->tier];

	return r->has_action && r->action < a ? r->action : a;
}

static bool lowers(const struct config *c, const struct override *o, const struct policy *p)
{
	for (const struct rule *r = p->rules; r; r = r->next)
		if ((str_is(o->rule, "*") || str_eq(o->rule, r->name)) &&
		    o->action < usual_action(c, r))
			return true;
	return false;
}

static void check_override(const struct validation *v, const struct override *o)
{
	const struct policy *p = validate_policy_named(v, o->policy);

	if (!p || (!str_is(o->rule, "*") && !validate_rule_named(p, o->rule)))
		validate_unknown_rule(v, true, &o->origin, o->policy, o->rule);
	else if (p->builtin && !o->reason.s && lowers(&v->model->config, o, p))
		report_message(v->report, true, &o->origin,
			       "lowering \"%.*s/%.*s\", which is built in, needs a \"reason\": it "
			       "is shown where the override is used",
			       QUOTED(o->policy), QUOTED(o->rule));
	for (const struct override *b = v->model->config.overrides; b != o; b = b->next)
		if (str_eq(b->policy, o->policy) && str_eq(b->rule, o->rule)) {
			report_message(v->report, true, &o->origin,
				       "\"%.*s/%.*s\" is overridden twice, first in line %u: keep "
				       "one",
				       QUOTED(o->policy), QUOTED(o->rule), b->origin.line);
			break;
		}
}

void validate_overrides(const struct validation *v)
{
	for (const struct override *o = v->model->config.overrides; o; o = o->next)
		check_override(v, o);
}

/* ---- exceptions ---- */

static bool exception_concerns(const struct validation *v, const struct exception *e)
{
	for (const struct exception_rule *ref = e->rules; ref; ref = ref->next) {
		const struct policy *p = validate_policy_named(v, ref->policy);

		for (const struct object_ref *a = p ? p->objects : NULL; a; a = a->next)
			for (const struct object_ref *b = e->objects; b; b = b->next)
				if (objects_overlap(a, b))
					return true;
	}
	return false;
}

static void check_exception_rules(const struct validation *v, const struct exception *e)
{
	bool known = true;

	for (const struct exception_rule *ref = e->rules; ref; ref = ref->next) {
		const struct policy *p = validate_policy_named(v, ref->policy);

		if (p && validate_rule_named(p, ref->rule))
			continue;
		known = false;
		validate_unknown_rule(v, false, &ref->origin, ref->policy, ref->rule);
	}
	if (known && !exception_concerns(v, e))
		report_message(v->report, false, &e->origin,
			       "exception \"%.*s\" does nothing: none of its objects is one that "
			       "its rules guard",
			       QUOTED(e->name));
}

static void check_exception_times(const struct validation *v, const struct exception *e)
{
	int64_t most = (int64_t)v->model->config.exception_max_days * 86400;

	if (e->expires <= e->not_before)
		report_message(v->report, true, &e->origin,
			       "exception \"%.*s\" expires before it begins", QUOTED(e->name));
	else if (e->expires - e->not_before > most)
		report_message(v->report, true, &e->origin,
			       "exception \"%.*s\" lasts longer than %u days, which is the most "
			       "(exceptions.maxDays): renew it in time instead",
			       QUOTED(e->name), v->model->config.exception_max_days);
}

static void check_exception(const struct validation *v, const struct exception *e)
{
	check_exception_rules(v, e);
	check_exception_times(v, e);
	for (const struct name_pattern *u = e->identities.users; u; u = u->next)
		if (str_eq(u->text, e->approved_by))
			report_message(v->report, false, &e->origin,
				       "exception \"%.*s\" is approved by one of those it is for: "
				       "let somebody else approve it",
				       QUOTED(e->name));
	for (const struct exception *b = v->model->exceptions; b != e; b = b->next)
		if (str_eq(b->name, e->name)) {
			report_message(v->report, true, &e->origin,
				       "an exception \"%.*s\" is loaded already, from %s:%u: "
				       "choose another name",
				       QUOTED(e->name), b->origin.file, b->origin.line);
			break;
		}
}

#define EXCEPTIONS_MAX 1000 /* names are compared each with each */

void validate_exceptions(const struct validation *v)
{
	if (v->model->exceptions_n > EXCEPTIONS_MAX) {
		report_message(v->report, true, NULL, "%zu exceptions; at most %d are allowed",
			       v->model->exceptions_n, EXCEPTIONS_MAX);
		return;
	}
	for (const struct exception *e = v->model->exceptions; e; e = e->next)
		check_exception(v, e);
}

/* ---- the whole ---- */

int model_validate(const struct model *model, struct arena *arena, struct policy_report *report)
{
	struct validation v = { .model = model, .report = report };
	size_t errors = report->errors;

	(void)arena;
	if (!(v.by_name = malloc((model->policies_n + 1) * sizeof *v.by_name))) {
		report_message(report, true, NULL, "out of memory");
		return -1;
	}
	sort_names(&v);
	check_policy_names(&v);
	for (const struct policy *p = model->policies; p; p = p->next)
		validate_rules(&v, p);
	validate_overrides(&v);
	validate_exceptions(&v);
	free(v.by_name);
	return report->errors > errors ? -1 : 0;
}

void policy_set_lint(const struct policy_set *set, int64_t now, struct policy_report *report)
{
	for (const struct exception *e = set->model.exceptions; e; e = e->next) {
		char when[21];

		if (now < e->expires)
			continue;
		time_print(e->expires, when);
		report_message(report, false, &e->origin,
			       "exception \"%.*s\" has expired at %s: remove it", QUOTED(e->name),
			       when);
	}
}
