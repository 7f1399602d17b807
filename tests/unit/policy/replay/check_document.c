/* SPDX-License-Identifier: Apache-2.0
 * check_document.c - where events are found, and that the search is bounded.
 */
#include "policy/replay/document.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "lib/json/json.h"
#include "tests/unit/suite.h"

#define EVENT "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\"}"

static const struct find_case {
	const char *name, *text, *where; /* of the last one; NULL: nothing */
	size_t n;
	enum document_found found;
} finds[] = {
	{ "itself", EVENT, "$", 1, DOCUMENTS_SOME },
	{ "in a list", "[" EVENT "," EVENT "]", "$[]", 2, DOCUMENTS_SOME },
	{ "of a kind", "{\"items\":[" EVENT "]}", "$.items[]", 1, DOCUMENTS_SOME },
	{ "in a string",
	  "{\"a\":{\"log\":\"{\\\"kind\\\":\\\"Event\\\",\\\"apiVersion\\\":"
	  "\\\"audit.k8s.io/v1\\\"}\\n\"}}",
	  "$.a.log (a string)", 1, DOCUMENTS_SOME },
	{ "six deep", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":" EVENT "}}}}}}", "$.a.b.c.d.e.f",
	  1, DOCUMENTS_SOME },
	{ "too deep", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":" EVENT "}}}}}}}", NULL, 0,
	  DOCUMENTS_NONE },
	{ "behind a prefix", "2026-11-22T10:00:00Z stdout F " EVENT, "$", 1, DOCUMENTS_SOME },
	{ "nothing", "{\"a\":1}", NULL, 0, DOCUMENTS_NONE },
	{ "cut", "{\"a\":[" EVENT, NULL, 0, DOCUMENTS_BROKEN },
	{ "no JSON", "hello", NULL, 0, DOCUMENTS_BROKEN },
	{ "two values", EVENT " " EVENT, NULL, 0, DOCUMENTS_BROKEN },
	{ "a review",
	  "{\"id\":\"x\",\"review\":{\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\"}}}",
	  "$.review", 1, DOCUMENTS_SOME },
};

struct found {
	size_t n;
	char where[300];
};

static int take(void *ctx, const struct document *d, struct err *err)
{
	struct found *f = ctx;

	(void)err;
	f->n++;
	snprintf(f->where, sizeof f->where, "%s", d->where);
	return 0;
}

START_TEST(documents_are_found)
{
	const struct find_case *c = &finds[_i];
	struct found f = { .n = 0 };
	struct err err;
	struct arena arena;

	arena_init(&arena, 1u << 20);
	ck_assert_msg(document_find(str_of(c->text), &arena, take, &f, &err) == c->found, "%s",
		      c->name);
	ck_assert_msg(f.n == c->n, "%s: %zu", c->name, f.n);
	if (c->where)
		ck_assert_str_eq(f.where, c->where);
	arena_done(&arena);
}
END_TEST

/* Strings in strings: each is opened once, whatever they hold. */
static double seconds_for(size_t n)
{
	struct arena arena;
	struct text t;
	struct found f = { .n = 0 };
	struct err err;
	clock_t before;

	arena_init(&arena, 256u << 20);
	text_init(&t, &arena, 64u << 20);
	text_puts(&t, "{\"a\":[");
	for (size_t i = 0; i < n; i++)
		text_puts(&t, "{\"x\":\"{\\\"y\\\":[[[[[[[[]]]]]]]]}\"},");
	text_puts(&t, "0]}");
	before = clock();
	ck_assert_int_eq(document_find(text_get(&t), &arena, take, &f, &err), DOCUMENTS_NONE);
	arena_done(&arena);
	return (double)(clock() - before) / CLOCKS_PER_SEC;
}

START_TEST(twice_the_line_is_twice_the_work)
{
	double least = 100;

	for (int i = 0; i < 5; i++) {
		double one = seconds_for(20000), two = seconds_for(40000);

		least = two / one < least ? two / one : least;
	}
	ck_assert_msg(least < 2.5, "%.2f", least);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("document");
	TCase *tc = tcase_create("document");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, documents_are_found, 0, sizeof finds / sizeof *finds);
	tcase_add_test(tc, twice_the_line_is_twice_the_work);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
