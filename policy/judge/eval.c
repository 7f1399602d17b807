/* SPDX-License-Identifier: Apache-2.0
 * eval.c - the decision table: one request to one verdict.
 *
 * Pure: request and clock in, verdict out. The numbers of the steps are those of
 * the table in docs/policy-language.md; `review --trace` prints them.
 */
#include "policy/judge/judge.h"

#include "policy/answer/gitops.h"
#include "policy/model/resources.h"

#define SPARE (64u << 10) /* bytes to say so with, when the arena is used up */

/* ---- step 4: the first rule that fits ---- */

static void trace_taken(const struct judge *j, const struct rule *rule, const struct change *change)
{
	struct text t;

	if (!j->trace)
		return;
	text_init(&t, j->arena, 400);
	if (change && change->place)
		place_print(change->place, &t);
	judge_step(j, 4, "%.*s: %.*s%s%.*s", STR_ARG(rule->policy->name), STR_ARG(text_get(&t)),
		   t.n ? " taken by " : "the request is taken by ", STR_ARG(rule->name));
}

static int judge_request(struct judge *j, const struct policy *p)
{
	struct rule_fit fit;

	for (const struct rule *r = p->rules; r; r = r->next)
		if (rule_may_fit(j, r) && rule_fits(j, r, &fit)) {
			trace_taken(j, r, NULL);
			return judge_found(j, &(struct hit){ .rule = r });
		}
	judge_step(j, 4, "%.*s: no rule takes the request", STR_ARG(p->name));
	return 0;
}

/* All of `left` that the rule covers, taken out of it. */
static size_t judge_take_changes(struct judge *j, const struct rule *r, const struct rule_fit *fit,
				 struct changes *left, const struct change **taken)
{
	size_t kept = 0, n = 0;

	for (size_t i = 0; i < left->n; i++) {
		if (rule_covers(r, left->v[i], fit)) {
			trace_taken(j, r, left->v[i]);
			taken[n++] = left->v[i];
		} else {
			left->v[kept++] = left->v[i];
		}
	}
	left->n = kept;
	return n;
}

/*
 * Rule by rule, each takes what no rule before it took: the same as asking for
 * each change which rule is the first.
 */
static int judge_changes(struct judge *j, const struct policy *p, const struct changes *all)
{
	const struct change **taken = arena_calloc(j->arena, 2 * all->n, sizeof *taken);
	struct changes left = { taken ? taken + all->n : NULL, all->n };

	if (!taken)
		return err_set(j->err, ERR_LIMIT, JUDGE_OUT_OF_ARENA(j));
	memcpy(left.v, all->v, all->n * sizeof *all->v);
	for (const struct rule *r = p->rules; r && left.n; r = r->next) {
		struct rule_fit fit;
		size_t n;

		if (!rule_may_fit(j, r) || !rule_fits(j, r, &fit))
			continue;
		arena_step(j->arena, left.n);
		if (!(n = judge_take_changes(j, r, &fit, &left, taken)))
			continue;
		if (judge_found(j, &(struct hit){ .rule = r, .changes = taken, .changes_n = n }) <
		    0)
			return -1;
	}
	if (left.n)
		judge_step(j, 4, "%.*s: %zu changes are taken by no rule", STR_ARG(p->name),
			   left.n);
	return 0;
}

static int judge_policies(struct judge *j, const struct candidates *c)
{
	bool update = j->req->operation == OP_UPDATE;
	struct changes changes = { .n = 0 };

	if (update && changes_find(j, &changes) < 0)
		return -1;
	if (update && !changes.n) {
		judge_step(j, 3, "nothing changed that counts: allow");
		return 0;
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct policy *p = c->v[i];

		if (!match_objects_fit(p->objects, j->req, &j->names, j->object, j->old))
			continue;
		if ((update ? judge_changes(j, p, &changes) : judge_request(j, p)) < 0)
			return -1;
	}
	return 0;
}

/* ---- step 2: candidates ---- */

/* Keep the policies of which a rule may fit, as far as the envelope tells. */
static void judge_narrow(const struct judge *j, struct candidates *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct rule *r = c->v[i]->rules;

		while (r && !rule_may_fit(j, r))
			r = r->next;
		if (!r)
			continue;
		judge_step(j, 2, "candidate %.*s (%s:%u)", STR_ARG(c->v[i]->name),
			   c->v[i]->origin.file, c->v[i]->origin.line);
		c->v[kept++] = c->v[i];
	}
	c->n = kept;
}

static int candidates_find(struct judge *j, struct candidates *components,
			   struct candidates *features)
{
	*components = *features = (struct candidates){ NULL, 0 };
	if (j->req->part != POLICIES_ALPHA) {
		if (match_find(&j->set->index, j->req, &j->names, j->arena, components) < 0)
			return err_set(j->err, ERR_LIMIT, JUDGE_OUT_OF_ARENA(j));
		judge_narrow(j, components);
	}
	return j->req->part != POLICIES_SUPPORT ? judge_features_narrow(j, features) : 0;
}

/* A Namespace's request names the Namespace itself as its namespace. */
static struct str judge_namespace_of(const struct request *req)
{
	bool itself = str_is(req->resource.resource, "namespaces") && !req->resource.group.n;

	return itself ? (struct str){ NULL, 0 } : req->namespace;
}

static void judge_set_context(struct judge *j)
{
	judge_names_find(j);
	j->context = (struct context){
		.config = j->config,
		.req = j->req,
		.kind = resource_kind(j->req),
		.namespace = judge_namespace_of(j->req),
		.name = j->names.n ? j->names.v[0] : (struct str){ NULL, 0 },
		.written = &j->written->faults,
	};
}

/* ---- the objects ---- */

static struct json *judge_read_object(struct judge *j, struct str text)
{
	return json_parse(text, &features_limits, j->arena, j->err);
}

static int judge_read_both(struct judge *j)
{
	struct json *both[2];

	if (json_parse_pair(j->req->object, j->req->old_object, &features_limits, j->arena, both,
			    j->err) < 0)
		return -1;
	j->object = both[0];
	j->old = both[1];
	return 0;
}

static int judge_read_objects(struct judge *j)
{
	const struct request *r = j->req;

	if (r->object.n && r->old_object.n && judge_read_both(j) < 0)
		return -1;
	if (r->object.n && !j->object && !(j->object = judge_read_object(j, r->object)))
		return -1;
	if (r->old_object.n && !j->old && !(j->old = judge_read_object(j, r->old_object)))
		return -1;
	j->context.object = j->object;
	j->context.old = j->old;
	return 0;
}

/* ---- step 9: the verdict ---- */

/* "ocid1.devopsdeploypipeline.": the kind of an OCID, with both dots; "" for any other name. */
static struct str judge_ocid_kind(struct str user)
{
	const char *dot =
		str_starts(user, STR("ocid1.")) ? memchr(user.s + 6, '.', user.n - 6) : NULL;

	if (!dot || dot == user.s + 6 || dot - user.s > 60)
		return STR("");
	for (const char *c = user.s + 6; c < dot; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')))
			return STR("");
	return (struct str){ user.s, (size_t)(dot - user.s) + 1 };
}

/* By what a denial became a warning, of the first finding that did. */
static enum lowered_by judge_lowered(const struct verdict *v)
{
	for (size_t i = 0; v->action == ACTION_WARN && i < v->findings_n; i++)
		if (v->findings[i].action == ACTION_WARN && v->findings[i].lowered)
			return v->findings[i].lowered;
	return LOWERED_NOT;
}

/* The first that an exception permits, and that tells what to do instead. */
static const struct finding *judge_permitted(const struct verdict *v)
{
	for (size_t i = 0; v->action == ACTION_WARN && i < v->findings_n; i++)
		if (v->findings[i].action == ACTION_WARN && v->findings[i].exception.n &&
		    exception_tells_remedy(&v->findings[i]))
			return &v->findings[i];
	return NULL;
}

/*
 * What kept it from a denial. Whether resource principals (of pipelines, functions) reach the API
 * server under such names is not known; whoever meets one learns which line makes it a customer.
 */
static void judge_note_lowered(struct judge *j, struct verdict *out)
{
	struct str kind = judge_ocid_kind(j->req->user.name);
	enum lowered_by by = judge_lowered(out);
	bool unknown = j->id.class == IDENTITY_UNKNOWN && out->action >= ACTION_WARN;
	const struct finding *permitted = judge_permitted(out);
	struct text t;

	if (permitted) {
		out->note = exception_permits(j, permitted);
		return;
	}
	text_init(&t, j->arena, WARNING_MAX);
	if (unknown && kind.n)
		text_printf(
			&t,
			"Who asks is unknown to the guard, so it warns at most; add \"%.*s*\" to "
			"identities.customer.users to make it a customer",
			STR_ARG(kind));
	else if (by == LOWERED_BY_IDENTITY)
		text_puts(&t, "Who asks is unknown to the guard, so it warns at most; a customer "
			      "(identities.customer) is refused this");
	else if (by == LOWERED_BY_MODE)
		text_puts(&t, "The guard is in mode warn, so nobody is refused; in mode enforce "
			      "this is");
	out->note = t.full ? STR("") : text_get(&t);
}

/* A field that a GitOps controller writes back can leave its hands; creation and removal cannot. */
static void judge_advise(const struct judge *j, struct verdict *out)
{
	bool fields = false;

	for (size_t i = 0; i < out->findings_n; i++)
		fields |= out->findings[i].action == ACTION_DENY && out->findings[i].changes_n;
	if (out->action == ACTION_DENY && j->req->operation == OP_UPDATE && fields)
		out->advice = gitops_advice(j->req->user.name);
}

/* All of them, as they were found: whoever reads a file sorts by line. */
static void judge_conclude_offline(struct judge *j, struct verdict *out)
{
	out->findings = j->findings;
	out->findings_all = out->findings_n = j->findings_n;
	for (size_t i = 0; i < j->findings_n; i++)
		if (j->findings[i].action > out->action)
			out->action = j->findings[i].action;
	judge_step(j, 9, "%s, %zu findings", action_name(out->action), j->findings_n);
}

static void judge_conclude(struct judge *j, struct verdict *out)
{
	struct finding *f = j->findings;

	out->kind = j->context.kind;
	out->namespace = j->context.namespace;
	out->name = j->context.name;
	if (j->req->offline || j->req->stored) {
		judge_conclude_offline(j, out);
		return;
	}
	/* A stable sort by action: the order of the pack stays. */
	for (size_t i = 1; i < j->findings_n; i++)
		for (size_t k = i; k > 0 && f[k].action > f[k - 1].action; k--) {
			struct finding swap = f[k];

			f[k] = f[k - 1];
			f[k - 1] = swap;
		}
	out->findings = f;
	out->findings_all = j->findings_n;
	out->findings_n = j->findings_n < FINDINGS_MAX ? j->findings_n : FINDINGS_MAX;
	out->action = j->findings_n ? f[0].action : ACTION_ALLOW;
	judge_note_lowered(j, out);
	judge_advise(j, out);
	judge_step(j, 9, "%s, %zu findings", action_name(out->action), j->findings_n);
}

/* Nothing to find in the objects: they are the same, and only changes and new uses count. */
static bool judge_need_not_read(struct judge *j, const struct candidates *features)
{
	if (features->n || !request_is_unchanged(j->req))
		return false;
	judge_step(j, 3, "object and oldObject are the same: allow");
	return true;
}

static int judge_readable(struct judge *j, const struct candidates *candidates,
			  const struct candidates *features)
{
	if (judge_need_not_read(j, features))
		return 0;
	if (judge_read_objects(j) < 0 || judge_features(j, features) < 0)
		return -1;
	return candidates->n ? judge_policies(j, candidates) : 0;
}

/* Why the judge came to no end: its error, or that the steps are used up. */
static struct unread unread_of(const struct judge *j)
{
	struct unread u = { .why = UNREAD_BROKEN,
			    .bytes = j->req->object.n + j->req->old_object.n,
			    .problem = printable_cut(str_of(j->err->msg), 200, j->arena) };

	if (arena_spent(j->arena))
		u.why = UNREAD_STEPS;
	else if (j->arena->full)
		u.why = UNREAD_MEMORY;
	return u;
}

/* Drop what was found, and make room for the little that is still to be said. */
static int judge_unread(struct judge *j, const struct unread *unread, struct verdict *out)
{
	arena_last(j->arena, SPARE);
	j->findings = NULL;
	j->findings_n = j->findings_room = 0;
	j->object = j->old = NULL;
	j->context.object = j->context.old = NULL;
	return envelope_judge(j, unread, out);
}

/*
 * An object that cannot be read, or that is so much that memory or steps do not suffice: no
 * answer would be a way around the guard, since the API server then lets it pass.
 */
static int judge_objects(struct judge *j, const struct candidates *candidates,
			 const struct candidates *features, struct verdict *out)
{
	struct unread unread;

	out->concerned = candidates->n > 0;
	if (judge_readable(j, candidates, features) == 0 && !arena_spent(j->arena) &&
	    !j->arena->full)
		return 0;
	if (j->err->kind == ERR_NOMEM)
		return -1;
	unread = unread_of(j);
	return judge_unread(j, &unread, out);
}

/* Steps 0 and 1: who asks, and how the object is called. False: nobody need look further. */
static bool judge_begin(struct judge *j, struct verdict *out)
{
	*out = (struct verdict){ .mode = j->config->mode };
	j->err->kind = ERR_NONE;
	j->err->msg[0] = '\0';
	identity_of(j->config, &j->req->user, &j->id);
	if (j->req->offline || j->req->stored) {
		j->id.class = IDENTITY_CUSTOMER;
		j->id.why = j->req->stored ? "found as it is, judged as a customer's"
					   : "a manifest, judged as a customer's";
	}
	out->identity = j->id.class;
	judge_step(j, 1, "identity %s: %s", identity_class_name(j->id.class), j->id.why);
	if (j->id.class == IDENTITY_EXEMPT)
		return false;
	judge_set_context(j);
	return true;
}

/* `written_` must live as long. */
#define JUDGE(set_, req_, now_, arena_, trace_, written_, err_)                                    \
	{                                                                                          \
		.set = (set_), .config = &(set_)->model.config, .req = (req_), .now = (now_),      \
		.arena = (arena_), .trace = (trace_), .written = (written_), .err = (err_)         \
	}

bool policy_concerns(const struct policy_set *set, const struct request *req, struct arena *arena)
{
	struct err ignored;
	struct judge_written written = { .known = false };
	struct judge judge = JUDGE(set, req, 0, arena, NULL, &written, &ignored), *j = &judge;
	struct candidates candidates, features;
	struct verdict v;

	if (!judge_begin(j, &v))
		return false;
	return candidates_find(j, &candidates, &features) < 0 || candidates.n || features.n;
}

int policy_judge_envelope(const struct policy_set *set, const struct request *req,
			  const struct unread *unread, int64_t now, struct arena *arena,
			  struct trace *trace, struct verdict *out, struct err *err)
{
	struct judge_written written = { .known = false };
	struct judge judge = JUDGE(set, req, now, arena, trace, &written, err), *j = &judge;

	if (!judge_begin(j, out))
		return 0;
	if (envelope_judge(j, unread, out) < 0)
		return -1;
	judge_conclude(j, out);
	return 0;
}

int policy_judge(const struct policy_set *set, const struct request *req, int64_t now,
		 struct arena *arena, struct trace *trace, struct verdict *out, struct err *err)
{
	struct judge_written written = { .known = false };
	struct judge judge = JUDGE(set, req, now, arena, trace, &written, err), *j = &judge;
	struct candidates candidates, features;

	if (!judge_begin(j, out))
		return 0;
	if (candidates_find(j, &candidates, &features) < 0)
		return -1;
	if (!candidates.n && !features.n) {
		judge_step(j, 2, "no policy concerns it: allow");
		return 0;
	}
	if (judge_objects(j, &candidates, &features, out) < 0)
		return -1;
	out->concerned = out->concerned || j->findings_n;
	judge_conclude(j, out);
	return 0;
}
