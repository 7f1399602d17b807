/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/follow/version.h"

#define ACTIONS 4

static const enum operation operations[] = { OP_CREATE, OP_UPDATE, OP_DELETE, OP_CONNECT };

static const struct review_metrics_bucket {
	uint64_t nanoseconds;
	const char *le;
} buckets[METRICS_BUCKETS] = {
	{ 10000, "1e-05" },    { 25000, "2.5e-05" }, { 50000, "5e-05" },    { 100000, "0.0001" },
	{ 250000, "0.00025" }, { 500000, "0.0005" }, { 1000000, "0.001" },  { 2500000, "0.0025" },
	{ 5000000, "0.005" },  { 10000000, "0.01" }, { 25000000, "0.025" }, { 50000000, "0.05" },
	{ 100000000, "0.1" },  { 500000000, "0.5" }, { 1000000000, "1" },
};

static const char *const error_names[REVIEW_ERRORS_N] = {
	[REVIEW_ERROR_REQUEST] = "request",     [REVIEW_ERROR_TOO_LARGE] = "too_large",
	[REVIEW_ERROR_MALFORMED] = "malformed", [REVIEW_ERROR_UNREADABLE] = "unreadable",
	[REVIEW_ERROR_MEMORY] = "memory",
};

void review_metrics_init(struct review_metrics *m)
{
	*m = (struct review_metrics){ 0 };
	tally_init(&m->findings, m->findings_places, METRICS_FINDINGS_MAX);
	tally_init(&m->exceptions, m->exceptions_places, METRICS_EXCEPTIONS_MAX);
}

void review_metrics_done(struct review_metrics *m)
{
	tally_done(&m->findings);
	tally_done(&m->exceptions);
}

void review_metrics_review(struct review_metrics *m, enum operation op, enum action decision,
			   bool dry_run, uint64_t nanoseconds)
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

void review_metrics_finding(struct review_metrics *m, const struct finding *f)
{
	const struct tally_key finding = { (unsigned)f->tier * ACTIONS + f->action, f->policy,
					   f->rule },
			       exception = { .a = f->exception };

	tally_count(&m->findings, &finding);
	if (f->exception.n)
		tally_count(&m->exceptions, &exception);
}

static bool review_metrics_finding_stays(void *ctx, const struct tally_key *k)
{
	return policy_set_has_rule(ctx, k->a, k->b);
}

static bool review_metrics_exception_stays(void *ctx, const struct tally_key *k)
{
	return policy_set_has_exception(ctx, k->a);
}

void review_metrics_follow(struct review_metrics *m, const struct policy_set *set)
{
	tally_keep(&m->findings, review_metrics_finding_stays, (void *)set);
	tally_keep(&m->exceptions, review_metrics_exception_stays, (void *)set);
}

void review_metrics_error(struct review_metrics *m, enum review_error reason)
{
	metrics_add(&m->errors[reason], 1);
}

uint64_t review_metrics_reviews(const struct review_metrics *m)
{
	uint64_t n = 0;

	for (size_t b = 0; b <= METRICS_BUCKETS; b++)
		n += metrics_get(&m->seconds[b]);
	return n;
}

/* ---- the text ---- */

static void review_metrics_print_reviews(FILE *f, const struct review_metrics *m)
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

static void review_metrics_print_seconds(FILE *f, const struct review_metrics *m)
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

static void review_metrics_print_finding(void *ctx, const struct tally_key *k, uint64_t n)
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

static void review_metrics_print_findings(FILE *f, struct review_metrics *m)
{
	uint64_t other = tally_other(&m->findings);

	metrics_head(f, "oke_guard_findings_total", "counter",
		     "Findings by rule, with the action taken.");
	tally_each(&m->findings, review_metrics_print_finding, f);
	if (other)
		fprintf(f,
			"oke_guard_findings_total{policy=\"other\",rule=\"other\",tier=\"other\","
			"action=\"other\"} %" PRIu64 "\n",
			other);
}

static void review_metrics_print_use(void *ctx, const struct tally_key *k, uint64_t n)
{
	FILE *f = ctx;

	fputs("oke_guard_exception_uses_total{exception=\"", f);
	metrics_print_label(f, k->a);
	fprintf(f, "\"} %" PRIu64 "\n", n);
}

static void review_metrics_print_uses(FILE *f, struct review_metrics *m)
{
	uint64_t other = tally_other(&m->exceptions);

	metrics_head(f, "oke_guard_exception_uses_total", "counter",
		     "Findings that an exception lowered, by exception.");
	tally_each(&m->exceptions, review_metrics_print_use, f);
	if (other)
		fprintf(f, "oke_guard_exception_uses_total{exception=\"other\"} %" PRIu64 "\n",
			other);
}

static void review_metrics_print_exceptions(FILE *f, const struct metrics_now *now)
{
	metrics_head(f, "oke_guard_exceptions", "gauge", "Exceptions that are loaded, by state.");
	for (size_t i = 0; i < EXCEPTION_STATES; i++)
		fprintf(f, "oke_guard_exceptions{state=\"%s\"} %zu\n",
			exception_state_name((enum exception_state)i), now->exceptions[i]);
}

static void review_metrics_print_now(FILE *f, const struct metrics_now *now)
{
	const struct review_metrics_gauge {
		const char *name, *help;
		double value;
	} gauges[] = {
		{ "oke_guard_policies_loaded", "Policies in force.", (double)now->policies },
		{ "oke_guard_rules_loaded", "Rules of the policies in force.", (double)now->rules },
		{ "oke_guard_overrides", "Overrides in the configuration.",
		  (double)now->overrides },
		{ "oke_guard_replaced_policies", "Built-in policies that others stand for.",
		  (double)now->replaced },
		{ "oke_guard_left_out",
		  "Units of policies, exceptions and configuration that are unsound and left out.",
		  (double)now->left_out },
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
		{ "oke_guard_certificate_renewal_seconds",
		  "Seconds until two thirds of the serving certificate's life are over; negative "
		  "when its renewal is overdue.",
		  (double)now->certificate_renewal },
		{ "oke_guard_connections", "Open connections to the webhook.",
		  (double)now->connections },
		{ "oke_guard_worker_busy_seconds",
		  "How long the request that a worker has been at for longest takes.",
		  (double)now->worker_busy_ms / 1000 },
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
	metrics_value(f, "oke_guard_log_lost_total", "counter",
		      "Log lines that were lost because nobody read them in time.",
		      (double)now->log_lost);
	metrics_value(f, "oke_guard_learned_left_out_total", "counter",
		      "Events that were not learned, for want of room.",
		      (double)now->learned_left_out);
}

static void review_metrics_print_errors(FILE *f, const struct review_metrics *m,
					const struct metrics *server)
{
	atomic_ullong counts[REVIEW_ERRORS_N];

	for (size_t i = 0; i < REVIEW_ERRORS_N; i++)
		atomic_init(&counts[i], metrics_get(&m->errors[i]));
	metrics_add(&counts[REVIEW_ERROR_MEMORY], metrics_get(&server->no_memory));
	metrics_print_table(f, "oke_guard_errors_total",
			    "Requests without a review, and reviews without a policy's verdict.",
			    "reason", error_names, counts, REVIEW_ERRORS_N);
}

char *review_metrics_text(struct review_metrics *m, const struct metrics *server,
			  const struct metrics_now *now, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	review_metrics_print_reviews(f, m);
	review_metrics_print_seconds(f, m);
	review_metrics_print_findings(f, m);
	review_metrics_print_errors(f, m, server);
	metrics_print_shed(f, server);
	metrics_print_reloads(f, server);
	review_metrics_print_uses(f, m);
	review_metrics_print_exceptions(f, now);
	review_metrics_print_now(f, now);
	policy_version_metrics(&now->kubernetes, f);
	metrics_print_process(f);
	if (ferror(f) | fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
