/*
 * cmd_serve.c - `oke-guard serve`: wire the parts together, watch the clock,
 * stop without a failed call.
 *
 * Signals are taken by the main thread alone, which sleeps in between and does
 * what is due: deadlines, changed policies, a changed certificate, memory to
 * give back. The workers belong to the servers.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "oke/policy.h"
#include "lib/base/version.h"
#include "lib/serve/budget.h"
#include "cli/cmd.h"
#include "lib/serve/conns.h"
#include "webhook/health.h"
#include "webhook/learn_keep.h"
#include "lib/serve/listen.h"
#include "lib/serve/log.h"
#include "lib/serve/memory.h"
#include "lib/serve/metrics.h"
#include "lib/serve/notify.h"
#include "lib/base/options.h"
#include "lib/base/clock.h"
#include "lib/serve/reload.h"
#include "lib/serve/server.h"
#include "webhook/endpoint.h"
#include "lib/serve/certificate.h"
#include "lib/serve/tls.h"

#define THREADS_DEFAULT    4 /* at most; fewer where there are fewer CPUs */
#define CONNECTIONS_MAX    1024
#define HEALTH_CONNECTIONS 64
#define FILES_WANTED       (2 * (CONNECTIONS_MAX + HEALTH_CONNECTIONS) + 64)
#define FILES_OTHER        64 /* descriptors that are no connections */
#define MIB                (1024u * 1024)
#define SECOND_MS          1000
#define STOP_TICK_MS       25
#define STOP_MS            40000 /* the longest a request may take: 8 MiB, slowly, and the answer */

struct cmd_serve_options {
	const char *listen, *health_listen, *cert, *key, *config, *facts, *tls_min, *log_level,
		*learn_state;
	struct option_list policies;
	long threads, body_budget, grace;
};

struct cmd_serve_program {
	struct log log;
	struct metrics metrics;
	struct budget budget;
	struct slot policies;
	struct policy_source source;
	struct serving_cert serving;
	struct reload reload;
	struct endpoint service;
	struct learn learn;
	struct learn_keeper keeper;
	struct health health;
	struct server *webhook, *pages;
	atomic_bool draining;
	unsigned connections;
	char listen[LISTEN_ADDRESS], health_listen[LISTEN_ADDRESS];
	int signals;      /* SIGTERM and SIGINT, for poll(2) */
	long wait;        /* what the servers want, in milliseconds */
	long long second; /* when the slow checks were last made */
};

static int cmd_serve_complain(const struct err *err)
{
	fprintf(stderr, "oke-guard serve: %s\n", err->msg);
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

/* Threads inherit the mask: no worker is ever interrupted. */
static int cmd_serve_take_signals(struct cmd_serve_program *p, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if ((p->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		return err_set(err, ERR_IO, "signalfd: %s", strerror(errno));
	return 0;
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

static int cmd_serve_start_policies(struct cmd_serve_program *p,
				    const struct cmd_serve_options *asked)
{
	p->source = (struct policy_source){ .paths = asked->policies.v,
					    .paths_n = asked->policies.n,
					    .config = asked->config,
					    .facts = asked->facts };
	p->reload = (struct reload){ .command = "oke-guard serve",
				     .source = &p->source,
				     .policies = &p->policies,
				     .certificate = &p->serving,
				     .metrics = &p->metrics,
				     .log = &p->log };
	return reload_start(&p->reload);
}

static struct server *cmd_serve_start_server(struct server_config *config, const char *where,
					     char bound[LISTEN_ADDRESS], struct err *err)
{
	struct server *s;

	if ((config->fd = listen_on(where, bound, err)) < 0)
		return NULL;
	if (!(s = server_new(config, err)))
		close(config->fd);
	return s;
}

static int cmd_serve_start_webhook(struct cmd_serve_program *p,
				   const struct cmd_serve_options *asked, struct err *err)
{
	struct server_config config = { .threads = cmd_serve_threads_of(asked),
					.connections = p->connections,
					.pairs = &p->serving.pairs,
					.priorities = tls_priorities(asked->tls_min),
					.budget = &p->budget,
					.metrics = &p->metrics,
					.draining = &p->draining,
					.ops = &endpoint_ops,
					.ctx = &p->service };

	p->webhook = cmd_serve_start_server(&config, asked->listen, p->listen, err);
	return p->webhook ? 0 : -1;
}

static int cmd_serve_start_pages(struct cmd_serve_program *p, const struct cmd_serve_options *asked,
				 struct err *err)
{
	struct server_config config = { .threads = 1,
					.connections = HEALTH_CONNECTIONS,
					.metrics = &p->metrics,
					.draining = &p->draining,
					.ops = &health_ops,
					.ctx = &p->health };

	p->health = (struct health){ .policies = &p->policies,
				     .certificate = &p->serving,
				     .reload = &p->reload,
				     .metrics = &p->metrics,
				     .learn = &p->learn,
				     .log = &p->log,
				     .budget = &p->budget,
				     .webhook = p->webhook,
				     .draining = &p->draining,
				     .started = clock_ms() / 1000 };
	p->pages = cmd_serve_start_server(&config, asked->health_listen, p->health_listen, err);
	return p->pages ? 0 : -1;
}

static int cmd_serve_start(struct cmd_serve_program *p, const struct cmd_serve_options *asked)
{
	struct err err;

	memory_tune();
	p->connections = cmd_serve_raise_files();
	metrics_init(&p->metrics);
	log_init(&p->log, STDERR_FILENO, asked->log_level);
	budget_init(&p->budget, (size_t)asked->body_budget * MIB);
	learn_init(&p->learn, LEARN_ROWS);
	endpoint_init(&p->service, &p->policies, &p->metrics, &p->log, &p->learn);
	p->keeper = (struct learn_keeper){ .learn = &p->learn,
					   .file = asked->learn_state,
					   .log = &p->log };
	if (cmd_serve_start_policies(p, asked) < 0)
		return EXIT_INPUT; /* it has said why */
	learn_keep_begin(&p->keeper);
	if (cmd_serve_take_signals(p, &err) < 0 ||
	    serving_cert_start(&p->serving, asked->cert, asked->key, &err) < 0 ||
	    cmd_serve_start_webhook(p, asked, &err) < 0 ||
	    cmd_serve_start_pages(p, asked, &err) < 0)
		return cmd_serve_complain(&err);
	reload_watch(&p->reload);
	return EXIT_CLEAN;
}

static void cmd_serve_log_serving(struct cmd_serve_program *p,
				  const struct cmd_serve_options *asked)
{
	const struct policy_set *set = policy_set_of(p->policies.now);
	struct log_line l;

	log_begin(&l, &p->log, LOG_INFO, "serving");
	log_text(&l, "version", OKE_GUARD_VERSION);
	log_text(&l, "listen", p->listen);
	log_text(&l, "health", p->health_listen);
	log_text(&l, "mode", mode_name(policy_set_mode(set)));
	log_number(&l, "policies", (int64_t)policy_set_policies(set));
	log_number(&l, "rules", (int64_t)policy_set_rules(set));
	log_number(&l, "threads", cmd_serve_threads_of(asked));
	log_text(&l, "tlsMin", asked->tls_min);
	log_end(&l);
	if (asked->cert)
		return;
	log_begin(&l, &p->log, LOG_WARN, "no --tls-cert: serving a certificate made for this run");
	log_end(&l);
}

/* systemd, if it is that which started us. */
static void cmd_serve_tell_manager(struct cmd_serve_program *p, const char *state)
{
	struct err err;
	struct log_line l;

	if (notify_send(state, &err) >= 0)
		return;
	log_begin(&l, &p->log, LOG_WARN, "the service manager cannot be told");
	log_text(&l, "error", err.msg);
	log_end(&l);
}

/* ---- while serving ---- */

/* Sleep until something happens, at most ms. Has a signal to stop come? */
static bool cmd_serve_wait_for_event(const struct cmd_serve_program *p, long ms)
{
	struct pollfd fds[] = { { .fd = p->signals, .events = POLLIN },
				{ .fd = reload_fd(&p->reload), .events = POLLIN } };
	struct signalfd_siginfo taken;

	poll(fds, sizeof fds / sizeof *fds, (int)ms);
	return read(p->signals, &taken, sizeof taken) > 0;
}

static long cmd_serve_min_long(long a, long b)
{
	return a < b ? a : b;
}

/* Sleep until something is due, at most ms; then do it. Has a signal to stop come? */
static bool cmd_serve_wait_and_tick(struct cmd_serve_program *p, long ms)
{
	bool stop = cmd_serve_wait_for_event(
		p, cmd_serve_min_long(cmd_serve_min_long(ms, p->wait),
				      reload_wait(&p->reload, clock_ms())));
	long long now = clock_ms();

	p->wait = server_tick(p->webhook);
	p->wait = cmd_serve_min_long(p->wait, server_tick(p->pages));
	reload_tick(&p->reload, now);
	if (now - p->second >= SECOND_MS) {
		p->second = now;
		reload_tidy(&p->reload);
		endpoint_tick(&p->service);
		learn_keep_tick(&p->keeper, now);
		log_tick(&p->log);
	}
	return stop;
}

/* ---- stop ---- */

static void cmd_serve_log_stopping(struct cmd_serve_program *p, long grace)
{
	struct log_line l;

	log_begin(&l, &p->log, LOG_INFO, "stopping");
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

	atomic_store(&p->draining, true);
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

static void cmd_serve_finish(struct cmd_serve_program *p)
{
	server_free(p->pages); /* first: it looks at the other */
	server_free(p->webhook);
	if (p->signals >= 0)
		close(p->signals);
	reload_done(&p->reload);
	serving_cert_done(&p->serving);
	slot_publish(&p->policies, NULL);
	endpoint_done(&p->service);
	learn_keep_end(&p->keeper);
	learn_done(&p->learn);
	metrics_done(&p->metrics);
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
	log_begin(&l, &p->log, LOG_INFO, "stopped");
	log_number(&l, "reviews", (int64_t)metrics_reviews(&p->metrics));
	log_end(&l);
	return EXIT_CLEAN;
}

static const struct command_help help = {
	.usage = "oke-guard serve [OPTION]...",
	.summary =
		"Answer the API server's questions (POST /validate, over TLS), and show on a plain "
		"port\nhow it goes (/healthz, /readyz, /statusz, /metrics). The built-in policies "
		"are\nalways loaded.",
	.examples =
		"Examples:\n"
		"  oke-guard certs issue --dir certs --name localhost --name 127.0.0.1\n"
		"  oke-guard serve --listen 127.0.0.1:8443 --tls-cert certs/tls.crt --tls-key "
		"certs/tls.key\n"
		"  oke-guard serve --policy policies/ --config guard.yaml\n\n"
		"SIGTERM stops it: it goes on serving for the grace time, then ends with 0. What\n"
		"keeps it from starting is said in a line, and it ends with 2.",
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
	struct cmd_serve_program p = { .policies = SLOT_INIT,
				       .serving.pairs = SLOT_INIT,
				       .signals = -1 };
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
