/* SPDX-License-Identifier: Apache-2.0
 * fuzz_path.c - a pattern in the first line, an object behind it.
 *
 * A pattern that is read prints as ASCII that reads back to the same steps, and
 * what it finds in the object lies in the object.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "policy/object/path.h"

#define MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same_steps(const struct path *a, const struct path *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		const struct step *x = &a->steps[i], *y = &b->steps[i];

		if (x->kind != y->kind || x->index != y->index || !str_eq(x->key, y->key) ||
		    !str_eq(x->value, y->value))
			return false;
	}
	return a->n == b->n;
}

static void round_trip(const struct path *path, struct arena *arena)
{
	struct path again;
	struct text t;
	struct err err;

	text_init(&t, arena, 1 << 20);
	path_print(path, &t);
	must(!t.full);
	for (size_t i = 0; i < t.n; i++)
		must(t.s[i] >= 0x20 && t.s[i] < 0x7f);
	must(!path_parse(text_get(&t), arena, &again, &err) && same_steps(path, &again));
}

static bool reads_on(const struct json *value, void *ctx)
{
	size_t *n = ctx;

	must(value->type <= JSON_OBJECT);
	++*n;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	struct str pattern = { (const char *)data, end ? (size_t)(end - data) : size };
	struct str text = { end ? (const char *)end + 1 : "", end ? size - pattern.n - 1 : 0 };
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	struct path path;
	const struct json *root;
	size_t n = 0;

	arena_init(&arena, MEMORY);
	if (path_parse(pattern, &arena, &path, &err) < 0) {
		must(err.kind == ERR_SYNTAX || err.kind == ERR_LIMIT);
		return 0;
	}
	must(path.n && path.n <= PATH_STEPS_MAX);
	round_trip(&path, &arena);
	root = json_parse(text, NULL, &arena, &err);
	must(!path_any(&path, root, reads_on, &n));
	must(n <= text.n); /* no value is visited twice */
	return 0;
}
