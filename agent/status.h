/* SPDX-License-Identifier: Apache-2.0
 * status.h - what the agent knows, for those who ask on the plain port.
 *
 * One thread works and fills it in, another one shows it: each takes a copy.
 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "agent/api/kube.h"
#include "agent/published.h"
#include "agent/api/rotate.h"

#define STATUS_DIFFERENCES 8   /* are told, the rest is counted */
#define STATUS_TEXT        256 /* bytes of one */

struct status_view {
	bool self;                 /* we make the certificates */
	bool writes;               /* we write the configuration; else we only look */
	int64_t success;           /* when the last round ended well, by our clock; 0: none did */
	int64_t failing;           /* since when none does; 0: it did */
	char error[512];           /* why */
	bool current;              /* the configuration is as it is wanted */
	size_t differences, blind; /* else: how many; for how many of them something is missed */
	size_t locks;              /* for how many of them a dead guard could lock the cluster */
	long unavailable;          /* servers that are not available, for longer than a minute */
	bool suspended; /* no entry has failurePolicy Fail, for what something else does */
	char difference[STATUS_DIFFERENCES][STATUS_TEXT];
	struct rotate_plan plan; /* writes: where the certificates are */
	char kubernetes[16];     /* "1.36"; empty: not known */
	unsigned configured; /* the minor that the configuration names, where it is another; 0 */
};

struct status {
	pthread_mutex_t lock;
	struct status_view view;
	atomic_ullong calls[KUBE_RESULTS_N];
	atomic_ullong written_secret, written_configuration, written_events, lockouts_prevented;
	struct published posture; /* under the lock, as what follows */
	struct status_learned {
		char *page; /* JSON; malloc'd; NULL: no server has been asked yet */
		size_t len, unheard;
		bool known; /* who the servers are; else unheard means nothing */
	} learned;
};

#define STATUS_INIT                                                                                \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

static inline void status_get(struct status *s, struct status_view *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->view;
	pthread_mutex_unlock(&s->lock);
}

static inline void status_set(struct status *s, const struct status_view *view)
{
	pthread_mutex_lock(&s->lock);
	s->view = *view;
	pthread_mutex_unlock(&s->lock);
}

#endif
