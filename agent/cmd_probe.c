/* SPDX-License-Identifier: Apache-2.0
 * cmd_probe.c - `oke-guard-agent probe`: is a denial really denied, all the way from the API
 * server to the guard and back, and is what was asked for in force at every server? For
 * `helm test`, and after install and upgrade.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cluster.h"
#include "agent/cmd.h"
#include "agent/api/objects.h"
#include "agent/probe.h"
#include "agent/api/wait.h"
#include "agent/api/servers.h"
#include "lib/base/cleanup.h"
#include "lib/base/printable.h"
#include "lib/base/clock.h"
#include "lib/base/signals.h"
#include "oke/policy.h"

#define GROUP       "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/"
#define AGAIN_MS    2000
#define UNHEARD_MS  20000 /* so long a server that cannot be asked is waited for */
#define FAULTS_MAX  8     /* of the files are shown */
#define LOOKS_MAX   2     /* until what is not there counts as not there */
#define SHOWN_MAX   2000  /* bytes of the API server's words */
#define SHOWN_ARENA (KUBE_ANSWER_MAX * 4)

struct cmd_probe_options {
	struct cluster cluster;
	const char *namespace, *release, *config_map, *configuration, *mode, *service, *config,
		*versions;
	struct option_list policies;
	long timeout, health_port;
	uint64_t files; /* of what was asked for */
};

/* Is a configuration, or a policy, asked for? Else the servers are not asked. */
static bool has_files(const struct cmd_probe_options *a)
{
	return a->config || a->policies.n;
}

/* A dry run of a change that the guard must object to. */
static enum probe_outcome cmd_probe_try_once(struct kube *k, const struct cmd_probe_options *a,
					     struct kube_answer *answer, struct err *err)
{
	char path[KUBE_URL_MAX];
	struct kube_request request = { .method = KUBE_PATCH,
					.path = path,
					.body = STR("{\"data\":{\"state\":\"probed\"}}") };

	snprintf(path, sizeof path,
		 "/api/v1/namespaces/%s/configmaps/%s?dryRun=All&fieldManager=oke-guard-probe",
		 a->namespace, a->config_map);
	err->msg[0] = '\0';
	kube_call(k, &request, answer, err);
	return probe_judge(answer);
}

/* Its rights may not suffice for that: then it is not known. */
static void cmd_probe_look(struct kube *k, const struct cmd_probe_options *a,
			   struct probe_sight *sight)
{
	struct kube_request request = { .method = KUBE_GET };
	struct kube_answer answer;
	struct configuration c = { 0 };
	char path[KUBE_URL_MAX];
	struct arena arena;
	struct err err;

	snprintf(path, sizeof path, GROUP "%s", a->configuration);
	request.path = path;
	arena_init(&arena, OBJECT_MEMORY);
	*sight = (struct probe_sight){ .mode = a->mode };
	if (kube_call(k, &request, &answer, &err) == 0)
		sight->known = sight->there = objects_configuration_read(kube_answer_text(&answer),
									 &arena, &c, &err) == 0;
	else
		sight->known = answer.result == KUBE_MISSING;
	sight->entries = c.entries;
	sight->untrusted = c.untrusted;
	kube_answer_done(&answer);
	objects_wipe(&arena);
}

/* The text after `denied the request: `, as kubectl would show it. */
static void cmd_probe_print_denial(const struct kube_answer *a)
{
	static const char before[] = "denied the request: ";
	scoped(arena_end) struct arena arena;
	struct err err;
	const struct json *j;
	struct str text;
	const char *p;

	arena_init(&arena, SHOWN_ARENA);
	j = json_parse((struct str){ a->body, a->len }, NULL, &arena, &err);
	text = json_str(json_get(j, STR("message")));
	if ((p = text.n ? memmem(text.s, text.n, before, sizeof before - 1) : NULL))
		text = str_from(text, (size_t)(p - text.s) + sizeof before - 1);
	if ((p = text.n ? memchr(text.s, '\n', text.n) : NULL))
		text.n = (size_t)(p - text.s);
	text = printable_cut(text, SHOWN_MAX, &arena);
	printf("  %.*s\n", STR_ARG(text));
}

static bool is_in_place(const struct probe_sight *s)
{
	return !s->known || (s->entries && !s->untrusted);
}

static int cmd_probe_tell(struct kube *k, const struct cmd_probe_options *a,
			  enum probe_outcome outcome, const struct kube_answer *answer,
			  const struct err *err)
{
	struct probe_sight sight;

	if (outcome == PROBE_DENIED) {
		printf("Proved: the API server asked the guard about a change of ConfigMap "
		       "%s/%s, and it was denied:\n",
		       a->namespace, a->config_map);
		cmd_probe_print_denial(answer);
		return AGENT_DONE;
	}
	if (outcome == PROBE_WARNED) {
		printf("Proved: the API server asked the guard about a change of ConfigMap "
		       "%s/%s, and a warning\n"
		       "came back; nothing is denied (mode warn).\n",
		       a->namespace, a->config_map);
		return AGENT_DONE;
	}
	if (outcome == PROBE_FAILED) {
		fprintf(stderr, "oke-guard-agent probe: %s\n", err->msg);
		if (answer->result == KUBE_MISSING)
			fprintf(stderr, "The chart makes this ConfigMap: helm upgrade.\n");
		return AGENT_FAILED;
	}
	cmd_probe_look(k, a, &sight);
	if (!strcmp(a->mode, "audit") && is_in_place(&sight)) {
		printf("Not proved, and not refuted: ");
		probe_explain(&sight, stdout);
		return AGENT_DONE;
	}
	fprintf(stderr, "oke-guard-agent probe: nobody objected to a change of ConfigMap %s/%s.\n",
		a->namespace, a->config_map);
	probe_explain(&sight, stderr);
	return AGENT_FAILED;
}

/*
 * Nothing better will come: it is proved; or the mode is audit, and all is where it should be; or
 * the API server has nobody to ask, which no waiting mends: the chart makes it, and no part of the
 * guard makes it anew.
 */
static bool cmd_probe_is_settled(struct kube *k, const struct cmd_probe_options *a,
				 enum probe_outcome o, unsigned *missing)
{
	struct probe_sight sight;

	if (o != PROBE_PASSED)
		return o == PROBE_DENIED || o == PROBE_WARNED;
	cmd_probe_look(k, a, &sight);
	*missing = sight.known && !sight.there ? *missing + 1 : 0;
	return *missing == LOOKS_MAX || (!strcmp(a->mode, "audit") && is_in_place(&sight));
}

/* ---- what was asked for ---- */

static void cmd_probe_print_fault(void *ctx, bool error, const char *text)
{
	size_t *told = ctx;

	if (error && (*told)++ < FAULTS_MAX)
		fprintf(stderr, "  %s\n", text);
}

/* The files as the servers read them; what is wrong with them is told, with file and line. */
static int cmd_probe_read_files(struct cmd_probe_options *a)
{
	const struct policy_source source = { .paths = a->policies.v,
					      .paths_n = a->policies.n,
					      .config = a->config,
					      .versions = a->versions };
	size_t told = 0;
	struct policy_report report = { .message = cmd_probe_print_fault, .ctx = &told };
	struct policy_set *set;

	if (!has_files(a))
		return AGENT_DONE;
	set = policy_set_new(&source, &report);
	if (set) {
		a->files = policy_set_files(set);
		policy_set_unref(set);
		return AGENT_DONE;
	}
	if (report.errors > FAULTS_MAX)
		fprintf(stderr, "  ... and %zu more\n", report.errors - FAULTS_MAX);
	fprintf(stderr,
		"oke-guard-agent probe: what is asked for is not sound, so the servers leave "
		"that out, and serve the rest.\n"
		"  Correct it; oke-guard policy lint FILE tells the same.\n");
	return AGENT_FAILED;
}

/* ---- every server ---- */

static int cmd_probe_fail_servers(const struct servers *s, enum server_state worst)
{
	fprintf(stderr, worst == SERVER_LEFT_OUT
				? "oke-guard-agent probe: not all that is asked for is in force:\n"
				: "oke-guard-agent probe: what is asked for is not in force "
				  "everywhere yet:\n");
	servers_print(s, worst, stderr);
	if (worst == SERVER_BEHIND)
		fprintf(stderr, "  Kubelets take up to two minutes to bring a changed ConfigMap: "
				"try again with helm test.\n"
				"  A server that stays behind says why: kubectl logs, \"msg\":"
				"\"policy\".\n");
	return AGENT_FAILED;
}

static int cmd_probe_tell_servers(const struct servers *s, const struct cmd_probe_options *a)
{
	size_t heard = 0;

	for (size_t i = 0; i < s->n; i++)
		heard += s->v[i].state == SERVER_IN_FORCE;
	if (!s->n) {
		printf("The Endpoints of the Service name no server to ask what is in force.\n");
		return AGENT_DONE;
	}
	printf("In force at %zu of %zu servers: the configuration and the policies that are asked "
	       "for, in mode %s.\n",
	       heard, s->all, a->mode);
	if (heard < s->n) {
		printf("Not asked, which proves nothing of them; a NetworkPolicy or security list "
		       "may keep port %ld closed:\n",
		       a->health_port);
		servers_print(s, SERVER_UNHEARD, stdout);
	}
	return AGENT_DONE;
}

static bool cmd_probe_servers_settled(enum server_state worst, long long since)
{
	return worst == SERVER_IN_FORCE ||
	       (worst == SERVER_UNHEARD && clock_ms() - since > UNHEARD_MS);
}

/* Until all have it, or the time is over. */
static int cmd_probe_ask_servers(struct kube *k, const struct cmd_probe_options *a, int signals,
				 long long end)
{
	const struct servers_asked asked = { a->namespace, a->service, (unsigned)a->health_port,
					     a->files };
	struct servers *s = calloc(1, sizeof *s);
	enum server_state worst = SERVER_UNHEARD;
	long long begun = clock_ms();
	struct err err;
	int status;

	if (!s) {
		err_nomem(&err);
		return cmd_complain("probe", AGENT_FAILED, &err);
	}
	for (;;) {
		if (servers_ask(k, &asked, s, &err) < 0) {
			printf("The servers were not asked what they have in force: %s\n", err.msg);
			free(s);
			return AGENT_DONE;
		}
		worst = servers_worst(s);
		if (cmd_probe_servers_settled(worst, begun) || clock_ms() + AGAIN_MS > end ||
		    wait_sleep(signals, AGAIN_MS))
			break;
	}
	status = worst == SERVER_LEFT_OUT || worst == SERVER_BEHIND
			 ? cmd_probe_fail_servers(s, worst)
			 : cmd_probe_tell_servers(s, a);
	free(s);
	return status;
}

/* Until it is proved, or the time is over: after an installation everything takes a moment. */
static int cmd_probe_loop(struct kube *k, const struct cmd_probe_options *a, int signals)
{
	long long end = clock_ms() + a->timeout * 1000;
	unsigned missing = 0;
	struct kube_answer *answer = calloc(1, sizeof *answer);
	enum probe_outcome outcome = PROBE_FAILED;
	struct err err = { .kind = ERR_NONE };
	int status;

	if (!answer) {
		err_nomem(&err);
		return cmd_complain("probe", AGENT_FAILED, &err);
	}
	for (;;) {
		kube_answer_done(answer);
		outcome = cmd_probe_try_once(k, a, answer, &err);
		if (cmd_probe_is_settled(k, a, outcome, &missing) ||
		    answer->result == KUBE_STOPPED || clock_ms() + AGAIN_MS > end ||
		    wait_sleep(signals, AGAIN_MS))
			break;
	}
	status = cmd_probe_tell(k, a, outcome, answer, &err);
	kube_answer_done(answer);
	free(answer);
	return status == AGENT_DONE && has_files(a) ? cmd_probe_ask_servers(k, a, signals, end)
						    : status;
}

static const struct command_help help = {
	.usage = "oke-guard-agent probe --namespace NS --release NAME [OPTION]...",
	.summary =
		"Proves that a denial is really denied: asks the API server, as a dry run, for a "
		"change of\nConfigMap NAME-probe, which the guard must object to. In mode warn the "
		"warning is the\nproof. Nothing is changed. With the files of the servers (--config, "
		"--policy) it reads them,\nand asks every server whether they are in force.",
	.examples =
		"Examples:\n"
		"  oke-guard-agent probe --namespace oke-guard --release oke-guard\n"
		"  oke-guard-agent probe --namespace oke-guard --release oke-guard --mode "
		"audit\n\n"
		"Rights: patch of that ConfigMap; get of the webhook configuration, to say why "
		"nobody\n"
		"objected; get of the Service's Endpoints, to ask each server for /statusz. Exit "
		"status: 0\n"
		"proved (or mode audit, where nothing can be); 1 not proved, or not in force, "
		"and why;\n"
		"2 wrong usage.",
};

static int cmd_probe_validate_names(struct cmd_probe_options *a, char config_map[300],
				    struct err *err)
{
	if (a->release) {
		snprintf(config_map, 300, "%.246s-probe", a->release);
		if (!a->config_map)
			a->config_map = config_map;
		if (!a->configuration)
			a->configuration = a->release;
		if (!a->service)
			a->service = a->release;
	}
	if (a->service && cluster_name("service", a->service, err) < 0)
		return -1;
	if (cluster_name("namespace", a->namespace, err) < 0 ||
	    cluster_name("config-map", a->config_map, err) < 0)
		return -1;
	return cluster_name("webhook-configuration", a->configuration, err);
}

int cmd_probe(int argc, char **argv)
{
	struct cmd_probe_options a = { .cluster.timeout = CLUSTER_TIMEOUT,
				       .mode = "enforce",
				       .timeout = 60,
				       .health_port = 9443 };
	const struct option_def defs[] = {
		CMD_ROW_NAMESPACE(&a.namespace),
		CMD_ROW_NAME("release", &a.release,
			     "what its objects are named after: ConfigMap NAME-probe, webhook "
			     "configuration NAME"),
		CMD_ROW_NAME("config-map", &a.config_map,
			     "the ConfigMap, where it is named otherwise"),
		CMD_ROW_NAME("webhook-configuration", &a.configuration,
			     "the ValidatingWebhookConfiguration, the same"),
		{ .name = "mode",
		  .type = OPTION_CHOICE,
		  .value = &a.mode,
		  .choices = "enforce|warn|audit",
		  .help = "of the guard, as it is configured (enforce); in audit nothing can be "
			  "proved from outside" },
		OPTION_ROW_POLICY(&a.policies),
		OPTION_ROW_CONFIG(&a.config),
		OPTION_ROW_VERSIONS(&a.versions),
		CMD_ROW_NAME("service", &a.service,
			     "the Service whose endpoints are the servers, where it is named "
			     "otherwise"),
		{ .name = "health-port",
		  .type = OPTION_NUMBER,
		  .value = &a.health_port,
		  .arg = "PORT",
		  .min = 1,
		  .max = 65535,
		  .help = "the servers' plain port (9443)" },
		CMD_ROW_TIMEOUT(&a.timeout, "how long to try again (60)"),
		CLUSTER_OPTIONS(&a.cluster),
	};
	scoped(fd_end) int signals = -1;
	char config_map[300];
	struct kube *k;
	struct err err;
	int status = cmd_options(&help, defs, sizeof defs / sizeof *defs, argc, argv);

	if (status >= 0)
		return status;
	if (cmd_probe_validate_names(&a, config_map, &err) < 0 ||
	    (signals = signals_to_stop(&err)) < 0 || !(k = cluster_open(&a.cluster, signals, &err)))
		return cmd_complain("probe", AGENT_USAGE, &err);
	status = cmd_probe_read_files(&a);
	if (status == AGENT_DONE)
		status = cmd_probe_loop(k, &a, signals);
	kube_free(k);
	return fflush(stdout) ? AGENT_FAILED : status;
}
