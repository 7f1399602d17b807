/* SPDX-License-Identifier: Apache-2.0
 * reordered.h - the same review with its object before all else that its request says.
 *
 * What is noted of an object's bytes (policy_skim_object) needs the kind before the object: of such
 * a review nothing is noted, so it is read wherever it may use a feature. The two are the same to
 * any reader of JSON, and their answers are to be.
 */
#ifndef TESTS_UNIT_WEBHOOK_REORDERED_H
#define TESTS_UNIT_WEBHOOK_REORDERED_H

#include "lib/json/json.h"

/* The comma that goes before a member, but for the first. */
static inline const char *reordered_comma(const struct text *out)
{
	return out->s && out->n && out->s[out->n - 1] != '{' ? "," : "";
}

static inline void reordered_member(const struct json_member *m, struct text *out)
{
	text_printf(out, "%s\"", reordered_comma(out));
	text_str(out, m->key);
	text_puts(out, "\":");
	text_str(out, m->value);
}

static inline void reordered_request(struct str request, struct text *out)
{
	text_puts(out, "{");
	for (int first = 1; first >= 0; first--)
		for (struct json_member m = { .next = NULL }; json_skim_next(request, &m);)
			if (json_skim_is(m.key, STR("object")) == first)
				reordered_member(&m, out);
	text_puts(out, "}");
}

/* Of a review that was decoded. */
static inline struct str reordered(struct str body, struct arena *arena)
{
	struct text out;

	text_init(&out, arena, 2 * body.n + 64);
	text_puts(&out, "{");
	for (struct json_member m = { .next = NULL }; json_skim_next(body, &m);) {
		if (!json_skim_is(m.key, STR("request"))) {
			reordered_member(&m, &out);
			continue;
		}
		text_printf(&out, "%s\"request\":", reordered_comma(&out));
		reordered_request(m.value, &out);
	}
	text_puts(&out, "}");
	return text_get(&out);
}

#endif
