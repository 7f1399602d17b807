/* SPDX-License-Identifier: Apache-2.0
 * exception.c - step 7: time-boxed permissions.
 *
 * An exception holds for exact rules, objects and identities, from notBefore on
 * and until just before expires, by the clock of the request: it ends to the
 * second without a reload. It never makes a finding silent.
 */
#include "lib/base/time.h"
#include "policy/judge/judge.h"

#include "policy/model/exceptions.h"

static bool names_rule(const struct exception *e, const struct rule *rule)
{
	const struct exception_rule *r = e->rules;

	while (r && !(str_eq(r->policy, rule->policy->name) && str_eq(r->rule, rule->name)))
		r = r->next;
	return r;
}

static bool exception_concerns(const struct judge *j, const struct exception *e,
			       const struct rule *rule)
{
	return names_rule(e, rule) &&
	       (j->req->stored || identity_in_list(&j->id, &e->identities)) &&
	       match_objects_fit(e->objects, j->req, &j->names, j->object, j->old);
}

void exception_apply(const struct judge *j, const struct rule *rule, struct finding *f)
{
	for (const struct exception *e = j->set->model.exceptions; e; e = e->next) {
		if (exception_state_at(e, j->now) != EXCEPTION_ACTIVE ||
		    !exception_concerns(j, e, rule))
			continue;
		judge_step(j, 7, "exception %.*s (%.*s) lowers to %s", STR_ARG(e->name),
			   STR_ARG(e->ticket), action_name(e->action));
		if (f->action <= e->action)
			continue;
		f->action = e->action;
		f->exception = e->name;
		f->ticket = e->ticket;
		f->exception_ends = e->expires;
	}
}

struct str exception_permits(const struct judge *j, const struct finding *f)
{
	struct text t;
	char when[TIME_TEXT];

	time_print(f->exception_ends, when);
	text_init(&t, j->arena, 400);
	text_printf(&t, "Permitted until %s by exception %.*s (%.*s)", when,
		    STR_ARG(printable_cut(f->exception, 63, j->arena)),
		    STR_ARG(printable_cut(f->ticket, 63, j->arena)));
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

bool exception_tells_remedy(const struct finding *f)
{
	return f->command.n || (f->remedy.n && f->remedy.s[0] > 'Z');
}

int exception_tell(const struct judge *j, struct finding *f)
{
	if (!f->exception.n || exception_tells_remedy(f))
		return 0;
	f->remedy = exception_permits(j, f);
	return f->remedy.s ? 0 : err_set(j->err, ERR_LIMIT, JUDGE_OUT_OF_ARENA(j));
}

/* The one that expired last. */
static const struct exception *last_expired(const struct judge *j, const struct rule *rule)
{
	const struct exception *last = NULL;

	for (const struct exception *e = j->set->model.exceptions; e; e = e->next)
		if (exception_state_at(e, j->now) == EXCEPTION_EXPIRED &&
		    (!last || e->expires > last->expires) && exception_concerns(j, e, rule))
			last = e;
	return last;
}

int exception_tell_expired(const struct judge *j, const struct rule *rule, struct finding *f)
{
	const struct exception *e;
	struct text t;
	char when[TIME_TEXT];

	if (f->action != ACTION_DENY || f->exception.n || !(e = last_expired(j, rule)))
		return 0;
	time_print(e->expires, when);
	text_init(&t, j->arena, 1024);
	text_printf(&t, "Exception %.*s expired %s; ask ",
		    STR_ARG(printable_cut(e->name, 63, j->arena)), when);
	text_str(&t, printable_cut(e->approved_by, 80, j->arena));
	text_puts(&t, f->remedy.n && f->remedy.s[0] > 'Z' ? ". Instead: " : ". ");
	text_str(&t, f->remedy);
	if (t.full)
		return err_set(j->err, ERR_LIMIT, "the request's memory is used up");
	f->remedy = text_get(&t);
	return 0;
}
