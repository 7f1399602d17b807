/* SPDX-License-Identifier: Apache-2.0
 * endpoint.h - the webhook: what a POST to /validate (and below) means.
 *
 * Reviews are judged by the set that is in force when their last byte has
 * arrived. Large ones are judged one at a time, so that the memory for parsing
 * one of them exists once, whatever the number of workers; one that finds another is not kept
 * waiting, and neither is its worker.
 */
#ifndef WEBHOOK_ENDPOINT_H
#define WEBHOOK_ENDPOINT_H

#include <stdatomic.h>

#include "lib/base/slot.h"
#include "policy/learn/learn.h"
#include "lib/serve/log.h"
#include "webhook/metrics.h"
#include "webhook/repeats.h"
#include "lib/serve/server.h"

struct endpoint {
	struct slot *policies; /* of struct policy_set */
	struct review_metrics *metrics;
	struct log *log;
	struct learn *learn;
	struct repeats repeats; /* of refusals */
	atomic_bool large;      /* one of them is being judged */
	atomic_bool freed_much; /* memory may be given back to the system: service_tick */
};

void endpoint_init(struct endpoint *s, struct slot *policies, struct review_metrics *metrics,
		   struct log *log, struct learn *learn);
/* For server_config, with the service as ctx. */
extern const struct server_ops endpoint_ops;
void endpoint_done(struct endpoint *s);
/* Give back what large requests took; call about every second. */
void endpoint_tick(struct endpoint *s);

#endif
