/* SPDX-License-Identifier: Apache-2.0
 * health.h - the agent's plain port: /healthz, /readyz, /learned, /metrics.
 */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include "agent/status.h"
#include "lib/serve/reload.h"
#include "lib/serve/server.h"

#define HEALTH_STALE_S 300 /* no round has ended well for so long: not ready */

/* Where the pages look. Filled before the server starts; never changed afterwards. */
struct agent_health {
	struct status *status;
	struct reload *reload;
	long interval; /* seconds between two rounds */
	bool learned;  /* servers are asked what they have learned */
};

/* For server_config, with the agent_health as ctx. */
extern const struct server_ops agent_health_ops;

#endif
