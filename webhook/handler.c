/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook/handler.h"

#include "lib/base/cleanup.h"
#include "lib/serve/error_body.h"

#define SPARE (256u << 10) /* bytes of memory for an answer by the envelope */

static void handler_answer_error(struct answer *out, const struct err *err)
{
	bool ours = err->kind == ERR_NOMEM || err->kind == ERR_LIMIT;

	out->decided = false;
	out->status = ours ? 503 : 400;
	out->body = error_body(out->status, err->msg, &out->len);
}

static void answer_encode(struct answer *out, struct arena *arena)
{
	struct err err = { .kind = ERR_NONE };

	if (!(out->body = review_encode(&out->review, &out->verdict, arena, &out->len, &err)))
		handler_answer_error(out, &err);
	else
		out->decided = true;
}

void handler_answer_unread(const struct policy_set *set, enum policies_part part, struct str head,
			   const struct unread *unread, int64_t now, struct arena *arena,
			   struct trace *trace, struct answer *out)
{
	struct err err = { .kind = ERR_NONE };

	*out = (struct answer){ .status = 200,
				.large =
					unread->why == UNREAD_LARGE || unread->why == UNREAD_ROOM };
	arena_last(arena, SPARE);
	if (review_decode_head(head, arena, &out->review, &err) < 0) {
		handler_answer_error(out, &err);
		return;
	}
	out->review.request.part = part;
	if (policy_judge_envelope(set, &out->review.request, unread, now, arena, trace,
				  &out->verdict, &err) < 0)
		handler_answer_error(out, &err);
	else
		answer_encode(out, arena);
}

/*
 * No verdict was reached; `err` says why. What is no review gets none; where memory ran out the
 * envelope is sound.
 */
static void answer_unreached(const struct policy_set *set, enum policies_part part, struct str body,
			     const struct err *err, int64_t now, struct arena *arena,
			     struct trace *trace, struct answer *out)
{
	const struct unread unread = { .why = UNREAD_MEMORY, .bytes = body.n };

	if (err->kind != ERR_SYNTAX)
		handler_answer_unread(set, part, body, &unread, now, arena, trace, out);
	if (out->decided)
		return;
	answer_done(out);
	handler_answer_error(out, err);
}

void handler_answer(const struct policy_set *set, enum policies_part part, struct str body,
		    int64_t now, struct arena *arena, struct trace *trace, struct answer *out)
{
	struct err err = { .kind = ERR_NONE };

	*out = (struct answer){ .status = 200 };
	if (!arena->steps_max)
		arena->steps_max = HANDLER_STEPS_MAX;
	if (review_decode(body, arena, &out->review, &err) < 0) {
		answer_unreached(set, part, body, &err, now, arena, trace, out);
		return;
	}
	out->review.request.part = part;
	if (policy_judge(set, &out->review.request, now, arena, trace, &out->verdict, &err) < 0)
		answer_unreached(set, part, body, &err, now, arena, trace, out);
	else
		answer_encode(out, arena);
}

bool handler_concerns(const struct policy_set *set, enum policies_part part, struct str body,
		      struct arena *arena)
{
	struct err err = { .kind = ERR_NONE };
	struct review review;

	if (review_decode(body, arena, &review, &err) < 0)
		return true;
	review.request.part = part;
	return policy_concerns(set, &review.request, arena);
}

void answer_done(struct answer *a)
{
	free(a->body);
	a->body = NULL;
	a->len = 0;
}
