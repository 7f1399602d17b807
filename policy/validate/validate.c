/* SPDX-License-Identifier: Apache-2.0
 * validate.c - is the model sound as a whole? Names that are unique and names that
 * exist. What each file could say by itself the loader has checked.
 */
#include "policy/validate/validate.h"

#include <stdlib.h>

#include "policy/model/rule_scope.h"

/* ---- names of policies and rules ---- */

/* qsort is not stable: find the first of equal names by the order of loading instead. */
static void validate_policy_name(const struct validation *v, const struct policy *p)
{
	const struct policy *first = validate_policy_named(v, p->name);

	if (first == p)
		return;
	report_message(v->report, true, &p->origin,
		       "a policy \"%.*s\" is loaded already, from %s:%u: choose another name%s",
		       QUOTED(p->name), first->origin.file, first->origin.line,
		       first->builtin ? ", or say \"replaces\" in its spec" : "");
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

/* ---- the whole ---- */

#define EXCEPTIONS_MAX 1000 /* names are compared each with each */
#define WHY_MAX        900

/* The first error about a unit, since unit_begin, is kept with it. */
static void unit_begin(struct policy_report *report, char why[WHY_MAX])
{
	*why = '\0';
	report->why = why;
	report->why_room = WHY_MAX;
}

static void unit_end(struct policy_report *report, struct arena *arena, const char **unsound)
{
	static const char unknown[] = "see the log";

	if (*report->why && !*unsound) {
		*unsound = str_copy(arena, str_of(report->why)).s;
		if (!*unsound)
			*unsound = unknown;
	}
	report->why = NULL;
}

static void validate_policies(const struct validation *v, struct model *model, struct arena *arena)
{
	char why[WHY_MAX];

	for (struct policy *p = model->policies; p; p = p->next) {
		unit_begin(v->report, why);
		validate_policy_name(v, p);
		unit_end(v->report, arena, &p->unsound);
	}
	for (struct policy *p = model->policies; p; p = p->next) {
		unit_begin(v->report, why);
		validate_rules(v, p);
		unit_end(v->report, arena, &p->unsound);
	}
}

static void validate_configured(const struct validation *v, struct model *model,
				struct arena *arena)
{
	char why[WHY_MAX];

	for (struct override *o = model->config.overrides; o; o = o->next) {
		unit_begin(v->report, why);
		validate_override(v, o);
		unit_end(v->report, arena, &o->unsound);
	}
	for (struct exception_rule *m = model->config.fail_closed; m; m = m->next) {
		unit_begin(v->report, why);
		validate_mark(v, m);
		unit_end(v->report, arena, &m->unsound);
	}
}

static void validate_all_exceptions(const struct validation *v, struct model *model,
				    struct arena *arena)
{
	char why[WHY_MAX];
	size_t n = 0;

	if (model->exceptions_n > EXCEPTIONS_MAX)
		report_message(v->report, true, NULL, "%zu exceptions; at most %d are allowed",
			       model->exceptions_n, EXCEPTIONS_MAX);
	for (struct exception *e = model->exceptions; e; e = e->next) {
		if (n++ >= EXCEPTIONS_MAX) {
			e->unsound = "more exceptions than are allowed";
			continue;
		}
		unit_begin(v->report, why);
		validate_exception(v, e);
		unit_end(v->report, arena, &e->unsound);
	}
}

int model_validate(struct model *model, struct arena *arena, struct policy_report *report)
{
	struct validation v = { .model = model, .report = report };
	size_t errors = report->errors;

	if (!(v.by_name = malloc((model->policies_n + 1) * sizeof *v.by_name))) {
		report_message(report, true, NULL, "out of memory");
		return -1;
	}
	validate_sort_names(&v);
	validate_policies(&v, model, arena);
	validate_configured(&v, model, arena);
	validate_all_exceptions(&v, model, arena);
	free(v.by_name);
	return report->errors > errors ? -1 : 0;
}

/* ---- what is added to a sound model ---- */

/* `rest` holds what a policy of that name was until now: only a built-in one stays beside it. */
static void validate_added_name(const struct validation *v, const struct policy *p,
				const struct policy *rest)
{
	if (validate_policy_named(v, p->name) != p) {
		validate_policy_name(v, p);
		return;
	}
	while (rest && !(rest->builtin && str_eq(rest->name, p->name)))
		rest = rest->next;
	if (rest && !p->replaces.n)
		report_message(v->report, true, &p->origin,
			       "a policy \"%.*s\" is built in: choose another name, or say "
			       "\"replaces\" in its spec",
			       QUOTED(p->name));
}

static void validate_added_policies(const struct validation *v, size_t n)
{
	const struct policy *p = v->model->policies, *rest = p;

	for (size_t i = 0; i < n; i++)
		rest = rest->next;
	for (; p != rest; p = p->next) {
		validate_added_name(v, p, rest);
		validate_rules(v, p);
	}
}

static void validate_added_exceptions(const struct validation *v, size_t n)
{
	const struct exception *e = v->model->exceptions;

	for (size_t i = 0; i < n && i < EXCEPTIONS_MAX; i++, e = e->next)
		validate_exception(v, e);
}

void model_validate_added(const struct model *model, const struct added *added,
			  struct policy_report *report)
{
	struct validation v = { .model = model, .report = report };
	size_t n = 0;

	for (const struct policy *p = model->policies; p; p = p->next)
		n++;
	if (!(v.by_name = malloc((n + 1) * sizeof *v.by_name)))
		return;
	validate_sort_names(&v);
	validate_added_policies(&v, added->policies);
	validate_added_exceptions(&v, added->exceptions);
	for (const struct override *o = added->config ? model->config.overrides : NULL; o;
	     o = o->next)
		validate_override(&v, o);
	for (const struct exception_rule *m = added->config ? model->config.fail_closed : NULL; m;
	     m = m->next)
		validate_mark(&v, m);
	free(v.by_name);
}
