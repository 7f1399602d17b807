/*
 * endpoint.h - the webhook: what a POST to /validate (and below) means.
 *
 * Reviews are judged by the set that is in force when their last byte has
 * arrived. Large ones are judged one at a time, so that the memory for parsing
 * one of them exists once, whatever the number of workers.
 */
#ifndef WEBHOOK_ENDPOINT_H
#define WEBHOOK_ENDPOINT_H

#include <pthread.h>

#include "lib/base/slot.h"
#include "webhook/learn.h"
#include "lib/serve/log.h"
#include "lib/serve/metrics.h"
#include "lib/serve/server.h"

struct service {
	struct slot *policies; /* of struct policy_set */
	struct metrics *metrics;
	struct log *log;
	struct learn *learn;
	pthread_mutex_t large;
	atomic_bool freed_much; /* memory may be given back to the system: service_tick */
};

void service_init(struct service *s, struct slot *policies, struct metrics *metrics,
		  struct log *log, struct learn *learn);
void service_done(struct service *s);
/* For server_config, with the service as ctx. */
extern const struct server_ops service_ops;
/* Give back what large requests took; call about every second. */
void service_tick(struct service *s);

#endif
