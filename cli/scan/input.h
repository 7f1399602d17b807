/* SPDX-License-Identifier: Apache-2.0
 * input.h - where a scan's records come from: files, or the agent; private to cli.
 */
#ifndef CLI_SCAN_INPUT_H
#define CLI_SCAN_INPUT_H

#include "oke/posture.h"
#include "lib/base/options.h"

/*
 * Read a dump (a folder or a file of `scan --dump`), or plain lists of `kubectl get -o json|yaml`.
 * A stream that ends early is a cut scan, not an error. -1: nothing of it can be judged.
 */
int scan_from(struct posture *p, const char *path, struct err *err);

struct scan_agent {
	const char *program; /* NULL: beside this program, then in PATH */
	const char *kubeconfig, *context, *as;
	struct option_list as_groups;
	long request_timeout, deadline; /* seconds; 0: none */
	const char *dump;               /* folder to keep the records in, or NULL */
	bool progress;                  /* say on standard error what is being read */
};

/* Run the agent and ask for all that the checks need. -1: nothing came of it (err says why). */
int scan_live(struct posture *p, const struct scan_agent *a, struct err *err);

/* Hand the report to the agent, which writes it into that ConfigMap. -1: it did not. */
int scan_publish(const char *namespace, const char *name, const char *json, size_t n,
		 struct err *err);

#endif
