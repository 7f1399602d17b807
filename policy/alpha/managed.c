/* SPDX-License-Identifier: Apache-2.0
 * managed.c - may managedFields name a field that a gate guards? Told from the bytes.
 *
 * Most lists name none, and to read one is more work than all else that is done for a small
 * change. dropped.c reads those that may: all that its walk would find is found
 * here too. What an entry names that stands in the old list as well was named before.
 */
#include "policy/alpha/finder.h"
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
	const char *p = now.s, *q = old.s;
	size_t n = 0;

	if (!kind || !(catalogue_nodes[kind->root].live & f->bit))
		return false;
	if (list->type != JSON_STRING)
		return true; /* it was read already */
	while (old.n && n < RAW_ENTRIES && raw_next(&q, old.s + old.n, &olds[n]))
		n++;
	while (raw_next(&p, now.s + now.n, &entry))
		if (!is_among(entry, olds, n) && entry_may_name(f, kind, entry))
			return true;
	return false;
}
