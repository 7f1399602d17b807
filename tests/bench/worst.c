/* SPDX-License-Identifier: Apache-2.0
 * worst.c - the time that the worst reviews take, as the server judges them.
 *
 * CPU time, the least of several rounds, of each input of tests/unit/worst.h at 3 MB, and at
 * 1.4 MB of those that an API server can send; also at 0.8 MB, where memory does not end them. Ends
 * with 1 when one takes longer than LIMIT_POSTED or LIMIT_SENT. `worst NAME [BYTES]` does that
 * input alone, `worst -w FOLDER` writes the reviews there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "tests/unit/worst.h"
#include "webhook/handler.h"

#define POSTED       3000000u
#define SENT         1400000u
#define FITS         800000u /* most end for want of memory above */
#define LIMIT_POSTED 0.100   /* seconds */
#define LIMIT_SENT   0.050
#define ROUNDS       5
#define NOW          INT64_C(1800000000) /* a day in January 2027 */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct cost {
	double seconds;
	size_t steps, memory;
	const char *said;
};

static struct cost cost_of(const struct policy_set *set, struct str body)
{
	struct cost cost = { .seconds = 1e9, .said = "no verdict" };

	for (int i = 0; i < ROUNDS && (!i || cost.seconds < 0.3); i++) {
		scoped(arena_end) struct arena arena;
		struct answer answer;
		double begun = now(), took;

		arena_init(&arena, HANDLER_ARENA_MAX);
		handler_answer(set, POLICIES_ALL, body, NOW, &arena, NULL, &answer);
		took = now() - begun;
		cost.seconds = took < cost.seconds ? took : cost.seconds;
		cost.steps = arena.steps;
		cost.memory = arena.total;
		if (answer.decided)
			cost.said = answer.verdict.error.n ? "by envelope"
							   : action_name(answer.verdict.action);
		answer_done(&answer);
	}
	return cost;
}

static int measure(const struct policy_set *set, const struct worst *w, size_t bytes, double limit)
{
	scoped(arena_end) struct arena input;
	struct cost c;

	arena_init(&input, 512u << 20);
	fflush(stdout);
	c = cost_of(set, worst_review(w, bytes, &input));
	printf("%-30s %4.1f MB %8.1f ms %9zu steps %5.1f MiB  %s%s\n", w->name, (double)bytes / 1e6,
	       c.seconds * 1e3, c.steps, (double)c.memory / 1048576, c.said,
	       c.seconds > limit ? "  TOO LONG" : "");
	return c.seconds > limit;
}

static int write_review(const struct worst *w, const char *folder)
{
	scoped(arena_end) struct arena input;
	scoped(file_end) FILE *f = NULL;
	struct str body;
	char path[512];

	arena_init(&input, 512u << 20);
	body = worst_review(w, SENT, &input);
	snprintf(path, sizeof path, "%s/%s.json", folder, w->name);
	f = fopen(path, "we");
	return !f || fwrite(body.s, 1, body.n, f) != body.n;
}

/* At the sizes that there are limits for, or at one that was asked for. */
static int measure_each(const struct policy_set *set, const struct worst *w, size_t bytes)
{
	double sent = w->sendable ? LIMIT_SENT : LIMIT_POSTED;

	if (bytes)
		return measure(set, w, bytes, LIMIT_POSTED);
	return measure(set, w, POSTED, LIMIT_POSTED) | measure(set, w, SENT, sent) |
	       measure(set, w, FITS, LIMIT_POSTED);
}

int main(int argc, char **argv)
{
	bool writes = argc == 3 && !strcmp(argv[1], "-w");
	struct policy_set *set = policy_set_new(NULL, &(struct policy_report){ .errors = 0 });
	size_t bytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	int failed = 0;

	if (!set || argc > 3) {
		fputs("usage: worst [NAME [BYTES] | -w FOLDER]\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < WORST_N; i++)
		if (writes)
			failed |= write_review(&worst_inputs[i], argv[2]);
		else if (argc == 1 || !strcmp(argv[1], worst_inputs[i].name))
			failed |= measure_each(set, &worst_inputs[i], bytes);
	policy_set_unref(set);
	return failed;
}
