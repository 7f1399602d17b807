/* SPDX-License-Identifier: Apache-2.0
 * bound.c - the decision table where not all of a request is known.
 *
 * Each question has three answers: yes, no, and it may be. A rule that may fit adds its action
 * to what the policy can come to; one that fits for sure ends the walk, as it does in eval.c.
 * The identity, the facts, mode, overrides and exceptions are known, so the actions are those
 * that eval.c gives.
 */
#include "oke/bound.h"

#include "policy/judge/judge.h"
#include "policy/judge/when.h"
#include "policy/model/resources.h"

enum answer3 { FOR_SURE, IT_MAY_BE, NEVER };

struct bounding {
	struct judge judge;
	struct judge_written written;
	const struct touched *touched; /* NULL: anything */
	bool object_missing, old_missing;
	bool uses_missing; /* what tells whether features are used: the object, a DELETE's options
			    */
	struct finding *kept; /* each policy's strongest; those that are certain stand first */
	size_t kept_n, kept_room, certain_n;
	enum action least;
};

/* ---- objects ---- */

static bool bound_fits_without_labels(const struct judge *j, const struct object_ref *ref)
{
	struct object_ref bare = *ref;

	bare.next = NULL;
	bare.labels = NULL;
	if (!j->names.n) {
		bare.names.n = 0;
		bare.name_prefix = (struct str){ NULL, 0 };
	}
	return match_objects_fit(&bare, j->req, &j->names, NULL, NULL);
}

static bool bound_has_labels(const struct judge *j, const struct object_ref *ref)
{
	struct object_ref alone = *ref;

	alone.next = NULL;
	return match_objects_fit(&alone, j->req, &j->names, j->object, j->old);
}

static enum answer3 bound_ref(const struct bounding *b, const struct object_ref *ref)
{
	const struct judge *j = &b->judge;
	bool named = ref->names.n || ref->name_prefix.n;

	if (!bound_fits_without_labels(j, ref))
		return NEVER;
	if (!j->names.n && named)
		return IT_MAY_BE;
	if (!ref->labels || bound_has_labels(j, ref))
		return FOR_SURE;
	return b->object_missing || b->old_missing ? IT_MAY_BE : NEVER;
}

static enum answer3 bound_objects(const struct bounding *b, const struct object_ref *refs)
{
	enum answer3 best = NEVER;

	for (; refs && best != FOR_SURE; refs = refs->next) {
		enum answer3 got = bound_ref(b, refs);

		best = got < best ? got : best;
	}
	return best;
}

/* ---- conditions: those on the name are known, those on an object only with the object ---- */

static bool bound_is_name(const struct condition *c)
{
	return c->path.n == 1 && c->path.steps[0].kind == STEP_KEY &&
	       str_is(c->path.steps[0].key, "$name");
}

/* Are the objects known that the condition looks at? */
static bool bound_is_known(const struct bounding *b, const struct condition *c)
{
	bool old = c->of_old || c->kind == WHEN_LOST || b->judge.req->operation == OP_DELETE;

	if (bound_is_name(c))
		return b->judge.names.n > 0;
	if (old && !b->judge.old)
		return false;
	return b->judge.req->operation == OP_DELETE || (c->of_old && c->kind != WHEN_LOST) ||
	       b->judge.object;
}

static enum answer3 bound_when(const struct bounding *b, const struct rule *rule)
{
	const struct judge *j = &b->judge;
	const struct json *object = j->req->operation == OP_DELETE ? j->old : j->object;
	enum answer3 worst = FOR_SURE;

	for (const struct condition *c = rule->when; c; c = c->next)
		if (!bound_is_known(b, c))
			worst = IT_MAY_BE;
		else if (!when_holds(j, c, object, POD_NONE))
			return NEVER;
	return worst;
}

/* ---- changes of an UPDATE ---- */

/* Does one of the rule's paths lie at, above or below the place? Steps that are no keys may. */
static bool bound_path_meets(const struct path *path, const struct touched_place *t)
{
	size_t n = path->n < t->n ? path->n : t->n;

	for (size_t i = 0; i < n; i++)
		if (path->steps[i].kind == STEP_KEY && !str_eq(path->steps[i].key, t->steps[i]))
			return false;
	return true;
}

static bool bound_changed_meets(const struct changed *c, const struct touched_place *t)
{
	bool metadata = str_is(t->steps[0], "metadata");

	if (c->kind == CHANGED_PATH)
		return bound_path_meets(&c->path, t);
	if (c->kind == CHANGED_METADATA)
		return metadata;
	return !metadata && !str_is(t->steps[0], "status");
}

static bool bound_touches_content(const struct touched *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!str_is(t->v[i].steps[0], "metadata") && !str_is(t->v[i].steps[0], "status"))
			return true;
	return false;
}

/*
 * Of a rule about pods, or one that an UPDATE makes so, no single place is looked at: but a
 * template stands in the content.
 */
static bool bound_may_cover(const struct bounding *b, const struct rule *rule)
{
	bool anything = !b->touched || b->touched->all;

	if (!anything && (rule->pods || rule->made_so))
		return str_is(b->judge.req->resource.resource, "pods")
			       ? b->touched->n > 0
			       : bound_touches_content(b->touched);
	if (anything || !rule->changed)
		return anything || b->touched->n;
	for (const struct changed *c = rule->changed; c; c = c->next)
		for (size_t i = 0; i < b->touched->n; i++)
			if (bound_changed_meets(c, &b->touched->v[i]))
				return true;
	return false;
}

/* ---- one policy ---- */

/*
 * Where the pod stands of a rule about pods, its objects tell: with one of them missing the rule
 * may fit, and so may one that the change makes so.
 */
static enum answer3 bound_rule(const struct bounding *b, const struct rule *rule)
{
	const struct object_ref *refs = rule->objects ? rule->objects : rule->policy->objects;
	bool looks = rule->objects || rule->pods;
	enum answer3 objects = looks ? bound_objects(b, refs) : FOR_SURE, when;

	if (objects == NEVER)
		return NEVER;
	if (rule->pods || !(rule->operations & b->judge.req->operation))
		return IT_MAY_BE;
	when = bound_when(b, rule);
	return when > objects ? when : objects;
}

/* What the rule's finding would be; *out stays as it is if that is less. */
static int bound_act(struct bounding *b, const struct rule *rule, struct finding *out,
		     enum action *action)
{
	struct judge *j = &b->judge;

	*action = ACTION_ALLOW;
	j->findings_n = 0;
	if (judge_found(j, &(struct hit){ .rule = rule }) < 0)
		return -1;
	if (!j->findings_n)
		return 0;
	*action = j->findings[0].action;
	if (*action > out->action)
		*out = j->findings[0];
	return 0;
}

static int bound_keep(struct bounding *b, const struct finding *f, bool certain)
{
	if (f->action == ACTION_ALLOW)
		return 0;
	if (b->kept_n == b->kept_room) {
		size_t room = b->kept_room ? 2 * b->kept_room : 8;
		struct finding *grown = arena_calloc(b->judge.arena, room, sizeof *grown);

		if (!grown)
			return err_set(b->judge.err, ERR_LIMIT, "the request's memory is used up");
		if (b->kept_n)
			memcpy(grown, b->kept, b->kept_n * sizeof *grown);
		b->kept = grown;
		b->kept_room = room;
	}
	b->kept[b->kept_n++] = *f;
	if (certain) {
		b->kept[b->kept_n - 1] = b->kept[b->certain_n];
		b->kept[b->certain_n++] = *f;
	}
	return 0;
}

/*
 * An UPDATE may have changed nothing: its least is always to allow. A rule about features takes
 * some uses and leaves the others to those behind it, so none of them ends the walk.
 */
static int bound_policy(struct bounding *b, const struct policy *p)
{
	bool update = b->judge.req->operation == OP_UPDATE;
	enum answer3 objects = bound_objects(b, p->objects);
	enum action least = ACTION_DENY, action;
	struct finding most = { .action = ACTION_ALLOW };
	bool ended = false;

	if (objects == NEVER)
		return 0;
	for (const struct rule *r = p->rules; r && !ended; r = r->next) {
		enum answer3 fits = rule_may_fit(&b->judge, r) ? bound_rule(b, r) : NEVER;

		if (fits == NEVER || (update && !bound_may_cover(b, r)))
			continue;
		if (bound_act(b, r, &most, &action) < 0)
			return -1;
		least = action < least ? action : least;
		ended = fits == FOR_SURE && !r->features && (!update || !r->changed);
	}
	if (!ended || update || objects != FOR_SURE)
		least = ACTION_ALLOW;
	b->least = least > b->least ? least : b->least;
	return bound_keep(b, &most, least == most.action);
}

/* ---- uses of features ---- */

/* The new object is known: what it uses is the most that the request can add. */
static int bound_uses(struct bounding *b, const struct candidates *features)
{
	struct judge *j = &b->judge;
	struct finding most = { .action = ACTION_ALLOW };

	j->findings_n = 0;
	if (judge_features(j, features) < 0)
		return -1;
	for (size_t i = 0; i < j->findings_n; i++)
		if (j->findings[i].action > most.action)
			most = j->findings[i];
	return bound_keep(b, &most, false);
}

/*
 * Is it a kind of which a change itself is a use (policy/alpha/rules.c)? Then the new object
 * alone is no bound.
 */
static bool bound_change_is_use(const struct bounding *b)
{
	const struct request *r = b->judge.req;
	struct str what = r->resource.resource, sub = r->subresource;

	if (r->operation != OP_UPDATE || !b->old_missing)
		return false;
	if (str_is(what, "pods"))
		return str_is(sub, "resize") || !sub.n;
	return !sub.n && (str_is(what, "persistentvolumes") || str_is(what, "jobs"));
}

static int bound_features(struct bounding *b)
{
	struct judge *j = &b->judge;
	const struct match_index *index = &j->set->index;
	struct candidates features;

	if (j->req->part == POLICIES_SUPPORT)
		return 0;
	if (!b->uses_missing && !bound_change_is_use(b))
		return judge_features_narrow(j, &features) < 0 ? -1 : bound_uses(b, &features);
	for (size_t i = 0; i < index->features_n; i++)
		if (bound_policy(b, index->features[i]) < 0)
			return -1;
	return 0;
}

/* ---- the request ---- */

static struct json *bound_read(struct judge *j, struct str text, int *failed)
{
	struct json *got = NULL;

	if (text.n && !(got = json_parse(text, &features_limits, j->arena, j->err)))
		*failed = -1;
	return got;
}

static int bound_prepare(struct bounding *b)
{
	struct judge *j = &b->judge;
	const struct request *req = j->req;
	int failed = 0;

	j->object = bound_read(j, req->object, &failed);
	j->old = bound_read(j, req->old_object, &failed);
	b->object_missing = !j->object && req->operation & (OP_CREATE | OP_UPDATE | OP_CONNECT);
	b->uses_missing = req->operation == OP_DELETE ? !req->options.n : b->object_missing;
	b->old_missing = !j->old && req->operation & (OP_UPDATE | OP_DELETE);
	if (req->name.n) {
		j->names.v[0] = req->name;
		j->names.n = 1;
	}
	j->written = &b->written;
	j->context = (struct context){ .config = j->config,
				       .written = &b->written.faults,
				       .req = req,
				       .kind = resource_kind(req),
				       .namespace = req->namespace,
				       .name = req->name,
				       .object = j->object,
				       .old = j->old };
	return failed;
}

static void bound_conclude(struct bounding *b, struct bound *out)
{
	struct verdict *v = &out->most;

	out->least = b->least;
	out->certain_n = b->certain_n;
	v->concerned = b->kept_n > 0;
	v->kind = b->judge.context.kind;
	v->namespace = b->judge.context.namespace;
	v->name = b->judge.context.name;
	v->findings = b->kept;
	v->findings_n = v->findings_all = b->kept_n;
	for (size_t i = 0; i < b->kept_n; i++)
		if (b->kept[i].action > v->action)
			v->action = b->kept[i].action;
}

int policy_bound(const struct policy_set *set, const struct request *req,
		 const struct touched *touched, int64_t now, struct arena *arena, struct bound *out,
		 struct err *err)
{
	struct bounding b = { .judge = { .set = set,
					 .config = &set->model.config,
					 .req = req,
					 .now = now,
					 .arena = arena,
					 .err = err },
			      .touched = touched };

	*out = (struct bound){ .most = { .mode = b.judge.config->mode } };
	identity_of(b.judge.config, &req->user, &b.judge.id);
	out->most.identity = b.judge.id.class;
	if (b.judge.id.class == IDENTITY_EXEMPT)
		return 0;
	if (bound_prepare(&b) < 0)
		return -1;
	for (const struct policy *p = set->model.policies; p; p = p->next)
		if (p->active && p->rules && !p->rules->features && req->part != POLICIES_ALPHA &&
		    bound_policy(&b, p) < 0)
			return -1;
	if (bound_features(&b) < 0)
		return -1;
	bound_conclude(&b, out);
	return 0;
}

bool policy_names(const struct policy_set *set, const struct request *req, struct arena *arena)
{
	struct match_names names = { .n = 0 };
	struct candidates found;

	if (req->name.n)
		names.v[names.n++] = req->name;
	else if (match_by_name(&set->index, req))
		return true;
	return match_find(&set->index, req, &names, arena, &found) == 0 && found.n;
}

static uint64_t bound_mark_ref(uint64_t h, const struct object_ref *ref)
{
	h = str_hash(h, ref->group);
	h = str_hash(h, ref->resource);
	h = str_hash(h, ref->namespace);
	h = str_hash(h, ref->name_prefix);
	for (size_t i = 0; i < ref->names.n; i++)
		h = str_hash(h, ref->names.v[i]);
	return h;
}

uint64_t policy_objects_mark(const struct policy_set *set)
{
	uint64_t h = 0;

	for (const struct policy *p = set->model.policies; p; p = p->next)
		for (const struct object_ref *ref = p->active ? p->objects : NULL; ref;
		     ref = ref->next)
			h = bound_mark_ref(h, ref);
	return h;
}

enum identity_class policy_identity(const struct policy_set *set, const struct user *user)
{
	struct identity id;

	identity_of(&set->model.config, user, &id);
	return id.class;
}
