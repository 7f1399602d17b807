/* SPDX-License-Identifier: Apache-2.0
 * build.c - the tree: where a node belongs, what its anchor names, which keys
 * repeat. No recursion: what is open stands on a stack of bounded depth.
 */
#include "lib/yaml/build.h"

#include <assert.h>
#include <stdlib.h>

static int build_fail_at(struct yaml_build *b, struct yaml_place at)
{
	b->at = at;
	return -1;
}

static int build_fail_room(struct yaml_build *b, struct yaml_place at, struct err *err)
{
	if (b->options.nodes && !*b->options.nodes)
		err_set(err, ERR_LIMIT, "the documents have too many nodes");
	else
		err_set(err, ERR_LIMIT, "no room for the document in %zu bytes of memory",
			b->arena->limit);
	return build_fail_at(b, at);
}

static void build_problem(const struct yaml_build *b, struct yaml_place at, const char *text)
{
	if (b->options.problem)
		b->options.problem(b->options.ctx, at, text);
}

static struct yaml_place node_place(const struct yaml_node *n)
{
	return (struct yaml_place){ n->line, n->column };
}

/* ---- tags, anchors, aliases ---- */

static int node_tag(struct yaml_build *b, struct yaml_node *n, const char *tag, struct err *err)
{
	if (!tag)
		return 0;
	if (b->options.plain) {
		build_problem(b, node_place(n), "tags (!...) are not allowed here: leave it out");
		return 0;
	}
	n->tag = str_copy(b->arena, str_of(tag)).s;
	return n->tag ? 0 : build_fail_room(b, node_place(n), err);
}

/*
 * The slot of a table in which the anchor stands, or would. The table's own address goes into the
 * hash, so that nobody can write names that meet in one place.
 */
static unsigned short *anchor_slot(const struct yaml_build *b, struct str name)
{
	uint64_t hash = str_hash((uintptr_t)b->anchor_slots, name) * 0x9e3779b97f4a7c15u;
	size_t i = hash >> 53;

	_Static_assert(YAML_ANCHOR_SLOTS == 2048 && YAML_ANCHORS_MAX <= 1024, "11 bits");
	while (b->anchor_slots[i] && !str_eq(b->anchors[b->anchor_slots[i] - 1].name, name))
		i = (i + 1) % YAML_ANCHOR_SLOTS;
	return &b->anchor_slots[i];
}

static struct yaml_anchor *anchor_find(const struct yaml_build *b, struct str name)
{
	unsigned short at = b->anchors ? *anchor_slot(b, name) : 0;

	return at ? &b->anchors[at - 1] : NULL;
}

static int anchors_new(struct yaml_build *b)
{
	b->anchor_slots = arena_calloc(b->arena, YAML_ANCHOR_SLOTS, sizeof *b->anchor_slots);
	b->anchors = b->anchor_slots ? arena_calloc(b->arena, YAML_ANCHORS_MAX, sizeof *b->anchors)
				     : NULL;
	return b->anchors ? 0 : -1;
}

static int anchor_add(struct yaml_build *b, struct yaml_node *n, struct str name, struct err *err)
{
	struct yaml_anchor *a;

	if (b->anchors_n == YAML_ANCHORS_MAX) {
		err_set(err, ERR_LIMIT, "more than %d anchors in one document", YAML_ANCHORS_MAX);
		return build_fail_at(b, node_place(n));
	}
	if (!b->anchors && anchors_new(b) < 0)
		return build_fail_room(b, node_place(n), err);
	a = &b->anchors[b->anchors_n];
	*a = (struct yaml_anchor){ str_copy(b->arena, name), n };
	if (!a->name.s)
		return build_fail_room(b, node_place(n), err);
	*anchor_slot(b, a->name) = (unsigned short)++b->anchors_n;
	return 0;
}

static int node_anchor(struct yaml_build *b, struct yaml_node *n, const char *anchor,
		       struct err *err)
{
	struct yaml_anchor *a;

	if (!anchor)
		return 0;
	if (b->options.plain) {
		build_problem(
			b, node_place(n),
			"anchors (&...) are not allowed here: leave it out, and write each value "
			"where it belongs");
		return 0;
	}
	if (!(a = anchor_find(b, str_of(anchor))))
		return anchor_add(b, n, str_of(anchor), err);
	a->node = n; /* YAML: the later one counts from here on */
	return 0;
}

static int alias_target(struct yaml_build *b, struct yaml_node *n, const char *anchor,
			struct err *err)
{
	const struct yaml_anchor *a = anchor_find(b, str_of(anchor));

	if (b->options.plain) {
		build_problem(
			b, node_place(n),
			"aliases (*...) are not allowed here: write the value itself, or put a "
			"text that begins with * in quotes");
		return 0;
	}
	if (!a) {
		err_set(err, ERR_SYNTAX, "no anchor &%.80s stands above this alias", anchor);
		return build_fail_at(b, node_place(n));
	}
	if (a->node->open) {
		err_set(err, ERR_SYNTAX,
			"alias *%.80s stands inside the value that it refers to (line %u)", anchor,
			a->node->line);
		return build_fail_at(b, node_place(n));
	}
	n->target = a->node;
	return 0;
}

/* ---- mappings ---- */

static struct str build_key_text(const struct yaml_node *value)
{
	const struct yaml_node *k = yaml_deref(value->key);

	return k && k->kind == YAML_SCALAR ? k->text : (struct str){ NULL, 0 };
}

static int node_place_order(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

static int node_key_order(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	int order = str_cmp(build_key_text(x), build_key_text(y));

	return order ? order : node_place_order(x->key, y->key);
}

static void build_repeated(const struct yaml_build *b, const struct yaml_node *first,
			   const struct yaml_node *again)
{
	struct str key = build_key_text(again);
	char text[256];

	snprintf(text, sizeof text,
		 "key \"%.*s\" stands twice in this mapping (first in line %u): keep one",
		 (int)(key.n > 80 ? 80 : key.n), key.s ? key.s : "", first->key->line);
	build_problem(b, node_place(again->key), text);
}

/* Leave out the entries that are marked by `open`. */
static void mapping_sweep(struct yaml_node *map)
{
	struct yaml_node **at = &map->child;

	while (*at) {
		if (!(*at)->open) {
			at = &(*at)->next;
			continue;
		}
		(*at)->open = false;
		*at = (*at)->next;
		map->n--;
	}
}

static bool is_merge_key(const struct yaml_node *key)
{
	return key->kind == YAML_SCALAR && key->plain && str_is(key->text, "<<");
}

#define FEW_KEYS 12 /* each is compared with each: most mappings have fewer */

static bool few_and_different(const struct yaml_node *map)
{
	if (map->n > FEW_KEYS)
		return false;
	for (const struct yaml_node *v = map->child; v; v = v->next) {
		const struct str key = build_key_text(v);

		for (const struct yaml_node *w = map->child; w != v; w = w->next)
			if (str_eq(build_key_text(w), key))
				return false;
	}
	return true;
}

/* Find repeated keys by sorting: a file may hold a hundred thousand keys. */
static int mapping_check(struct yaml_build *b, struct yaml_node *map, struct err *err)
{
	struct yaml_node **sorted, *v;
	size_t n = 0, first = 0;

	if (few_and_different(map))
		return 0;
	if (!(sorted = malloc(map->n * sizeof(struct yaml_node *)))) {
		err_nomem(err);
		return build_fail_at(b, node_place(map));
	}
	for (v = map->child; v; v = v->next)
		sorted[n++] = v;
	qsort(sorted, n, sizeof *sorted, node_key_order);
	for (size_t i = 1; i < n; i++) {
		if (!str_eq(build_key_text(sorted[i]), build_key_text(sorted[first])) ||
		    (b->options.last && is_merge_key(sorted[i]->key))) {
			first = i;
			continue;
		}
		build_repeated(b, sorted[first], sorted[i]);
		sorted[b->options.last ? i - 1 : i]->open = true;
	}
	free(sorted);
	mapping_sweep(map);
	return 0;
}

static int build_key_take(struct yaml_build *b, struct yaml_frame *f, struct yaml_node *key,
			  struct err *err)
{
	const struct yaml_node *k = yaml_deref(key);

	if (k && k->kind != YAML_SCALAR) { /* NULL: an alias where aliases are a problem */
		err_set(err, ERR_SYNTAX,
			"a key must be a text, not a list or a mapping: if it begins with { or [, "
			"put it in quotes");
		return build_fail_at(b, node_place(key));
	}
	f->key = key;
	return 0;
}

static void build_entry_take(struct yaml_build *b, struct yaml_frame *f, struct yaml_node *value)
{
	struct yaml_node *key = f->key;

	f->key = NULL;
	if (b->options.plain && key->kind == YAML_ALIAS)
		return; /* told already */
	if (b->options.plain && is_merge_key(key)) {
		build_problem(b, node_place(key),
			      "merge keys (<<) are not allowed here: write the entries themselves");
		return;
	}
	value->key = key;
	*f->last = value;
	f->last = &value->next;
	f->node->n++;
}

/* Put a node where it belongs. */
static int build_node_take(struct yaml_build *b, struct yaml_node *n, struct err *err)
{
	struct yaml_frame *f;

	if (!b->depth) {
		b->root = n;
		return 0;
	}
	f = &b->frames[b->depth - 1];
	if (f->node->kind == YAML_MAPPING && !f->key)
		return build_key_take(b, f, n, err);
	if (f->node->kind == YAML_MAPPING) {
		build_entry_take(b, f, n);
		return 0;
	}
	*f->last = n;
	f->last = &n->next;
	f->node->n++;
	return 0;
}

/* ---- what comes in ---- */

static struct yaml_node *node_new(struct yaml_build *b, enum yaml_kind kind, struct yaml_place at)
{
	struct yaml_node *n =
		b->options.nodes && !*b->options.nodes ? NULL : arena_zalloc(b->arena, sizeof *n);

	if (!n)
		return NULL;
	if (b->options.nodes)
		--*b->options.nodes;
	n->kind = kind;
	n->line = at.line;
	n->column = at.column;
	return n;
}

void yaml_build_start(struct yaml_build *b, struct arena *arena)
{
	b->arena = arena;
	b->root = NULL;
	b->depth = 0;
	b->anchors = NULL;
	b->anchors_n = 0;
}

int yaml_build_scalar(struct yaml_build *b, const struct yaml_marks *marks, struct str text,
		      bool plain, struct err *err)
{
	struct yaml_node *n = node_new(b, YAML_SCALAR, marks->at);

	if (!n || !(n->text = str_copy(b->arena, text)).s)
		return build_fail_room(b, marks->at, err);
	n->plain = plain;
	if (node_tag(b, n, marks->tag, err) < 0 || node_anchor(b, n, marks->anchor, err) < 0)
		return -1;
	return build_node_take(b, n, err);
}

int yaml_build_alias(struct yaml_build *b, struct yaml_place at, const char *anchor,
		     struct err *err)
{
	struct yaml_node *n = node_new(b, YAML_ALIAS, at);

	if (!n)
		return build_fail_room(b, at, err);
	if (alias_target(b, n, anchor, err) < 0)
		return -1;
	return build_node_take(b, n, err);
}

int yaml_build_open(struct yaml_build *b, const struct yaml_marks *marks, enum yaml_kind kind,
		    bool flow, struct err *err)
{
	struct yaml_node *n = node_new(b, kind, marks->at);

	if (!n)
		return build_fail_room(b, marks->at, err);
	n->flow = flow;
	n->open = true;
	if (node_tag(b, n, marks->tag, err) < 0 || node_anchor(b, n, marks->anchor, err) < 0 ||
	    build_node_take(b, n, err) < 0)
		return -1;
	if (b->depth == b->options.depth) {
		err_set(err, ERR_LIMIT, "lists and mappings stand more than %u deep",
			b->options.depth);
		return build_fail_at(b, marks->at);
	}
	b->frames[b->depth++] = (struct yaml_frame){ .node = n, .last = &n->child };
	return 0;
}

int yaml_build_close(struct yaml_build *b, struct err *err)
{
	struct yaml_node *n;

	assert(b->depth);
	n = b->frames[--b->depth].node;
	n->open = false;
	return n->kind == YAML_MAPPING ? mapping_check(b, n, err) : 0;
}
