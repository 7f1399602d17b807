/* SPDX-License-Identifier: Apache-2.0
 * partial.h - a part of a replay in a file: the compacted events that are to be judged, a
 * line each, and behind them a line with the counts of what was read. A file without that last
 * line was not finished and is refused.
 *
 * It holds guarded objects as the log has them (never what Secrets hold): keep it as the log.
 */
#ifndef CLI_REPLAY_PARTIAL_H
#define CLI_REPLAY_PARTIAL_H

#include <pthread.h>
#include <stdio.h>

#include "cli/replay/run.h"
#include "cli/replay/spill.h"

struct partial {
	pthread_mutex_t lock;
	const char *name;
	char *beside; /* name.new, until it is whole */
	FILE *f;
	uint64_t n;
};

int partial_begin(struct partial *p, const char *name, struct err *err);
int partial_add(struct partial *p, struct str line, struct err *err); /* any thread */
/* The last line, to the disk, and under its name. */
int partial_end(struct partial *p, const struct replay_run *run, struct err *err);
void partial_done(struct partial *p); /* what was not ended is removed */

/* Add its counts to the run's and its lines to the spill. */
int partial_read(const char *name, struct replay_run *run, struct spill *spill, struct err *err);

#endif
