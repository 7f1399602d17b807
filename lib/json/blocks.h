/* SPDX-License-Identifier: Apache-2.0
 * blocks.h - past a container, 64 bytes at a time.
 *
 * Who passes over an object that nobody may ever read can have a look at each block on its way:
 * json_skim_value has none, and what policy/alpha notes of an object rides along.
 */
#ifndef LIB_JSON_BLOCKS_H
#define LIB_JSON_BLOCKS_H

#include "lib/base/attributes.h"
#include "lib/json/json.h"
#include "lib/json/scan.h"

static inline size_t blocks_count_bits(uint64_t bits)
{
	bits -= bits >> 1 & SCAN_ALL(0x55);
	bits = (bits & SCAN_ALL(0x33)) + (bits >> 2 & SCAN_ALL(0x33));
	return (((bits + (bits >> 4)) & SCAN_ALL(0x0f)) * SCAN_ALL(1) >> 56);
}

/*
 * Which bytes are escaped? *carry: is the first of this block, of the next one. The byte behind a
 * run of backslashes is, when the run is odd; so is every second one of the run. A run that begins
 * at an odd bit is carried through by adding its first bit to it: the bit behind its end is set.
 */
static inline uint64_t blocks_escaped(uint64_t slashes, bool *carry)
{
	const uint64_t even = SCAN_ALL(0x55);
	uint64_t first = *carry, begins, behind, ends;

	slashes &= ~first;
	behind = slashes << 1 | first;
	begins = slashes & ~even & ~behind;
	*carry = __builtin_add_overflow(begins, slashes, &ends);
	return (even ^ ends << 1) & behind;
}

/* How far a container was passed over. */
struct blocks {
	size_t depth;               /* open brackets */
	uint64_t inside;            /* all ones: a string goes on */
	bool escape;                /* a backslash stood last */
	uint32_t *note, *notes_end; /* where what is open at each block is noted; NULL: nowhere */
};

/*
 * What is open, as one number: inverted in a string. No note is taken so far into a text that it
 * would not hold it.
 */
static inline uint32_t blocks_open(const struct blocks *b)
{
	return (uint32_t)((b->depth << 1 | b->escape) ^ b->inside);
}

static inline struct blocks blocks_of(uint32_t open)
{
	uint64_t inside = 0 - (uint64_t)(open >> 31);

	open ^= (uint32_t)inside;
	return (struct blocks){ .depth = open >> 1, .inside = inside, .escape = open & 1 };
}

/* The last bytes of the input, too few for a block. */
static inline const char *blocks_skip_bytes(const char *p, const char *end, struct blocks *s)
{
	for (; p < end; p++) {
		if (s->escape) {
			s->escape = false;
		} else if (s->inside) {
			s->inside = *p == '"' ? 0 : s->inside;
			s->escape = *p == '\\';
		} else if (*p == '"') {
			s->inside = UINT64_MAX;
		} else if ((*p | 0x20) == '{') {
			s->depth++;
		} else if ((*p | 0x20) == '}' && !--s->depth) {
			return p + 1;
		}
	}
	return p;
}

static inline size_t blocks_count(uint64_t bits, bool wide)
{
	return wide ? (size_t)__builtin_popcountll(bits) : blocks_count_bits(bits);
}

/*
 * The block holds as many closing brackets as are open, or more: behind the last one, or NULL. That
 * is the first before which as many were closed as were open and are opened in the block.
 */
static INLINE const char *blocks_last(const char *p, uint64_t open, uint64_t close, size_t depth,
				      bool wide)
{
	for (size_t closed = 1; close; closed++, close &= close - 1) {
		uint64_t before = (close & (0 - close)) - 1;

		if (closed >= depth && closed == depth + blocks_count(open & before, wide))
			return p + scan_bit(close) + 1;
	}
	return NULL;
}

/*
 * Called for each block. The quotes of `shape` may be escaped; its brackets are those outside of
 * strings, and no less than `least` of them are open anywhere in the block. BLOCKS_BEHIND bytes
 * stand behind the block. Where the container ends within the block, what is behind its end is in
 * `shape` as well.
 */
#define BLOCKS_BEHIND 8
typedef void blocks_look(void *ctx, const struct scan_shape *shape, ptrdiff_t least);

/*
 * Where the container is closed, or NULL: *at is then where fewer than 64 bytes are left. A
 * block is looked at in one, since a branch for each string would cost more than all the rest.
 */
static INLINE const char *blocks_skip(const char **at, const char *end, struct blocks *s, bool wide,
				      blocks_look *look, void *ctx)
{
	const ptrdiff_t room = SCAN_BLOCK + (look ? BLOCKS_BEHIND : 0);
	const char *p = *at, *last, *stop = NULL;
	struct blocks b = *s; /* of its own, so that it can stay in registers */

	if (end - p < room)
		return NULL;
	for (last = end - room; p <= last; p += SCAN_BLOCK) {
		struct scan_shape shape = wide ? scan_shape_wide(p) : scan_shape(p);
		uint64_t quotes = shape.quotes, strings;
		size_t closed;

		if (b.note < b.notes_end)
			*b.note++ = blocks_open(&b);
		if (shape.slashes || b.escape)
			quotes &= ~blocks_escaped(shape.slashes, &b.escape);
		strings = (wide ? scan_parity_wide(quotes) : scan_parity(quotes)) ^ b.inside;
		b.inside = 0 - (strings >> 63);
		shape.open &= ~strings;
		shape.close &= ~strings;
		closed = blocks_count(shape.close, wide);
		if (look)
			look(ctx, &shape, (ptrdiff_t)(b.depth - closed));
		if (closed >= b.depth &&
		    (stop = blocks_last(p, shape.open, shape.close, b.depth, wide)))
			break;
		b.depth += blocks_count(shape.open, wide) - closed;
	}
	*at = p;
	*s = b;
	return stop;
}

/*
 * An object of which is tracked what is open (json_skim_tracked): p stands behind its brace, then
 * it was passed over up to `end`, NULL where it does not end. track may be NULL: then nothing is.
 */
void json_track_begin(struct json_track *track, const char *p, struct blocks *s);
void json_track_end(struct json_track *track, const char *end, const struct blocks *s);

/* The same in the way that the processor can, and without a look (skim.c). */
const char *blocks_pass(const char **at, const char *end, struct blocks *s);

/* And what is left behind the blocks: where the container is closed, or NULL. */
static inline const char *blocks_pass_all(const char *p, const char *end, struct blocks *s)
{
	const char *stop = blocks_pass(&p, end, s);

	if (stop)
		return stop;
	p = blocks_skip_bytes(p, end, s);
	return s->depth ? NULL : p;
}

#endif
