/* SPDX-License-Identifier: Apache-2.0
 * selector.h - a label selector, evaluated as Kubernetes does; text as Calico does.
 */
#ifndef POLICY_JUDGE_SELECTOR_H
#define POLICY_JUDGE_SELECTOR_H

#include "lib/json/json.h"
#include "policy/judge/judge.h"

/*
 * Does the selector (absent or null: as {}, it takes all) take one of the pods that the condition
 * means? Those of the request's namespace; NetworkPolicies do not concern pods of the host's
 * network, PodDisruptionBudgets not those of DaemonSets. A label whose value nobody knows may be
 * any: what it alone decides counts as taken.
 * Text that is no expression of Calico's takes none.
 */
bool selector_takes(const struct judge *j, const struct condition *c, const struct json *selector);

#endif
