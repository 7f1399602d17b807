/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/body.h"

#include <stdlib.h>
#include <string.h>

void body_drop(struct body *b)
{
	free(b->bytes);
	if (b->charged)
		budget_give(b->budget, b->charged);
	*b = (struct body){ .budget = NULL };
}

/* ---- the beginning ---- */

/*
 * Once it is enough no more is kept. That is looked for each time that it has doubled, so that
 * many small pieces cost no more than few large ones.
 */
static void body_shorten(struct body *b)
{
	size_t n;
	char *shorter;

	if (b->n < b->looked_at)
		return;
	b->looked_at = 2 * b->n;
	if (!(n = b->kept((struct str){ b->bytes, b->n })))
		return;
	budget_give(b->budget, b->n - n);
	b->charged = b->n = b->room = n;
	if ((shorter = realloc(b->bytes, n)))
		b->bytes = shorter;
}

/* Keep the beginning alone, from now on. */
static const struct refusal *body_keep_begin(struct body *b)
{
	size_t n = b->n < BODY_BEGIN_MAX ? b->n : BODY_BEGIN_MAX;
	char *begin = malloc(BODY_BEGIN_MAX);

	if (!begin)
		return &refusal_memory;
	if (n && b->bytes)
		memcpy(begin, b->bytes, n);
	free(b->bytes);
	budget_give(b->budget, b->charged - n);
	b->bytes = begin;
	b->charged = b->n = n;
	b->room = BODY_BEGIN_MAX;
	b->begin = true;
	if (n)
		body_shorten(b);
	return NULL;
}

/* ---- all of it ---- */

/*
 * Memory for the whole body at once: large pieces are mapped, and take up memory only as bytes
 * arrive, so nothing is copied while it grows.
 */
const struct refusal *body_begin(struct body *b, struct budget *budget, body_kept *kept,
				 uint64_t length)
{
	size_t n = (size_t)length;

	*b = (struct body){ .budget = budget, .kept = kept, .length = n };
	if (!n || !budget)
		return NULL;
	if (n <= BODY_MAX && budget_room(budget, n, n) && (b->bytes = malloc(n))) {
		b->room = n;
		return NULL;
	}
	if (n > BUDGET_LARGE)
		return body_keep_begin(b);
	return budget_room(budget, n, n) ? &refusal_memory : &refusal_busy;
}

/* As much as is kept. False: there is no room in the budget. */
static bool body_take(struct body *b, const char *data, size_t n)
{
	size_t left = b->room - b->n;

	n = n < left ? n : left;
	if (!n)
		return true;
	if (!budget_take(b->budget, n, b->begin ? BODY_BEGIN_MAX : b->length))
		return false;
	b->charged += n;
	memcpy(b->bytes + b->n, data, n);
	b->n += n;
	if (b->begin)
		body_shorten(b);
	return true;
}

/* There was no room: another may have given way since; else this one does, with all it holds. */
static const struct refusal *body_gives_way(struct body *b, const char *data, size_t n)
{
	const struct refusal *why;

	if (body_take(b, data, n))
		return NULL;
	if (!b->begin && b->length > BUDGET_LARGE) {
		if ((why = body_keep_begin(b)) || body_take(b, data, n))
			return why;
	}
	body_drop(b);
	return &refusal_busy;
}

const struct refusal *body_arrives(struct body *b, const char *data, size_t n)
{
	pthread_mutex_t *gives_way;
	const struct refusal *why;

	if (!b->bytes || body_take(b, data, n))
		return NULL;
	gives_way = &b->budget->gives_way;
	pthread_mutex_lock(gives_way);
	why = body_gives_way(b, data, n);
	pthread_mutex_unlock(gives_way);
	return why;
}
