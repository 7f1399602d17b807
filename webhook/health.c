#include "webhook/health.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "oke/certs.h"
#include "oke/cleanup.h"
#include "oke/policy.h"
#include "oke/version.h"

#define VERBOSE_MAX 1024

/* What of the policies in force is shown. */
struct in_force {
	size_t policies, rules, overrides;
	enum mode mode;
};

static void look(const struct health *h, struct in_force *out)
{
	struct shared *shared = slot_get(h->policies);
	const struct policy_set *set = policy_set_of(shared);

	*out = (struct in_force){ policy_set_policies(set), policy_set_rules(set),
				  policy_set_overrides(set), policy_set_mode(set) };
	shared_unref(shared);
}

static int64_t certificate_left(const struct health *h)
{
	return atomic_load(&h->certificate->not_after) - time(NULL);
}

/* ---- the checks of /readyz ---- */

static bool serving(const struct health *h, char why[VERBOSE_MAX])
{
	bool stopping = atomic_load(h->draining);

	snprintf(why, VERBOSE_MAX, "%s", stopping ? "the server is stopping" : "");
	return !stopping;
}

static bool policies_loaded(const struct health *h, char why[VERBOSE_MAX])
{
	struct in_force f;

	look(h, &f);
	snprintf(why, VERBOSE_MAX, "%zu policies, %zu rules", f.policies, f.rules);
	return true; /* the program does not start without a set that is whole */
}

static bool certificate_valid(const struct health *h, char why[VERBOSE_MAX])
{
	char date[CERTS_DATE];

	certs_date(atomic_load(&h->certificate->not_after), date);
	snprintf(why, VERBOSE_MAX, "valid until %s%s", date,
		 atomic_load(&h->certificate->broken)
			 ? "; the files hold another that cannot be used"
			 : "");
	return certificate_left(h) > 0;
}

static const struct check {
	const char *name;
	bool (*passes)(const struct health *h, char why[VERBOSE_MAX]);
} checks[] = {
	{ "serving", serving },
	{ "policies", policies_loaded },
	{ "certificate", certificate_valid },
};

static void page_ready(const struct health *h, const struct head *head, struct reply *out)
{
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

static void page_health(const struct health *h, const struct head *head, struct reply *out)
{
	(void)h;
	(void)head;
	out->body = strdup("ok\n");
	out->len = 3;
}

static void page_metrics(const struct health *h, const struct head *head, struct reply *out)
{
	struct in_force f;
	struct metrics_now now;

	(void)head;
	look(h, &f);
	now = (struct metrics_now){ .policies = f.policies,
				    .rules = f.rules,
				    .overrides = f.overrides,
				    .certificate_expiry = certificate_left(h),
				    .connections = server_connections(h->webhook),
				    .body_bytes = budget_used(h->budget) };
	out->body = metrics_text(h->metrics, &now, &out->len);
	out->type = "text/plain; version=0.0.4; charset=utf-8";
}

static void json_end(cJSON **j)
{
	cJSON_Delete(*j);
}

static void page_status(const struct health *h, const struct head *head, struct reply *out)
{
	scoped(json_end) cJSON *j = cJSON_CreateObject();
	struct in_force f;
	char date[CERTS_DATE];
	cJSON *certificate;

	(void)head;
	look(h, &f);
	certs_date(atomic_load(&h->certificate->not_after), date);
	cJSON_AddStringToObject(j, "version", OKE_GUARD_VERSION);
	cJSON_AddStringToObject(j, "mode", mode_name(f.mode));
	cJSON_AddNumberToObject(j, "policies", (double)f.policies);
	cJSON_AddNumberToObject(j, "rules", (double)f.rules);
	cJSON_AddNumberToObject(j, "overrides", (double)f.overrides);
	cJSON_AddNumberToObject(j, "uptimeSeconds", (double)(time(NULL) - h->started));
	cJSON_AddBoolToObject(j, "draining", atomic_load(h->draining));
	cJSON_AddNumberToObject(j, "connections", server_connections(h->webhook));
	cJSON_AddNumberToObject(j, "reviews", (double)metrics_reviews(h->metrics));
	certificate = cJSON_AddObjectToObject(j, "certificate");
	cJSON_AddStringToObject(certificate, "notAfter", date);
	cJSON_AddBoolToObject(certificate, "filesBroken", atomic_load(&h->certificate->broken));
	out->body = j ? cJSON_PrintUnformatted(j) : NULL;
	out->len = out->body ? strlen(out->body) : 0;
	out->type = "application/json";
}

static const struct page {
	const char *path;
	void (*write)(const struct health *h, const struct head *head, struct reply *out);
} pages[] = {
	{ "/healthz", page_health },
	{ "/readyz", page_ready },
	{ "/statusz", page_status },
	{ "/metrics", page_metrics },
};
#define PAGES_N (sizeof pages / sizeof *pages)

static const struct refusal *admit(void *ctx, const struct head *head)
{
	const char *paths[PAGES_N];

	(void)ctx;
	for (size_t i = 0; i < PAGES_N; i++)
		paths[i] = pages[i].path;
	return intake_page(head, paths, PAGES_N);
}

static void answer(void *ctx, const struct head *head, struct str body, struct reply *out)
{
	(void)body;
	out->status = 200;
	out->type = "text/plain; charset=utf-8";
	for (size_t i = 0; i < PAGES_N; i++)
		if (!strcmp(head->path, pages[i].path))
			pages[i].write(ctx, head, out);
}

const struct server_ops health_ops = { .admit = admit, .answer = answer };
