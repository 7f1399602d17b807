/* SPDX-License-Identifier: Apache-2.0
 * blocks.h - past a container, 64 bytes at a time.
 *
 * Who passes over an object that nobody may ever read can have a look at each block on its way:
 * json_skim_value has none, and what policy/alpha notes of an object rides along.
 */
#ifndef LIB_JSON_BLOCKS_H
#define LIB_JSON_BLOCKS_H

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
	size_t depth;    /* open brackets */
	uint64_t inside; /* all ones: a string goes on */
	bool escape;     /* a backslash stood last */
};

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

/* The block holds as many closing brackets as are open, or more: behind the last one, or NULL. */
static inline const char *blocks_last(const char *p, uint64_t open, uint64_t close, size_t depth)
{
	for (uint64_t left = open | close; left; left &= left - 1) {
		uint64_t bracket = left & (0 - left);

		if (bracket & open)
			depth++;
		else if (!--depth)
			return p + __builtin_ctzll(bracket) + 1;
	}
	return NULL;
}

/*
 * Called for each block before it is passed over. `shape` is that of the bytes alone: its quotes
 * may be escaped. BLOCKS_BEHIND bytes stand behind the block. Where the container ends within the
 * block, what is behind its end is looked at as well.
 */
#define BLOCKS_BEHIND 8
typedef void blocks_look(void *ctx, const char *p, const struct scan_shape *shape, bool wide);

/*
 * Where the container is closed, or NULL: *at is then where fewer than 64 bytes are left. A
 * block is looked at in one, since a branch for each string would cost more than all the rest.
 */
static inline __attribute__((always_inline)) const char *blocks_skip(const char **at,
								     const char *end,
								     struct blocks *s, bool wide,
								     blocks_look *look, void *ctx)
{
	const ptrdiff_t room = SCAN_BLOCK + (look ? BLOCKS_BEHIND : 0);

	for (; end - *at >= room; *at += SCAN_BLOCK) {
		struct scan_shape shape = wide ? scan_shape_wide(*at) : scan_shape(*at);
		uint64_t escaped = blocks_escaped(shape.slashes, &s->escape);
		uint64_t strings, open, close;
		size_t closed;

		if (look)
			look(ctx, *at, &shape, wide);
		shape.quotes &= ~escaped;
		strings = (wide ? scan_parity_wide(shape.quotes) : scan_parity(shape.quotes)) ^
			  s->inside;
		s->inside = 0 - (strings >> 63);
		open = shape.open & ~strings;
		close = shape.close & ~strings;
		if (!(open | close))
			continue;
		closed = wide ? (size_t)__builtin_popcountll(close) : blocks_count_bits(close);
		if (closed >= s->depth) { /* it may end here */
			const char *stop = blocks_last(*at, open, close, s->depth);

			if (stop)
				return stop;
		}
		s->depth += wide ? (size_t)__builtin_popcountll(open) : blocks_count_bits(open);
		s->depth -= closed;
	}
	return NULL;
}

#endif
