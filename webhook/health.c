/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook/health.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "oke/policy.h"
#include "lib/base/version.h"
#include "lib/base/time.h"
#include "lib/base/clock.h"
#include "lib/serve/pages.h"

#define VERBOSE_MAX 1024
#define TEXT_MAX    200 /* bytes of a configured text */

/* What of the policies in force is shown. */
struct health_policies {
	size_t policies, rules, overrides, replaced, exceptions[EXCEPTION_STATES];
	enum mode mode;
	struct policy_version kubernetes;
};

static void health_look(const struct health *h, struct health_policies *out)
{
	struct shared *shared = slot_get(h->policies);
	const struct policy_set *set = policy_set_of(shared);

	*out = (struct health_policies){ .policies = policy_set_policies(set),
					 .rules = policy_set_rules(set),
					 .overrides = policy_set_overrides(set),
					 .replaced = policy_set_replaced(set),
					 .mode = policy_set_mode(set) };
	policy_set_exceptions(set, time(NULL), out->exceptions);
	policy_set_version(set, &out->kubernetes);
	shared_unref(shared);
}

static int64_t health_certificate_left(const struct health *h)
{
	return atomic_load(&h->certificate->not_after) - time(NULL);
}

static int64_t health_renewal_left(const struct health *h)
{
	return atomic_load(&h->certificate->renew) - time(NULL);
}

/* ---- the checks of /readyz ---- */

static bool health_serving(const struct health *h, char why[VERBOSE_MAX])
{
	bool stopping = atomic_load(h->draining);

	snprintf(why, VERBOSE_MAX, "%s", stopping ? "the server is stopping" : "");
	return !stopping;
}

static bool health_policies_loaded(const struct health *h, char why[VERBOSE_MAX])
{
	struct health_policies f;
	struct reload_state s;
	char loaded[TIME_TEXT], failed[TIME_TEXT];

	health_look(h, &f);
	reload_state(h->reload, &s);
	time_print(s.loaded, loaded);
	time_print(s.failed, failed);
	if (s.left_out)
		snprintf(
			why, VERBOSE_MAX,
			"%zu policies, %zu rules, loaded %s; %zu unsound part%s left out (/statusz "
			"lists %s): %s",
			f.policies, f.rules, loaded, s.left_out, s.left_out == 1 ? " is" : "s are",
			s.left_out == 1 ? "it" : "them", s.why);
	else if (s.failed)
		snprintf(why, VERBOSE_MAX,
			 "%zu policies, %zu rules, loaded %s; since %s the files hold others that "
			 "cannot be used: %s",
			 f.policies, f.rules, loaded, failed, s.why);
	else
		snprintf(why, VERBOSE_MAX, "%zu policies, %zu rules, loaded %s", f.policies,
			 f.rules, loaded);
	return true; /* what is sound is in force */
}

static bool health_certificate_valid(const struct health *h, char why[VERBOSE_MAX])
{
	char date[TIME_TEXT];

	time_print(atomic_load(&h->certificate->not_after), date);
	snprintf(why, VERBOSE_MAX, "valid until %s%s", date,
		 atomic_load(&h->certificate->broken)
			 ? "; the files hold another that cannot be used"
			 : "");
	return health_certificate_left(h) > 0;
}

/* Never a reason to be unready: it judges all the same. */
static bool version_known(const struct health *h, char why[VERBOSE_MAX])
{
	char text[POLICY_VERSION_TEXT];
	struct health_policies f;

	health_look(h, &f);
	policy_version_print(&f.kubernetes, text);
	snprintf(why, VERBOSE_MAX, "%s", text);
	return true;
}

static bool workers_come_back(const struct health *h, char why[VERBOSE_MAX])
{
	long long busy = server_busy_ms(h->webhook);

	*why = '\0';
	if (busy >= HEALTH_UNREADY_MS)
		snprintf(why, VERBOSE_MAX, "one has been at a request for %lld s", busy / 1000);
	return busy < HEALTH_UNREADY_MS;
}

static const struct health_check {
	const char *name;
	bool (*passes)(const struct health *h, char why[VERBOSE_MAX]);
} checks[] = {
	{ "serving", health_serving },
	{ "policies", health_policies_loaded },
	{ "certificate", health_certificate_valid },
	{ "kubernetes", version_known },
	{ "workers", workers_come_back },
};

static void health_page_ready(void *ctx, const struct head *head, struct reply *out)
{
	const struct health *h = ctx;
	char why[VERBOSE_MAX];
	bool ready = true;
	FILE *f = open_memstream(&out->body, &out->len);

	if (!f)
		return;
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		bool passes = checks[i].passes(h, why);

		ready &= passes;
		if (head->verbose || !passes)
			fprintf(f, "[%c] %s%s%s\n", passes ? '+' : '-', checks[i].name,
				*why ? ": " : "", why);
	}
	fprintf(f, "%s\n", ready ? "ok" : "not ready");
	fclose(f);
	out->status = ready ? 200 : 503;
}

/* Restarted it may serve again; while all workers come back a restart could only take it away. */
static void page_healthy(void *ctx, const struct head *head, struct reply *out)
{
	const struct health *h = ctx;
	char why[VERBOSE_MAX];

	if (server_busy_ms(h->webhook) < HEALTH_DEAD_MS) {
		page_alive(ctx, head, out);
		return;
	}
	workers_come_back(h, why);
	out->status = 503;
	out->body = NULL;
	if (asprintf(&out->body, "[-] workers: %s\n", why) < 0)
		out->body = NULL;
	out->len = out->body ? strlen(out->body) : 0;
}

/* Seconds until the first of the exceptions in force ends; -1: there is none. */
static int64_t health_next_expiry(const struct health *h)
{
	struct shared *shared = slot_get(h->policies);
	const struct policy_set *set = policy_set_of(shared);
	int64_t now = time(NULL), least = -1;
	struct exception_info e;

	for (size_t i = 0; policy_set_exception_at(set, i, now, &e); i++)
		if (e.state == EXCEPTION_ACTIVE && (least < 0 || e.expires - now < least))
			least = e.expires - now;
	shared_unref(shared);
	return least;
}

static void health_page_metrics(void *ctx, const struct head *head, struct reply *out)
{
	const struct health *h = ctx;
	struct health_policies f;
	struct reload_state s;
	struct metrics_now now;

	(void)head;
	health_look(h, &f);
	reload_state(h->reload, &s);
	now = (struct metrics_now){ .policies = f.policies,
				    .rules = f.rules,
				    .overrides = f.overrides,
				    .replaced = f.replaced,
				    .left_out = s.left_out,
				    .policies_stale = s.failed != 0,
				    .certificate_stale = atomic_load(&h->certificate->broken),
				    .policies_loaded = s.loaded,
				    .certificate_expiry = health_certificate_left(h),
				    .certificate_renewal = health_renewal_left(h),
				    .connections = server_connections(h->webhook),
				    .body_bytes = budget_used(h->budget) };
	now.log_suppressed = log_suppressed(h->log);
	now.log_lost = log_lost(h->log);
	now.worker_busy_ms = server_busy_ms(h->webhook);
	now.exception_expiry = health_next_expiry(h);
	now.kubernetes = f.kubernetes;
	learn_size(h->learn, &now.learned_rows, &now.learned_left_out);
	memcpy(now.exceptions, f.exceptions, sizeof now.exceptions);
	out->body = review_metrics_text(h->reviews, h->metrics, &now, &out->len);
	out->type = "text/plain; version=0.0.4; charset=utf-8";
}

static void health_cjson_end(cJSON **j)
{
	cJSON_Delete(*j);
}

/* Names and tickets may hold any text; cJSON takes UTF-8, which the loader has checked. */
static void health_add_str(cJSON *j, const char *key, struct str s)
{
	char z[TEXT_MAX + 1];
	size_t n = s.n > TEXT_MAX ? TEXT_MAX : s.n;

	while (n && n < s.n && ((unsigned char)s.s[n] & 0xc0) == 0x80)
		n--; /* not within a character */
	memcpy(z, n ? s.s : "", n);
	z[n] = '\0';
	cJSON_AddStringToObject(j, key, z);
}

static void health_add_time(cJSON *j, const char *key, int64_t t)
{
	char date[TIME_TEXT];

	time_print(t, date);
	cJSON_AddStringToObject(j, key, date);
}

static void health_add_exception(cJSON *list, const struct exception_info *e)
{
	cJSON *j = cJSON_CreateObject();

	health_add_str(j, "name", e->name);
	cJSON_AddStringToObject(j, "state", exception_state_name(e->state));
	cJSON_AddStringToObject(j, "action", action_name(e->action));
	health_add_time(j, "notBefore", e->not_before);
	health_add_time(j, "expires", e->expires);
	health_add_str(j, "ticket", e->ticket);
	health_add_str(j, "approvedBy", e->approved_by);
	cJSON_AddItemToArray(list, j);
}

static void add_minor(cJSON *j, const char *key, unsigned minor)
{
	char text[16];

	snprintf(text, sizeof text, "1.%u", minor);
	cJSON_AddStringToObject(j, key, text);
}

/* Of a set: what it judges by, and what its list of OKE's versions says of the cluster's. */
static void add_kubernetes(cJSON *j, const struct policy_set *set)
{
	cJSON *k = cJSON_AddObjectToObject(j, "kubernetes");
	char text[POLICY_VERSION_TEXT];
	struct policy_version v;

	policy_set_version(set, &v);
	add_minor(k, "judged", v.judged);
	cJSON_AddStringToObject(k, "from", version_from_name(v.from));
	if (v.told)
		add_minor(k, "cluster", v.told);
	add_minor(k, "newestKnown", v.newest);
	if (v.preliminary)
		health_add_str(k, "preliminary", v.preliminary_as_of);
	cJSON_AddBoolToObject(k, "clusterNewer", v.newer);
	policy_version_print(&v, text);
	cJSON_AddStringToObject(k, "text", text);
	if (policy_set_support_print(set, time(NULL), text))
		cJSON_AddStringToObject(k, "support", text);
}

static void add_replaced(cJSON *list, const struct replaced_info *r)
{
	cJSON *j = cJSON_CreateObject();

	health_add_str(j, "policy", r->policy);
	health_add_str(j, "replaces", r->replaces);
	health_add_str(j, "reason", r->reason);
	cJSON_AddStringToObject(j, "file", r->file);
	cJSON_AddNumberToObject(j, "line", r->line);
	cJSON_AddItemToArray(list, j);
}

static void add_left_out(cJSON *list, const struct left_out_info *l)
{
	cJSON *j = cJSON_CreateObject();
	char *why = strndup(l->why.s, l->why.n); /* with its place; not cut */

	health_add_str(j, "what", l->what);
	if (l->file)
		cJSON_AddStringToObject(j, "file", l->file);
	if (l->line)
		cJSON_AddNumberToObject(j, "line", l->line);
	cJSON_AddStringToObject(j, "why", why ? why : "");
	cJSON_AddItemToArray(list, j);
	free(why);
}

static void health_add_policies(cJSON *j, const struct health *h)
{
	struct shared *shared = slot_get(h->policies);
	const struct policy_set *set = policy_set_of(shared);
	struct exception_info e;
	struct replaced_info replaced;
	struct left_out_info left_out;
	char files[20];
	cJSON *list;

	snprintf(files, sizeof files, "%016" PRIx64, policy_set_files(set));
	cJSON_AddStringToObject(j, "mode", mode_name(policy_set_mode(set)));
	cJSON_AddStringToObject(j, "policyFiles", files);
	cJSON_AddNumberToObject(j, "policies", (double)policy_set_policies(set));
	cJSON_AddNumberToObject(j, "rules", (double)policy_set_rules(set));
	cJSON_AddNumberToObject(j, "overrides", (double)policy_set_overrides(set));
	add_kubernetes(j, set);
	list = cJSON_AddArrayToObject(j, "replaced");
	for (size_t i = 0; policy_set_replaced_at(set, i, &replaced); i++)
		add_replaced(list, &replaced);
	list = cJSON_AddArrayToObject(j, "leftOut");
	for (size_t i = 0; policy_set_left_out_at(set, i, &left_out); i++)
		add_left_out(list, &left_out);
	list = cJSON_AddArrayToObject(j, "exceptions");
	for (size_t i = 0; policy_set_exception_at(set, i, time(NULL), &e); i++)
		health_add_exception(list, &e);
	shared_unref(shared);
}

static void health_add_reload(cJSON *j, const struct health *h)
{
	cJSON *reload = cJSON_AddObjectToObject(j, "policyReload");
	struct reload_state s;

	reload_state(h->reload, &s);
	health_add_time(reload, "loaded", s.loaded);
	cJSON_AddNumberToObject(reload, "ok",
				(double)metrics_reloads(h->metrics, METRICS_POLICIES, true));
	cJSON_AddNumberToObject(reload, "error",
				(double)metrics_reloads(h->metrics, METRICS_POLICIES, false));
	cJSON_AddBoolToObject(reload, "filesBroken", s.failed != 0);
	if (!s.failed)
		return;
	health_add_time(reload, "failed", s.failed);
	cJSON_AddNumberToObject(reload, "errors", (double)s.errors);
	cJSON_AddStringToObject(reload, "firstError", s.why);
}

/* With a newline: who asks several servers in a loop gets a document a line. */
static void health_print_line(const cJSON *j, struct reply *out)
{
	scoped(free_end) char *text = j ? cJSON_PrintUnformatted(j) : NULL;
	size_t n = text ? strlen(text) : 0;

	if (!text || !(out->body = malloc(n + 2)))
		return;
	memcpy(out->body, text, n);
	memcpy(out->body + n, "\n", 2);
	out->len = n + 1;
	out->type = "application/json";
}

static void health_page_status(void *ctx, const struct head *head, struct reply *out)
{
	const struct health *h = ctx;
	scoped(health_cjson_end) cJSON *j = cJSON_CreateObject();
	cJSON *certificate, *learned;
	int64_t up = clock_ms() / 1000 - h->started;

	(void)head;
	cJSON_AddStringToObject(j, "version", OKE_GUARD_VERSION);
	health_add_policies(j, h);
	health_add_reload(j, h);
	cJSON_AddNumberToObject(j, "uptimeSeconds", (double)up);
	cJSON_AddBoolToObject(j, "draining", atomic_load(h->draining));
	cJSON_AddNumberToObject(j, "connections", server_connections(h->webhook));
	cJSON_AddNumberToObject(j, "reviews", (double)review_metrics_reviews(h->reviews));
	certificate = cJSON_AddObjectToObject(j, "certificate");
	health_add_time(certificate, "notAfter", atomic_load(&h->certificate->not_after));
	cJSON_AddBoolToObject(certificate, "filesBroken", atomic_load(&h->certificate->broken));
	learned = learn_json(h->learn);
	if (!cJSON_AddItemToObject(j, "learned", learned))
		cJSON_Delete(learned);
	health_print_line(j, out);
}

static const struct page pages[] = {
	{ "/healthz", page_healthy },
	{ "/readyz", health_page_ready },
	{ "/statusz", health_page_status },
	{ "/metrics", health_page_metrics },
};
#define PAGES_N (sizeof pages / sizeof *pages)

static const struct refusal *health_admit(void *ctx, const struct head *head)
{
	(void)ctx;
	return pages_admit(pages, PAGES_N, head);
}

static void health_answer(void *ctx, const struct head *head, struct str body, struct reply *out)
{
	(void)body;
	pages_answer(pages, PAGES_N, ctx, head, out);
}

const struct server_ops health_ops = { .admit = health_admit, .answer = health_answer };
