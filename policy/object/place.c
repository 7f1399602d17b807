/*
 * place.c - from a place back to the value that stands there.
 */
#include "lib/json/json.h"
#include "policy/object/path.h"

static const struct json *place_step_into(const struct json *at, const struct step *step)
{
	const struct json *item;

	if (step->kind == STEP_KEY)
		return json_get(at, step->key);
	if (at->type != JSON_ARRAY)
		return NULL;
	item = at->child;
	if (step->kind == STEP_INDEX)
		for (size_t i = 0; item && i < step->index; i++)
			item = item->next;
	else if (step->kind == STEP_ITEM)
		while (item && !str_eq(json_str(json_get(item, step->key)), step->value))
			item = item->next;
	else
		return NULL;
	return item;
}

const struct json *place_value(const struct json *root, const struct place *place)
{
	const struct step *steps[PATH_STEPS_MAX];
	size_t n = 0;

	for (; place; place = place->up) {
		if (n == PATH_STEPS_MAX)
			return NULL;
		steps[n++] = &place->step;
	}
	while (root && n)
		root = place_step_into(root, steps[--n]);
	return root;
}
