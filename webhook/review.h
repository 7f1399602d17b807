/* SPDX-License-Identifier: Apache-2.0
 * review.h - AdmissionReview JSON: decode the request, encode the response.
 */
#ifndef WEBHOOK_REVIEW_H
#define WEBHOOK_REVIEW_H

#include "oke/policy.h"

enum review_version { REVIEW_V1, REVIEW_V1BETA1 };

struct review {
	enum review_version version;
	struct request request;
};

/*
 * Read the envelope only: object, oldObject and options stay byte ranges of
 * body. Strings live in body or arena. ERR_SYNTAX says what is wrong, for a 400
 * ("request.uid is missing"); ERR_LIMIT when the arena is too small.
 */
int review_decode(struct str body, struct arena *arena, struct review *out, struct err *err);

/*
 * The same, of the beginning of a body or of one whose objects cannot be read: the envelope up to
 * its objects, which an API server writes behind all that is needed here but dryRun. What is cut
 * off is left out: of a userInfo that does not end the name may be there and the groups not.
 */
int review_decode_head(struct str head, struct arena *arena, struct review *out, struct err *err);

/* Is it the key of one of the two objects? */
bool review_is_object(struct str key);

/*
 * How much of a body has to be kept for review_decode_head: the envelope, and of the first object
 * the beginning, where its name stands. 0: more than is there so far.
 */
size_t review_head_size(struct str begin);

/* The response body, one line with "\n" behind it, malloc'd (free it). NULL with ERR_NOMEM. */
char *review_encode(const struct review *review, const struct verdict *verdict, struct arena *arena,
		    size_t *len, struct err *err);

#endif
