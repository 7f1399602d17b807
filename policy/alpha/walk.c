/*
 * walk.c - gated fields and values: object and trie walked together.
 *
 * Only members that the trie knows, and that lead to something of interest in the
 * minor, are followed, so most of an object is passed over by a failed lookup.
 * No recursion: a frame for each level, and the trie (or, below a JSON schema,
 * the reader's limit of depth) bounds how many there are.
 *
 * The same place in the old object is followed alongside. Members mostly stand in
 * the same order on both sides, so a cursor finds the partner at once; where they do
 * not, a budget bounds the search, and beyond it all counts as new.
 */
#include "policy/alpha/finder.h"

struct walk_frame {
	struct walk_frame *up;
	const struct catalogue_node *node;
	const struct json *container, *next; /* next member or item to look at */
	const struct json *old, *cursor;     /* old container; where the search goes on */
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

static void frame_push(struct walk *w, const struct catalogue_node *node, const struct json *value,
		       const struct json *old, const struct place *at)
{
	struct walk_frame *frame = w->spare;

	if (frame)
		w->spare = frame->up;
	else if (!(frame = arena_alloc(w->f->arena, sizeof *frame))) {
		w->f->full = true;
		return;
	}
	*frame = (struct walk_frame){ .up = w->top, .node = node, .container = value };
	frame->next = value->child;
	if (old && old->type == value->type)
		frame->old = old;
	if (frame->old)
		frame->cursor = frame->old->child;
	if (at) {
		frame->place = *at;
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

/* ---- the partner in the old object ---- */

typedef bool same_fn(const struct json *old, const struct json *new);

static bool has_same_key(const struct json *old, const struct json *new)
{
	return str_eq(json_key(old), json_key(new));
}

static bool has_same_name(const struct json *old, const struct json *new)
{
	return str_eq(json_str(json_get(old, STR("name"))), json_str(json_get(new, STR("name"))));
}

/* From the cursor to the end, then from the start: found at once where nothing moved. */
static const struct json *walk_partner(struct walk *w, struct walk_frame *frame,
				       const struct json *member, same_fn *same)
{
	const struct json *start = frame->cursor ? frame->cursor : frame->old->child, *o = start;

	while (o && w->f->budget) {
		w->f->budget--;
		if (same(o, member)) {
			frame->cursor = o->next;
			return o;
		}
		o = o->next ? o->next : frame->old->child;
		if (o == start)
			break;
	}
	return NULL;
}

static const struct json *walk_by_index(const struct json *list, size_t index)
{
	const struct json *o = list->child;

	while (o && index--)
		o = o->next;
	return o;
}

static const struct json *walk_old_of(struct walk *w, struct walk_frame *frame,
				      const struct json *member)
{
	const struct json *found;

	if (!frame->old || !frame->old->child)
		return NULL;
	if (frame->container->type == JSON_OBJECT)
		return walk_partner(w, frame, member, has_same_key);
	if (member->type == JSON_OBJECT && json_get(member, STR("name")))
		return walk_partner(w, frame, member, has_same_name);
	found = walk_partner(w, frame, member, json_equal);
	if (found || w->f->budget < frame->index)
		return found;
	w->f->budget -= frame->index; /* an item that was changed, or is new */
	return walk_by_index(frame->old, frame->index);
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
			 const struct place *place, const struct json *value,
			 const struct json *old)
{
	bool compared = false, same = false;

	for (size_t i = 0; i < node->leaves_n; i++) {
		const struct catalogue_leaf *leaf = &catalogue_leaves[node->leaves + i];

		if (!leaf_stage(w->f, leaf) || !leaf_takes(leaf, value))
			continue;
		if (!compared) {
			same = old && json_equal(old, value);
			compared = true;
		}
		if (!same)
			w->visit(w->f, w->s, leaf, place, value, old);
	}
}

static void walk_member(struct walk *w, struct walk_frame *frame, const struct json *member)
{
	const struct catalogue_node *child = walk_below(frame, member);
	const struct json *old;
	struct place place;

	if (!child || !(child->live & w->f->bit) || !in_scope(w, frame, member))
		return;
	old = walk_old_of(w, frame, member);
	place = frame->container->type == JSON_ARRAY ? place_item(frame->at, member, frame->index)
						     : place_key(frame->at, json_key(member));
	visit_leaves(w, child, &place, member, old);
	if ((member->type == JSON_OBJECT || member->type == JSON_ARRAY) && member->child &&
	    !(old && json_shared(old, member)) && /* nothing below is new */
	    (child->edges_n || child->item != CATALOGUE_NONE))
		frame_push(w, child, member, old, &place);
}

void walk_fields(struct finder *f, const struct subject *s, leaf_visit *visit)
{
	const struct catalogue_kind *kind =
		catalogue_kind(s->gvk.group, s->gvk.version, s->gvk.kind);
	struct walk w = { .f = f, .s = s, .visit = visit };

	if (!kind || !s->object || s->object->type != JSON_OBJECT ||
	    !(catalogue_nodes[kind->root].live & f->bit))
		return;
	frame_push(&w, &catalogue_nodes[kind->root], s->object, s->old, s->at);
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
			const struct catalogue_leaf *leaf, const struct place *place,
			const struct json *value, const struct json *old)
{
	enum use_kind kind = leaf->off == EFFECT_CONFIG ? USE_GATE
			     : leaf->value              ? USE_VALUE
							: USE_FIELD;
	struct feature_use *use = use_add(f, kind, leaf_stage(f, leaf), place);

	(void)s;
	if (!use)
		return;
	leaf_fill(use, leaf);
	use->value = value;
	use->was = old;
}

void find_fields(struct finder *f, const struct subject *s)
{
	walk_fields(f, s, field_found);
}
