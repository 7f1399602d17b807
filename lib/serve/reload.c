/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/reload.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"

#define MESSAGES_MAX 8 /* of one loading are logged; the rest is counted */
#define TIDY_TURNS   2 /* by the second one, a second later, the old set's requests are over */

/* ---- what the loader says ---- */

struct reload_told {
	struct reload *reload;
	bool first;               /* at the start: errors go to whoever started us */
	size_t messages;          /* logged so far */
	char why[RELOAD_WHY_MAX]; /* the first error */
};

static void reload_log_message(struct reload_told *t, bool error, const char *text)
{
	struct log_line l;

	if (t->messages++ >= MESSAGES_MAX)
		return;
	log_begin(&l, t->reload->log, error ? LOG_ERROR : LOG_WARN, t->reload->ops->subject);
	log_text(&l, error ? "error" : "warning", text);
	log_end(&l);
}

static void reload_take_message(void *ctx, bool error, const char *text)
{
	struct reload_told *t = ctx;

	if (error && !*t->why)
		snprintf(t->why, sizeof t->why, "%s", text);
	if (error && t->first && t->reload->strict)
		fprintf(stderr, "%s: %s\n", t->reload->command, text);
	else
		reload_log_message(t, error, text);
}

/* ---- the set ---- */

static void reload_set_state(struct reload *r, const struct reload_state *next)
{
	pthread_mutex_lock(&r->lock);
	r->state = *next;
	pthread_mutex_unlock(&r->lock);
}

void reload_state(struct reload *r, struct reload_state *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->state;
	pthread_mutex_unlock(&r->lock);
}

static void reload_log_loaded(const struct reload *r, struct shared *set)
{
	struct log_line l;

	log_begin(&l, r->log, LOG_INFO, r->ops->reloaded);
	r->ops->describe(set, &l);
	log_end(&l);
}

static void reload_log_failed(const struct reload *r, const struct reload_state *s)
{
	struct log_line l;

	log_begin(&l, r->log, LOG_ERROR, r->ops->failed);
	log_text(&l, "error", s->why);
	log_number(&l, "errors", (int64_t)s->errors);
	log_end(&l);
}

static void reload_publish(struct reload *r, struct shared *set)
{
	struct reload_state state = { .loaded = time(NULL), .left_out = r->ops->left_out_n(set) };

	if (state.left_out) {
		/* What the files hold is in force but for a part: they are still broken. */
		state.failed = r->state.failed ? r->state.failed : state.loaded;
		state.errors = r->state.errors;
		memcpy(state.why, r->state.why, sizeof state.why);
	}
	slot_publish(r->slot, set);
	reload_set_state(r, &state);
	r->unsound_since = 0;
}

static void reload_note_failure(struct reload *r, const struct reload_told *told, size_t errors)
{
	struct reload_state state = r->state; /* only this thread changes it */

	state.failed = time(NULL);
	state.errors = errors;
	memcpy(state.why, told->why, sizeof state.why);
	reload_set_state(r, &state);
}

static void reload_fail(struct reload *r, const struct reload_told *told, size_t errors)
{
	reload_note_failure(r, told, errors);
	if (!r->unsound_since)
		r->unsound_since = clock_ms();
	reload_log_failed(r, &r->state);
}

/* ---- what is left out ---- */

static void reload_log_left_out(const struct reload *r, struct shared *set)
{
	struct str what, why;
	struct log_line l;

	for (size_t i = 0; i < MESSAGES_MAX && r->ops->left_out(set, i, &what, &why); i++) {
		log_begin(&l, r->log, LOG_ERROR, "left out");
		log_str(&l, "what", what);
		log_str(&l, "error", why);
		log_end(&l);
	}
}

static void reload_remind(struct reload *r)
{
	long long now = clock_ms();
	struct log_line l;

	if (!r->state.left_out || (r->reminded && now - r->reminded < RELOAD_REMIND_MS))
		return;
	r->reminded = now;
	log_begin(&l, r->log, LOG_ERROR, "what is unsound in the files is left out");
	log_number(&l, "count", (int64_t)r->state.left_out);
	log_text(&l, "error", r->state.why);
	log_end(&l);
}

/* The patience is over: what is sound is put in force. */
static void reload_leave_out(struct reload *r)
{
	struct reload_told told = { .reload = r, .messages = MESSAGES_MAX }; /* they were told */
	size_t errors;
	struct shared *set = r->ops->load(r->ctx, true, reload_take_message, &told, &errors);

	r->tidy = TIDY_TURNS;
	r->unsound_since = clock_ms(); /* without memory: once more, as much later */
	if (!set)
		return;
	reload_log_loaded(r, set);
	reload_log_left_out(r, set);
	reload_publish(r, set);
	r->reminded = 0;
	r->ops->follow(r->ctx, set);
}

/* ---- loading ---- */

static void reload_load_again(struct reload *r)
{
	struct reload_told told = { .reload = r };
	size_t errors = 0;
	struct shared *set = r->ops->load(r->ctx, false, reload_take_message, &told, &errors);

	r->tidy = TIDY_TURNS;
	metrics_reload(r->metrics, METRICS_POLICIES, set);
	if (!set) {
		reload_fail(r, &told, errors);
		return;
	}
	reload_log_loaded(r, set);
	reload_publish(r, set);
	r->ops->follow(r->ctx, set); /* the slot holds it: nobody else publishes */
}

/*
 * The marks are of before the reading: what changes meanwhile differs from them at the next
 * look. Contents are read only when something else differs or might not show a change, or when
 * the last reading failed, perhaps for want of descriptors.
 */
static bool reload_set_changed(struct reload *r)
{
	struct reload_mark now;
	bool same;

	r->ops->mark(r->ctx, false, &now);
	if (now.identity == r->mark.identity && !r->mark.fresh && !r->state.failed)
		return false;
	r->ops->mark(r->ctx, true, &now);
	same = now.contents == r->mark.contents;
	r->mark = now;
	return !same;
}

void reload_now(struct reload *r)
{
	r->ops->mark(r->ctx, true, &r->mark);
	reload_load_again(r);
}

/* ---- the certificate ---- */

static void reload_look_at_certificate(struct reload *r)
{
	struct err err;
	struct log_line l;
	int changed = serving_cert_tick(r->certificate, &err);

	if (!changed)
		return;
	r->tidy = TIDY_TURNS;
	metrics_reload(r->metrics, METRICS_CERTIFICATE, changed > 0);
	if (changed > 0)
		log_begin(&l, r->log, LOG_INFO, "the certificate was reloaded");
	else
		log_begin(&l, r->log, LOG_ERROR,
			  "the certificate cannot be reloaded; the last one stays in force");
	if (changed < 0)
		log_text(&l, "error", err.msg);
	log_end(&l);
}

/* ---- the whole ---- */

void reload_all(struct reload *r)
{
	serving_cert_forget(r->certificate);
	reload_look_at_certificate(r);
	reload_now(r);
}

int reload_start(struct reload *r)
{
	struct reload_told told = { .reload = r, .first = true };
	struct shared *set;
	size_t errors;

	pthread_mutex_init(&r->lock, NULL);
	r->watch.fd = -1;
	r->ops->mark(r->ctx, true, &r->mark);
	set = r->ops->load(r->ctx, !r->strict, reload_take_message, &told, &errors);
	if (!set && !r->strict)
		set = r->ops->bare(r->ctx);
	if (!set)
		return -1;
	if (r->ops->left_out_n(set)) {
		reload_note_failure(r, &told, errors);
		reload_log_left_out(r, set);
	}
	reload_publish(r, set);
	return 0;
}

void reload_watch(struct reload *r)
{
	const char *paths[WATCH_PATHS_MAX];
	size_t n = r->ops->paths(r->ctx, paths, WATCH_PATHS_MAX - 2);

	if (r->certificate->cert_file) {
		paths[n++] = r->certificate->cert_file;
		paths[n++] = r->certificate->key_file;
	}
	watch_init(&r->watch, paths, n);
}

void reload_done(struct reload *r)
{
	if (!r->ops)
		return; /* it was never started */
	watch_done(&r->watch);
	pthread_mutex_destroy(&r->lock);
}

int reload_fd(const struct reload *r)
{
	return watch_fd(&r->watch);
}

long reload_wait(const struct reload *r, long long now_ms)
{
	return watch_wait(&r->watch, now_ms);
}

void reload_tick(struct reload *r, long long now_ms)
{
	if (!watch_tick(&r->watch, now_ms))
		return;
	reload_look_at_certificate(r);
	if (reload_set_changed(r))
		reload_load_again(r);
	if (r->unsound_since && !r->strict && now_ms - r->unsound_since >= RELOAD_PATIENCE_MS)
		reload_leave_out(r);
}

void reload_tidy(struct reload *r)
{
	struct shared *set;

	reload_remind(r);
	if (!r->tidy)
		return;
	r->tidy--;
	set = slot_get(r->slot);
	r->ops->follow(r->ctx, set);
	shared_unref(set);
	memory_trim();
	memory_drop_code();
}
