/* SPDX-License-Identifier: Apache-2.0
 * interest.c - asks to rules, as few as their tables allow.
 *
 * A rule is a product (groups x versions x resources x operations), so only what agrees in all
 * columns but one shares a rule: nothing is asked for that no policy asked for.
 */
#include "policy/webhooks/interest.h"

void interest_add(struct interests *asks, const struct interest *ask)
{
	size_t room = asks->room ? 2 * asks->room : 64;
	struct interest *grown;

	if (asks->n == asks->room) {
		if (!(grown = arena_calloc(asks->arena, room, sizeof *grown))) {
			asks->full = true;
			return;
		}
		if (asks->n)
			memcpy(grown, asks->v, asks->n * sizeof *grown);
		asks->v = grown;
		asks->room = room;
	}
	asks->v[asks->n++] = *ask;
}

struct str interest_resource(struct interests *asks, struct str resource, struct str subresource)
{
	struct text t;

	if (!subresource.n)
		return resource;
	text_init(&t, asks->arena, 1024);
	text_str(&t, resource);
	text_puts(&t, "/");
	text_str(&t, subresource);
	asks->full |= t.full;
	return text_get(&t);
}

/* ---- order ---- */

static int by_object(const struct interest *x, const struct interest *y)
{
	int order = str_cmp(x->group, y->group);

	order = order ? order : str_cmp(x->version, y->version);
	order = order ? order : (x->scope > y->scope) - (x->scope < y->scope);
	return order ? order : str_cmp(x->resource, y->resource);
}

static int compare_object(const void *a, const void *b)
{
	return by_object(a, b);
}

/* The resources of one rule stand together. */
static int compare_rule(const void *a, const void *b)
{
	const struct interest *x = a, *y = b;
	int order = str_cmp(x->group, y->group);

	order = order ? order : str_cmp(x->version, y->version);
	order = order ? order : (x->scope > y->scope) - (x->scope < y->scope);
	order = order ? order : (x->operations > y->operations) - (x->operations < y->operations);
	return order ? order : str_cmp(x->resource, y->resource);
}

static bool same_rule(const struct interest *x, const struct interest *y)
{
	return str_eq(x->group, y->group) && str_eq(x->version, y->version) &&
	       x->scope == y->scope && x->operations == y->operations;
}

/* "*" as a resource means no subresource. */
bool interest_covers(const struct interest *wide, const struct interest *a)
{
	return str_eq(wide->group, a->group) &&
	       (str_is(wide->version, "*") || str_eq(wide->version, a->version)) &&
	       (!wide->namespace.n || str_eq(wide->namespace, a->namespace)) &&
	       (wide->scope == SCOPE_ANY || wide->scope == a->scope) &&
	       (str_eq(wide->resource, a->resource) ||
		(str_is(wide->resource, "*") && !memchr(a->resource.s, '/', a->resource.n)));
}

/*
 * The API server takes no "*" beside names, neither of versions nor of resources. n asks stand
 * before this one, and whatever is wider sorts before it. Is anything left to ask for?
 */
static bool not_covered(const struct interest *v, size_t n, struct interest *a)
{
	for (; n && str_eq(v[n - 1].group, a->group); n--)
		if (interest_covers(&v[n - 1], a))
			a->operations &= ~v[n - 1].operations;
	return a->operations;
}

/* Each object once, with all operations that anybody asked of it. */
static size_t interests_join(struct interest *v, size_t n)
{
	size_t all = 0, kept = 0;

	qsort(v, n, sizeof *v, compare_object);
	for (size_t i = 0; i < n; i++)
		if (all && !by_object(&v[all - 1], &v[i]))
			v[all - 1].operations |= v[i].operations;
		else
			v[all++] = v[i];
	for (size_t i = 0; i < all; i++)
		if (not_covered(v, kept, &v[i]))
			v[kept++] = v[i];
	qsort(v, kept, sizeof *v, compare_rule);
	return kept;
}

/* ---- rules ---- */

static int list_of(struct arena *arena, const struct interest *v, size_t n,
		   struct webhook_rule *out)
{
	struct str *texts = arena_calloc(arena, n + 2, sizeof *texts);

	if (!texts)
		return -1;
	*out = (struct webhook_rule){ .scope = v->scope, .operations = v->operations };
	texts[0] = v->group;
	texts[1] = v->version;
	out->groups = (struct strings){ texts, 1 };
	out->versions = (struct strings){ texts + 1, 1 };
	out->resources = (struct strings){ texts + 2, n };
	for (size_t k = 0; k < n; k++)
		out->resources.v[k] = v[k].resource;
	return 0;
}

static bool strings_same(const struct strings *a, const struct strings *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	return a->n == b->n;
}

static bool rule_same(const struct webhook_rule *a, const struct webhook_rule *b)
{
	return strings_same(&a->groups, &b->groups) && strings_same(&a->versions, &b->versions) &&
	       strings_same(&a->resources, &b->resources) && a->operations == b->operations &&
	       a->scope == b->scope;
}

bool webhook_rules_equal(const struct webhook *a, const struct webhook *b)
{
	for (size_t i = 0; i < a->rules_n && i < b->rules_n; i++)
		if (!rule_same(&a->rules[i], &b->rules[i]))
			return false;
	return a->rules_n == b->rules_n;
}

static int strings_join(struct arena *arena, struct strings *a, const struct strings *more)
{
	struct str *v = arena_calloc(arena, a->n + more->n, sizeof *v);

	if (!v)
		return -1;
	memcpy(v, a->v, a->n * sizeof *v);
	memcpy(v + a->n, more->v, more->n * sizeof *v);
	*a = (struct strings){ v, a->n + more->n };
	return 0;
}

/* Rules that agree in all but one column become one. */
static int rules_fold(struct arena *arena, struct webhook *w, size_t column)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->rules_n; i++) {
		struct webhook_rule *r = &w->rules[i], like;
		struct strings *of, *more = (struct strings *)((char *)r + column);
		size_t k = 0;

		for (; k < kept; k++) {
			like = *r;
			of = (struct strings *)((char *)&w->rules[k] + column);
			*(struct strings *)((char *)&like + column) = *of;
			if (rule_same(&like, &w->rules[k]))
				break;
		}
		if (k == kept)
			w->rules[kept++] = *r;
		else if (strings_join(arena, of, more) < 0)
			return -1;
	}
	w->rules_n = kept;
	return 0;
}

int webhook_rules_of(const struct interest *v, size_t n, struct arena *arena, struct webhook *out)
{
	struct interest *sorted = arena_calloc(arena, n + 1, sizeof *sorted);

	if (!sorted || !(out->rules = arena_calloc(arena, n + 1, sizeof *out->rules)))
		return -1;
	if (n)
		memcpy(sorted, v, n * sizeof *sorted);
	n = interests_join(sorted, n);
	out->rules_n = 0;
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && same_rule(&sorted[from], &sorted[to]); to++)
			;
		if (list_of(arena, sorted + from, to - from, &out->rules[out->rules_n++]) < 0)
			return -1;
	}
	if (rules_fold(arena, out, offsetof(struct webhook_rule, versions)) < 0)
		return -1;
	return rules_fold(arena, out, offsetof(struct webhook_rule, groups));
}
