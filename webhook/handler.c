#include "webhook/handler.h"

#include "lib/base/cleanup.h"
#include "lib/serve/error_body.h"

static void handler_answer_error(struct answer *out, const struct err *err)
{
	bool ours = err->kind == ERR_NOMEM || err->kind == ERR_LIMIT;

	out->decided = false;
	out->status = ours ? 503 : 400;
	out->body = error_body(out->status, err->msg, &out->len);
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
