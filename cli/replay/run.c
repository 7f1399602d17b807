/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/replay/partial.h"
#include "cli/replay/review.h"
#include "cli/replay/scan.h"
#include "cli/replay/spill.h"
#include "cli/replay/report_events.h"
#include "lib/base/cleanup.h"
#include "lib/base/terminal.h"
#include "lib/json/json.h"
#include "policy/learn/learn.h"

#define JUDGE_ARENA (64u << 20)
#define TICK_MS     200

/* ---- Ctrl-C ---- */

static atomic_bool run_stop;

static void run_signal(int number)
{
	(void)number;
	atomic_store_explicit(&run_stop, true, memory_order_relaxed);
}

/* The first ends the reading; a second one ends the program. */
static void run_listen(void)
{
	struct sigaction action = { .sa_handler = run_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- threads: each takes the next file ---- */

struct reading {
	struct replay_run *run;
	const struct replay_files *files;
	replay_keep_fn *keep;
	void *ctx;
	atomic_size_t next;
	atomic_uint busy;
	atomic_ullong passed;
	pthread_mutex_t lock; /* of the run's counts and of what follows */
	struct err err;
	bool failed;
};

static int read_named(struct replay_scan *scan, const char *name, struct err *err)
{
	scoped(fd_end) int fd = -1;

	if (!strcmp(name, "-"))
		return replay_scan_file(scan, "stdin", STDIN_FILENO, err);
	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) < 0) {
		replay_problem_add(&scan->counts, COUNT_BAD_FILE, name, 0, strerror(errno));
		return scan->strict ? err_set(err, ERR_IO, "%.300s: %s", name, strerror(errno)) : 0;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return replay_scan_file(scan, name, fd, err);
}

static void *reading_thread(void *arg)
{
	struct reading *r = arg;
	struct replay_scan scan = { .set = r->run->set,
				    .baseline = r->run->baseline,
				    .map = r->run->map,
				    .large_windows = r->run->large_windows,
				    .strict = r->run->strict,
				    .now = r->run->now,
				    .stop = &run_stop,
				    .passed = &r->passed,
				    .keep = r->keep,
				    .ctx = r->ctx };
	struct err err = { .kind = ERR_NONE };
	int status = 0;
	size_t i;

	while (status == 0 && !atomic_load(&run_stop) &&
	       (i = atomic_fetch_add(&r->next, 1)) < r->files->n)
		status = read_named(&scan, r->files->v[i], &err);
	pthread_mutex_lock(&r->lock);
	replay_counts_add(&r->run->counts, &scan.counts);
	if (status < 0 && !r->failed) {
		r->failed = true;
		r->err = err;
		if (scan.strict && scan.counts.problems_n)
			snprintf(r->err.msg, sizeof r->err.msg, "%.200s:%llu: %.200s (--strict)",
				 scan.counts.problems[0].file,
				 (unsigned long long)scan.counts.problems[0].line,
				 scan.counts.problems[0].text);
		atomic_store(&r->next, r->files->n);
	}
	pthread_mutex_unlock(&r->lock);
	atomic_fetch_sub(&r->busy, 1);
	return NULL;
}

/* ---- progress, on a terminal ---- */

static double run_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void progress_print(const struct reading *r, double since)
{
	double passed = (double)atomic_load(&r->passed), all = (double)r->files->bytes;
	double seconds = run_clock() - since, rate = seconds > 0 ? passed / seconds : 0;

	fprintf(stderr, "\r\033[K%.1f MB", passed / 1e6);
	if (all > 0)
		fprintf(stderr, " of %.1f MB (%.0f %%)", all / 1e6, 100 * passed / all);
	fprintf(stderr, ", %.0f MB/s", rate / 1e6);
	if (all > passed && rate > 0)
		fprintf(stderr, ", %.0f s left", (all - passed) / rate);
}

static void progress_wait(const struct reading *r)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	bool shown = !r->run->quiet && terminal_is(stderr);
	double since = run_clock();

	for (unsigned ticks = 0; atomic_load(&r->busy); ticks++) {
		/* Short logs end before the first tick is worth waiting for. */
		const struct timespec first = { .tv_nsec = 2000000L };

		nanosleep(ticks < 50 ? &first : &tick, NULL);
		if (shown && ticks >= 50)
			progress_print(r, since);
	}
	if (shown)
		fprintf(stderr, "\r\033[K");
}

static int run_read(struct replay_run *run, const struct replay_files *files, replay_keep_fn *keep,
		    void *ctx, struct err *err)
{
	struct reading r = { .run = run, .files = files, .keep = keep, .ctx = ctx };
	unsigned n = files->n < run->threads ? (unsigned)files->n : run->threads, started = 0;
	pthread_t threads[64];

	pthread_mutex_init(&r.lock, NULL);
	run_listen();
	for (; started < n && started < 64; started++) {
		atomic_fetch_add(&r.busy, 1);
		if (pthread_create(&threads[started], NULL, reading_thread, &r)) {
			atomic_fetch_sub(&r.busy, 1);
			break;
		}
	}
	if (!started && files->n)
		return err_set(err, ERR_NOMEM, "no thread can be started");
	progress_wait(&r);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&r.lock);
	run->counts.interrupted = run->counts.interrupted || atomic_load(&run_stop);
	if (r.failed)
		*err = r.err;
	return r.failed ? -1 : 0;
}

/* ---- judging, object by object ---- */

#define SEEN 16 /* events of an object back, among which a second copy is looked for */

struct run_judge {
	struct replay_run *run;
	struct chain chain;
	char key[2048]; /* of the chain's object */
	uint64_t seen[SEEN];
	size_t seen_n;
};

static void judge_other_object(struct run_judge *j, const struct event *e)
{
	char key[sizeof j->key];

	snprintf(key, sizeof key, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(e->resource.group),
		 STR_ARG(e->resource.resource), STR_ARG(e->namespace), STR_ARG(e->name));
	if (!strcmp(key, j->key))
		return;
	memcpy(j->key, key, sizeof key);
	chain_forget(&j->chain);
	j->seen_n = 0;
}

/* The same event out of two files, or the lines of the guard's log about one review. */
static bool judge_is_copy(struct run_judge *j, const struct event *e)
{
	uint64_t id = str_hash((uint64_t)e->panic + 4, e->audit_id);
	size_t n = j->seen_n < SEEN ? j->seen_n : SEEN;

	if (!e->audit_id.n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (j->seen[i] == id)
			return true;
	j->seen[j->seen_n++ % SEEN] = id;
	return false;
}

static void judge_learn(struct replay_run *run, const struct event *e, const struct request *req,
			const struct graded *g)
{
	bool stored = e->code < 300 && !e->dry_run && !e->panic;

	if (run->learn && stored && g->grade != GRADE_NONE)
		learn_verdict(run->learn, req, &g->verdict, e->received / 1000000);
}

static int judge_event(struct run_judge *j, struct str line, struct arena *arena, struct err *err)
{
	struct replay_run *run = j->run;
	struct event_head head;
	struct event e;
	struct request req, base_req;
	struct graded now, base;

	if (event_head_read(line, &head) != EVENT_WHOLE || event_read(&head, arena, &e, err) < 0)
		return err_set(err, ERR_SYNTAX, "a kept event cannot be read");
	judge_other_object(j, &e);
	if (judge_is_copy(j, &e)) {
		run->census.duplicates++;
		return 0;
	}
	if (replay_judge(run->set, &j->chain, &e, arena, &req, &now, err) < 0)
		return -1;
	if (run->baseline &&
	    replay_judge(run->baseline, &j->chain, &e, arena, &base_req, &base, err) < 0)
		return -1;
	if (census_add(&run->census, &e, &req, &now, run->baseline ? &base : NULL, err) < 0)
		return -1;
	judge_learn(run, &e, &req, &now);
	if (run->events && replay_event_print(run->events, &e, &req, &now,
					      run->baseline ? &base : NULL, arena, err) < 0)
		return -1;
	return chain_fold(&j->chain, &e, arena, err);
}

static int judge_review_by(const struct policy_set *set, const struct request *req, int64_t now,
			   struct arena *arena, struct graded *out, struct err *err)
{
	*out = (struct graded){ .grade = GRADE_EXACT };
	if (policy_judge(set, req, now, arena, NULL, &out->verdict, err) == 0)
		return 0;
	if (err->kind == ERR_NOMEM)
		return -1;
	out->grade = GRADE_NONE;
	out->why = "the object is too large or cannot be read";
	return 0;
}

static int judge_review(struct run_judge *j, struct str line, struct arena *arena, struct err *err)
{
	struct replay_run *run = j->run;
	struct request req;
	struct event e;
	struct graded now, base;

	if (replay_review_read(line, run->now, arena, &req, &e, err) < 0)
		return -1;
	if (judge_review_by(run->set, &req, run->now, arena, &now, err) < 0 ||
	    (run->baseline &&
	     judge_review_by(run->baseline, &req, run->now, arena, &base, err) < 0))
		return -1;
	judge_learn(run, &e, &req, &now);
	if (!req.name.n)
		req.name = now.verdict.name;
	if (run->events && replay_event_print(run->events, &e, &req, &now,
					      run->baseline ? &base : NULL, arena, err) < 0)
		return -1;
	return census_add(&run->census, &e, &req, &now, run->baseline ? &base : NULL, err);
}

static int judge_line(void *ctx, struct str line, struct err *err)
{
	struct run_judge *j = ctx;
	scoped(arena_end) struct arena arena;

	arena_init(&arena, JUDGE_ARENA);
	return str_starts(line, STR("{\"kind\":\"Event\",")) ? judge_event(j, line, &arena, err)
							     : judge_review(j, line, &arena, err);
}

static int run_judge(struct replay_run *run, struct spill *spill, struct err *err)
{
	struct run_judge *j = calloc(1, sizeof *j);
	int status;

	if (!j)
		return err_nomem(err);
	j->run = run;
	chain_init(&j->chain);
	status = spill_each(spill, judge_line, j, err);
	chain_done(&j->chain);
	free(j);
	return status;
}

/* ---- the three ways ---- */

void replay_run_init(struct replay_run *r)
{
	*r = (struct replay_run){ .threads = 1 };
	census_init(&r->census);
}

void replay_run_done(struct replay_run *r)
{
	census_done(&r->census);
}

static int keep_in_spill(void *ctx, const struct event *e, struct str line, struct err *err)
{
	return spill_add(ctx, e, line, err);
}

int replay_run_files(struct replay_run *r, const struct replay_files *files, struct err *err)
{
	struct spill spill;
	int status;

	if (spill_init(&spill, err) < 0)
		return -1;
	status = run_read(r, files, keep_in_spill, &spill, err);
	if (status == 0)
		status = run_judge(r, &spill, err);
	spill_done(&spill);
	return status;
}

static int keep_in_partial(void *ctx, const struct event *e, struct str line, struct err *err)
{
	(void)e;
	return partial_add(ctx, line, err);
}

int replay_run_partial(struct replay_run *r, const struct replay_files *files, const char *out,
		       struct err *err)
{
	struct partial partial;
	int status;

	if (partial_begin(&partial, out, err) < 0)
		return -1;
	status = run_read(r, files, keep_in_partial, &partial, err);
	if (status == 0)
		status = partial_end(&partial, r, err);
	partial_done(&partial);
	return status;
}

int replay_run_merge(struct replay_run *r, const struct replay_files *files, struct err *err)
{
	struct spill spill;
	int status;

	if (spill_init(&spill, err) < 0)
		return -1;
	status = 0;
	for (size_t i = 0; i < files->n && status == 0; i++)
		status = partial_read(files->v[i], r, &spill, err);
	if (status == 0)
		status = run_judge(r, &spill, err);
	spill_done(&spill);
	return status;
}
