/*
 * validate.h - the parts of model_validate; private to validate*.c.
 */
#ifndef POLICY_VALIDATE_VALIDATE_H
#define POLICY_VALIDATE_VALIDATE_H

#include "policy/load/documents.h"

/* For messages: at most 60 bytes of a name. */

struct validation {
	const struct model *model;
	struct policy_report *report;
	const struct policy **by_name; /* sorted; of equal names the first loaded comes first */
	size_t n;
};

/* NULL: there is none. */
const struct policy *validate_policy_named(const struct validation *v, struct str name);
const struct rule *validate_rule_named(const struct policy *p, struct str name);
/* Say that there is no such policy or rule, with the nearest. */
void validate_unknown_rule(const struct validation *v, const struct origin *at, struct str policy,
			   struct str rule);
/* What the rule comes to without overrides: the lower of its tier's action and its own. */
enum action validate_usual_action(const struct config *c, const struct rule *r);
/* What it comes to with them, as long as no exception, mode or unknown identity lowers it. */
enum action validate_action(const struct config *c, const struct rule *r);

void validate_rules(const struct validation *v, const struct policy *p);
void validate_overrides(const struct validation *v);
void validate_exceptions(const struct validation *v);
void validate_required(const struct validation *v);

#endif
