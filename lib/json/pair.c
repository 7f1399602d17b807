/* SPDX-License-Identifier: Apache-2.0
 * pair.c - the part of the strict reader that finds what two texts share.
 *
 * An UPDATE carries an object twice, mostly with few differences, written by one encoder.
 * The second text is read beside the tree of the first: where a container has the very bytes
 * of the one at the same place there, it is as valid and as deep as that one, and its members
 * are that one's. To compare two such trees is to look at what they do not share.
 *
 * The same place is a guess: a wrong one is never taken for the same, since the bytes are
 * compared, and costs no more than reading. Each byte is compared once for a level of lists
 * at most: where two texts were found to differ is remembered.
 */
#include "lib/json/reader.h"

#define TRIES_MAX 64 /* members that are looked at for a key; a larger map is sorted anyway */

static const struct json_spanned *pair_spanned(const struct json *j)
{
	return j && j->type >= JSON_ARRAY ? (const struct json_spanned *)(const void *)j : NULL;
}

/* ---- where the twin stands ---- */

/* Both texts hold their members in the same order mostly: from the guess on, then from the first.
 */
static const struct json *member_twin(struct json_frame *f, struct str key)
{
	const struct json *at = f->guess;
	unsigned left = TRIES_MAX < f->twin->len ? TRIES_MAX : f->twin->len;

	for (; left; left--) {
		at = at ? at : f->twin->child;
		if (str_eq(json_key(at), key)) {
			f->guess = at->next;
			return at;
		}
		at = at->next;
	}
	return NULL;
}

const struct json *pair_find(struct json_frame *f, struct str key)
{
	const struct json *at = f->guess;

	if (!f->twin)
		return NULL;
	if (f->twin->type == JSON_OBJECT)
		return member_twin(f, key);
	f->guess = at ? at->next : NULL;
	return at;
}

/* ---- is it the same? ---- */

static bool same_bytes(struct json_reader *r, const char *from, const char *to)
{
	struct likeness here = { (uintptr_t)r->p - (uintptr_t)from, from, from };
	size_t room = (size_t)(r->end - r->p), n = (size_t)(to - from);

	if (here.shift == r->like.shift && from >= r->like.from && from <= r->like.differs)
		return to <= r->like.differs;
	here.differs = from + scan_common(r->p, from, n < room ? n : room);
	if (here.differs == to)
		return true;
	r->like = here;
	return false;
}

/* One of a list that stood here before was taken out, or moved on: it is the next one. */
static bool same_as_next(struct json_reader *r, const struct json_spanned *s)
{
	size_t n = s ? (size_t)(s->to - s->from) : 0;

	return n && n <= (size_t)(r->end - r->p) && !memcmp(r->p, s->from, n);
}

static void pair_share(struct json_reader *r, struct json *j, const struct json *twin, size_t n)
{
	j->type = twin->type;
	j->child = twin->child;
	j->len = twin->len;
	r->p += n;
}

bool pair_take(struct json_reader *r, struct json_frame *f, struct json *j, const struct json *twin)
{
	const struct json_spanned *s = pair_spanned(twin);

	if (!s)
		return false;
	if (same_bytes(r, s->from, s->to)) {
		pair_share(r, j, twin, (size_t)(s->to - s->from));
		return true;
	}
	if (!f->container || f->container->type != JSON_ARRAY ||
	    !same_as_next(r, s = pair_spanned(twin->next)))
		return false;
	pair_share(r, j, twin->next, (size_t)(s->to - s->from));
	f->guess = twin->next->next;
	return true;
}
