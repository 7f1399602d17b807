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

/* ---- the agent writes the certificates that are served ---- */

/* Where pairs come from another Secret: what cannot be read of it is a pair that is not there. */
static void reconcile_look_at_source(struct reconcile_pass *t)
{
	struct reconcile *r = t->r;
	struct err *kept = t->err;
	struct str version; /* of what is never written */

	t->source = (struct store){ 0 };
	t->source_err = (struct err){ .kind = ERR_NONE };
	if (r->self)
		return;
	t->err = &t->source_err;
	if (reconcile_read_secret(t, r->source, &t->source, &version) < 0)
		t->source = (struct store){ 0 };
	t->err = kept;
}

/* The entries are put right; whom the API server trusts stays as it is. */
static enum pass_end reconcile_keep_trust(struct reconcile_pass *t, const struct policy_set *set)
{
	static const struct rotate_plan write = { .step = ROTATE_WRITE };
	enum kube_result result = KUBE_OK;

	if (!t->configuration.entries)
		return PASS_WAIT; /* nobody to trust, nothing to put right */
	if (reconcile_compare(t, set, t->configuration.bundle) < 0)
		return PASS_FAILED;
	t->r->view.current = t->there && !t->r->view.differences;
	if (t->r->view.current || !(t->configuration.bundle.n || t->r->view.locks))
		return PASS_WAIT;
	return reconcile_after_write(t, reconcile_write_config(t, &result), result, &write);
}

/* What is served stays served; but who makes the pairs must be looked after. */
static enum pass_end reconcile_judge_source(struct reconcile_pass *t,
					    const struct rotate_plan *plan)
{
	if (!*plan->why_source)
		return PASS_WAIT;
	if (t->source_err.kind != ERR_NONE)
		*t->err = t->source_err;
	else if (!t->source.part[PART_CA].n)
		err_set(t->err, ERR_IO,
			"Secret %s holds no ca.crt; cert-manager writes it once the certificate is "
			"issued, by an issuer that has a CA of its own: kubectl -n %s describe "
			"certificate",
			t->r->source, t->r->namespace);
	else
		err_set(t->err, ERR_IO, "Secret %s holds a pair that cannot be served: %.200s",
			t->r->source, plan->why_source);
	return PASS_FAILED;
}

static bool reconcile_is_wait(enum rotate_step step)
{
	return step == ROTATE_STEADY || step == ROTATE_WAIT_TRUSTED || step == ROTATE_WAIT_SERVED ||
	       step == ROTATE_WAIT_PAIR;
}

/* The plan of this turn, and what it rests on. */
static int reconcile_plan(struct reconcile_pass *t, const struct policy_set *set,
			  const struct rotate_order *order, struct in_force *f,
			  struct rotate_plan *plan)
{
	struct str bundle = rotate_bundle(&t->store, &t->arena);

	if (!bundle.s)
		return err_nomem(t->err);
	if (reconcile_compare(t, set, bundle) < 0)
		return -1;
	*f = (struct in_force){ .bundle = t->configuration.bundle,
				.state = t->configuration.state,
				.wanted = t->there && !t->r->view.differences };
	rotate_plan(&t->store, f, order, plan);
	return plan->ran_out ? err_nomem(t->err) : 0;
}

static enum pass_end reconcile_pass_pairs(struct reconcile_pass *t, const struct policy_set *set)
{
	struct rotate_order order = { .names = t->r->names,
				      .names_n = t->r->names_n,
				      .overlap = t->r->overlap,
				      .source = t->r->self ? NULL : &t->source };
	enum kube_result result = KUBE_OK;
	enum pass_end kept = PASS_WAIT;
	struct rotate_plan plan;
	struct in_force f;
	int status;

	if (reconcile_read_config(t) < 0)
		return PASS_FAILED;
	reconcile_look_at_source(t);
	if (reconcile_read_secret(t, t->r->secret, &t->store, &t->version) < 0)
		return PASS_FAILED;
	order.now = t->now;
	if (reconcile_plan(t, set, &order, &f, &plan) < 0)
		return PASS_FAILED;
	t->r->view.plan = plan;
	t->r->view.current = f.wanted;
	if (plan.step == ROTATE_WAIT_PAIR)
		kept = reconcile_keep_trust(t, set);
	if (kept != PASS_WAIT)
		return kept;
	if (reconcile_is_wait(plan.step)) {
		t->r->told_differences = 0;
		t->due = plan.at;
		return reconcile_judge_source(t, &plan);
	}
	status = plan.step == ROTATE_WRITE ? reconcile_write_config(t, &result)
					   : reconcile_write_secret(t, &f, &order, &plan, &result);
	return reconcile_after_write(t, status, result, &plan);
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
	return t->r->writes ? reconcile_pass_pairs(t, set) : reconcile_pass_external(t, set);
}
