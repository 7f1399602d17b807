/*
 * dropped.c - gated fields that the API server dropped without a word.
 *
 * With a gate off the server clears the field before a validating webhook sees the
 * object. Two traces stay: the text that kubectl apply keeps of what the user wrote
 * (last-applied-configuration), and the names of the fields in managedFields, which
 * are recorded before the field is cleared. What stands there and not in the object
 * was dropped; on UPDATE only what did not stand there before.
 */
#include "policy/alpha/finder.h"

#define LAST_APPLIED STR("kubectl.kubernetes.io/last-applied-configuration")

const struct json_limits features_limits = {
	.opaque = &(const struct json_opaque){ { "metadata", 8 }, { "managedFields", 13 } },
};

/* ---- is it in the object? ---- */

enum presence { PRESENT, ABSENT, UNKNOWN }; /* UNKNOWN: no such item, so nothing to say */

/* The keys and items from the root to the place, in that order. */
static const struct json *step_down(const struct json *at, const struct step *step,
				    enum presence *presence)
{
	if (step->kind == STEP_KEY) {
		at = json_get(at, step->key);
		if (!at || at->type == JSON_NULL)
			*presence = ABSENT;
		return at;
	}
	if (!(at = item_find(at, step)))
		*presence = UNKNOWN;
	return at;
}

static enum presence presence_of(const struct json *object, const struct place *place,
				 const struct place *root, const struct catalogue_leaf *leaf)
{
	const struct place *chain[PATH_STEPS_MAX];
	enum presence presence = PRESENT;
	size_t n = 0;

	for (const struct place *p = place; p != root && n < PATH_STEPS_MAX; p = p->up)
		chain[n++] = p;
	if (n == PATH_STEPS_MAX)
		return UNKNOWN;
	while (n-- > 0 && presence == PRESENT)
		object = step_down(object, &chain[n]->step, &presence);
	if (presence == PRESENT && !leaf_takes(leaf, object))
		return ABSENT;
	return presence;
}

static bool is_dropped_already(const struct finder *f, const struct place *place)
{
	for (const struct feature_use *u = f->out->first; u; u = u->next)
		if (u->kind == USE_DROPPED && place_same(u->place, place))
			return true;
	return false;
}

/* value: as the user wrote it; NULL where only the name is known. */
static void dropped_add(struct finder *f, const struct catalogue_leaf *leaf,
			const struct place *place, const struct json *value)
{
	struct feature_use *use;

	if (is_dropped_already(f, place))
		return;
	use = use_add(f, USE_DROPPED, leaf_stage(f, leaf), place);
	if (!use)
		return;
	leaf_fill(use, leaf);
	use->value = value;
}

/* ---- last-applied-configuration ---- */

/* The walk goes over the text, its subject's object stays the one that was written. */
struct applied {
	struct subject text; /* first: what the walk gets */
	const struct subject *real;
};

/* "" and [] are left out of an object whatever the gate says, and ask for nothing. */
static bool is_empty_value(const struct json *value)
{
	return (value->type == JSON_STRING || value->type == JSON_ARRAY) && !value->len;
}

static void applied_found(struct finder *f, const struct subject *s,
			  const struct catalogue_leaf *leaf, const struct place *place,
			  const struct json *value, const struct json *old)
{
	const struct applied *a = (const struct applied *)s;

	(void)old;
	if (!is_empty_value(value) &&
	    presence_of(a->real->object, place, a->real->at, leaf) == ABSENT)
		dropped_add(f, leaf, place, value);
}

static struct str last_applied(const struct json *object)
{
	return json_str(json_get(json_get(json_get(object, STR("metadata")), STR("annotations")),
				 LAST_APPLIED));
}

static const struct json *parse_quietly(struct finder *f, struct str text)
{
	struct err ignored; /* the user's own text may be anything */
	const struct json *j = text.n ? json_parse(text, NULL, f->arena, &ignored) : NULL;

	return j && j->type == JSON_OBJECT ? j : NULL;
}

static void find_in_applied(struct finder *f, const struct subject *s)
{
	struct str now = last_applied(s->object), before = last_applied(s->old);
	struct applied a = { .text = *s, .real = s };
	struct str version;
	const char *slash;

	if (!now.n || str_eq(now, before))
		return;
	if (!(a.text.object = parse_quietly(f, now)))
		return;
	a.text.old = parse_quietly(f, before);
	/* It may have been written in another version of the same kind. */
	version = json_str(json_get(a.text.object, STR("apiVersion")));
	slash = version.n ? memchr(version.s, '/', version.n) : NULL;
	if (version.n)
		a.text.gvk.version =
			slash ? str_from(version, (size_t)(slash - version.s) + 1) : version;
	walk_fields(f, &a.text, applied_found);
}

/* ---- managedFields ---- */

struct managed_frame {
	const struct catalogue_node *node;
	const struct json *next;   /* member of fieldsV1 to look at */
	const struct json *object; /* the value that it describes; NULL: absent */
	struct place place;
	bool root;
};

struct managed {
	struct finder *f;
	const struct subject *s;
	struct managed_frame frames[MANAGED_DEPTH];
	size_t depth;
};

/* Of the request's object a JSON_STRING that was not read yet, of an item of a list an array. */
static const struct json *managed_member(const struct json *object)
{
	return json_get(json_get(object, STR("metadata")), STR("managedFields"));
}

/* Its first entry. */
static const struct json *managed_fields(struct finder *f, const struct json *object)
{
	const struct json *list = managed_member(object);
	struct err ignored; /* an API server writes it: what cannot be read tells nothing */

	if (list && list->type == JSON_STRING)
		list = json_parse(json_str(list), NULL, f->arena, &ignored);
	return list && list->type == JSON_ARRAY ? list->child : NULL;
}

/* The name in fieldsV1 of one step below a member that was found by `like`. */
static bool names_step(struct finder *f, struct str key, const struct step *step)
{
	const struct json *keys;

	if (step->kind == STEP_KEY)
		return key.n == step->key.n + 2 && str_starts(key, STR("f:")) &&
		       str_eq(str_from(key, 2), step->key);
	if (step->kind != STEP_ITEM || !str_starts(key, STR("k:")))
		return false;
	keys = parse_quietly(f, str_from(key, 2));
	return keys && str_eq(json_str(json_get(keys, step->key)), step->value);
}

/* Does this entry of managedFields name the place? */
static bool names_place(struct finder *f, const struct json *fields, const struct place *place,
			const struct place *root)
{
	const struct place *chain[PATH_STEPS_MAX];
	size_t n = 0;

	for (const struct place *p = place; p != root && n < PATH_STEPS_MAX; p = p->up)
		chain[n++] = p;
	while (n-- > 0 && fields) {
		const struct json *m = fields->type == JSON_OBJECT ? fields->child : NULL;

		while (m && f->budget && !names_step(f, json_key(m), &chain[n]->step)) {
			m = m->next;
			f->budget--;
		}
		fields = f->budget ? m : NULL;
	}
	return fields != NULL;
}

static bool named_before(struct managed *m, const struct place *place)
{
	struct finder *f = m->f;

	if (f->before_of != m->s->old) { /* read once, not for each place */
		f->before = managed_fields(f, m->s->old);
		f->before_of = m->s->old;
	}
	for (const struct json *e = f->before; e; e = e->next)
		if (names_place(f, json_get(e, STR("fieldsV1")), place, m->s->at))
			return true;
	return false;
}

static void managed_push(struct managed *m, const struct catalogue_node *node,
			 const struct json *fields, const struct json *object,
			 const struct place *place)
{
	struct managed_frame *frame = &m->frames[m->depth];

	if (m->depth == MANAGED_DEPTH || !fields || fields->type != JSON_OBJECT)
		return;
	*frame = (struct managed_frame){ node, fields->child, object, { NULL, { 0 }, 0 }, !place };
	if (place)
		frame->place = *place;
	m->depth++;
}

static void managed_leaves(struct managed *m, const struct catalogue_node *node,
			   const struct json *object, const struct place *place)
{
	if (object && object->type != JSON_NULL)
		return;
	for (size_t i = 0; i < node->leaves_n; i++) {
		const struct catalogue_leaf *leaf = &catalogue_leaves[node->leaves + i];

		/* Of a gated value only the field's name would stand there. */
		if (leaf->value || !leaf_stage(m->f, leaf) || is_dropped_already(m->f, place))
			continue;
		if (!named_before(m, place))
			dropped_add(m->f, leaf, place, NULL);
	}
}

/* "f:spec": a member. */
static void managed_key(struct managed *m, struct managed_frame *frame, const struct json *member)
{
	struct str key = str_from(json_key(member), 2);
	const struct catalogue_node *node = frame->node->map ? &catalogue_nodes[frame->node->item]
							     : catalogue_child(frame->node, key);
	const struct json *object;
	struct place place;

	if (!node || !(node->live & m->f->bit) || (frame->root && str_is(key, "status")))
		return;
	object = json_get(frame->object, key);
	place = place_key(frame->root ? m->s->at : &frame->place, key);
	managed_leaves(m, node, object, &place);
	managed_push(m, node, member, object, &place);
}

/* "k:{...}": an item, by its keys; one that is not in the object tells nothing. */
static void managed_item(struct managed *m, struct managed_frame *frame, const struct json *member)
{
	const struct json *keys, *object;
	struct place place;

	if (frame->node->map || frame->node->item == CATALOGUE_NONE)
		return;
	keys = parse_quietly(m->f, str_from(json_key(member), 2));
	if (!keys || !keys->child || keys->child->type != JSON_STRING)
		return;
	place = (struct place){
		&frame->place,
		{ .kind = STEP_ITEM, .key = json_key(keys->child), .value = json_str(keys->child) },
		frame->place.depth + 1
	};
	if (!(object = item_find_budgeted(m->f, frame->object, &place.step, 0)))
		return;
	managed_push(m, &catalogue_nodes[frame->node->item], member, object, &place);
}

static void find_in_entry(struct finder *f, const struct subject *s, const struct json *fields)
{
	const struct catalogue_kind *kind =
		catalogue_kind(s->gvk.group, s->gvk.version, s->gvk.kind);
	struct managed m = { .f = f, .s = s };

	if (!kind || !(catalogue_nodes[kind->root].live & f->bit))
		return;
	managed_push(&m, &catalogue_nodes[kind->root], fields, s->object, NULL);
	while (m.depth && !f->full) {
		struct managed_frame *frame = &m.frames[m.depth - 1];
		const struct json *member = frame->next;

		if (!member) {
			m.depth--;
			continue;
		}
		frame->next = member->next;
		if (str_starts(json_key(member), STR("f:")))
			managed_key(&m, frame, member);
		else if (str_starts(json_key(member), STR("k:")))
			managed_item(&m, frame, member);
	}
}

/*
 * An UPDATE of which nothing is left passes in silence, as one that changes nothing does:
 * managedFields are only looked at beside a change. (kubectl apply leaves its annotation.)
 */
static bool changes_anything(const struct subject *s)
{
	static const char *const metadata[] = { "labels", "annotations", "finalizers",
						"ownerReferences" };
	const struct json *now = json_get(s->object, STR("metadata"));
	const struct json *before = json_get(s->old, STR("metadata"));

	if (!s->old || s->object->len != s->old->len)
		return true;
	for (size_t i = 0; i < sizeof metadata / sizeof *metadata; i++)
		if (!json_equal(json_get(now, str_of(metadata[i])),
				json_get(before, str_of(metadata[i]))))
			return true;
	for (const struct json *m = s->object->child; m; m = m->next)
		if (!str_is(json_key(m), "metadata") &&
		    !json_equal(json_get(s->old, json_key(m)), m))
			return true;
	return false;
}

void find_dropped(struct finder *f, const struct subject *s)
{
	const struct json *now, *before;

	if (!s->object)
		return;
	find_in_applied(f, s);
	now = managed_member(s->object);
	before = managed_member(s->old);
	if (!now || json_equal(now, before) || !changes_anything(s) ||
	    !managed_may_name(f, s, now, before))
		return;
	for (const struct json *e = managed_fields(f, s->object); e && !f->full; e = e->next)
		if (!json_str(json_get(e, STR("subresource"))).n)
			find_in_entry(f, s, json_get(e, STR("fieldsV1")));
}
