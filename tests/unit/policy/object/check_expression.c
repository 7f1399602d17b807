/* SPDX-License-Identifier: Apache-2.0
 * check_expression.c - Calico's language: what each text takes, and what is none of it.
 *
 * The thing has `app` with value "web", `empty` with no value, and `any`, whose value nobody knows.
 */
#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "policy/object/expression.h"
#include "tests/unit/suite.h"

static enum label_known known(const void *ctx, struct str key, struct str *value)
{
	(void)ctx;
	*value = STR("");
	if (str_is(key, "any"))
		return LABEL_UNKNOWN;
	if (str_is(key, "app"))
		*value = STR("web");
	return str_is(key, "app") || str_is(key, "empty") ? LABEL_KNOWN : LABEL_ABSENT;
}

/* "yes", "maybe", "no", or "none" for what is no expression. */
static const char *takes(struct str text)
{
	static const char *const words[] = { "no", "maybe", "yes" };
	scoped(arena_end) struct arena arena;
	enum truth out;

	arena_init(&arena, 1u << 20);
	if (expression_takes(text, known, NULL, &arena, &out) < 0)
		return "none";
	return words[out];
}

static const struct {
	const char *text, *want;
} cases[] = {
	{ "", "yes" },
	{ " \t", "yes" },
	{ "all()", "yes" },
	{ "!all()", "no" },
	{ "global()", "no" },
	{ "has(app)", "yes" },
	{ "has( app )", "yes" },
	{ "has(any)", "yes" },
	{ "!has(app)", "no" },
	{ "! ! has(app)", "yes" },
	{ "has(other)", "no" },
	{ "app == 'web'", "yes" },
	{ "app==\"web\"", "yes" },
	{ "app == 'w\"b'", "no" },
	{ "app == ''", "no" },
	{ "empty == ''", "yes" },
	{ "app != 'web'", "no" },
	{ "other != 'web'", "yes" },
	{ "other == ''", "no" },
	{ "app in {'web'}", "yes" },
	{ "app in {'a','web',}", "yes" },
	{ "app in {}", "no" },
	{ "app not in { }", "yes" },
	{ "app notin {'web'}", "no" },
	{ "other not in {'web'}", "yes" },
	{ "app contains 'e'", "yes" },
	{ "app contains ''", "yes" },
	{ "app contains 'webs'", "no" },
	{ "empty contains ''", "yes" },
	{ "other contains ''", "no" },
	{ "app starts with 'we'", "yes" },
	{ "app startswith 'eb'", "no" },
	{ "app ends with 'eb'", "yes" },
	{ "app ends with 'wweb'", "no" },
	{ "any == 'x'", "maybe" },
	{ "any != 'x'", "maybe" },
	{ "!(any == 'x')", "maybe" },
	{ "any in {'x'}", "maybe" },
	{ "any in {}", "no" },
	{ "any not in {}", "yes" },
	{ "any == 'x' && has(app)", "maybe" },
	{ "any == 'x' && has(other)", "no" },
	{ "any == 'x' || has(app)", "yes" },
	{ "has(app) || has(other) && has(other)", "yes" },
	{ "(has(app) || has(other)) && has(other)", "no" },
	{ "has(other) && has(other) || has(app)", "yes" },
	{ "!(has(other) || !(has(app) && !has(other)))", "yes" },
	{ "((((app == 'web'))))", "yes" },
	{ "all == 'x' || in in {'x'} || not not in {'x'}", "yes" },
	{ "has", "none" },
	{ "has(", "none" },
	{ "has()", "none" },
	{ "has(a b)", "none" },
	{ "app", "none" },
	{ "app =", "none" },
	{ "app = 'web'", "none" },
	{ "app == web", "none" },
	{ "app == 'web", "none" },
	{ "app == '", "none" },
	{ "app == 'web' app == 'web'", "none" },
	{ "app starts 'w'", "none" },
	{ "app ends 'w'", "none" },
	{ "app not 'w'", "none" },
	{ "app in 'web'", "none" },
	{ "app in {'a' 'b'}", "none" },
	{ "app in {,}", "none" },
	{ "app in {'a'", "none" },
	{ "all() &", "none" },
	{ "all() &&", "none" },
	{ "&& all()", "none" },
	{ "all() ||", "none" },
	{ "!", "none" },
	{ "(", "none" },
	{ ")", "none" },
	{ "()", "none" },
	{ "(all()", "none" },
	{ "all())", "none" },
	{ "all()\n", "none" },
	{ "{}", "none" },
	{ "\xff", "none" },
};

START_TEST(what_it_takes)
{
	ck_assert_msg(!strcmp(takes(str_of(cases[_i].text)), cases[_i].want), "%s: %s, not %s",
		      cases[_i].text, takes(str_of(cases[_i].text)), cases[_i].want);
}
END_TEST

/* Nothing behind the end is read: each beginning of each text, in memory of just its size. */
START_TEST(beginnings)
{
	const char *text = cases[_i].text;

	for (size_t n = 0; n <= strlen(text); n++) {
		char *copy = malloc(n + 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text, n);
		ck_assert_ptr_nonnull(takes((struct str){ n ? copy : NULL, n }));
		free(copy);
	}
}
END_TEST

/* As deep as there is memory; then it is said, and is neither yes nor no. */
START_TEST(depth_ends_with_the_memory)
{
	enum { DEPTH = 100000 };
	static char text[2 * DEPTH + 6];
	scoped(arena_end) struct arena arena;
	enum truth out;

	memset(text, '(', DEPTH);
	memcpy(text + DEPTH, "all()", 5);
	memset(text + DEPTH + 5, ')', DEPTH);
	ck_assert_str_eq(takes(str_of(text)), "yes");
	arena_init(&arena, 10000);
	ck_assert_int_eq(expression_takes(str_of(text), known, NULL, &arena, &out), -1);
	ck_assert(arena.full);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("expression");
	TCase *tc = tcase_create("expression");

	tcase_add_loop_test(tc, what_it_takes, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_loop_test(tc, beginnings, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_test(tc, depth_ends_with_the_memory);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
