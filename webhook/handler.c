#include "webhook/handler.h"

#include <cjson/cJSON.h>

#include "lib/base/cleanup.h"
#include "lib/base/printable.h"

#define ERROR_MAX 600 /* bytes of an error's text */

char *handler_error(unsigned status, const char *message, size_t *len)
{
	cJSON *root = cJSON_CreateObject();
	struct str words;
	char *text = NULL, *line = NULL;
	scoped(arena_end) struct arena arena;

	/* What is wrong may quote what was sent. */
	arena_init(&arena, 2 * ERROR_MAX);
	words = printable_cut(str_of(message), ERROR_MAX, &arena);
	if (root && cJSON_AddNumberToObject(root, "code", status)) {
		char z[ERROR_MAX + 1];

		memcpy(z, words.s, words.n);
		z[words.n] = '\0';
		if (cJSON_AddStringToObject(root, "error", z))
			text = cJSON_PrintUnformatted(root);
	}
	cJSON_Delete(root);
	*len = text ? strlen(text) + 1 : 0;
	if (!text || !(line = realloc(text, *len + 1))) {
		free(text);
		*len = 0;
		return NULL;
	}
	memcpy(line + *len - 1, "\n", 2);
	return line;
}

static void handler_answer_error(struct answer *out, const struct err *err)
{
	bool ours = err->kind == ERR_NOMEM || err->kind == ERR_LIMIT;

	out->decided = false;
	out->status = ours ? 503 : 400;
	out->body = handler_error(out->status, err->msg, &out->len);
}

void handler_answer(const struct policy_set *set, enum policies_part part, struct str body,
		    int64_t now, struct arena *arena, struct trace *trace, struct answer *out)
{
	struct err err = { .kind = ERR_NONE };

	*out = (struct answer){ .status = 200 };
	if (review_decode(body, arena, &out->review, &err) < 0) {
		handler_answer_error(out, &err);
		return;
	}
	out->review.request.part = part;
	if (policy_judge(set, &out->review.request, now, arena, trace, &out->verdict, &err) < 0 ||
	    !(out->body = review_encode(&out->review, &out->verdict, arena, &out->len, &err))) {
		handler_answer_error(out, &err);
		return;
	}
	out->decided = true;
}

void answer_done(struct answer *a)
{
	free(a->body);
	a->body = NULL;
	a->len = 0;
}
