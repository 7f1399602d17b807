/* SPDX-License-Identifier: Apache-2.0
 * touched.h - the places that a patch can change at all: an upper bound of its changes.
 */
#ifndef POLICY_REPLAY_TOUCHED_H
#define POLICY_REPLAY_TOUCHED_H

#include "oke/bound.h"

/*
 * Of a merge patch, a strategic merge patch or a JSON patch, which are told apart by their
 * shape; the body of a server-side apply, which can also take away what it does not name,
 * touches all. Absent or unreadable: all. The texts live in the arena and in the patch.
 */
void touched_by_patch(struct str patch, struct arena *arena, struct touched *out);

bool touches_metadata(const struct touched *t);
bool touches_content(const struct touched *t); /* anything but metadata and status */
/* Leave only places in the metadata, or only those outside. A touched.all stays. */
void touched_keep(struct touched *t, bool metadata);

#endif
