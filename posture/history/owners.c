/* SPDX-License-Identifier: Apache-2.0
 * owners.c - managedFields: who owns which place of an object, and since when.
 *
 *   {"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"coredns\"}":{".":{},"f:image":{}}}}}}}
 *
 * The time of an entry is that of the manager's last write, not of a field; a scale's has none.
 */
#include "posture/history/owners.h"

#include "lib/base/time.h"

static bool only_status(const struct json *fields)
{
	return fields && fields->type == JSON_OBJECT && fields->len == 1 && fields->child &&
	       str_is(json_key(fields->child), "f:status");
}

void owners_read(const struct json *object, struct owners *out)
{
	owners_read_list(json_get(json_get(object, STR("metadata")), STR("managedFields")), out);
}

void owners_read_list(const struct json *list, struct owners *out)
{
	out->n = 0;
	if (!list || list->type != JSON_ARRAY)
		return;
	for (const struct json *e = list->child; e && out->n < OWNERS_MAX; e = e->next) {
		struct owner o = { .manager = json_str(json_get(e, STR("manager"))),
				   .subresource = json_str(json_get(e, STR("subresource"))),
				   .api_version = json_str(json_get(e, STR("apiVersion"))),
				   .fields = json_get(e, STR("fieldsV1")) };

		if (!o.fields || o.fields->type != JSON_OBJECT || only_status(o.fields) ||
		    str_is(o.subresource, "status"))
			continue;
		if (!time_parse(json_str(json_get(e, STR("time"))), &o.time))
			o.time = 0;
		out->v[out->n++] = o;
	}
}

/* ---- a place in the fields ---- */

/* "k:{\"name\":\"coredns\"}": does its JSON hold the key with that value? */
static bool key_matches(struct str key, const struct step *step)
{
	struct str keys = key.n > 2 ? str_from(key, 2) : STR("");
	struct str value = json_skim(keys, step->key);

	if (value.n >= 2 && value.s[0] == '"')
		value = (struct str){ value.s + 1, value.n - 2 };
	return value.s && str_eq(value, step->value);
}

static const struct json *field_of(const struct json *fields, const struct step *step)
{
	for (const struct json *f = fields->child; f; f = f->next) {
		struct str key = json_key(f);

		if (key.n < 2)
			continue;
		if (step->kind == STEP_KEY && str_starts(key, STR("f:")) &&
		    str_eq(str_from(key, 2), step->key))
			return f;
		if (step->kind == STEP_ITEM && str_starts(key, STR("k:")) && key_matches(key, step))
			return f;
	}
	return NULL;
}

static bool is_leaf(const struct json *fields)
{
	return fields->type != JSON_OBJECT || !fields->len;
}

/* The entries of these are each their own, whatever a leaf says. */
static bool is_map_key(struct str key)
{
	static const char *const maps[] = { "labels", "annotations", "data", "binaryData" };

	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
		if (str_is(key, maps[i]))
			return true;
	return false;
}

static size_t steps_of(const struct place *place, const struct step *steps[PATH_STEPS_MAX])
{
	size_t n = place ? place->depth : 0;

	if (n > PATH_STEPS_MAX)
		return 0;
	for (size_t i = n; place && i; place = place->up)
		steps[--i] = &place->step;
	return n;
}

/* Does somebody own single parts of what the first n steps name? Then it is no atomic value. */
static bool has_parts(const struct owners *all, const struct step *const *steps, size_t n)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct json *at = all->v[i].fields;

		for (size_t s = 0; at && s < n; s++)
			at = is_leaf(at) && s ? NULL : field_of(at, steps[s]);
		if (at && !is_leaf(at) && !(at->len == 1 && json_get(at, STR("."))))
			return true;
	}
	return false;
}

/*
 * A leaf owns all below it where it is an atomic value. But who made a map or a list and lost its
 * entries to others is left with the bare leaf too: that owns none of them.
 */
bool owner_covers(const struct owners *all, const struct owner *o, const struct place *place)
{
	const struct step *steps[PATH_STEPS_MAX];
	const struct json *at = o->fields;
	size_t n = steps_of(place, steps);

	if (place && !n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (i && is_leaf(at))
			return !(steps[i - 1]->kind == STEP_KEY && is_map_key(steps[i - 1]->key)) &&
			       !has_parts(all, steps, i);
		if (steps[i]->kind == STEP_INDEX || steps[i]->kind == STEP_ORDER)
			return true; /* of a list that has no keys: it is one value */
		if (!(at = field_of(at, steps[i])))
			return false;
	}
	return true;
}

bool owners_cover(const struct owners *all, struct str manager, const struct place *place)
{
	for (size_t i = 0; i < all->n; i++)
		if (str_eq(all->v[i].manager, manager) && owner_covers(all, &all->v[i], place))
			return true;
	return false;
}

const struct owner *owners_last(const struct owners *all, struct str installer,
				const struct place *place)
{
	const struct owner *last = NULL;

	for (size_t i = 0; i < all->n; i++) {
		const struct owner *o = &all->v[i];

		if (!str_eq(o->manager, installer) && owner_covers(all, o, place) &&
		    (!last || o->time >= last->time))
			last = o;
	}
	return last;
}

struct str owners_sole(const struct owners *all)
{
	struct str manager = all->n && all->n < OWNERS_MAX ? all->v[0].manager : STR("");

	for (size_t i = 1; i < all->n; i++)
		if (!str_eq(all->v[i].manager, manager))
			return STR("");
	return manager;
}

/* ---- the installer ---- */

static const struct place spec_place = { NULL, { .kind = STEP_KEY, .key = { "spec", 4 } }, 1 };
static const struct place selector_place = { &spec_place,
					     { .kind = STEP_KEY, .key = { "selector", 8 } },
					     2 };

const struct owner *owners_installer(const struct owners *all, bool has_selector)
{
	const struct owner *first = NULL;

	if (has_selector)
		return owners_last(all, (struct str){ NULL, 0 }, &selector_place);
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].time && (!first || all->v[i].time < first->time))
			first = &all->v[i];
	return first;
}

/* ---- what an owner holds that the installer does not ---- */

#define PLACES_MAX 1024 /* of one owner that are visited: each is looked for in all others */

struct owner_walk {
	const struct owners *all;
	struct str base;
	struct arena *arena;
	void (*visit)(void *ctx, const struct place *place);
	void *ctx;
	size_t left; /* places that may still be visited */
};

/* The members of a map that is made of entries: each is one, whoever made the map. */
static bool is_map(const struct place *place)
{
	return place && place->step.kind == STEP_KEY && is_map_key(place->step.key);
}

static bool step_of(struct owner_walk *w, struct str key, struct step *out)
{
	struct json_member m = { .next = NULL };

	if (str_starts(key, STR("f:"))) {
		*out = (struct step){ .kind = STEP_KEY, .key = str_from(key, 2) };
		return true;
	}
	if (!str_starts(key, STR("k:")) || !json_skim_next(str_from(key, 2), &m))
		return false;
	*out = (struct step){ .kind = STEP_ITEM, .key = m.key, .value = m.value };
	if (out->value.n >= 2 && out->value.s[0] == '"')
		out->value = (struct str){ out->value.s + 1, out->value.n - 2 };
	return w->left > 0;
}

/* Made whole by this owner, and nobody else's before: one place, not one a leaf. */
static bool made_whole(const struct owner_walk *w, const struct json *fields,
		       const struct place *place)
{
	return json_get(fields, STR(".")) && !is_map(place) &&
	       !owners_cover(w->all, w->base, place);
}

/* NOLINTNEXTLINE(misc-no-recursion): PATH_STEPS_MAX bounds it */
static int walk_fields(struct owner_walk *w, const struct json *fields, const struct place *up,
		       unsigned depth)
{
	for (const struct json *f = fields->child; f; f = f->next) {
		struct place *place = arena_zalloc(w->arena, sizeof *place);

		if (!place || !w->left)
			return -1;
		*place = (struct place){ .up = up, .depth = depth };
		if (!step_of(w, json_key(f), &place->step) ||
		    (depth == 1 && str_is(place->step.key, "status")))
			continue;
		if (is_leaf(f) || made_whole(w, f, place) || depth == PATH_STEPS_MAX) {
			if (!owners_cover(w->all, w->base, place)) {
				w->left--;
				w->visit(w->ctx, place);
			}
		} else if (walk_fields(w, f, place, depth + 1) < 0) {
			return -1;
		}
	}
	return 0;
}

int owner_each(const struct owner *o, const struct owners *all, struct str base,
	       struct arena *arena, void (*visit)(void *ctx, const struct place *place), void *ctx)
{
	struct owner_walk w = { all, base, arena, visit, ctx, PLACES_MAX };

	return walk_fields(&w, o->fields, NULL, 1);
}
