/* SPDX-License-Identifier: Apache-2.0
 * cmd_publish.c - `oke-guard-agent publish`: the report of a scan into one ConfigMap, by name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cluster.h"
#include "agent/cmd.h"
#include "agent/published.h"
#include "agent/api/wait.h"
#include "lib/base/signals.h"
#include "lib/base/cleanup.h"
#include "lib/base/files.h"
#include "lib/json/json.h"

#define PUBLISH_TRIES  4
#define PUBLISH_MEMORY (4u << 20)

struct cmd_publish_options {
	struct cluster cluster;
	const char *namespace, *configmap;
};

/* Standard input: a report that others will be able to read. */
static int publish_read_report(struct arena *arena, struct str *out, struct err *err)
{
	char *p = arena_alloc(arena, PUBLISHED_MAX + 1);
	ssize_t n = p ? file_read_up_to(STDIN_FILENO, p, PUBLISHED_MAX + 1) : -1;
	const struct json *findings;
	struct published report;

	if (!p)
		return err_nomem(err);
	if (n < 0)
		return err_set(err, ERR_IO, "standard input: %s", strerror(errno));
	if (n > (ssize_t)PUBLISHED_MAX)
		return err_set(err, ERR_LIMIT, "the report has more than %u KiB",
			       PUBLISHED_MAX >> 10);
	*out = (struct str){ p, (size_t)n };
	return published_read(*out, arena, &report, &findings, err) < 0
		       ? err_in(err, "standard input")
		       : 0;
}

static int publish_print_patch(struct str report, struct arena *arena, struct str *out,
			       struct err *err)
{
	struct text t;

	text_init(&t, arena, PUBLISH_MEMORY / 4);
	text_puts(&t, "{\"data\":{\"" PUBLISHED_KEY "\":");
	json_quote(report, &t);
	text_puts(&t, "}}");
	*out = text_get(&t);
	return t.full ? err_nomem(err) : 0;
}

static bool publish_may_pass(enum kube_result r)
{
	return r == KUBE_CONNECTION || r == KUBE_THROTTLED || r == KUBE_SERVER ||
	       r == KUBE_CONFLICT;
}

static int publish_write(struct kube *k, const struct kube_request *request, int signals,
			 const struct cmd_publish_options *o, struct err *err)
{
	for (unsigned failures = 1;; failures++) {
		struct kube_answer answer;
		int status = kube_call(k, request, &answer, err);

		kube_answer_done(&answer);
		if (status == 0)
			return 0;
		if (answer.result == KUBE_MISSING)
			return err_set(err, ERR_IO,
				       "there is no ConfigMap %s in namespace %s; the chart makes "
				       "it, empty: helm upgrade with scan.enabled=true",
				       o->configmap, o->namespace);
		if (!publish_may_pass(answer.result) || failures == PUBLISH_TRIES ||
		    wait_sleep(signals, wait_backoff(failures, answer.retry_after)))
			return -1;
	}
}

static int publish_run(const struct cmd_publish_options *o, int signals, struct err *err)
{
	scoped(arena_end) struct arena arena;
	struct kube_request request = { .method = KUBE_PATCH };
	char path[KUBE_URL_MAX];
	struct str report;
	struct kube *k;
	int status;

	arena_init(&arena, PUBLISH_MEMORY);
	if (publish_read_report(&arena, &report, err) < 0 ||
	    publish_print_patch(report, &arena, &request.body, err) < 0 ||
	    !(k = cluster_open(&o->cluster, signals, err)))
		return -1;
	snprintf(path, sizeof path, "/api/v1/namespaces/%s/configmaps/%s", o->namespace,
		 o->configmap);
	request.path = path;
	status = publish_write(k, &request, signals, o, err);
	kube_free(k);
	return status;
}

static const struct command_help help = {
	.usage = "oke-guard-agent publish --namespace NS --configmap NAME",
	.summary = "Writes the report of a scan (JSON on standard input, at most 64 KiB) to the "
		   "key " PUBLISHED_KEY "\n"
		   "of that ConfigMap, which must be there, and touches nothing else.",
	.examples = "Examples:\n"
		    "  oke-guard-agent publish --namespace oke-guard --configmap "
		    "oke-guard-posture < report.json\n\n"
		    "Exit status: 0 it is written; 2 it is not.",
};

int cmd_publish(int argc, char **argv)
{
	struct cmd_publish_options o = { .cluster.timeout = CLUSTER_TIMEOUT };
	const struct option_def defs[] = {
		{ .name = "namespace",
		  .type = OPTION_STRING,
		  .value = &o.namespace,
		  .arg = "NS",
		  .help = "where the ConfigMap is" },
		CMD_ROW_NAME("configmap", &o.configmap, "the ConfigMap"),
		CLUSTER_OPTIONS(&o.cluster),
	};
	scoped(fd_end) int signals = -1;
	struct err err;
	int status = cmd_options(&help, defs, sizeof defs / sizeof *defs, argc, argv);

	if (status >= 0)
		return status;
	if (cluster_name("namespace", o.namespace, &err) < 0 ||
	    cluster_name("configmap", o.configmap, &err) < 0 ||
	    (signals = signals_to_stop(&err)) < 0 || publish_run(&o, signals, &err) < 0)
		return cmd_complain("publish", AGENT_USAGE, &err);
	return AGENT_DONE;
}
