/* SPDX-License-Identifier: Apache-2.0
 * follow.h - the policies in force follow their files: what reload has to know of policies,
 * for each program that has them.
 */
#ifndef POLICY_FOLLOW_FOLLOW_H
#define POLICY_FOLLOW_FOLLOW_H

#include "oke/policy.h"
#include "lib/serve/reload.h"

struct policy_follow {
	struct policy_source source;
	/* NULL, or told of each set that comes into force. */
	void (*in_force)(void *ctx, const struct policy_set *set);
	void *ctx;
};

/* For struct reload, with a struct policy_follow as ctx; the slot holds struct policy_set. */
extern const struct reload_ops policy_follow_ops;

#endif
