/* SPDX-License-Identifier: Apache-2.0
 * fuzz_replay.c - any bytes as lines of a log.
 *
 * Each line is searched for events; what is found is compacted and judged. What was kept must be
 * an event again that says the same, and no verdict may be more than its bound.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "policy/replay/compact.h"
#include "policy/replay/document.h"
#include "policy/replay/judge.h"

#define MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct fuzzing {
	struct policy_set *set;
	struct chain chain;
	struct arena *arena;
};

static void judge(struct fuzzing *f, const struct event *e)
{
	struct request req;
	struct graded g;
	struct err err = { .kind = ERR_NONE };

	(void)replay_keep(f->set, e, f->arena);
	if (replay_judge(f->set, &f->chain, e, f->arena, &req, &g, &err) < 0)
		return;
	must(g.grade < GRADES && (g.why != NULL) == (g.grade == GRADE_NONE));
	for (size_t i = 0; i < g.verdict.findings_n; i++)
		must(g.verdict.findings[i].action <= g.verdict.action);
	(void)chain_fold(&f->chain, e, f->arena, &err);
}

static int on_kept(void *ctx, const struct event *e, struct str line, struct err *err)
{
	struct fuzzing *f = ctx;
	struct event_head head;
	struct event again;

	(void)e;
	must(line.n && line.s[line.n - 1] == '\n' &&
	     memchr(line.s, '\n', line.n) == line.s + line.n - 1);
	line.n--;
	if (event_head_read(line, &head) != EVENT_WHOLE)
		return 0; /* objects are kept as they stand there, and their inside is not read */
	if (event_read(&head, f->arena, &again, err) == 0)
		judge(f, &again);
	return 0;
}

static int on_document(void *ctx, const struct document *d, struct err *err)
{
	struct fuzzing *f = ctx;
	struct event e;

	if (d->kind != DOCUMENT_EVENT || event_use_of(&d->head) != EVENT_WRITE ||
	    event_read(&d->head, f->arena, &e, err) < 0)
		return 0;
	(void)event_compact(&e, f->arena, on_kept, f, err);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_set *set;
	struct fuzzing f = { .set = NULL };
	const char *p = (const char *)data, *end = p + size;

	if (!set)
		set = policy_set_new(NULL, &(struct policy_report){ .message = NULL });
	f.set = set;
	chain_init(&f.chain);
	while (p < end) {
		scoped(arena_end) struct arena arena;
		const char *newline = memchr(p, '\n', (size_t)(end - p)),
			   *stop = newline ? newline : end;
		struct err err = { .kind = ERR_NONE };

		arena_init(&arena, MEMORY);
		f.arena = &arena;
		(void)document_find((struct str){ p, (size_t)(stop - p) }, &arena, on_document, &f,
				    &err);
		p = stop + (newline != NULL);
	}
	chain_done(&f.chain);
	return 0;
}
