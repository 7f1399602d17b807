/* SPDX-License-Identifier: Apache-2.0
 * cmd_run.c - `oke-guard-agent run`: a round now, one every interval, one when policies
 * change, one when a step of a renewal is due.
 *
 * One thread works; another one, the server's, shows how it goes. A signal ends both at
 * once, in the middle of a call too: whatever was under way is taken up by the next start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cluster.h"
#include "agent/cmd.h"
#include "agent/health.h"
#include "agent/published_watch.h"
#include "agent/reconcile.h"
#include "agent/api/learned.h"
#include "agent/api/wait.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/version.h"
#include "lib/base/memory.h"
#include "lib/serve/program.h"
#include "policy/follow/follow.h"

#define HEALTH_CONNECTIONS 32
#define NAMES              3
#define NAMES_OF_OTHERS    1 /* cert-manager's pair: what API servers call the service by */

struct cmd_run_options {
	struct cluster cluster;
	const char *namespace, *release, *service, *secret, *source, *configuration, *facts,
		*posture, *certificates, *config, *versions, *health_listen, *log_level;
	struct option_list policies;
	long overlap, interval, rollout, learned_port;
};

struct cmd_run_program {
	struct program program; /* without a certificate of its own: the plain port has none */
	struct policy_follow follow;
	struct status status;
	struct agent_health health;
	struct kube *kube;
	struct reconcile round;
	struct published_watch posture;
	struct learned_look learned;
	char learned_told[LEARNED_WHY]; /* what the log has been told already */
	char names[NAMES][600];
	const char *name[NAMES];
};

/* ---- start ---- */

static int cmd_run_validate_names(const struct cmd_run_options *a, struct err *err)
{
	bool writes = strcmp(a->certificates, "external") != 0;

	if (cluster_name("namespace", a->namespace, err) < 0 ||
	    cluster_name("service", a->service, err) < 0 ||
	    cluster_name("webhook-configuration", a->configuration, err) < 0)
		return -1;
	if (writes && cluster_name("secret", a->secret, err) < 0)
		return -1;
	if (!strcmp(a->certificates, "cert-manager") &&
	    cluster_name("source-secret", a->source, err) < 0)
		return -1;
	if (a->posture && cluster_name("posture", a->posture, err) < 0)
		return -1;
	return a->facts ? cluster_name("facts", a->facts, err) : 0;
}

/* --release names what the chart named after it. */
static void cmd_run_fill_names(struct cmd_run_options *a, char secret[300], char source[300])
{
	if (!a->release)
		return;
	if (!a->service)
		a->service = a->release;
	if (!a->configuration)
		a->configuration = a->release;
	snprintf(secret, 300, "%.253s-tls", a->release);
	if (!a->secret)
		a->secret = secret;
	snprintf(source, 300, "%.253s-cert-manager", a->release);
	if (!a->source)
		a->source = source;
}

/* What the API server, and others in the cluster, call the service by. */
static void cmd_run_name_service(struct cmd_run_program *p, const struct cmd_run_options *a)
{
	static const char *const ends[NAMES] = { ".svc", ".svc.cluster.local", "" };

	for (size_t i = 0; i < NAMES; i++) {
		snprintf(p->names[i], sizeof p->names[i], "%s.%s%s", a->service, a->namespace,
			 ends[i]);
		p->name[i] = p->names[i];
	}
}

static int cmd_run_start_policies(struct cmd_run_program *p, const struct cmd_run_options *a)
{
	p->follow = (struct policy_follow){ .source = { .paths = a->policies.v,
							.paths_n = a->policies.n,
							.config = a->config,
							.versions = a->versions } };
	if (program_load(&p->program, "oke-guard-agent run", false, &policy_follow_ops,
			 &p->follow) < 0)
		return -1; /* it has said why */
	reload_watch(&p->program.reload);
	return 0;
}

static int cmd_run_start_pages(struct cmd_run_program *p, const struct cmd_run_options *a,
			       struct err *err)
{
	p->health = (struct agent_health){ .status = &p->status,
					   .reload = &p->program.reload,
					   .interval = a->interval,
					   .learned = a->learned_port != 0 };
	return program_start_pages(&p->program, a->health_listen, HEALTH_CONNECTIONS,
				   &agent_health_ops, &p->health, err);
}

static void cmd_run_fill_reconcile(struct cmd_run_program *p, const struct cmd_run_options *a)
{
	bool self = !strcmp(a->certificates, "self");

	p->round = (struct reconcile){ .kube = p->kube,
				       .log = &p->program.log,
				       .status = &p->status,
				       .policies = &p->program.in_force,
				       .namespace = a->namespace,
				       .service = a->service,
				       .secret = a->secret,
				       .source = a->source,
				       .configuration = a->configuration,
				       .facts = a->facts,
				       .rollout = a->rollout,
				       .self = self,
				       .writes = strcmp(a->certificates, "external") != 0,
				       .overlap = a->overlap,
				       .names = p->name,
				       .names_n = self ? NAMES : NAMES_OF_OTHERS };
	p->posture = (struct published_watch){ .kube = p->kube,
					       .log = &p->program.log,
					       .status = &p->status,
					       .namespace = a->namespace,
					       .name = a->posture,
					       .interval = a->interval * PUBLISHED_WATCH_INTERVAL };
	p->learned = (struct learned_look){ .kube = p->kube,
					    .namespace = a->namespace,
					    .service = a->service,
					    .port = (unsigned)a->learned_port };
	p->round.view.self = p->status.view.self = p->round.self;
	p->round.view.writes = p->status.view.writes = p->round.writes;
}

static int cmd_run_start(struct cmd_run_program *p, const struct cmd_run_options *a)
{
	struct err err;

	if (program_init(&p->program, a->log_level, &err) < 0)
		return cmd_complain("run", AGENT_USAGE, &err);
	cmd_run_name_service(p, a);
	if (cmd_run_start_policies(p, a) < 0)
		return AGENT_USAGE;
	if (!(p->kube = cluster_open(&a->cluster, p->program.signals, &err)))
		return cmd_complain("run", AGENT_USAGE, &err);
	cmd_run_fill_reconcile(p, a);
	return cmd_run_start_pages(p, a, &err) < 0 ? cmd_complain("run", AGENT_USAGE, &err)
						   : AGENT_DONE;
}

static void cmd_run_finish(struct cmd_run_program *p)
{
	kube_free(p->kube);
	program_done(&p->program);
	program_end_log(&p->program);
	free(p->status.learned.page);
}

/* ---- the life ---- */

static uint64_t cmd_run_reloads(const struct cmd_run_program *p)
{
	return metrics_reloads(&p->program.metrics, METRICS_POLICIES, true);
}

/* Sleep, at most ms, until policies changed (false) or a signal came (true). */
static bool cmd_run_wait_for_event(struct cmd_run_program *p, long ms)
{
	long long end = clock_ms() + ms;
	uint64_t before = cmd_run_reloads(p);

	for (;;) {
		long long now = clock_ms();

		if (now >= end || cmd_run_reloads(p) != before)
			return false;
		if (program_wait(&p->program, (long)(end - now)))
			return true;
		program_tick(&p->program);
	}
}

static void cmd_run_log_state(struct cmd_run_program *p, const struct cmd_run_options *a,
			      const char *msg)
{
	struct log_line l;

	log_begin(&l, &p->program.log, LOG_INFO, msg);
	log_text(&l, "version", OKE_GUARD_VERSION);
	log_text(&l, "health", p->program.pages_at);
	log_text(&l, "configuration", a->configuration);
	log_text(&l, "certificates", a->certificates);
	log_end(&l);
}

/* What the servers have learned, onto the page. Where there is no memory the last one stays. */
static void cmd_run_ask_servers(struct cmd_run_program *p)
{
	struct learned_look *look = &p->learned;
	struct log_line l;
	char *old = NULL;

	learned_look(look);
	atomic_fetch_add(&p->status.calls[look->servers.result], 1);
	if (!look->stopped && strcmp(look->why, p->learned_told) != 0) {
		memcpy(p->learned_told, look->why, sizeof p->learned_told);
		if (*look->why) {
			log_begin(&l, &p->program.log, LOG_WARN,
				  "a server could not be asked what it has learned");
			log_text(&l, "error", look->why);
			log_end(&l);
		}
	}
	if (!look->page)
		return;
	pthread_mutex_lock(&p->status.lock);
	old = p->status.learned.page;
	p->status.learned =
		(struct status_learned){ look->page, look->len, look->unheard, look->known };
	pthread_mutex_unlock(&p->status.lock);
	free(old);
}

static int cmd_run_loop(struct cmd_run_program *p, const struct cmd_run_options *a)
{
	unsigned failures = 0;
	long wait = 0;

	if (cmd_run_start(p, a) != AGENT_DONE)
		return AGENT_USAGE;
	cmd_run_log_state(p, a, "looking after the cluster");
	do {
		long seconds;

		failures = reconcile_run(&p->round, a->interval, &seconds) < 0 ? failures + 1 : 0;
		if (p->round.learnt) {
			p->follow.source.learnt = p->round.view.kubernetes;
			reload_now(&p->program.reload);
			continue;
		}
		/* A second more: the API server tells its time in whole ones. */
		wait = failures ? wait_backoff(failures, p->round.retry_after)
				: seconds * 1000 + (seconds < a->interval ? 1000 : 0);
		if (a->posture && !p->round.stopped)
			published_watch_look(&p->posture);
		if (a->learned_port && !p->round.stopped && !p->posture.stopped)
			cmd_run_ask_servers(p);
		memory_trim();
	} while (p->round.learnt || (!p->round.stopped && !p->posture.stopped &&
				     !p->learned.stopped && !cmd_run_wait_for_event(p, wait)));
	cmd_run_log_state(p, a, "stopped");
	return AGENT_DONE;
}

static const struct command_help help = {
	.usage = "oke-guard-agent run --namespace NS --release NAME [OPTION]...",
	.summary = "Keeps the serving certificate (--certificates self: issues it, renews it in "
		   "time, with no\n"
		   "failed call) and the webhook configuration as the policies want them; with "
		   "cert-manager it\n"
		   "takes the certificates that that makes; with external it only compares and "
		   "reports. Tells the\n"
		   "replicas the version of Kubernetes (--facts).\n"
		   "While it is not running everything stays as it is.",
	.examples =
		"Examples:\n"
		"  oke-guard-agent run --namespace oke-guard --release oke-guard --facts "
		"oke-guard-facts\n"
		"  oke-guard-agent run --namespace oke-guard --release oke-guard --certificates "
		"external \\\n"
		"      --server https://127.0.0.1:6443 --token-file token --ca-file ca.crt\n\n"
		"SIGTERM ends it at once, with 0. If it cannot start, it prints one line saying\n"
		"why and exits with 2. No answer of the API server ends it.",
};

static struct cmd_run_options asked = { .cluster.timeout = CLUSTER_TIMEOUT,
					.certificates = "self",
					.health_listen = ":9443",
					.log_level = "info",
					.overlap = 120,
					.interval = 60 };

static const struct option_def defs[] = {
	CMD_ROW_NAMESPACE(&asked.namespace),
	CMD_ROW_NAME("release", &asked.release,
		     "what its objects are named after: service and webhook configuration NAME, "
		     "Secret NAME-tls"),
	CMD_ROW_NAME("service", &asked.service,
		     "the Service of the webhook, where it is named otherwise"),
	CMD_ROW_NAME("secret", &asked.secret,
		     "the Secret of the certificate that the servers show, the same"),
	CMD_ROW_NAME(
		"source-secret", &asked.source,
		"with --certificates cert-manager: the Secret that it writes (NAME-cert-manager)"),
	CMD_ROW_NAME("webhook-configuration", &asked.configuration,
		     "the ValidatingWebhookConfiguration, the same"),
	{ .name = "certificates",
	  .type = OPTION_CHOICE,
	  .value = &asked.certificates,
	  .choices = "self|cert-manager|external",
	  .help = "who makes them: the agent (self); cert-manager, whose pair the agent has trusted "
		  "before servers show it; you (external), who also write the webhook configuration" },
	CMD_ROW_NAME("facts", &asked.facts,
		     "the ConfigMap to write the version of Kubernetes to (none)"),
	CMD_ROW_NAME(
		"posture", &asked.posture,
		"the ConfigMap that a scan in the cluster writes its report to (none): read for "
		"metrics and Events"),
	{ .name = "rollout",
	  .type = OPTION_NUMBER,
	  .value = &asked.rollout,
	  .arg = "SECONDS",
	  .min = 0,
	  .max = 86400,
	  .help = "tell when servers of the Deployment named like the service have not been up for so "
		  "long (0: never)" },
	{ .name = "learned-port",
	  .type = OPTION_NUMBER,
	  .value = &asked.learned_port,
	  .arg = "PORT",
	  .min = 0,
	  .max = 65535,
	  .help = "ask each server on this plain port, once a round, what it has learned, and show that "
		  "merged at /learned (0: never)" },
	OPTION_ROW_POLICY(&asked.policies),
	OPTION_ROW_CONFIG(&asked.config),
	OPTION_ROW_VERSIONS(&asked.versions),
	{ .name = "overlap",
	  .type = OPTION_NUMBER,
	  .value = &asked.overlap,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long both CAs are trusted before and after the change (120); kubelets "
		  "take up to 90 to bring a changed Secret" },
	{ .name = "interval",
	  .type = OPTION_NUMBER,
	  .value = &asked.interval,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 3600,
	  .help = "how often to look (60)" },
	{ .name = "health-listen",
	  .type = OPTION_STRING,
	  .value = &asked.health_listen,
	  .arg = "ADDR:PORT",
	  .help = "the plain port for probes and metrics (:9443)" },
	{ .name = "log-level",
	  .type = OPTION_CHOICE,
	  .value = &asked.log_level,
	  .choices = "debug|info|warn|error",
	  .help = "what to log (info)" },
	CLUSTER_OPTIONS(&asked.cluster),
};

int cmd_run(int argc, char **argv)
{
	struct cmd_run_program *p;
	char secret[300], source[300];
	struct err err;
	int status = cmd_options(&help, defs, sizeof defs / sizeof *defs, argc, argv);

	if (status >= 0)
		return status;
	cmd_run_fill_names(&asked, secret, source);
	if (cmd_run_validate_names(&asked, &err) < 0)
		return cmd_complain("run", AGENT_USAGE, &err);
	if (!(p = calloc(1, sizeof *p))) {
		err_nomem(&err);
		return cmd_complain("run", AGENT_USAGE, &err);
	}
	*p = (struct cmd_run_program){ .status = STATUS_INIT };
	status = cmd_run_loop(p, &asked);
	cmd_run_finish(p);
	free(p);
	return status;
}
