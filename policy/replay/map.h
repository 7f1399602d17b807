/* SPDX-License-Identifier: Apache-2.0
 * map.h - where the fields of an event stand in lines of an envelope that nobody has seen yet.
 *
 *   apiVersion: oke-guard.internal/v1
 *   kind: ReplayMap
 *   spec:
 *     event: data.additionalDetails.event     # the whole event, an object or a string, or:
 *     fields:
 *       verb: data.request.action
 *       user: data.identity.principalName
 *
 * A path is that of policies (policy/object/path.h). A field's value is taken as it stands there;
 * verbs may be HTTP's. Where no resource is told the object is read from the path in requestURI.
 */
#ifndef POLICY_REPLAY_MAP_H
#define POLICY_REPLAY_MAP_H

#include "policy/replay/event.h"

struct replay_map;

/* Read the file. NULL with ERR_IO, ERR_SYNTAX ("map.yaml:7: ..."), ERR_LIMIT or ERR_NOMEM. */
struct replay_map *replay_map_new(const char *file, struct err *err);
void replay_map_free(struct replay_map *m); /* NULL is fine */

/*
 * The line as an event of audit.k8s.io/v1, in the arena; {NULL, 0} when it holds none: no verb
 * or no resource is where the map says.
 */
struct str replay_map_event(const struct replay_map *m, struct str line, struct arena *arena);

#endif
