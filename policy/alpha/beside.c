/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/alpha/beside.h"

#include <stdlib.h>

#include "policy/alpha/finder.h"
#include "lib/base/attributes.h"

#define FEW JSON_UNSORTED /* so many are gone through, of more an index is made */

struct beside_entry {
	struct str name;
	uint64_t hash; /* of the content */
	const struct json *item;
	size_t at;
};

void beside_begin(struct beside *b, const struct json *in)
{
	const struct json *first = in && in->type >= JSON_ARRAY ? in->child : NULL;

	*b = (struct beside){ .in = first ? in : NULL, .here = first, .next = first };
}

/* ---- members ---- */

/* Both are sorted: the walk along one is a walk along the other. */
static const struct json *member_along(struct finder *f, struct beside *b, struct str key)
{
	int order = -1;

	while (b->next && (order = str_cmp(json_key(b->next), key)) < 0 &&
	       finder_step(f, arena_bytes(key.n)))
		b->next = b->next->next;
	return b->next && !order ? b->next : NULL;
}

const struct json *beside_member(struct finder *f, struct beside *b, const struct json *of,
				 struct str key)
{
	const struct json *found;

	if (!b->in || b->in->type != JSON_OBJECT || !finder_step(f, arena_bytes(key.n)))
		return NULL;
	if (b->next && str_eq(json_key(b->next), key)) {
		found = b->next;
	} else if (b->in->len > JSON_UNSORTED && of->len > JSON_UNSORTED) {
		found = member_along(f, b, key);
	} else {
		if (!finder_step(f, b->in->len))
			return NULL;
		found = json_get(b->in, key);
	}
	if (found)
		b->next = found->next;
	return found;
}

/* ---- items ---- */

static const struct json *beside_here(struct beside *b, size_t index)
{
	for (; b->here && b->at < index; b->at++)
		b->here = b->here->next;
	return b->at == index ? b->here : NULL;
}

bool beside_shares(struct beside *b, const struct json *item, size_t index)
{
	if (!b->in || b->in->type != JSON_ARRAY || !beside_here(b, index) ||
	    !json_shared(b->here, item))
		return false;
	b->next = b->here->next;
	return true;
}

static bool is_named(const struct json *item, struct str key, struct str value)
{
	return item && item->type == JSON_OBJECT && str_eq(json_str(json_get(item, key)), value);
}

static const struct json *beside_take(struct beside *b, const struct json *item)
{
	if (item)
		b->next = item->next;
	return item;
}

static const struct json *item_among_few(const struct json *list, struct str key, struct str value)
{
	const struct json *i = list->child;

	while (i && !is_named(i, key, value))
		i = i->next;
	return i;
}

/* Sorting n takes about so many steps. */
static size_t sort_steps(size_t n)
{
	size_t steps = n;

	for (size_t k = n; k > 1; k /= 2)
		steps += n;
	return steps;
}

static int compare_names(const void *a, const void *b)
{
	const struct beside_entry *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static int compare_hashes(const void *a, const void *b)
{
	const struct beside_entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static struct beside_entry *entries_new(struct finder *f, const struct json *list)
{
	struct beside_entry *all;

	if (!finder_step(f, sort_steps(list->len)))
		return NULL;
	if (!(all = arena_calloc(f->arena, list->len, sizeof *all)))
		f->full = true;
	return all;
}

static bool index_names(struct finder *f, struct beside *b, struct str key)
{
	struct beside_entry *all;
	size_t n = 0;

	if (b->by_name && str_eq(b->name, key))
		return true;
	if (!(all = entries_new(f, b->in)))
		return false;
	for (const struct json *i = b->in->child; i; i = i->next, n++) {
		all[n] = (struct beside_entry){ json_str(json_get(i, key)), 0, i, n };
		if (!finder_step(f, arena_bytes(all[n].name.n)))
			return false;
	}
	qsort(all, n, sizeof *all, compare_names);
	b->by_name = all;
	b->name = key;
	return true;
}

/* The first that is not less. */
static const struct beside_entry *entry_find(const struct beside_entry *all, size_t n,
					     const struct beside_entry *like,
					     int (*compare)(const void *, const void *))
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(&all[mid], like) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n ? &all[lo] : NULL;
}

static const struct json *item_by_name(struct finder *f, struct beside *b, struct str key,
				       struct str value)
{
	struct beside_entry like = { .name = value };
	const struct beside_entry *e;

	if (b->in->len <= FEW)
		return finder_step(f, b->in->len) ? item_among_few(b->in, key, value) : NULL;
	if (!index_names(f, b, key) || !finder_step(f, 16 * arena_bytes(value.n)))
		return NULL;
	e = entry_find(b->by_name, b->in->len, &like, compare_names);
	return e && str_eq(e->name, value) && e->item->type == JSON_OBJECT ? e->item : NULL;
}

const struct json *beside_named(struct finder *f, struct beside *b, struct str key,
				struct str value, size_t index)
{
	if (!b->in || b->in->type != JSON_ARRAY || !finder_step(f, arena_bytes(value.n)))
		return NULL;
	if (is_named(beside_here(b, index), key, value))
		return beside_take(b, b->here);
	if (is_named(b->next, key, value))
		return beside_take(b, b->next);
	return beside_take(b, item_by_name(f, b, key, value));
}

const struct json *beside_step(struct finder *f, struct beside *b, const struct step *step,
			       size_t index)
{
	if (step->kind == STEP_ITEM)
		return beside_named(f, b, step->key, step->value, index);
	if (!b->in || b->in->type != JSON_ARRAY || !finder_step(f, 1))
		return NULL;
	return beside_here(b, step->index);
}

/* ---- by what they hold ---- */

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 31) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t node_hash(const struct json *j, size_t depth)
{
	uint64_t h = str_hash(depth * 8 + j->type, json_key(j));

	return mix(j->type >= JSON_ARRAY ? h + j->len : str_hash(h, json_str(j)));
}

/*
 * A sum over all values of an item: equal items have equal sums, in whatever order their members
 * stand. A client can make others equal too, which costs a comparison that fails.
 */
static uint64_t content_hash(struct finder *f, const struct json *item)
{
	UNZEROED const struct json *stack[JSON_DEPTH_MAX];
	uint64_t sum = 0;
	size_t n = 0;

	for (const struct json *j = item; j;) {
		struct str text = json_str(j);

		if (!finder_step(f, arena_bytes(text.n + j->key_len)))
			return 0;
		/* Of the item itself the key, and what stands behind it, are no part. */
		sum += node_hash(
			n ? j : &(struct json){ .child = j->child, .len = j->len, .type = j->type },
			n);
		if (j->type >= JSON_ARRAY && j->child && n < JSON_DEPTH_MAX) {
			stack[n++] = j;
			j = j->child;
			continue;
		}
		while (n && !j->next)
			j = stack[--n];
		j = n ? j->next : NULL;
	}
	return sum;
}

static bool index_content(struct finder *f, struct beside *b)
{
	struct beside_entry *all;
	size_t n = 0;

	if (b->by_content)
		return true;
	if (!(all = entries_new(f, b->in)))
		return false;
	for (const struct json *i = b->in->child; i && !f->full; i = i->next, n++)
		all[n] = (struct beside_entry){ .hash = content_hash(f, i), .item = i, .at = n };
	if (f->full)
		return false;
	qsort(all, n, sizeof *all, compare_hashes);
	b->by_content = all;
	return true;
}

static bool is_equal(struct finder *f, const struct json *a, const struct json *b)
{
	size_t steps = 0;
	bool equal = a && json_equal_steps(a, b, &steps);

	return finder_step(f, steps) && equal;
}

const struct json *beside_equal(struct finder *f, struct beside *b, const struct json *item,
				size_t index)
{
	const struct json *here;
	struct beside_entry like = { .at = 0 };
	const struct beside_entry *e;

	if (!b->in || b->in->type != JSON_ARRAY || !finder_step(f, 1))
		return NULL;
	here = beside_here(b, index);
	if (is_equal(f, here, item))
		return beside_take(b, here);
	if (b->next != here && is_equal(f, b->next, item))
		return beside_take(b, b->next);
	if (!index_content(f, b))
		return NULL;
	like.hash = content_hash(f, item);
	e = entry_find(b->by_content, b->in->len, &like, compare_hashes);
	if (e && e->hash == like.hash && is_equal(f, e->item, item))
		return beside_take(b, e->item);
	return here;
}

/* ---- places ---- */

static uint64_t place_hash(const struct place *place)
{
	uint64_t h = 1;

	for (; place; place = place->up) {
		h = mix(str_hash(h + place->step.kind, place->step.key));
		h = mix(str_hash(h + place->step.index, place->step.value));
	}
	return h ? h : 1;
}

/* Where it stands, or would. A client may choose what collides: each look is a step. */
static size_t slot_of(struct finder *f, const struct place_set *set, uint64_t hash)
{
	size_t i = hash & (set->room - 1);

	while (set->slots[i] && set->slots[i] != hash && finder_step(f, 1))
		i = (i + 1) & (set->room - 1);
	return i;
}

static bool place_set_grow(struct finder *f, struct place_set *set)
{
	struct place_set grown = { .room = set->room ? 2 * set->room : 64, .n = set->n };

	if (!(grown.slots = arena_calloc(f->arena, grown.room, sizeof *grown.slots))) {
		f->full = true;
		return false;
	}
	for (size_t i = 0; i < set->room; i++)
		if (set->slots[i])
			grown.slots[slot_of(f, &grown, set->slots[i])] = set->slots[i];
	*set = grown;
	return true;
}

static bool hash_add(struct finder *f, struct place_set *set, uint64_t hash)
{
	size_t i;

	if (2 * set->n >= set->room && !place_set_grow(f, set))
		return false;
	i = slot_of(f, set, hash);
	if (f->full || set->slots[i])
		return false;
	set->slots[i] = hash;
	set->n++;
	return true;
}

bool place_set_add(struct finder *f, struct place_set *set, const struct place *place)
{
	return finder_step(f, place ? place->depth : 1) && hash_add(f, set, place_hash(place));
}

bool place_set_put(struct finder *f, struct place_set *set, const void *what)
{
	return finder_step(f, 1) && hash_add(f, set, mix((uintptr_t)what) | 1);
}

bool place_set_holds(struct finder *f, const struct place_set *set, const struct place *place)
{
	return set->room && finder_step(f, place ? place->depth : 1) &&
	       set->slots[slot_of(f, set, place_hash(place))];
}
