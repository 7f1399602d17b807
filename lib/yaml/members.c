/* SPDX-License-Identifier: Apache-2.0
 * members.c - the members of a mapping: those that are merged as well, each key once.
 */
#include "lib/yaml/members.h"

#include "lib/base/attributes.h"
#include "lib/yaml/scalar.h"

#define MERGES_MAX 32 /* mappings that merge mappings that merge ... */

/* ---- what ends it ---- */

int yaml_convert_fail(struct yaml_converter *c, const struct yaml_node *at)
{
	c->line = at->line;
	return -1;
}

int yaml_convert_too_large(struct yaml_converter *c, const struct yaml_node *at)
{
	err_set(c->err, ERR_LIMIT,
		"the object is larger than %zu MiB once its aliases are followed",
		c->limits->bytes >> 20);
	return yaml_convert_fail(c, at);
}

int yaml_convert_too_many(struct yaml_converter *c, const struct yaml_node *at)
{
	err_set(c->err, ERR_LIMIT,
		"the document has more than %zu nodes once its aliases are followed: write it "
		"without aliases of aliases, or split it",
		c->limits->visits);
	return yaml_convert_fail(c, at);
}

static int members_no_room(struct yaml_converter *c, const struct yaml_node *at)
{
	c->full = true;
	return yaml_convert_too_large(c, at);
}

static int members_key(struct yaml_converter *c, const struct yaml_node *n, struct scalar *scalar,
		       struct str *out)
{
	if (scalar_key(n, scalar, out, c->err) == 0)
		return 0;
	*out = n->text;
	return c->limits->lenient ? 0 : yaml_convert_fail(c, n);
}

/* ---- gathering ---- */

struct gathering {
	struct yaml_converter *c;
	struct yaml_members all;
	size_t room;
};

static int gather_one(struct gathering *g, const struct yaml_node *map,
		      const struct yaml_node *value)
{
	struct yaml_member *m, *grown;
	struct scalar scalar;
	struct str key;

	if (yaml_convert_visit(g->c, value) < 0)
		return -1;
	if (members_key(g->c, yaml_deref(value->key), &scalar, &key) < 0)
		return -1;
	if (g->all.n == g->room) {
		size_t room = g->room ? 2 * g->room : map->n + 1;

		if (!(grown = arena_calloc(g->c->arena, room, sizeof *grown)))
			return members_no_room(g->c, value);
		if (g->all.n)
			memcpy(grown, g->all.v, g->all.n * sizeof *grown);
		g->all.v = grown;
		g->room = room;
	}
	if (key.s == scalar.text && !(key = str_copy(g->c->arena, key)).s)
		return members_no_room(g->c, value);
	m = &g->all.v[g->all.n];
	*m = (struct yaml_member){ key, value, map, (unsigned)g->all.n };
	g->all.n++;
	return 0;
}

static bool is_merge_member(const struct yaml_node *value)
{
	const struct yaml_node *k = value->key;

	return k->kind == YAML_SCALAR && str_is(k->text, "<<") &&
	       (k->tag ? !strcmp(k->tag, "tag:yaml.org,2002:merge") : k->plain);
}

static int not_mergeable(struct gathering *g, const struct yaml_node *at)
{
	err_set(g->c->err, ERR_SYNTAX,
		"a merge key (<<) takes a mapping, or a list of mappings, or aliases of them");
	return yaml_convert_fail(g->c, at);
}

/* A mapping whose members are gathered, or a list of mappings that are merged. */
struct level {
	const struct yaml_node *map, *next;
	const struct yaml_node **items; /* of a list: those that are left */
	size_t items_n;
};

struct levels {
	struct level v[MERGES_MAX];
	size_t n;
};

static int levels_push(struct gathering *g, struct levels *l, const struct level *level,
		       const struct yaml_node *at)
{
	if (l->n == MERGES_MAX) {
		err_set(g->c->err, ERR_LIMIT, "merge keys (<<) stand more than %d deep",
			MERGES_MAX);
		return yaml_convert_fail(g->c, at);
	}
	l->v[l->n++] = *level;
	return yaml_convert_visit(g->c, at);
}

static int levels_push_map(struct gathering *g, struct levels *l, const struct yaml_node *value)
{
	const struct yaml_node *map = yaml_deref((struct yaml_node *)value);

	if (map->kind != YAML_MAPPING)
		return g->c->limits->lenient ? 0 : not_mergeable(g, value);
	return levels_push(g, l, &(struct level){ .map = map, .next = map->child }, map);
}

/* Of a list, what stands first counts most: so it is merged last. */
static int levels_push_list(struct gathering *g, struct levels *l, const struct yaml_node *list)
{
	struct level level = { .items = arena_calloc(g->c->arena, list->n + 1,
						     sizeof *level.items) };

	if (!level.items)
		return members_no_room(g->c, list);
	for (const struct yaml_node *i = list->child; i; i = i->next)
		level.items[level.items_n++] = i;
	return levels_push(g, l, &level, list);
}

/* One step of the innermost level: its next member, its next mapping, or its end. */
static int gather_next(struct gathering *g, struct levels *l)
{
	struct level *top = &l->v[l->n - 1];
	const struct yaml_node *v = top->next;

	if (top->items ? !top->items_n : !v) {
		l->n--;
		return 0;
	}
	if (top->items)
		return levels_push_map(g, l, top->items[--top->items_n]);
	top->next = v->next;
	if (!is_merge_member(v))
		return gather_one(g, top->map, v);
	return v->kind == YAML_SEQUENCE ? levels_push_list(g, l, v) : levels_push_map(g, l, v);
}

/* The members from `from` on, which is a merge key. */
static int gather_merged(struct gathering *g, const struct yaml_node *map,
			 const struct yaml_node *from)
{
	UNZEROED struct levels levels;

	levels.v[0] = (struct level){ .map = map, .next = from };
	levels.n = 1;
	while (levels.n)
		if (gather_next(g, &levels) < 0)
			return -1;
	return 0;
}

/* What comes later counts: as kubectl's reader has it, also of merge keys. */
static int gather_all(struct gathering *g, const struct yaml_node *map)
{
	if (yaml_convert_visit(g->c, map) < 0)
		return -1;
	for (const struct yaml_node *v = map->child; v; v = v->next) {
		if (is_merge_member(v))
			return gather_merged(g, map, v);
		if (gather_one(g, map, v) < 0)
			return -1;
	}
	return 0;
}

static int member_order(const void *a, const void *b)
{
	const struct yaml_member *x = a, *y = b;
	int order = str_cmp(x->key, y->key);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int member_repeated(struct yaml_converter *c, const struct yaml_member *a,
			   const struct yaml_member *b)
{
	err_set(c->err, ERR_SYNTAX,
		"key \"%.*s\" stands twice in this mapping (first in line %u): keep one, or put "
		"them in quotes",
		(int)(a->key.n > 80 ? 80 : a->key.n), a->key.s, a->value->key->line);
	return yaml_convert_fail(c, b->value->key);
}

/* Of equal keys keep the last; the same mapping must not hold two (`yes` and `true`). */
static int keep_last(struct yaml_converter *c, struct yaml_members *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		bool last = i + 1 == m->n || !str_eq(m->v[i].key, m->v[i + 1].key);

		if (!last && !c->limits->lenient && m->v[i].from == m->v[i + 1].from &&
		    m->v[i].value != m->v[i + 1].value)
			return member_repeated(c, &m->v[i], &m->v[i + 1]);
		if (last)
			m->v[kept++] = m->v[i];
	}
	m->n = kept;
	return 0;
}

#define FEW_MEMBERS 16 /* most mappings have fewer, and many are in order */

static void members_sort(struct yaml_members *m)
{
	if (m->n > FEW_MEMBERS) {
		qsort(m->v, m->n, sizeof *m->v, member_order);
		return;
	}
	for (size_t i = 1; i < m->n; i++) {
		struct yaml_member moved = m->v[i];
		size_t at = i;

		for (; at && member_order(&m->v[at - 1], &moved) > 0; at--)
			m->v[at] = m->v[at - 1];
		if (at < i)
			m->v[at] = moved;
	}
}

int yaml_members_of(struct yaml_converter *c, const struct yaml_node *map, struct yaml_members *out)
{
	struct gathering g = { .c = c };

	if (gather_all(&g, map) < 0)
		return -1;
	members_sort(&g.all);
	if (keep_last(c, &g.all) < 0)
		return -1;
	*out = g.all;
	return 0;
}

const struct yaml_member *yaml_member_find(const struct yaml_members *m, struct str key)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = str_cmp(key, m->v[mid].key);

		if (!order)
			return &m->v[mid];
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

struct str yaml_member_text(const struct yaml_members *m, struct str key)
{
	const struct yaml_member *found = yaml_member_find(m, key);
	const struct yaml_node *v = found ? yaml_deref((struct yaml_node *)found->value) : NULL;
	struct scalar scalar;
	struct err ignored;

	if (!v || v->kind != YAML_SCALAR || scalar_read(v, &scalar, &ignored) < 0 ||
	    scalar.kind != SCALAR_STRING)
		return (struct str){ NULL, 0 };
	return v->text;
}
