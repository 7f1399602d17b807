/*
 * validate.c - is the model sound as a whole? Names that are unique and names that
 * exist. What each file could say by itself the loader has checked.
 */
#include "policy/validate/validate.h"

#include <stdlib.h>

#include "policy/model/rule_scope.h"

/* ---- names of policies and rules ---- */

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

/* ---- overrides ---- */

static bool override_lowers(const struct config *c, const struct override *o,
			    const struct policy *p)
{
	for (const struct rule *r = p->rules; r; r = r->next)
		if ((str_is(o->rule, "*") || str_eq(o->rule, r->name)) &&
		    o->action < rule_usual_action(c, r))
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
	validate_sort_names(&v);
	validate_policy_names(&v);
	for (const struct policy *p = model->policies; p; p = p->next)
		validate_rules(&v, p);
	validate_overrides(&v);
	validate_required(&v);
	validate_exceptions(&v);
	free(v.by_name);
	return report->errors > errors ? -1 : 0;
}
