/* SPDX-License-Identifier: Apache-2.0
 * aliases.c - the table, and what it means for those who name a rule.
 *
 * A name stays here for two releases after its rule went. A policy that somebody replaces brings
 * its own rules: its names are left as they are.
 */
#include "policy/load/aliases.h"

#include "policy/model/report.h"

#define QUOTED(x) ((int)((x).n > 60 ? 60 : (x).n)), ((x).s ? (x).s : "")

static const struct alias {
	const char *policy, *was, *now;
} aliases[] = {
	{ "surroundings", "network-policy-of-all", "network-policy" },
	{ "surroundings", "network-policy-by-expression", "network-policy" },
	{ "surroundings", "disruption-budget-of-all", "disruption-budget" },
	{ "surroundings", "disruption-budget-by-expression", "disruption-budget" },
	{ "surroundings", "calico-policy-of-all", "calico-policy" },
	{ "surroundings", "calico-policy-without-selector", "calico-policy" },
	{ "surroundings", "calico-policy-elsewhere", "calico-policy" },
	{ "identities", "workload-created", "pod-created" },
	{ "identities", "template-created", "pod-created" },
	{ "identities", "cronjob-created", "pod-created" },
	{ "identities", "workload-changed", "pod-changed" },
	{ "identities", "template-changed", "pod-changed" },
	{ "identities", "cronjob-changed", "pod-changed" },
};

static bool policy_has(const struct model *model, struct str policy, struct str rule)
{
	for (const struct policy *p = model->policies; p; p = p->next)
		for (const struct rule *r = str_eq(p->name, policy) ? p->rules : NULL; r;
		     r = r->next)
			if (str_eq(r->name, rule))
				return true;
	return false;
}

/* The rule's name of today, with a warning; false: it is no old name. */
static bool alias_of(const struct model *model, struct str policy, struct str *rule,
		     const struct origin *at, struct policy_report *report)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		const struct alias *a = &aliases[i];

		if (!str_is(policy, a->policy) || !str_is(*rule, a->was) ||
		    policy_has(model, policy, *rule) || !policy_has(model, policy, str_of(a->now)))
			continue;
		report_message(report, false, at,
			       "rule \"%.*s/%s\" is part of \"%.*s/%s\" now, which is taken: write "
			       "that; the old name goes in two releases",
			       QUOTED(policy), a->was, QUOTED(policy), a->now);
		*rule = str_of(a->now);
		return true;
	}
	return false;
}

static void resolve_overrides(struct model *model, struct policy_report *report)
{
	struct override **o = &model->config.overrides;

	while (*o) {
		struct override *other = model->config.overrides;

		if (!alias_of(model, (*o)->policy, &(*o)->rule, &(*o)->origin, report)) {
			o = &(*o)->next;
			continue;
		}
		while (other && (other == *o || !str_eq(other->policy, (*o)->policy) ||
				 !str_eq(other->rule, (*o)->rule)))
			other = other->next;
		if (other)
			*o = (*o)->next;
		else
			o = &(*o)->next;
	}
}

static void resolve_refs(const struct model *model, struct exception_rule **refs,
			 struct policy_report *report)
{
	struct exception_rule **ref = refs;

	while (*ref) {
		const struct exception_rule *other = *refs;

		if (!alias_of(model, (*ref)->policy, &(*ref)->rule, &(*ref)->origin, report)) {
			ref = &(*ref)->next;
			continue;
		}
		while (other && (other == *ref || !str_eq(other->policy, (*ref)->policy) ||
				 !str_eq(other->rule, (*ref)->rule)))
			other = other->next;
		if (other)
			*ref = (*ref)->next;
		else
			ref = &(*ref)->next;
	}
}

void aliases_resolve(struct model *model, struct policy_report *report)
{
	resolve_overrides(model, report);
	resolve_refs(model, &model->config.fail_closed, report);
	for (struct exception *e = model->exceptions; e; e = e->next)
		resolve_refs(model, &e->rules, report);
}
