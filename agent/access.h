/* SPDX-License-Identifier: Apache-2.0
 * access.h - the API server as a person reaches it: by a kubeconfig; in a pod without one, by the
 * service account's files. For commands that read; what runs in the cluster for good uses
 * cluster.h.
 *
 * Keys and tokens are in memory alone: no argument of a program, no file on a disk, no message
 * holds one, and the process leaves no core dump once one is read.
 */
#ifndef AGENT_ACCESS_H
#define AGENT_ACCESS_H

#include "agent/api/kube.h"
#include "agent/kubeconfig/memory_file.h"
#include "agent/kubeconfig/plugin.h"
#include "lib/base/options.h"

#define ACCESS_HEADERS_MAX 300

struct access_options {
	const char *kubeconfig, *context, *as; /* NULL: not given */
	struct option_list as_groups;
	long timeout; /* seconds of one call */
};

struct access {
	struct arena arena;       /* the kubeconfig */
	struct arena given_arena; /* what the plug-in gave last */
	struct kubeconfig kubeconfig;
	struct str ca; /* PEM */
	struct memory_file ca_file, cert_file, key_file;
	struct kube_config config;
	struct kube *kube; /* NULL: the plug-in gave nothing to ask with */
	const char *headers[ACCESS_HEADERS_MAX + 1];
	size_t headers_n;
	int64_t expires; /* of what the plug-in gave; 0: not said */
	bool rejected; /* the plug-in failed, or what it gave was refused: it is not asked again */
	const char *name; /* of the context, for the report */
};

/* stop: as in kube_config. End it with access_end whatever comes of it. -1: err. */
int access_open(struct access *a, const struct access_options *o, int stop, struct err *err);
void access_end(struct access *a);

/* Has it a plug-in that may be asked again? */
bool access_is_renewable(const struct access *a);
/* Ask it. -1: err. */
int access_renew(struct access *a, struct err *err);
/* What the plug-in gave has expired. */
bool access_has_expired(const struct access *a);

#endif
