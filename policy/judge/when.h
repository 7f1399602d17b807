/* SPDX-License-Identifier: Apache-2.0
 * when.h - the conditions of a rule.
 */
#ifndef POLICY_JUDGE_WHEN_H
#define POLICY_JUDGE_WHEN_H

#include "policy/judge/judge.h"

/*
 * Does the condition hold on the object (with `old: true` on the old one)? Of rules about pods
 * its path is one of the pod.
 */
bool when_holds(const struct judge *j, const struct condition *c, const struct json *object,
		enum pod_view view);

/* Does it ask for the object's name alone, which needs no object? */
bool when_is_name(const struct condition *c);

#endif
