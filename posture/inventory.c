/* SPDX-License-Identifier: Apache-2.0
 * inventory.c - what is kept of a cluster, and where: one arena, each text once.
 */
#include "posture/scan.h"

#include <stdlib.h>

#define WORDS_SLOTS 4096
#define NOTES_MAX   200

struct str keep_str(struct posture *p, struct str s)
{
	struct str copy = str_copy(&p->arena, s);

	if (!copy.s) {
		p->full = true;
		return STR("");
	}
	return copy;
}

/* ---- words ---- */

/* Names in a cluster are the customer's: the table doubles, so that a lookup stays short unless
   somebody makes names collide, and then it is his own scan that is slow. */
static bool words_grow(struct posture *p)
{
	struct words *w = &p->words;
	size_t n = w->slots ? 2 * (w->mask + 1) : WORDS_SLOTS;
	struct word **slots = arena_calloc(&p->arena, n, sizeof *slots);

	if (!slots)
		return false;
	for (size_t i = 0; w->slots && i <= w->mask; i++)
		for (struct word *at = w->slots[i], *next; at; at = next) {
			next = at->next;
			at->next = slots[at->hash & (n - 1)];
			slots[at->hash & (n - 1)] = at;
		}
	w->slots = slots;
	w->mask = n - 1;
	return true;
}

const struct word *word_of(struct posture *p, struct str s)
{
	static const struct word none = { .text = { "", 0 } };
	struct words *w = &p->words;
	uint64_t hash = str_hash(0, s);
	struct word *at;

	if (w->n >= (w->slots ? w->mask + 1 : 0) && !words_grow(p) && !w->slots) {
		p->full = true;
		return &none;
	}
	for (at = w->slots[hash & w->mask]; at; at = at->next)
		if (at->hash == hash && str_eq(at->text, s)) {
			at->count++;
			return at;
		}
	if (!(at = arena_zalloc(&p->arena, sizeof *at))) {
		p->full = true;
		return &none;
	}
	*at = (struct word){ w->slots[hash & w->mask], hash, keep_str(p, s), 1 };
	w->slots[hash & w->mask] = at;
	w->n++;
	return at;
}

void word_list_add(struct posture *p, struct word_list *list, const struct word *w)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		const struct word **v = arena_calloc(&p->arena, room, sizeof *v);

		if (!v) {
			p->full = true;
			return;
		}
		if (list->n)
			memcpy(v, list->v, list->n * sizeof *v);
		list->v = v;
		list->room = room;
	}
	list->v[list->n++] = w;
}

bool word_list_has(const struct word_list *list, struct str s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i]->text, s))
			return true;
	return false;
}

static int word_order(const void *a, const void *b)
{
	const struct word *const *x = a, *const *y = b;

	return str_cmp((*x)->text, (*y)->text);
}

void word_list_sort(struct word_list *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof *list->v, word_order);
}

bool word_list_finds(const struct word_list *sorted, struct str s)
{
	const struct word key = { .text = s }, *at = &key;

	return sorted->n && bsearch(&at, sorted->v, sorted->n, sizeof *sorted->v, word_order);
}

void text_list_add(struct posture *p, struct text_list *list, struct str s)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct str *v =
			room <= NOTES_MAX * 2 ? arena_calloc(&p->arena, room, sizeof *v) : NULL;

		if (!v)
			return;
		if (list->n)
			memcpy(v, list->v, list->n * sizeof *v);
		list->v = v;
		list->room = room;
	}
	list->v[list->n++] = keep_str(p, s);
}

void note(struct posture *p, const char *fmt, ...)
{
	char line[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (p->notes.n < NOTES_MAX)
		text_list_add(p, &p->notes, str_of(line));
}

/* ---- objects ---- */

struct kept *keep_object(struct posture *p, struct kept_list *list, const struct item *i)
{
	struct kept *k = arena_zalloc(&p->arena, sizeof *k);

	if (!k) {
		p->full = true;
		return NULL;
	}
	*k = (struct kept){ .gvk = { keep_str(p, i->gvk.group), keep_str(p, i->gvk.version),
				     keep_str(p, i->gvk.kind) },
			    .namespace = keep_str(p, i->namespace),
			    .name = keep_str(p, i->name),
			    .uid = keep_str(p, i->uid),
			    .text = keep_str(p, i->text),
			    .created = i->created,
			    .has_managers = i->has_managers };
	if (!list->last)
		list->last = &list->first;
	*list->last = k;
	list->last = &k->next;
	list->n++;
	return k;
}

struct kept *kept_find(const struct kept_list *list, const char *kind, const char *namespace,
		       struct str name)
{
	struct kept *k = list->first;

	while (k && !(str_is(k->gvk.kind, kind) && str_is(k->namespace, namespace) &&
		      str_eq(k->name, name)))
		k = k->next;
	return k;
}

const struct json *kept_parse(const struct kept *k, bool managers, struct arena *arena)
{
	static const struct json_opaque opaque = { { "metadata", 8 }, { "managedFields", 13 } };
	const struct json_limits limits = { .opaque = managers ? NULL : &opaque };
	struct err ignored;

	return json_parse(k->text, &limits, arena, &ignored);
}

/* ---- the scan ---- */

bool scan_asks(const struct posture *p, enum check_id id)
{
	return p->asked[id];
}

void posture_cut(struct posture *p, const char *why)
{
	if (!p->cut.n)
		p->cut = keep_str(p, str_of(why));
}
