/* SPDX-License-Identifier: Apache-2.0
 * repeats.h - refusals that a controller asks for again and again.
 *
 * A GitOps controller retries a refused write without end, every few seconds for months. Its
 * finding is logged once an hour, with how often it came in between; metrics, answers and audit
 * annotations are as for any other. Findings of people are always logged.
 */
#ifndef WEBHOOK_REPEATS_H
#define WEBHOOK_REPEATS_H

#include <pthread.h>

#include "oke/policy.h"

#define REPEATS_SECONDS 3600
#define REPEATS_MAX     1024 /* findings that are remembered; the oldest of a row goes first */

struct repeats {
	pthread_mutex_t lock;
	struct repeat {
		uint64_t key; /* 0: free */
		int64_t told; /* seconds since the epoch */
		unsigned since;
	} v[REPEATS_MAX];
};

void repeats_init(struct repeats *r);
void repeats_done(struct repeats *r);

/*
 * Is the finding to be logged at `now`? *left_out: how often it was not since the last time. Never
 * waits: while another worker asks, the answer is yes.
 */
bool repeats_tell(struct repeats *r, const struct request *req, const struct finding *f,
		  int64_t now, unsigned *left_out);

#endif
