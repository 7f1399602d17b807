/* SPDX-License-Identifier: Apache-2.0
 * check_managed.c - whether the bytes of managedFields may name a gated field: yes where they do,
 * or where only a reader can tell, and no where each name leads elsewhere.
 *
 * A Pod, of 1.36 mostly. JSON is written with ' for ".
 */
#include "policy/alpha/finder.h"

#include "tests/unit/parsed.h"

#define ENTRY(fields)     "{'manager':'m','fieldsType':'FieldsV1','fieldsV1':{" fields "}}"
#define CONTAINER(fields) "'f:spec':{'f:containers':{'k:{\\'name\\':\\'a\\'}':{" fields "}}}"
#define STOP              CONTAINER("'f:lifecycle':{'f:stopSignal':{}}")
#define IMAGE             CONTAINER("'.':{},'f:image':{},'f:lifecycle':{'f:preStop':{}}")

static const struct managed_row {
	const char *why, *list, *before;
	bool may;
	unsigned minor; /* 0: 36 */
} rows[] = {
	{ "no entry", "[]", NULL, false, 0 },
	{ "a gated field", "[" ENTRY(STOP) "]", NULL, true, 0 },
	{ "before it was there", "[" ENTRY(STOP) "]", NULL, false, 32 },
	{ "other fields", "[" ENTRY(IMAGE) "]", NULL, false, 0 },
	{ "in the second entry", "[" ENTRY(IMAGE) " , " ENTRY(STOP) "]", NULL, true, 0 },
	{ "behind other fields", "[" ENTRY("'f:metadata':{'f:labels':{'.':{},'f:a':{}}}," STOP) "]",
	  NULL, true, 0 },
	{ "which was named before", "[" ENTRY(STOP) "]", "[" ENTRY(STOP) "]", false, 0 },
	{ "which was named before, behind others", "[" ENTRY(STOP) "]",
	  "[" ENTRY(IMAGE) "," ENTRY(STOP) "]", false, 0 },
	{ "another entry was there before", "[" ENTRY(STOP) "]", "[" ENTRY(IMAGE) "]", true, 0 },
	{ "one is new", "[" ENTRY(IMAGE) "," ENTRY(STOP) "]", "[" ENTRY(IMAGE) "]", true, 0 },
	{ "a field of which a value is gated",
	  "[" ENTRY("'f:spec':{'f:tolerations':{'k:{}':"
		    "{'f:operator':{}}}}") "]",
	  NULL, false, 0 },
	{ "the same word elsewhere",
	  "[" ENTRY("'f:metadata':{'f:annotations':{'f:stopSignal':{}}}") "]", NULL, false, 0 },
	{ "a value of that name", "[" ENTRY(CONTAINER("'f:lifecycle':{'v:stopSignal':{}}")) "]",
	  NULL, false, 0 },
	{ "not below fieldsV1", "[{'manager':{" STOP "}}]", NULL, false, 0 },
	{ "status, which is written elsewhere", "[" ENTRY("'f:status':{'f:resources':{}}") "]",
	  NULL, false, 0 },
	{ "a name with an escape", "[" ENTRY("'f:sp\\u0065c':{}") "]", NULL, true, 0 },
	{ "a member with an escape", "[{'fields\\u00561':{}}]", NULL, true, 0 },
	{ "a key whose first letter is an escape", "[" ENTRY("'\\u0066:spec':{}") "]", NULL, true,
	  0 },
	{ "an item's key in what is no list",
	  "[" ENTRY("'f:spec':{'k:{}':{'f:stopSignal':{}}}") "]", NULL, false, 0 },
	{ "an escape where no name is", "[" ENTRY("'f:spec':{'v:\\u0061':{}}") "]", NULL, false,
	  0 },
	{ "a field's first gate", "[" ENTRY("'f:spec':{'f:hostUsers':{}}") "]", NULL, true, 27 },
	{ "a field's second gate", "[" ENTRY("'f:spec':{'f:hostUsers':{}}") "]", NULL, true, 28 },
	{ "before its first gate", "[" ENTRY("'f:spec':{'f:hostUsers':{}}") "]", NULL, false, 24 },
	{ "a gated name, but not all of its path", "[" ENTRY("'f:spec':{'f:stopSignal':{}}") "]",
	  NULL, false, 0 },
	{ "all names, in another order",
	  "[" ENTRY("'f:spec':{'f:stopSignal':{},'f:lifecycle':{},'f:containers':{}}") "]", NULL,
	  false, 0 },
	{ "without a word before the fields", "[{'fieldsV1':{" STOP "}}]", NULL, true, 0 },
	{ "and no gated field", "[{'fieldsV1':{" IMAGE "}}]", NULL, false, 0 },
	{ "the names in the next entry alone", "[" ENTRY(IMAGE) ",{'a':{" STOP "}}]", NULL, false,
	  0 },
	{ "white space before the colon", "[" ENTRY("'f:spec' : {'f:hostUsers' :\n{} }") "]", NULL,
	  true, 28 },
	{ "cut off", "[" ENTRY(IMAGE) ",{'fieldsV1':{'f:spec':{", NULL, false, 0 },
	{ "no list", "{}", NULL, false, 0 },
};

static struct str text_of(const char *text, struct arena *arena)
{
	struct str s = text ? str_copy(arena, str_of(text)) : (struct str){ NULL, 0 };

	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '\'')
			((char *)s.s)[i] = '"';
	return s;
}

static struct json unread(const char *text, struct arena *arena)
{
	struct str s = text_of(text, arena);

	return (struct json){ .type = JSON_STRING, .text = s.s, .len = (uint32_t)s.n & 0x1fffffff };
}

static bool may_name_in(const struct managed_row *r, const char *kind)
{
	scoped(arena_end) struct arena arena;
	struct finder f = { .minor = r->minor ? r->minor : 36, .arena = &arena };
	struct subject s = { .gvk = { STR(""), STR("v1"), str_of(kind) } };
	struct json list, before;

	arena_init(&arena, MEMORY);
	f.bit = catalogue_bit(f.minor);
	list = unread(r->list, &arena);
	before = unread(r->before, &arena);
	return managed_may_name(&f, &s, &list, r->before ? &before : NULL);
}

START_TEST(a_row_of_managed)
{
	ck_assert_msg(may_name_in(&rows[_i], "Pod") == rows[_i].may, "%s", rows[_i].why);
	/* Of kinds without gated fields nothing is. */
	ck_assert_msg(!may_name_in(&rows[_i], "ConfigMap"), "%s", rows[_i].why);
}
END_TEST

/* What was read already says nothing of its bytes. */
START_TEST(a_list_that_was_read)
{
	scoped(arena_end) struct arena arena;
	struct finder f = { .minor = 36, .bit = catalogue_bit(36), .arena = &arena };
	struct subject s = { .gvk = { STR(""), STR("v1"), STR("Pod") } };

	arena_init(&arena, MEMORY);
	ck_assert(managed_may_name(&f, &s, must_parse(STR("[]"), &arena), NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("managed");
	TCase *tc = tcase_create("managed");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, a_row_of_managed, 0, ROWS(rows));
	tcase_add_test(tc, a_list_that_was_read);
	return run_suite(suite);
}
