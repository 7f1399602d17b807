/* SPDX-License-Identifier: Apache-2.0
 * excluded.c - resources on which the cluster itself lives.
 *
 * Leader election, heartbeats, events and routing write these many times a second, and a webhook on
 * them has stopped control planes even with failurePolicy Ignore: each write waits for its timeout.
 */
#include "policy/model/excluded.h"

static const char heartbeat[] =
	"leader election and the nodes' heartbeats would wait for the guard";
static const char traffic[] = "controllers write them all the time";
static const char unnamed[] =
	"controllers write them all the time: name them, or give the label of their Service";
static const char asking[] = "each question about access would wait for the guard";
static const char itself[] = "the API server sends none of its own inner objects to a webhook";

static const struct {
	const char *group, *resource; /* resource "": all of the group */
	const char *why;
} unsent[] = {
	{ "", "endpoints", unnamed },
	{ "", "events", traffic },
	{ "admission.k8s.io", "", itself },
	{ "admissionregistration.k8s.io", "", itself },
	{ "apidiscovery.k8s.io", "", itself },
	{ "authentication.k8s.io", "", asking },
	{ "authorization.k8s.io", "", asking },
	{ "coordination.k8s.io", "leases", heartbeat },
	{ "discovery.k8s.io", "endpointslices", unnamed },
	{ "events.k8s.io", "", traffic },
	{ "imagepolicy.k8s.io", "", itself },
};

const char *excluded_why(struct str group, struct str resource)
{
	for (size_t i = 0; i < sizeof unsent / sizeof *unsent; i++) {
		bool all = !*unsent[i].resource;

		if (str_is(group, unsent[i].group) && (all || str_is(resource, unsent[i].resource)))
			return unsent[i].why;
	}
	return NULL;
}

bool unsent_but_named(struct str group, struct str resource)
{
	return excluded_why(group, resource) == unnamed;
}
