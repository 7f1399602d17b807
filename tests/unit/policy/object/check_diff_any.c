/* SPDX-License-Identifier: Apache-2.0
 * check_diff_any.c - what holds for the comparison of any two objects, made at random: the
 * same ones in each run.
 */
#include "policy/object/diff.h"

#include "tests/unit/policy/object/diff_property.h"
#include "tests/unit/chance.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

static uint64_t seed;

static unsigned below(unsigned n)
{
	return (unsigned)chance(&seed, n);
}

static const char *const keys[] = {
	"name",       "labels", "annotations",   "data",  "ports",        "env",       "conditions",
	"containers", "type",   "containerPort", "a.b/c", "\\u0000",      "$name",     "",
	"\xc3\xa4",   "]",      "spec",          "order", "volumeMounts", "mountPath", "x",
	"y"
};
#define KEYS (unsigned)(sizeof keys / sizeof *keys)

static void random_scalar(struct text *t)
{
	static const char *const scalars[] = { "0",     "1",    "53",   "\"53\"", "\"a\"",
					       "\"b\"", "\"\"", "true", "null",   "\"a b]\\u0001\"",
					       "{}",    "[]" };

	text_puts(t, scalars[below(sizeof scalars / sizeof *scalars)]);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth counts down */
static void random_value(struct text *t, unsigned depth)
{
	unsigned kind = depth ? below(5) : 0, n = below(kind == 1 ? 22 : 4), first = below(KEYS);

	if (kind == 0) {
		random_scalar(t);
	} else if (kind < 3) { /* steps of 5 and 22 keys: no key twice */
		text_puts(t, "{");
		for (unsigned i = 0; i < n; i++) {
			text_printf(t, "%s\"%s\":", i ? "," : "", keys[(first + i * 5) % KEYS]);
			random_value(t, depth - 1);
		}
		text_puts(t, "}");
	} else {
		text_puts(t, "[");
		for (unsigned i = 0; i < n; i++) {
			text_puts(t, i ? "," : "");
			if (kind == 3)
				text_printf(t, "{\"%s\":\"%u\",\"v\":", keys[first % 3 ? 0 : 8],
					    below(6));
			random_value(t, depth - 1);
			text_puts(t, kind == 3 ? "}" : "");
		}
		text_puts(t, "]");
	}
}

/* Print the value, once in a while another one; members and items turned round by `turn`. */
/* NOLINTNEXTLINE(misc-no-recursion): values are a few levels deep */
static void mutated(struct text *t, const struct json *j, unsigned rate)
{
	unsigned turn = j->type >= JSON_ARRAY && j->len && !below(rate) ? below(j->len) : 0;
	const struct json *c = j->type >= JSON_ARRAY ? j->child : NULL;
	bool first = true;

	if (!below(rate)) {
		random_value(t, 2);
		return;
	}
	if (j->type < JSON_ARRAY) {
		json_print(j, t);
		return;
	}
	text_puts(t, j->type == JSON_OBJECT ? "{" : "[");
	for (unsigned i = 0; i < turn; i++)
		c = c->next;
	for (unsigned i = 0; i < j->len; i++, c = c->next ? c->next : j->child) {
		if (!below(rate))
			continue; /* removed */
		text_puts(t, first ? "" : ",");
		first = false;
		if (j->type == JSON_OBJECT) {
			struct json name = { .type = JSON_STRING,
					     .text = c->key,
					     .len = c->key_len & 0xffff };

			json_print(&name, t);
			text_puts(t, ":");
		}
		mutated(t, c, rate);
	}
	text_puts(t, j->type == JSON_OBJECT ? "}" : "]");
}

/* Each run another family of pairs: from hardly changed to nothing in common. */
START_TEST(any_two)
{
	size_t equal = 0, changed = 0;

	seed = 0x9e3779b97f4a7c15u * (uint64_t)(_i + 1);
	for (int i = 0; i < 2000; i++) {
		scoped(arena_end) struct arena arena;
		struct text a, b;
		const struct json *old, *new;
		const char *bad;

		arena_init(&arena, MEMORY);
		text_init(&a, &arena, 1 << 20);
		text_puts(&a, "{\"r\":");
		random_value(&a, 4);
		text_puts(&a, "}");
		old = must_parse(text_get(&a), &arena);
		text_init(&b, &arena, 1 << 20);
		text_puts(&b, "{\"r\":");
		mutated(&b, old->child, 4u << 2 * _i);
		text_puts(&b, "}");
		new = must_parse(text_get(&b), &arena);
		bad = diff_property(old, new, &arena);
		if (!bad)
			bad = pair_property(text_get(&a), text_get(&b), NULL, &arena);
		if (bad)
			ck_abort_msg("%s:\n%.*s\n%.*s", bad, STR_ARG(text_get(&a)),
				     STR_ARG(text_get(&b)));
		equal += json_equal(old, new);
		changed += !json_equal(old, new);
	}
	ck_assert_uint_gt(equal, 100); /* else the test is about one half only */
	ck_assert_uint_gt(changed, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff_any");
	TCase *tc = tcase_create("diff_any");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, any_two, 0, 4);
	return run_suite(suite);
}
