/* SPDX-License-Identifier: Apache-2.0
 * review_input.h - one AdmissionReview after the other out of a file.
 *
 * A record is a line, or several: JSON that is indented for reading ends where
 * its first bracket is closed. A line that cannot be read is a record of its own,
 * so that each gets an answer and the next one is read again. A recorded review,
 * {"id": ..., "review": {...}}, gives the bytes of its `review`.
 *
 * Bounded: of a record longer than REVIEW_RECORD_MAX the beginning is kept, the rest passed over.
 */
#ifndef CLI_REVIEW_INPUT_H
#define CLI_REVIEW_INPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/serve/head.h"

#define REVIEW_RECORD_MAX                                                                          \
	(BODY_MAX + (64u << 10)) /* a review as the server takes it, and what stands around it */

struct review_input; /* reads ahead */

struct review_record {
	struct str body; /* the review's bytes; valid until the next one is read */
	size_t bytes;    /* how many there are */
	struct str id;   /* of a recorded review, raw JSON text; else absent */
	size_t line;     /* where it begins, from 1 */
	bool too_long;   /* more than BODY_MAX: body may be their beginning alone */
};

/* f stays the caller's. NULL: no memory. */
struct review_input *review_input_new(FILE *f);
void review_input_free(struct review_input *r);

/* 1: *out is the next record; 0: there are no more; -1: it cannot be read. */
int review_input_next(struct review_input *r, struct review_record *out, struct err *err);

#endif
