/* SPDX-License-Identifier: Apache-2.0
 * repeats.c - a small table by a hash of who, what and why; a row of it holds a few findings.
 */
#include "webhook/repeats.h"

#define ROW 8 /* entries that a key may stand in */

void repeats_init(struct repeats *r)
{
	*r = (struct repeats){ .v = { { .key = 0 } } };
	pthread_mutex_init(&r->lock, NULL);
}

void repeats_done(struct repeats *r)
{
	pthread_mutex_destroy(&r->lock);
}

static uint64_t repeats_key(const struct request *req, const struct finding *f)
{
	const struct str parts[] = { req->user.name,
				     req->resource.group,
				     req->resource.resource,
				     req->subresource,
				     req->namespace,
				     req->name,
				     f->policy,
				     f->rule };
	uint64_t h = (uint64_t)req->operation + 1;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		h = str_hash(h, parts[i]);
	for (size_t i = 0; i < f->changes_n; i++)
		h = str_hash(h, f->changes[i].path);
	return h ? h : 1;
}

/* The entry of the key, or the one of its row that was told longest ago. */
static struct repeat *repeats_find(struct repeats *r, uint64_t key)
{
	struct repeat *row = &r->v[key % (REPEATS_MAX / ROW) * ROW], *oldest = row;

	for (struct repeat *e = row; e < row + ROW; e++) {
		if (e->key == key)
			return e;
		if (e->told < oldest->told)
			oldest = e;
	}
	return oldest;
}

static bool repeats_note(struct repeat *e, uint64_t key, int64_t now, unsigned *left_out)
{
	if (e->key == key && now >= e->told && now - e->told < REPEATS_SECONDS) {
		e->since++;
		return false;
	}
	*left_out = e->key == key ? e->since : 0;
	*e = (struct repeat){ .key = key, .told = now };
	return true;
}

bool repeats_tell(struct repeats *r, const struct request *req, const struct finding *f,
		  int64_t now, unsigned *left_out)
{
	uint64_t key;
	bool tell;

	*left_out = 0;
	if (f->action != ACTION_DENY || !str_starts(req->user.name, STR("system:serviceaccount:")))
		return true;
	key = repeats_key(req, f);
	if (pthread_mutex_trylock(&r->lock) != 0)
		return true;
	tell = repeats_note(repeats_find(r, key), key, now, left_out);
	pthread_mutex_unlock(&r->lock);
	return tell;
}
