#include "agent/reconcile.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/objects.h"
#include "agent/wait.h"
#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "oke/policy.h"
#include "oke/webhooks.h"

#define GROUP "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/"

/* What has been read in this turn of the round; all of it lives in the arena. */
struct turn {
	struct round *r;
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
static int call(struct turn *t, enum kube_method method, const char *path, struct str body,
		struct str *out, enum kube_result *result)
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
static int unreadable(struct turn *t)
{
	atomic_fetch_add(&t->r->status->calls[KUBE_UNREADABLE], 1);
	return -1;
}

static const char *path_of(char path[KUBE_URL_MAX], const struct round *r, const char *resource,
			   const char *name)
{
	snprintf(path, KUBE_URL_MAX, "/api/v1/namespaces/%s/%s/%s", r->namespace, resource, name);
	return path;
}

/* ---- reading ---- */

static int read_configuration(struct turn *t)
{
	char path[KUBE_URL_MAX];
	enum kube_result result;

	snprintf(path, sizeof path, GROUP "%s", t->r->configuration);
	t->configuration = (struct configuration){ 0 };
	t->live = (struct str){ NULL, 0 };
	if (call(t, KUBE_GET, path, (struct str){ NULL, 0 }, &t->live, &result) < 0) {
		t->there = false;
		return result == KUBE_MISSING ? 0 : -1;
	}
	t->there = true;
	if (configuration_read(t->live, &t->arena, &t->configuration, t->err) < 0)
		return unreadable(t);
	return 0;
}

static int read_secret(struct turn *t)
{
	char path[KUBE_URL_MAX];
	enum kube_result result;
	struct str body;

	if (call(t, KUBE_GET, path_of(path, t->r, "secrets", t->r->secret), (struct str){ NULL, 0 },
		 &body, &result) < 0) {
		if (result == KUBE_MISSING)
			err_set(t->err, ERR_IO,
				"there is no Secret %s in namespace %s; the chart makes it, empty: "
				"helm upgrade",
				t->r->secret, t->r->namespace);
		return -1;
	}
	if (secret_read(body, &t->arena, &t->store, &t->version, t->err) < 0)
		return unreadable(t);
	return 0;
}

/* ---- comparing ---- */

static void take_difference(void *ctx, bool blind, const char *text)
{
	struct turn *t = ctx;
	struct status_view *v = &t->r->view;

	v->blind += blind;
	t->differences = str_hash(t->differences, str_of(text));
	if (v->differences < STATUS_DIFFERENCES)
		snprintf(v->difference[v->differences], STATUS_TEXT, "%s", text);
	v->differences++;
}

static void set_target(struct turn *t, struct str bundle)
{
	t->target = (struct webhook_target){ .configuration = str_of(t->r->configuration),
					     .namespace = str_of(t->r->namespace),
					     .service = str_of(t->r->service),
					     .ca_bundle = bundle };
}

/* How does the live configuration differ from what policies and bundle want? */
static int compare(struct turn *t, const struct policy_set *set, struct str bundle)
{
	struct webhooks_report report = { .difference = take_difference, .ctx = t };

	t->r->view.differences = t->r->view.blind = 0;
	t->differences = 0;
	set_target(t, bundle);
	if (webhooks_of(set, &t->arena, &t->wanted, t->err) < 0)
		return -1;
	if (!t->there) {
		take_difference(t, true, "it is not there: helm upgrade makes it anew");
		return 0;
	}
	if (webhooks_compare(&t->wanted, &t->target, t->live, &t->arena, &report, t->err) < 0)
		return unreadable(t);
	if (!bundle.n && t->configuration.untrusted)
		take_difference(t, true,
				"caBundle is empty: API servers trust no certificate, and every "
				"call fails");
	return 0;
}

static void log_differences(struct turn *t, enum log_level level, const char *msg)
{
	struct round *r = t->r;
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

static const struct step_words {
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

static void log_step(struct turn *t, const struct rotate_plan *plan)
{
	struct log_line l;
	char date[CERTS_DATE];

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
		certs_date(plan->expires, date);
		log_text(&l, "expires", date);
	}
	log_end(&l);
}

static int write_configuration(struct turn *t, enum kube_result *result)
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
	if (list.full || configuration_patch(text_get(&list), t->configuration.version, &t->arena,
					     &body, t->err) < 0)
		return err_nomem(t->err);
	snprintf(path, sizeof path, GROUP "%s", t->r->configuration);
	if (t->configuration.entries)
		log_differences(t, LOG_INFO, "the webhook configuration differs; it is put right");
	if (call(t, KUBE_PATCH, path, body, NULL, result) < 0)
		return -1;
	atomic_fetch_add(&t->r->status->written_configuration, 1);
	return 0;
}

static int write_secret(struct turn *t, const struct in_force *f, const struct rotate_order *order,
			const struct rotate_plan *plan, enum kube_result *result)
{
	struct store after;
	struct str body;
	char path[KUBE_URL_MAX];

	if (rotate_apply(&t->store, f, order, plan, &t->arena, &after, t->err) < 0 ||
	    secret_patch(&t->store, &after, t->version, &t->arena, &body, t->err) < 0)
		return -1;
	if (call(t, KUBE_PATCH, path_of(path, t->r, "secrets", t->r->secret), body, NULL, result) <
	    0)
		return -1;
	atomic_fetch_add(&t->r->status->written_secret, 1);
	return 0;
}

/* ---- a turn ---- */

enum turned { TURN_AGAIN, TURN_WAIT, TURN_FAILED };

/* Somebody was faster: read again. */
static enum turned after_write(struct turn *t, int status, enum kube_result result,
			       const struct rotate_plan *plan)
{
	if (status < 0)
		return result == KUBE_CONFLICT ? TURN_AGAIN : TURN_FAILED;
	log_step(t, plan);
	return TURN_AGAIN;
}

static enum turned turn_self(struct turn *t, const struct policy_set *set)
{
	struct rotate_order order = { .names = t->r->names,
				      .names_n = t->r->names_n,
				      .overlap = t->r->overlap };
	enum kube_result result = KUBE_OK;
	struct rotate_plan plan;
	struct in_force f;
	struct str bundle;
	int status;

	if (read_configuration(t) < 0 || read_secret(t) < 0)
		return TURN_FAILED;
	order.now = t->now;
	bundle = rotate_bundle(&t->store, &t->arena);
	if (!bundle.s || compare(t, set, bundle) < 0)
		return TURN_FAILED;
	f = (struct in_force){ .bundle = t->configuration.bundle,
			       .state = t->configuration.state,
			       .wanted = t->there && !t->r->view.differences };
	rotate_plan(&t->store, &f, &order, &plan);
	t->r->view.plan = plan;
	t->r->view.current = f.wanted;
	if (plan.step == ROTATE_STEADY || plan.step == ROTATE_WAIT_TRUSTED ||
	    plan.step == ROTATE_WAIT_SERVED) {
		t->r->told_differences = 0;
		return TURN_WAIT;
	}
	status = plan.step == ROTATE_WRITE ? write_configuration(t, &result)
					   : write_secret(t, &f, &order, &plan, &result);
	return after_write(t, status, result, &plan);
}

static enum turned turn_external(struct turn *t, const struct policy_set *set)
{
	bool was = t->r->view.current || !t->r->view.success;
	struct log_line l;

	if (read_configuration(t) < 0 || compare(t, set, (struct str){ NULL, 0 }) < 0)
		return TURN_FAILED;
	t->r->view.current = !t->r->view.blind; /* more than is needed does no harm */
	log_differences(t, t->r->view.blind ? LOG_WARN : LOG_INFO,
			"the webhook configuration differs from the policies");
	if (t->r->view.current && !was) {
		log_begin(&l, t->r->log, LOG_INFO, "the webhook configuration is as it should be");
		log_text(&l, "configuration", t->r->configuration);
		log_end(&l);
	}
	return TURN_WAIT;
}

/* ---- facts ---- */

/* What the API server says of itself; policies and the entries of the configuration depend on it.
 */
static int learn(struct turn *t, struct str *version)
{
	struct status_view *v = &t->r->view;
	enum kube_result result;
	struct str body;

	if (call(t, KUBE_GET, "/version", (struct str){ NULL, 0 }, &body, &result) < 0)
		return -1;
	if (version_read(body, &t->arena, version, t->err) < 0)
		return unreadable(t);
	/* What somebody else wrote was made without knowing it, for any version. */
	t->r->learnt = t->r->self && strcmp(v->kubernetes, version->s) != 0;
	snprintf(v->kubernetes, sizeof v->kubernetes, "%s", version->s);
	return 0;
}

/* To where the replicas read it. */
static int tell(struct turn *t, struct str version)
{
	enum kube_result result;
	char path[KUBE_URL_MAX];
	struct str body, told;
	struct log_line l;

	path_of(path, t->r, "configmaps", t->r->facts);
	if (call(t, KUBE_GET, path, (struct str){ NULL, 0 }, &body, &result) < 0)
		return -1;
	if (facts_read(body, &t->arena, &told, t->err) < 0)
		return unreadable(t);
	if (str_eq(told, version))
		return 0;
	if (facts_patch(version, &t->arena, &body, t->err) < 0 ||
	    call(t, KUBE_PATCH, path, body, NULL, &result) < 0)
		return -1;
	log_begin(&l, t->r->log, LOG_INFO, "facts were written");
	log_text(&l, "kubernetes", version.s);
	log_end(&l);
	return 0;
}

/* Features are judged by the newest version that is known, then: no reason to stop the rest. */
static void facts_if_due(struct turn *t)
{
	struct round *r = t->r;
	struct str version;
	bool failed;
	struct log_line l;

	if (wait_now() < r->facts_at)
		return;
	object_wipe(&t->arena);
	failed = learn(t, &version) < 0 || (r->facts && tell(t, version) < 0);
	r->facts_at = wait_now() + (failed ? FACTS_AGAIN_S : FACTS_EVERY_S) * 1000LL;
	if (failed && !r->facts_failed && !r->stopped) {
		log_begin(&l, r->log, LOG_WARN, "the version of Kubernetes could not be told");
		log_text(&l, "error", t->err->msg);
		log_end(&l);
	}
	r->facts_failed = failed;
}

/* ---- the round ---- */

static int turns(struct turn *t)
{
	struct round *r = t->r;
	enum turned turned = TURN_AGAIN;

	for (int n = 0; turned == TURN_AGAIN; n++) {
		struct shared *set = slot_get(r->policies);

		if (n == ROUND_STEPS_MAX) {
			shared_unref(set);
			return err_set(t->err, ERR_LIMIT,
				       "after %d steps the cluster is still not as it should be: "
				       "does something else write the same objects?",
				       ROUND_STEPS_MAX);
		}
		object_wipe(&t->arena);
		turned = r->self ? turn_self(t, policy_set_of(set))
				 : turn_external(t, policy_set_of(set));
		shared_unref(set);
	}
	return turned == TURN_FAILED ? -1 : 0;
}

static void log_failure(struct round *r, const struct err *err)
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

static void log_recovery(struct round *r)
{
	struct log_line l;

	if (!*r->told_error)
		return;
	*r->told_error = '\0';
	log_begin(&l, r->log, LOG_INFO, "the cluster is looked after again");
	log_end(&l);
}

static void note_outcome(struct round *r, int status, const struct err *err)
{
	struct status_view *v = &r->view;

	v->self = r->self;
	if (r->stopped)
		return;
	if (status == 0) {
		v->success = time(NULL);
		v->failing = 0;
		*v->error = '\0';
		log_recovery(r);
	} else {
		if (!v->failing)
			v->failing = time(NULL);
		snprintf(v->error, sizeof v->error, "%s", err->msg);
		log_failure(r, err);
	}
	status_set(r->status, v);
}

int round_go(struct round *r, long longest, long *wait)
{
	struct err err = { .kind = ERR_NONE };
	struct turn t = { .r = r, .err = &err };
	const struct rotate_plan *plan = &r->view.plan;
	int status;

	arena_init(&t.arena, OBJECT_MEMORY);
	r->learnt = false;
	*wait = 0;
	facts_if_due(&t);
	status = r->stopped ? -1 : 0;
	if (!status && !r->learnt) {
		r->retry_after = 0;
		status = turns(&t);
		*wait = longest;
		note_outcome(r, status, &err);
	}
	if (status == 0 && !r->learnt && r->self && plan->step != ROTATE_STEADY &&
	    plan->at - t.now < longest)
		*wait = plan->at > t.now ? (long)(plan->at - t.now) : 0;
	object_wipe(&t.arena);
	return status;
}
