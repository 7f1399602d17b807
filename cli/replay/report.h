/* SPDX-License-Identifier: Apache-2.0
 * report.h - a replay's counts, for people and for programs. The formats say the same.
 */
#ifndef CLI_REPLAY_REPORT_H
#define CLI_REPLAY_REPORT_H

#include <stdio.h>

#include "cli/replay/run.h"
#include "lib/base/time.h"

struct replay_report {
	const struct replay_run *run;
	const char *title; /* "2 files", "3 partial results" */
	size_t listed;     /* rows of each table of the text */
};

/* Each writes all of it to f; -1 with err when memory ran out. The caller looks at ferror. */
int replay_report_text(const struct replay_report *r, FILE *f, struct err *err);
int replay_report_json(const struct replay_report *r, FILE *f, struct err *err);
int replay_report_csv(const struct replay_report *r, FILE *f, struct err *err);
int replay_report_html(const struct replay_report *r, FILE *f, struct err *err);

/* ---- what they share ---- */

#define REPLAY_TIME TIME_TEXT
void replay_time(int64_t us, char out[REPLAY_TIME]); /* "2026-11-30T00:00:00Z" */
/* Printable ASCII, at most `max` bytes, cut in the middle. */
void replay_put_shown(FILE *f, struct str s, size_t max);
/* "deployments/scale kube-system/coredns" */
void replay_put_object(FILE *f, const struct census_key *k);
/* Rows of a table that stand at this outcome, at or above warn, by their count. */
bool replay_is_serious(const struct census_key *k);
/* The events of a grade and action that were stored. */
uint64_t replay_stored(const struct replay_run *run, enum grade g, enum action a);
/* at most and name only together */
uint64_t replay_stored_may(const struct replay_run *run, enum action a);

/* The rows sorted by action, then by count; the caller frees the array. NULL: no memory. */
const struct census_row **replay_by_count(const struct census_table *t);

#endif
