/* SPDX-License-Identifier: Apache-2.0
 * chain.h - the last seen state of one object, and what it proves about the next write.
 *
 * A log of level RequestResponse holds what an object became, never what it was. What it was
 * is what it became last, if nothing lies between that the log does not show. That is believed
 * only where the next write itself proves it:
 *
 *   resourceVersion   the client sent the one that was seen last (the API server then refuses
 *                     a write onto any other), or the result still has it: nothing changed
 *   managedFields     all entries with a new time are of one manager, and that time is this
 *                     write's: nobody else wrote in between
 *   generation        counts changes of the content, not of labels and annotations: with it one
 *                     higher the content was what was seen last; the same, it did not change
 *   the patch itself  what it does not touch it did not change
 */
#ifndef POLICY_REPLAY_CHAIN_H
#define POLICY_REPLAY_CHAIN_H

#include "oke/bound.h"
#include "policy/replay/event.h"

struct chain {
	char *text; /* malloc'd; the object as seen last; n is 0: it was not seen */
	size_t n, room;
};

void chain_init(struct chain *c);
void chain_done(struct chain *c);
void chain_forget(struct chain *c); /* another object follows, or this one is gone */

/* What an UPDATE found. Valid until the chain is changed. */
struct chain_old {
	bool content, metadata; /* is that part known? An unknown part is that of the new object */
	struct str text;        /* in the arena; absent: no memory */
};

/* touched: what the request can have changed. The event has a response object. */
void chain_before(const struct chain *c, const struct event *e, const struct touched *touched,
		  struct arena *arena, struct chain_old *out);

/*
 * The Scale before this one; its number is that of the object as seen last. known: that is
 * proven, or it differs from the new number. Absent: nothing was seen.
 */
struct str chain_scale_before(const struct chain *c, const struct event *e, struct arena *arena,
			      bool *known);

/* The event is past. -1 with ERR_NOMEM. */
int chain_fold(struct chain *c, const struct event *e, struct arena *arena, struct err *err);

/* metadata.resourceVersion of an object as a number; 0: none. */
uint64_t object_version(struct str object);
/* A member of the metadata, raw; absent: none. */
struct str object_metadata(struct str object, struct str key);
/* Does the event hold the object that was written, and not a Status? */
bool event_has_result(const struct event *e);

#endif
