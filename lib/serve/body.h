/* SPDX-License-Identifier: Apache-2.0
 * body.h - a request's body within a budget: all of it, or what is needed of its beginning.
 *
 * A body is charged as it arrives. A large one for which there is no room, or that is longer
 * than BODY_MAX, is not refused: its beginning is kept, charged as a small body is, and the rest
 * thrown away. Belongs to one connection and its worker.
 */
#ifndef LIB_SERVE_BODY_H
#define LIB_SERVE_BODY_H

#include "lib/serve/budget.h"
#include "lib/serve/head.h"

/* How much of this beginning is enough; 0: more than that. */
typedef size_t body_kept(struct str begin);

struct body {
	struct budget *budget; /* NULL: whatever arrives is dropped */
	body_kept *kept;
	size_t length; /* as the head says */
	char *bytes;   /* malloc'd; NULL: nothing is kept */
	size_t n, room, charged;
	bool begin;       /* bytes are the beginning alone */
	size_t looked_at; /* whether that is enough is looked at when there is as much as this */
};

/* NULL: go on; else why the rest has to be dropped (refusal_busy, refusal_memory). */
const struct refusal *body_begin(struct body *b, struct budget *budget, body_kept *kept,
				 uint64_t length);
const struct refusal *body_arrives(struct body *b, const char *data, size_t n);
void body_drop(struct body *b); /* also of a zeroed one */

#endif
