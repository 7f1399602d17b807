/*
 * metrics.h - what happened, in numbers, in the text format of Prometheus.
 *
 * Any thread may count at any time, and waits for none that counts. No label has a
 * value that a client can choose: policies, rules and exceptions come from the
 * loaded set, the rest from the tables here, and the tables of findings and
 * exceptions are bounded besides.
 */
#ifndef LIB_SERVE_METRICS_H
#define LIB_SERVE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "oke/policy.h"
#include "lib/serve/tally.h"

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
		    METRICS_DESCRIPTORS, /* closed unheard: there were no descriptors */
		    METRICS_SHED_N
};

enum metrics_reload { /* what is read again when its files change */
		      METRICS_POLICIES,
		      METRICS_CERTIFICATE,
		      METRICS_RELOADS_N
};

/* Combinations of labels; further ones are counted as "other". */
#define METRICS_FINDINGS_MAX   4096
#define METRICS_EXCEPTIONS_MAX 2048
#define METRICS_BUCKETS        15

struct metrics {
	atomic_ullong reviews[4][4][2]; /* operation, decision, dry run */
	atomic_ullong seconds[METRICS_BUCKETS + 1], nanoseconds;
	atomic_ullong errors[METRICS_ERRORS_N], shed[METRICS_SHED_N];
	atomic_ullong reloads[METRICS_RELOADS_N][2]; /* error, ok */
	struct tally findings, exceptions;
	_Atomic(struct tally_entry *) findings_places[METRICS_FINDINGS_MAX];
	_Atomic(struct tally_entry *) exceptions_places[METRICS_EXCEPTIONS_MAX];
};

void metrics_init(struct metrics *m);
void metrics_done(struct metrics *m);

void metrics_review(struct metrics *m, enum operation op, enum action decision, bool dry_run,
		    uint64_t nanoseconds);
/* Also the use of the exception, if the finding is under one. */
void metrics_finding(struct metrics *m, const struct finding *f);
void metrics_error(struct metrics *m, enum metrics_error reason);
void metrics_shed(struct metrics *m, enum metrics_shed reason);
void metrics_reload(struct metrics *m, enum metrics_reload what, bool ok);
/* Another set is in force: forget the counts of rules and exceptions that it does not have. */
void metrics_follow(struct metrics *m, const struct policy_set *set);
uint64_t metrics_reviews(const struct metrics *m); /* all of them */
uint64_t metrics_reloads(const struct metrics *m, enum metrics_reload what, bool ok);

/* What is looked up when somebody asks. */
struct metrics_now {
	size_t policies, rules, overrides;
	size_t exceptions[EXCEPTION_STATES];
	bool policies_stale, certificate_stale; /* files hold something that was not taken */
	int64_t policies_loaded;                /* when, in seconds since the epoch */
	int64_t certificate_expiry;             /* seconds left; negative: expired */
	unsigned connections;
	size_t body_bytes;         /* in flight */
	size_t learned_rows;       /* who did what: how many are known */
	uint64_t learned_left_out; /* and how often there was no room for it */
	uint64_t log_suppressed;   /* lines that were not written */
	int64_t exception_expiry;  /* seconds until the next one ends; < 0: none is in force */
};

/* The process_* families alone. */
void metrics_process(FILE *f);
/* malloc'd; NULL without memory. */
char *metrics_text(struct metrics *m, const struct metrics_now *now, size_t *len);

#endif
