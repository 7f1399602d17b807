/* SPDX-License-Identifier: Apache-2.0
 * policy_print.h - a loaded set in words: what is in force, and where it was written.
 */
#ifndef OKE_POLICY_PRINT_H
#define OKE_POLICY_PRINT_H

#include "oke/policy.h"

enum print_format { PRINT_TEXT, PRINT_YAML, PRINT_JSON };

/*
 * All write to `out`, with a newline at the end; text.full is set when there was no
 * room. YAML carries the origin of what it shows as comments, "# file:line".
 */

/* A line a policy: name, origin, objects, rules, rules by tier. */
void policy_print_table(const struct policy_set *set, enum print_format format, struct text *out);

/*
 * The policy as YAML (also for PRINT_TEXT) or JSON that the loader takes again: one that is built
 * in says that it replaces itself. false: there is none of that name.
 */
bool policy_print_policy(const struct policy_set *set, struct str name, enum print_format format,
			 struct text *out);

/* The configuration in force, each value with its origin or "# default". */
void policy_print_config(const struct policy_set *set, enum print_format format, struct text *out);

/* A rule in words: tier, what it takes, what to do instead. false: there is none. */
bool policy_print_rule(const struct policy_set *set, struct str policy, struct str rule,
		       enum print_format format, struct text *out);

/*
 * OKE's versions, from the list in force, and what it says of each now. As PRINT_YAML: a list
 * that policy_source.versions takes.
 */
void policy_print_versions(const struct policy_set *set, int64_t now, enum print_format format,
			   struct text *out);
/* Of one version ("1.36", "v1.36.1"). -1: the text is none; else 1: OKE does not support it (any
 * more), 0: it does, or that is not known. */
int policy_print_version(const struct policy_set *set, struct str version, int64_t now,
			 enum print_format format, struct text *out);

/* Policies (policy NULL) or rules of one policy, by number; NULL at the end. For "did you mean". */
struct str policy_name_at(const struct policy_set *set, size_t i);
struct str rule_name_at(const struct policy_set *set, struct str policy, size_t i);

/* What only a clock can tell: exceptions that have expired, a version of Kubernetes that OKE no
 * longer supports (policy_set_version_lint). Each is a warning. */
void policy_set_lint(const struct policy_set *set, int64_t now, struct policy_report *report);

/* The JSON Schema of a kind, whole; {NULL, 0}: there is no such kind. */
struct str policy_schema(struct str kind);
/* The kinds by number; NULL at the end. */
const char *policy_schema_kind(size_t i);

#endif
