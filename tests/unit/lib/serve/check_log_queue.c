/* SPDX-License-Identifier: Apache-2.0
 * check_log_queue.c - nobody waits for a reader that stalls, and nothing is lost silently.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/serve/log_queue.h"
#include "lib/serve/log.h"
#include "tests/unit/suite.h"

#define PIPE_BYTES 4096 /* what the kernel holds before a write waits */
#define LINE       "0123456789012345678901234567890123456789012345678901234567890123\n"
#define LINE_BYTES (sizeof LINE - 1)

static int ends[2]; /* of a small pipe that nobody reads yet */

static void setup(void)
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t fill(struct log_queue *q, bool own)
{
	size_t n = 0;

	while (log_queue_put(q, LINE, LINE_BYTES, own))
		ck_assert_uint_lt(n++, 100000);
	return n;
}

static int closed(int fd)
{
	close(fd);
	return -1;
}

/* Bytes until the end, which comes once the other side is closed. */
static size_t drain(char *last, size_t room)
{
	char buf[65536];
	size_t n = 0;
	ssize_t got;

	while ((got = read(ends[0], buf, sizeof buf)) > 0) {
		size_t kept = (size_t)got < room ? (size_t)got : room - 1;

		memcpy(last, buf + got - kept, kept);
		last[kept] = '\0';
		n += (size_t)got;
	}
	return n;
}

START_TEST(a_stalled_reader_is_not_waited_for)
{
	struct log_queue *q = log_queue_new(ends[1]);
	double begun = seconds();
	size_t taken;

	ck_assert_ptr_nonnull(q);
	taken = fill(q, false);
	ck_assert_uint_gt(taken, (LOG_QUEUE_BYTES - LOG_QUEUE_KEPT) / (LINE_BYTES + 2) - 2);
	ck_assert_uint_lt(taken, LOG_QUEUE_BYTES / LINE_BYTES + PIPE_BYTES / LINE_BYTES + 2);
	ck_assert_uint_eq(log_queue_lost(q), 1);
	ck_assert(log_queue_put(q, LINE, LINE_BYTES, true)); /* the program's own still fits */
	fill(q, true);
	ck_assert_uint_eq(log_queue_lost(q), 2);
	ck_assert(seconds() - begun < 1.0);
	begun = seconds();
	log_queue_end(q);
	ck_assert(seconds() - begun < LOG_QUEUE_MS / 1000.0 + 1.0);
	ck_assert(seconds() - begun > LOG_QUEUE_MS / 1000.0 - 0.1);
	/* The writer, left behind, goes on in its own memory until it has written all. */
}
END_TEST

START_TEST(what_waits_is_written_at_the_end)
{
	struct log_queue *q = log_queue_new(ends[1]);
	char tail[LINE_BYTES + 1];
	size_t taken = 20; /* the pipe holds them */

	for (size_t i = 0; i < taken; i++)
		ck_assert(log_queue_put(q, LINE, LINE_BYTES, false));
	log_queue_end(q);
	ends[1] = closed(ends[1]);
	ck_assert_uint_eq(drain(tail, sizeof tail), taken * LINE_BYTES);
	ck_assert_str_eq(tail, LINE);
}
END_TEST

/* Around the ring's end many times, with a reader that takes odd pieces: every byte in its order.
 */
START_TEST(lines_stay_whole_and_in_order)
{
	struct log_queue *q = log_queue_new(ends[1]);
	unsigned written = 0, read_ = 0;
	FILE *f = fdopen(ends[0], "r");

	while (read_ < 40000) {
		char line[64], got[64];

		while (written < 40000) {
			int n = snprintf(line, sizeof line, "%u %.*s\n", written,
					 (int)(written % 31), "abcdefghijklmnopqrstuvwxyzABCDE");

			if (log_queue_waiting(q) > LOG_QUEUE_BYTES / 2 ||
			    !log_queue_put(q, line, (size_t)n, false))
				break;
			written++;
		}
		for (unsigned i = 0; i < 777 && read_ < written; i++, read_++) {
			snprintf(line, sizeof line, "%u %.*s\n", read_, (int)(read_ % 31),
				 "abcdefghijklmnopqrstuvwxyzABCDE");
			ck_assert_ptr_nonnull(fgets(got, sizeof got, f));
			ck_assert_str_eq(got, line);
		}
	}
	ck_assert_uint_eq(log_queue_lost(q), 0);
	log_queue_end(q);
	fclose(f);
}
END_TEST

/* Somebody else made standard error non-blocking: lines wait as they do in a blocking one. */
START_TEST(a_descriptor_that_does_not_block)
{
	struct log_queue *q;
	char tail[LINE_BYTES + 1];
	size_t n = 500; /* more than the pipe holds */

	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	q = log_queue_new(ends[1]);
	for (size_t i = 0; i < n; i++)
		ck_assert(log_queue_put(q, LINE, LINE_BYTES, false));
	usleep(50000);
	for (size_t got = 0; got < n * LINE_BYTES;) {
		char buf[4096];
		ssize_t r = read(ends[0], buf, sizeof buf);

		ck_assert_int_gt(r, 0);
		got += (size_t)r;
	}
	log_queue_end(q);
	ends[1] = closed(ends[1]);
	ck_assert_uint_eq(drain(tail, sizeof tail), 0);
}
END_TEST

/* A reader that has gone: nothing waits, nothing ends the process. */
START_TEST(a_reader_that_is_gone)
{
	struct log_queue *q;
	double begun = seconds();

	signal(SIGPIPE, SIG_IGN);
	ends[0] = closed(ends[0]);
	q = log_queue_new(ends[1]);
	for (size_t i = 0; i < 1000; i++)
		log_queue_put(q, LINE, LINE_BYTES, false);
	log_queue_end(q);
	ck_assert(seconds() - begun < 0.9);
}
END_TEST

/* What was lost is told once the reader is back, with its number. */
START_TEST(lost_lines_are_told_later)
{
	struct log log;
	struct log_line l;
	struct err err;
	size_t n;
	char buf[65536], want[80];
	uint64_t lost;

	log_init(&log, ends[1], "info");
	ck_assert_int_eq(log_start(&log, &err), 0);
	for (n = 0; log_lost(&log) < 10; n++) {
		log_begin(&l, &log, LOG_INFO, "filler");
		log_end(&l);
	}
	log_tick(&log); /* there is no room to say so yet */
	lost = log_lost(&log);
	ck_assert_uint_eq(lost, 10);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	snprintf(want, sizeof want,
		 "\"msg\":\"log lines were lost: nobody read them in time\","
		 "\"count\":10}\n");
	for (int i = 0; i < 500; i++) {
		ssize_t got = read(ends[0], buf, sizeof buf - 1);

		buf[got > 0 ? got : 0] = '\0';
		if (strstr(buf, want))
			break;
		ck_assert_int_lt(i, 499);
		usleep(got > 0 ? 0 : 2000);
		log_tick(&log);
	}
	log_tick(&log);
	ck_assert_uint_eq(log_lost(&log), 10);
	log_stop(&log);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log_queue");
	TCase *t = tcase_create("queue");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_stalled_reader_is_not_waited_for);
	tcase_add_test(t, what_waits_is_written_at_the_end);
	tcase_add_test(t, lines_stay_whole_and_in_order);
	tcase_add_test(t, a_descriptor_that_does_not_block);
	tcase_add_test(t, a_reader_that_is_gone);
	tcase_add_test(t, lost_lines_are_told_later);
	suite_add_tcase(s, t);
	return run_suite(s);
}
