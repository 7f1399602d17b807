/* SPDX-License-Identifier: Apache-2.0
 * listing.h - a request of a scan, answered: the records of version 1 of the inventory.
 *
 * A list is read in pages, an item at a time; one request is in flight. Never from the API
 * server's cache (resourceVersion=0 would give all of it at once). A page token that has expired
 * (410) is replaced by the one that the API server hands out with it, and what comes twice then is
 * passed over by its uid. 429 and 5xx are tried three times. What breaks off is told in `done`.
 */
#ifndef AGENT_LISTING_H
#define AGENT_LISTING_H

#include <stdio.h>

#include "agent/access.h"
#include "agent/collect/request.h"

#define LISTING_PAGE     250          /* items of a page that are asked for */
#define LISTING_PAGES    8000         /* of a list */
#define LISTING_RESUMED  20           /* times that a list is taken up again after 410 */
#define LISTING_BYTES    (4ull << 30) /* of a list, all pages */
#define LISTING_TEXT     (64u << 10)  /* bytes of a text */
#define LISTING_TRIES    3            /* of a page, where the API server is busy or ill */
#define LISTING_RETRY    30           /* seconds of Retry-After that are waited for */
#define LISTING_MESSAGE  500          /* bytes of what is said about an answer that is not whole */
#define LISTING_CONTINUE 4096         /* bytes of a page token */

struct listing {
	struct access *access;
	FILE *out;
	int signals; /* readable: stop */
	bool stopped;
	unsigned long long requests; /* answered */
};

/* Its records to out, which is flushed. -1: out cannot be written. */
int listing_answer(struct listing *l, const struct collect_request *r, struct err *err);

#endif
