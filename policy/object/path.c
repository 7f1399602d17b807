/* SPDX-License-Identifier: Apache-2.0
 * path.c - match a pattern with a place, walk it through an object, print either.
 */
#include "policy/object/path.h"

#include <assert.h>

#include "lib/json/json.h"
#include "lib/base/attributes.h"
#include "lib/base/utf8.h"
#include "policy/object/path_chars.h"

/* ---- matching ---- */

/* Does a step of a place lie where a step of a pattern points? */
static bool step_fits(const struct step *pattern, const struct step *found)
{
	bool item = found->kind == STEP_ITEM || found->kind == STEP_INDEX;

	switch (pattern->kind) {
	case STEP_KEY:
		return found->kind == STEP_KEY && str_eq(pattern->key, found->key);
	case STEP_INDEX:
		return item && pattern->index == found->index;
	case STEP_ITEM:
		return item && found->key.s && str_eq(pattern->key, found->key) &&
		       str_eq(pattern->value, found->value);
	case STEP_ANY:
		return item;
	default:
		return found->kind == STEP_ORDER;
	}
}

/* Do the steps of the place, from this one up to the root, fit those of the path? */
static bool steps_fit(const struct path *path, const struct place *place)
{
	for (; place; place = place->up) {
		if (!step_fits(&path->steps[place->depth - 1], &place->step))
			return false;
	}
	return true;
}

bool path_covers(const struct path *path, const struct place *place)
{
	while (place && place->depth > path->n)
		place = place->up;
	if ((place ? place->depth : 0) != path->n)
		return false;
	/* Who names all items of a list, or the one at an index, means their order too. */
	if (place && place->step.kind == STEP_ORDER &&
	    (path->steps[path->n - 1].kind == STEP_ANY ||
	     path->steps[path->n - 1].kind == STEP_INDEX))
		place = place->up;
	return steps_fit(path, place);
}

bool path_below(const struct path *path, const struct place *place)
{
	if ((place ? place->depth : 0) >= path->n)
		return false;
	/* In another order, another item has that index; whoever is named stays who he is. */
	if (place && place->step.kind == STEP_ORDER &&
	    path->steps[place->depth - 1].kind == STEP_INDEX)
		place = place->up;
	return steps_fit(path, place);
}

/* ---- walking ---- */

bool step_takes(const struct step *step, const struct json *item, size_t index)
{
	struct str value;

	if (step->kind == STEP_ANY || (step->kind == STEP_INDEX && index == step->index))
		return true;
	if (step->kind != STEP_ITEM)
		return false;
	value = json_str(json_get(item, step->key));
	return value.s && str_eq(value, step->value);
}

/* From this item of a list on, the first that the step selects; index is that of `item`. */
static const struct json *select_from(const struct step *step, const struct json *item,
				      size_t *index)
{
	while (item && !step_takes(step, item, *index)) {
		item = item->next;
		++*index;
	}
	return item;
}

const struct json *step_into(const struct step *step, const struct json *from, size_t *index)
{
	*index = 0;
	if (step->kind == STEP_KEY)
		return json_get(from, step->key);
	return from && from->type == JSON_ARRAY ? select_from(step, from->child, index) : NULL;
}

/* The one after `at`, which the step led to; a key leads to one only. */
static const struct json *step_on(const struct step *step, const struct json *at, size_t *index)
{
	if (step->kind == STEP_KEY)
		return NULL;
	++*index;
	return select_from(step, at->next, index);
}

bool path_any(const struct path *path, const struct json *root,
	      bool (*visit)(const struct json *value, void *ctx), void *ctx)
{
	struct {
		const struct json *at;
		size_t index;
	} walk[PATH_STEPS_MAX];
	size_t n = 0;

	if (!root)
		return false;
	if (!path->n)
		return visit(root, ctx);
	walk[0].at = step_into(&path->steps[0], root, &walk[0].index);
	for (;;) {
		const struct json *at = walk[n].at;

		if (at && n + 1 < path->n) {
			n++;
			walk[n].at = step_into(&path->steps[n], at, &walk[n].index);
			continue;
		}
		if (at && visit(at, ctx))
			return true;
		while (!walk[n].at && n)
			n--;
		if (!walk[n].at)
			return false;
		walk[n].at = step_on(&path->steps[n], walk[n].at, &walk[n].index);
	}
}

const struct json *place_value(const struct json *root, const struct place *place)
{
	const struct step *steps[PATH_STEPS_MAX];
	size_t n = 0, index;

	for (; place; place = place->up) {
		if (n == PATH_STEPS_MAX)
			return NULL;
		steps[n++] = &place->step;
	}
	while (root && n)
		root = step_into(steps[--n], root, &index);
	return root;
}

/* ---- printing ---- */

static void path_print_quoted(struct text *out, struct str s)
{
	text_puts(out, "\"");
	for (size_t i = 0; i < s.n && !out->full;) {
		uint32_t cp = (unsigned char)s.s[i];
		size_t len = utf8_decode(s.s + i, s.n - i, &cp);

		if (cp == '"' || cp == '\\')
			text_printf(out, "\\%c", (char)cp);
		else if (cp >= 0x20 && cp < 0x7f)
			text_add(out, s.s + i, 1);
		else
			text_printf(out, "\\u{%x}", (unsigned)cp);
		i += len ? len : 1;
	}
	text_puts(out, "\"");
}

static void path_print_text(struct text *out, struct str s, bool (*unquoted)(char))
{
	if (s.n && chars_all(s, unquoted, ""))
		text_str(out, s);
	else
		path_print_quoted(out, s);
}

static void path_print_step(struct text *out, const struct step *step, bool first)
{
	switch (step->kind) {
	case STEP_KEY:
		if (step->key.n && chars_all(step->key, is_path_word, "")) {
			text_puts(out, first ? "" : ".");
			text_str(out, step->key);
			return;
		}
		text_puts(out, "[");
		path_print_quoted(out, step->key);
		break;
	case STEP_INDEX:
		text_printf(out, "[%zu", step->index);
		break;
	case STEP_ITEM:
		text_puts(out, "[");
		path_print_text(out, step->key, is_path_word);
		text_puts(out, "=");
		path_print_text(out, step->value, is_path_plain);
		break;
	default:
		text_puts(out, step->kind == STEP_ANY ? "[*" : "[order");
	}
	text_puts(out, "]");
}

void path_print(const struct path *path, struct text *out)
{
	if (path->n == 1 && path->steps->kind == STEP_KEY && str_is(path->steps->key, "$name")) {
		text_puts(out, "$name"); /* of a `when`; a key of that name stands in quotes */
		return;
	}
	for (size_t i = 0; i < path->n; i++)
		path_print_step(out, &path->steps[i], !i);
}

void place_print(const struct place *place, struct text *out)
{
	UNZEROED const struct place *chain[JSON_DEPTH_MAX + 1];
	size_t n = 0;

	for (; place; place = place->up) {
		assert(n < sizeof chain / sizeof *chain);
		chain[n++] = place;
	}
	for (bool first = true; n; first = false)
		path_print_step(out, &chain[--n]->step, first);
}
