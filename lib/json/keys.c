/* SPDX-License-Identifier: Apache-2.0
 * keys.c - the part of the strict reader that refuses keys that repeat.
 *
 * A large object is sorted when it ends, which finds them in n log n steps whatever keys a
 * client chooses, and makes comparing two such objects a walk along both. The members of
 * small ones are compared as they are read.
 */
#include "lib/json/reader.h"

int reader_repeated(struct json_reader *r, const char *at, struct str key)
{
	char shown[64];
	size_t n = 0;

	for (; n < key.n && n < sizeof shown - 1; n++)
		shown[n] = key.s[n] < 0x20 || key.s[n] > 0x7e ? '?' : key.s[n];
	shown[n] = '\0';
	return err_set(r->err, ERR_SYNTAX, "byte %zu: duplicate key \"%s\"%s",
		       (size_t)(at - r->start), shown, n < key.n ? "..." : "");
}

struct sorted_key;
struct sorting {
	struct json *twin; /* a member whose key another one has */
	size_t steps;
	struct sorted_key *keys; /* room for two chunks */
	size_t chunk;            /* members of one */
};

/* A member, and the first bytes of its key as a number: most keys differ in them. */
struct sorted_key {
	uint64_t head;
	struct json *member;
};

static struct sorted_key key_of(struct json *m)
{
	struct sorted_key k = { .member = m };
	unsigned char bytes[sizeof k.head] = { 0 };

	if (m->key_len >= sizeof bytes)
		memcpy(bytes, m->key, sizeof bytes);
	else if (m->key_len)
		memcpy(bytes, m->key, m->key_len);
	for (size_t i = 0; i < sizeof bytes; i++)
		k.head = k.head << 8 | bytes[i];
	return k;
}

/* Is a before b? Equal ones are noted. */
static inline bool goes_before(const struct sorted_key *a, const struct sorted_key *b,
			       struct sorting *s)
{
	int order;

	s->steps++;
	if (a->head != b->head)
		return a->head < b->head;
	s->steps += a->member->key_len / 64;
	order = str_cmp(json_key(a->member), json_key(b->member));
	if (!order)
		s->twin = b->member;
	return order <= 0;
}

/* Hang the lists together in order of keys. */
static struct json *keys_merge(struct json *a, struct json *b, struct sorting *s)
{
	struct json *first, **last = &first;
	struct sorted_key ka, kb;

	if (!a || !b)
		return a ? a : b;
	ka = key_of(a);
	kb = key_of(b);
	for (;;) {
		bool a_first = goes_before(&ka, &kb, s);
		struct sorted_key *lower = a_first ? &ka : &kb;

		*last = lower->member;
		last = &lower->member->next;
		if (!*last) {
			*last = a_first ? kb.member : ka.member;
			return first;
		}
		*lower = key_of(*last);
	}
}

#define CHUNK 65536u /* members that are sorted at once, in an array of 1 MiB and another */

/* Sort n of the array, with room for as many; where they stand then. */
static struct sorted_key *chunk_sort(struct sorted_key *from, struct sorted_key *to, size_t n,
				     struct sorting *s)
{
	for (size_t width = 1; width < n; width *= 2) {
		struct sorted_key *swap = from;

		for (size_t i = 0; i < n; i += 2 * width) {
			size_t a = i, middle = i + width < n ? i + width : n, b = middle, k = i;
			size_t end = middle + width < n ? middle + width : n;

			while (a < middle || b < end)
				to[k++] = b == end || (a < middle &&
						       goes_before(&from[a], &from[b], s))
						  ? from[a++]
						  : from[b++];
		}
		from = to;
		to = swap;
	}
	return from;
}

/* A chunk off the list, sorted; *list is what is left. */
static struct json *next_chunk(struct json **list, struct sorting *s)
{
	struct sorted_key *sorted;
	struct json *first, **last = &first;
	size_t n = 0;

	for (; *list && n < s->chunk; *list = (*list)->next)
		s->keys[n++] = key_of(*list);
	sorted = chunk_sort(s->keys, s->keys + s->chunk, n, s);
	for (size_t i = 0; i < n; i++) {
		*last = sorted[i].member;
		last = &sorted[i].member->next;
	}
	*last = NULL;
	return first;
}

/* A merge sort: run i has 2^i chunks or none, as the bits of a counter. */
static struct json *keys_sort(struct json *list, struct sorting *s)
{
	struct json *runs[32] = { NULL }, *chunk;

	while (list) {
		struct json **run = runs;

		chunk = next_chunk(&list, s);
		for (; *run; *run++ = NULL)
			chunk = keys_merge(*run, chunk, s);
		*run = chunk;
	}
	chunk = NULL;
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		chunk = keys_merge(runs[i], chunk, s);
	return chunk;
}

/* What a map in Go wrote is sorted already. */
static bool is_sorted(const struct json *list)
{
	for (; list->next; list = list->next) {
		if (str_cmp(json_key(list), json_key(list->next)) >= 0)
			return false;
	}
	return true;
}

int reader_sort(struct json_reader *r, struct json *object)
{
	struct sorting s = { .chunk = object->len < CHUNK ? object->len : CHUNK };
	const struct json *twin;

	if (is_sorted(object->child))
		return 0;
	if (!(s.keys = malloc(2 * s.chunk * sizeof *s.keys)))
		return err_nomem(r->err);
	object->child = keys_sort(object->child, &s);
	free(s.keys);
	arena_step(r->arena, s.steps);
	if (!(twin = s.twin))
		return 0;
	/* A key with an escape is not in the input; then the object's end has to do. */
	bool inside = (uintptr_t)twin->key - (uintptr_t)r->start < (uintptr_t)(r->end - r->start);

	return reader_repeated(r, inside ? twin->key - 1 : r->p, json_key(twin));
}
