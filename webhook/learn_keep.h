/* SPDX-License-Identifier: Apache-2.0
 * learn_keep.h - a file that lets what was learned survive a restart.
 *
 * Written beside (FILE.new), synced, then renamed: a reader finds the last state
 * or the next one, whole. Read back at the start; a file that holds anything
 * else is said and set aside as FILE.broken, and the server begins anew: to have
 * forgotten something is no reason not to serve. Nothing but regular files is ever
 * renamed, removed or replaced: where FILE is a device, a pipe, a folder or a link,
 * that is said, and nothing is kept.
 */
#ifndef WEBHOOK_LEARN_KEEP_H
#define WEBHOOK_LEARN_KEEP_H

#include "policy/learn/learn.h"
#include "lib/serve/log.h"

#define LEARN_SAVE_MS 10000 /* a crash forgets at most so much */

struct learn_keeper {
	struct learn *learn;
	const char *file; /* NULL: nothing is kept */
	struct log *log;
	bool failed;    /* said already */
	long long next; /* when it may be written again, in milliseconds */
};

void learn_keep_begin(struct learn_keeper *k);
/* Write what is new, now and then; now in milliseconds of a clock that never jumps. */
void learn_keep_tick(struct learn_keeper *k, long long now);
/* Write what is new, now. */
void learn_keep_end(struct learn_keeper *k);

/* A whole file, malloc'd; NULL with what is wrong with it. Nothing but a regular file is read. */
char *learn_file(const char *file, size_t *len, struct err *err);

#endif
