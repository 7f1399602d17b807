/* SPDX-License-Identifier: Apache-2.0
 * diff.c - compare two objects.
 *
 * Open containers stand on a stack of frames in the arena, each with a function
 * that compares its next pair of children. A place is made when a change is found
 * and not before, since most of an object is equal. How lists are paired is in
 * merge_key.c.
 */
#include "policy/object/diff.h"

#include "policy/object/merge_key.h"

struct diff;

struct diff_frame {
	struct diff_frame *up, *down; /* down is kept for the next descent */
	struct step step;             /* from the container above to this one */
	const struct place *place;    /* of this container; good when it is placed */
	const struct place *near;     /* the same, or the one above it that is CHANGE_NEAR deep */
	bool placed;
	int (*next)(struct diff *d, struct diff_frame *f); /* 1: there may be more, 0: done, -1 */
	const struct json *old, *new; /* the containers; NULL: an absent map that counts as empty */
	const struct json *o, *n;     /* the next children */
	size_t index;                 /* of a list: the next item's; else: members that both have */
	struct list_pairs pairs;      /* of a list of objects that have keys */
};

struct diff {
	struct diff_frame bottom, *top; /* the root is a child of the bottom */
	struct arena *arena;
	struct change_list *out;
	struct err *err;
};

static int diff_no_room(struct diff *d)
{
	return err_set(d->err, ERR_LIMIT, "comparing the objects needs more than %zu bytes",
		       d->arena->limit);
}

static int spent(struct diff *d)
{
	return err_set(d->err, ERR_LIMIT, "comparing the objects takes more than %zu steps",
		       d->arena->steps_max);
}

/* ---- changes ---- */

static struct place *place_new(struct diff *d, const struct place *up, const struct step *step)
{
	struct place *p = arena_alloc(d->arena, sizeof *p);

	if (p)
		*p = (struct place){ .up = up, .step = *step, .depth = up ? up->depth + 1 : 1 };
	return p;
}

/* Make the places of all open containers that have none yet. */
static int place_frames(struct diff *d)
{
	struct diff_frame *f = d->top;

	while (!f->placed)
		f = f->up;
	for (; f != d->top; f = f->down) {
		if (!(f->down->place = place_new(d, f->place, &f->down->step)))
			return diff_no_room(d);
		f->down->near = f->down->place->depth > CHANGE_NEAR ? f->near : f->down->place;
		f->down->placed = true;
	}
	return 0;
}

/* step NULL: the container on top itself. */
static int diff_add_change(struct diff *d, const struct step *step, const struct json *from,
			   const struct json *to)
{
	struct change *c = arena_alloc(d->arena, sizeof *c);

	if (!c || place_frames(d) < 0)
		return diff_no_room(d);
	*c = (struct change){
		.place = d->top->place, .near = d->top->near, .from = from, .to = to
	};
	if (step && !(c->place = place_new(d, d->top->place, step)))
		return diff_no_room(d);
	if (c->place && c->place->depth <= CHANGE_NEAR)
		c->near = c->place;
	*d->out->last = c;
	d->out->last = &c->next;
	d->out->n++;
	return 0;
}

/* ---- descending ---- */

static int diff_push(struct diff *d, const struct step *step, const struct diff_frame *from)
{
	struct diff_frame *f = d->top->down;

	if (!f) {
		if (!(f = arena_alloc(d->arena, sizeof *f)))
			return diff_no_room(d);
		d->top->down = f;
		f->down = NULL;
	}
	struct diff_frame *down = f->down;

	*f = *from;
	f->up = d->top;
	f->down = down;
	f->placed = !step; /* the root has the place NULL */
	if (step)
		f->step = *step;
	d->top = f;
	return 0;
}

static int diff_differing(struct diff *d, const struct step *step, const struct json *old,
			  const struct json *new);

/* The same, as can be told without a look at what is below. */
static inline bool diff_same(struct diff *d, const struct json *old, const struct json *new)
{
	if (!old || !new || old->type != new->type)
		return false;
	if (old->type >= JSON_ARRAY)
		return json_shared(old, new);
	arena_step(d->arena, arena_bytes(json_str(old).n));
	return str_eq(json_str(old), json_str(new));
}

static int diff_compare(struct diff *d, const struct step *step, const struct json *old,
			const struct json *new)
{
	if (!old && !new)
		return 0;
	if (!arena_step(d->arena, step ? arena_bytes(step->key.n + step->value.n) : 1))
		return spent(d);
	return diff_same(d, old, new) ? 0 : diff_differing(d, step, old, new);
}

/* ---- objects ---- */

/* A member that one of two objects has, or both. 0: it is the same, 1: it is not, or -1. */
static inline int diff_member(struct diff *d, const struct json *old, const struct json *new)
{
	struct str key = json_key(old ? old : new);

	if (!arena_step(d->arena, arena_bytes(key.n)))
		return spent(d);
	if (diff_same(d, old, new))
		return 0;
	return diff_differing(d, &(struct step){ .kind = STEP_KEY, .key = key }, old, new) < 0 ? -1
											       : 1;
}

/* The member with that key; `guess` comes next where both stand in the same order. */
static const struct json *diff_find_member(const struct json *o, const struct json *guess,
					   struct str key)
{
	return guess && str_eq(json_key(guess), key) ? guess : json_get(o, key);
}

static int next_added(struct diff *d, struct diff_frame *f)
{
	const struct json *n = f->n, *there;

	if (!n)
		return 0;
	f->n = n->next;
	if ((there = diff_find_member(f->old, f->o, json_key(n)))) {
		f->o = there->next;
		return 1;
	}
	return diff_member(d, NULL, n);
}

/* Behind the old object's members, those that only the new one has. */
static int begin_added(struct diff_frame *f)
{
	if (!f->new || f->index == f->new->len)
		return 0;
	f->o = f->old ? f->old->child : NULL;
	f->n = f->new->child;
	f->next = next_added;
	return 1;
}

/* On to the next member that is not the same. */
static int next_member(struct diff *d, struct diff_frame *f)
{
	const struct json *o, *n;
	int other;

	while ((o = f->o)) {
		n = diff_find_member(f->new, f->n, json_key(o));
		f->o = o->next;
		f->n = n ? n->next : f->n;
		f->index += n != NULL;
		if ((other = diff_member(d, o, n)))
			return other;
	}
	return begin_added(f);
}

/* Both objects are large, so both are sorted. */
static int next_sorted(struct diff *d, struct diff_frame *f)
{
	const struct json *o, *n;
	int order, other;

	while ((o = f->o) || f->n) {
		n = f->n;
		order = !o ? 1 : !n ? -1 : str_cmp(json_key(o), json_key(n));
		f->o = order <= 0 ? o->next : o;
		f->n = order >= 0 ? n->next : n;
		if ((other = diff_member(d, order <= 0 ? o : NULL, order >= 0 ? n : NULL)))
			return other;
	}
	return 0;
}

static bool is_unsorted(const struct json *object)
{
	return object && object->len > JSON_UNSORTED;
}

static int compare_objects(struct diff *d, const struct step *step, const struct json *old,
			   const struct json *new)
{
	bool large = is_unsorted(old) && is_unsorted(new);
	struct diff_frame f = {
		.next = large ? next_sorted : next_member,
		.old = old,
		.new = new,
		.o = old ? old->child : NULL,
		.n = new ? new->child : NULL,
	};

	return diff_push(d, step, &f);
}

/* ---- lists ---- */

static int next_by_index(struct diff *d, struct diff_frame *f)
{
	const struct json *o = f->o, *n = f->n;
	struct step step = { .kind = STEP_INDEX, .index = f->index++ };

	if (!o && !n)
		return 0;
	list_identity(f->step.key, o, n, &step.key, &step.value);
	f->o = o ? o->next : NULL;
	f->n = n ? n->next : NULL;
	return diff_compare(d, &step, o, n) < 0 ? -1 : 1;
}

static int diff_add_order(struct diff *d, struct diff_frame *f)
{
	struct step step = { .kind = STEP_ORDER };

	return f->pairs.reordered ? diff_add_change(d, &step, NULL, NULL) : 0;
}

static int next_added_item(struct diff *d, struct diff_frame *f)
{
	struct list_item *n;
	struct step step;

	while (f->index < f->pairs.new_n && f->pairs.new[f->index].other)
		f->index++;
	if (f->index == f->pairs.new_n)
		return diff_add_order(d, f);
	n = &f->pairs.new[f->index];
	step = (struct step){
		.kind = STEP_ITEM, .key = f->pairs.key, .value = n->key, .index = f->index++
	};
	return diff_compare(d, &step, NULL, n->item) < 0 ? -1 : 1;
}

static int next_paired_item(struct diff *d, struct diff_frame *f)
{
	const struct list_item *o, *n;
	struct step step;

	if (f->index == f->pairs.old_n) {
		f->index = 0;
		f->next = next_added_item;
		return 1;
	}
	o = &f->pairs.old[f->index];
	n = o->other;
	step = (struct step){ .kind = STEP_ITEM, .key = f->pairs.key, .value = o->key };
	step.index = n ? (size_t)(n - f->pairs.new) : f->index;
	f->index++;
	return diff_compare(d, &step, o->item, n ? n->item : NULL) < 0 ? -1 : 1;
}

static int compare_lists(struct diff *d, const struct step *step, const struct json *old,
			 const struct json *new)
{
	struct diff_frame f = { .next = next_by_index, .old = old, .new = new };
	int keyed;

	if (!old->len && !new->len)
		return 0;
	if (!list_of_objects(old) || !list_of_objects(new)) {
		bool equal = json_equal_steps(old, new, &d->arena->steps);

		return equal ? 0 : diff_add_change(d, step, old, new);
	}
	keyed = list_pair(step ? step->key : STR(""), old, new, d->arena, &f.pairs);
	if (keyed < 0)
		return diff_no_room(d);
	if (keyed)
		f.next = next_paired_item;
	f.o = old->child;
	f.n = new->child;
	return diff_push(d, step, &f);
}

/* ---- any two values ---- */

/* Does it make no difference whether the value is an object without members or absent? */
static bool absent_is_empty(const struct step *step, const struct json *present)
{
	static const char *const maps[] = { "labels", "annotations", "data", "binaryData" };

	if (!step || step->kind != STEP_KEY || present->type != JSON_OBJECT || !present->len)
		return false;
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		if (str_is(step->key, maps[i]))
			return true;
	}
	return false;
}

static int diff_differing(struct diff *d, const struct step *step, const struct json *old,
			  const struct json *new)
{
	if (!old || !new)
		return absent_is_empty(step, old ? old : new) ? compare_objects(d, step, old, new)
							      : diff_add_change(d, step, old, new);
	if (old->type == new->type && old->type == JSON_OBJECT)
		return old->len || new->len ? compare_objects(d, step, old, new) : 0;
	if (old->type == new->type && old->type == JSON_ARRAY)
		return compare_lists(d, step, old, new);
	return diff_add_change(d, step, old, new);
}

int diff_objects(const struct json *old, const struct json *new, struct arena *arena,
		 struct change_list *out, struct err *err)
{
	struct diff d = { .bottom = { .placed = true }, .arena = arena, .out = out, .err = err };
	int more;

	d.top = &d.bottom;
	*out = (struct change_list){ .last = &out->first };
	if (diff_compare(&d, NULL, old, new) < 0)
		return -1;
	while (d.top != &d.bottom) {
		struct diff_frame *f = d.top;

		if ((more = f->next(&d, f)) < 0)
			return -1;
		if (!more)
			d.top = f->up;
	}
	return 0;
}
