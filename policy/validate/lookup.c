/* SPDX-License-Identifier: Apache-2.0
 * lookup.c - policies and rules by name, and what to say where there is none.
 */
#include "policy/validate/validate.h"

#include "lib/base/nearest.h"

static int policy_order_by_name(const void *a, const void *b)
{
	const struct policy *x = *(const struct policy *const *)a;
	const struct policy *y = *(const struct policy *const *)b;

	return str_cmp(x->name, y->name);
}

void validate_sort_names(struct validation *v)
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
