/* SPDX-License-Identifier: Apache-2.0
 * admit.h - is this head of a request one of a review? A table says which answer it gets else.
 */
#ifndef WEBHOOK_ADMIT_H
#define WEBHOOK_ADMIT_H

#include "oke/policy.h"
#include "lib/serve/head.h"

/*
 * NULL: take the body of a review. Paths and methods besides /validate, /validate/support,
 * /validate/alpha and POST are refused; so is what has no sound length or no JSON.
 */
const struct refusal *admit_review(const struct head *h);
/* What a 413 says. */
extern const char admit_too_large[];
/* To what is longer than BODY_MAX and does not begin as a review, which no API server sends. */
extern const struct refusal admit_no_review;
/* Which policies its path asks. */
enum policies_part admit_part(const struct head *h);

#endif
