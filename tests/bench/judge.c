/* SPDX-License-Identifier: Apache-2.0
 * judge.c - judge one review N times with the built-in pack, as the server does.
 *
 * No socket and no clock, so that callgrind counts the same instructions each
 * time. Says what came of it: "deny concerned", "allow not-concerned".
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "webhook/handler.h"

#define BODY_MAX (8u << 20)
#define NOW      INT64_C(1800000000) /* a day in January 2027 */

static void policy_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	(void)error;
	fprintf(stderr, "judge: %s\n", text);
}

static int judge(const struct policy_set *set, struct str body, bool say)
{
	scoped(arena_end) struct arena arena;
	struct answer answer;

	arena_init(&arena, HANDLER_ARENA_MAX);
	handler_answer(set, POLICIES_ALL, body, NOW, &arena, NULL, &answer);
	if (say && answer.decided)
		printf("%s %s\n", action_name(answer.verdict.action),
		       answer.verdict.concerned ? "concerned" : "not-concerned");
	answer_done(&answer);
	return answer.status == 200 ? 0 : -1;
}

static int judge_file(const struct policy_set *set, const char *path, long times)
{
	scoped(file_end) FILE *f = fopen(path, "rb");
	scoped(free_end) char *body = malloc(BODY_MAX);
	size_t n = f && body ? fread(body, 1, BODY_MAX, f) : 0;

	if (!n || n == BODY_MAX) {
		fprintf(stderr, "judge: %s: empty, too large or not readable\n", path);
		return -1;
	}
	for (long i = 0; i < times; i++)
		if (judge(set, (struct str){ body, n }, i == 0) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct policy_report report = { .message = policy_message };
	struct policy_set *set;
	int failed;

	if (argc != 3) {
		fputs("usage: judge TIMES REVIEW\n", stderr);
		return 2;
	}
	if (!(set = policy_set_new(NULL, &report)))
		return 2;
	failed = judge_file(set, argv[2], strtol(argv[1], NULL, 10));
	policy_set_unref(set);
	return failed ? 1 : 0;
}
