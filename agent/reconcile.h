/* SPDX-License-Identifier: Apache-2.0
 * reconcile.h - one look at the cluster, and what must be done about it.
 *
 * In mode self: read the webhook configuration, then the Secret (in this order: a write of
 * the configuration is refused if anybody has written it since, so it never rests on a
 * Secret that is older than what it replaces), take the one step that rotate.h names, and look
 * again, until there is nothing to do but wait. In mode cert-manager the same, but pairs are taken
 * from the Secret that cert-manager writes, which is only read. In mode external: read, compare,
 * report.
 */
#ifndef AGENT_RECONCILE_H
#define AGENT_RECONCILE_H

#include "agent/status.h"
#include "lib/base/slot.h"
#include "lib/serve/log.h"

#define RECONCILE_STEPS_MAX   32   /* requests to change something, in one round */
#define RECONCILE_REPAIRS_MAX 3    /* of what could lock the cluster: then no entry refuses, ... */
#define RECONCILE_REPAIRS_S   600  /* ... where they were made in so many seconds, ... */
#define RECONCILE_SUSPEND_S   3600 /* ... for so many */
#define FACTS_EVERY_S         600
#define FACTS_AGAIN_S         60 /* after a failure */

struct reconcile {
	/* The caller's, filled in before the first round. */
	struct kube *kube;
	struct log *log;
	struct status *status;
	struct slot *policies;                                            /* of struct policy_set */
	const char *namespace, *service, *secret, *configuration, *facts; /* facts: or NULL */
	const char *source; /* of which pairs are taken; not in mode self */
	bool self;          /* makes the certificates */
	long rollout; /* seconds after which servers that are not up are told; 0: never looked at */
	bool writes;  /* the webhook configuration; else it only looks */
	int64_t overlap;
	const char *const *names; /* that the certificate must hold */
	size_t names_n;

	/* Its own. */
	struct status_view view;
	unsigned repairs;                         /* of what could lock the cluster, since ... */
	long long repairs_since, suspended_until; /* by clock_ms */
	long retry_after;                         /* the API server's wish, after a failure */
	long long facts_at;                       /* when facts are due, by clock_ms */
	bool learnt;  /* view.kubernetes is another than it was: load policies for it */
	bool stopped; /* a call was given up for the stop descriptor */
	long long unavailable_since; /* by clock_ms; 0: all servers are there */
	bool facts_failed;
	char told_error[512]; /* what the log has been told already */
	uint64_t told_differences;
};

/*
 * 0: done; *wait is how many seconds it takes until the next step is due, at most `longest`. -1: it
 * failed, and has been logged, or it was stopped. Facts that cannot be told are no failure. When
 * `learnt` is set nothing else was done: begin again at once, with policies for that version.
 */
int reconcile_run(struct reconcile *r, long longest, long *wait);

#endif
