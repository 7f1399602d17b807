/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/seen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_ROOM 1024

void seen_init(struct seen *s)
{
	*s = (struct seen){ .v = NULL };
	/* So that nobody can choose uids that collide. */
	if (getrandom(s->key, sizeof s->key, GRND_NONBLOCK) < 0)
		s->key[0] = s->key[1] = (uint64_t)(uintptr_t)s;
}

void seen_done(struct seen *s)
{
	free(s->v);
	*s = (struct seen){ .v = NULL };
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "6c57c0d1-3e8c-4b0c-9d3e-8a4c0f8e1a2b", as API servers make them. */
static bool is_uuid(struct str s, struct seen_uid *out)
{
	uint64_t half[2] = { 0, 0 };
	unsigned digits = 0;

	if (s.n != 36)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int v = hex_value(s.s[i]);

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s.s[i] != '-')
				return false;
			continue;
		}
		if (v < 0)
			return false;
		half[digits / 16] = half[digits / 16] << 4 | (unsigned)v;
		digits++;
	}
	*out = (struct seen_uid){ half[0], half[1] };
	return true;
}

/* A permutation that mixes well (the finaliser of splitmix64, Steele et al. 2014). */
static uint64_t seen_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static struct seen_uid seen_uid_of(const struct seen *s, struct str text)
{
	struct seen_uid u;

	if (!is_uuid(text, &u)) {
		u.a = str_hash(s->key[0], text);
		u.b = str_hash(s->key[1] ^ u.a, text);
	}
	return u.a | u.b ? u : (struct seen_uid){ 1, 0 };
}

/* Where it is, or would be. */
static struct seen_uid *seen_slot(const struct seen *s, struct seen_uid u)
{
	size_t mask = s->room - 1, i = seen_mix(u.a ^ seen_mix(u.b ^ s->key[0])) & mask;

	while ((s->v[i].a | s->v[i].b) && (s->v[i].a != u.a || s->v[i].b != u.b))
		i = (i + 1) & mask;
	return &s->v[i];
}

static bool seen_grow(struct seen *s)
{
	struct seen old = *s;

	s->room = old.room ? 2 * old.room : FIRST_ROOM;
	if (!(s->v = calloc(s->room, sizeof *s->v))) {
		*s = old;
		return false;
	}
	for (size_t i = 0; i < old.room; i++)
		if (old.v[i].a | old.v[i].b)
			*seen_slot(s, old.v[i]) = old.v[i];
	free(old.v);
	return true;
}

enum seen_result seen_add(struct seen *s, struct str text)
{
	struct seen_uid u = seen_uid_of(s, text), *slot;

	if (s->n >= s->room / 4 * 3 && !seen_grow(s))
		return SEEN_FULL;
	slot = seen_slot(s, u);
	if (slot->a | slot->b)
		return SEEN_BEFORE;
	if (s->n == SEEN_MAX)
		return SEEN_FULL;
	*slot = u;
	s->n++;
	return SEEN_NEW;
}
