/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reconcile.h"

#include <string.h>
#include <time.h>

#include "agent/reconcile_pass.h"

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
		reconcile_check_version(r, policy_set_of(set));
		turned = reconcile_turn(t, policy_set_of(set));
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
	log_begin(&l, r->log, LOG_ERROR, "reconciling failed; will retry");
	log_text(&l, "error", err->msg);
	log_end(&l);
}

static void reconcile_log_recovery(struct reconcile *r)
{
	struct log_line l;

	if (!*r->told_error)
		return;
	*r->told_error = '\0';
	log_begin(&l, r->log, LOG_INFO, "reconciling works again");
	log_end(&l);
}

static void reconcile_note_outcome(struct reconcile *r, int status, const struct err *err)
{
	struct status_view *v = &r->view;

	v->self = r->self;
	v->writes = r->writes;
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
	int status;

	arena_init(&t.arena, OBJECT_MEMORY);
	r->learnt = false;
	*wait = 0;
	reconcile_facts_if_due(&t);
	status = r->stopped ? -1 : 0;
	if (!status && !r->learnt) {
		r->retry_after = 0;
		status = reconcile_passes(&t);
		if (!r->stopped)
			reconcile_look_at_rollout(&t);
		*wait = longest;
		reconcile_note_outcome(r, status, &err);
	}
	if (status == 0 && !r->learnt && t.due && t.due - t.now < longest)
		*wait = t.due > t.now ? (long)(t.due - t.now) : 0;
	objects_wipe(&t.arena);
	return status;
}
