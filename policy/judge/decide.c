/* SPDX-License-Identifier: Apache-2.0
 * decide.c - steps 5 to 8: what a rule that took something comes to, and the finding.
 *
 * Nothing after step 6 raises an action: no override and no policy can deny an
 * exempt identity or lift an unknown one above its cap.
 */
#include "policy/judge/judge.h"

#include "policy/model/rule_scope.h"

static enum action lower_action(enum action a, enum action b)
{
	return a < b ? a : b;
}

static enum action mode_cap(enum mode mode)
{
	return mode == MODE_ENFORCE ? ACTION_DENY : mode == MODE_WARN ? ACTION_WARN : ACTION_AUDIT;
}

enum action judge_mode_cap(const struct judge *j, enum action a)
{
	return lower_action(a, mode_cap(j->config->mode));
}

static int note_override(struct judge *j, const struct override *o, struct finding *f)
{
	struct text t;

	text_init(&t, j->arena, 1024);
	text_printf(&t, "%.*s/%.*s -> %s", STR_ARG(o->policy), STR_ARG(o->rule),
		    action_name(o->action));
	f->override = text_get(&t);
	judge_step(j, 6, "override %.*s", STR_ARG(f->override));
	return t.full ? err_set(j->err, ERR_LIMIT, JUDGE_OUT_OF_ARENA(j)) : 0;
}

/* Step 8; by what a denial became a warning is noted. */
static enum action cap_action(struct judge *j, const struct rule *rule, enum action a,
			      enum lowered_by *by)
{
	enum action capped = a;

	*by = LOWERED_NOT;

	if (j->req->stored)
		return a;
	if (j->id.class == IDENTITY_UNKNOWN)
		capped = lower_action(capped, j->config->unknown_cap);
	if (j->id.class == IDENTITY_UNKNOWN && rule->has_unknown)
		capped = lower_action(capped, rule->unknown);
	if (a == ACTION_DENY && judge_mode_cap(j, capped) == ACTION_WARN)
		*by = capped == ACTION_WARN ? LOWERED_BY_IDENTITY : LOWERED_BY_MODE;
	capped = judge_mode_cap(j, capped);
	if (capped != a)
		judge_step(j, 8, "%s is lowered to %s (identity %s, mode %s)", action_name(a),
			   action_name(capped), identity_class_name(j->id.class),
			   mode_name(j->config->mode));
	return capped;
}

/* Of a version that is not known as a release, nothing about a feature is sure enough to deny. */
static enum action cap_use(struct judge *j, const struct feature_use *use, enum action a)
{
	struct policy_version v;

	if (!use || a <= ACTION_WARN)
		return a;
	policy_set_version(j->set, &v);
	if (!v.rough)
		return a;
	judge_step(j, 8, "%s is lowered to warn (1.%u is not known as a release)", action_name(a),
		   v.told);
	return ACTION_WARN;
}

int judge_decide(struct judge *j, const struct rule *rule, struct finding *f)
{
	enum action a = rule_usual_action(j->config, rule);

	f->tier = rule->tier;
	f->replaces = rule->policy->stands_for;
	judge_step(j, 5, "%.*s/%.*s: %s, so %s", STR_ARG(rule->policy->name), STR_ARG(rule->name),
		   tier_name(rule->tier), action_name(a));
	if (rule->override) {
		a = rule->override->action;
		if (note_override(j, rule->override, f) < 0)
			return -1;
	}
	f->action = a;
	exception_apply(j, rule, f);
	f->action = cap_action(j, rule, f->action, &f->lowered);
	return 0;
}

/* ---- findings ---- */

int judge_keep(struct judge *j, const struct finding *f)
{
	struct finding *grown;
	size_t room = j->findings_room ? 2 * j->findings_room : 8;

	if (j->findings_n == j->findings_room) {
		if (!(grown = arena_calloc(j->arena, room, sizeof *grown)))
			return err_set(j->err, ERR_LIMIT, JUDGE_OUT_OF_ARENA(j));
		if (j->findings_n)
			memcpy(grown, j->findings, j->findings_n * sizeof *grown);
		j->findings = grown;
		j->findings_room = room;
	}
	j->findings[j->findings_n++] = *f;
	return 0;
}

/* "A", or "A, B" where a field needs both. */
static int name_gates(struct judge *j, const struct feature_use *use, struct finding *f)
{
	struct text t;

	text_init(&t, j->arena, 1024);
	for (size_t i = 0; i < use->gates_n; i++) {
		text_puts(&t, i ? ", " : "");
		text_str(&t, use->gates[i]);
	}
	f->gate = text_get(&t);
	return t.full ? err_set(j->err, ERR_LIMIT, JUDGE_OUT_OF_ARENA(j)) : 0;
}

int judge_found(struct judge *j, const struct hit *taken)
{
	struct finding f = { .policy = taken->rule->policy->name, .rule = taken->rule->name };

	if (taken->changes_n)
		f.place = taken->changes[0]->place;
	if (judge_decide(j, taken->rule, &f) < 0)
		return -1;
	f.action = cap_use(j, taken->use, f.action);
	if (f.action == ACTION_ALLOW)
		return 0;
	if (finding_fill(&j->context, taken, j->arena, &f, j->err) < 0 ||
	    exception_tell(j, &f) < 0 || exception_tell_expired(j, taken->rule, &f) < 0 ||
	    (taken->use && name_gates(j, taken->use, &f) < 0))
		return -1;
	return judge_keep(j, &f);
}
