/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/published_watch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/json/json.h"

#define HOUR_MS (3600 * 1000LL)
#define DAY_S   86400
#define EVENTS  "/api/v1/namespaces/" PUBLISHED_NAMESPACE "/events"

/* One look; what is read lives in the arena. */
struct published_look {
	struct published_watch *p;
	struct arena arena;
	int64_t now; /* by the API server's clock */
	struct err *err;
};

static enum kube_result published_watch_call(struct published_look *l,
					     const struct kube_request *request, struct str *out)
{
	struct kube_answer *a = malloc(sizeof *a);
	enum kube_result result;

	*out = (struct str){ NULL, 0 };
	if (!a) {
		err_nomem(l->err);
		return KUBE_CONNECTION;
	}
	kube_call(l->p->kube, request, a, l->err);
	result = a->result;
	atomic_fetch_add(&l->p->status->calls[result], 1);
	l->p->stopped |= result == KUBE_STOPPED;
	l->now = a->date ? a->date : clock_seconds();
	if (result == KUBE_OK)
		*out = str_copy(&l->arena, kube_answer_text(a));
	kube_answer_done(a);
	free(a);
	return result;
}

/* ---- the log ---- */

static void published_watch_log_failure(struct published_watch *p, const struct err *err)
{
	struct log_line l;

	if (err->kind == ERR_NONE) {
		*p->told_error = '\0';
		return;
	}
	if (p->stopped || !strcmp(p->told_error, err->msg))
		return;
	snprintf(p->told_error, sizeof p->told_error, "%s", err->msg);
	log_begin(&l, p->log, LOG_WARN, "the posture could not be read or told");
	log_text(&l, "error", err->msg);
	log_end(&l);
}

/* ---- Events ---- */

/* A place for a try, or NULL: there were enough within the hour. */
static long long *published_watch_find_try(struct published_watch *p)
{
	long long now = clock_ms();

	for (size_t i = 0; i < PUBLISHED_WATCH_EVENTS; i++)
		if (!p->tries[i] || now - p->tries[i] >= HOUR_MS)
			return &p->tries[i];
	return NULL;
}

static bool has_been_told(struct published_watch *p, uint64_t key)
{
	for (size_t i = 0; i < p->told_n; i++)
		if (p->told[i] == key)
			return true;
	return false;
}

static void published_watch_begin_day(struct published_watch *p, int64_t now)
{
	if (p->day == now / DAY_S)
		return;
	p->day = now / DAY_S;
	p->told_n = 0;
}

/* False: no more for now. */
static bool published_watch_tell(struct published_look *l, const struct published_event *e)
{
	struct published_watch *p = l->p;
	uint64_t key = str_hash(0, e->key);
	struct kube_request request = { .method = KUBE_CREATE, .path = EVENTS };
	enum kube_result result;
	struct str answer;
	long long *try;

	if (has_been_told(p, key))
		return true;
	if (p->told_n == PUBLISHED_WATCH_KEYS || !(try = published_watch_find_try(p)))
		return false;
	request.body = published_event_print(e, l->now, &l->arena);
	if (!request.body.s)
		return false;
	*try = clock_ms();
	result = published_watch_call(l, &request, &answer);
	if (result == KUBE_REFUSED) /* this one: it keeps no other back */
		published_watch_log_failure(p, l->err);
	else if (result != KUBE_OK && result != KUBE_CONFLICT)
		return false; /* err says why */
	p->told[p->told_n++] = key;
	if (result == KUBE_OK)
		atomic_fetch_add(&p->status->written_events, 1);
	*l->err = (struct err){ .kind = ERR_NONE };
	return true;
}

static void published_watch_tell_all(struct published_look *l, const struct json *findings)
{
	struct published_event e;

	published_watch_begin_day(l->p, l->now);
	for (const struct json *f = findings && findings->type == JSON_ARRAY ? findings->child
									     : NULL;
	     f; f = f->next)
		if (published_event_of(f, &l->arena, &e) && !published_watch_tell(l, &e))
			return;
}

/* ---- facts ---- */

/* A fact never changes a verdict by itself: a person must look. */
static void published_watch_log_facts(struct published_watch *p)
{
	const struct published *r = &p->report;
	uint64_t hash = 0;
	struct log_line l;

	for (size_t i = 0; i < r->facts_n; i++)
		hash = str_hash(hash, str_of(r->facts[i]));
	if (hash == p->told_facts)
		return;
	p->told_facts = hash;
	for (size_t i = 0; i < r->facts_n; i++) {
		log_begin(&l, p->log, LOG_ERROR,
			  "a fact in the configuration contradicts the cluster");
		log_text(&l, "fact", r->facts[i]);
		log_end(&l);
	}
}

/* ---- the look ---- */

static int published_watch_read(struct published_look *l, const struct json **findings)
{
	struct kube_request request = { .method = KUBE_GET };
	char path[KUBE_URL_MAX];
	struct str body, text;
	enum kube_result result;

	snprintf(path, sizeof path, "/api/v1/namespaces/%s/configmaps/%s", l->p->namespace,
		 l->p->name);
	request.path = path;
	result = published_watch_call(l, &request, &body);
	if (result != KUBE_OK)
		return -1;
	if (published_find(body, &l->arena, &text, l->err) < 0)
		return -1;
	if (!text.n) {
		l->p->report = (struct published){ .time = 0 };
		return 0;
	}
	return published_read(text, &l->arena, &l->p->report, findings, l->err);
}

void published_watch_look(struct published_watch *p)
{
	struct err err = { .kind = ERR_NONE };
	struct published_look l = { .p = p, .err = &err };
	const struct json *findings = NULL;

	if (clock_ms() < p->at)
		return;
	arena_init(&l.arena, PUBLISHED_WATCH_MEMORY);
	if (published_watch_read(&l, &findings) == 0) {
		published_watch_log_facts(p);
		published_watch_tell_all(&l, findings);
	}
	published_watch_log_failure(p, &err);
	pthread_mutex_lock(&p->status->lock);
	p->status->posture = p->report;
	pthread_mutex_unlock(&p->status->lock);
	p->at = clock_ms() + p->interval * 1000LL;
	arena_done(&l.arena);
}
