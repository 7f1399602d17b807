/* SPDX-License-Identifier: Apache-2.0
 * lost.c - two sets of values, compared by their digests.
 *
 * A digest is a sum over the leaves of a value, each with the keys above it, so that the order of
 * members makes no difference; equal digests are compared in full.
 */
#include "policy/judge/lost.h"

#include <stdlib.h>

#define DEPTH_MAX 128 /* what is deeper has the digest of what stands above */
#define ALIKE_MAX 4   /* values of one digest that are compared: more are made up */

struct digest {
	uint64_t sum;
	const struct json *value;
};

struct digests {
	struct arena *arena;
	struct digest *v;
	size_t n, room;
};

static uint64_t digest_leaf(uint64_t above, const struct json *v)
{
	struct str s = v->type == JSON_STRING || v->type == JSON_NUMBER ? json_str(v)
									: (struct str){ NULL, 0 };

	return str_hash(above * 31 + v->type + 1, s);
}

static uint64_t digest_below(uint64_t above, const struct json *v, size_t index, bool member)
{
	return member ? str_hash(above, json_key(v)) : above * 1099511628211u + index + 1;
}

static bool has_children(const struct json *v)
{
	return (v->type == JSON_OBJECT || v->type == JSON_ARRAY) && v->child;
}

static uint64_t digest_of(const struct json *value, struct arena *arena)
{
	struct {
		const struct json *next;
		uint64_t above;
		size_t index;
		bool members;
	} open[DEPTH_MAX];
	uint64_t sum = digest_leaf(14695981039346656037u, value);
	size_t depth = 0;

	if (!has_children(value))
		return sum;
	open[depth++] = (__typeof__(*open)){ value->child, sum, 0, value->type == JSON_OBJECT };
	while (depth) {
		const struct json *v = open[depth - 1].next;
		uint64_t at;

		if (!v) {
			depth--;
			continue;
		}
		open[depth - 1].next = v->next;
		arena_step(arena, arena_bytes(json_key(v).n + json_str(v).n));
		at = digest_below(open[depth - 1].above, v, open[depth - 1].index++,
				  open[depth - 1].members);
		sum += digest_leaf(at, v);
		if (has_children(v) && depth < DEPTH_MAX)
			open[depth++] =
				(__typeof__(*open)){ v->child, at, 0, v->type == JSON_OBJECT };
	}
	return sum;
}

static bool digest_count(const struct json *value, void *ctx)
{
	(void)value;
	++*(size_t *)ctx;
	return false;
}

static bool digest_add(const struct json *value, void *ctx)
{
	struct digests *d = ctx;

	if (d->n < d->room)
		d->v[d->n++] = (struct digest){ digest_of(value, d->arena), value };
	return false;
}

static int digest_order(const void *a, const void *b)
{
	uint64_t x = ((const struct digest *)a)->sum, y = ((const struct digest *)b)->sum;

	return (x > y) - (x < y);
}

static int digests_of(const struct path *path, const struct json *root, struct arena *arena,
		      struct digests *out)
{
	*out = (struct digests){ .arena = arena };
	path_any(path, root, digest_count, &out->room);
	if (!(out->v = arena_calloc(arena, out->room + 1, sizeof *out->v)))
		return -1;
	path_any(path, root, digest_add, out);
	qsort(out->v, out->n, sizeof *out->v, digest_order);
	return 0;
}

static bool digests_hold(const struct digests *d, const struct digest *want)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->v[middle].sum < want->sum)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < d->n && i < low + ALIKE_MAX && d->v[i].sum == want->sum; i++)
		if (json_equal_steps(d->v[i].value, want->value, &d->arena->steps))
			return true;
	return false;
}

bool lost_any(const struct judge *j, const struct path *path, const struct json *old,
	      const struct json *new)
{
	struct digests before, after;

	if (digests_of(path, old, j->arena, &before) < 0 ||
	    digests_of(path, new, j->arena, &after) < 0)
		return true;
	for (size_t i = 0; i < before.n; i++)
		if (!digests_hold(&after, &before.v[i]))
			return true;
	return false;
}
