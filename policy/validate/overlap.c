/* SPDX-License-Identifier: Apache-2.0
 * overlap.c - what two patterns have in common.
 */
#include "policy/validate/overlap.h"

static bool same_or_any(struct str a, struct str b)
{
	return str_is(a, "*") || str_is(b, "*") || str_eq(a, b);
}

static bool names_begin(const struct strings *names, struct str prefix)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_starts(names->v[i], prefix))
			return true;
	return false;
}

static bool names_overlap(const struct object_ref *a, const struct object_ref *b)
{
	if (a->names.n && b->names.n)
		return strings_meet(&a->names, &b->names);
	if (a->names.n)
		return names_begin(&a->names, b->name_prefix);
	if (b->names.n)
		return names_begin(&b->names, a->name_prefix);
	return str_starts(a->name_prefix, b->name_prefix) ||
	       str_starts(b->name_prefix, a->name_prefix);
}

bool overlap_objects(const struct object_ref *a, const struct object_ref *b)
{
	return same_or_any(a->group, b->group) && same_or_any(a->resource, b->resource) &&
	       (!a->namespace.n || !b->namespace.n || str_eq(a->namespace, b->namespace)) &&
	       names_overlap(a, b);
}

static bool step_covers(const struct step *a, const struct step *b)
{
	if (a->kind == STEP_ANY)
		return b->kind == STEP_INDEX || b->kind == STEP_ITEM || b->kind == STEP_ANY;
	return a->kind == b->kind && str_eq(a->key, b->key) && str_eq(a->value, b->value) &&
	       (a->kind != STEP_INDEX || a->index == b->index);
}

bool overlap_path_within(const struct path *inner, const struct path *outer)
{
	if (outer->n > inner->n)
		return false;
	for (size_t i = 0; i < outer->n; i++)
		if (!step_covers(&outer->steps[i], &inner->steps[i]))
			return false;
	return true;
}
