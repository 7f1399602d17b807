/* SPDX-License-Identifier: Apache-2.0
 * jobs.h - files that are judged at the same time, and told in the order in which they were named.
 *
 * Each thread takes the next file. The file that all files before it have been told of has the
 * turn: what is found in it is told at once, object by object, and nothing of it is kept. What is
 * found in a later file is kept until its turn comes; a thread that has kept CHECK_KEPT_MAX of its
 * file waits for the turn. So whatever the files hold, what is told is the same for any number of
 * threads, and what is kept is bounded: by CHECK_WINDOW files a thread that are named and not told,
 * and by CHECK_KEPT_MAX bytes a file.
 *
 * The file that has the turn never waits for another one, so there is always one that goes on.
 */
#ifndef CLI_CHECK_JOBS_H
#define CLI_CHECK_JOBS_H

#include "cli/check/item.h"

#define CHECK_JOBS_MAX 8
#define CHECK_WINDOW   64          /* files a thread, that are named and not told */
#define CHECK_KEPT_MAX (64u << 10) /* bytes of what was found in a file, before its turn */

struct check_file {
	const char *path;  /* as it was named; "-" is the standard input */
	const char *shown; /* fit to be shown */
	bool named;        /* itself, not found in a folder */
};

struct check_job; /* a file whose turn comes */

struct check_work {
	/* Read the file, and give what is found in it. For several files at the same time. */
	void (*read)(const void *ctx, const struct check_file *file, struct check_job *job);
	const void *read_ctx;
	/* Tell it. From one thread at a time, and in order; false: nothing more can be told, and
	 * what is left is passed over. */
	bool (*tell)(void *ctx, const struct check_file *file, const struct check_item *item);
	void *tell_ctx;
};

struct check_jobs;

/* threads 1: the caller's own, and no other. Threads are started when there is a file for them.
 * NULL: out of memory. */
struct check_jobs *check_jobs_new(const struct check_work *work, unsigned threads);

/* Another file; waits while too many are not told yet. -1: out of memory. */
int check_jobs_add(struct check_jobs *jobs, const struct check_file *file);
/* The same of a file of which nothing but that is to be told. */
int check_jobs_add_told(struct check_jobs *jobs, const struct check_file *file,
			const struct check_item *item);

/* Waits until all is told. NULL is fine. */
void check_jobs_end(struct check_jobs *jobs);

/* ---- for `read` ---- */

/* Something was found. It is told before the call returns, or a copy of it is kept. */
void check_job_give(struct check_job *job, const struct check_item *item);

/* Wait until all files before it are told, as what reads a stream that others may read too does. */
void check_job_wait(struct check_job *job);

/* Nothing that is found now will be told. */
bool check_job_stopped(const struct check_job *job);

#endif
