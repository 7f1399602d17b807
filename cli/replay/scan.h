/* SPDX-License-Identifier: Apache-2.0
 * scan.h - one file after the other to the events that are to be judged.
 */
#ifndef CLI_REPLAY_SCAN_H
#define CLI_REPLAY_SCAN_H

#include <stdatomic.h>

#include "cli/replay/counts.h"
#include "policy/replay/document.h"
#include "policy/replay/map.h"

/* Takes a line to be judged; e is NULL for a recorded review. Any thread may call. */
typedef int replay_keep_fn(void *ctx, const struct event *e, struct str line, struct err *err);

struct replay_scan {
	const struct policy_set *set, *baseline; /* baseline may be NULL */
	const struct replay_map *map;            /* or NULL */
	bool large_windows, strict;
	int64_t now;           /* for reviews of Secrets, in seconds */
	atomic_bool *stop;     /* end soon: the report is then a partial one */
	atomic_ullong *passed; /* bytes read of all files */
	replay_keep_fn *keep;
	void *ctx;
	struct replay_counts counts; /* of this thread */
};

/*
 * Read the file. What is wrong with it is counted; -1 only when no report can be made of it: a
 * line could not be kept, memory ran out, or strict is set and something was wrong.
 */
int replay_scan_file(struct replay_scan *s, const char *name, int fd, struct err *err);

#endif
