/* SPDX-License-Identifier: Apache-2.0
 * metrics.h - what happened to reviews, in numbers, in the text format of Prometheus.
 *
 * Any thread may count at any time, and waits for none that counts. No label has a
 * value that a client can choose: policies, rules and exceptions come from the
 * loaded set, the rest from the tables here, and the tables of findings and
 * exceptions are bounded besides.
 */
#ifndef WEBHOOK_METRICS_H
#define WEBHOOK_METRICS_H

#include "oke/policy.h"
#include "lib/serve/metrics.h"
#include "lib/serve/tally.h"

enum review_error { /* why a request got no review, or a review no verdict of a policy */
		    REVIEW_ERROR_REQUEST,   /* no POST of JSON to /validate with a sound length */
		    REVIEW_ERROR_TOO_LARGE, /* a body over the limit, or without room: judged by its
					       envelope, or 413 */
		    REVIEW_ERROR_MALFORMED, /* a body that is no AdmissionReview */
		    REVIEW_ERROR_UNREADABLE, /* an object that could not be read, or takes too much
					   memory or too many steps: judged by the envelope */
		    REVIEW_ERROR_MEMORY,     /* no memory: 503 */
		    REVIEW_ERRORS_N
};

/* Combinations of labels; further ones are counted as "other". */
#define METRICS_FINDINGS_MAX   4096
#define METRICS_EXCEPTIONS_MAX 2048
#define METRICS_BUCKETS        15

struct review_metrics {
	atomic_ullong reviews[4][4][2]; /* operation, decision, dry run */
	atomic_ullong seconds[METRICS_BUCKETS + 1], nanoseconds;
	atomic_ullong errors[REVIEW_ERRORS_N];
	struct tally findings, exceptions;
	_Atomic(struct tally_entry *) findings_places[METRICS_FINDINGS_MAX];
	_Atomic(struct tally_entry *) exceptions_places[METRICS_EXCEPTIONS_MAX];
};

void review_metrics_init(struct review_metrics *m);
void review_metrics_done(struct review_metrics *m);

void review_metrics_review(struct review_metrics *m, enum operation op, enum action decision,
			   bool dry_run, uint64_t nanoseconds);
/* Also the use of the exception, if the finding is under one. */
void review_metrics_finding(struct review_metrics *m, const struct finding *f);
void review_metrics_error(struct review_metrics *m, enum review_error reason);
/* Another set is in force: forget the counts of rules and exceptions that it does not have. */
void review_metrics_follow(struct review_metrics *m, const struct policy_set *set);
uint64_t review_metrics_reviews(const struct review_metrics *m); /* all of them */

/* What is looked up when somebody asks. */
struct metrics_now {
	size_t policies, rules, overrides, replaced, left_out;
	size_t exceptions[EXCEPTION_STATES];
	bool policies_stale, certificate_stale; /* files hold something that was not taken */
	int64_t policies_loaded;                /* when, in seconds since the epoch */
	int64_t certificate_expiry;             /* seconds left; negative: expired */
	int64_t certificate_renewal;            /* until it is due; negative: overdue */
	unsigned connections;
	size_t body_bytes;         /* in flight */
	size_t learned_rows;       /* who did what: how many are known */
	uint64_t learned_left_out; /* and how often there was no room for it */
	uint64_t log_suppressed;   /* lines that were not written, for their rate */
	uint64_t log_lost;         /* and for a reader that stalled */
	long long worker_busy_ms;  /* the longest request that a worker is at */
	int64_t exception_expiry;  /* seconds until the next one ends; < 0: none is in force */
	struct policy_version kubernetes;
};

/* The server's numbers too. malloc'd; NULL without memory. */
char *review_metrics_text(struct review_metrics *m, const struct metrics *server,
			  const struct metrics_now *now, size_t *len);

#endif
