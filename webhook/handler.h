/*
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

struct answer {
	unsigned status; /* HTTP: 200; 400: no review; 503: memory ran out */
	char *body;      /* JSON, one line; malloc'd: answer_done frees it; NULL: no memory */
	size_t len;
	bool decided;         /* review and verdict are valid (status 200) */
	struct review review; /* point into body and arena of the request */
	struct verdict verdict;
};

/* Always fills out. Valid as long as body, arena and set. now: seconds since the epoch. */
void handler_answer(const struct policy_set *set, enum policies_part part, struct str body,
		    int64_t now, struct arena *arena, struct trace *trace, struct answer *out);
/*
 * A one-line JSON error for a status, as the server gives for what is no review:
 * {"code":400,"error":"request.uid: is missing"}. malloc'd; NULL: no memory.
 */
char *handler_error(unsigned status, const char *message, size_t *len);
void answer_done(struct answer *a);

#endif
