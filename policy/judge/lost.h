/* SPDX-License-Identifier: Apache-2.0
 * lost.h - values that the old object has at a path, and the new one has not.
 */
#ifndef POLICY_JUDGE_LOST_H
#define POLICY_JUDGE_LOST_H

#include "policy/judge/judge.h"

/*
 * Is one of the values that the path names in `old` equal to none that it names in `new`? Their
 * order does not matter. Where the arena does not suffice: true. Work is that of sorting them.
 */
bool lost_any(const struct judge *j, const struct path *path, const struct json *old,
	      const struct json *new);

#endif
