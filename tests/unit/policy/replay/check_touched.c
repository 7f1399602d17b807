/* SPDX-License-Identifier: Apache-2.0
 * check_touched.c - the places that a patch can change.
 */
#include "policy/replay/touched.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

static const struct patch_case {
	const char *name, *patch, *places; /* "*" for all */
} patches[] = {
	{ "no patch may be anything", "", "*" },
	{ "no JSON may be anything", "{", "*" },
	{ "a number may be anything", "1", "*" },
	{ "a merge patch", "{\"spec\":{\"replicas\":0}}", "spec.replicas" },
	{ "cut at three keys", "{\"spec\":{\"template\":{\"spec\":{\"x\":1}}}}",
	  "spec.template.spec" },
	{ "a list is one place", "{\"spec\":{\"a\":[{\"b\":1}]}}", "spec.a" },
	{ "several", "{\"data\":{\"a\":\"1\",\"b\":null}}", "data.a data.b" },
	{ "an empty object may be made", "{\"metadata\":{\"labels\":{}}}", "metadata.labels" },
	{ "the version is no change", "{\"metadata\":{\"resourceVersion\":\"1\",\"uid\":\"x\"}}",
	  "" },
	{ "nothing", "{}", "" },
	{ "the whole by a directive", "{\"$patch\":\"replace\",\"a\":1}", "*" },
	{ "a directive is about where it stands",
	  "{\"spec\":{\"strategy\":{\"$retainKeys\":[\"type\"],\"type\":\"Recreate\"}}}",
	  "spec.strategy" },
	{ "or about the list that it names", "{\"spec\":{\"$setElementOrder/containers\":[]}}",
	  "spec.containers" },
	{ "an apply can also take away", "{\"kind\":\"X\",\"apiVersion\":\"v1\",\"spec\":{}}",
	  "*" },
	{ "a JSON patch", "[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":1}]",
	  "spec.replicas" },
	{ "a test changes nothing", "[{\"op\":\"test\",\"path\":\"/spec/replicas\"}]", "" },
	{ "a move takes from somewhere", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/c\"}]",
	  "c a.b" },
	{ "an index ends the place", "[{\"op\":\"add\",\"path\":\"/spec/a/0/b\"}]", "spec.a" },
	{ "escapes", "[{\"op\":\"add\",\"path\":\"/metadata/annotations/a~1b~0c\"}]",
	  "metadata.annotations.a/b~c" },
	{ "the root", "[{\"op\":\"replace\",\"path\":\"\"}]", "*" },
	{ "no operations", "[1]", "*" },
};

START_TEST(a_patch_touches)
{
	const struct patch_case *c = &patches[_i];
	struct arena arena;
	struct touched *t = malloc(sizeof *t);
	char got[400] = "";
	size_t n = 0;

	ck_assert_ptr_nonnull(t);
	arena_init(&arena, 1u << 20);
	touched_by_patch(str_of(c->patch), &arena, t);
	for (size_t i = 0; i < t->n && !t->all; i++)
		for (size_t k = 0; k < t->v[i].n; k++)
			n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s",
					      k   ? "."
					      : i ? " "
						  : "",
					      STR_ARG(t->v[i].steps[k]));
	ck_assert_msg(!strcmp(t->all ? "*" : got, c->places), "%s: '%s', not '%s'", c->name,
		      t->all ? "*" : got, c->places);
	ck_assert_int_eq(touches_metadata(t), t->all || strstr(c->places, "metadata") != NULL);
	arena_done(&arena);
	free(t);
}
END_TEST

START_TEST(more_places_than_are_kept_are_all)
{
	struct arena arena;
	struct text patch;
	struct touched *t = malloc(sizeof *t);

	ck_assert_ptr_nonnull(t);
	arena_init(&arena, 4u << 20);
	text_init(&patch, &arena, 1u << 20);
	text_puts(&patch, "{\"data\":{\"x\":1");
	for (int i = 0; i < TOUCHED_MAX; i++)
		text_printf(&patch, ",\"%d\":1", i);
	text_puts(&patch, "}}");
	touched_by_patch(text_get(&patch), &arena, t);
	ck_assert(t->all);
	arena_done(&arena);
	free(t);
}
END_TEST

/* One half or the other stays. */
START_TEST(what_is_kept)
{
	struct arena arena;
	struct touched *t = malloc(sizeof *t);

	ck_assert_ptr_nonnull(t);
	arena_init(&arena, 1u << 20);
	for (int metadata = 0; metadata < 2; metadata++) {
		touched_by_patch(STR("{\"spec\":{\"a\":1},\"metadata\":{\"labels\":{\"b\":null}}}"),
				 &arena, t);
		ck_assert(touches_metadata(t) && touches_content(t));
		touched_keep(t, metadata);
		ck_assert_uint_eq(t->n, 1);
		ck_assert_int_eq(touches_metadata(t), metadata);
		ck_assert_int_eq(touches_content(t), !metadata);
	}
	arena_done(&arena);
	free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("touched");
	TCase *tc = tcase_create("touched");

	tcase_add_loop_test(tc, a_patch_touches, 0, sizeof patches / sizeof *patches);
	tcase_add_test(tc, more_places_than_are_kept_are_all);
	tcase_add_test(tc, what_is_kept);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
