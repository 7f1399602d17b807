/* SPDX-License-Identifier: Apache-2.0
 * arena.h - the memory and the work of one request, or of one policy set.
 *
 * Pieces are taken one after the other and given back all at once. An arena has
 * a limit, so what a client can make us allocate is bounded and refusing is
 * cheap. Not thread-safe: an arena belongs to one thread at a time.
 *
 * Beside the memory stands one count of steps: a step is a look at a value, or at some 64
 * bytes of text. Whatever searches or compares takes its steps here, so what a client can
 * make us do is bounded as well. When they are used up a search gives up, whatever it then
 * says, and who asked for the whole finds arena_spent() and throws the result away.
 *
 * ARENA_BLOCK is 0 in sanitizer builds: each piece is then a malloc of its own
 * and no overflow is hidden. A test sets arena_block to 0 for the same: then each piece of an
 * arena can be the one that fails.
 */
#ifndef LIB_BASE_ARENA_H
#define LIB_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef ARENA_BLOCK
#define ARENA_BLOCK (16u * 1024)
#endif
#define ARENA_BLOCK_MAX (64u * ARENA_BLOCK) /* blocks double up to this size */

extern size_t arena_block; /* bytes of a first block: ARENA_BLOCK; tests alone write to it */

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	max_align_t data[];
};

struct arena {
	struct arena_block *blocks;
	size_t total, limit;     /* bytes handed out, and how many may be */
	size_t steps, steps_max; /* taken, and how many may be; 0: any number */
	bool full;               /* a piece was refused: what was found so far may not be all */
};

static inline void arena_init(struct arena *a, size_t limit)
{
	*a = (struct arena){ .limit = limit };
}

static inline void arena_done(struct arena *a)
{
	struct arena_block *b = a->blocks, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ .limit = a->limit, .steps_max = a->steps_max };
}

/*
 * Give back all pieces, and keep the newest block for those that come: what is built, looked at and
 * thrown away again and again takes no new memory. What was handed out goes on counting
 * against the limit, up to arena_done.
 */
static inline void arena_clear(struct arena *a)
{
	struct arena_block *keep = arena_block ? a->blocks : NULL;
	struct arena_block *b = keep ? keep->next : a->blocks, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->blocks = keep;
}

/*
 * As arena_init, of an arena that was in use: the newest block stays, so that what is as large as
 * what was before takes no new memory; but none that was made for a single large piece.
 */
static inline void arena_init_again(struct arena *a, size_t limit)
{
	if (a->blocks && a->blocks->size > ARENA_BLOCK_MAX)
		arena_done(a);
	arena_clear(a);
	*a = (struct arena){ .blocks = a->blocks, .limit = limit };
}

/* Are the steps used up? Then what was found so far must not be used. */
static inline bool arena_spent(const struct arena *a)
{
	return a->steps_max && a->steps > a->steps_max;
}

/* Take n steps; false: they are used up. */
static inline bool arena_step(struct arena *a, size_t n)
{
	a->steps = n > SIZE_MAX - a->steps ? SIZE_MAX : a->steps + n;
	return !arena_spent(a);
}

/* For the little that is still to be said when memory or steps are used up: n bytes, any steps. */
static inline void arena_last(struct arena *a, size_t n)
{
	if (a->limit - a->total < n)
		a->limit = a->total + n;
	a->steps_max = 0;
}

/* What a look at n bytes counts. */
static inline size_t arena_bytes(size_t n)
{
	return 1 + n / 64;
}

/* How large the next block should be: the last one doubled, up to a bound. */
static inline size_t arena_room(const struct arena *a, size_t size)
{
	const size_t first = arena_block, most = ARENA_BLOCK_MAX;
	size_t room = first;

	if (first && a->blocks)
		room = a->blocks->size > most / 2 ? most : a->blocks->size * 2;
	return room > size ? room : size;
}

/* A new block with room for size bytes. Out of line: hardly ever, and arena_alloc stays short. */
__attribute__((noinline, unused)) static struct arena_block *arena_grow(struct arena *a,
									size_t size)
{
	size_t room = arena_room(a, size);
	struct arena_block *b = size > SIZE_MAX / 2 ? NULL : malloc(sizeof *b + room);

	if (!b)
		return NULL;
	*b = (struct arena_block){ .next = a->blocks, .size = room };
	return a->blocks = b;
}

/* NULL: no memory, or over the limit. Aligned for any type, not zeroed. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
	size_t mask = _Alignof(max_align_t) - 1, size = (n + mask) & ~mask;
	struct arena_block *b = a->blocks;

	if (size < n || size > a->limit - a->total) {
		a->full = true;
		return NULL;
	}
	if ((!b || size > b->size - b->used) && !(b = arena_grow(a, size))) {
		a->full = true;
		return NULL;
	}
	b->used += size;
	a->total += size;
	return (char *)b->data + b->used - size;
}

static inline void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	return p ? memset(p, 0, n) : NULL;
}

/* An array of n zeroed elements; NULL also when n * size overflows. */
static inline void *arena_calloc(struct arena *a, size_t n, size_t size)
{
	return size && n > SIZE_MAX / size ? NULL : arena_zalloc(a, n * size);
}

/* A scope's arena: "scoped(arena_end) struct arena a; arena_init(&a, limit);" */
static inline void arena_end(struct arena *a)
{
	arena_done(a);
}

#endif
