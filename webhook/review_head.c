/* SPDX-License-Identifier: Apache-2.0
 * review_head.c - how much of a body is needed when its objects are not read.
 */
#include "lib/json/json.h"
#include "webhook/review.h"

#define NAME_MAX 4096 /* bytes of an object in which its name is looked for */

bool review_is_object(struct str key)
{
	return json_skim_is(key, STR("object")) || json_skim_is(key, STR("oldObject"));
}

/* From the beginning to where the first object begins. */
static const char *head_objects(struct str begin)
{
	struct json_member m = { .next = NULL }, in = { .next = NULL };

	while (json_skim_key(begin, &m)) {
		while (json_skim_is(m.key, STR("request")) && json_skim_key(m.value, &in)) {
			if (review_is_object(in.key) && in.value.s[0] == '{')
				return in.value.s;
			if (!json_skim_value(m.value, &in))
				return NULL;
		}
		if (!json_skim_value(begin, &m))
			return NULL;
	}
	return NULL;
}

size_t review_head_size(struct str begin)
{
	const char *objects = head_objects(begin);
	size_t n = objects ? (size_t)(objects - begin.s) + NAME_MAX : 0;

	return n <= begin.n ? n : 0;
}
