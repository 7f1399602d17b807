/* SPDX-License-Identifier: Apache-2.0
 * cmd_remove.c - `oke-guard-agent remove`: the webhook configuration goes first, so that
 * nothing asks a guard that is being taken away.
 */
#include <stdio.h>
#include <unistd.h>

#include "agent/cluster.h"
#include "agent/cmd.h"
#include "agent/api/wait.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/signals.h"

#define PATH "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/"

struct cmd_remove_options {
	struct cluster cluster;
	const char *configuration;
	long timeout;
};

/* What another try may change: nobody's rights come back by waiting. */
static bool remove_may_pass(enum kube_result r)
{
	return r == KUBE_CONNECTION || r == KUBE_THROTTLED || r == KUBE_SERVER ||
	       r == KUBE_CONFLICT || r == KUBE_UNAUTHORIZED;
}

static int remove_configuration(struct kube *k, const struct cmd_remove_options *a, int signals,
				struct err *err)
{
	long long end = clock_ms() + a->timeout * 1000;
	struct kube_request request = { .method = KUBE_DELETE };
	struct kube_answer answer;
	char path[KUBE_URL_MAX];

	snprintf(path, sizeof path, PATH "%s", a->configuration);
	request.path = path;
	for (unsigned failures = 0;;) {
		long wait;
		int r = kube_call(k, &request, &answer, err);

		kube_answer_done(&answer);
		if (r == 0 || answer.result == KUBE_MISSING) {
			printf("ValidatingWebhookConfiguration %s %s\n", a->configuration,
			       r == 0 ? "is removed: the API server asks nobody any more"
				      : "is not there: nothing to remove");
			return AGENT_DONE;
		}
		wait = wait_backoff(++failures, answer.retry_after);
		if (!remove_may_pass(answer.result) || clock_ms() + wait > end ||
		    wait_sleep(signals, wait))
			return cmd_complain("remove", AGENT_FAILED, err);
	}
}

static const struct command_help help = {
	.usage = "oke-guard-agent remove --webhook-configuration NAME",
	.summary =
		"Removes the ValidatingWebhookConfiguration, so that the API server asks nobody "
		"any more.\nFor whoever takes the guard away without Helm: first this, then the pods. It may be "
		"gone already.",
	.examples =
		"Examples:\n"
		"  oke-guard-agent remove --webhook-configuration oke-guard\n"
		"  oke-guard-agent remove --webhook-configuration oke-guard --server "
		"https://127.0.0.1:6443 \\\n      --token-file token --ca-file ca.crt\n\n"
		"Exit status: 0 removed, or not there; 1 it could not be removed; 2 wrong usage.",
};

int cmd_remove(int argc, char **argv)
{
	struct cmd_remove_options a = { .cluster.timeout = CLUSTER_TIMEOUT, .timeout = 60 };
	const struct option_def defs[] = {
		CMD_ROW_NAME("webhook-configuration", &a.configuration, "what to remove"),
		CMD_ROW_TIMEOUT(&a.timeout,
				"how long to try while the API server does not answer (60)"),
		CLUSTER_OPTIONS(&a.cluster),
	};
	scoped(fd_end) int signals = -1;
	struct kube *k;
	struct err err;
	int status = cmd_options(&help, defs, sizeof defs / sizeof *defs, argc, argv);

	if (status >= 0)
		return status;
	if (cluster_name("webhook-configuration", a.configuration, &err) < 0 ||
	    (signals = signals_to_stop(&err)) < 0 || !(k = cluster_open(&a.cluster, signals, &err)))
		return cmd_complain("remove", AGENT_USAGE, &err);
	status = remove_configuration(k, &a, signals, &err);
	kube_free(k);
	return fflush(stdout) ? AGENT_FAILED : status;
}
