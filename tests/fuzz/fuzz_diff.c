/* SPDX-License-Identifier: Apache-2.0
 * fuzz_diff.c - two objects, a line each: what holds for any comparison must hold, and reading
 * them as a pair must make no difference.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/policy/object/diff_property.h"

#define MEMORY      (512u << 20)
#define CHANGES_MAX 1000 /* to check each costs a walk through the objects */

static const struct json_opaque opaque = { { "metadata", 8 }, { "managedFields", 13 } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	struct str line = { (const char *)data, end ? (size_t)(end - data) : 0 };
	struct str rest = { end ? (const char *)end + 1 : NULL, end ? size - line.n - 1 : 0 };
	struct json_limits limits = { .depth = JSON_DEPTH_MAX };
	const struct json_limits strict = { .depth = 8, .opaque = &opaque };
	scoped(arena_end) struct arena arena;
	const struct json *old, *new;
	struct change_list all;
	struct err err;
	const char *bad;

	arena_init(&arena, MEMORY);
	if (!end)
		return 0;
	if ((bad = pair_property(line, rest, &limits, &arena)) ||
	    (bad = pair_property(line, rest, &strict, &arena))) {
		fprintf(stderr, "%s\n", bad);
		abort();
	}
	old = json_parse(line, &limits, &arena, &err);
	new = json_parse(rest, &limits, &arena, &err);
	if (!old || !new)
		return 0;
	if (diff_objects(old, new, &arena, &all, &err) < 0)
		abort();
	if (json_equal(old, new) != !all.n)
		abort();
	if (old->type != JSON_OBJECT || new->type != JSON_OBJECT || all.n > CHANGES_MAX)
		return 0;
	if ((bad = diff_property(old, new, &arena))) {
		fprintf(stderr, "%s\n", bad);
		abort();
	}
	return 0;
}
