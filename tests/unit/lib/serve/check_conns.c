/* SPDX-License-Identifier: Apache-2.0
 * check_conns.c - who has to go when there are too many connections.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/serve/conns.h"
#include "lib/serve/metrics.h"
#include "tests/unit/suite.h"

#define MAX  16
#define MANY 64
#define OLD  (CONN_FRESH_MS + CONN_STALLED_MS) /* milliseconds ago */
/* However long this machine takes for the rest of the test. */
#define JUST_NOW (-60000)

static struct metrics metrics;
static struct conns all;
static struct conn c[MANY];
static int other[MANY]; /* the clients' ends */

static void setup(void)
{
	conns_init(&all, MAX, NULL, &metrics);
}

/* A connection from 10.0.0.HOST that has been in its phase for so long. */
static void come(size_t i, unsigned host, enum conn_phase phase, bool served, long long ago)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr = { htonl(0x0a000000 + host) } };
	int ends[2];
	long long now;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	other[i] = ends[1];
	conns_add(&all, &c[i], ends[0], (const struct sockaddr *)(const void *)&from, phase);
	if (served)
		conn_served(&c[i]);
	now = atomic_load(&c[i].state) / CONN_PHASES_N;
	c[i].begun = now - ago;
	atomic_store(&c[i].state, (now - ago) * CONN_PHASES_N + phase);
}

static bool gone(size_t i)
{
	return atomic_load(&c[i].cut);
}

/* Who is cut, and nobody besides. */
static void only(size_t wanted, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(gone(i) == (i == wanted), "%zu %s", i, gone(i) ? "is cut" : "stays");
}

/* In turn from hosts 1, 2, 3, so that none has half. */
static void fill(size_t n, enum conn_phase phase, bool served, long long ago)
{
	for (size_t i = 0; i < n; i++)
		come(i, (unsigned)i % 3 + 1, phase, served, ago);
}

START_TEST(below_the_limit_nobody_goes)
{
	fill(MAX, CONN_BODY, false, OLD);
	only(MANY, MAX);
}
END_TEST

/* A byte of a body is no merit: served clients that are idle stay. */
START_TEST(the_never_answered_go_first)
{
	static const enum conn_phase phases[] = { CONN_HANDSHAKE, CONN_IDLE, CONN_HEADER, CONN_BODY,
						  CONN_DROP };

	fill(MAX - 1, CONN_IDLE, true, 60000);
	come(MAX - 1, 9, phases[_i], false, OLD);
	come(MAX, 8, CONN_HANDSHAKE, false, 0);
	only(MAX - 1, MAX + 1);
}
END_TEST

START_TEST(of_these_the_oldest)
{
	fill(MAX - 2, CONN_IDLE, true, 60000);
	come(MAX - 2, 8, CONN_BODY, false, OLD);
	come(MAX - 1, 9, CONN_BODY, false, OLD + 5000);
	come(MAX, 7, CONN_HANDSHAKE, false, 0);
	only(MAX - 1, MAX + 1);
}
END_TEST

/* A request that is judged or answered now is finished, whoever asked. */
START_TEST(work_is_never_cut)
{
	for (size_t i = 0; i < MAX; i++)
		come(i, (unsigned)i % 3 + 1, i % 2 ? CONN_WORK : CONN_ANSWER, i % 4 < 2, OLD);
	come(MAX, 9, CONN_HANDSHAKE, false, 0);
	only(MANY, MAX + 1);
}
END_TEST

/* Who was let in just now has a second to ask; the source that holds the most gives one up. */
START_TEST(the_fresh_have_their_time)
{
	for (size_t i = 0; i < 7; i++)
		come(i, 1, CONN_IDLE, true, 1000 + (long long)i);
	for (size_t i = 7; i < MAX; i++)
		come(i, (unsigned)i, CONN_HANDSHAKE, false, JUST_NOW);
	come(MAX, 99, CONN_HANDSHAKE, false, JUST_NOW);
	only(6, MAX + 1); /* the longest idle of host 1 */
}
END_TEST

/* Answered once, then a body that does not come: it goes before what is idle. */
START_TEST(stalled_before_idle)
{
	for (size_t i = 0; i < 7; i++)
		come(i, 1, i == 3 ? CONN_BODY : CONN_IDLE, true, i == 3 ? OLD : 60000);
	for (size_t i = 7; i < MAX; i++)
		come(i, (unsigned)i, CONN_IDLE, true, 90000);
	come(MAX, 99, CONN_HANDSHAKE, false, 0);
	only(3, MAX + 1);
}
END_TEST

/* What has arrived and was not read yet is our delay, not the client's. */
START_TEST(who_waits_for_us_does_not_stall)
{
	for (size_t i = 0; i < 7; i++)
		come(i, 1, i == 3 ? CONN_BODY : CONN_IDLE, true, i == 3 ? OLD : 60000);
	for (size_t i = 7; i < MAX; i++)
		come(i, (unsigned)i, CONN_IDLE, true, 90000);
	ck_assert_int_eq(write(other[3], "x", 1), 1);
	come(MAX, 99, CONN_HANDSHAKE, false, 0);
	ck_assert(!gone(3));
}
END_TEST

/* Half of all, though there is room: its own oldest goes, nobody else's. */
START_TEST(no_source_holds_more_than_half)
{
	for (size_t i = 0; i < 4; i++)
		come(i, 2, CONN_HANDSHAKE, false, 90000);
	for (size_t i = 4; i < 4 + MAX / 2; i++)
		come(i, 1, CONN_IDLE, i != 7, i == 7 ? 10 : 5000);
	only(MANY, 4 + MAX / 2);
	come(4 + MAX / 2, 1, CONN_HANDSHAKE, false, 0);
	only(7, 5 + MAX / 2); /* the one of host 1 that was not answered */
	come(5 + MAX / 2, 3, CONN_HANDSHAKE, false, 0);
	only(7, 6 + MAX / 2);
}
END_TEST

static const struct source {
	const char *name, *a, *b;
	bool same;
} sources[] = {
	{ "one IPv4 address", "10.0.0.1", "10.0.0.1", true },
	{ "two of them", "10.0.0.1", "10.0.0.2", false },
	{ "the same, written for IPv6", "10.0.0.1", "::ffff:10.0.0.1", true },
	{ "another, written for IPv6", "::ffff:10.0.0.2", "::ffff:10.0.0.1", false },
	{ "a /64 of IPv6", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
	{ "two of these", "2001:db8:1:2::1", "2001:db8:1:3::1", false },
	{ "IPv4 and the same bytes in IPv6", "32.1.13.184", "2001:db8::", false },
};

static struct conn_source source(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool four = inet_pton(AF_INET, text, &v4.sin_addr) == 1;
	struct conn_source out;

	if (!four)
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	conn_source_of(four ? (const struct sockaddr *)(const void *)&v4
			    : (const struct sockaddr *)(const void *)&v6,
		       &out);
	return out;
}

START_TEST(what_a_source_is)
{
	struct conn_source a = source(sources[_i].a), b = source(sources[_i].b);

	ck_assert_msg(!memcmp(&a, &b, sizeof a) == sources[_i].same, "%s", sources[_i].name);
}
END_TEST

START_TEST(how_long_a_worker_is_busy)
{
	come(0, 1, CONN_BODY, true, 50000);
	ck_assert_int_eq(conns_busy_ms(&all), 0);
	come(1, 1, CONN_WORK, true, 7000);
	come(2, 1, CONN_WORK, true, 3000);
	ck_assert_int_ge(conns_busy_ms(&all), 7000);
	ck_assert_int_lt(conns_busy_ms(&all), 8000);
	conn_enter(&c[1], CONN_ANSWER);
	ck_assert_int_lt(conns_busy_ms(&all), 4000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conns");
	TCase *t = tcase_create("limit");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, below_the_limit_nobody_goes);
	tcase_add_loop_test(t, the_never_answered_go_first, 0, 5);
	tcase_add_test(t, of_these_the_oldest);
	tcase_add_test(t, work_is_never_cut);
	tcase_add_test(t, the_fresh_have_their_time);
	tcase_add_test(t, stalled_before_idle);
	tcase_add_test(t, who_waits_for_us_does_not_stall);
	tcase_add_test(t, no_source_holds_more_than_half);
	tcase_add_loop_test(t, what_a_source_is, 0, sizeof sources / sizeof *sources);
	tcase_add_test(t, how_long_a_worker_is_busy);
	suite_add_tcase(s, t);
	return run_suite(s);
}
