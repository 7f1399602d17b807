/* SPDX-License-Identifier: Apache-2.0
 * fuzz_json.c - any bytes: reader, printer, equality and skimmer must agree.
 *
 * What parses must print to something that parses to an equal value; each member
 * of an object must be found by the skimmer too, in a range that parses to the
 * same; and the skimmer stays inside its input whatever that is.
 */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"

#define MEMORY (256u << 20)
#define LOOKUP 64 /* members: looking each up is quadratic */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool within(struct str part, struct str all)
{
	return part.s >= all.s && part.s + part.n <= all.s + all.n;
}

static void skim_anything(struct str input)
{
	for (struct json_member m = { .next = NULL }; json_skim_next(input, &m);)
		must(within(m.key, input) && within(m.value, input) && m.value.n);
}

static void same_as_skimmed(struct str input, const struct json *object, struct arena *arena)
{
	struct json_limits limits = { .depth = JSON_DEPTH_MAX };
	struct json_member m = { .next = NULL };
	struct err err;
	size_t n = 0;

	while (json_skim_next(input, &m))
		n++;
	must(m.whole && n == object->len);
	for (const struct json *j = object->child; j && object->len <= LOOKUP; j = j->next) {
		struct str range = json_skim(input, json_key(j));

		must(range.n && within(range, input));
		must(json_equal(json_parse(range, &limits, arena, &err), j));
		must(json_get(object, json_key(j)) == j);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = { (const char *)data, size };
	struct json_limits limits = { .depth = JSON_DEPTH_MAX, .nodes = 1 << 20 };
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	struct text out, part;
	struct json *j, *again;

	arena_init(&arena, MEMORY);
	if (size)
		skim_anything(input);
	if (!(j = json_parse(input, &limits, &arena, &err))) {
		must(err.kind == ERR_SYNTAX || err.kind == ERR_LIMIT);
		return 0;
	}
	text_init(&out, &arena, 8 * size + 16); /* an escape of six bytes for one */
	json_print(j, &out);
	must(!out.full);
	again = json_parse(text_get(&out), &limits, &arena, &err);
	must(json_equal(j, again) && json_equal(again, j));
	text_init(&part, &arena, out.n / 2);
	json_print(j, &part);
	must(part.full && part.n <= out.n / 2 && !memcmp(text_get(&part).s, out.s, part.n));
	if (j->type == JSON_OBJECT)
		same_as_skimmed(input, j, &arena);
	return 0;
}
