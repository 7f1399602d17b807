/* SPDX-License-Identifier: Apache-2.0
 * fuzz_features.c - any objects: looking for alpha features ends, and tells the truth.
 *
 * The input is JSON: {"minor": 36, "kind": "apps/v1 Deployment", "subresource": "",
 * "object": {}, "old": {}, "options": {}}. What an UPDATE does not change is no use; a
 * use that is found must have been possible before parsing, but for escapes that the API
 * server does not write.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "policy/alpha/features.h"

#define MEMORY  (64u << 20)
#define SMALL   4096       /* bytes of an object whose comparison never runs out of its budget */
#define LONGEST (1u << 20) /* of a path: keys may be as long as the input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct str text_of(const struct json *root, const char *key)
{
	return json_str(json_get(root, str_of(key)));
}

static unsigned minor_of(struct str digits)
{
	unsigned n = 0;

	for (size_t i = 0; i < digits.n && i < 3; i++)
		n = n * 10 + (unsigned)(unsigned char)digits.s[i] % 16;
	return n;
}

static struct gvk gvk_of(struct str text)
{
	const char *space = text.n ? memchr(text.s, ' ', text.n) : NULL;
	const char *slash = text.n ? memchr(text.s, '/', text.n) : NULL;
	struct gvk gvk = { .kind = text };

	if (!space)
		return gvk;
	gvk.kind = str_from(text, (size_t)(space - text.s) + 1);
	gvk.version = (struct str){ text.s, (size_t)(space - text.s) };
	if (slash && slash < space) {
		gvk.group = (struct str){ text.s, (size_t)(slash - text.s) };
		gvk.version = (struct str){ slash + 1, (size_t)(space - slash) - 1 };
	}
	return gvk;
}

static void say(const struct feature_uses *uses, struct arena *arena)
{
	for (const struct feature_use *u = uses->first; u; u = u->next) {
		struct text t, path;

		text_init(&t, arena, 2 * LONGEST);
		text_init(&path, arena, LONGEST);
		if (u->place)
			place_print(u->place, &path);
		use_sentence(u, text_get(&path), 0, &t);
		use_remedy(u, &t);
		must(u->stage && u->minor >= CATALOGUE_MINOR_MIN && t.n && !t.full);
	}
}

/* The same object before and after: nothing in it is new. */
static void unchanged(const struct request *req, unsigned minor, const struct json *object,
		      struct arena *arena)
{
	struct request update = *req;
	struct feature_uses uses;
	struct err err;

	update.operation = OP_UPDATE;
	update.options = (struct str){ NULL, 0 };
	if (req->object.n < SMALL &&
	    !features_find(minor, &update, object, object, arena, &uses, &err)) {
		struct str kind = req->kind.kind;

		/* Items of a List are objects of their own, never updated together. */
		must(!uses.all || (kind.n >= 4 && str_is(str_from(kind, kind.n - 4), "List")));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = { (const char *)data, size };
	scoped(arena_end) struct arena arena;
	const struct json *root, *object, *old;
	struct request req = { .operation = OP_CREATE };
	struct feature_uses uses;
	unsigned minor;
	struct err err;

	arena_init(&arena, MEMORY);
	if (!(root = json_parse(input, NULL, &arena, &err)) || root->type != JSON_OBJECT)
		return 0;
	object = json_get(root, STR("object"));
	old = json_get(root, STR("old"));
	minor = minor_of(text_of(root, "minor"));
	req.kind = req.request_kind = gvk_of(text_of(root, "kind"));
	req.subresource = text_of(root, "subresource");
	req.object = json_skim(input, STR("object"));
	req.options = json_skim(input, STR("options"));
	if (old)
		req.operation = OP_UPDATE;
	if (features_find(minor, &req, object, old, &arena, &uses, &err) < 0) {
		must(err.kind == ERR_LIMIT);
		return 0;
	}
	must(uses.n <= FEATURE_USES_MAX && uses.n <= uses.all);
	say(&uses, &arena);
	if (uses.n && !memchr(data, '\\', size))
		must(features_possible(minor, &req));
	if (object)
		unchanged(&req, minor, object, &arena);
	return 0;
}
