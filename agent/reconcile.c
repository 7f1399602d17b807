#include "agent/reconcile.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/objects.h"
#include "agent/wait.h"
#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "lib/base/time.h"
#include "lib/base/clock.h"
#include "oke/policy.h"
#include "oke/webhooks.h"

#define GROUP "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/"

/* What has been read in this turn of the round; all of it lives in the arena. */
struct reconcile_pass {
	struct reconcile *r;
	struct arena arena;
	bool there; /* the webhook configuration */
	struct configuration configuration;
	struct str live; /* its bytes */
	struct store store;
	struct str version; /* of the Secret */
	int64_t now;        /* by the API server's clock */
	struct webhooks wanted;
	struct webhook_target target;
	uint64_t differences; /* a hash of their texts */
	struct err *err;
};

/* ---- calls ---- */

/* The answer's body into the arena: it is overwritten with it. */
static int reconcile_call(struct reconcile_pass *t, enum kube_method method, const char *path,
			  struct str body, struct str *out, enum kube_result *result)
{
	struct kube_request request = { .method = method, .path = path, .body = body };
	struct kube_answer *a = malloc(sizeof *a);
	int status;

	*result = KUBE_CONNECTION;
	if (out)
		*out = (struct str){ NULL, 0 };
	if (!a)
		return err_nomem(t->err);
	status = kube_call(t->r->kube, &request, a, t->err);
	atomic_fetch_add(&t->r->status->calls[a->result], 1);
	*result = a->result;
	t->r->stopped |= a->result == KUBE_STOPPED;
	t->r->retry_after = a->retry_after;
	t->now = a->date ? a->date : time(NULL);
	if (status == 0 && out) {
		*out = str_copy(&t->arena, (struct str){ a->body ? a->body : "", a->len });
		status = out->s ? 0 : err_nomem(t->err);
	}
	kube_answer_done(a);
	free(a);
	return status;
}

/* It answered, but with something else: counted as such. */
static int reconcile_unreadable(struct reconcile_pass *t)
{
	atomic_fetch_add(&t->r->status->calls[KUBE_UNREADABLE], 1);
	return -1;
}

static const char *reconcile_path_of(char path[KUBE_URL_MAX], const struct reconcile *r,
				     const char *resource, const char *name)
{
	snprintf(path, KUBE_URL_MAX, "/api/v1/namespaces/%s/%s/%s", r->namespace, resource, name);
	return path;
}

/* ---- reading ---- */

static int reconcile_read_config(struct reconcile_pass *t)
{
	char path[KUBE_URL_MAX];
	enum kube_result result;

	snprintf(path, sizeof path, GROUP "%s", t->r->configuration);
	t->configuration = (struct configuration){ 0 };
	t->live = (struct str){ NULL, 0 };
	if (reconcile_call(t, KUBE_GET, path, (struct str){ NULL, 0 }, &t->live, &result) < 0) {
		t->there = false;
		return result == KUBE_MISSING ? 0 : -1;
	}
	t->there = true;
	if (objects_configuration_read(t->live, &t->arena, &t->configuration, t->err) < 0)
		return reconcile_unreadable(t);
	return 0;
}

static int reconcile_read_secret(struct reconcile_pass *t)
{
	char path[KUBE_URL_MAX];
	enum kube_result result;
	struct str body;

	if (reconcile_call(t, KUBE_GET, reconcile_path_of(path, t->r, "secrets", t->r->secret),
			   (struct str){ NULL, 0 }, &body, &result) < 0) {
		if (result == KUBE_MISSING)
			err_set(t->err, ERR_IO,
				"there is no Secret %s in namespace %s; the chart makes it, empty: "
				"helm upgrade",
				t->r->secret, t->r->namespace);
		return -1;
	}
	if (objects_secret_read(body, &t->arena, &t->store, &t->version, t->err) < 0)
		return reconcile_unreadable(t);
	return 0;
}

/* ---- comparing ---- */

static void reconcile_take_difference(void *ctx, bool blind, const char *text)
{
	struct reconcile_pass *t = ctx;
	struct status_view *v = &t->r->view;

	v->blind += blind;
	t->differences = str_hash(t->differences, str_of(text));
	if (v->differences < STATUS_DIFFERENCES)
		snprintf(v->difference[v->differences], STATUS_TEXT, "%s", text);
	v->differences++;
}

static void reconcile_set_target(struct reconcile_pass *t, struct str bundle)
{
	t->target = (struct webhook_target){ .configuration = str_of(t->r->configuration),
					     .namespace = str_of(t->r->namespace),
					     .service = str_of(t->r->service),
					     .ca_bundle = bundle };
}

/* How does the live configuration differ from what policies and bundle want? */
static int reconcile_compare(struct reconcile_pass *t, const struct policy_set *set,
			     struct str bundle)
{
	struct webhooks_report report = { .difference = reconcile_take_difference, .ctx = t };

	t->r->view.differences = t->r->view.blind = 0;
	t->differences = 0;
	reconcile_set_target(t, bundle);
	if (webhooks_of(set, &t->arena, &t->wanted, t->err) < 0)
		return -1;
	if (!t->there) {
		reconcile_take_difference(t, true, "it is not there: helm upgrade makes it anew");
		return 0;
	}
	if (webhooks_compare(&t->wanted, &t->target, t->live, &t->arena, &report, t->err) < 0)
		return reconcile_unreadable(t);
	if (!bundle.n && t->configuration.untrusted)
		reconcile_take_difference(
			t, true,
			"caBundle is empty: API servers trust no certificate, and every "
			"call fails");
	return 0;
}

static void reconcile_log_differences(struct reconcile_pass *t, enum log_level level,
				      const char *msg)
{
	struct reconcile *r = t->r;
	const struct status_view *v = &r->view;
	bool bundle_told = false;
	struct log_line l;

	if (v->differences && t->differences == r->told_differences)
		return;
	r->told_differences = v->differences ? t->differences : 0;
	for (size_t i = 0; i < v->differences && i < STATUS_DIFFERENCES; i++) {
		bool bundle = strstr(v->difference[i], "caBundle");

		if (bundle && bundle_told)
			continue; /* one line for all entries: they change together */
		bundle_told |= bundle;
		log_begin(&l, r->log, level, msg);
		log_text(&l, "configuration", r->configuration);
		log_text(&l, "difference", v->difference[i]);
		log_number(&l, "count", (int64_t)v->differences);
		log_end(&l);
	}
}

/* ---- writing ---- */

static const struct reconcile_step_words {
	const char *msg;
	enum log_level level;
} words[ROTATE_STEPS_N] = {
	[ROTATE_FIRST] = { "the first certificate was issued", LOG_INFO },
	[ROTATE_ADOPT] = { "ca.crt was lost; it was taken from the configuration in force",
			   LOG_WARN },
	[ROTATE_ISSUE] = { "the next certificate was issued; it is not served yet", LOG_INFO },
	[ROTATE_WRITE] = { "the webhook configuration was written", LOG_INFO },
	[ROTATE_TRUSTED] = { "the next CA was read back; waiting for the API servers", LOG_INFO },
	[ROTATE_SWAP] = { "the next certificate is the current one now", LOG_INFO },
	[ROTATE_SERVED] = { "the new certificate was read back; waiting for the replicas",
			    LOG_INFO },
	[ROTATE_DROP] = { "the previous CA was dropped; the renewal is over", LOG_INFO },
	[ROTATE_TIDY] = { "a next certificate was of no use and was removed", LOG_INFO },
};

static void reconcile_log_step(struct reconcile_pass *t, const struct rotate_plan *plan)
{
	struct log_line l;
	char date[TIME_TEXT];

	if (!plan->good && *plan->why && plan->step == ROTATE_ISSUE) {
		log_begin(&l, t->r->log, LOG_WARN,
			  "the certificate in the Secret cannot be served");
		log_text(&l, "error", plan->why);
		log_end(&l);
	}
	log_begin(&l, t->r->log, words[plan->step].level, words[plan->step].msg);
	log_text(&l, "step", rotate_step_name(plan->step));
	log_text(&l, plan->step == ROTATE_WRITE ? "configuration" : "secret",
		 plan->step == ROTATE_WRITE ? t->r->configuration : t->r->secret);
	if (plan->expires) {
		time_print(plan->expires, date);
		log_text(&l, "expires", date);
	}
	log_end(&l);
}

static int reconcile_write_config(struct reconcile_pass *t, enum kube_result *result)
{
	struct text list;
	struct str body;
	char path[KUBE_URL_MAX];

	if (!t->there)
		return err_set(t->err, ERR_IO,
			       "there is no ValidatingWebhookConfiguration %s; the chart makes it: "
			       "helm upgrade",
			       t->r->configuration);
	text_init(&list, &t->arena, WEBHOOKS_TEXT_MAX);
	webhooks_print_list(&t->wanted, &t->target, WEBHOOKS_JSON, &list);
	if (list.full || objects_configuration_patch(text_get(&list), t->configuration.version,
						     &t->arena, &body, t->err) < 0)
		return err_nomem(t->err);
	snprintf(path, sizeof path, GROUP "%s", t->r->configuration);
	if (t->configuration.entries)
		reconcile_log_differences(t, LOG_INFO,
					  "the webhook configuration differs; it is put right");
	if (reconcile_call(t, KUBE_PATCH, path, body, NULL, result) < 0)
		return -1;
	atomic_fetch_add(&t->r->status->written_configuration, 1);
	return 0;
}

static int reconcile_write_secret(struct reconcile_pass *t, const struct in_force *f,
				  const struct rotate_order *order, const struct rotate_plan *plan,
				  enum kube_result *result)
{
	struct store after;
	struct str body;
	char path[KUBE_URL_MAX];

	if (rotate_apply(&t->store, f, order, plan, &t->arena, &after, t->err) < 0 ||
	    objects_secret_patch(&t->store, &after, t->version, &t->arena, &body, t->err) < 0)
		return -1;
	if (reconcile_call(t, KUBE_PATCH, reconcile_path_of(path, t->r, "secrets", t->r->secret),
			   body, NULL, result) < 0)
		return -1;
	atomic_fetch_add(&t->r->status->written_secret, 1);
	return 0;
}

/* ---- a turn ---- */

enum pass_end { PASS_AGAIN, PASS_WAIT, PASS_FAILED };

/* Somebody was faster: read again. */
static enum pass_end reconcile_after_write(struct reconcile_pass *t, int status,
					   enum kube_result result, const struct rotate_plan *plan)
{
	if (status < 0)
		return result == KUBE_CONFLICT ? PASS_AGAIN : PASS_FAILED;
	reconcile_log_step(t, plan);
	return PASS_AGAIN;
}

static enum pass_end reconcile_pass_self(struct reconcile_pass *t, const struct policy_set *set)
{
	struct rotate_order order = { .names = t->r->names,
				      .names_n = t->r->names_n,
				      .overlap = t->r->overlap };
	enum kube_result result = KUBE_OK;
	struct rotate_plan plan;
	struct in_force f;
	struct str bundle;
	int status;

	if (reconcile_read_config(t) < 0 || reconcile_read_secret(t) < 0)
		return PASS_FAILED;
	order.now = t->now;
	bundle = rotate_bundle(&t->store, &t->arena);
	if (!bundle.s || reconcile_compare(t, set, bundle) < 0)
		return PASS_FAILED;
	f = (struct in_force){ .bundle = t->configuration.bundle,
			       .state = t->configuration.state,
			       .wanted = t->there && !t->r->view.differences };
	rotate_plan(&t->store, &f, &order, &plan);
	t->r->view.plan = plan;
	t->r->view.current = f.wanted;
	if (plan.step == ROTATE_STEADY || plan.step == ROTATE_WAIT_TRUSTED ||
	    plan.step == ROTATE_WAIT_SERVED) {
		t->r->told_differences = 0;
		return PASS_WAIT;
	}
	status = plan.step == ROTATE_WRITE ? reconcile_write_config(t, &result)
					   : reconcile_write_secret(t, &f, &order, &plan, &result);
	return reconcile_after_write(t, status, result, &plan);
}

static enum pass_end reconcile_pass_external(struct reconcile_pass *t, const struct policy_set *set)
{
	bool was = t->r->view.current || !t->r->view.success;
	struct log_line l;

	if (reconcile_read_config(t) < 0 || reconcile_compare(t, set, (struct str){ NULL, 0 }) < 0)
		return PASS_FAILED;
	t->r->view.current = !t->r->view.blind; /* more than is needed does no harm */
	reconcile_log_differences(t, t->r->view.blind ? LOG_WARN : LOG_INFO,
				  "the webhook configuration differs from the policies");
	if (t->r->view.current && !was) {
		log_begin(&l, t->r->log, LOG_INFO, "the webhook configuration is as it should be");
		log_text(&l, "configuration", t->r->configuration);
		log_end(&l);
	}
	return PASS_WAIT;
}

/* ---- facts ---- */

/* Once for each version that is not known, or not as a release. */
static void say_version(const struct reconcile_pass *t)
{
	char text[POLICY_VERSION_TEXT];
	struct policy_version v;
	struct log_line l;

	policy_version_of(str_of(t->r->view.kubernetes), VERSION_FROM_SERVER, &v);
	if (!v.rough)
		return;
	policy_version_print(&v, text);
	log_begin(&l, t->r->log, LOG_WARN, "the cluster's version is not known as a release");
	log_text(&l, "kubernetes", t->r->view.kubernetes);
	log_text(&l, "warning", text);
	log_end(&l);
}

/* What the API server says of itself; policies and the entries of the configuration depend on it.
 */
static int reconcile_read_version(struct reconcile_pass *t, struct str *version)
{
	struct status_view *v = &t->r->view;
	enum kube_result result;
	struct str body;
	bool changed;

	if (reconcile_call(t, KUBE_GET, "/version", (struct str){ NULL, 0 }, &body, &result) < 0)
		return -1;
	if (objects_version_read(body, &t->arena, version, t->err) < 0)
		return reconcile_unreadable(t);
	/* What somebody else wrote was made without knowing it, for any version. */
	changed = strcmp(v->kubernetes, version->s) != 0;
	t->r->learnt = t->r->self && changed;
	snprintf(v->kubernetes, sizeof v->kubernetes, "%s", version->s);
	if (changed && !t->r->learnt) /* else the policies are loaded again, which says it */
		say_version(t);
	return 0;
}

/* To where the replicas read it. */
static int reconcile_publish_facts(struct reconcile_pass *t, struct str version)
{
	enum kube_result result;
	char path[KUBE_URL_MAX];
	struct str body, told;
	struct log_line l;

	reconcile_path_of(path, t->r, "configmaps", t->r->facts);
	if (reconcile_call(t, KUBE_GET, path, (struct str){ NULL, 0 }, &body, &result) < 0)
		return -1;
	if (objects_facts_read(body, &t->arena, &told, t->err) < 0)
		return reconcile_unreadable(t);
	if (str_eq(told, version))
		return 0;
	if (objects_facts_patch(version, &t->arena, &body, t->err) < 0 ||
	    reconcile_call(t, KUBE_PATCH, path, body, NULL, &result) < 0)
		return -1;
	log_begin(&l, t->r->log, LOG_INFO, "facts were written");
	log_text(&l, "kubernetes", version.s);
	log_end(&l);
	return 0;
}

/* Features are judged by the newest version that is known, then: no reason to stop the rest. */
static void reconcile_facts_if_due(struct reconcile_pass *t)
{
	struct reconcile *r = t->r;
	struct str version;
	bool failed;
	struct log_line l;

	if (clock_ms() < r->facts_at)
		return;
	objects_wipe(&t->arena);
	failed = reconcile_read_version(t, &version) < 0 ||
		 (r->facts && reconcile_publish_facts(t, version) < 0);
	r->facts_at = clock_ms() + (failed ? FACTS_AGAIN_S : FACTS_EVERY_S) * 1000LL;
	if (failed && !r->facts_failed && !r->stopped) {
		log_begin(&l, r->log, LOG_WARN, "the version of Kubernetes could not be told");
		log_text(&l, "error", t->err->msg);
		log_end(&l);
	}
	r->facts_failed = failed;
}

/* ---- the round ---- */

static int reconcile_passes(struct reconcile_pass *t)
{
	struct reconcile *r = t->r;
	enum pass_end turned = PASS_AGAIN;

	for (int n = 0; turned == PASS_AGAIN; n++) {
		struct shared *set = slot_get(r->policies);

		if (n == RECONCILE_STEPS_MAX) {
			shared_unref(set);
			return err_set(t->err, ERR_LIMIT,
				       "after %d steps the cluster is still not as it should be: "
				       "does something else write the same objects?",
				       RECONCILE_STEPS_MAX);
		}
		objects_wipe(&t->arena);
		turned = r->self ? reconcile_pass_self(t, policy_set_of(set))
				 : reconcile_pass_external(t, policy_set_of(set));
		shared_unref(set);
	}
	return turned == PASS_FAILED ? -1 : 0;
}

static void reconcile_log_failure(struct reconcile *r, const struct err *err)
{
	struct log_line l;

	if (!strcmp(r->told_error, err->msg))
		return;
	snprintf(r->told_error, sizeof r->told_error, "%s", err->msg);
	log_begin(&l, r->log, LOG_ERROR,
		  "the cluster could not be looked after; it is tried again");
	log_text(&l, "error", err->msg);
	log_end(&l);
}

static void reconcile_log_recovery(struct reconcile *r)
{
	struct log_line l;

	if (!*r->told_error)
		return;
	*r->told_error = '\0';
	log_begin(&l, r->log, LOG_INFO, "the cluster is looked after again");
	log_end(&l);
}

static void reconcile_note_outcome(struct reconcile *r, int status, const struct err *err)
{
	struct status_view *v = &r->view;

	v->self = r->self;
	if (r->stopped)
		return;
	if (status == 0) {
		v->success = time(NULL);
		v->failing = 0;
		*v->error = '\0';
		reconcile_log_recovery(r);
	} else {
		if (!v->failing)
			v->failing = time(NULL);
		snprintf(v->error, sizeof v->error, "%s", err->msg);
		reconcile_log_failure(r, err);
	}
	status_set(r->status, v);
}

int reconcile_run(struct reconcile *r, long longest, long *wait)
{
	struct err err = { .kind = ERR_NONE };
	struct reconcile_pass t = { .r = r, .err = &err };
	const struct rotate_plan *plan = &r->view.plan;
	int status;

	arena_init(&t.arena, OBJECT_MEMORY);
	r->learnt = false;
	*wait = 0;
	reconcile_facts_if_due(&t);
	status = r->stopped ? -1 : 0;
	if (!status && !r->learnt) {
		r->retry_after = 0;
		status = reconcile_passes(&t);
		*wait = longest;
		reconcile_note_outcome(r, status, &err);
	}
	if (status == 0 && !r->learnt && r->self && plan->step != ROTATE_STEADY &&
	    plan->at - t.now < longest)
		*wait = plan->at > t.now ? (long)(plan->at - t.now) : 0;
	objects_wipe(&t.arena);
	return status;
}
