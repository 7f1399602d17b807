/* SPDX-License-Identifier: Apache-2.0
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

/* value: as the user wrote it; NULL where only the name is known. */
static void dropped_add(struct finder *f, const struct catalogue_leaf *leaf,
			const struct place *place, const struct json *value)
{
	struct feature_use *use;

	if (!place_set_add(f, &f->dropped, place))
		return;
	use = use_add(f, USE_DROPPED, leaf_stage(f, leaf), place);
	if (!use)
		return;
	leaf_fill(use, leaf);
	use->value = value;
}

/* ---- last-applied-configuration ---- */

/* "" and [] are left out of an object whatever the gate says, and ask for nothing. */
static bool is_empty_value(const struct json *value)
{
	return (value->type == JSON_STRING || value->type == JSON_ARRAY) && !value->len;
}

/* The walk goes over the text, held against the object that the API server made of it. */
static void applied_found(struct finder *f, const struct subject *s,
			  const struct catalogue_leaf *leaf, const struct leaf_found *found)
{
	bool absent = found->is_real == ABSENT ||
		      (found->is_real == PRESENT && !leaf_takes(leaf, found->real));

	(void)s;
	if (!is_empty_value(found->value) && absent)
		dropped_add(f, leaf, found->place, found->value);
}

static struct str last_applied(const struct json *object)
{
	return json_str(json_get(json_get(json_get(object, STR("metadata")), STR("annotations")),
				 LAST_APPLIED));
}

static const struct json *parse_quietly(struct finder *f, struct str text)
{
	struct err err; /* the user's own text may be anything */
	const struct json *j = text.n ? json_parse(text, NULL, f->arena, &err) : NULL;

	f->full = f->full || f->arena->full;
	return j && j->type == JSON_OBJECT ? j : NULL;
}

static void find_in_applied(struct finder *f, const struct subject *s)
{
	struct str now = last_applied(s->object), before = last_applied(s->old);
	struct subject text = *s;
	struct str version;
	const char *slash;

	if (!now.n || str_eq(now, before))
		return;
	if (!(text.object = parse_quietly(f, now)))
		return;
	text.old = parse_quietly(f, before);
	text.real = s->object;
	/* It may have been written in another version of the same kind. */
	version = json_str(json_get(text.object, STR("apiVersion")));
	slash = version.n ? memchr(version.s, '/', version.n) : NULL;
	if (version.n)
		text.gvk.version =
			slash ? str_from(version, (size_t)(slash - version.s) + 1) : version;
	walk_fields(f, &text, applied_found);
}

/* ---- managedFields ---- */

struct managed_frame {
	const struct catalogue_node *node;
	const struct json *fields, *next; /* of fieldsV1; the member to look at */
	const struct json *object;        /* the value that it describes; NULL: absent */
	struct beside items;              /* its children */
	struct place place;
	bool root;
};

struct managed {
	struct finder *f;
	const struct subject *s;
	bool before; /* only which places are named is looked at */
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

	if (list && list->type == JSON_STRING) {
		list = json_parse(json_str(list), NULL, f->arena, &ignored);
		f->full = f->full || f->arena->full;
	}
	return list && list->type == JSON_ARRAY ? list->child : NULL;
}

static void managed_push(struct managed *m, const struct catalogue_node *node,
			 const struct json *fields, const struct json *object,
			 const struct place *place)
{
	struct managed_frame *frame = &m->frames[m->depth];

	if (m->depth == MANAGED_DEPTH || !fields || fields->type != JSON_OBJECT)
		return;
	*frame = (struct managed_frame){ .node = node,
					 .fields = fields,
					 .next = fields->child,
					 .object = object,
					 .root = !place };
	beside_begin(&frame->items, object);
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
		if (leaf->value || !leaf_stage(m->f, leaf))
			continue;
		if (m->before)
			place_set_add(m->f, &m->f->known, place);
		else if (!place_set_holds(m->f, &m->f->known, place))
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
	object = frame->object ? beside_member(m->f, &frame->items, frame->fields, key) : NULL;
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
	object = m->before ? NULL : beside_step(m->f, &frame->items, &place.step, 0);
	if (!object && !m->before)
		return;
	managed_push(m, &catalogue_nodes[frame->node->item], member, object, &place);
}

static void find_in_entry(struct finder *f, const struct subject *s, const struct json *fields,
			  bool before)
{
	const struct catalogue_kind *kind =
		catalogue_kind(s->gvk.group, s->gvk.version, s->gvk.kind);
	struct managed m = { .f = f, .s = s, .before = before };

	if (!kind || !(catalogue_nodes[kind->root].live & f->bit))
		return;
	managed_push(&m, &catalogue_nodes[kind->root], fields, before ? NULL : s->object, NULL);
	while (m.depth && !f->full) {
		struct managed_frame *frame = &m.frames[m.depth - 1];
		const struct json *member = frame->next;

		if (!member) {
			m.depth--;
			continue;
		}
		frame->next = member->next;
		finder_step(f, 1);
		if (str_starts(json_key(member), STR("f:")))
			managed_key(&m, frame, member);
		else if (str_starts(json_key(member), STR("k:")))
			managed_item(&m, frame, member);
	}
}

/* The places that the old object's managedFields name: read once, not for each place. */
static void find_named(struct finder *f, const struct subject *s)
{
	if (f->known_of == s->old)
		return;
	f->known = (struct place_set){ .n = 0 };
	f->known_of = s->old;
	for (const struct json *e = managed_fields(f, s->old); e && !f->full; e = e->next)
		find_in_entry(f, s, json_get(e, STR("fieldsV1")), true);
}

static bool same_metadata(struct finder *f, const struct subject *s)
{
	static const char *const metadata[] = { "labels", "annotations", "finalizers",
						"ownerReferences" };
	const struct json *now = json_get(s->object, STR("metadata"));
	const struct json *before = json_get(s->old, STR("metadata"));
	size_t steps = 0;

	for (size_t i = 0; i < sizeof metadata / sizeof *metadata; i++)
		if (!json_equal_steps(json_get(now, str_of(metadata[i])),
				      json_get(before, str_of(metadata[i])), &steps))
			return false;
	return finder_step(f, steps);
}

bool same_content(struct finder *f, const struct subject *s, bool status)
{
	struct beside old;
	size_t steps = 0;

	beside_begin(&old, s->old);
	for (const struct json *m = s->object->child; m && !f->full; m = m->next) {
		struct str key = json_key(m);

		if (str_is(key, "metadata") || (!status && str_is(key, "status")))
			continue;
		if (!json_equal_steps(beside_member(f, &old, s->object, key), m, &steps))
			return false;
	}
	return finder_step(f, steps);
}

/*
 * An UPDATE of which nothing is left passes in silence, as one that changes nothing does:
 * managedFields are only looked at beside a change. (kubectl apply leaves its annotation.)
 */
static bool changes_anything(struct finder *f, const struct subject *s)
{
	return !s->old || s->object->len != s->old->len || !same_metadata(f, s) ||
	       !same_content(f, s, true);
}

void find_dropped(struct finder *f, const struct subject *s)
{
	const struct json *now, *before;

	if (!s->object)
		return;
	f->dropped = (struct place_set){ .n = 0 };
	find_in_applied(f, s);
	now = managed_member(s->object);
	before = managed_member(s->old);
	if (!now || json_equal(now, before) || !changes_anything(f, s) ||
	    !managed_may_name(f, s, now, before))
		return;
	find_named(f, s);
	for (const struct json *e = managed_fields(f, s->object); e && !f->full; e = e->next)
		if (!json_str(json_get(e, STR("subresource"))).n)
			find_in_entry(f, s, json_get(e, STR("fieldsV1")), false);
}
