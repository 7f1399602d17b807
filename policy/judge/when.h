/*
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

#endif
