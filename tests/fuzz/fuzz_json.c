/* SPDX-License-Identifier: Apache-2.0
 * fuzz_json.c - any bytes: reader, printer, equality and skimmer must agree.
 *
 * What parses must print to something that parses to an equal value; each member
 * of an object must be found by the skimmer too, in a range that parses to the
 * same; and the skimmer stays inside its input whatever that is. An object ends beside another one
 * where it ends alone: what stands behind the first NUL beside what stands before it.
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

/* No JSON has a backslash outside a string: where an object ends is not said then. */
static bool is_told(struct str text)
{
	bool inside = false;

	for (size_t i = 0; i < text.n; i++) {
		if (text.s[i] == '\\' && !inside)
			return false;
		if (text.s[i] == '"')
			inside = !inside;
		else if (text.s[i] == '\\')
			i++;
	}
	return true;
}

static void same_end(struct str text, const struct json_member *m, bool ends, bool told)
{
	struct json_member alone = { .value = text };

	must(!ends || within(m->value, text));
	if (!told)
		return;
	must(json_skim_value(text, &alone) == ends);
	must(!ends || m->next == alone.next);
}

static void same_beside(struct str input)
{
	static struct json_track track;
	const char *nul = input.n ? memchr(input.s, '\0', input.n) : NULL;
	struct str first = { input.s, nul ? (size_t)(nul - input.s) : input.n };
	struct str second = nul ? str_from(input, first.n + 1) : first;
	struct json_member a = { .value = first }, b = { .value = second };
	bool told = is_told(first) && is_told(second);

	same_end(first, &a, json_skim_tracked(first, &a, &track), told);
	same_end(second, &b, json_skim_beside(second, &b, &track), told);
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
	same_beside(input);
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
