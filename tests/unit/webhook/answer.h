/* SPDX-License-Identifier: Apache-2.0
 * answer.h - what must hold for any answer, whatever was asked: the limits of DESIGN's
 * section on the answer, read from the bytes that an API server would get. The first
 * thing that is wrong, or NULL.
 */
#ifndef TESTS_UNIT_WEBHOOK_ANSWER_H
#define TESTS_UNIT_WEBHOOK_ANSWER_H

#include "lib/json/json.h"
#include "webhook/handler.h"

static inline bool answer_printable(struct str s, bool newlines)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.s[i] < 0x20 || s.s[i] > 0x7e) && !(newlines && s.s[i] == '\n'))
			return false;
	return true;
}

static inline const char *answer_status(const struct json *response, const struct answer *a)
{
	const struct json *status = json_get(response, STR("status"));
	struct str message = json_str(json_get(status, STR("message")));
	bool denied = json_get(response, STR("allowed"))->type == JSON_FALSE;

	if (denied != (a->verdict.action == ACTION_DENY) || denied != (status != NULL))
		return "allowed, status and verdict do not agree";
	if (!denied)
		return NULL;
	if (!str_is(json_str(json_get(status, STR("code"))), "403") ||
	    !str_is(json_str(json_get(status, STR("reason"))), "Forbidden"))
		return "a denial without its code or reason";
	if (!message.n || message.n > MESSAGE_MAX || !answer_printable(message, true))
		return "the message";
	return memchr(message.s, '[', message.n) ? NULL : "a message without its rule";
}

static inline const char *answer_warnings(const struct json *response)
{
	const struct json *warnings = json_get(response, STR("warnings"));
	size_t total = 0;

	if (warnings && (!warnings->len || warnings->len > WARNINGS_MAX))
		return "the number of warnings";
	for (const struct json *w = warnings ? warnings->child : NULL; w; w = w->next) {
		struct str s = json_str(w);

		if (!s.n || s.n > WARNING_MAX || !answer_printable(s, false))
			return "a warning";
		total += s.n;
	}
	return total > WARNINGS_TOTAL ? "the warnings together" : NULL;
}

static inline const char *answer_annotations(const struct json *response)
{
	const struct json *all = json_get(response, STR("auditAnnotations"));

	for (const struct json *a = all ? all->child : NULL; a; a = a->next)
		if (!a->len || a->len > ANNOTATION_MAX || a->key_len > 63 ||
		    !answer_printable(json_str(a), false))
			return "an audit annotation";
	return NULL;
}

static inline const char *answer_wrong(const struct answer *a, struct arena *arena)
{
	struct err err = { .kind = ERR_NONE };
	const struct json *root, *response;
	const char *wrong;

	if (!a->body || !a->len || a->body[a->len - 1] != '\n' ||
	    memchr(a->body, '\n', a->len) != a->body + a->len - 1)
		return "the body is not one line";
	if (!(root = json_parse((struct str){ a->body, a->len }, NULL, arena, &err)))
		return "the body is not JSON";
	if (!a->decided)
		return a->status >= 400 && json_str(json_get(root, STR("error"))).n
			       ? NULL
			       : "an error without words";
	response = json_get(root, STR("response"));
	if (a->status != 200 || !response || !json_get(response, STR("allowed")))
		return "no response";
	if (!str_eq(json_str(json_get(response, STR("uid"))), a->review.request.uid))
		return "another uid";
	if ((wrong = answer_status(response, a)) || (wrong = answer_warnings(response)))
		return wrong;
	return answer_annotations(response);
}

#endif
