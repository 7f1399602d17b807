/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/alpha/use_set.h"

#include <stdlib.h>

static int use_set_by_step(const struct step *a, const struct step *b)
{
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	order = str_cmp(a->key, b->key);
	return order ? order : str_cmp(a->value, b->value);
}

/* From the leaf: its depth bounds it. */
static int use_set_by_place(const struct place *a, const struct place *b)
{
	int order = 0;

	for (; a && b && a != b && !order; a = a->up, b = b->up)
		order = use_set_by_step(&a->step, &b->step);
	if (order || a == b)
		return order;
	return a ? 1 : -1;
}

/* As qsort_r asks. */
static int use_set_by_use(const void *a, const void *b, void *ctx)
{
	const struct feature_use *x = *(const struct feature_use *const *)a;
	const struct feature_use *y = *(const struct feature_use *const *)b;
	struct use_set *set = ctx;
	int order;

	set->compared++;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = use_set_by_place(x->place, y->place);
	return order ? order : str_cmp(x->what, y->what);
}

int use_set_of(const struct feature_uses *uses, struct arena *arena, struct use_set *out,
	       struct err *err)
{
	*out = (struct use_set){ .v = arena_calloc(arena, uses->n + 1, sizeof *out->v) };
	if (!out->v)
		return err_nomem(err);
	for (const struct feature_use *u = uses->first; u; u = u->next)
		if (u->stage == FEATURE_ALPHA)
			out->v[out->n++] = u;
	qsort_r(out->v, out->n, sizeof *out->v, use_set_by_use, out);
	return 0;
}

bool use_set_has(struct use_set *set, const struct feature_use *use)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = use_set_by_use(&use, &set->v[middle], set);

		if (!order)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}
