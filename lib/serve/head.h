/* SPDX-License-Identifier: Apache-2.0
 * head.h - the head of a request, and how to say no to it.
 *
 * Pure: the server passes what its HTTP library lets it see of a head, field by
 * field. libmicrohttpd 0.9.75 is lenient (it takes the first of two
 * Content-Lengths, and a Transfer-Encoding beside one), so framing is judged
 * here, and strictly. Which requests are welcome is the user's of the server.
 */
#ifndef LIB_SERVE_HEAD_H
#define LIB_SERVE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"

#define BODY_MAX (8u << 20) /* bytes of a body that is read */

/*
 * Of a longer one the beginning is kept, up to what an API server can send at most: a request of
 * 3 MiB and an old object of 1.5 MiB (the limits of kube-apiserver and etcd), of which every byte
 * may be written as six.
 */
#define BODY_SENT_MAX   (32u << 20)
#define BODY_BEGIN_MAX  (64u << 10) /* bytes that are kept of a body that is not read */
#define TRACEPARENT_LEN 55

struct head {
	const char *method, *path, *version; /* borrowed for the time of the request */
	unsigned lengths, hosts, types;      /* how many fields of that name */
	bool encoded;                        /* Transfer-Encoding is there */
	bool compressed;                     /* Content-Encoding, and not "identity" */
	bool expects;    /* Expect: the client may wait for us before it sends the body */
	bool odd;        /* a field that nobody sends: not a token, two different Hosts ... */
	bool verbose;    /* ?verbose */
	bool json;       /* Content-Type: application/json */
	uint64_t length; /* Content-Length; UINT64_MAX: no number */
	char traceparent[TRACEPARENT_LEN + 1]; /* W3C trace context; empty: none */
};

/* One field of the head. */
void head_field(struct head *h, struct str name, struct str value);

struct refusal {
	unsigned status;
	const char *message;
	const char *name, *value; /* a header of the answer, or NULL */
};

/* 429: no memory for the body now. */
extern const struct refusal refusal_busy;
/* 503: no memory at all. */
extern const struct refusal refusal_memory;

/* A malformed field, or not exactly one Host, as HTTP/1.1 wants it. */
bool head_is_malformed(const struct head *h);
/* Two lengths, or a length and a Transfer-Encoding: whoever stands before us may take the other. */
bool head_has_two_lengths(const struct head *h);
/*
 * May the body be read (and dropped), so that the answer is surely received and the connection
 * lives on? Else the answer is sent at once and the connection closed.
 */
bool head_sound(const struct head *h);

#endif
