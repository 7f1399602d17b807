/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/tally.h"

#include <stdlib.h>

#define TRIES 64 /* places that are looked at for a key */

struct tally_entry {
	struct tally_key key; /* points into names */
	atomic_ullong count;
	struct tally_entry *next; /* while the table is made anew */
	bool stale;
	char names[];
};

void tally_init(struct tally *t, _Atomic(struct tally_entry *) *places, size_t n)
{
	pthread_rwlockattr_t attr;

	*t = (struct tally){ .places = places, .places_n = n };
	pthread_rwlockattr_init(&attr);
	/* Else whoever forgets might wait for as long as others count. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&t->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

void tally_done(struct tally *t)
{
	for (size_t i = 0; i < t->places_n; i++)
		free(atomic_exchange(&t->places[i], NULL));
	pthread_rwlock_destroy(&t->lock);
}

/* ---- counting ---- */

static uint64_t tally_hash(const struct tally_key *k)
{
	return str_hash(str_hash(k->kind, k->a), k->b);
}

static bool tally_same_key(const struct tally_key *x, const struct tally_key *y)
{
	return x->kind == y->kind && str_eq(x->a, y->a) && str_eq(x->b, y->b);
}

static struct tally_entry *tally_entry_new(const struct tally_key *k)
{
	struct tally_entry *e = calloc(1, sizeof *e + k->a.n + k->b.n + 1);

	if (!e)
		return NULL;
	if (k->a.n)
		memcpy(e->names, k->a.s, k->a.n);
	if (k->b.n)
		memcpy(e->names + k->a.n, k->b.s, k->b.n);
	e->key = (struct tally_key){ k->kind, { e->names, k->a.n }, { e->names + k->a.n, k->b.n } };
	return e;
}

/* The entry of the key in this place, made if the place is free; NULL: another's, or no memory. */
static struct tally_entry *tally_entry_at(struct tally *t, size_t place, const struct tally_key *k)
{
	struct tally_entry *e = atomic_load(&t->places[place]), *mine;

	if (!e) {
		if (!(mine = tally_entry_new(k)))
			return NULL;
		if (atomic_compare_exchange_strong(&t->places[place], &e, mine))
			return mine;
		free(mine); /* another thread was quicker: e is what it put there */
	}
	return tally_same_key(&e->key, k) ? e : NULL;
}

static struct tally_entry *tally_entry_of(struct tally *t, const struct tally_key *k)
{
	uint64_t at = tally_hash(k);
	struct tally_entry *e = NULL;

	for (size_t tries = 0; tries < TRIES && !e; tries++)
		e = tally_entry_at(t, (at + tries) % t->places_n, k);
	return e;
}

void tally_count(struct tally *t, const struct tally_key *key)
{
	struct tally_entry *e;

	pthread_rwlock_rdlock(&t->lock);
	e = tally_entry_of(t, key);
	atomic_fetch_add_explicit(e ? &e->count : &t->other, 1, memory_order_relaxed);
	pthread_rwlock_unlock(&t->lock);
}

uint64_t tally_other(const struct tally *t)
{
	return atomic_load_explicit(&t->other, memory_order_relaxed);
}

void tally_each(struct tally *t, void (*visit)(void *ctx, const struct tally_key *key, uint64_t n),
		void *ctx)
{
	pthread_rwlock_rdlock(&t->lock);
	for (size_t i = 0; i < t->places_n; i++) {
		const struct tally_entry *e = atomic_load(&t->places[i]);

		if (e)
			visit(ctx, &e->key, atomic_load_explicit(&e->count, memory_order_relaxed));
	}
	pthread_rwlock_unlock(&t->lock);
}

/* ---- forgetting ---- */

static bool tally_mark_stale(struct tally *t, bool (*keep)(void *ctx, const struct tally_key *key),
			     void *ctx)
{
	bool any = false;

	for (size_t i = 0; i < t->places_n; i++) {
		struct tally_entry *e = atomic_load(&t->places[i]);

		if (e && (e->stale = !keep(ctx, &e->key)))
			any = true;
	}
	return any;
}

static struct tally_entry *tally_take_all(struct tally *t)
{
	struct tally_entry *list = NULL, *e;

	for (size_t i = 0; i < t->places_n; i++)
		if ((e = atomic_exchange(&t->places[i], NULL))) {
			e->next = list;
			list = e;
		}
	return list;
}

/* A free place of the key's; else its count is among the others. */
static void tally_put_back(struct tally *t, struct tally_entry *e)
{
	uint64_t at = tally_hash(&e->key);

	for (size_t tries = 0; tries < TRIES; tries++) {
		size_t place = (at + tries) % t->places_n;

		if (!atomic_load(&t->places[place])) {
			atomic_store(&t->places[place], e);
			return;
		}
	}
	atomic_fetch_add(&t->other, atomic_load(&e->count));
	free(e);
}

/*
 * An entry is found by looking from its first place on, up to a free one: a hole would hide
 * those behind it. Hence all are put in anew.
 */
static void tally_rebuild(struct tally *t)
{
	struct tally_entry *list = tally_take_all(t), *next;

	for (; list; list = next) {
		next = list->next;
		if (list->stale)
			free(list);
		else
			tally_put_back(t, list);
	}
}

void tally_keep(struct tally *t, bool (*keep)(void *ctx, const struct tally_key *key), void *ctx)
{
	/* Deciding may take long; nobody else removes entries, so it needs no lock. */
	if (!tally_mark_stale(t, keep, ctx))
		return;
	pthread_rwlock_wrlock(&t->lock);
	tally_rebuild(t);
	pthread_rwlock_unlock(&t->lock);
}
