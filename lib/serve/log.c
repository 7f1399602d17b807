/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/time.h"
#include "lib/base/utf8.h"
#include "lib/base/clock.h"
#include "lib/serve/log_queue.h"

_Static_assert(LOG_LINE_MAX <= LOG_QUEUE_LINE, "a line fits into the queue");

#define TAIL_ROOM 64 /* kept free for ,"cut":true} and the newline */

static const char *const levels[] = { "debug", "info", "warn", "error" };

void log_init(struct log *log, int fd, const char *level)
{
	*log = (struct log){ .fd = fd, .level = LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER };
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (!strcmp(level, levels[i]))
			log->level = (enum log_level)i;
}

int log_start(struct log *log, struct err *err)
{
	if ((log->queue = log_queue_new(log->fd)))
		return 0;
	return err_set(err, ERR_NOMEM, "no thread for the log: out of memory, or too many threads");
}

void log_stop(struct log *log)
{
	struct log_queue *queue = log->queue;

	log->queue = NULL;
	log_queue_end(queue);
}

/* Whole or not at all: half an escape would break the line. */
static void log_put(struct log_line *l, const char *s, size_t n)
{
	if (l->full || n > sizeof l->buf - TAIL_ROOM - l->n) {
		l->full = true;
		return;
	}
	memcpy(l->buf + l->n, s, n);
	l->n += n;
}

__attribute__((format(printf, 2, 3))) static void log_putf(struct log_line *l, const char *fmt, ...)
{
	char buf[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	log_put(l, buf, n < 0 ? 0 : (size_t)n);
}

static void log_put_character(struct log_line *l, uint32_t c)
{
	char plain = (char)c;

	if (c == '"' || c == '\\')
		log_putf(l, "\\%c", plain);
	else if (c >= 0x20 && c < 0x7f)
		log_put(l, &plain, 1);
	else if (c < 0x10000)
		log_putf(l, "\\u%04x", (unsigned)c);
	else
		log_putf(l, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
			 (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
}

static void log_put_string(struct log_line *l, struct str s)
{
	size_t max = s.n > LOG_VALUE_MAX ? LOG_VALUE_MAX : s.n, used;

	log_put(l, "\"", 1);
	for (size_t i = 0; i < max; i += used ? used : 1) {
		uint32_t c = 0xfffd; /* for a byte that is no UTF-8 */

		used = utf8_decode(s.s + i, s.n - i, &c);
		log_put_character(l, c);
	}
	if (max < s.n)
		log_put(l, "...", 3);
	log_put(l, "\"", 1);
}

/* A member whole or not at all. */
static void log_member(struct log_line *l, const char *key, struct str value, bool quoted)
{
	size_t before = l->n;

	if (!l->log || l->full)
		return;
	log_put(l, ",", 1);
	log_put_string(l, str_of(key));
	log_put(l, ":", 1);
	if (quoted)
		log_put_string(l, value);
	else
		log_put(l, value.s, value.n);
	if (l->full)
		l->n = before;
}

static void log_put_time(struct log_line *l)
{
	struct timespec now;
	char date[TIME_TEXT];

	clock_gettime(CLOCK_REALTIME, &now);
	time_print(now.tv_sec, date);
	log_putf(l, "{\"ts\":\"%.*s.%03ldZ\"", (int)strcspn(date, "Z"), date,
		 now.tv_nsec / 1000000);
}

void log_begin(struct log_line *l, struct log *log, enum log_level level, const char *msg)
{
	l->log = level >= log->level ? log : NULL;
	l->n = 0;
	l->full = false;
	l->own = true;
	if (!l->log)
		return;
	log_put_time(l);
	log_text(l, "level", levels[level]);
	log_text(l, "msg", msg);
}

/* May one more line be written in this second? *missed: how many were not, before it. */
static bool log_within_rate(struct log *log, uint64_t *missed)
{
	int64_t now = clock_ms() / 1000;
	bool yes;

	*missed = 0;
	pthread_mutex_lock(&log->lock);
	if (log->second != now) {
		*missed = log->suppressed;
		log->second = now;
		log->lines = 0;
		log->suppressed = 0;
	}
	yes = log->lines < LOG_RATE;
	if (yes)
		log->lines++;
	else {
		log->suppressed++;
		log->suppressed_all++;
	}
	pthread_mutex_unlock(&log->lock);
	return yes;
}

static void log_tell_missed(struct log *log, uint64_t missed)
{
	struct log_line l;

	if (!missed)
		return;
	log_begin(&l, log, LOG_WARN, "log lines were left out");
	log_number(&l, "count", (int64_t)missed);
	log_end(&l);
}

void log_begin_limited(struct log_line *l, struct log *log, enum log_level level, const char *msg)
{
	uint64_t missed;

	l->log = NULL;
	if (level < log->level)
		return;
	if (log_within_rate(log, &missed)) {
		log_begin(l, log, level, msg);
		l->own = false;
	}
	log_tell_missed(log, missed);
}

uint64_t log_suppressed(struct log *log)
{
	uint64_t n;

	pthread_mutex_lock(&log->lock);
	n = log->suppressed_all;
	pthread_mutex_unlock(&log->lock);
	return n;
}

uint64_t log_lost(struct log *log)
{
	return log->queue ? log_queue_lost(log->queue) : 0;
}

/* Once what waits is being written again: before that the line would be lost itself. */
static void tell_lost(struct log *log)
{
	uint64_t lost = log_lost(log);
	struct log_line l;

	if (lost == log->lost_told || log_queue_waiting(log->queue) > LOG_QUEUE_BYTES / 2)
		return;
	log_begin(&l, log, LOG_WARN, "log lines were lost: nobody read them in time");
	log_number(&l, "count", (int64_t)(lost - log->lost_told));
	log_end(&l);
	log->lost_told = lost;
}

void log_tick(struct log *log)
{
	uint64_t missed = 0;

	pthread_mutex_lock(&log->lock);
	if (log->suppressed && log->second != clock_ms() / 1000) {
		missed = log->suppressed;
		log->suppressed = 0;
	}
	pthread_mutex_unlock(&log->lock);
	log_tell_missed(log, missed);
	tell_lost(log);
}

void log_str(struct log_line *l, const char *key, struct str value)
{
	if (value.s)
		log_member(l, key, value, true);
}

void log_text(struct log_line *l, const char *key, const char *value)
{
	log_str(l, key, str_of(value));
}

void log_number(struct log_line *l, const char *key, int64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%lld", (long long)value);

	log_member(l, key, (struct str){ text, (size_t)n }, false);
}

void log_bool(struct log_line *l, const char *key, bool value)
{
	log_member(l, key, value ? STR("true") : STR("false"), false);
}

void log_end(struct log_line *l)
{
	static const char cut[] = ",\"cut\":true";
	ssize_t done;

	if (!l->log)
		return;
	if (l->full) {
		memcpy(l->buf + l->n, cut, sizeof cut - 1);
		l->n += sizeof cut - 1;
	}
	l->buf[l->n++] = '}';
	l->buf[l->n++] = '\n';
	if (l->log->queue) {
		log_queue_put(l->log->queue, l->buf, l->n, l->own);
		return;
	}
	done = write(l->log->fd, l->buf, l->n);
	(void)done; /* lost: there is nowhere to say so */
}
