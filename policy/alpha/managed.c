/* SPDX-License-Identifier: Apache-2.0
 * managed.c - may managedFields name a field that a gate guards? Told from the bytes.
 *
 * Most lists name none, and to read one is more work than all else that is done for a small
 * change. dropped.c reads those that may: all that its walk would find is found
 * here too. What the old list names as well was named before: mostly an entry is new, and the
 * others are as they were or lost what that one took over, which is told by their bytes as they are
 * passed.
 */
#include "policy/alpha/finder.h"
#include "lib/base/chars.h"
#include "lib/json/scan.h"
#include "lib/base/attributes.h"

struct raw_frame {
	const struct catalogue_node *node;
	struct str object; /* from its brace to the end of the list */
	struct json_member m;
};

/* Where the key leads; *unsure: it is written so that only a reader can tell. */
static const struct catalogue_node *raw_below(const struct raw_frame *frame, bool root,
					      bool *unsure)
{
	const struct catalogue_node *node = frame->node;
	struct str key = frame->m.key;

	*unsure = key.n && memchr(key.s, '\\', key.n < 2 ? key.n : 2);
	if (str_starts(key, STR("k:")))
		return node->map || node->item == CATALOGUE_NONE ? NULL
								 : &catalogue_nodes[node->item];
	if (!str_starts(key, STR("f:")))
		return NULL;
	*unsure = memchr(key.s, '\\', key.n) != NULL;
	key = str_from(key, 2);
	if (root && str_is(key, "status"))
		return NULL;
	return node->map ? &catalogue_nodes[node->item] : catalogue_child(node, key);
}

static bool node_has_guarded(const struct finder *f, const struct catalogue_node *node)
{
	for (size_t i = 0; i < node->leaves_n; i++)
		if (!catalogue_leaves[node->leaves + i].value &&
		    leaf_stage(f, &catalogue_leaves[node->leaves + i]))
			return true;
	return false;
}

/* May fieldsV1, which the text begins with, name a guarded field? */
static bool may_name(const struct finder *f, const struct catalogue_node *root, struct str text)
{
	UNZEROED struct raw_frame frames[MANAGED_DEPTH];
	size_t depth = 1;

	frames[0] = (struct raw_frame){ .node = root, .object = text };
	while (depth) {
		struct raw_frame *frame = &frames[depth - 1];
		const struct catalogue_node *node;
		bool unsure;

		if (!json_skim_key(frame->object, &frame->m)) {
			if (--depth && !json_skim_leave(&frame[-1].m, &frame->m))
				return false; /* no JSON: what cannot be read names nothing */
			continue;
		}
		node = raw_below(frame, depth == 1, &unsure);
		if (unsure || (node && node->live & f->bit && node_has_guarded(f, node)))
			return true;
		if (!node || !(node->live & f->bit) || *frame->m.value.s != '{') {
			if (!json_skim_value(frame->object, &frame->m))
				return false;
			continue;
		}
		if (depth == MANAGED_DEPTH)
			return true;
		frames[depth++] = (struct raw_frame){ .node = node, .object = frame->m.value };
	}
	return false;
}

bool raw_next(const char **p, const char *end, struct str *item)
{
	const char *from = scan_space(*p, end), *to;

	if (from == end || (*from != '[' && *from != ','))
		return false;
	from = scan_space(from + 1, end);
	if (!(to = json_skim_end(from, end)))
		return false;
	*item = (struct str){ from, (size_t)(to - from) };
	*p = to;
	return true;
}

/* No field is named unless all names of its path are there, which is told faster than walked. */
static bool holds_names(const struct finder *f, const struct catalogue_kind *kind,
			struct str fields)
{
	struct object_notes notes;

	skim_part(fields, &notes);
	return notes.unsure || notes_meet_need(f, &notes, kind, false);
}

static bool entry_may_name(const struct finder *f, const struct catalogue_kind *kind,
			   struct str entry)
{
	struct json_member m = { .next = NULL };

	while (json_skim_key(entry, &m)) {
		if (memchr(m.key.s, '\\', m.key.n))
			return true;
		if (str_is(m.key, "fieldsV1") && *m.value.s == '{')
			return (m.value.s - entry.s < SKIM_BEFORE ||
				holds_names(f, kind, m.value)) &&
			       may_name(f, &catalogue_nodes[kind->root], m.value);
		if (!json_skim_value(entry, &m))
			return false;
	}
	return false;
}

/* ---- what was named before ---- */

/*
 * The list beside the old one. Up to p and q the same is open in both, and what the one names up to
 * there the other names as well, at the same place. Where they differ, a member of the old one is
 * passed or a text of both ends: the work is linear in their bytes.
 */
struct along {
	const char *p, *end;
	const char *q, *q_end;
	const char *from; /* from there on p and q passed the same bytes */
};

/* The last quote they passed that begins or ends a string. */
static const char *along_quote(const struct along *a)
{
	const char *quote = a->p;

	do {
		quote = memrchr(a->from, '"', (size_t)(quote - a->from));
	} while (quote && quote[-1] == '\\');
	return quote;
}

/* q is at a name that is not the next one of the list: on behind its member, to another name. */
static bool along_over_member(struct along *a)
{
	struct str rest = { a->q - 1, (size_t)(a->q_end - a->q) + 1 };
	struct json_member m = { .next = *rest.s == ',' ? rest.s : NULL };

	if (!json_skim_next(rest, &m) || m.next == a->q_end)
		return false;
	a->q = m.next + 1;
	return true;
}

/* The list has no more members there: on to where the old one has none. */
static bool along_over_rest(struct along *a)
{
	struct str rest = { a->q, (size_t)(a->q_end - a->q) };
	struct json_member m = { .next = a->q };

	while (json_skim_next(rest, &m))
		;
	a->q = m.next;
	return a->q < a->q_end && *a->q == '}';
}

/* Both are in the text that begins behind the quote: on to where it ends. */
static bool along_over_text(struct along *a, const char *quote)
{
	const char *p = scan_to_quote(quote + 1, a->end);

	if (p < a->p)
		return false;
	a->p = p;
	a->q = scan_to_quote(a->q, a->q_end);
	return true;
}

/*
 * Where they differ: past what the old one has and the list has not, or another time. false: it may
 * name something else. A letter or a digit stands behind the quote that begins a string, and never
 * behind the one that ends it; a colon behind that of a name.
 */
static bool along_difference(struct along *a)
{
	const char *quote = along_quote(a);
	bool told;

	if (quote && quote[-1] == ':' && char_is_digit(quote[1])) {
		told = along_over_text(a, quote);
	} else if (quote && char_is_lower(quote[1])) {
		a->q -= a->p - quote;
		a->p = quote;
		told = along_over_member(a);
	} else {
		told = (quote ? quote[1] == ':' : *a->from == '}') && *a->p == '}' &&
		       *a->q == ',' && along_over_rest(a);
	}
	a->from = a->p;
	return told;
}

/*
 * Where the list goes on when it named nothing yet that the old one does not name: the comma behind
 * which that one has no more entries, or the end. NULL: it may name something else.
 */
static const char *along_list(struct str list, struct str before)
{
	struct along a;

	if (!list.n || !before.n || *list.s != '[')
		return NULL;
	a = (struct along){ list.s, list.s + list.n, before.s, before.s + before.n, list.s };
	for (;;) {
		size_t left = (size_t)(a.end - a.p), old_left = (size_t)(a.q_end - a.q);
		size_t n = scan_common(a.p, a.q, left < old_left ? left : old_left);

		a.p += n;
		a.q += n;
		if (a.q == a.q_end || (a.q + 1 == a.q_end && a.p < a.end && *a.p == ','))
			return a.p;
		if (a.p == a.end || !along_difference(&a))
			return NULL;
	}
}

static bool is_among(struct str entry, const struct str *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(entry, all[i]))
			return true;
	return false;
}

#define RAW_ENTRIES 32 /* of the old list that are looked at; an API server merges the oldest */

bool managed_may_name(const struct finder *f, const struct subject *s, const struct json *list,
		      const struct json *before)
{
	const struct catalogue_kind *kind =
		catalogue_kind(s->gvk.group, s->gvk.version, s->gvk.kind);
	struct str now = json_str(list), old = json_str(before), entry;
	UNZEROED struct str olds[RAW_ENTRIES];
	const char *p, *q = old.s;
	size_t n = 0;

	if (!kind || !(catalogue_nodes[kind->root].live & f->bit))
		return false;
	if (list->type != JSON_STRING)
		return true; /* it was read already */
	if (!(p = along_list(now, old))) {
		p = now.s;
		while (old.n && n < RAW_ENTRIES && raw_next(&q, old.s + old.n, &olds[n]))
			n++;
	}
	while (raw_next(&p, now.s + now.n, &entry))
		if (!is_among(entry, olds, n) && entry_may_name(f, kind, entry))
			return true;
	return false;
}
