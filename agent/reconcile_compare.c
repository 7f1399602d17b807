/* SPDX-License-Identifier: Apache-2.0
 * reconcile_compare.c - what is in force against what is wanted, for the status and for the log.
 */
#include "agent/reconcile_pass.h"

#include <string.h>

#include "lib/base/clock.h"

/* What could lock the cluster is told in any case, in the last one's place if need be. */
static void reconcile_take_difference(void *ctx, enum webhooks_effect effect, const char *text)
{
	struct reconcile_pass *t = ctx;
	struct status_view *v = &t->r->view;
	size_t at = v->differences;

	v->blind += effect == WEBHOOKS_BLIND;
	v->locks += effect == WEBHOOKS_LOCKS;
	t->differences = str_hash(t->differences, str_of(text));
	if (at >= STATUS_DIFFERENCES && effect == WEBHOOKS_LOCKS)
		at = STATUS_DIFFERENCES - 1;
	if (at < STATUS_DIFFERENCES)
		snprintf(v->difference[at], STATUS_TEXT, "%s%s", text,
			 effect == WEBHOOKS_LOCKS
				 ? " (failurePolicy Fail: it could lock the cluster)"
				 : "");
	v->differences++;
}

/* Where somebody goes on taking the matchConditions away, no entry may refuse. */
static void reconcile_suspend_fail(struct reconcile_pass *t)
{
	t->r->view.suspended = clock_ms() < t->r->suspended_until;
	for (size_t i = 0; t->r->view.suspended && i < t->wanted.n; i++)
		t->wanted.v[i].fail = false;
}

static void reconcile_set_target(struct reconcile_pass *t, struct str bundle)
{
	t->target = (struct webhook_target){ .configuration = str_of(t->r->configuration),
					     .namespace = str_of(t->r->namespace),
					     .service = str_of(t->r->service),
					     .ca_bundle = bundle };
}

int reconcile_compare(struct reconcile_pass *t, const struct policy_set *set, struct str bundle)
{
	struct webhooks_report report = { .difference = reconcile_take_difference, .ctx = t };

	t->r->view.differences = t->r->view.blind = t->r->view.locks = 0;
	t->differences = 0;
	reconcile_set_target(t, bundle);
	if (webhooks_of(set, &t->arena, &t->wanted, t->err) < 0)
		return -1;
	reconcile_suspend_fail(t);
	if (!t->there) {
		reconcile_take_difference(t, WEBHOOKS_BLIND,
					  "it is not there: helm upgrade makes it again");
		return 0;
	}
	if (webhooks_compare(&t->wanted, &t->target, t->live, &t->arena, &report, t->err) < 0)
		return reconcile_unreadable(t);
	if (!bundle.n && t->configuration.untrusted)
		reconcile_take_difference(
			t, WEBHOOKS_BLIND,
			"caBundle is empty: API servers trust no certificate, and every "
			"call fails");
	return 0;
}

void reconcile_log_differences(struct reconcile_pass *t, enum log_level level, const char *msg)
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
