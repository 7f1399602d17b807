/* SPDX-License-Identifier: Apache-2.0
 * slot.h - a shared object that is replaced while in use.
 *
 * Policy sets and key pairs never change once built. Whoever uses one borrows
 * it from the slot, keeps it as long as the request lasts, and gives it back;
 * publishing the next one does not disturb those who hold the last.
 *
 * An atomic pointer alone is not enough: between a reader's load and its count
 * the object could be freed. The lock makes loading and counting one step.
 */
#ifndef LIB_BASE_SLOT_H
#define LIB_BASE_SLOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

struct shared { /* the first member of what is shared */
	atomic_uint refs;
	void (*free)(struct shared *);
};

struct slot {
	pthread_mutex_t lock;
	struct shared *now;
};

#define SLOT_INIT                                                                                  \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

static inline void shared_init(struct shared *o, void (*release)(struct shared *))
{
	atomic_init(&o->refs, 1);
	o->free = release;
}

static inline void shared_unref(struct shared *o)
{
	if (o && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
		o->free(o);
}

/* Borrow what is in force; end with shared_unref. NULL while the slot is empty. */
static inline struct shared *slot_get(struct slot *s)
{
	struct shared *o;

	pthread_mutex_lock(&s->lock);
	if ((o = s->now))
		atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&s->lock);
	return o;
}

/* Put next in force; takes its reference. NULL empties the slot. */
static inline void slot_publish(struct slot *s, struct shared *next)
{
	struct shared *old;

	pthread_mutex_lock(&s->lock);
	old = s->now;
	s->now = next;
	pthread_mutex_unlock(&s->lock);
	shared_unref(old); /* outside the lock: freeing may take long */
}

#endif
