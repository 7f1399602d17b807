/* SPDX-License-Identifier: Apache-2.0
 * reconcile_write.c - writing the one object of a turn, and saying what for.
 */
#include "agent/reconcile_pass.h"

#include "lib/base/clock.h"
#include "lib/base/time.h"

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
	[ROTATE_TAKE] = { "a new certificate of the same CA is the current one now", LOG_INFO },
	[ROTATE_TIDY] = { "a next certificate was of no use and was removed", LOG_INFO },
};

void reconcile_log_step(struct reconcile_pass *t, const struct rotate_plan *plan)
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

/*
 * An entry was put right that would have refused the control plane while no server answers. If it
 * is taken apart again and again, by somebody who knows no matchConditions, then no entry has
 * failurePolicy Fail for a while: a guard that lets pass is better than a cluster that stands.
 */
static void reconcile_count_repair(struct reconcile_pass *t)
{
	struct reconcile *r = t->r;
	long long now = clock_ms();
	struct log_line l;

	atomic_fetch_add(&r->status->lockouts_prevented, 1);
	if (now - r->repairs_since > RECONCILE_REPAIRS_S * 1000LL) {
		r->repairs = 0;
		r->repairs_since = now;
	}
	if (++r->repairs < RECONCILE_REPAIRS_MAX)
		return;
	r->repairs = 0;
	r->suspended_until = now + RECONCILE_SUSPEND_S * 1000LL;
	log_begin(&l, r->log, LOG_ERROR,
		  "something else takes matchConditions away; Fail is suspended");
	log_text(&l, "configuration", r->configuration);
	log_end(&l);
}

int reconcile_write_config(struct reconcile_pass *t, enum kube_result *result)
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
	snprintf(path, sizeof path, RECONCILE_GROUP "%s", t->r->configuration);
	if (t->r->view.locks)
		reconcile_log_differences(
			t, LOG_ERROR,
			"the webhook configuration could lock the cluster; it is put right");
	else if (t->configuration.entries)
		reconcile_log_differences(t, LOG_INFO,
					  "the webhook configuration differs; it is put right");
	if (reconcile_call(t, KUBE_PATCH, path, body, NULL, result) < 0)
		return -1;
	atomic_fetch_add(&t->r->status->written_configuration, 1);
	if (t->r->view.locks)
		reconcile_count_repair(t);
	return 0;
}

int reconcile_write_secret(struct reconcile_pass *t, const struct in_force *f,
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
