/*
 * validate.c - is the model sound as a whole? Names that are unique and names that
 * exist. What each file could say by itself the loader has checked.
 */
#include "policy/validate/validate.h"

#include <stdlib.h>

#include "lib/base/nearest.h"

/* ---- names of policies and rules ---- */

static int policy_order_by_name(const void *a, const void *b)
{
	const struct policy *x = *(const struct policy *const *)a;
	const struct policy *y = *(const struct policy *const *)b;

	return str_cmp(x->name, y->name);
}

/* qsort is not stable: find the first of equal names by the order of loading instead. */
static void validate_policy_names(const struct validation *v)
{
	for (const struct policy *p = v->model->policies; p; p = p->next) {
		const struct policy *first = validate_policy_named(v, p->name);

		if (first == p)
			continue;
		report_message(v->report, true, &p->origin,
			       "a policy \"%.*s\" is loaded already, from %s:%u: "
			       "choose another name%s",
			       QUOTED(p->name), first->origin.file, first->origin.line,
			       first->builtin ? ", or say \"replaces\" in its spec" : "");
	}
}

static void sort_names(struct validation *v)
{
	size_t n = 0;

	for (const struct policy *p = v->model->policies; p; p = p->next)
		v->by_name[n++] = p;
	qsort(v->by_name, n, sizeof *v->by_name, policy_order_by_name);
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

void validate_unknown_rule(const struct validation *v, const struct origin *at, struct str policy,
			   struct str rule)
{
	const struct policy *p = validate_policy_named(v, policy);
	struct nearest near;

	nearest_start(&near, p ? rule : policy);
	for (const struct rule *r = p ? p->rules : NULL; r; r = r->next)
		nearest_try(&near, r->name);
	for (size_t i = 0; !p && i < v->n; i++)
		nearest_try(&near, v->by_name[i]->name);
	if (near.best.s && p)
		report_message(v->report, true, at,
			       "policy \"%.*s\" has no rule \"%.*s\": did you mean \"%.*s/%.*s\"?",
			       QUOTED(policy), QUOTED(rule), QUOTED(policy), QUOTED(near.best));
	else if (near.best.s)
		report_message(v->report, true, at,
			       "there is no policy \"%.*s\": did you mean \"%.*s/%.*s\"?",
			       QUOTED(policy), QUOTED(near.best), QUOTED(rule));
	else
		report_message(v->report, true, at,
			       "there is no rule \"%.*s/%.*s\": `oke-guard policy print%s%.*s` "
			       "shows what there is",
			       QUOTED(policy), QUOTED(rule), p ? " " : "",
			       QUOTED(p ? policy : STR("")));
}

/* ---- overrides ---- */

enum action validate_usual_action(const struct config *c, const struct rule *r)
{
	enum action a = c->tiers[r->tier];

	return r->has_action && r->action < a ? r->action : a;
}

enum action validate_action(const struct config *c, const struct rule *r)
{
	enum action all = validate_usual_action(c, r);

	for (const struct override *o = c->overrides; o; o = o->next) {
		if (!str_eq(o->policy, r->policy->name))
			continue;
		if (str_eq(o->rule, r->name))
			return o->action;
		if (str_is(o->rule, "*"))
			all = o->action;
	}
	return all;
}

static bool override_lowers(const struct config *c, const struct override *o,
			    const struct policy *p)
{
	for (const struct rule *r = p->rules; r; r = r->next)
		if ((str_is(o->rule, "*") || str_eq(o->rule, r->name)) &&
		    o->action < validate_usual_action(c, r))
			return true;
	return false;
}

static void validate_override(const struct validation *v, const struct override *o)
{
	const struct policy *p = validate_policy_named(v, o->policy);

	if (!p || (!str_is(o->rule, "*") && !validate_rule_named(p, o->rule)))
		validate_unknown_rule(v, &o->origin, o->policy, o->rule);
	else if (p->builtin && !o->reason.s && override_lowers(&v->model->config, o, p))
		report_message(v->report, true, &o->origin,
			       "lowering \"%.*s/%.*s\", which is built in, needs a \"reason\": it "
			       "is shown where the override is used",
			       QUOTED(o->policy), QUOTED(o->rule));
	for (const struct override *b = v->model->config.overrides; b != o; b = b->next)
		if (str_eq(b->policy, o->policy) && str_eq(b->rule, o->rule)) {
			report_message(v->report, true, &o->origin,
				       "\"%.*s/%.*s\" is overridden twice, first "
				       "in line %u: keep one",
				       QUOTED(o->policy), QUOTED(o->rule), b->origin.line);
			break;
		}
}

void validate_overrides(const struct validation *v)
{
	for (const struct override *o = v->model->config.overrides; o; o = o->next)
		validate_override(v, o);
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
	validate_policy_names(&v);
	for (const struct policy *p = model->policies; p; p = p->next)
		validate_rules(&v, p);
	validate_overrides(&v);
	validate_required(&v);
	validate_exceptions(&v);
	free(v.by_name);
	return report->errors > errors ? -1 : 0;
}
