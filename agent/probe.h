/* SPDX-License-Identifier: Apache-2.0
 * probe.h - what the answer to a probe proves. Pure: the answer in, words out.
 *
 * The probe changes a ConfigMap that a built-in rule (self/probe) guards, as a dry run:
 * nothing is ever stored.
 */
#ifndef AGENT_PROBE_H
#define AGENT_PROBE_H

#include "agent/api/kube.h"

#define PROBE_RULE "[self/probe]"

enum probe_outcome {
	PROBE_DENIED, /* proof: the denial came back */
	PROBE_WARNED, /* proof: the warning came back, the write would have passed */
	PROBE_PASSED, /* nobody objected */
	PROBE_FAILED, /* the API server refused it for another reason, or did not answer */
	PROBE_OUTCOMES
};

enum probe_outcome probe_judge(const struct kube_answer *a);

/* What is known about the webhook configuration, to say why nobody objected. */
struct probe_sight {
	bool known, there; /* could it be read; is it there */
	size_t entries, untrusted;
	const char *mode; /* of the configuration, as the caller says: "enforce" */
};

/* Why, and the way out; some lines, each with a newline. */
void probe_explain(const struct probe_sight *sight, FILE *out);

#endif
