/* SPDX-License-Identifier: Apache-2.0
 * cmd_serve.c - `oke-guard serve`: wire the parts together, watch the clock,
 * stop without a failed call.
 *
 * Signals are taken by the main thread alone, which sleeps in between and does
 * what is due: deadlines, changed policies, a changed certificate, memory to
 * give back. The workers belong to the servers.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/signals.h"
#include "oke/policy.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/options.h"
#include "lib/base/version.h"
#include "lib/serve/budget.h"
#include "lib/serve/conns.h"
#include "lib/base/memory.h"
#include "lib/serve/notify.h"
#include "lib/serve/program.h"
#include "lib/serve/tls.h"
#include "policy/follow/follow.h"
#include "policy/follow/version.h"
#include "webhook/endpoint.h"
#include "webhook/health.h"
#include "webhook/learn_keep.h"
#include "cli/cmd.h"

#define THREADS_DEFAULT    4 /* at most; fewer where there are fewer CPUs */
#define CONNECTIONS_MAX    1024
#define HEALTH_CONNECTIONS 64
#define FILES_WANTED       (2 * (CONNECTIONS_MAX + HEALTH_CONNECTIONS) + 64)
#define FILES_OTHER        64 /* descriptors that are no connections */
#define MIB                (1024u * 1024)
#define STOP_TICK_MS       25
#define STOP_MS            40000 /* the longest a request may take: 8 MiB, slowly, and the answer */

struct cmd_serve_options {
	const char *listen, *health_listen, *cert, *key, *config, *facts, *versions, *tls_min,
		*log_level, *learn_state;
	struct option_list policies;
	bool strict;
	long threads, body_budget, grace;
};

struct cmd_serve_program {
	struct program program;
	struct policy_follow follow;
	struct review_metrics metrics;
	struct budget budget;
	struct endpoint service;
	struct learn learn;
	struct learn_keeper keeper;
	struct health health;
	struct server *webhook;
	unsigned connections;
	char listen[LISTEN_ADDRESS];
	long wait; /* what the webhook's server wants, in milliseconds */
};

static int cmd_serve_complain(const struct err *err)
{
	program_complain("oke-guard serve: %s\n", err->msg);
	return EXIT_INPUT;
}

/* ---- before the start ---- */

/* As many descriptors as all connections need; how many connections there may be, then. */
static unsigned cmd_serve_raise_files(void)
{
	struct rlimit r;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return HEALTH_CONNECTIONS;
	if (r.rlim_cur < FILES_WANTED) {
		r.rlim_cur = r.rlim_max < FILES_WANTED ? r.rlim_max : FILES_WANTED;
		setrlimit(RLIMIT_NOFILE, &r);
		getrlimit(RLIMIT_NOFILE, &r);
	}
	room = r.rlim_cur > FILES_OTHER ? (r.rlim_cur - FILES_OTHER) / 2 : 0;
	room = room > HEALTH_CONNECTIONS ? room - HEALTH_CONNECTIONS : 1;
	return room > CONNECTIONS_MAX ? CONNECTIONS_MAX : (unsigned)room;
}

static unsigned cmd_serve_threads_of(const struct cmd_serve_options *asked)
{
	cpu_set_t set;
	int n = 1;

	if (asked->threads)
		return (unsigned)asked->threads;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	return n > THREADS_DEFAULT ? THREADS_DEFAULT : (unsigned)n;
}

/* ---- start ---- */

static void cmd_serve_policies_in_force(void *ctx, const struct policy_set *set)
{
	review_metrics_follow(ctx, set);
}

static int cmd_serve_start_policies(struct cmd_serve_program *p,
				    const struct cmd_serve_options *asked)
{
	p->follow = (struct policy_follow){ .source = { .paths = asked->policies.v,
							.paths_n = asked->policies.n,
							.config = asked->config,
							.facts = asked->facts,
							.versions = asked->versions },
					    .in_force = cmd_serve_policies_in_force,
					    .ctx = &p->metrics };
	return program_load(&p->program, "oke-guard serve", asked->strict, &policy_follow_ops,
			    &p->follow);
}

static int cmd_serve_start_webhook(struct cmd_serve_program *p,
				   const struct cmd_serve_options *asked, struct err *err)
{
	struct server_config config = { .threads = cmd_serve_threads_of(asked),
					.connections = p->connections,
					.pairs = &p->program.certificate.pairs,
					.priorities = tls_priorities(asked->tls_min),
					.budget = &p->budget,
					.metrics = &p->program.metrics,
					.draining = &p->program.draining,
					.ops = &endpoint_ops,
					.ctx = &p->service };

	p->webhook = program_listen(&config, asked->listen, p->listen, err);
	return p->webhook ? 0 : -1;
}

static int cmd_serve_start_pages(struct cmd_serve_program *p, const struct cmd_serve_options *asked,
				 struct err *err)
{
	p->health = (struct health){ .policies = &p->program.in_force,
				     .certificate = &p->program.certificate,
				     .reload = &p->program.reload,
				     .reviews = &p->metrics,
				     .metrics = &p->program.metrics,
				     .learn = &p->learn,
				     .log = &p->program.log,
				     .budget = &p->budget,
				     .webhook = p->webhook,
				     .draining = &p->program.draining,
				     .started = clock_ms() / 1000 };
	return program_start_pages(&p->program, asked->health_listen, HEALTH_CONNECTIONS,
				   &health_ops, &p->health, err);
}

static int cmd_serve_start(struct cmd_serve_program *p, const struct cmd_serve_options *asked)
{
	struct err err;

	if (program_init(&p->program, asked->log_level, &err) < 0)
		return cmd_serve_complain(&err);
	p->connections = cmd_serve_raise_files();
	review_metrics_init(&p->metrics);
	budget_init(&p->budget, (size_t)asked->body_budget * MIB);
	learn_init(&p->learn, LEARN_ROWS);
	endpoint_init(&p->service, &p->program.in_force, &p->metrics, &p->program.log, &p->learn);
	p->keeper = (struct learn_keeper){ .learn = &p->learn,
					   .file = asked->learn_state,
					   .log = &p->program.log };
	if (cmd_serve_start_policies(p, asked) < 0)
		return EXIT_INPUT; /* it has said why */
	learn_keep_begin(&p->keeper);
	if (serving_cert_start(&p->program.certificate, asked->cert, asked->key, &err) < 0 ||
	    cmd_serve_start_webhook(p, asked, &err) < 0 ||
	    cmd_serve_start_pages(p, asked, &err) < 0)
		return cmd_serve_complain(&err);
	reload_watch(&p->program.reload);
	return EXIT_CLEAN;
}

static void cmd_serve_log_serving(struct cmd_serve_program *p,
				  const struct cmd_serve_options *asked)
{
	const struct policy_set *set = policy_set_of(p->program.in_force.now);
	struct log_line l;

	log_begin(&l, &p->program.log, LOG_INFO, "serving");
	log_text(&l, "version", OKE_GUARD_VERSION);
	log_text(&l, "listen", p->listen);
	log_text(&l, "health", p->program.pages_at);
	log_text(&l, "mode", mode_name(policy_set_mode(set)));
	log_number(&l, "policies", (int64_t)policy_set_policies(set));
	log_number(&l, "rules", (int64_t)policy_set_rules(set));
	policy_version_log(set, &l);
	log_number(&l, "leftOut", (int64_t)policy_set_left_out(set));
	log_number(&l, "threads", cmd_serve_threads_of(asked));
	log_text(&l, "tlsMin", asked->tls_min);
	log_end(&l);
	if (asked->cert)
		return;
	log_begin(&l, &p->program.log, LOG_WARN,
		  "no --tls-cert: serving a certificate made for this run");
	log_end(&l);
}

/* systemd, if it is that which started us. */
static void cmd_serve_tell_manager(struct cmd_serve_program *p, const char *state)
{
	struct err err;
	struct log_line l;

	if (notify_send(state, &err) >= 0)
		return;
	log_begin(&l, &p->program.log, LOG_WARN, "the service manager cannot be told");
	log_text(&l, "error", err.msg);
	log_end(&l);
}

/* ---- while serving ---- */

/* Sleep until something is due, at most ms; then do it. Has a signal to stop come? */
static bool cmd_serve_wait_and_tick(struct cmd_serve_program *p, long ms)
{
	bool stop = program_wait(&p->program, ms < p->wait ? ms : p->wait);

	stop = stop && signals_taken(p->program.signals);
	p->wait = server_tick(p->webhook);
	if (program_tick(&p->program)) {
		endpoint_tick(&p->service);
		learn_keep_tick(&p->keeper, clock_ms());
	}
	return stop;
}

/* ---- stop ---- */

static void cmd_serve_log_stopping(struct cmd_serve_program *p, long grace)
{
	struct log_line l;

	log_begin(&l, &p->program.log, LOG_INFO, "stopping");
	log_number(&l, "graceSeconds", grace);
	log_number(&l, "connections", server_connections(p->webhook));
	log_end(&l);
}

/*
 * The API servers learn late that this replica is going: until the grace time is over everything is
 * served, and each answer closes its connection. A second signal ends that at once.
 */
static void cmd_serve_drain(struct cmd_serve_program *p, long grace)
{
	long long end = clock_ms() + grace * 1000;
	bool again = false;

	atomic_store(&p->program.draining, true);
	cmd_serve_log_stopping(p, grace);
	cmd_serve_tell_manager(p, "STOPPING=1");
	while (!again && clock_ms() < end)
		again = cmd_serve_wait_and_tick(p, CONN_TICK_MS);
	server_quiesce(p->webhook);
	end = clock_ms() + STOP_MS;
	while (!again && server_connections(p->webhook) && clock_ms() < end) {
		server_cut_idle(p->webhook);
		again = cmd_serve_wait_and_tick(p, STOP_TICK_MS);
	}
}

/* Nobody can end a thread that does not come back: the process ends around it. */
static void cmd_serve_leave_behind(struct cmd_serve_program *p)
{
	long long busy = server_busy_ms(p->webhook);
	struct log_line l;

	if (busy < HEALTH_UNREADY_MS)
		return;
	log_begin(&l, &p->program.log, LOG_ERROR, "a worker does not come back; it is left behind");
	log_number(&l, "seconds", busy / 1000);
	log_end(&l);
	program_end_log(&p->program); /* nothing else: what it holds locked is locked for ever */
	_exit(EXIT_FINDINGS);
}

static void cmd_serve_finish(struct cmd_serve_program *p)
{
	server_free(TAKE(p->program.pages)); /* first: it looks at the other */
	server_free(p->webhook);
	program_done(&p->program);
	endpoint_done(&p->service);
	learn_keep_end(&p->keeper);
	learn_done(&p->learn);
	review_metrics_done(&p->metrics);
	program_end_log(&p->program);
}

static int cmd_serve_loop(struct cmd_serve_program *p, const struct cmd_serve_options *asked)
{
	struct log_line l;

	if (cmd_serve_start(p, asked) != EXIT_CLEAN)
		return EXIT_INPUT;
	cmd_serve_log_serving(p, asked);
	cmd_serve_tell_manager(p, "READY=1");
	memory_drop_code();
	memory_trim();
	while (!cmd_serve_wait_and_tick(p, SERVER_TICK_MS))
		;
	cmd_serve_drain(p, asked->grace);
	cmd_serve_leave_behind(p);
	log_begin(&l, &p->program.log, LOG_INFO, "stopped");
	log_number(&l, "reviews", (int64_t)review_metrics_reviews(&p->metrics));
	log_end(&l);
	return EXIT_CLEAN;
}

static const struct command_help help = {
	.usage = "oke-guard serve [OPTION]...",
	.summary =
		"Answer the API server's questions (POST /validate, over TLS), and show on a plain "
		"port\nhow it is doing (/healthz, /readyz, /statusz, /metrics). The built-in policies "
		"are\nalways loaded.",
	.examples =
		"Examples:\n"
		"  oke-guard certs issue --dir certs --name localhost --name 127.0.0.1\n"
		"  oke-guard serve --listen 127.0.0.1:8443 --tls-cert certs/tls.crt --tls-key "
		"certs/tls.key\n"
		"  oke-guard serve --policy policies/ --config guard.yaml\n\n"
		"SIGTERM stops it: it goes on serving for the grace time, then ends with 0. SIGHUP\n"
		"makes it read its files again, though it sees by itself when they change. The sound\n"
		"part of policies and configuration is served, the rest is reported (--strict: it\n"
		"exits instead). If it cannot start, it prints one line saying why and exits with 2.",
};

static struct cmd_serve_options asked = { .listen = ":8443",
					  .health_listen = ":9443",
					  .tls_min = "1.3",
					  .log_level = "info",
					  .body_budget = 24,
					  .grace = 10 };

static const struct option_def defs[] = {
	{ .name = "listen",
	  .type = OPTION_STRING,
	  .value = &asked.listen,
	  .arg = "ADDR:PORT",
	  .env = "OKE_GUARD_LISTEN",
	  .help = "where the API server connects (:8443)" },
	{ .name = "health-listen",
	  .type = OPTION_STRING,
	  .value = &asked.health_listen,
	  .arg = "ADDR:PORT",
	  .env = "OKE_GUARD_HEALTH_LISTEN",
	  .help = "the plain port for probes and metrics (:9443)" },
	{ .name = "tls-cert",
	  .type = OPTION_STRING,
	  .value = &asked.cert,
	  .arg = "FILE",
	  .env = "OKE_GUARD_TLS_CERT",
	  .help = "the certificate, PEM, read again when it changes "
		  "(one made for this run)" },
	{ .name = "tls-key",
	  .type = OPTION_STRING,
	  .value = &asked.key,
	  .arg = "FILE",
	  .env = "OKE_GUARD_TLS_KEY",
	  .help = "its key, PEM" },
	{ .name = "tls-min",
	  .type = OPTION_CHOICE,
	  .value = &asked.tls_min,
	  .choices = "1.2|1.3",
	  .env = "OKE_GUARD_TLS_MIN",
	  .help = "the lowest version of TLS (1.3)" },
	{ .name = "policy",
	  .type = OPTION_LIST,
	  .value = &asked.policies,
	  .arg = "DIR",
	  .env = "OKE_GUARD_POLICY",
	  .help = "a file or folder of further policies and exceptions, read again when they "
		  "change; may be given more than once" },
	OPTION_ROW_CONFIG(&asked.config),
	{ .name = "facts",
	  .type = OPTION_STRING,
	  .value = &asked.facts,
	  .arg = "DIR",
	  .env = "OKE_GUARD_FACTS",
	  .help = "a folder of what the agent learnt, read again when it changes (none)" },
	OPTION_ROW_VERSIONS(&asked.versions),
	{ .name = "strict",
	  .type = OPTION_FLAG,
	  .value = &asked.strict,
	  .env = "OKE_GUARD_STRICT",
	  .help = "end with 2 where a file is unsound, and never leave a part of one out (what "
		  "is sound is served)" },
	{ .name = "threads",
	  .type = OPTION_NUMBER,
	  .value = &asked.threads,
	  .arg = "N",
	  .env = "OKE_GUARD_THREADS",
	  .min = 1,
	  .max = 64,
	  .help = "workers (one a CPU, at most 4)" },
	{ .name = "body-budget",
	  .type = OPTION_NUMBER,
	  .value = &asked.body_budget,
	  .arg = "MIB",
	  .env = "OKE_GUARD_BODY_BUDGET",
	  .min = 11,
	  .max = 4096,
	  .help = "MiB for the bodies of all requests under way (24); beyond, 429" },
	{ .name = "grace",
	  .type = OPTION_NUMBER,
	  .value = &asked.grace,
	  .arg = "SECONDS",
	  .env = "OKE_GUARD_GRACE",
	  .min = 0,
	  .max = 600,
	  .help = "how long to go on serving after SIGTERM (10)" },
	{ .name = "learn-state",
	  .type = OPTION_STRING,
	  .value = &asked.learn_state,
	  .arg = "FILE",
	  .env = "OKE_GUARD_LEARN_STATE",
	  .help = "keeps what was learned over a restart; one server alone "
		  "may write it (not kept)" },
	{ .name = "log-level",
	  .type = OPTION_CHOICE,
	  .value = &asked.log_level,
	  .choices = "debug|info|warn|error",
	  .env = "OKE_GUARD_LOG_LEVEL",
	  .help = "what to log (info: findings, not what was allowed)" },
};

int cmd_serve(int argc, char **argv)
{
	struct cmd_serve_program p = { 0 };
	int rest, status;

	status = options_parse(&help, defs, sizeof defs / sizeof *defs, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (rest < argc || !asked.cert != !asked.key) {
		fprintf(stderr,
			rest < argc ? "oke-guard serve: takes no operand ('%.60s')\n"
				    : "oke-guard serve: --tls-cert and --tls-key go together\n",
			argv[rest < argc ? rest : 0]);
		return EXIT_INPUT;
	}
	status = cmd_serve_loop(&p, &asked);
	cmd_serve_finish(&p);
	return status;
}
