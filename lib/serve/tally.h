/* SPDX-License-Identifier: Apache-2.0
 * tally.h - counts by name, for names that come and go with the policies.
 *
 * The table is bounded: what finds no place is counted as "other", so that nothing
 * is lost. An entry is made when it is first counted and never moves, so counting
 * shares the lock; only forgetting names that are no longer loaded has it alone.
 */
#ifndef LIB_SERVE_TALLY_H
#define LIB_SERVE_TALLY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"

struct tally_key {
	unsigned kind; /* whatever else tells one count from another */
	struct str a, b;
};

struct tally_entry; /* a key, copied, and its count */

struct tally {
	pthread_rwlock_t lock;
	_Atomic(struct tally_entry *) *places;
	size_t places_n;
	atomic_ullong other;
};

/* places: n of them, all NULL; they stay the caller's. */
void tally_init(struct tally *t, _Atomic(struct tally_entry *) *places, size_t n);
void tally_done(struct tally *t);

/* From any thread. */
void tally_count(struct tally *t, const struct tally_key *key);
uint64_t tally_other(const struct tally *t);
void tally_each(struct tally *t, void (*visit)(void *ctx, const struct tally_key *key, uint64_t n),
		void *ctx);
/* Forget the counts of keys that are not to be kept. From one thread at a time. */
void tally_keep(struct tally *t, bool (*keep)(void *ctx, const struct tally_key *key), void *ctx);

#endif
