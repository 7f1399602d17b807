/*
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

/* The response body, one line with "\n" behind it, malloc'd (free it). NULL with ERR_NOMEM. */
char *review_encode(const struct review *review, const struct verdict *verdict, struct arena *arena,
		    size_t *len, struct err *err);

#endif
