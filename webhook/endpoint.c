/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook/endpoint.h"

#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "webhook/admit.h"
#include "webhook/handler.h"

#define LOGGED_PATHS 1024 /* bytes of the changed paths in a line */

void endpoint_init(struct endpoint *s, struct slot *policies, struct review_metrics *metrics,
		   struct log *log, struct learn *learn)
{
	*s = (struct endpoint){
		.policies = policies, .metrics = metrics, .log = log, .learn = learn
	};
	repeats_init(&s->repeats);
	atomic_init(&s->large, false);
}

void endpoint_done(struct endpoint *s)
{
	repeats_done(&s->repeats);
}

void endpoint_tick(struct endpoint *s)
{
	if (atomic_exchange(&s->freed_much, false))
		memory_trim();
}

static const struct refusal *endpoint_admit(void *ctx, const struct head *head)
{
	const struct endpoint *s = ctx;
	const struct refusal *refusal = admit_review(head);

	if (refusal)
		review_metrics_error(s->metrics, refusal->status == 413 ? REVIEW_ERROR_TOO_LARGE
									: REVIEW_ERROR_REQUEST);
	return refusal;
}

/* ---- what is told about a review ---- */

/* The object as its writer sees it, and who wrote, and how it can be found in the audit log. */
static void endpoint_log_request(struct log_line *l, const struct request *req,
				 const struct head *head)
{
	log_str(l, "uid", req->uid);
	if (*head->traceparent)
		log_text(l, "traceparent", head->traceparent);
	log_str(l, "user", req->user.name);
	log_text(l, "operation", operation_name(req->operation));
	log_bool(l, "dryRun", req->dry_run);
	log_str(l, "group", req->resource.group);
	log_str(l, "resource", req->resource.resource);
	if (req->subresource.n)
		log_str(l, "subresource", req->subresource);
	if (req->namespace.n)
		log_str(l, "namespace", req->namespace);
	log_str(l, "name", req->name);
}

/* Paths only: a value may be a secret. */
static void endpoint_log_paths(struct log_line *l, const struct finding *f)
{
	char buf[LOGGED_PATHS];
	size_t n = 0;

	for (size_t i = 0; i < f->changes_n; i++) {
		struct str path = f->changes[i].path;

		if (path.n + 2 > sizeof buf - n)
			break;
		if (n)
			buf[n++] = ' ';
		memcpy(buf + n, path.s, path.n);
		n += path.n;
	}
	if (n)
		log_str(l, "paths", (struct str){ buf, n });
}

static void endpoint_log_finding(struct endpoint *s, const struct answer *a,
				 const struct head *head, const struct finding *f)
{
	struct log_line l;
	unsigned repeated;

	if (!repeats_tell(&s->repeats, &a->review.request, f, time(NULL), &repeated))
		return;
	log_begin_limited(&l, s->log, LOG_INFO, "finding");
	endpoint_log_request(&l, &a->review.request, head);
	log_str(&l, "policy", f->policy);
	log_str(&l, "rule", f->rule);
	log_text(&l, "tier", tier_name(f->tier));
	log_text(&l, "action", action_name(f->action));
	log_text(&l, "decision", action_name(a->verdict.action));
	log_text(&l, "mode", mode_name(a->verdict.mode));
	log_text(&l, "identity", identity_class_name(a->verdict.identity));
	if (f->override.n)
		log_str(&l, "override", f->override);
	if (f->replaces.n)
		log_str(&l, "replaces", f->replaces);
	if (f->exception.n) {
		log_str(&l, "exception", f->exception);
		log_str(&l, "ticket", f->ticket);
	}
	endpoint_log_paths(&l, f);
	if (repeated)
		log_number(&l, "repeated", repeated);
	log_end(&l);
}

static void endpoint_log_review(struct log *log, enum log_level level, const char *msg,
				const struct answer *a, const struct head *head)
{
	struct log_line l;

	log_begin_limited(&l, log, level, msg);
	endpoint_log_request(&l, &a->review.request, head);
	log_text(&l, "decision", action_name(a->verdict.action));
	if (a->verdict.error.n)
		log_str(&l, "error", a->verdict.error);
	log_end(&l);
}

static void endpoint_tell_decided(struct endpoint *s, const struct answer *a,
				  const struct head *head, uint64_t nanoseconds)
{
	const struct verdict *v = &a->verdict;

	review_metrics_review(s->metrics, a->review.request.operation, v->action,
			      a->review.request.dry_run, nanoseconds);
	if (v->error.n) {
		review_metrics_error(s->metrics,
				     a->large ? REVIEW_ERROR_TOO_LARGE : REVIEW_ERROR_UNREADABLE);
		endpoint_log_review(s->log, LOG_WARN,
				    a->large ? "a review was too large to be read"
					     : "an object could not be read",
				    a, head);
	}
	for (size_t i = 0; i < v->findings_n; i++) {
		review_metrics_finding(s->metrics, &v->findings[i]);
		if (v->findings[i].action > ACTION_ALLOW)
			endpoint_log_finding(s, a, head, &v->findings[i]);
	}
	if (v->findings_n)
		learn_verdict(s->learn, &a->review.request, v, time(NULL));
	if (v->action == ACTION_ALLOW)
		endpoint_log_review(s->log, LOG_DEBUG, "allowed", a, head);
}

static void endpoint_tell_undecided(const struct endpoint *s, const struct answer *a)
{
	struct log_line l;

	review_metrics_error(s->metrics,
			     a->status < 500 ? REVIEW_ERROR_MALFORMED : REVIEW_ERROR_MEMORY);
	log_begin_limited(&l, s->log, LOG_WARN, "a request was no review");
	log_number(&l, "status", a->status);
	log_str(&l, "answer", (struct str){ a->body, a->body && a->len ? a->len - 1 : 0 });
	log_end(&l);
}

/* ---- judging ---- */

/* What an answer takes: the set, memory, and the time at which it was begun. */
struct endpoint_judging {
	struct endpoint *service;
	const struct head *head;
	struct shared *set;
	struct arena arena;
	uint64_t begun;
	struct answer answer;
};

static void endpoint_begin(struct endpoint_judging *j, struct endpoint *s, const struct head *head)
{
	*j = (struct endpoint_judging){ .service = s, .head = head, .begun = clock_ns() };
	j->set = slot_get(s->policies);
	arena_init(&j->arena, HANDLER_ARENA_MAX);
}

static void endpoint_end(struct endpoint_judging *j, struct reply *out)
{
	struct answer *a = &j->answer;

	if (out->refusal)
		;
	else if (a->decided)
		endpoint_tell_decided(j->service, a, j->head, clock_ns() - j->begun);
	else
		endpoint_tell_undecided(j->service, a);
	out->status = a->status;
	out->len = a->len;
	out->body = a->body;
	a->body = NULL; /* the reply's now */
	answer_done(a);
	arena_done(&j->arena);
	shared_unref(j->set);
}

static void endpoint_judge(struct endpoint_judging *j, struct str body)
{
	handler_answer(policy_set_of(j->set), admit_part(j->head), body, clock_seconds(), &j->arena,
		       NULL, &j->answer);
}

static void endpoint_judge_unread(struct endpoint_judging *j, struct str begin,
				  const struct unread *unread)
{
	handler_answer_unread(policy_set_of(j->set), admit_part(j->head), begin, unread,
			      clock_seconds(), &j->arena, NULL, &j->answer);
}

/*
 * Another large one is being judged, and no worker waits for another. What no policy concerns takes
 * neither memory nor time; what a rule may refuse is refused; of all else the API server asks
 * again.
 */
static void endpoint_judge_beside(struct endpoint_judging *j, struct str body, struct reply *out)
{
	struct unread unread = { .why = UNREAD_ROOM, .bytes = body.n };
	struct answer *a = &j->answer;

	if (!handler_concerns(policy_set_of(j->set), admit_part(j->head), body, &j->arena)) {
		endpoint_judge(j, body);
		return;
	}
	endpoint_judge_unread(j, body, &unread);
	if (!a->decided || a->verdict.action == ACTION_DENY)
		return;
	out->refusal = &refusal_busy;
}

static void endpoint_answer(void *ctx, const struct head *head, struct str body, struct reply *out)
{
	struct endpoint *s = ctx;
	bool large = body.n > BUDGET_LARGE;
	struct endpoint_judging j;

	out->type = "application/json";
	endpoint_begin(&j, s, head);
	if (!large) {
		endpoint_judge(&j, body);
	} else if (!atomic_exchange(&s->large, true)) {
		endpoint_judge(&j, body);
		endpoint_end(&j, out);
		atomic_store(&s->large, false);
		atomic_store(&s->freed_much, true);
		return;
	} else {
		endpoint_judge_beside(&j, body, out);
	}
	endpoint_end(&j, out);
}

/* Where no envelope stands first no API server wrote it. */
static void endpoint_answer_unread(void *ctx, const struct head *head, struct str begin,
				   struct reply *out)
{
	struct unread unread = { .why = head->length > BODY_MAX ? UNREAD_LARGE : UNREAD_ROOM,
				 .bytes = head->length,
				 .limit = BODY_MAX };
	struct endpoint *s = ctx;
	struct endpoint_judging j;

	out->type = "application/json";
	endpoint_begin(&j, s, head);
	endpoint_judge_unread(&j, begin, &unread);
	if (!j.answer.decided)
		out->refusal = unread.why == UNREAD_ROOM ? &refusal_busy : &admit_no_review;
	if (out->refusal == &admit_no_review)
		review_metrics_error(s->metrics, REVIEW_ERROR_TOO_LARGE);
	endpoint_end(&j, out);
}

const struct server_ops endpoint_ops = { .admit = endpoint_admit,
					 .answer = endpoint_answer,
					 .answer_unread = endpoint_answer_unread,
					 .kept = review_head_size };
