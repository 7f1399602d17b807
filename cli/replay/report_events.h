/* SPDX-License-Identifier: Apache-2.0
 * report_events.h - `replay -o events`: each judged event as a line of JSON, in the order of
 * objects and of their lives.
 */
#ifndef CLI_REPLAY_REPORT_EVENTS_H
#define CLI_REPLAY_REPORT_EVENTS_H

#include <stdio.h>

#include "policy/replay/census.h"

/* -1 with ERR_LIMIT. No value of an object stands in the line. */
int replay_event_print(FILE *f, const struct event *e, const struct request *req,
		       const struct graded *now, const struct graded *baseline, struct arena *arena,
		       struct err *err);

#endif
