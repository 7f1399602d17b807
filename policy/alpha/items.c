/*
 * items.c - items of lists: which place one has, and which is the same in the old object.
 */
#include "policy/alpha/finder.h"

#include "policy/object/merge_key.h"

struct place place_item(const struct place *list, const struct json *item, size_t index)
{
	struct place place = { list,
			       { .kind = STEP_INDEX, .index = index },
			       list ? list->depth + 1 : 1 };
	bool named = list && list->step.kind == STEP_KEY;
	struct str key = list_merge_key(named ? list->step.key : STR(""));
	const struct json *value = item->type == JSON_OBJECT ? json_get(item, key) : NULL;

	if (value && value->type == JSON_STRING)
		place.step =
			(struct step){ .kind = STEP_ITEM, .key = key, .value = json_str(value) };
	return place;
}

static bool step_same(const struct step *a, const struct step *b)
{
	return a->kind == b->kind && a->index == b->index && str_eq(a->key, b->key) &&
	       str_eq(a->value, b->value);
}

bool place_same(const struct place *a, const struct place *b)
{
	while (a && b && step_same(&a->step, &b->step)) {
		a = a->up;
		b = b->up;
	}
	return !a && !b;
}

const struct json *item_find(const struct json *list, const struct step *step)
{
	size_t index;

	return list && list->type == JSON_ARRAY ? step_into(step, list, &index) : NULL;
}

const struct json *item_find_budgeted(struct finder *f, const struct json *list,
				      const struct step *step, size_t index)
{
	size_t cost = list && list->type == JSON_ARRAY ? list->len : 0;
	const struct json *item = cost ? list->child : NULL;

	if (!cost || f->budget < cost)
		return NULL;
	f->budget -= cost;
	while (item && index--)
		item = item->next;
	return item && step->kind == STEP_ITEM && step_takes(step, item, 0) ? item
									    : item_find(list, step);
}
