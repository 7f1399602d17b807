/* SPDX-License-Identifier: Apache-2.0
 * judge.h - one event to a graded verdict.
 *
 * Pure: event, the object's last state and a set in, verdict and grade out; each event is judged
 * as at its own time, so that exceptions count that were in force then.
 */
#ifndef POLICY_REPLAY_JUDGE_H
#define POLICY_REPLAY_JUDGE_H

#include "policy/replay/chain.h"
#include "policy/replay/event.h"

enum grade {
	GRADE_EXACT,     /* the guard would have given this very action */
	GRADE_AT_MOST,   /* this action or a lower one: something of the change is not known */
	GRADE_NAME_ONLY, /* the same, and nothing of the change is known but who and which */
	GRADE_NONE,      /* it cannot be judged; `why` says for what */
	GRADES
};
const char *grade_name(enum grade g); /* "at most" */

struct graded {
	enum grade grade;
	struct verdict verdict; /* exact: what would have been; else the most that can have been */
	const char *why;        /* GRADE_NONE: a sentence's end; else NULL */
};

/* What the webhook would have been asked, as far as the event tells. */
void replay_request(const struct event *e, struct request *out);

/*
 * chain: of the event's object, before the event. Verdict and request live in the arena and in
 * set and event. -1 with ERR_NOMEM only.
 */
int replay_judge(const struct policy_set *set, const struct chain *chain, const struct event *e,
		 struct arena *arena, struct request *request, struct graded *out, struct err *err);

/* Is the event to be kept for judging: do the set's policies name its object, or its use of a
 * feature, or was the guard not reached? */
enum keep {
	KEEP_NOT, /* no policy concerns it */
	KEEP,
	KEEP_UNSEEN, /* no component's policy; whether a feature is used the level does not show */
};
enum keep replay_keep(const struct policy_set *set, const struct event *e, struct arena *arena);

#endif
