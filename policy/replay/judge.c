/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/judge.h"

#include "lib/json/json.h"
#include "policy/replay/touched.h"

const char *grade_name(enum grade g)
{
	static const char *const names[GRADES] = { "exact", "at most", "name only",
						   "not judgeable" };

	return names[g];
}

/* ---- the request ---- */

static enum operation operation_of(const struct event *e)
{
	switch (e->verb) {
	case VERB_CREATE:
		return OP_CREATE;
	case VERB_UPDATE:
	case VERB_PATCH:
		return e->code == 201 ? OP_CREATE : OP_UPDATE; /* it was not there before */
	case VERB_DELETE:
	case VERB_DELETE_COLLECTION:
		return OP_DELETE;
	case VERB_CONNECT:
		break;
	}
	return OP_CONNECT;
}

/* A name without escapes, as kinds and versions are; else absent. */
static struct str word_of(struct str raw)
{
	bool plain = raw.n > 2 && raw.s[0] == '"' && !memchr(raw.s, '\\', raw.n);

	return plain ? (struct str){ raw.s + 1, raw.n - 2 } : (struct str){ NULL, 0 };
}

static struct gvk kind_in(struct str object)
{
	struct str version = word_of(json_skim(object, STR("apiVersion")));
	const char *slash = version.n ? memchr(version.s, '/', version.n) : NULL;
	struct gvk k = { .version = version, .kind = word_of(json_skim(object, STR("kind"))) };

	if (slash) {
		k.group = (struct str){ version.s, (size_t)(slash - version.s) };
		k.version = str_from(version, k.group.n + 1);
	}
	return k;
}

void replay_request(const struct event *e, struct request *out)
{
	struct str shown = event_has_result(e) ? e->response_object : (struct str){ NULL, 0 };

	if (!shown.n && e->verb == VERB_CREATE && e->request_object.n)
		shown = e->request_object;
	*out = (struct request){ .uid = e->audit_id,
				 .operation = operation_of(e),
				 .kind = kind_in(shown),
				 .resource = e->resource,
				 .subresource = e->subresource,
				 .namespace = e->namespace,
				 .name = e->name,
				 .user = e->user,
				 .dry_run = e->dry_run };
	if (!out->name.n && event_has_result(e))
		out->name = word_of(object_metadata(e->response_object, STR("name")));
	if (!out->kind.kind.n)
		out->kind = (struct gvk){ e->resource.group, e->resource.version,
					  e->resource.resource };
	out->request_kind = out->kind;
	out->request_resource = out->resource;
	out->request_subresource = out->subresource;
}

/* ---- grades ---- */

struct judging {
	const struct policy_set *set;
	const struct chain *chain;
	const struct event *e;
	struct request *req;
	int64_t now;
	struct arena *arena;
	struct graded *out;
	struct err *err;
};

static int judge_none(struct judging *j, const char *why)
{
	if (j->err->kind == ERR_NOMEM)
		return -1;
	j->out->grade = GRADE_NONE;
	j->out->verdict = (struct verdict){ .identity = policy_identity(j->set, &j->req->user) };
	j->out->why = why;
	return 0;
}

static int judge_exact(struct judging *j)
{
	j->out->grade = GRADE_EXACT;
	if (policy_judge(j->set, j->req, j->now, j->arena, NULL, &j->out->verdict, j->err) == 0)
		return 0;
	return judge_none(j, "the object is too large or cannot be read");
}

static int judge_bound(struct judging *j, const struct touched *touched)
{
	struct bound b;

	if (policy_bound(j->set, j->req, touched, j->now, j->arena, &b, j->err) < 0)
		return judge_none(j, "the object is too large or cannot be read");
	j->out->verdict = b.most;
	j->out->grade = b.least == b.most.action        ? GRADE_EXACT
			: j->e->level == LEVEL_METADATA ? GRADE_NAME_ONLY
							: GRADE_AT_MOST;
	/* The action is certain; a lower finding that only may be is none of an exact verdict. */
	if (j->out->grade == GRADE_EXACT)
		j->out->verdict.findings_n = j->out->verdict.findings_all = b.certain_n;
	return 0;
}

/* ---- CREATE, DELETE, CONNECT ---- */

/* The result of these is another kind than what was sent. */
static bool sends_other_kind(const struct event *e)
{
	return str_is(e->subresource, "eviction") || str_is(e->subresource, "token") ||
	       str_is(e->subresource, "binding");
}

static int judge_create(struct judging *j)
{
	const struct event *e = j->e;

	if (sends_other_kind(e) && e->level == LEVEL_RESPONSE)
		j->req->object = e->request_object;
	else if (event_has_result(e))
		j->req->object = e->response_object;
	return j->req->object.n ? judge_exact(j) : judge_bound(j, NULL);
}

static int judge_delete(struct judging *j)
{
	const struct event *e = j->e;

	if (e->level >= LEVEL_REQUEST)
		j->req->options = e->request_object.n ? e->request_object : STR("{}");
	if (event_has_result(e))
		j->req->old_object = e->response_object;
	return j->req->old_object.n ? judge_exact(j) : judge_bound(j, NULL);
}

/* ---- UPDATE ---- */

static void touched_of(const struct event *e, struct arena *arena, struct touched *out)
{
	out->all = true;
	out->n = 0;
	if (e->verb == VERB_PATCH)
		touched_by_patch(e->request_object, arena, out);
	if (str_is(e->subresource, "status") && e->level < LEVEL_REQUEST)
		out->all = true;
}

/* Leave what the request can have changed of the part that is not known. */
static void touched_unknown(const struct chain_old *old, struct touched *touched)
{
	if (touched->all && old->content) {
		*touched = (struct touched){ .n = 1 };
		touched->v[0].n = 1;
		touched->v[0].steps[0] = STR("metadata");
	}
	if (old->content || old->metadata)
		touched_keep(touched, old->content);
}

/* Part of the old object is known: its changes for sure, and what the rest may have. */
static int judge_partly(struct judging *j, const struct chain_old *old, struct touched *touched)
{
	struct graded sure;

	j->req->old_object = old->text;
	if (judge_exact(j) < 0)
		return -1;
	if (j->out->grade == GRADE_NONE)
		return 0;
	sure = *j->out;
	j->req->old_object = (struct str){ NULL, 0 };
	touched_unknown(old, touched);
	if (judge_bound(j, touched) < 0)
		return -1;
	if (j->out->grade == GRADE_NONE)
		return 0;
	j->out->grade = GRADE_AT_MOST;
	if (j->out->verdict.action <= sure.verdict.action)
		*j->out = sure;
	return 0;
}

static int judge_chained(struct judging *j, struct touched *touched)
{
	struct chain_old old;

	chain_before(j->chain, j->e, touched, j->arena, &old);
	j->req->object = j->e->response_object;
	if (!old.text.n)
		return judge_none(j, "the objects are larger than the event's memory");
	if (old.content && old.metadata) {
		j->req->old_object = old.text;
		return judge_exact(j);
	}
	return judge_partly(j, &old, touched);
}

static int judge_scale(struct judging *j, struct touched *touched)
{
	bool known;
	struct str old = chain_scale_before(j->chain, j->e, j->arena, &known);

	if (!known || !old.n)
		return judge_bound(j, touched);
	j->req->object = j->e->response_object;
	j->req->old_object = old;
	return judge_exact(j);
}

static int judge_update(struct judging *j)
{
	struct touched *touched = arena_alloc(j->arena, sizeof *touched);

	if (!touched)
		return judge_none(j, "the event's memory is used up");
	touched_of(j->e, j->arena, touched);
	if (!event_has_result(j->e))
		return judge_bound(j, touched);
	if (str_is(j->e->subresource, "scale"))
		return judge_scale(j, touched);
	return judge_chained(j, touched);
}

/* ---- the event ---- */

static int judge_operation(struct judging *j)
{
	switch (j->req->operation) {
	case OP_CREATE:
		return judge_create(j);
	case OP_DELETE:
		return judge_delete(j);
	case OP_UPDATE:
		return judge_update(j);
	case OP_CONNECT:
		break;
	}
	return judge_bound(j, NULL);
}

/* Without groups the identity may be taken for another, and nothing is certain. */
static int judge_from_log(struct judging *j)
{
	if (policy_identity(j->set, &j->req->user) != j->e->told)
		return judge_none(j, "the guard's log names no groups, and by these policies "
				     "the name alone is another identity");
	if (judge_operation(j) < 0)
		return -1;
	if (j->out->grade == GRADE_EXACT)
		j->out->grade = GRADE_NAME_ONLY;
	return 0;
}

int replay_judge(const struct policy_set *set, const struct chain *chain, const struct event *e,
		 struct arena *arena, struct request *request, struct graded *out, struct err *err)
{
	int64_t now = e->received == INT64_MIN ? 0 : e->received / 1000000;
	struct judging j = { set, chain, e, request, now, arena, out, err };

	*out = (struct graded){ .grade = GRADE_NONE };
	err->kind = ERR_NONE;
	replay_request(e, request);
	if (e->received == INT64_MIN)
		return judge_none(&j, "the event has no time");
	return e->from_log ? judge_from_log(&j) : judge_operation(&j);
}

/* ---- what to keep ---- */

static enum keep keep_for_features(const struct policy_set *set, const struct event *e,
				   struct request *req, struct arena *arena)
{
	struct bound b;
	struct err err = { .kind = ERR_NONE };

	req->part = POLICIES_ALPHA;
	if (event_has_result(e) && req->operation & (OP_CREATE | OP_UPDATE))
		req->object = e->response_object;
	if (req->operation == OP_DELETE && e->level >= LEVEL_REQUEST)
		req->options = e->request_object.n ? e->request_object : STR("{}");
	if (policy_bound(set, req, NULL, e->received / 1000000, arena, &b, &err) < 0)
		return KEEP;
	if (b.most.action == ACTION_ALLOW)
		return KEEP_NOT;
	return req->object.n || req->options.n ? KEEP : KEEP_UNSEEN;
}

enum keep replay_keep(const struct policy_set *set, const struct event *e, struct arena *arena)
{
	struct request req;

	replay_request(e, &req);
	if (e->then != THEN_SILENT || policy_names(set, &req, arena))
		return KEEP;
	return keep_for_features(set, e, &req, arena);
}
