/* SPDX-License-Identifier: Apache-2.0
 * expression.h - Calico's selector expressions, held against the labels of one thing.
 *
 * Source: projectcalico/calico, libcalico-go/lib/selector: `has(k)`, `all()`, `global()`, `k ==
 * 'v'`, `k != 'v'`, `k in {'a', 'b'}`, `k not in {}`, `contains`, `starts with`, `ends with`, `!`,
 * `&&` before `||`, parentheses. What is absent is unequal and in no set.
 */
#ifndef POLICY_OBJECT_EXPRESSION_H
#define POLICY_OBJECT_EXPRESSION_H

#include "lib/base/str.h"

enum label_known { LABEL_ABSENT, LABEL_KNOWN, LABEL_UNKNOWN }; /* UNKNOWN: there, with any value */

/* The label of a thing; *value where it is known. */
typedef enum label_known expression_label(const void *ctx, struct str key, struct str *value);

/* In this order: the lower of two is their "and", the higher their "or". */
enum truth { TRUTH_NO, TRUTH_MAYBE, TRUTH_YES };

/*
 * Does the expression take the thing? MAYBE: a label whose value nobody knows decides. Text of
 * white space alone takes all. -1: it is no such expression, or the arena is used up. The work is
 * linear; the arena counts it.
 */
int expression_takes(struct str text, expression_label *label, const void *ctx, struct arena *arena,
		     enum truth *out);

#endif
