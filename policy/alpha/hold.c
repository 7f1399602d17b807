/* SPDX-License-Identifier: Apache-2.0
 * hold.c - does an object hold a gated field? Told from its bytes, place by place.
 *
 * Asked where its names are all there, as `restartPolicy` is in every pod: the trie is walked over
 * the text, and what it does not lead to is passed over. Nothing is built and nothing compared
 * with the old object; whether what is here is new is for the walk over the nodes to tell. What
 * cannot be read may hold anything.
 */
#include "policy/alpha/finder.h"
#include "lib/base/attributes.h"
#include "lib/json/scan.h"

#define HOLD_DEPTH 32 /* of the trie; a JSON schema is not followed further */

struct hold_frame {
	const struct catalogue_node *node;
	struct str text; /* an item is known to its end, a member's object is not */
	struct json_member m;
	const char *next; /* of a list: its bracket, or the comma before the next item */
};

struct hold {
	const struct finder *f;
	bool status; /* written through the status subresource */
	struct hold_frame frames[HOLD_DEPTH];
	size_t depth;
};

static bool is_raw_container(struct str raw)
{
	return raw.n && (raw.s[0] == '{' || raw.s[0] == '[');
}

/* A scalar, as it is written, against a gated value. */
static bool is_raw_value(struct str raw, struct str value)
{
	if (raw.n && memchr(raw.s, '\\', raw.n))
		return true;
	if (raw.n > 1 && raw.s[0] == '"')
		raw = (struct str){ raw.s + 1, raw.n - 2 };
	return str_eq(raw, value);
}

static bool hold_leaves(const struct hold *h, const struct catalogue_node *node, struct str raw)
{
	for (size_t i = 0; i < node->leaves_n; i++) {
		const struct catalogue_leaf *leaf = &catalogue_leaves[node->leaves + i];

		if (!leaf_stage(h->f, leaf))
			continue;
		if (leaf->value ? !is_raw_container(raw) &&
					  is_raw_value(raw, str_of(catalogue_text(leaf->value)))
				: !str_is(raw, "null"))
			return true;
	}
	return false;
}

static bool has_below(const struct catalogue_node *node)
{
	return node->edges_n || node->item != CATALOGUE_NONE;
}

/* The value of a member or an item. false: it holds a gated field, or is too deep to tell. */
static bool hold_value(struct hold *h, const struct catalogue_node *node, struct str raw)
{
	if (hold_leaves(h, node, raw))
		return false;
	if (!is_raw_container(raw) || !has_below(node))
		return true;
	if (h->depth == HOLD_DEPTH)
		return false;
	h->frames[h->depth++] = (struct hold_frame){ .node = node,
						     .text = raw,
						     .next = raw.s[0] == '[' ? raw.s : NULL };
	return true;
}

static bool hold_list_ends(const struct hold_frame *frame)
{
	const char *end = frame->text.s + frame->text.n;
	const char *p = scan_space(frame->next + (frame->next == frame->text.s), end);

	return p + 1 == end && *p == ']';
}

/*
 * The end of the frame: on behind it in the frame above. false: it ends otherwise. A list and what
 * is not an object's member reach to where they were found to end.
 */
static bool hold_leave(struct hold *h)
{
	struct hold_frame *frame = &h->frames[--h->depth], *up;

	if (frame->next)
		return hold_list_ends(frame);
	if (!h->depth)
		return frame->m.whole;
	up = &h->frames[h->depth - 1];
	return up->next ? frame->m.whole : json_skim_leave(&up->m, &frame->m);
}

static const struct catalogue_node *hold_below(const struct hold *h, const struct hold_frame *frame)
{
	const struct catalogue_node *node = frame->node, *below;
	struct str key = frame->m.key;

	if (node->map)
		below = node->item != CATALOGUE_NONE ? &catalogue_nodes[node->item] : NULL;
	else
		below = catalogue_child(node, key);
	if (h->depth == 1 && str_is(key, "status") != h->status)
		return NULL;
	return below && below->live & h->f->bit ? below : NULL;
}

/* One member. false as hold_value, or it is written so that only a reader can tell. */
static bool hold_member(struct hold *h)
{
	struct hold_frame *frame = &h->frames[h->depth - 1];
	const struct catalogue_node *below = hold_below(h, frame);

	if (frame->m.key.n && memchr(frame->m.key.s, '\\', frame->m.key.n))
		return false;
	if (below && *frame->m.value.s == '{' && has_below(below))
		return hold_value(h, below, frame->m.value);
	return json_skim_value(frame->text, &frame->m) &&
	       (!below || hold_value(h, below, frame->m.value));
}

static bool hold_item(struct hold *h, struct str item)
{
	const struct catalogue_node *node = h->frames[h->depth - 1].node, *below;

	if (node->map || node->item == CATALOGUE_NONE)
		return true;
	below = &catalogue_nodes[node->item];
	return !(below->live & h->f->bit) || hold_value(h, below, item);
}

bool object_may_hold(const struct finder *f, const struct catalogue_node *root, struct str text)
{
	UNZEROED struct hold h;
	struct str item;

	h.f = f;
	h.status = str_is(f->req->subresource, "status");
	h.depth = 1;
	h.frames[0] = (struct hold_frame){ .node = root, .text = text };
	while (h.depth) {
		struct hold_frame *frame = &h.frames[h.depth - 1];
		bool told;

		if (frame->next)
			told = raw_next(&frame->next, frame->text.s + frame->text.n, &item)
				       ? hold_item(&h, item)
				       : hold_leave(&h);
		else
			told = json_skim_key(frame->text, &frame->m) ? hold_member(&h)
								     : hold_leave(&h);
		if (!told)
			return true;
	}
	return false;
}
