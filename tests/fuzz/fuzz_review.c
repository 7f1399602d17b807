/* SPDX-License-Identifier: Apache-2.0
 * fuzz_review.c - a request's bytes through the whole handler, with the built-in policies.
 *
 * Any bytes get an answer within its limits, the same answer each time; nobody but
 * a customer is ever denied.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/webhook/answer.h"

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
	answer_done(&first);
	answer_done(&second);
	return 0;
}
