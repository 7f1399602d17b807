/* SPDX-License-Identifier: Apache-2.0
 * noted.h - objects as a review brings them, for what is noted of their bytes
 * (policy/alpha/skim.c).
 */
#ifndef TESTS_NOTED_H
#define TESTS_NOTED_H

#include <check.h>

#include "policy/alpha/features.h"

/* As a review brings it: with much behind it or with little, which is read in another way. */
static inline void note(struct request *req, struct arena *arena, bool more)
{
	struct json_member m = { .next = NULL };
	struct text body;
	struct str text;

	text_init(&body, arena, 1 << 18);
	text_puts(&body, "{\"operation\":\"UPDATE\",\"object\":");
	text_str(&body, req->object);
	for (int i = 0; more && i < 20; i++)
		text_puts(&body, ",\"more\":\"abcdefgh\"");
	text_puts(&body, "}");
	ck_assert(!body.full);
	text = text_get(&body);
	while (json_skim_key(text, &m) && !json_skim_is(m.key, STR("object")))
		ck_assert(json_skim_value(text, &m));
	ck_assert(policy_skim_object(req, text, &m, NULL));
	ck_assert(str_eq(m.value, req->object));
	req->object = m.value;
}

/* What features_find finds of an object, as a reader reads it, is possible by its bytes. */
static inline bool noted(struct request *req, unsigned minor, struct arena *arena)
{
	struct feature_uses uses;
	struct json *object;
	struct err err;

	object = json_parse(req->object, NULL, arena, &err);
	ck_assert_msg(object != NULL, "%.*s: %s", STR_ARG(req->object), err.msg);
	ck_assert_int_eq(features_find(minor, req, object, NULL, arena, &uses, &err), 0);
	for (int more = 0; more < 2; more++) {
		note(req, arena, more);
		ck_assert_msg(!uses.all || features_possible(minor, req),
			      "1.%u: lost by its bytes: %.*s", minor, STR_ARG(req->object));
		req->notes = (struct object_notes){ .made = false };
	}
	return uses.all > 0;
}

#endif
