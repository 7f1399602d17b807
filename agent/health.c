/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oke/certs.h"
#include "oke/policy.h"
#include "lib/serve/metrics.h"
#include "lib/serve/pages.h"
#include "policy/follow/version.h"
#include "lib/base/time.h"

/* ---- /readyz ---- */

/*
 * Each writes its line's end, and says whether it is well. Only those that `gate` make the agent
 * unready: in mode external what is missing is somebody else's to put right.
 */
static bool agent_health_api(const struct agent_health *h, const struct status_view *v, FILE *f)
{
	char date[TIME_TEXT];
	int64_t stale = h->interval * 3 > HEALTH_STALE_S ? h->interval * 3 : HEALTH_STALE_S;

	time_print(v->success, date);
	if (!v->success)
		fprintf(f, "no round has ended well yet%s%s", *v->error ? ": " : "", v->error);
	else
		fprintf(f, "the last round ended well at %s%s%s", date,
			*v->error ? "; since then: " : "", v->error);
	return v->success && time(NULL) - v->success <= stale;
}

static bool agent_health_certificate(const struct agent_health *h, const struct status_view *v,
				     FILE *f)
{
	char expires[TIME_TEXT], renew[TIME_TEXT];

	(void)h;
	if (!v->writes) {
		fputs("somebody else's", f);
		return true;
	}
	time_print(v->plan.expires, expires);
	time_print(v->plan.renew, renew);
	if (v->plan.good)
		fprintf(f, "valid until %s, %s%s, step %s", expires,
			v->self ? "renewal due " : "cert-manager renews it", v->self ? renew : "",
			rotate_step_name(v->plan.step));
	else
		fprintf(f, "step %s: %s", rotate_step_name(v->plan.step), v->plan.why);
	return v->plan.good;
}

static bool agent_health_configuration(const struct agent_health *h, const struct status_view *v,
				       FILE *f)
{
	(void)h;
	if (v->current)
		fputs("as policies and certificates want it", f);
	else
		fprintf(f, "%zu difference%s, %zu of them a gap", v->differences,
			v->differences == 1 ? "" : "s", v->blind);
	for (size_t i = 0; !v->current && i < v->differences && i < STATUS_DIFFERENCES; i++)
		fprintf(f, "\n    %s", v->difference[i]);
	return v->current;
}

/* What a dead guard would refuse to the control plane: an alarm wherever the agent may write or
 * not. */
static bool agent_health_lockout(const struct agent_health *h, const struct status_view *v, FILE *f)
{
	(void)h;
	if (v->locks)
		fprintf(f,
			"%zu difference%s with failurePolicy Fail: while no server answers, the "
			"control plane itself is refused",
			v->locks, v->locks == 1 ? "" : "s");
	else if (v->suspended)
		fputs("failurePolicy Fail is suspended for an hour: something else takes "
		      "matchConditions away",
		      f);
	else
		fputs("a dead guard refuses nobody but whom the configuration names", f);
	return !v->locks && !v->suspended;
}

static bool agent_health_rollout(const struct agent_health *h, const struct status_view *v, FILE *f)
{
	(void)h;
	if (v->unavailable)
		fprintf(f,
			"%ld server%s not up; most often the image cannot be pulled: kubectl describe "
			"pods, imagePullSecrets",
			v->unavailable, v->unavailable == 1 ? " is" : "s are");
	else
		fputs("no server is known not to come up", f);
	return !v->unavailable;
}

static bool agent_health_policies(const struct agent_health *h, const struct status_view *v,
				  FILE *f)
{
	struct reload_state s;
	char date[TIME_TEXT];

	(void)v;
	reload_state(h->reload, &s);
	time_print(s.failed ? s.failed : s.loaded, date);
	fprintf(f,
		s.failed ? "since %s the files hold some that cannot be used: %s" : "loaded %s%s",
		date, s.failed ? s.why : "");
	return !s.failed;
}

/* What the API server said it is, and whether this program knows as much. */
static void version_of(const struct status_view *v, struct policy_version *out)
{
	policy_version_of(str_of(v->kubernetes), VERSION_FROM_SERVER, out);
}

static bool kubernetes(const struct agent_health *h, const struct status_view *v, FILE *f)
{
	char text[POLICY_VERSION_TEXT];
	struct policy_version version;

	(void)h;
	version_of(v, &version);
	policy_version_print(&version, text);
	if (v->configured)
		fprintf(f,
			"cluster.kubernetes of the configuration says 1.%u, the API server %s: features are "
			"judged by the former; say auto",
			v->configured, v->kubernetes);
	else
		fputs(text, f);
	return !v->configured;
}

static const struct agent_health_check {
	const char *name;
	bool (*passes)(const struct agent_health *h, const struct status_view *v, FILE *f);
	bool gates, gates_external;
} checks[] = {
	{ "api", agent_health_api, true, true },
	{ "certificate", agent_health_certificate, true, true },
	{ "configuration", agent_health_configuration, true, false },
	{ "lockout", agent_health_lockout, true, true },
	{ "rollout", agent_health_rollout, false, false },
	{ "policies", agent_health_policies, false, false },
	{ "kubernetes", kubernetes, false, false },
};

static void agent_health_page_ready(void *ctx, const struct head *head, struct reply *out)
{
	const struct agent_health *h = ctx;
	struct status_view v;
	bool ready = true;
	FILE *f = open_memstream(&out->body, &out->len);

	if (!f)
		return;
	status_get(h->status, &v);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		char *why = NULL;
		size_t n;
		FILE *line = open_memstream(&why, &n);
		bool passes = line && checks[i].passes(h, &v, line);

		if (line)
			fclose(line);
		ready &= passes || !(v.writes ? checks[i].gates : checks[i].gates_external);
		if (head->verbose || !passes)
			fprintf(f, "[%c] %s: %s\n", passes ? '+' : '-', checks[i].name,
				why ? why : "");
		free(why);
	}
	fprintf(f, "%s\n", ready ? "ok" : "not ready");
	fclose(f);
	out->status = ready ? 200 : 503;
}

/* ---- /metrics ---- */

static void agent_health_gauge(FILE *f, const char *name, const char *help, int64_t value)
{
	metrics_head(f, name, "gauge", help);
	fprintf(f, "%s %" PRId64 "\n", name, value);
}

static uint64_t agent_health_count(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void agent_health_put_certificate(FILE *f, const struct status_view *v)
{
	metrics_head(f, "oke_guard_agent_certificate_expiry_seconds", "gauge",
		     "Seconds until the certificate in the Secret expires; not in mode external.");
	if (v->writes && v->plan.expires)
		fprintf(f, "oke_guard_agent_certificate_expiry_seconds %" PRId64 "\n",
			v->plan.expires - (int64_t)time(NULL));
	metrics_head(f, "oke_guard_agent_renewal_step", "gauge",
		     "1 for the step that the certificates are at; not in mode external.");
	for (int i = 0; v->writes && i < ROTATE_STEPS_N; i++)
		fprintf(f, "oke_guard_agent_renewal_step{step=\"%s\"} %d\n",
			rotate_step_name((enum rotate_step)i), v->plan.step == (enum rotate_step)i);
}

static void agent_health_put_counters(FILE *f, const struct status *s)
{
	metrics_head(f, "oke_guard_agent_api_calls_total", "counter",
		     "Calls to the API server, by result.");
	for (int i = 0; i < KUBE_RESULTS_N; i++)
		fprintf(f, "oke_guard_agent_api_calls_total{result=\"%s\"} %" PRIu64 "\n",
			kube_result_name((enum kube_result)i), agent_health_count(&s->calls[i]));
	metrics_head(f, "oke_guard_agent_lockouts_prevented_total", "counter",
		     "Webhook configurations put right that a dead guard would have locked the "
		     "cluster with.");
	fprintf(f, "oke_guard_agent_lockouts_prevented_total %" PRIu64 "\n",
		agent_health_count(&s->lockouts_prevented));
	metrics_head(f, "oke_guard_agent_writes_total", "counter", "What was written, by object.");
	fprintf(f,
		"oke_guard_agent_writes_total{object=\"secret\"} %" PRIu64 "\n"
		"oke_guard_agent_writes_total{object=\"configuration\"} %" PRIu64 "\n"
		"oke_guard_agent_writes_total{object=\"event\"} %" PRIu64 "\n",
		agent_health_count(&s->written_secret),
		agent_health_count(&s->written_configuration),
		agent_health_count(&s->written_events));
}

/* What the scan in the cluster published last. Nothing, where there is none. */
static void agent_health_put_posture(FILE *f, struct status *s)
{
	struct published *r = malloc(sizeof *r);

	if (!r)
		return;
	pthread_mutex_lock(&s->lock);
	*r = s->posture;
	pthread_mutex_unlock(&s->lock);
	metrics_head(f, "oke_guard_posture_check", "gauge",
		     "1 for the result of each check of the last scan in the cluster.");
	for (size_t i = 0; i < r->checks_n; i++)
		fprintf(f, "oke_guard_posture_check{id=\"%s\",result=\"%s\"} 1\n", r->checks[i].id,
			published_result_name(r->checks[i].result));
	metrics_head(f, "oke_guard_posture_findings", "gauge",
		     "Findings of the last scan in the cluster, by tier.");
	for (int t = 0; r->time && t < PUBLISHED_TIERS_N; t++)
		fprintf(f, "oke_guard_posture_findings{tier=\"%s\"} %llu\n",
			published_tier_name((enum published_tier)t), r->findings[t]);
	metrics_head(f, "oke_guard_posture_contradicted_facts", "gauge",
		     "Facts in the configuration that contradict what the last scan saw.");
	if (r->time)
		fprintf(f, "oke_guard_posture_contradicted_facts %zu\n", r->facts_n);
	metrics_head(f, "oke_guard_posture_timestamp_seconds", "gauge",
		     "When the last scan in the cluster was, in seconds since the epoch.");
	if (r->time)
		fprintf(f, "oke_guard_posture_timestamp_seconds %" PRId64 "\n", r->time);
	free(r);
}

/* How many servers the last look for what they have learned did not reach; if there was one. */
static void agent_health_put_unheard(FILE *f, struct status *s)
{
	struct status_learned l;

	pthread_mutex_lock(&s->lock);
	l = s->learned;
	pthread_mutex_unlock(&s->lock);
	metrics_head(f, "oke_guard_agent_servers_unheard", "gauge",
		     "Servers that could not be asked what they have learned, in the last round.");
	if (l.known)
		fprintf(f, "oke_guard_agent_servers_unheard %zu\n", l.unheard);
}

static void agent_health_page_metrics(void *ctx, const struct head *head, struct reply *out)
{
	const struct agent_health *h = ctx;
	struct status_view v;
	struct policy_version version;
	struct reload_state s;
	FILE *f = open_memstream(&out->body, &out->len);

	(void)head;
	if (!f)
		return;
	status_get(h->status, &v);
	reload_state(h->reload, &s);
	agent_health_gauge(
		f, "oke_guard_webhook_configuration_current",
		"1 while the webhook configuration is as policies and certificates want it.",
		v.current);
	agent_health_gauge(f, "oke_guard_agent_last_success_timestamp_seconds",
			   "When a round last ended well, in seconds since the epoch; 0: none did.",
			   v.success);
	agent_health_gauge(f, "oke_guard_agent_policies_stale",
			   "1 while the files hold policies that were not taken up.",
			   s.failed != 0);
	agent_health_gauge(f, "oke_guard_webhook_configuration_locking",
			   "Differences for which a dead guard would refuse the control plane.",
			   (int64_t)v.locks);
	agent_health_gauge(f, "oke_guard_agent_fail_closed_suspended",
			   "1 while no entry has failurePolicy Fail, because something else takes "
			   "matchConditions away.",
			   v.suspended);
	agent_health_gauge(
		f, "oke_guard_agent_version_contradicted",
		"1 while cluster.kubernetes of the configuration is another version than the cluster's.",
		v.configured != 0);
	agent_health_gauge(f, "oke_guard_agent_servers_unavailable",
			   "Servers that have not been available for longer than --rollout.",
			   v.unavailable);
	agent_health_put_unheard(f, h->status);
	agent_health_put_certificate(f, &v);
	agent_health_put_counters(f, h->status);
	version_of(&v, &version);
	policy_version_metrics(&version, f);
	agent_health_put_posture(f, h->status);
	metrics_print_process(f);
	fclose(f);
	out->type = "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- /learned ---- */

static void agent_health_page_learned(void *ctx, const struct head *head, struct reply *out)
{
	const struct agent_health *h = ctx;
	struct status_learned *l = &h->status->learned;

	(void)head;
	pthread_mutex_lock(&h->status->lock);
	if (l->page && (out->body = malloc(l->len))) {
		memcpy(out->body, l->page, l->len);
		out->len = l->len;
		out->type = "application/json";
	}
	pthread_mutex_unlock(&h->status->lock);
	if (out->body)
		return;
	out->status = h->learned ? 503 : 404;
	out->body = strdup(h->learned ? "no server has been asked yet; try again in a minute\n"
				      : "start the agent with --learned-port PORT\n");
	out->len = out->body ? strlen(out->body) : 0;
}

/* ---- the pages ---- */

static const struct page pages[] = {
	{ "/healthz", page_alive },
	{ "/readyz", agent_health_page_ready },
	{ "/learned", agent_health_page_learned },
	{ "/metrics", agent_health_page_metrics },
};
#define PAGES_N (sizeof pages / sizeof *pages)

static const struct refusal *agent_health_admit(void *ctx, const struct head *head)
{
	(void)ctx;
	return pages_admit(pages, PAGES_N, head);
}

static void agent_health_answer(void *ctx, const struct head *head, struct str body,
				struct reply *out)
{
	(void)body;
	pages_answer(pages, PAGES_N, ctx, head, out);
}

const struct server_ops agent_health_ops = { .admit = agent_health_admit,
					     .answer = agent_health_answer };
