/* SPDX-License-Identifier: Apache-2.0
 * census.h - what the report counts: sums, and bounded tables with a count, the first and last
 * time. Rows are sorted, so no names that a client makes up can slow it down; what does not
 * fit is counted. Events come in one order whatever the files were (spill.h), so that what is
 * left out does not depend on how a log was cut into files.
 */
#ifndef POLICY_REPLAY_CENSUS_H
#define POLICY_REPLAY_CENSUS_H

#include "policy/replay/judge.h"

enum replay_outcome { OUTCOME_STORED, OUTCOME_DRY_RUN, OUTCOME_REFUSED, OUTCOMES };
const char *outcome_name(enum replay_outcome o); /* "dry run" */

enum census_part {
	CENSUS_POLICY,
	CENSUS_RULE,
	CENSUS_USER,
	CENSUS_RESOURCE, /* "deployments/scale" */
	CENSUS_NAMESPACE,
	CENSUS_NAME,
	CENSUS_PARTS
};

/* What was said before: by the guard then, or by the policies that are compared with. */
enum census_before {
	BEFORE_ALLOW,
	BEFORE_AUDIT,
	BEFORE_WARN,
	BEFORE_DENY, /* as enum action */
	BEFORE_SILENT,
	BEFORE_NOT_REACHED,
	BEFORES
};
const char *before_name(enum census_before b);

enum replay_outcome outcome_of(const struct event *e);
enum census_before before_of(const struct event *e);

struct census_key {
	struct str part[CENSUS_PARTS];
	enum replay_outcome outcome;
	enum grade grade;
	enum action action;
	enum census_before before; /* in tables of differences; else BEFORE_ALLOW */
	enum identity_class class;
};

struct census_row {
	struct census_key key;
	uint64_t count;
	int64_t first, last; /* microseconds since the epoch */
	char text[];
};

struct census_table {
	struct census_row **rows;
	size_t n, room, max;
	uint64_t left_out; /* events that did not fit */
};

void census_table_init(struct census_table *t, size_t max);
void census_table_done(struct census_table *t);
/* Count an event. -1 with ERR_NOMEM. */
int census_table_add(struct census_table *t, const struct census_key *wanted, uint64_t count,
		     int64_t first, int64_t last, struct err *err);

#define CENSUS_ROWS       16384 /* of who did what to which object */
#define CENSUS_DIFFERENCE 4096
#define CENSUS_HOURS      17520 /* two years */
#define CENSUS_GAPS       1000  /* windows in which the guard was not reached */
#define CENSUS_GAP_WRITES 200   /* that are listed */
#define CENSUS_GAP_JOIN   60    /* seconds without one that end a window */

struct census_hour {
	int64_t hour;              /* hours since the epoch */
	uint64_t exact[4], may[4]; /* by enum action */
};

struct census_minute { /* of writes that the guard was not asked about */
	int64_t first, last;
	uint64_t writes, exact[4], may[4];
};

struct census_write { /* one of them */
	int64_t at;
	struct census_key key;
	const char *verb;
	char *text; /* holds the key's texts */
};

struct census {
	uint64_t events[OUTCOMES][GRADES][4];
	uint64_t then[BEFORES][GRADES][4], baseline[4][GRADES][4];
	struct census_table rules; /* policy and rule */
	struct census_table rows;  /* all parts */
	struct census_table then_rows, baseline_rows;
	struct census_table unjudged; /* CENSUS_RULE: why */
	struct census_hour *hours;
	size_t hours_n, hours_room;
	uint64_t hours_left_out;
	struct census_minute *minutes; /* by their minute; windows are made of them */
	size_t minutes_n, minutes_room;
	struct census_write *writes;
	size_t writes_n;
	uint64_t duplicates; /* events that stood in more than one file */
};

void census_init(struct census *t);
void census_done(struct census *t);

/* baseline: NULL, or the verdict of the policies that are compared with. */
int census_add(struct census *t, const struct event *e, const struct request *req,
	       const struct graded *now, const struct graded *baseline, struct err *err);

/* The window that begins with minute *at, joined; *at moves behind it. false: there is none. */
bool census_gap_next(const struct census *t, size_t *at, struct census_minute *out);

/* The rows of `from`, with the parts outside `parts` (bits) left empty. */
int census_group(const struct census_table *from, unsigned parts, struct census_table *to,
		 struct err *err);

#endif
