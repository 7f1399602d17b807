/* SPDX-License-Identifier: Apache-2.0
 * cluster.h - options that each command has: where the API server is, and as whom to speak.
 */
#ifndef AGENT_CLUSTER_H
#define AGENT_CLUSTER_H

#include "agent/api/kube.h"
#include "lib/base/options.h"

#define CLUSTER_TIMEOUT 15 /* seconds of one call */

struct cluster {
	const char *server, *token_file, *ca_file; /* NULL: as a pod finds them */
	long timeout;
};

/* Rows of a command's table of options. */
#define CLUSTER_OPTIONS(c)                                                                         \
	{ .name = "server",                                                                        \
	  .type = OPTION_STRING,                                                                   \
	  .value = &(c)->server,                                                                   \
	  .arg = "URL",                                                                            \
	  .help = "the API server ($KUBERNETES_SERVICE_HOST and _PORT, as pods have them)" },      \
		{ .name = "token-file",                                                            \
		  .type = OPTION_STRING,                                                           \
		  .value = &(c)->token_file,                                                       \
		  .arg = "FILE",                                                                   \
		  .help = "bearer token, read again for each call (the mounted service "           \
			  "account's)" },                                                          \
		{ .name = "ca-file",                                                               \
		  .type = OPTION_STRING,                                                           \
		  .value = &(c)->ca_file,                                                          \
		  .arg = "FILE",                                                                   \
		  .help = "CA of the API server, PEM (the mounted service account's)" },           \
	{                                                                                          \
		.name = "request-timeout", .type = OPTION_NUMBER, .value = &(c)->timeout,          \
		.arg = "SECONDS", .min = 1, .max = 300, .help = "how long one call may take (15)"  \
	}

/* What cluster_open makes a client of: its texts stay good for as long as the options do. -1: err.
 */
int cluster_config(const struct cluster *c, int stop, struct kube_config *out, struct err *err);

/* stop: a descriptor that ends a call under way, or -1. NULL with err: no server, a bad address. */
struct kube *cluster_open(const struct cluster *c, int stop, struct err *err);

/* 0 when the named object's name may stand in a path; else -1: "--namespace expects ...". */
int cluster_name(const char *option, const char *name, struct err *err);

#endif
