/* SPDX-License-Identifier: Apache-2.0
 * fuzz_manifest.c - any bytes as a file of manifests.
 *
 * Each object that comes must be JSON that the strict reader takes, of the kind that was
 * told, and lines must lie within the file.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "policy/manifest/manifest.h"

#define MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static unsigned last_line;

static void on_problem(void *ctx, const struct manifest_problem *p)
{
	(void)ctx;
	must(p->text[0] && p->line >= 1 && p->line <= last_line && p->document >= 1);
}

static void look_at(const struct manifest *m, const struct manifest_object *o)
{
	static const struct place spec = { NULL, { .kind = STEP_KEY, .key = { "spec", 4 } }, 1 };
	static const struct place list = { &spec, { .kind = STEP_KEY, .key = { "list", 4 } }, 2 };
	static const struct place item = { &list, { .kind = STEP_INDEX, .index = 1 }, 3 };
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	struct json *j;

	arena_init(&arena, MEMORY);
	j = json_parse(o->json, NULL, &arena, &err);
	must(j ? j->type == JSON_OBJECT : err.kind == ERR_LIMIT);
	must(o->gvk.kind.n && o->gvk.version.n);
	must(o->line >= 1 && o->line <= last_line);
	must(manifest_line(m, &item) >= 1 && manifest_line(m, &item) <= last_line);
	must(manifest_line(m, NULL) == o->line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct yaml_input input = { .text = { (const char *)data, size } };
	const struct manifest_options options = { .problem = on_problem };
	scoped(manifest_end) struct manifest *m = manifest_new(&input, &options);
	struct manifest_object o;

	last_line = 2;                    /* an error may be told behind the last newline */
	for (size_t i = 0; i < size; i++) /* YAML knows five ends of lines */
		last_line += data[i] == '\n' || data[i] == '\r' || data[i] >= 0x80;
	for (int i = 0; i < 1000 && m && manifest_next(m, &o); i++)
		look_at(m, &o);
	return 0;
}
