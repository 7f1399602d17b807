/* SPDX-License-Identifier: Apache-2.0
 * compact.h - an event reduced to what judging needs, as an event again.
 *
 * A partial result of a replay is a file of these lines. Left out: source addresses, user agents,
 * what authentication added to a user, what no verdict depends on. What Secrets hold, and
 * tokens, never get there: those writes are kept as if their level were Metadata.
 */
#ifndef POLICY_REPLAY_COMPACT_H
#define POLICY_REPLAY_COMPACT_H

#include "policy/replay/event.h"

/*
 * Append the line, with its newline; of a deletecollection that tells what it deleted, a line
 * for each object. `each` is called once a line, with the text's end moved behind it.
 */
typedef int compact_line_fn(void *ctx, const struct event *e, struct str line, struct err *err);
int event_compact(const struct event *e, struct arena *arena, compact_line_fn *line, void *ctx,
		  struct err *err);

#endif
