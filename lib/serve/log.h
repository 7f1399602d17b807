/* SPDX-License-Identifier: Apache-2.0
 * log.h - one event, one line of JSON, one write(2), by a thread of its own.
 *
 * Keys are stable: "ts" (RFC 3339, milliseconds, UTC), "level", "msg", then the
 * event's own. Text is written as ASCII, everything else escaped, so that a name
 * in a request can neither break a line nor speak to a terminal. Lines that
 * requests cause are limited to LOG_RATE a second; what was left out is counted
 * and told. A line that cannot be written is lost: a full disk must not stop the
 * webhook. Nor must a reader that stalls: once log_start was called nobody waits
 * for the descriptor, and what the queue cannot hold is counted and told later.
 */
#ifndef LIB_SERVE_LOG_H
#define LIB_SERVE_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

#define LOG_LINE_MAX  4096 /* bytes of a line; what does not fit is cut, the line stays JSON */
#define LOG_VALUE_MAX 512  /* bytes of a value before escaping */
#define LOG_RATE      200  /* lines a second that requests may cause, and how many in one go */

struct log {
	int fd;
	enum log_level level; /* less grave events are not written */
	pthread_mutex_t lock; /* of what follows */
	int64_t second;       /* the rate is counted in */
	unsigned lines;
	uint64_t suppressed, suppressed_all;
	struct log_queue *queue; /* lib/serve/log_queue.h; NULL: lines are written at once */
	uint64_t lost_told;      /* of those that the queue could not hold; log_tick's own */
};

/* level: "debug", "info", "warn" or "error". */
void log_init(struct log *log, int fd, const char *level);
/* From now on a thread of its own writes. Call it before other threads log. */
int log_start(struct log *log, struct err *err);
/* Write what waits, for a second at most. Later lines are written at once, by whoever logs. */
void log_stop(struct log *log);

struct log_line {
	struct log *log; /* NULL: not to be written, the other calls do nothing */
	size_t n;
	bool full;
	bool own; /* an event of the program, not of a request */
	char buf[LOG_LINE_MAX];
};

/* An event of the program's own life. */
void log_begin(struct log_line *l, struct log *log, enum log_level level, const char *msg);
/* An event that a request caused: falls under the rate. */
void log_begin_limited(struct log_line *l, struct log *log, enum log_level level, const char *msg);
void log_str(struct log_line *l, const char *key, struct str value); /* absent: not written */
void log_text(struct log_line *l, const char *key, const char *value);
void log_number(struct log_line *l, const char *key, int64_t value);
void log_bool(struct log_line *l, const char *key, bool value);
void log_end(struct log_line *l);

/* How many lines were left out for the rate, ever; and for want of room in the queue. */
uint64_t log_suppressed(struct log *log);
uint64_t log_lost(struct log *log);

/* Tell what was left out, once it is over; call about every second. */
void log_tick(struct log *log);

#endif
