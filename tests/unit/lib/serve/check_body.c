/* SPDX-License-Identifier: Apache-2.0
 * check_body.c - bodies that do not all fit: somebody always gets through.
 */
#include <check.h>
#include <pthread.h>
#include <stdbool.h>

#include "lib/serve/body.h"
#include "tests/unit/suite.h"

#define MIB    ((size_t)1 << 20)
#define SENDS  4
#define ROUNDS 200
#define PIECE  (16u * 1024)

static const char piece[PIECE];

static size_t nothing_is_enough(struct str begin)
{
	(void)begin;
	return 0;
}

struct sender {
	struct budget *budget;
	pthread_barrier_t *ready;
	bool whole, refused;
};

/* A body of which one fits into the budget, and two do not. */
static void *send_one(void *arg)
{
	struct sender *s = arg;
	struct body b;

	s->refused = body_begin(&b, s->budget, nothing_is_enough, MIB) != NULL;
	pthread_barrier_wait(s->ready);
	for (size_t sent = 0; !s->refused && sent < MIB; sent += PIECE)
		s->refused = body_arrives(&b, piece, PIECE) != NULL;
	s->whole = !s->refused && !b.begin;
	ck_assert(!s->whole || b.n == MIB);
	body_drop(&b);
	return NULL;
}

START_TEST(somebody_gets_through)
{
	pthread_barrier_t ready;
	struct budget budget;

	budget_init(&budget, 2 * MIB);
	pthread_barrier_init(&ready, NULL, SENDS);
	for (int round = 0; round < ROUNDS; round++) {
		struct sender senders[SENDS] = { 0 };
		pthread_t threads[SENDS];
		int whole = 0;

		for (int i = 0; i < SENDS; i++) {
			senders[i] = (struct sender){ .budget = &budget, .ready = &ready };
			ck_assert_int_eq(pthread_create(&threads[i], NULL, send_one, &senders[i]),
					 0);
		}
		for (int i = 0; i < SENDS; i++) {
			pthread_join(threads[i], NULL);
			whole += senders[i].whole;
		}
		ck_assert_int_ge(whole, 1);
		ck_assert_uint_eq(budget_used(&budget), 0);
	}
	pthread_barrier_destroy(&ready);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("body");
	TCase *t = tcase_create("body");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, somebody_gets_through);
	suite_add_tcase(s, t);
	return run_suite(s);
}
