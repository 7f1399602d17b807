/* SPDX-License-Identifier: Apache-2.0
 * reader.h - the state of the strict reader, and what its parts are: reader.c walks
 * over values, text.c reads strings, numbers and words, keys.c finds keys that repeat, pair.c
 * finds what a text shares with the one that was read before it. Private to these.
 */
#ifndef LIB_JSON_READER_H
#define LIB_JSON_READER_H

#include "lib/json/json.h"
#include "lib/json/scan.h"

#define LEN_MASK 0x1fffffffu /* what json.len holds */

/* What json_parse_pair remembers of each container of the first text: its bytes. */
struct json_spanned {
	struct json node;
	const char *from, *to;
};

struct json_frame {
	struct json_frame *up, *down;
	struct json *container;
	struct json **last;       /* where the next child will hang */
	uint32_t len;             /* children so far; the container's when it is closed */
	uint64_t seen;            /* a bit for each key so far: "not set" is certain */
	const struct json *twin;  /* the container at the same place of the other text, or NULL */
	const struct json *guess; /* the child of `twin` that comes next */
};

/* The other text, and where it was found to differ: from `from` to `differs` it does not. */
struct likeness {
	uintptr_t shift; /* bytes from there to here */
	const char *from, *differs;
};

struct json_reader {
	const char *start, *p, *end;
	struct arena *arena;
	struct json_frame bottom;  /* it has no container */
	unsigned depth, depth_max; /* of the value that is read now */
	size_t nodes;
	const struct json_opaque *opaque;
	unsigned opaque_depth; /* where it may be, 0: nowhere */
	bool spans;            /* containers are json_spanned */
	struct likeness like;
	struct err *err;
};

/* Both report an error at a byte of the input, or that the arena is full. */
int reader_fail(struct json_reader *r, const char *at, const char *problem);
void *reader_no_room(struct json_reader *r, size_t size);

static inline void *reader_take(struct json_reader *r, size_t size)
{
	void *p = arena_alloc(r->arena, size);

	return p ? p : reader_no_room(r, size);
}

/* ---- text.c ---- */

/* The string whose opening quote is at r->p, whatever it holds. */
int reader_any_string(struct json_reader *r, struct str *out);
int reader_number(struct json_reader *r, struct json *j);
int reader_word(struct json_reader *r, struct json *j);

/* ---- keys.c ---- */

/* The key, whose quote was at `at`, stands in the object for the second time. */
int reader_repeated(struct json_reader *r, const char *at, struct str key);

/* An object of more than JSON_UNSORTED members is complete: sort them, unless a key repeats. */
int reader_sort(struct json_reader *r, struct json *object);

/* ---- pair.c ---- */

/* The value that may stand at the same place of the other text as the child of f that is read
 * now, or NULL. The key is not looked at in an array. */
const struct json *pair_find(struct json_frame *f, struct str key);

/* Has the container at r->p, a child of f, the same bytes as the twin? Then step over it: j gets
 * its type, and shares what the twin holds. */
bool pair_take(struct json_reader *r, struct json_frame *f, struct json *j,
	       const struct json *twin);

#endif
