/* SPDX-License-Identifier: Apache-2.0
 * use_set.h - the uses of alpha features of an object, to ask whether one is among them; private
 * to this room.
 *
 * Two uses are the same when their kind, their place and what was found are; gates, stages and
 * minors are not looked at. An object has up to FEATURE_USES_OFFLINE_MAX of them, so they are
 * sorted once: n uses take n log n comparisons, and so do n questions, whatever the places are.
 */
#ifndef POLICY_ALPHA_USE_SET_H
#define POLICY_ALPHA_USE_SET_H

#include "policy/alpha/features.h"

struct use_set {
	const struct feature_use **v; /* sorted; in the arena */
	size_t n;
	size_t compared; /* so far, two uses at a time */
};

/* Those of the stage FEATURE_ALPHA. The uses and the arena must live as long. -1: ERR_NOMEM. */
int use_set_of(const struct feature_uses *uses, struct arena *arena, struct use_set *out,
	       struct err *err);

bool use_set_has(struct use_set *set, const struct feature_use *use);

#endif
