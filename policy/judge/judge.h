/* SPDX-License-Identifier: Apache-2.0
 * judge.h - one request on its way through the decision table; private to this
 * folder. eval.c walks the steps, changes.c and rules.c do theirs.
 */
#ifndef POLICY_JUDGE_JUDGE_H
#define POLICY_JUDGE_JUDGE_H

#include "policy/object/diff.h"
#include "policy/alpha/features.h"
#include "policy/answer/finding.h"
#include "policy/model/identity.h"
#include "policy/model/set.h"

/* Looked at once for a request, and only if a rule asks. */
struct judge_written {
	bool known;
	struct written_faults faults;
};

struct judge {
	const struct policy_set *set;
	const struct config *config;
	const struct request *req;
	int64_t now; /* seconds since the epoch */
	struct arena *arena;
	struct trace *trace;
	struct err *err;

	struct identity id;
	struct match_names names;
	struct json *object, *old; /* NULL: absent */
	struct context context;
	struct judge_written *written;

	struct finding *findings; /* as they are found; grows in the arena */
	size_t findings_n, findings_room;
};

/* For err_set. */
#define JUDGE_OUT_OF_ARENA(j) "the request's memory (%zu MiB) is used up", (j)->arena->limit >> 20

/* ---- trace.c ---- */

/* Say one step of the decision; free when nobody listens. */
__attribute__((format(printf, 3, 4))) void judge_step(const struct judge *j, int step,
						      const char *fmt, ...);

/* ---- own_names.c ---- */

/* The request's name and, where policies go by names, those that its objects have. */
void judge_names_find(struct judge *j);

/* ---- decide.c ---- */

/* What the rule's finding comes to, for this identity, in this mode. -1 with ERR_LIMIT. */
int judge_decide(struct judge *j, const struct rule *rule, struct finding *f);
/* A rule took the request, some of its changes, or a use: decide, and keep the finding. */
int judge_found(struct judge *j, const struct hit *taken);
/* A finding that was filled otherwise. -1 with ERR_LIMIT. */
int judge_keep(struct judge *j, const struct finding *f);
/* The action, or what the mode lowers it to. */
enum action judge_mode_cap(const struct judge *j, enum action a);

/* ---- alpha.c ---- */

/* The policies of rules with `features` that may concern the request; most concern none. */
int judge_features_narrow(const struct judge *j, struct candidates *out);
/* Judge what the request uses. Before changes_find, which takes managedFields away. */
int judge_features(struct judge *j, const struct candidates *c);

/* ---- changes.c ---- */

/*
 * The changed places of an UPDATE, less what never counts (DESIGN "Paths"); v in
 * the arena, in order. Fills in the 0 that a Scale leaves out. -1 with ERR_LIMIT.
 */
struct changes {
	const struct change **v;
	size_t n;
};
int changes_find(struct judge *j, struct changes *out);

/* ---- rules.c ---- */

/* May the rule fit, as far as can be told without reading the object? */
bool rule_may_fit(const struct judge *j, const struct rule *rule);
/* How a rule fits: where the pod stands of a rule about pods, and whether an UPDATE made it so. */
struct rule_fit {
	enum pod_view view;
	bool made_so;
};

/* Does all that it names hold, but for `changed`? Only after rule_may_fit. */
bool rule_fits(const struct judge *j, const struct rule *rule, struct rule_fit *fit);
bool rule_covers(const struct rule *rule, const struct change *change, const struct rule_fit *fit);
/* Of its conditions, do those hold that ask for the object's name alone? */
bool rule_fits_name(const struct judge *j, const struct rule *rule);
/* Has it no others, so that no object is needed to tell whether it fits? */
bool rule_needs_no_object(const struct rule *rule);

/* ---- envelope.c ---- */

/* The verdict by the envelope, up to step 8. -1 with ERR_LIMIT. */
int envelope_judge(struct judge *j, const struct unread *unread, struct verdict *out);

/* ---- exception.c ---- */

/* Step 7: the exception in force for what the rule took lowers the finding's action. */
void exception_apply(const struct judge *j, const struct rule *rule, struct finding *f);
/* "Permitted until 2026-11-30T00:00:00Z by exception NAME (TICKET)"; s is NULL without memory. */
struct str exception_permits(const struct judge *j, const struct finding *f);
/* Has it something to do instead? Then there is no room beside it for an exception's words. */
bool exception_tells_remedy(const struct finding *f);
/*
 * Say in the finding's remedy which exception permits it, where it would say that there is no way.
 * Only after finding_fill. -1 with ERR_LIMIT.
 */
int exception_tell(const struct judge *j, struct finding *f);
/*
 * Say in the finding's remedy that an exception for this has expired, when, and
 * whom to ask. Only after finding_fill. -1 with ERR_LIMIT.
 */
int exception_tell_expired(const struct judge *j, const struct rule *rule, struct finding *f);

#endif
