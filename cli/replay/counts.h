/* SPDX-License-Identifier: Apache-2.0
 * counts.h - what reading the files counted, and what was wrong with them.
 *
 * Sums, a first and a last time, and the first few problems by file and line: counts of parts
 * can be added up in any order.
 */
#ifndef CLI_REPLAY_COUNTS_H
#define CLI_REPLAY_COUNTS_H

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum replay_count {
	COUNT_FILES,
	COUNT_BYTES, /* of the files, as they lie there */
	COUNT_LINES,
	COUNT_EVENTS,
	COUNT_UNFINISHED, /* other stages of requests that are told again */
	COUNT_READS,
	COUNT_NO_OBJECT,
	COUNT_WRITES,
	COUNT_METADATA, /* of the writes, by level */
	COUNT_REQUEST,
	COUNT_RESPONSE,
	COUNT_TRUNCATED,
	COUNT_UNCONCERNED, /* writes that no policy concerns */
	COUNT_UNSEEN,      /* of them: whether they use features the level does not show */
	COUNT_KEPT,        /* writes that are judged */
	COUNT_REVIEWS,
	COUNT_DECISIONS,
	/* Problems: */
	COUNT_BAD_JSON,
	COUNT_BAD_EVENT,
	COUNT_FOREIGN,
	COUNT_NO_EVENT,
	COUNT_TOO_LONG,
	COUNT_NUL,
	COUNT_CRLF,
	COUNT_STEPS,
	COUNT_BAD_FILE,
	COUNTS
};
#define COUNT_PROBLEMS COUNT_BAD_JSON /* it and those behind it */

const char *replay_count_key(enum replay_count c);   /* "badJson", in JSON */
const char *replay_count_words(enum replay_count c); /* "lines that are no JSON" */
/* Is it one with --strict? CRLF and what holds no event are none. */
bool replay_count_is_fatal(enum replay_count c);

#define PROBLEMS_MAX 20

struct replay_problem {
	char file[256], text[256];
	uint64_t line; /* 0: of the file as a whole */
};

struct replay_counts {
	uint64_t n[COUNTS];
	char first[40], last[40]; /* requestReceivedTimestamp as written; "": none */
	struct replay_problem problems[PROBLEMS_MAX];
	size_t problems_n;
	bool interrupted;
};

void replay_counts_add(struct replay_counts *to, const struct replay_counts *from);
/* Count it, and keep the text if there is room or it stands before one that is kept. */
void replay_problem_add(struct replay_counts *c, enum replay_count kind, const char *file,
			uint64_t line, const char *text);
/* Is there any that --strict minds? */
bool replay_counts_strict(const struct replay_counts *c);
/* A time as it is written, RFC 3339 in UTC. */
void replay_counts_time(struct replay_counts *c, struct str raw);

/* {"counts":{...},"first":...,"last":...,"problems":[...],"interrupted":false} without braces. */
void replay_counts_print(const struct replay_counts *c, struct text *out);
/* Back again; -1 when anything is not as printed. */
struct json;
int replay_counts_read(const struct json *root, struct replay_counts *out);

#endif
