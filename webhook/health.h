/* SPDX-License-Identifier: Apache-2.0
 * health.h - the plain port: /healthz, /readyz, /statusz, /metrics.
 */
#ifndef WEBHOOK_HEALTH_H
#define WEBHOOK_HEALTH_H

#include <stdint.h>

#include "policy/learn/learn.h"
#include "lib/serve/log.h"
#include "webhook/metrics.h"
#include "lib/serve/reload.h"
#include "lib/serve/server.h"
#include "lib/serve/certificate.h"

/* A worker that is at one request for so long does not come back any more: nothing takes that. */
#define HEALTH_UNREADY_MS 5000  /* /readyz fails: other replicas are asked */
#define HEALTH_DEAD_MS    30000 /* /healthz fails: the kubelet starts it anew */

/* Where the pages look. Filled before the health server starts; never changed afterwards. */
struct health {
	struct slot *policies; /* of struct policy_set */
	const struct serving_cert *certificate;
	struct reload *reload;
	struct review_metrics *reviews;
	const struct metrics *metrics;
	struct learn *learn;
	struct log *log;
	const struct budget *budget;
	struct server *webhook;
	const atomic_bool *draining;
	int64_t started; /* in seconds of clock_ms */
};

/* For server_config, with the health as ctx. */
extern const struct server_ops health_ops;

#endif
