/* SPDX-License-Identifier: Apache-2.0
 * overlap.h - do two objects, two paths have anything in common? Asked
 * of what policies write, never of requests.
 */
#ifndef POLICY_VALIDATE_OVERLAP_H
#define POLICY_VALIDATE_OVERLAP_H

#include "policy/model/model.h"

/* Can an object fit both? Labels are not looked at. */
bool overlap_objects(const struct object_ref *a, const struct object_ref *b);

/* Is every place that `inner` names one that `outer` covers? */
bool overlap_path_within(const struct path *inner, const struct path *outer);

#endif
