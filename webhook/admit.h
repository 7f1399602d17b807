/*
 * admit.h - is this head of a request one that we take a body for?
 *
 * Pure: the server passes what its HTTP library lets it see of a head, field by
 * field; a table says which answer it gets. libmicrohttpd 0.9.75 is lenient
 * (it takes the first of two Content-Lengths, and a Transfer-Encoding beside
 * one), so framing is judged here, and strictly.
 */
#ifndef WEBHOOK_ADMIT_H
#define WEBHOOK_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oke/policy.h"
#include "lib/base/str.h"

#define BODY_MAX        (8u << 20) /* bytes of a body */
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

/*
 * NULL: take the body of a review. Paths and methods besides /validate, /validate/support,
 * /validate/alpha and POST are refused; so is what has no sound length or no JSON.
 */
const struct refusal *admit_review(const struct head *h);
/* Which policies its path asks. */
enum policies_part admit_part(const struct head *h);

/* 429: no memory for the body now. */
extern const struct refusal refusal_busy;
/* 503: no memory at all. */
extern const struct refusal refusal_memory;

/*
 * May the body be read (and dropped), so that the answer is surely received and the connection
 * lives on? Else the answer is sent at once and the connection closed. */
bool head_sound(const struct head *h);

#endif
