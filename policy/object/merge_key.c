/* SPDX-License-Identifier: Apache-2.0
 * merge_key.c - which items of two lists of objects belong together.
 *
 * The API server merges such lists by a key that depends on the field. It does
 * not refuse a second entry of the same key in all of them, so a key is used only
 * where it is unique; pairing is by sorting, since a client may send long lists.
 */
#include "policy/object/merge_key.h"

#define KEYS_MAX 3

/* Merge keys of Kubernetes' own types; all other fields: name. */
static const struct field_keys {
	struct str field, keys[KEYS_MAX]; /* the first that fits */
} fields[] = {
	{ TEXT("addresses"), { TEXT("ip"), TEXT("type") } }, /* Endpoints, Node */
	{ TEXT("conditions"), { TEXT("type") } },
	{ TEXT("hostAliases"), { TEXT("ip") } },
	{ TEXT("hostIPs"), { TEXT("ip") } },
	{ TEXT("ownerReferences"), { TEXT("uid") } },
	{ TEXT("podIPs"), { TEXT("ip") } },
	{ TEXT("ports"),
	  { TEXT("name"), TEXT("containerPort"), TEXT("port") } }, /* container, Service */
	{ TEXT("topologySpreadConstraints"), { TEXT("topologyKey") } },
	{ TEXT("volumeDevices"), { TEXT("devicePath") } },
	{ TEXT("volumeMounts"), { TEXT("mountPath") } },
};

static const struct str *list_keys_of(struct str field)
{
	static const struct str by_name[KEYS_MAX] = { TEXT("name") };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (str_eq(field, fields[i].field))
			return fields[i].keys;
	}
	return by_name;
}

struct str list_merge_key(struct str field)
{
	return *list_keys_of(field);
}

bool list_of_objects(const struct json *list)
{
	for (const struct json *i = list->child; i; i = i->next) {
		if (i->type != JSON_OBJECT)
			return false;
	}
	return true;
}

void list_identity(struct str field, const struct json *old, const struct json *new,
		   struct str *key, struct str *value)
{
	const struct str *keys = list_keys_of(field);

	for (size_t i = 0; i < KEYS_MAX && keys[i].n; i++) {
		struct str o = json_str(json_get(old, keys[i]));
		struct str n = json_str(json_get(new, keys[i]));

		if ((!o.s && !n.s) || (old && new && (!o.s || !n.s || !str_eq(o, n))))
			continue;
		*key = keys[i];
		*value = o.s ? o : n;
		return;
	}
}

/* 0: an item has no such key. */
static int read_keys(const struct json *list, struct str key, struct list_item *items)
{
	for (const struct json *i = list->child; i; i = i->next, items++) {
		*items = (struct list_item){ .key = json_str(json_get(i, key)), .item = i };
		if (!items->key.s)
			return 0;
	}
	return 1;
}

/* ---- order of keys ---- */

struct list_run {
	struct list_item **at, **end;
};

static void list_merge(struct list_run a, struct list_run b, struct list_item **to, size_t *steps)
{
	while (a.at < a.end || b.at < b.end) {
		*steps += arena_bytes(a.at < a.end ? (*a.at)->key.n : 0);
		bool from_a =
			b.at == b.end || (a.at < a.end && str_cmp((*a.at)->key, (*b.at)->key) <= 0);

		*to++ = from_a ? *a.at++ : *b.at++;
	}
}

/* Sort n pointers by key, with room for as many behind them; where they stand then. */
static struct list_item **list_sort(struct list_item **from, size_t n, size_t *steps)
{
	struct list_item **to = from + n;

	for (size_t width = 1; width < n; width *= 2) {
		struct list_item **swap = from;

		for (size_t i = 0; i < n; i += 2 * width) {
			size_t middle = i + width < n ? i + width : n;
			size_t end = middle + width < n ? middle + width : n;

			list_merge((struct list_run){ from + i, from + middle },
				   (struct list_run){ from + middle, from + end }, to + i, steps);
		}
		from = to;
		to = swap;
	}
	return from;
}

static struct list_item **list_sorted(struct list_item *items, size_t n, struct arena *arena)
{
	struct list_item **pointers = arena_calloc(arena, 2 * n, sizeof *pointers);

	if (!pointers)
		return NULL;
	for (size_t i = 0; i < n; i++)
		pointers[i] = &items[i];
	return list_sort(pointers, n, &arena->steps);
}

static bool has_repeated_keys(struct list_item *const *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (str_eq(items[i - 1]->key, items[i]->key))
			return true;
	}
	return false;
}

/* ---- pairs ---- */

static void list_join(struct list_pairs *p, struct list_item **old, struct list_item **new)
{
	struct list_item **old_end = old + p->old_n, **new_end = new + p->new_n;

	while (old < old_end && new < new_end) {
		int order = str_cmp((*old)->key, (*new)->key);

		if (!order) {
			(*old)->other = *new;
			(*new)->other = *old;
		}
		old += order <= 0;
		new += order >= 0;
	}
}

static bool in_other_order(const struct list_pairs *p)
{
	const struct list_item *last = NULL;

	for (size_t i = 0; i < p->old_n; i++) {
		const struct list_item *other = p->old[i].other;

		if (other && last && other < last)
			return true;
		last = other ? other : last;
	}
	return false;
}

/* Where both lists have the same keys in the same order, as mostly, each with its like. */
static bool list_join_in_place(struct list_pairs *p)
{
	if (p->old_n != p->new_n)
		return false;
	for (size_t i = 0; i < p->old_n; i++)
		if (!str_eq(p->old[i].key, p->new[i].key))
			return false;
	for (size_t i = 0; i < p->old_n; i++) {
		p->old[i].other = &p->new[i];
		p->new[i].other = &p->old[i];
	}
	return true;
}

static int pair_by(struct list_pairs *p, struct arena *arena)
{
	struct list_item **old = list_sorted(p->old, p->old_n, arena), **new;

	if (!old)
		return -1;
	if (has_repeated_keys(old, p->old_n))
		return 0;
	if (list_join_in_place(p))
		return 1;
	if (!(new = list_sorted(p->new, p->new_n, arena)))
		return -1;
	if (has_repeated_keys(new, p->new_n))
		return 0;
	list_join(p, old, new);
	p->reordered = in_other_order(p);
	return 1;
}

int list_pair(struct str field, const struct json *old, const struct json *new, struct arena *arena,
	      struct list_pairs *out)
{
	const struct str *keys = list_keys_of(field);
	struct list_pairs p = {
		.old = arena_calloc(arena, old->len, sizeof *p.old),
		.new = arena_calloc(arena, new->len, sizeof *p.new),
		.old_n = old->len,
		.new_n = new->len,
	};
	int rc = 0;

	if (!p.old || !p.new)
		return -1;
	for (size_t i = 0; i < KEYS_MAX && keys[i].n && !rc; i++) {
		p.key = keys[i];
		if (read_keys(old, p.key, p.old) && read_keys(new, p.key, p.new))
			rc = pair_by(&p, arena);
	}
	if (rc == 1)
		*out = p;
	return rc;
}
