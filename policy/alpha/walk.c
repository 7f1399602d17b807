/* SPDX-License-Identifier: Apache-2.0
 * walk.c - gated fields and values: object and trie walked together.
 *
 * Only members that the trie knows, and that lead to something of interest in the
 * minor, are followed, so most of an object is passed over by a failed lookup.
 * No recursion: a frame for each level, and the trie (or, below a JSON schema,
 * the reader's limit of depth) bounds how many there are.
 *
 * The same place in the old object is followed alongside (beside.h), and so is, where the
 * walk goes over what somebody applied, that in the object which the API server made of it.
 */
#include "policy/alpha/finder.h"

#include "policy/object/merge_key.h"

struct walk_frame {
	struct walk_frame *up;
	const struct catalogue_node *node;
	const struct json *container, *next; /* next member or item to look at */
	struct beside old, real;             /* the containers at the same place */
	enum presence is_real;               /* of this one there */
	const struct place *at;              /* of the container; NULL: the root */
	struct place place;                  /* what `at` points to, below the root */
	size_t index;
};

struct walk {
	struct finder *f;
	const struct subject *s;
	leaf_visit *visit;
	struct walk_frame *top, *spare;
};

unsigned leaf_stage(const struct finder *f, const struct catalogue_leaf *leaf)
{
	if (leaf->alpha & f->bit)
		return FEATURE_ALPHA;
	if (leaf->beta_off & f->bit)
		return FEATURE_BETA_OFF;
	return leaf->deprecated & f->bit ? FEATURE_DEPRECATED : 0;
}

#define UNSET_DEPTH 4 /* no setting that needs a gate nests deeper */

/*
 * false, 0, "", {}: kubeadm writes all settings out, the unset ones too, and the components
 * ask for the gate of the others alone.
 */
/* NOLINTNEXTLINE(misc-no-recursion): UNSET_DEPTH bounds it */
static bool is_unset(const struct json *value, unsigned depth)
{
	static const char *const zeros[] = { "", "0", "0s", "0.0" };
	struct str s = value->type == JSON_NUMBER || value->type == JSON_STRING
			       ? (struct str){ value->text, value->len }
			       : STR("set");

	if (value->type == JSON_NULL || value->type == JSON_FALSE)
		return true;
	for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
		if (str_is(s, zeros[i]))
			return true;
	if (value->type != JSON_OBJECT || depth == UNSET_DEPTH)
		return false;
	for (const struct json *m = value->child; m; m = m->next)
		if (!is_unset(m, depth + 1))
			return false;
	return true;
}

bool leaf_takes(const struct catalogue_leaf *leaf, const struct json *value)
{
	if (value->type == JSON_NULL)
		return false; /* the same as absent */
	if (leaf->off == EFFECT_CONFIG && is_unset(value, 0))
		return false;
	if (!leaf->value)
		return true;
	return str_is(json_str(value), catalogue_text(leaf->value));
}

void leaf_fill(struct feature_use *use, const struct catalogue_leaf *leaf)
{
	use->off = (enum gate_effect)leaf->off;
	if (leaf->value)
		use->what = str_of(catalogue_text(leaf->value));
	for (size_t i = 0; i < leaf->gates_n; i++)
		if (catalogue_interest(&catalogue_gates[leaf->gates[i]], use->minor) == use->stage)
			use_gate(use, &catalogue_gates[leaf->gates[i]]);
	if (!use->gates_n) /* a policy option of the kubelet, alpha by itself */
		use_gate(use, &catalogue_gates[leaf->gates[0]]);
}

static void frame_push(struct walk *w, const struct catalogue_node *node,
		       const struct leaf_found *of)
{
	struct walk_frame *frame = w->spare;
	const struct json *value = of->value, *old = of->old;

	if (frame)
		w->spare = frame->up;
	else if (!(frame = arena_alloc(w->f->arena, sizeof *frame))) {
		w->f->full = true;
		return;
	}
	*frame = (struct walk_frame){ .up = w->top, .node = node, .container = value };
	frame->next = value->child;
	beside_begin(&frame->old, old && old->type == value->type ? old : NULL);
	beside_begin(&frame->real, of->is_real == PRESENT ? of->real : NULL);
	frame->is_real = of->is_real;
	if (of->place) {
		frame->place = *of->place;
		frame->at = &frame->place;
	}
	w->top = frame;
}

static void frame_pop(struct walk *w)
{
	struct walk_frame *frame = w->top;

	w->top = frame->up;
	frame->up = w->spare;
	w->spare = frame;
}

/* ---- items of lists: which place one has ---- */

struct place place_item(const struct place *list, const struct json *item, size_t index)
{
	struct place place = { list,
			       { .kind = STEP_INDEX, .index = index },
			       list ? list->depth + 1 : 1 };
	bool named = list && list->step.kind == STEP_KEY;
	struct str key = list_merge_key(named ? list->step.key : STR(""));
	const struct json *value = item->type == JSON_OBJECT ? json_get(item, key) : NULL;

	if (value && value->type == JSON_STRING)
		place.step =
			(struct step){ .kind = STEP_ITEM, .key = key, .value = json_str(value) };
	return place;
}

/* ---- the partners ---- */

static const struct json *walk_old_of(struct walk *w, struct walk_frame *frame,
				      const struct json *member)
{
	struct str name = STR("");

	if (frame->container->type == JSON_OBJECT)
		return beside_member(w->f, &frame->old, frame->container, json_key(member));
	if (member->type == JSON_OBJECT)
		name = json_str(json_get(member, STR("name")));
	return name.s && name.n ? beside_named(w->f, &frame->old, STR("name"), name, frame->index)
				: beside_equal(w->f, &frame->old, member, frame->index);
}

/* A member that is not there is absent, an item that is not there tells nothing. */
static void real_of(struct walk *w, struct walk_frame *frame, struct leaf_found *found)
{
	found->is_real = frame->is_real;
	if (!w->s->real || frame->is_real != PRESENT)
		return;
	if (frame->container->type == JSON_OBJECT) {
		found->real =
			beside_member(w->f, &frame->real, frame->container, found->place->step.key);
		if (!found->real || found->real->type == JSON_NULL)
			found->is_real = ABSENT;
		return;
	}
	found->real = beside_step(w->f, &frame->real, &found->place->step, frame->index);
	if (!found->real)
		found->is_real = UNKNOWN;
}

/* ---- the walk ---- */

static const struct catalogue_node *walk_below(const struct walk_frame *frame,
					       const struct json *member)
{
	const struct catalogue_node *node = frame->node, *child;
	bool list = frame->container->type == JSON_ARRAY;

	if (list || node->map)
		child = node->item != CATALOGUE_NONE && list != node->map
				? &catalogue_nodes[node->item]
				: NULL;
	else
		child = catalogue_child(node, json_key(member));
	return child;
}

/* A status is written through its subresource alone, and nothing else is there. */
static bool in_scope(const struct walk *w, const struct walk_frame *frame,
		     const struct json *member)
{
	return frame->up || str_is(json_key(member), "status") == w->s->status;
}

static void visit_leaves(struct walk *w, const struct catalogue_node *node,
			 const struct leaf_found *found)
{
	bool compared = false, same = false;
	size_t steps = 0;

	for (size_t i = 0; i < node->leaves_n; i++) {
		const struct catalogue_leaf *leaf = &catalogue_leaves[node->leaves + i];

		if (!leaf_stage(w->f, leaf) || !leaf_takes(leaf, found->value))
			continue;
		if (!compared) {
			same = found->old && json_equal_steps(found->old, found->value, &steps);
			compared = true;
			finder_step(w->f, steps);
		}
		if (!same)
			w->visit(w->f, w->s, leaf, found);
	}
}

static void walk_member(struct walk *w, struct walk_frame *frame, const struct json *member)
{
	const struct catalogue_node *child = walk_below(frame, member);
	struct leaf_found found = { .value = member };
	struct place place;

	if (!finder_step(w->f, 1) || !child || !(child->live & w->f->bit) ||
	    !in_scope(w, frame, member) || beside_shares(&frame->old, member, frame->index))
		return;
	place = frame->container->type == JSON_ARRAY ? place_item(frame->at, member, frame->index)
						     : place_key(frame->at, json_key(member));
	found.place = &place;
	found.old = walk_old_of(w, frame, member);
	real_of(w, frame, &found);
	visit_leaves(w, child, &found);
	if ((member->type == JSON_OBJECT || member->type == JSON_ARRAY) && member->child &&
	    !(found.old && json_shared(found.old, member)) && /* nothing below is new */
	    (child->edges_n || child->item != CATALOGUE_NONE))
		frame_push(w, child, &found);
}

void walk_fields(struct finder *f, const struct subject *s, leaf_visit *visit)
{
	const struct catalogue_kind *kind =
		catalogue_kind(s->gvk.group, s->gvk.version, s->gvk.kind);
	struct leaf_found root = {
		.place = s->at, .value = s->object, .old = s->old, .real = s->real
	};
	struct walk w = { .f = f, .s = s, .visit = visit };

	if (!kind || !s->object || s->object->type != JSON_OBJECT ||
	    !(catalogue_nodes[kind->root].live & f->bit))
		return;
	frame_push(&w, &catalogue_nodes[kind->root], &root);
	while (w.top && !f->full) {
		struct walk_frame *frame = w.top;
		const struct json *member = frame->next;

		if (!member) {
			frame_pop(&w);
			continue;
		}
		frame->next = member->next;
		walk_member(&w, frame, member);
		frame->index++;
	}
}

static void field_found(struct finder *f, const struct subject *s,
			const struct catalogue_leaf *leaf, const struct leaf_found *found)
{
	enum use_kind kind = leaf->off == EFFECT_CONFIG ? USE_GATE
			     : leaf->value              ? USE_VALUE
							: USE_FIELD;
	struct feature_use *use = use_add(f, kind, leaf_stage(f, leaf), found->place);

	(void)s;
	if (!use)
		return;
	leaf_fill(use, leaf);
	use->value = found->value;
	use->was = found->old;
}

void find_fields(struct finder *f, const struct subject *s)
{
	walk_fields(f, s, field_found);
}
