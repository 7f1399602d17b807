/* SPDX-License-Identifier: Apache-2.0
 * written.h - a ConfigMap of the guard's own: can what it holds be read?
 */
#ifndef POLICY_JUDGE_WRITTEN_H
#define POLICY_JUDGE_WRITTEN_H

#include "policy/judge/judge.h"

/*
 * Is something broken in the new object's files (policy_written_faults), or else something
 * doubtful? Of an object that says that it is of another version (app.kubernetes.io/version)
 * nothing is broken. Looked at once for a request.
 */
bool written_holds(const struct judge *j, bool broken);

#endif
