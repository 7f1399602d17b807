/*
 * metrics.h - what happened, in numbers, in the text format of Prometheus.
 *
 * Counting takes no lock: any thread may count at any time. No label has a
 * value that a client can choose: policies and rules come from the loaded set,
 * the rest from the tables here, and the table of findings is bounded besides.
 */
#ifndef WEBHOOK_METRICS_H
#define WEBHOOK_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oke/policy.h"

enum metrics_error { /* why a request got no review, or a review no verdict of a policy */
		     METRICS_REQUEST,    /* no POST of JSON to /validate with a sound length */
		     METRICS_TOO_LARGE,  /* a body over the limit */
		     METRICS_MALFORMED,  /* a body that is no AdmissionReview */
		     METRICS_UNREADABLE, /* an object that could not be read: onError or a denial
					    answered */
		     METRICS_MEMORY,     /* no memory: 503 */
		     METRICS_ERRORS_N
};

enum metrics_shed {                      /* what was given up so that the rest is served */
		    METRICS_BUDGET,      /* 429: the bodies in flight use up their memory */
		    METRICS_SLOW_SENDER, /* cut while memory was short */
		    METRICS_HANDSHAKE,   /* no TLS handshake within its time */
		    METRICS_HEADER,      /* no whole header within its time */
		    METRICS_BODY,        /* no whole body within its time */
		    METRICS_ANSWER,      /* did not take its answer within the time */
		    METRICS_CONNECTIONS, /* the longest idle, cut for a new one */
		    METRICS_SHED_N
};

#define METRICS_FINDINGS_MAX 4096 /* a power of two; further ones are counted as "other" */
#define METRICS_BUCKETS      15

struct metrics_finding; /* one combination of labels and its count */

struct metrics {
	atomic_ullong reviews[4][4][2]; /* operation, decision, dry run */
	atomic_ullong seconds[METRICS_BUCKETS + 1], nanoseconds;
	atomic_ullong errors[METRICS_ERRORS_N], shed[METRICS_SHED_N];
	atomic_ullong certificate_reloads[2]; /* error, success */
	atomic_ullong findings_other;
	_Atomic(struct metrics_finding *) findings[METRICS_FINDINGS_MAX];
};

/* A struct metrics begins as all zeros. */
void metrics_done(struct metrics *m);

void metrics_review(struct metrics *m, enum operation op, enum action decision, bool dry_run,
		    uint64_t nanoseconds);
void metrics_finding(struct metrics *m, const struct finding *f);
void metrics_error(struct metrics *m, enum metrics_error reason);
void metrics_shed(struct metrics *m, enum metrics_shed reason);
void metrics_certificate_reload(struct metrics *m, bool success);
uint64_t metrics_reviews(const struct metrics *m); /* all of them */

/* What is looked up when somebody asks. */
struct metrics_now {
	size_t policies, rules, overrides;
	int64_t certificate_expiry; /* seconds left; negative: expired */
	unsigned connections;
	size_t body_bytes; /* in flight */
};

/* malloc'd; NULL without memory. */
char *metrics_text(const struct metrics *m, const struct metrics_now *now, size_t *len);

#endif
