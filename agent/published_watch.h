/* SPDX-License-Identifier: Apache-2.0
 * published_watch.h - the report that the scan in the cluster publishes: read now and then, shown
 * as metrics, told as Events on what has drifted.
 *
 * At most PUBLISHED_WATCH_EVENTS an hour, one a finding and day: an Event's name holds both, so a
 * second one is refused by the API server even after the agent was restarted; tries count, too.
 */
#ifndef AGENT_PUBLISHED_WATCH_H
#define AGENT_PUBLISHED_WATCH_H

#include "agent/published.h"
#include "agent/status.h"
#include "lib/serve/log.h"

#define PUBLISHED_WATCH_EVENTS 20 /* tries to make one, an hour */
#define PUBLISHED_WATCH_KEYS                                                                       \
	1024 /* findings of a day that are remembered; the report holds fewer */
#define PUBLISHED_WATCH_INTERVAL 5 /* rounds of the agent from look to look */
#define PUBLISHED_WATCH_MEMORY   (2u << 20)

struct published_watch {
	/* The caller's. */
	struct kube *kube;
	struct log *log;
	struct status *status;
	const char *namespace, *name; /* of the ConfigMap */
	long interval;                /* seconds from look to look */

	/* Its own. */
	long long at; /* when to look again, by clock_ms */
	struct published report;
	long long tries[PUBLISHED_WATCH_EVENTS]; /* when, by clock_ms; 0: none */
	int64_t day;
	size_t told_n;
	uint64_t told[PUBLISHED_WATCH_KEYS]; /* of that day */
	char told_error[512];                /* what the log has been told already */
	uint64_t told_facts;
	bool stopped;
};

/* Look, if it is time. What fails is logged, once, and ends nothing. */
void published_watch_look(struct published_watch *p);

#endif
