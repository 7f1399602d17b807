/* SPDX-License-Identifier: Apache-2.0
 * fuzz_review.c - a request's bytes through the whole handler, with the built-in policies.
 *
 * Any bytes get an answer within its limits, the same answer each time; nobody but
 * a customer is ever denied. An object that need not be read (policy_skim_object) is answered as
 * one that was, and where it cannot be read nobody was to be denied for it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/webhook/answer.h"
#include "tests/unit/webhook/reordered.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "wrong: %s\n", what);
	abort();
}

static void ask(const struct policy_set *set, struct str body, struct arena *arena,
		struct answer *out)
{
	arena_init(arena, HANDLER_ARENA_MAX);
	handler_answer(set, POLICIES_ALL, body, 1800000000, arena, NULL, out);
}

static bool can_be_read(struct str object, struct arena *arena)
{
	struct err ignored;

	return !object.n || json_parse(object, NULL, arena, &ignored);
}

static void as_by_reading(const struct policy_set *set, struct str body, const struct answer *noted)
{
	const struct request *req = &noted->review.request;
	scoped(arena_end) struct arena a, b;
	struct answer read;

	arena_init(&b, 2 * HANDLER_ARENA_MAX);
	ask(set, reordered(body, &b), &a, &read);
	if (!read.decided || !noted->review.request.notes.made) {
		answer_done(&read);
		return;
	}
	must(!read.review.request.notes.made, "the object first, and something is noted");
	if (read.len != noted->len || memcmp(read.body, noted->body, read.len) != 0) {
		must(read.verdict.action != ACTION_DENY && noted->verdict.action != ACTION_DENY,
		     "another answer, one of them a denial");
		must(!can_be_read(req->object, &b) || !can_be_read(req->old_object, &b),
		     "another answer than by reading");
	}
	answer_done(&read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_set *set;
	struct str body = { (const char *)data, size };
	struct answer first, second;
	const char *wrong;
	scoped(arena_end) struct arena a, b, c;

	if (!set)
		must((set = policy_set_new(NULL, &(struct policy_report){ 0 })) != NULL,
		     "the built-in policies do not load");
	ask(set, body, &a, &first);
	ask(set, body, &b, &second);
	arena_init(&c, HANDLER_ARENA_MAX);
	wrong = answer_wrong(&first, &c);
	must(!wrong, wrong ? wrong : "");
	must(first.status == second.status && first.len == second.len &&
		     !memcmp(first.body, second.body, first.len),
	     "the same bytes, another answer");
	must(!first.decided || first.verdict.action != ACTION_DENY ||
		     first.verdict.identity == IDENTITY_CUSTOMER,
	     "a denial for one who is no customer");
	if (first.decided)
		as_by_reading(set, body, &first);
	answer_done(&first);
	answer_done(&second);
	return 0;
}
