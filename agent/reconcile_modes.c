/* SPDX-License-Identifier: Apache-2.0
 * reconcile_modes.c - a turn, by who makes the certificates.
 */
#include "agent/reconcile_pass.h"

#include <string.h>
#include <time.h>

/* Somebody was faster: read again. */
static enum pass_end reconcile_after_write(struct reconcile_pass *t, int status,
					   enum kube_result result, const struct rotate_plan *plan)
{
	if (status < 0)
		return result == KUBE_CONFLICT ? PASS_AGAIN : PASS_FAILED;
	reconcile_log_step(t, plan);
	return PASS_AGAIN;
}

/* ---- the agent makes the certificates ---- */

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
	if (!bundle.s) {
		err_nomem(t->err);
		return PASS_FAILED;
	}
	if (reconcile_compare(t, set, bundle) < 0)
		return PASS_FAILED;
	f = (struct in_force){ .bundle = t->configuration.bundle,
			       .state = t->configuration.state,
			       .wanted = t->there && !t->r->view.differences };
	rotate_plan(&t->store, &f, &order, &plan);
	if (plan.ran_out) {
		err_nomem(t->err);
		return PASS_FAILED;
	}
	t->r->view.plan = plan;
	t->r->view.current = f.wanted;
	if (plan.step == ROTATE_STEADY || plan.step == ROTATE_WAIT_TRUSTED ||
	    plan.step == ROTATE_WAIT_SERVED) {
		t->r->told_differences = 0;
		t->due = plan.step == ROTATE_STEADY ? 0 : plan.at;
		return PASS_WAIT;
	}
	status = plan.step == ROTATE_WRITE ? reconcile_write_config(t, &result)
					   : reconcile_write_secret(t, &f, &order, &plan, &result);
	return reconcile_after_write(t, status, result, &plan);
}

/* ---- cert-manager makes them ---- */

static bool reconcile_bundle_holds(struct str bundle, struct str ca)
{
	return bundle.n && ca.n && memmem(bundle.s, bundle.n, ca.s, ca.n);
}

/*
 * What the API server is to trust: the CA beside the certificate. One that is new is trusted beside
 * the old one for as long as replicas may still serve a certificate of that.
 */
static struct str reconcile_trust(struct reconcile_pass *t)
{
	struct reconcile *r = t->r;
	struct str ca = t->store.part[PART_CA], live = t->configuration.bundle;
	struct text both;
	bool holds;

	while (ca.n && (ca.s[ca.n - 1] == '\n' || ca.s[ca.n - 1] == ' '))
		ca.n--;
	holds = reconcile_bundle_holds(live, ca);
	if (!ca.n || (holds && live.n <= ca.n + 1))
		return live;
	if (!live.n)
		return t->store.part[PART_CA];
	if (!holds || r->trusted != str_hash(0, ca)) {
		r->trusted = str_hash(0, ca);
		r->trusted_since = t->now;
	}
	t->due = r->trusted_since + r->overlap;
	if (holds)
		return t->now < t->due ? live : t->store.part[PART_CA];
	text_init(&both, &t->arena, live.n + ca.n + 2);
	text_str(&both, live);
	text_str(&both, ca);
	text_puts(&both, "\n");
	return text_get(&both);
}

static enum pass_end reconcile_pass_cert_manager(struct reconcile_pass *t,
						 const struct policy_set *set)
{
	static const struct rotate_plan write = { .step = ROTATE_WRITE };
	enum kube_result result = KUBE_OK;
	struct str bundle;
	int secret;

	t->due = 0;
	if (reconcile_read_config(t) < 0)
		return PASS_FAILED;
	secret = reconcile_read_secret(t);
	if (secret < 0)
		t->store = (struct store){ 0 };
	bundle = reconcile_trust(t);
	if (secret < 0 && !bundle.n && !t->configuration.entries)
		return PASS_FAILED; /* nobody to trust, nobody to put right */
	if (reconcile_compare(t, set, bundle) < 0)
		return PASS_FAILED;
	t->r->view.current = t->there && !t->r->view.differences;
	if (!t->r->view.current && (bundle.n || t->r->view.locks))
		return reconcile_after_write(t, reconcile_write_config(t, &result), result, &write);
	if (secret < 0)
		return PASS_FAILED;
	if (!t->store.part[PART_CA].n) {
		err_set(t->err, ERR_IO,
			"Secret %s holds no ca.crt; cert-manager writes it once the certificate is "
			"issued, by an issuer that has a CA of its own: kubectl -n %s describe "
			"certificate",
			t->r->secret, t->r->namespace);
		return PASS_FAILED;
	}
	t->r->told_differences = 0;
	return PASS_WAIT;
}

/* ---- somebody else does all of it ---- */

static enum pass_end reconcile_pass_external(struct reconcile_pass *t, const struct policy_set *set)
{
	bool was = t->r->view.current || !t->r->view.success;
	struct log_line l;

	if (reconcile_read_config(t) < 0 || reconcile_compare(t, set, (struct str){ NULL, 0 }) < 0)
		return PASS_FAILED;
	/* More than is needed does no harm, unless it refuses. */
	t->r->view.current = !t->r->view.blind && !t->r->view.locks;
	if (t->r->view.locks)
		reconcile_log_differences(t, LOG_ERROR,
					  "the webhook configuration could lock the cluster");
	else
		reconcile_log_differences(t, t->r->view.blind ? LOG_WARN : LOG_INFO,
					  "the webhook configuration differs from the policies");
	if (t->r->view.current && !was) {
		log_begin(&l, t->r->log, LOG_INFO, "the webhook configuration is as it should be");
		log_text(&l, "configuration", t->r->configuration);
		log_end(&l);
	}
	return PASS_WAIT;
}

enum pass_end reconcile_turn(struct reconcile_pass *t, const struct policy_set *set)
{
	if (t->r->self)
		return reconcile_pass_self(t, set);
	return t->r->writes ? reconcile_pass_cert_manager(t, set) : reconcile_pass_external(t, set);
}
