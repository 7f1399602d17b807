/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/manifest/ways.h"

#include <stdlib.h>

struct named_item {
	struct str name;
	const struct yaml_node *item;
	size_t at;
};

/* What is known of one mapping or list. */
struct way {
	struct way *next;
	const struct yaml_node *node;
	struct yaml_members members;    /* of a mapping, sorted */
	const struct yaml_node **items; /* of a list */
	struct named_item *names;       /* of a list, by the member `key` of its items, sorted */
	struct str key;
};

#define WAY_SLOTS 4096 /* a power of two; longer chains cost a look each */

struct ways {
	struct arena arena;
	struct yaml_converter converter;
	struct err ignored;
	struct way *slots[WAY_SLOTS];
};

struct ways *ways_new(size_t limit, const struct yaml_limits *limits)
{
	struct ways *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	arena_init(&w->arena, limit);
	w->converter =
		(struct yaml_converter){ .limits = limits, .arena = &w->arena, .err = &w->ignored };
	return w;
}

void ways_forget(struct ways *w)
{
	w->converter.visits = w->converter.limits->visits;
	if (!w->arena.total)
		return;
	arena_done(&w->arena);
	memset(w->slots, 0, sizeof w->slots);
}

void ways_free(struct ways *w)
{
	if (w)
		arena_done(&w->arena);
	free(w);
}

static int by_name(const void *a, const void *b)
{
	const struct named_item *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static bool way_read(struct ways *w, struct way *way)
{
	size_t n = 0;

	if (way->node->kind == YAML_MAPPING)
		return yaml_members_of(&w->converter, way->node, &way->members) == 0;
	if (!(way->items = arena_calloc(&w->arena, way->node->n + 1, sizeof *way->items)))
		return false;
	for (const struct yaml_node *i = way->node->child; i; i = i->next)
		way->items[n++] = i;
	return true;
}

/* NULL: it is no mapping or list, or there is no memory. */
static struct way *way_of(struct ways *w, const struct yaml_node *node)
{
	struct way **slot = &w->slots[(uintptr_t)node / sizeof *node % WAY_SLOTS], *way = *slot;

	if (!node || (node->kind != YAML_MAPPING && node->kind != YAML_SEQUENCE))
		return NULL;
	while (way && way->node != node)
		way = way->next;
	if (way)
		return way;
	if (!(way = arena_zalloc(&w->arena, sizeof *way)))
		return NULL;
	way->node = node;
	if (!way_read(w, way))
		return NULL;
	way->next = *slot;
	return *slot = way;
}

static bool way_name(struct ways *w, struct way *way, struct str key)
{
	if (way->names && str_eq(way->key, key))
		return true;
	if (!(way->names = arena_calloc(&w->arena, way->node->n + 1, sizeof *way->names)))
		return false;
	for (size_t i = 0; i < way->node->n; i++) {
		struct way *item = way_of(w, yaml_deref((struct yaml_node *)way->items[i]));
		bool map = item && item->node->kind == YAML_MAPPING;

		way->names[i] = (struct named_item){ map ? yaml_member_text(&item->members, key)
							 : (struct str){ NULL, 0 },
						     way->items[i], i };
	}
	qsort(way->names, way->node->n, sizeof *way->names, by_name);
	way->key = key;
	return true;
}

/* The first item of that name. */
static const struct yaml_node *way_item(struct ways *w, struct way *way, const struct step *step)
{
	struct named_item like = { .name = step->value };
	size_t lo = 0, hi = way->node->n;

	if (!way_name(w, way, step->key))
		return NULL;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (by_name(&way->names[mid], &like) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < way->node->n && way->names[lo].name.s &&
			       str_eq(way->names[lo].name, step->value)
		       ? way->names[lo].item
		       : NULL;
}

static const struct yaml_node *way_step(struct ways *w, const struct yaml_node *at,
					const struct step *step)
{
	struct way *way = way_of(w, yaml_deref((struct yaml_node *)at));
	const struct yaml_member *found;

	if (!way)
		return NULL;
	if (step->kind == STEP_KEY) {
		found = way->node->kind == YAML_MAPPING ? yaml_member_find(&way->members, step->key)
							: NULL;
		return found ? found->value : NULL;
	}
	if (way->node->kind != YAML_SEQUENCE)
		return NULL;
	if (step->kind == STEP_ITEM)
		return way_item(w, way, step);
	return step->kind == STEP_INDEX && step->index < way->node->n ? way->items[step->index]
								      : NULL;
}

const struct yaml_node *ways_node(struct ways *w, const struct yaml_node *root,
				  const struct place *place)
{
	const struct step *steps[PATH_STEPS_MAX];
	const struct yaml_node *next = root;
	size_t n = 0;

	for (; place; place = place->up) {
		if (n == PATH_STEPS_MAX)
			return root;
		steps[n++] = &place->step;
	}
	while (n && (next = way_step(w, root, steps[n - 1]))) {
		root = next;
		n--;
	}
	return root;
}
