/* SPDX-License-Identifier: Apache-2.0
 * run.h - a replay as a whole: files to threads, events to a spill or a partial result,
 * and that, in order, to the counts of the report.
 */
#ifndef CLI_REPLAY_RUN_H
#define CLI_REPLAY_RUN_H

#include "cli/replay/counts.h"
#include "policy/replay/map.h"
#include "policy/replay/census.h"

struct learn;

struct replay_files {
	char **v;
	size_t n, room;
	uint64_t bytes; /* of those whose size is known */
};

/* Add a file, "-", or all files of a folder and those below it, less those that begin with a
 * dot. -1 with err. */
int replay_files_add(struct replay_files *f, const char *path, struct err *err);
/* Sort them, and of `count` shares leave the one with this number; by their names. */
void replay_files_share(struct replay_files *f, uint64_t number, uint64_t count);
void replay_files_done(struct replay_files *f);

struct replay_run {
	const struct policy_set *set, *baseline;
	const struct replay_map *map;
	bool large_windows, strict, quiet;
	unsigned threads;
	int64_t now;         /* for what has no time of its own, in seconds */
	struct learn *learn; /* or NULL */
	FILE *events;        /* each judged event is written there; or NULL */

	struct replay_counts counts;
	struct census census;
};

void replay_run_init(struct replay_run *r);
void replay_run_done(struct replay_run *r);

/* Read and judge. -1 with err when there is no report. */
int replay_run_files(struct replay_run *r, const struct replay_files *files, struct err *err);
/* Read; write what is to be judged to the file, which is whole or not there. */
int replay_run_partial(struct replay_run *r, const struct replay_files *files, const char *out,
		       struct err *err);
/* Judge what partial results hold. */
int replay_run_merge(struct replay_run *r, const struct replay_files *files, struct err *err);

#endif
