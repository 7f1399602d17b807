/* SPDX-License-Identifier: Apache-2.0
 * check_managed.c - whether the bytes of managedFields may name a gated field: yes where they do,
 * or where only a reader can tell, and no where each name leads elsewhere.
 *
 * A Pod, of 1.36 mostly. JSON is written with ' for ".
 */
#include "policy/alpha/finder.h"

#include "tests/unit/chance.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

#define ENTRY(fields) "{'manager':'m','fieldsType':'FieldsV1','fieldsV1':{" fields "}}"
#define TIMED(manager, time, fields)                                                               \
	"{'manager':'" manager "','time':'2026-11-30T" time ":00:00Z','fieldsV1':{" fields "}}"
#define CONTAINER(fields) "'f:spec':{'f:containers':{'k:{\\'name\\':\\'a\\'}':{" fields "}}}"
#define STOP              CONTAINER("'f:lifecycle':{'f:stopSignal':{}}")
#define IMAGE             CONTAINER("'.':{},'f:image':{},'f:lifecycle':{'f:preStop':{}}")

static const struct managed_row {
	const char *why, *list, *before;
	bool may;
	unsigned minor; /* 0: 36 */
} rows[] = {
	{ "no entry", "[]", NULL, false, 0 },
	{ "nothing at all", "", "[]", false, 0 },
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
	{ "named before, at another time", "[" TIMED("m", "10", STOP) "]",
	  "[" TIMED("m", "09", STOP) "]", false, 0 },
	{ "at another time, and something new", "[" TIMED("m", "10", STOP) "]",
	  "[" TIMED("m", "09", IMAGE) "]", true, 0 },
	{ "another field was lost", "[" ENTRY(CONTAINER("'f:lifecycle':{'f:stopSignal':{}}")) "]",
	  "[" ENTRY(CONTAINER("'f:image':{},'f:lifecycle':{'f:stopSignal':{}}")) "]", false, 0 },
	{ "the field before, of a name that begins alike",
	  "[" ENTRY("'f:spec':{'f:a':{},'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:spec':{'f:a':{},'f:hostUser':{},'f:hostUsers':{}}") "]", false, 28 },
	{ "the last fields were lost", "[" ENTRY("'f:spec':{'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:spec':{'f:hostUsers':{},'f:a':{},'f:b':{'f:c':{}}}") "]", false, 28 },
	{ "and another entry came", "[" ENTRY("'f:spec':{'f:a':{}}") "," ENTRY(STOP) "]",
	  "[" ENTRY("'f:spec':{'f:a':{},'f:b':{}}") "]", true, 0 },
	{ "and another entry came, which names none",
	  "[" ENTRY("'f:spec':{'f:a':{}}") "," ENTRY(IMAGE) "]",
	  "[" ENTRY("'f:spec':{'f:a':{},'f:b':{}}") "]", false, 0 },
	{ "an entry was lost", "[" ENTRY(STOP) "]", "[" ENTRY(STOP) "," ENTRY(IMAGE) "]", false,
	  0 },
	{ "an entry moved behind", "[" ENTRY(IMAGE) "," ENTRY(STOP) "]",
	  "[" ENTRY(STOP) "," ENTRY(IMAGE) "]", false, 0 },
	{ "an entry moved behind and names more",
	  "[" TIMED("n", "08", IMAGE) "," TIMED("m", "10", STOP) "]",
	  "[" TIMED("m", "07", CONTAINER("'f:image':{}")) "," TIMED("n", "08", IMAGE) "]", true,
	  0 },
	{ "of a subresource before", "[{'manager':'m','fieldsV1':{" STOP "}}]",
	  "[{'manager':'m','fieldsV1':{" STOP "},'subresource':'status'}]", false, 0 },
	{ "in another container before",
	  "[" ENTRY("'f:spec':{'f:containers':{'k:{\\'name\\':\\'b\\'}':"
		    "{'f:lifecycle':{'f:stopSignal':{}}}}}") "]",
	  "[" ENTRY(STOP) "]", true, 0 },
	{ "which closes before", "[" ENTRY("'f:spec':{'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:spec':{'f:a':{'f:hostUsers':{}}}") "]", true, 28 },
	{ "with what was lost out of its way",
	  "[" ENTRY("'f:a':{},'f:spec':{'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:a':{'f:spec':{'f:hostUsers':{}}}") "]", true, 28 },
	{ "behind a name that ends in a comma",
	  "[" ENTRY("'f:metadata':{'f:labels':{'f:a,':{}}},'f:spec':{'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:metadata':{'f:labels':{'f:a,':{}},'f:spec':{'f:hostUsers':{}}}") "]", true,
	  28 },
	{ "behind a name that reads like the end of one",
	  "[" ENTRY("'f:spec':{'f:a{':{},'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:spec':{'f:a{':{'f:b':{}},'f:c':{},'f:hostUsers':{}}") "]", true, 28 },
	{ "behind a name that ends in a backslash",
	  "[" ENTRY("'f:metadata':{'f:a\\\\':{}},'f:spec':{'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:metadata':{'f:a\\\\':{}},'f:spec':{'f:b':{}}") "]", true, 28 },
	{ "in the text of a time that ends in a backslash",
	  "[{'time':'1\\\\','fieldsV1':{'f:spec':{'f:hostUsers':{}}}}]",
	  "[{'time':'2\\\\','x':{'f:spec':{'f:hostUsers':{}}}}]", true, 28 },
	{ "behind a text that begins with a digit and ends in a backslash",
	  "[" ENTRY("'f:spec':{'f:a':'1\\\\','f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:spec':{'f:a':'1\\\\'},'f:hostUsers':{}") "]", true, 28 },
	{ "behind a value that is another name",
	  "[" ENTRY("'f:a':'f:spec','f:spec':{'f:hostUsers':{}}") "]",
	  "[" ENTRY("'f:a':'f:s','f:spec':{'f:a':{}}") "]", true, 28 },
	{ "behind a name that begins with a digit",
	  "[" ENTRY("'1':{},'f:spec':{'f:hostUsers':{}}") "]",
	  "[" ENTRY("'2':{},'f:spec':{'f:a':{}}") "]", true, 28 },
	{ "and the old one is no JSON", "[" ENTRY("'f:spec':{'f:hostUsers':{}}") "]",
	  "[{'manager':'m','fieldsType':'FieldsV1','fieldsV1':{'f:spec':{'f:hostUsers':{},'x}}}}]",
	  true, 28 },
	{ "of a manager whose name is like the end of one",
	  "[{'manager':':}','fieldsV1':{'f:spec':{'f:hostUsers':{}}}}]",
	  "[{'manager':':,','fieldsV1':{'f:spec':{'f:hostUsers':{}}}}]", true, 28 },
	{ "cut off behind a time", "[{'time':'1", "[{'time':'2'}]", false, 0 },
	{ "no list before", "[" ENTRY(STOP) "]", "{}", true, 0 },
	{ "an empty list before", "[" ENTRY(STOP) "]", "[]", true, 0 },
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

/* ---- lists made at random ---- */

/*
 * Some members of fieldsV1, each below the last before it that is less deep. Of what may confuse:
 * names that end alike or in what is no letter, gated names in two places and where they are not.
 */
#define DEEP 5
static const struct member {
	unsigned depth;
	const char *name;
	bool gated;
} members[] = {
	{ 0, "f:metadata", false },
	{ 1, "f:annotations", false },
	{ 2, ".", false },
	{ 2, "f:a,", false },
	{ 2, "f:a{", false },
	{ 2, "f:hostUsers", false },
	{ 2, "k:{\\'}\\\\\\\\", false },
	{ 0, "f:spec", false },
	{ 1, "f:containers", false },
	{ 2, "k:{\\'name\\':\\'a\\'}", false },
	{ 3, ".", false },
	{ 3, "f:image", false },
	{ 3, "f:lifecycle", false },
	{ 4, "f:preStop", false },
	{ 4, "f:stopSignal", true },
	{ 2, "k:{\\'name\\':\\'b\\'}", false },
	{ 3, "f:lifecycle", false },
	{ 4, "f:stopSignal", true },
	{ 4, "f:stopSignals", false },
	{ 1, "f:schedulingGroup", true },
	{ 2, "f:podGroupName", false },
	{ 1, "v:\\'x,\\'", false },
};
#define MEMBERS (sizeof members / sizeof *members)

struct entry { /* one bit a member */
	unsigned manager, time, members;
};

static uint64_t seed;

static unsigned any_below(unsigned n)
{
	return (unsigned)chance(&seed, n);
}

/* Those of which what they are below is there as well. */
static unsigned rooted(unsigned all)
{
	bool there[DEEP + 1] = { true };
	unsigned kept = 0;

	for (size_t i = 0; i < MEMBERS; i++) {
		unsigned d = members[i].depth;

		there[d + 1] = there[d] && all >> i & 1;
		kept |= (unsigned)there[d + 1] << i;
		for (d += 2; d <= DEEP; d++)
			there[d] = false;
	}
	return kept;
}

static void print_entry(const struct entry *e, struct text *t)
{
	unsigned depth = 0;
	bool first = true;

	text_printf(t, "{'manager':'m%u','time':'2026-11-30T10:0%u:00Z','fieldsV1':{", e->manager,
		    e->time);
	for (size_t i = 0; i < MEMBERS; i++) {
		if (!(e->members >> i & 1))
			continue;
		for (; depth > members[i].depth; depth--, first = false)
			text_printf(t, "}");
		text_printf(t, "%s'%s':{", first ? "" : ",", members[i].name);
		depth++;
		first = true;
	}
	for (; depth; depth--)
		text_printf(t, "}");
	text_printf(t, "}}");
}

#define ENTRIES_MAX 4

static struct json print_entries(const struct entry *all, size_t n, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, 1u << 14);
	text_printf(&t, "[");
	for (size_t i = 0; i < n; i++) {
		text_printf(&t, i ? "," : "");
		print_entry(&all[i], &t);
	}
	text_printf(&t, "]");
	return unread(text_get(&t).s, arena);
}

static struct entry any_entry(void)
{
	unsigned all = any_below(1u << MEMBERS);

	all |= any_below(1u << MEMBERS);
	return (struct entry){ any_below(3), any_below(3), rooted(all) };
}

/* Mostly one of those before, which lost some members or, seldom, has some more. */
static struct entry next_entry(const struct entry *olds, size_t n)
{
	struct entry e = any_entry();

	if (!n || !any_below(4))
		return e;
	e.manager = olds[any_below((unsigned)n)].manager;
	e.members |= any_below(3) ? ~0u : 0;
	for (unsigned lost = any_below(4); lost; lost--)
		e.members &= ~(1u << any_below(MEMBERS));
	e.members &= olds[any_below((unsigned)n)].members;
	e.members |= any_below(3) ? 0 : 1u << any_below(MEMBERS);
	e.members = rooted(e.members);
	return e;
}

static bool names_new(const struct entry *now, size_t n, const struct entry *olds, size_t olds_n)
{
	unsigned before = 0, after = 0;

	for (size_t i = 0; i < olds_n; i++)
		before |= olds[i].members;
	for (size_t i = 0; i < n; i++)
		after |= now[i].members;
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].gated && after >> i & 1 && !(before >> i & 1))
			return true;
	return false;
}

static bool names_gated(const struct entry *now, size_t n)
{
	return names_new(now, n, NULL, 0);
}

/* Is what is new always told? And is what is not new told apart mostly, or it were read each time.
 */
START_TEST(any_lists)
{
	struct entry olds[ENTRIES_MAX], now[ENTRIES_MAX];
	size_t is_new = 0, named_before = 0, told_apart = 0;

	seed = 88172645463325252u;
	for (int round = 0; round < 10000; round++) {
		scoped(arena_end) struct arena arena;
		struct finder f = { .minor = 36, .bit = catalogue_bit(36), .arena = &arena };
		struct subject s = { .gvk = { STR(""), STR("v1"), STR("Pod") } };
		size_t olds_n = any_below(ENTRIES_MAX), n = 1 + any_below(ENTRIES_MAX);
		struct json list, before;
		bool may;

		arena_init(&arena, MEMORY);
		for (size_t i = 0; i < olds_n; i++)
			olds[i] = any_entry();
		for (size_t i = 0; i < n; i++)
			now[i] = i < olds_n && any_below(2) ? olds[i] : next_entry(olds, olds_n);
		list = print_entries(now, n, &arena);
		before = print_entries(olds, olds_n, &arena);
		may = managed_may_name(&f, &s, &list, &before);
		if (names_new(now, n, olds, olds_n)) {
			is_new++;
			ck_assert_msg(may, "%.*s, before %.*s", STR_ARG(json_str(&list)),
				      STR_ARG(json_str(&before)));
		} else if (names_gated(now, n)) {
			named_before++;
			told_apart += !may;
		}
	}
	ck_assert_uint_gt(is_new, 1000);
	ck_assert_uint_gt(told_apart, named_before / 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("managed");
	TCase *tc = tcase_create("managed");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, a_row_of_managed, 0, ROWS(rows));
	tcase_add_test(tc, a_list_that_was_read);
	tcase_add_test(tc, any_lists);
	return run_suite(suite);
}
