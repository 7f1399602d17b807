/*
 * keys.c - the part of the strict reader that refuses keys that repeat.
 *
 * A large object is sorted when it ends, which finds them in n log n steps whatever keys a
 * client chooses, and makes comparing two such objects a walk along both. The members of
 * small ones are compared as they are read.
 */
#include "lib/json/reader.h"

int reader_repeated(struct json_reader *r, const char *at, struct str key)
{
	char shown[64];
	size_t n = 0;

	for (; n < key.n && n < sizeof shown - 1; n++)
		shown[n] = key.s[n] < 0x20 || key.s[n] > 0x7e ? '?' : key.s[n];
	shown[n] = '\0';
	return err_set(r->err, ERR_SYNTAX, "byte %zu: duplicate key \"%s\"%s",
		       (size_t)(at - r->start), shown, n < key.n ? "..." : "");
}

/* Hang the lists together in order of keys; *twin is set when two are equal. */
static struct json *keys_merge(struct json *a, struct json *b, struct json **twin)
{
	struct json *first, **last = &first;

	while (a && b) {
		int order = str_cmp(json_key(a), json_key(b));
		struct json **lower = order <= 0 ? &a : &b;

		if (!order)
			*twin = b;
		*last = *lower;
		last = &(*lower)->next;
		*lower = *last;
	}
	*last = a ? a : b;
	return first;
}

/* A merge sort: run i has 2^i members or none, as the bits of a counter. */
static struct json *keys_sort(struct json *list, struct json **twin)
{
	struct json *runs[32] = { NULL }, *next;

	for (; list; list = next) {
		struct json **run = runs;

		next = list->next;
		list->next = NULL;
		for (; *run; *run++ = NULL)
			list = keys_merge(*run, list, twin);
		*run = list;
	}
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		list = keys_merge(runs[i], list, twin);
	return list;
}

/* What a map in Go wrote is sorted already. */
static bool is_sorted(const struct json *list)
{
	for (; list->next; list = list->next) {
		if (str_cmp(json_key(list), json_key(list->next)) >= 0)
			return false;
	}
	return true;
}

int reader_sort(struct json_reader *r, struct json *object)
{
	struct json *twin = NULL;

	if (is_sorted(object->child))
		return 0;
	object->child = keys_sort(object->child, &twin);
	if (!twin)
		return 0;
	/* A key with an escape is not in the input; then the object's end has to do. */
	bool inside = (uintptr_t)twin->key - (uintptr_t)r->start < (uintptr_t)(r->end - r->start);

	return reader_repeated(r, inside ? twin->key - 1 : r->p, json_key(twin));
}
