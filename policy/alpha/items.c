/* SPDX-License-Identifier: Apache-2.0
 * items.c - items of lists: which place one has.
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
