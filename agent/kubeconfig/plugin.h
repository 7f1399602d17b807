/* SPDX-License-Identifier: Apache-2.0
 * plugin.h - an exec plug-in (client.authentication.k8s.io/v1 and v1beta1), as OKE's kubeconfig
 * names one: a program that prints a token, or a certificate with its key.
 *
 * No shell; the user's environment with the file's variables and KUBERNETES_EXEC_INFO; standard
 * input is the terminal where the file allows it and there is one, else empty. It may take
 * 60 seconds and print 64 KiB, then its process group is ended. What it prints stays in the arena.
 */
#ifndef AGENT_KUBECONFIG_PLUGIN_H
#define AGENT_KUBECONFIG_PLUGIN_H

#include <stdint.h>

#include "agent/kubeconfig/kubeconfig.h"

#define PLUGIN_TIMEOUT_MS 60000
#define PLUGIN_OUTPUT_MAX (64u << 10)
#define PLUGIN_WORDS_MAX  400 /* bytes of its standard error that are repeated */

struct plugin_call {
	const struct kubeconfig *kubeconfig; /* with a plugin.command */
	struct str ca;                       /* PEM of the cluster's CA, for those who ask for it */
	int stop;                            /* readable: give up; -1: never */
	long timeout;                        /* milliseconds */
};

/* What it gave; texts end in NUL. At least a token, or certificate and key, is there. */
struct plugin_answer {
	struct str token, certificate, key;
	int64_t expires; /* seconds since the epoch; 0: not said */
};

/* Runs it. -1: err says what came of it, in its own words too, and never what it printed. */
int plugin_run(const struct plugin_call *call, struct arena *arena, struct plugin_answer *out,
	       struct err *err);

/* ---- for plugin_run, and their own tests ---- */

/* The value of KUBERNETES_EXEC_INFO. s is NULL: no room. */
struct str plugin_info(const struct plugin_call *call, bool interactive, struct arena *arena);
/* Its environment: the user's, then the file's; what is said later wins. NULL: no room. */
char **plugin_environment(const struct plugin *p, struct str info, char *const *users,
			  struct arena *arena);
/* What it printed: an ExecCredential of that version. */
int plugin_read(struct str printed, const struct plugin *p, struct arena *arena,
		struct plugin_answer *out, struct err *err);

#endif
