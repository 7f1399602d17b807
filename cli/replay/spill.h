/* SPDX-License-Identifier: Apache-2.0
 * spill.h - the events to be judged, on their way from the order of the files to the
 * order of each object's life.
 *
 * Lines go to a temporary file, or to a partial result; of each an entry of 48 bytes remembers
 * object, time and resourceVersion. They are given back sorted: object by object, and of an
 * object by resourceVersion where there is one. API servers write a log each, and their clocks
 * differ; versions are of etcd, and do not. The order depends on the events alone: not on the
 * files, nor on who read them.
 *
 * Memory: the entries of SPILL_ENTRIES events, or of one object's if those are more. Several
 * threads may add.
 */
#ifndef CLI_REPLAY_SPILL_H
#define CLI_REPLAY_SPILL_H

#include <pthread.h>
#include <stdio.h>

#include "policy/replay/event.h"

#define SPILL_ENTRIES (128u << 10)

struct spill {
	pthread_mutex_t lock;
	FILE *lines, *entries;
	uint64_t n, bytes;
};

/* Temporary files below $TMPDIR (/tmp), with no name and for nobody else to read. */
int spill_init(struct spill *s, struct err *err);
void spill_done(struct spill *s);

/* A line with its newline. e: NULL for what belongs to no object. */
int spill_add(struct spill *s, const struct event *e, struct str line, struct err *err);

/* Each line in the order that was said. -1 as `each` or with ERR_IO, ERR_NOMEM. */
typedef int spill_fn(void *ctx, struct str line, struct err *err);
int spill_each(struct spill *s, spill_fn *each, void *ctx, struct err *err);

#endif
