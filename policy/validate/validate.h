/* SPDX-License-Identifier: Apache-2.0
 * validate.h - model_validate and its parts.
 */
#ifndef POLICY_VALIDATE_VALIDATE_H
#define POLICY_VALIDATE_VALIDATE_H

#include "policy/model/report.h"

/*
 * Is the model sound as a whole? Unique names, sets and gates that exist, limits kept. Units that
 * are not are marked (`unsound`).
 */
int model_validate(struct model *model, struct arena *arena, struct policy_report *report);

/*
 * What stands first in a model whose rest is sound, and stays as it is: so many policies and
 * exceptions, and the configuration. Nothing is marked.
 */
struct added {
	size_t policies, exceptions;
	bool config;
};
void model_validate_added(const struct model *model, const struct added *added,
			  struct policy_report *report);

/* May the rule be marked failClosed? */
bool validate_mark_possible(const struct model *model, const struct rule *rule);

/* ---- its parts; private to this room ---- */

struct validation {
	const struct model *model;
	struct policy_report *report;
	const struct policy **by_name; /* sorted; of equal names the first loaded comes first */
	size_t n;
};

/* Fill by_name, which has room for all. */
void validate_sort_names(struct validation *v);
/* NULL: there is none. */
const struct policy *validate_policy_named(const struct validation *v, struct str name);
const struct rule *validate_rule_named(const struct policy *p, struct str name);
/* Say that there is no such policy or rule, with the nearest. */
void validate_unknown_rule(const struct validation *v, const struct origin *at, struct str policy,
			   struct str rule);

void validate_rules(const struct validation *v, const struct policy *p);
void validate_exception(const struct validation *v, const struct exception *e);
void validate_mark(const struct validation *v, const struct exception_rule *mark); /* failClosed */

#endif
