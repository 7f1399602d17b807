/* SPDX-License-Identifier: Apache-2.0
 * document.h - what one line of a log holds: an event, a list of them, one inside an envelope
 * (as an object, or as a string that holds JSON), a recorded AdmissionReview.
 *
 * Nobody has to name the envelope: objects, lists, and strings that begin with a brace are
 * searched, to a depth, strings once. Pure.
 */
#ifndef POLICY_REPLAY_DOCUMENT_H
#define POLICY_REPLAY_DOCUMENT_H

#include "policy/replay/event.h"

#define DOCUMENT_DEPTH 6 /* of objects and lists around an event */

enum document_kind {
	DOCUMENT_EVENT,    /* audit.k8s.io/v1 */
	DOCUMENT_FOREIGN,  /* an audit event of another version */
	DOCUMENT_REVIEW,   /* an AdmissionReview with a request */
	DOCUMENT_DECISION, /* a line of the server's own log about a review */
};

struct document {
	enum document_kind kind;
	struct str text;        /* the object itself; in the line, or in the arena */
	struct event_head head; /* of an event */
	const char *where; /* how it was found: "$.logContent.data (a string)"; NUL-terminated */
};

typedef int document_fn(void *ctx, const struct document *d, struct err *err);

enum document_found {
	DOCUMENTS_NONE,    /* JSON, and nothing of the above in it */
	DOCUMENTS_SOME,    /* at least one */
	DOCUMENTS_BROKEN,  /* no JSON value, or more than one */
	DOCUMENTS_STOPPED, /* a callback returned -1 */
};

/* Call `each` for every document of the text. */
enum document_found document_find(struct str text, struct arena *arena, document_fn *each,
				  void *ctx, struct err *err);

#endif
