/* SPDX-License-Identifier: Apache-2.0
 * check_arena.c - the headers that everything stands on: arena, str, text, slot.
 */
#include <stdint.h>
#include <stdlib.h>

/* The system's memory may end at any piece: counted down here, for this file's copy alone. */
static size_t mallocs_left = SIZE_MAX;

static void *rationed(size_t n)
{
	if (!mallocs_left)
		return NULL;
	mallocs_left--;
	return malloc(n);
}

#define malloc rationed
#include "lib/base/arena.h"
#undef malloc
#include "lib/base/cleanup.h"
#include "lib/base/err.h"
#include "lib/base/slot.h"
#include "lib/base/str.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

/* ---- arena ---- */

#define UNIT _Alignof(max_align_t) /* what sizes are rounded up to */

START_TEST(pieces_are_apart_and_aligned)
{
	scoped(arena_end) struct arena a;
	unsigned char *pieces[500];

	arena_init(&a, 1 << 24);
	for (size_t i = 0; i < 500; i++) {
		size_t n = i * 37 % 400;

		ck_assert((pieces[i] = arena_alloc(&a, n)));
		ck_assert_uint_eq((uintptr_t)pieces[i] % UNIT, 0);
		memset(pieces[i], (int)(i & 0xff), n);
	}
	for (size_t i = 0; i < 500; i++) {
		for (size_t k = 0; k < i * 37 % 400; k++)
			ck_assert_uint_eq(pieces[i][k], i & 0xff);
	}
}
END_TEST

START_TEST(the_limit_is_exact)
{
	scoped(arena_end) struct arena a;

	arena_init(&a, 3 * UNIT);
	ck_assert(arena_alloc(&a, 1));
	ck_assert(!arena_alloc(&a, 2 * UNIT + 1));
	ck_assert(arena_alloc(&a, 2 * UNIT));
	ck_assert_uint_eq(a.total, a.limit);
	ck_assert(!arena_alloc(&a, 1));
	arena_done(&a);
	ck_assert_uint_eq(a.total, 0);
	ck_assert(arena_alloc(&a, 3 * UNIT)); /* the limit stays */
}
END_TEST

/* The limit holds for all that was handed out, whether or not it was given back in between. */
START_TEST(cleared)
{
	scoped(arena_end) struct arena a;
	char *p;

	arena_init(&a, 8u << 20);
	for (int i = 0; i < 100; i++)
		ck_assert((p = arena_alloc(&a, 10000)));
	memset(p, 'x', 10000);
	arena_clear(&a);
	ck_assert_uint_eq(a.total, 1000000);
	ck_assert(!a.blocks || (!a.blocks->next && !a.blocks->used));
	mallocs_left = a.blocks ? 0 : 20; /* the block that is left has room for these */
	for (int i = 0; i < 20; i++) {
		ck_assert((p = arena_zalloc(&a, 10000)));
		ck_assert(!p[0] && !p[9999]);
	}
	mallocs_left = SIZE_MAX;
	ck_assert_uint_eq(a.total, 1200000);
	while (arena_alloc(&a, 10000))
		arena_clear(&a);
	ck_assert_uint_gt(a.total + 10000, a.limit);
	arena_clear(&a);
	ck_assert(!arena_alloc(&a, 10000));
	arena_done(&a);
	arena_clear(&a); /* nothing to give back */
	ck_assert(arena_alloc(&a, 10000));
}
END_TEST

/* As new, but for a block of the usual sizes. */
START_TEST(used_again)
{
	scoped(arena_end) struct arena a;

	arena_init(&a, 4 * ARENA_BLOCK_MAX + (8u << 20));
	for (int i = 0; i < 100; i++)
		ck_assert(arena_alloc(&a, 10000));
	a.steps = 10;
	a.steps_max = 5;
	a.full = true;
	arena_init_again(&a, 1000000);
	ck_assert(!a.total && a.limit == 1000000 && !a.steps && !a.steps_max && !a.full);
	ck_assert(!a.blocks == !arena_block && (!a.blocks || !a.blocks->next));
	mallocs_left = a.blocks ? 0 : 20;
	for (int i = 0; i < 20; i++)
		ck_assert(arena_alloc(&a, 10000));
	mallocs_left = SIZE_MAX;
	ck_assert_uint_eq(a.total, 200000);
	ck_assert(!arena_alloc(&a, 800001));
	ck_assert(arena_alloc(&a, 800000));
	arena_init_again(&a, SIZE_MAX);
	ck_assert(arena_alloc(&a, ARENA_BLOCK_MAX + 1));
	arena_init_again(&a, SIZE_MAX);
	ck_assert_ptr_null(a.blocks); /* it was made for one piece */
	arena_init_again(&a, 100);
	ck_assert(arena_alloc(&a, 10));
}
END_TEST

START_TEST(sizes_that_overflow)
{
	scoped(arena_end) struct arena a;

	arena_init(&a, SIZE_MAX);
	ck_assert(!arena_alloc(&a, SIZE_MAX));
	ck_assert(!arena_alloc(&a, SIZE_MAX - 40));
	ck_assert(!arena_calloc(&a, SIZE_MAX / 2, 4));
	ck_assert_uint_eq(a.total, 0);
}
END_TEST

START_TEST(zeroed)
{
	scoped(arena_end) struct arena a;
	unsigned char *p;

	arena_init(&a, 1 << 20);
	memset(arena_alloc(&a, 64), 0xff, 64);
	p = arena_calloc(&a, 16, 4);
	for (size_t i = 0; i < 64; i++)
		ck_assert_uint_eq(p[i], 0);
	ck_assert(arena_calloc(&a, 0, 0));
}
END_TEST

START_TEST(no_memory)
{
	scoped(arena_end) struct arena a;

	arena_init(&a, 1 << 24);
	mallocs_left = 0;
	ck_assert(!arena_alloc(&a, 10));
	ck_assert(!arena_zalloc(&a, 10));
	ck_assert_uint_eq(a.total, 0);
	ck_assert(a.full);
	mallocs_left = 1;
	ck_assert(arena_alloc(&a, 10));
	ck_assert(!arena_alloc(&a, 1 << 20)); /* larger than any block that is left */
	mallocs_left = SIZE_MAX;
	ck_assert(arena_alloc(&a, 1 << 20));
}
END_TEST

/* ---- strings ---- */

static const struct order_case {
	const char *name;
	struct str a, b;
	int order; /* of a to b: -1, 0, 1 */
	bool starts;
} orders[] = {
	{ "absent is empty", { NULL, 0 }, BYTES(""), 0, true },
	{ "equal", BYTES("abc"), BYTES("abc"), 0, true },
	{ "a prefix stands first", BYTES("ab"), BYTES("abc"), -1, false },
	{ "anything begins with nothing", BYTES("ab"), { NULL, 0 }, 1, true },
	{ "longer", BYTES("abc"), BYTES("ab"), 1, true },
	{ "what stands behind a NUL counts", BYTES("a\0b"), BYTES("a\0c"), -1, false },
	{ "bytes are unsigned", BYTES("\xc3"), BYTES("a"), 1, false },
};

START_TEST(str_order)
{
	const struct order_case *c = &orders[_i];
	int order = str_cmp(c->a, c->b), back = str_cmp(c->b, c->a);

	ck_assert_msg((order > 0) - (order < 0) == c->order && (back > 0) - (back < 0) == -c->order,
		      "%s: %d", c->name, order);
	ck_assert(str_eq(c->a, c->b) == !c->order);
	ck_assert_msg(str_starts(c->a, c->b) == c->starts, "%s", c->name);
}
END_TEST

START_TEST(str_copies)
{
	scoped(arena_end) struct arena a;
	struct str copy;

	arena_init(&a, 32);
	copy = str_copy(&a, STR("a\0b"));
	ck_assert(str_eq(copy, STR("a\0b")) && copy.s[3] == '\0');
	copy = str_copy(&a, (struct str){ NULL, 0 });
	ck_assert(copy.s && !copy.n);
	ck_assert_ptr_null(str_copy(&a, STR("no room is left")).s);
}
END_TEST

START_TEST(hashes)
{
	ck_assert(str_hash(1, STR("coredns")) == str_hash(1, STR("coredns")));
	ck_assert(str_hash(1, STR("coredns")) != str_hash(2, STR("coredns")));
	ck_assert(str_hash(1, STR("coredns")) != str_hash(1, STR("coredn")));
}
END_TEST

/* ---- text ---- */

START_TEST(text_grows)
{
	scoped(arena_end) struct arena a;
	struct text t;

	arena_init(&a, 1 << 20);
	text_init(&t, &a, 10000);
	ck_assert(str_is(text_get(&t), "") && text_get(&t).s);
	for (int i = 0; i < 1000; i++)
		text_printf(&t, "%04d,", i);
	ck_assert(!t.full && t.n == 5000 && t.s[t.n] == '\0');
	ck_assert(!memcmp(t.s + 4995, "0999,", 5));
}
END_TEST

START_TEST(text_is_bounded)
{
	scoped(arena_end) struct arena a;
	struct text t;
	char buf[600];

	arena_init(&a, 1 << 20);
	text_init(&t, &a, 5);
	text_puts(&t, "abc");
	text_puts(&t, "defg"); /* nothing of it */
	ck_assert(t.full && str_is(text_get(&t), "abc"));
	text_puts(&t, "d"); /* full stays full */
	ck_assert(str_is(text_get(&t), "abc"));

	text_init(&t, &a, 5);
	text_str(&t, STR("ab\0cd"));
	ck_assert(!t.full && str_eq(text_get(&t), STR("ab\0cd")));

	text_init(&t, &a, 10000);
	memset(buf, 'x', sizeof buf - 1);
	buf[sizeof buf - 1] = '\0';
	text_printf(&t, "%s", buf); /* more than text_printf takes at once */
	ck_assert(t.full && !t.n);
}
END_TEST

START_TEST(text_without_memory)
{
	scoped(arena_end) struct arena a;
	struct text t;

	arena_init(&a, 128);
	text_init(&t, &a, 10000);
	for (int i = 0; i < 100; i++)
		text_puts(&t, "0123456789");
	ck_assert(t.full && t.n == 120 && t.s[120] == '\0');
}
END_TEST

/* ---- err ---- */

START_TEST(errors_say_where)
{
	struct err err;
	char where[400];

	ck_assert_int_eq(err_set(&err, ERR_SYNTAX, "unknown key '%s'", "kidn"), -1);
	ck_assert_int_eq(err_in(&err, "a.yaml"), -1);
	ck_assert_str_eq(err.msg, "a.yaml: unknown key 'kidn'");
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	memset(where, 'w', sizeof where - 1);
	where[sizeof where - 1] = '\0';
	err_in(&err, where); /* the cause stays whole */
	ck_assert_ptr_nonnull(strstr(err.msg, ": a.yaml: unknown key 'kidn'"));
}
END_TEST

/* ---- slot ---- */

struct counted {
	struct shared shared;
	atomic_uint *freed;
};

static void counted_free(struct shared *o)
{
	struct counted *c = (struct counted *)o;

	atomic_fetch_add(c->freed, 1);
	free(c);
}

static struct shared *counted_new(atomic_uint *freed)
{
	struct counted *c = malloc(sizeof *c);

	ck_assert_ptr_nonnull(c);
	shared_init(&c->shared, counted_free);
	c->freed = freed;
	return &c->shared;
}

START_TEST(a_borrowed_object_outlives_its_slot)
{
	struct slot slot = SLOT_INIT;
	atomic_uint freed = 0;
	struct shared *o;

	ck_assert_ptr_null(slot_get(&slot));
	slot_publish(&slot, counted_new(&freed));
	o = slot_get(&slot);
	slot_publish(&slot, counted_new(&freed));
	ck_assert_uint_eq(freed, 0);
	shared_unref(o);
	ck_assert_uint_eq(freed, 1);
	slot_publish(&slot, NULL);
	ck_assert_uint_eq(freed, 2);
	ck_assert_ptr_null(slot_get(&slot));
	shared_unref(NULL);
}
END_TEST

struct readers {
	struct slot slot;
	atomic_bool stop;
	atomic_uint gets, bad;
};

static void *read_on(void *arg)
{
	struct readers *r = arg;

	while (!atomic_load(&r->stop)) {
		struct shared *o = slot_get(&r->slot);

		if (atomic_load(&o->refs) == 0)
			atomic_fetch_add(&r->bad, 1);
		shared_unref(o);
		atomic_fetch_add(&r->gets, 1);
	}
	return NULL;
}

START_TEST(publishing_while_others_read)
{
	struct readers r = { .slot = SLOT_INIT };
	pthread_t threads[3];
	atomic_uint freed = 0;

	slot_publish(&r.slot, counted_new(&freed));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, &r), 0);
	for (unsigned i = 0; i < 2000 || atomic_load(&r.gets) < 1000; i++) {
		slot_publish(&r.slot, counted_new(&freed));
		if (i >= 2000)
			sched_yield();
	}
	atomic_store(&r.stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(r.bad, 0);
	ck_assert_uint_ge(freed, 2000);
	slot_publish(&r.slot, NULL); /* a leak fails under the sanitizer */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tc = tcase_create("arena");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, pieces_are_apart_and_aligned);
	tcase_add_test(tc, the_limit_is_exact);
	tcase_add_test(tc, cleared);
	tcase_add_test(tc, used_again);
	tcase_add_test(tc, sizes_that_overflow);
	tcase_add_test(tc, zeroed);
	tcase_add_test(tc, no_memory);
	tcase_add_loop_test(tc, str_order, 0, ROWS(orders));
	tcase_add_test(tc, str_copies);
	tcase_add_test(tc, hashes);
	tcase_add_test(tc, text_grows);
	tcase_add_test(tc, text_is_bounded);
	tcase_add_test(tc, text_without_memory);
	tcase_add_test(tc, errors_say_where);
	tcase_add_test(tc, a_borrowed_object_outlives_its_slot);
	tcase_add_test(tc, publishing_while_others_read);
	return run_suite(suite);
}
