/* SPDX-License-Identifier: Apache-2.0
 * handler.h - a request's bytes in, the answer's bytes out; no sockets, no globals.
 *
 * The server, `review`, the tests and the fuzzers call this one function.
 */
#ifndef WEBHOOK_HANDLER_H
#define WEBHOOK_HANDLER_H

#include "oke/policy.h"
#include "webhook/review.h"

/*
 * Memory of one request besides its body: nodes of object and oldObject (32 bytes
 * each; 48 for a container of an object that has an oldObject), the comparison, the
 * texts. The largest object the API server takes (etcd: 1.5 MiB) fits with both versions.
 */
#define HANDLER_ARENA_MAX (24u << 20)

/*
 * Steps of one review (oke/arena.h). No input takes more than
 * a few steps a byte: 3 MB take four million of these at most (tests/bench/worst.c).
 */
#define HANDLER_STEPS_MAX (16u << 20)

struct answer {
	unsigned status; /* HTTP: 200; 400: no review; 503: memory ran out */
	char *body;      /* JSON, one line; malloc'd: answer_done frees it; NULL: no memory */
	size_t len;
	bool decided;         /* review and verdict are valid (status 200) */
	bool large;           /* its objects were not read: too large, or no room */
	struct review review; /* point into body and arena of the request */
	struct verdict verdict;
};

/*
 * Always fills out. Valid as long as body, arena and set. now: seconds since the epoch. What cannot
 * be read to its end, or takes too much memory or too many steps, is judged by its envelope
 * (policy_judge_envelope). Sets the arena's steps_max, unless it is set.
 */
void handler_answer(const struct policy_set *set, enum policies_part part, struct str body,
		    int64_t now, struct arena *arena, struct trace *trace, struct answer *out);
/*
 * The answer to a body of which only the beginning is there (review_decode_head), or that is not
 * read although it is there: by the envelope.
 */
void handler_answer_unread(const struct policy_set *set, enum policies_part part, struct str head,
			   const struct unread *unread, int64_t now, struct arena *arena,
			   struct trace *trace, struct answer *out);
/* Does any policy concern the review, as far as its envelope and a few words of its objects tell?
 */
bool handler_concerns(const struct policy_set *set, enum policies_part part, struct str body,
		      struct arena *arena);
/*
 * A one-line JSON error for a status, as the server gives for what is no review:
 * {"code":400,"error":"request.uid: is missing"}. malloc'd; NULL: no memory.
 */
char *handler_error(unsigned status, const char *message, size_t *len);
void answer_done(struct answer *a);

#endif
