/* SPDX-License-Identifier: Apache-2.0
 * review.h - what else than audit events can be judged again: recorded AdmissionReviews,
 * which tell all, and lines of the guard's own log, which tell who did what to which object.
 */
#ifndef CLI_REPLAY_REVIEW_H
#define CLI_REPLAY_REVIEW_H

#include "policy/replay/judge.h"

enum review_use { REVIEW_UNREADABLE, REVIEW_UNCONCERNED, REVIEW_KEEP };

/*
 * Is the review to be judged? Then *line is the line to keep, with its newline, in the arena: the
 * review, or, where it is about a Secret, an event of level Metadata. err says what is
 * unreadable.
 */
enum review_use replay_review_keep(const struct policy_set *set, const struct policy_set *baseline,
				   struct str review, int64_t now, struct arena *arena,
				   struct str *line, struct err *err);

/* The review that a kept line holds, and the event that the report counts. -1 with ERR_SYNTAX. */
int replay_review_read(struct str line, int64_t now, struct arena *arena, struct request *request,
		       struct event *e, struct err *err);

/* A line of the guard's log as an event; {NULL, 0}: it cannot be read. */
struct str replay_decision_event(struct str line, struct arena *arena);

#endif
