#include "lib/serve/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ACTIONS 4

static const enum operation operations[] = { OP_CREATE, OP_UPDATE, OP_DELETE, OP_CONNECT };

static const struct metrics_bucket {
	uint64_t nanoseconds;
	const char *le;
} buckets[METRICS_BUCKETS] = {
	{ 10000, "1e-05" },    { 25000, "2.5e-05" }, { 50000, "5e-05" },    { 100000, "0.0001" },
	{ 250000, "0.00025" }, { 500000, "0.0005" }, { 1000000, "0.001" },  { 2500000, "0.0025" },
	{ 5000000, "0.005" },  { 10000000, "0.01" }, { 25000000, "0.025" }, { 50000000, "0.05" },
	{ 100000000, "0.1" },  { 500000000, "0.5" }, { 1000000000, "1" },
};

static const char *const error_names[METRICS_ERRORS_N] = {
	[METRICS_REQUEST] = "request",     [METRICS_TOO_LARGE] = "too_large",
	[METRICS_MALFORMED] = "malformed", [METRICS_UNREADABLE] = "unreadable",
	[METRICS_MEMORY] = "memory",
};

static const char *const shed_names[METRICS_SHED_N] = {
	[METRICS_BUDGET] = "budget",
	[METRICS_SLOW_SENDER] = "slow_sender",
	[METRICS_HANDSHAKE] = "handshake",
	[METRICS_HEADER] = "header",
	[METRICS_BODY] = "body",
	[METRICS_ANSWER] = "answer",
	[METRICS_CONNECTIONS] = "connections",
	[METRICS_DESCRIPTORS] = "descriptors",
};

static void metrics_add(atomic_ullong *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t metrics_get(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_init(struct metrics *m)
{
	*m = (struct metrics){ 0 };
	tally_init(&m->findings, m->findings_places, METRICS_FINDINGS_MAX);
	tally_init(&m->exceptions, m->exceptions_places, METRICS_EXCEPTIONS_MAX);
}

void metrics_done(struct metrics *m)
{
	tally_done(&m->findings);
	tally_done(&m->exceptions);
}

void metrics_review(struct metrics *m, enum operation op, enum action decision, bool dry_run,
		    uint64_t nanoseconds)
{
	size_t o = 0, b = 0;

	while (o < 3 && operations[o] != op)
		o++;
	while (b < METRICS_BUCKETS && nanoseconds > buckets[b].nanoseconds)
		b++;
	metrics_add(&m->reviews[o][decision][dry_run], 1);
	metrics_add(&m->seconds[b], 1);
	metrics_add(&m->nanoseconds, nanoseconds);
}

void metrics_finding(struct metrics *m, const struct finding *f)
{
	const struct tally_key finding = { (unsigned)f->tier * ACTIONS + f->action, f->policy,
					   f->rule },
			       exception = { .a = f->exception };

	tally_count(&m->findings, &finding);
	if (f->exception.n)
		tally_count(&m->exceptions, &exception);
}

static bool metrics_finding_stays(void *ctx, const struct tally_key *k)
{
	return policy_set_has_rule(ctx, k->a, k->b);
}

static bool metrics_exception_stays(void *ctx, const struct tally_key *k)
{
	return policy_set_has_exception(ctx, k->a);
}

void metrics_follow(struct metrics *m, const struct policy_set *set)
{
	tally_keep(&m->findings, metrics_finding_stays, (void *)set);
	tally_keep(&m->exceptions, metrics_exception_stays, (void *)set);
}

void metrics_error(struct metrics *m, enum metrics_error reason)
{
	metrics_add(&m->errors[reason], 1);
}

void metrics_shed(struct metrics *m, enum metrics_shed reason)
{
	metrics_add(&m->shed[reason], 1);
}

void metrics_reload(struct metrics *m, enum metrics_reload what, bool ok)
{
	metrics_add(&m->reloads[what][ok], 1);
}

uint64_t metrics_reloads(const struct metrics *m, enum metrics_reload what, bool ok)
{
	return metrics_get(&m->reloads[what][ok]);
}

uint64_t metrics_reviews(const struct metrics *m)
{
	uint64_t n = 0;

	for (size_t b = 0; b <= METRICS_BUCKETS; b++)
		n += metrics_get(&m->seconds[b]);
	return n;
}

/* ---- the text ---- */

static void metrics_head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metrics_value(FILE *f, const char *name, const char *type, const char *help, double v)
{
	metrics_head(f, name, type, help);
	fprintf(f, "%s %.15g\n", name, v);
}

static void metrics_print_reviews(FILE *f, const struct metrics *m)
{
	metrics_head(f, "oke_guard_reviews_total", "counter",
		     "Reviews that were answered with a verdict.");
	for (size_t o = 0; o < 4; o++)
		for (size_t d = 0; d < 4; d++)
			for (size_t dry = 0; dry < 2; dry++)
				fprintf(f,
					"oke_guard_reviews_total{operation=\"%s\",decision=\"%s\","
					"dry_run=\"%s\"} %" PRIu64 "\n",
					operation_name(operations[o]), action_name((enum action)d),
					dry ? "true" : "false",
					metrics_get(&m->reviews[o][d][dry]));
}

static void metrics_print_seconds(FILE *f, const struct metrics *m)
{
	uint64_t n = 0;

	metrics_head(f, "oke_guard_review_seconds", "histogram",
		     "Time from the last byte of a review to its answer, in seconds.");
	for (size_t b = 0; b < METRICS_BUCKETS; b++) {
		n += metrics_get(&m->seconds[b]);
		fprintf(f, "oke_guard_review_seconds_bucket{le=\"%s\"} %" PRIu64 "\n",
			buckets[b].le, n);
	}
	n += metrics_get(&m->seconds[METRICS_BUCKETS]);
	fprintf(f, "oke_guard_review_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", n);
	fprintf(f, "oke_guard_review_seconds_sum %.9f\n",
		(double)metrics_get(&m->nanoseconds) / 1e9);
	fprintf(f, "oke_guard_review_seconds_count %" PRIu64 "\n", n);
}

/* Names of policies and rules are checked by the loader; escaped all the same. */
static void metrics_print_label(FILE *f, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '"' || s.s[i] == '\\')
			fprintf(f, "\\%c", s.s[i]);
		else if (s.s[i] == '\n')
			fputs("\\n", f);
		else
			fputc(s.s[i], f);
}

static void metrics_print_finding(void *ctx, const struct tally_key *k, uint64_t n)
{
	FILE *f = ctx;

	fputs("oke_guard_findings_total{policy=\"", f);
	metrics_print_label(f, k->a);
	fputs("\",rule=\"", f);
	metrics_print_label(f, k->b);
	fprintf(f, "\",tier=\"%s\",action=\"%s\"} %" PRIu64 "\n",
		tier_name((enum tier)(k->kind / ACTIONS)),
		action_name((enum action)(k->kind % ACTIONS)), n);
}

static void metrics_print_findings(FILE *f, struct metrics *m)
{
	uint64_t other = tally_other(&m->findings);

	metrics_head(f, "oke_guard_findings_total", "counter",
		     "Findings by rule, with the action taken.");
	tally_each(&m->findings, metrics_print_finding, f);
	if (other)
		fprintf(f,
			"oke_guard_findings_total{policy=\"other\",rule=\"other\",tier=\"other\","
			"action=\"other\"} %" PRIu64 "\n",
			other);
}

static void metrics_print_use(void *ctx, const struct tally_key *k, uint64_t n)
{
	FILE *f = ctx;

	fputs("oke_guard_exception_uses_total{exception=\"", f);
	metrics_print_label(f, k->a);
	fprintf(f, "\"} %" PRIu64 "\n", n);
}

static void metrics_print_uses(FILE *f, struct metrics *m)
{
	uint64_t other = tally_other(&m->exceptions);

	metrics_head(f, "oke_guard_exception_uses_total", "counter",
		     "Findings that an exception lowered, by exception.");
	tally_each(&m->exceptions, metrics_print_use, f);
	if (other)
		fprintf(f, "oke_guard_exception_uses_total{exception=\"other\"} %" PRIu64 "\n",
			other);
}

static void metrics_print_exceptions(FILE *f, const struct metrics_now *now)
{
	metrics_head(f, "oke_guard_exceptions", "gauge", "Exceptions that are loaded, by state.");
	for (size_t i = 0; i < EXCEPTION_STATES; i++)
		fprintf(f, "oke_guard_exceptions{state=\"%s\"} %zu\n",
			exception_state_name((enum exception_state)i), now->exceptions[i]);
}

static void metrics_print_table(FILE *f, const char *name, const char *help, const char *label,
				const char *const *names, const atomic_ullong *counts, size_t n)
{
	metrics_head(f, name, "counter", help);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, names[i],
			metrics_get(&counts[i]));
}

static void metrics_print_now(FILE *f, const struct metrics_now *now)
{
	const struct metrics_gauge {
		const char *name, *help;
		double value;
	} gauges[] = {
		{ "oke_guard_policies_loaded", "Policies in force.", (double)now->policies },
		{ "oke_guard_rules_loaded", "Rules of the policies in force.", (double)now->rules },
		{ "oke_guard_overrides", "Overrides in the configuration.",
		  (double)now->overrides },
		{ "oke_guard_policies_stale",
		  "1 while the files hold policies that were not taken up.", now->policies_stale },
		{ "oke_guard_policies_loaded_timestamp_seconds",
		  "When the policies in force were loaded, in seconds since the epoch.",
		  (double)now->policies_loaded },
		{ "oke_guard_certificate_stale",
		  "1 while the files hold a certificate that was not taken up.",
		  now->certificate_stale },
		{ "oke_guard_certificate_expiry_seconds",
		  "Seconds until the serving certificate expires; negative when it has.",
		  (double)now->certificate_expiry },
		{ "oke_guard_connections", "Open connections to the webhook.",
		  (double)now->connections },
		{ "oke_guard_body_bytes", "Bytes of request bodies that are held now.",
		  (double)now->body_bytes },
		{ "oke_guard_learned_rows", "Rows of what was learned: identity, rule, object.",
		  (double)now->learned_rows },
	};

	for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++)
		metrics_value(f, gauges[i].name, "gauge", gauges[i].help, gauges[i].value);
	metrics_head(f, "oke_guard_exception_expiry_seconds", "gauge",
		     "Seconds until the next exception in force ends; absent without one.");
	if (now->exception_expiry >= 0)
		fprintf(f, "oke_guard_exception_expiry_seconds %" PRId64 "\n",
			now->exception_expiry);
	metrics_value(f, "oke_guard_log_suppressed_total", "counter",
		      "Log lines that requests caused beyond the rate.",
		      (double)now->log_suppressed);
	metrics_value(f, "oke_guard_learned_left_out_total", "counter",
		      "Events that were not learned, for want of room.",
		      (double)now->learned_left_out);
}

static size_t metrics_entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	if (!d)
		return 0;
	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The first line of a small file; empty when it cannot be read. */
static void metrics_first_line(const char *path, char *line, size_t room)
{
	FILE *f = fopen(path, "re");

	if (!f || !fgets(line, (int)room, f))
		*line = '\0';
	if (f)
		fclose(f);
}

/* The n-th number (from 0) of a line of words between single blanks; 0 where there is none. */
static double metrics_nth_number(const char *line, unsigned n)
{
	for (; n && line; n--)
		line = (line = strchr(line, ' ')) ? line + 1 : NULL;
	return line ? (double)strtoull(line, NULL, 10) : 0;
}

/* Seconds since the epoch at which the process began; the kernel counts ticks since boot. */
static double metrics_start_time(void)
{
	char line[1024];
	const char *behind_name;
	struct timespec up, now;
	double ticks;

	metrics_first_line("/proc/self/stat", line, sizeof line);
	behind_name = strrchr(line, ')');
	ticks = behind_name ? metrics_nth_number(behind_name, 20) : 0;
	clock_gettime(CLOCK_BOOTTIME, &up);
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)(now.tv_sec - up.tv_sec) + (double)(now.tv_nsec - up.tv_nsec) / 1e9 +
	       ticks / (double)sysconf(_SC_CLK_TCK);
}

void metrics_process(FILE *f)
{
	double page = (double)sysconf(_SC_PAGESIZE);
	struct rlimit files = { 0 };
	struct timespec cpu;
	char statm[256];

	metrics_first_line("/proc/self/statm", statm, sizeof statm);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	getrlimit(RLIMIT_NOFILE, &files);
	metrics_value(f, "process_cpu_seconds_total", "counter", "CPU time used, in seconds.",
		      (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	metrics_value(f, "process_resident_memory_bytes", "gauge", "Resident memory.",
		      metrics_nth_number(statm, 1) * page);
	metrics_value(f, "process_virtual_memory_bytes", "gauge", "Virtual memory.",
		      metrics_nth_number(statm, 0) * page);
	metrics_value(f, "process_open_fds", "gauge", "Open file descriptors.",
		      (double)metrics_entries("/proc/self/fd"));
	metrics_value(f, "process_max_fds", "gauge", "File descriptors that may be open.",
		      (double)files.rlim_cur);
	metrics_value(f, "process_threads", "gauge", "Threads.",
		      (double)metrics_entries("/proc/self/task"));
	metrics_value(f, "process_start_time_seconds", "gauge",
		      "When the process began, in seconds since the epoch.", metrics_start_time());
}

char *metrics_text(struct metrics *m, const struct metrics_now *now, size_t *len)
{
	static const char *const results[] = { "error", "ok" };
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	metrics_print_reviews(f, m);
	metrics_print_seconds(f, m);
	metrics_print_findings(f, m);
	metrics_print_table(f, "oke_guard_errors_total",
			    "Requests without a review, and reviews without a policy's verdict.",
			    "reason", error_names, m->errors, METRICS_ERRORS_N);
	metrics_print_table(f, "oke_guard_requests_shed_total",
			    "Requests and connections given up so that the rest is served.",
			    "reason", shed_names, m->shed, METRICS_SHED_N);
	metrics_print_table(
		f, "oke_guard_policy_reload_total",
		"Changes of policies, exceptions and configuration that were taken up or not.",
		"result", results, m->reloads[METRICS_POLICIES], 2);
	metrics_print_table(f, "oke_guard_certificate_reload_total",
			    "Changes of the certificate's files that were taken up or not.",
			    "result", results, m->reloads[METRICS_CERTIFICATE], 2);
	metrics_print_uses(f, m);
	metrics_print_exceptions(f, now);
	metrics_print_now(f, now);
	metrics_process(f);
	if (ferror(f) | fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
