/* SPDX-License-Identifier: Apache-2.0
 * check_path.c - patterns: reading, matching, walking, printing.
 */
#include "policy/object/path.h"

#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

static struct path must_read(const char *text, struct arena *arena)
{
	struct err err = { .kind = ERR_NONE };
	struct path path = { NULL, 0 };

	ck_assert_msg(!path_parse(str_of(text), arena, &path, &err), "%s: %s", text, err.msg);
	return path;
}

static struct str printed(const struct path *path, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, 4096);
	path_print(path, &t);
	ck_assert(!t.full);
	return text_get(&t);
}

/* ---- reading ---- */

static const struct form_case {
	const char *name, *text;
	const char *again; /* as it is printed; NULL: the same */
} forms[] = {
	{ "keys", "spec.template.spec", NULL },
	{ "one key", "data", NULL },
	{ "a word may hold - and _ and begin with a digit", "a-b_c.1x.-", NULL },
	{ "a quoted key", "metadata.annotations[\"kubectl.kubernetes.io/restartedAt\"].x", NULL },
	{ "a quoted key at the start", "[\"a.b\"].c", NULL },
	{ "quotes without need", "data[\"Corefile\"]", "data.Corefile" },
	{ "an empty key", "data[\"\"]", NULL },
	{ "escapes", "data[\"a\\\"\\\\b\"]", NULL },
	{ "a code point", "data[\"\\u{0}\\u{1b}\\u{1f600}\"]", NULL },
	{ "UTF-8 is printed as ASCII", "data[\"\xc3\xa4\"]", "data[\"\\u{e4}\"]" },
	{ "an item by name", "containers[name=coredns].image", NULL },
	{ "an item by a path", "volumeMounts[mountPath=/etc/coredns]", NULL },
	{ "an item by a quoted value", "env[name=\"A B]\"].value", NULL },
	{ "an item by an empty value", "env[name=\"\"]", NULL },
	{ "an item by a quoted key", "list[\"a b\"=c]", NULL },
	{ "an item whose key is order", "list[order=1]", NULL },
	{ "an item whose key is a number", "list[\"0\"=1]", "list[0=1]" },
	{ "without quotes", "list[0=1]", NULL },
	{ "any item", "spec.rules[*].http", NULL },
	{ "an index", "tolerations[0].key", NULL },
	{ "the greatest index", "x[999999999]", NULL },
	{ "lists in lists", "x[0][*][name=a]", NULL },
	{ "the order", "spec.versions[order]", NULL },
	{ "the name of the request", "$name", NULL },
	{ "a key of that name, and what is below", "[\"$name\"].x", NULL },
};

START_TEST(reading)
{
	const struct form_case *c = &forms[_i];
	scoped(arena_end) struct arena arena;
	struct path path;

	arena_init(&arena, MEMORY);
	path = must_read(c->text, &arena);
	ck_assert_msg(str_is(printed(&path, &arena), c->again ? c->again : c->text), "%s: %.*s",
		      c->name, STR_ARG(printed(&path, &arena)));
}
END_TEST

START_TEST(steps)
{
	scoped(arena_end) struct arena arena;
	char text[] = "spec.list[name=\"a\\u{0}b\"][7][*][\"k.k\"][order]";
	struct path p;

	arena_init(&arena, MEMORY);
	p = must_read(text, &arena);
	memset(text, 'x', sizeof text); /* the path is on its own */
	ck_assert_uint_eq(p.n, 7);
	ck_assert(p.steps[0].kind == STEP_KEY && str_is(p.steps[0].key, "spec"));
	ck_assert(p.steps[1].kind == STEP_KEY && str_is(p.steps[1].key, "list"));
	ck_assert(p.steps[2].kind == STEP_ITEM && str_is(p.steps[2].key, "name") &&
		  str_eq(p.steps[2].value, STR("a\0b")));
	ck_assert(p.steps[3].kind == STEP_INDEX && p.steps[3].index == 7);
	ck_assert(p.steps[4].kind == STEP_ANY);
	ck_assert(p.steps[5].kind == STEP_KEY && str_is(p.steps[5].key, "k.k"));
	ck_assert(p.steps[6].kind == STEP_ORDER);
}
END_TEST

static const struct error_case {
	const char *name;
	struct str text;
	const char *says;
} errors[] = {
	{ "nothing", BYTES(""), "column 1: a key belongs here" },
	{ "a dot at the start", BYTES(".a"), "column 1: a key belongs here" },
	{ "a dot at the end", BYTES("a."), "column 3: a key belongs here" },
	{ "two dots", BYTES("a..b"), "column 3: a key belongs here" },
	{ "a space", BYTES("a b"), "column 2: a path goes on with . or [" },
	{ "a slash", BYTES("a/b"), "column 2: a path goes on" },
	{ "a NUL", BYTES("a\0"), "column 2: a path goes on" },
	{ "a misspelt special path", BYTES("$names"), "column 1: a key belongs here" },
	{ "a special path that goes on", BYTES("$name.x"), "column 1: a key belongs here" },
	{ "an index at the start", BYTES("[0]"), "column 2: a path begins with a key" },
	{ "an item at the start", BYTES("[\"a\"=b]"), "column 8: a path begins with a key" },
	{ "a key without quotes", BYTES("a[b.c/d]"),
	  "column 4: a key in brackets stands in double" },
	{ "a key without quotes that begins with a digit", BYTES("a[1.2/d]"),
	  "column 4: a closing bracket is missing, or what is in it needs" },
	{ "empty brackets", BYTES("a[]"), "column 3: *, an index, key=value" },
	{ "open brackets", BYTES("a["), "column 3: *, an index" },
	{ "no closing bracket", BYTES("a[*"), "column 4: a closing bracket is missing" },
	{ "no value", BYTES("a[name=]"), "column 8: a value is missing" },
	{ "a value that needs quotes", BYTES("a[name=x y]"),
	  "column 9: a closing bracket is missing" },
	{ "an open quote", BYTES("a[\"b]"), "column 6: a closing quote is missing" },
	{ "an unknown escape", BYTES("a[\"\\n\"]"), "column 5: \\\", \\\\ or \\u{" },
	{ "no digit", BYTES("a[\"\\u{}\"]"), "column 7: this is no code point" },
	{ "no hexadecimal digit", BYTES("a[\"\\u{1G}\"]"), "column 8: a hexadecimal digit" },
	{ "a surrogate", BYTES("a[\"\\u{d800}\"]"), "column 11: this is no code point" },
	{ "beyond Unicode", BYTES("a[\"\\u{110000}\"]"), "column 13: this is no code point" },
	{ "more digits than a word holds", BYTES("a[\"\\u{1000000000000000041}\"]"),
	  "column 14: this is no code point" },
	{ "invalid UTF-8", BYTES("a[\"\xff\"]"), "column 4: this is no UTF-8" },
	{ "a leading zero", BYTES("a[01]"), "column 5: an index has" },
	{ "an index out of all bounds", BYTES("a[1000000000]"), "column 13: an index has" },
	{ "a negative index", BYTES("a[-1]"), "column 5: a key in brackets" },
};

START_TEST(mistakes)
{
	const struct error_case *c = &errors[_i];
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	struct path path = { NULL, 77 };

	arena_init(&arena, MEMORY);
	ck_assert_int_eq(path_parse(c->text, &arena, &path, &err), -1);
	ck_assert_msg(err.kind == ERR_SYNTAX && !strncmp(err.msg, c->says, strlen(c->says)),
		      "%s: %s", c->name, err.msg);
	ck_assert_uint_eq(path.n, 77);
}
END_TEST

START_TEST(too_many_steps)
{
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	struct path path;
	char text[2 * PATH_STEPS_MAX + 2];

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 2 ? '.' : 'a';
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(path_parse(str_of(text), &arena, &path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "at most 64 steps"));
	text[2 * PATH_STEPS_MAX - 1] = '\0';
	ck_assert_uint_eq(must_read(text, &arena).n, PATH_STEPS_MAX);
}
END_TEST

START_TEST(no_room)
{
	size_t fails = 0;

	for (size_t limit = 0;; limit += 16, fails++) {
		scoped(arena_end) struct arena arena;
		struct err err = { .kind = ERR_NONE };
		struct path path;

		arena_init(&arena, limit);
		if (!path_parse(STR("a.b[name=\"x\"].c"), &arena, &path, &err))
			break;
		ck_assert_int_eq(err.kind, ERR_LIMIT);
	}
	ck_assert_uint_gt(fails, 2);
}
END_TEST

/* ---- matching ---- */

/* A place is written as a path; an item may have its index and key besides: see below. */
static const struct place *place_of(const struct path *path, struct arena *arena)
{
	const struct place *up = NULL;

	for (size_t i = 0; i < path->n; i++) {
		struct place *p = arena_zalloc(arena, sizeof *p);

		*p = (struct place){ .up = up, .step = path->steps[i], .depth = (unsigned)i + 1 };
		if (p->step.kind == STEP_ITEM)
			p->step.index = 5;
		if (p->step.kind == STEP_INDEX)
			p->step.key = STR("name"), p->step.value = STR("known");
		up = p;
	}
	return up;
}

static const struct path_match_case {
	const char *name, *pattern, *place; /* "": the root */
	bool covers, below;
} matches[] = {
	{ "the same", "spec.replicas", "spec.replicas", true, false },
	{ "below the pattern", "spec", "spec.replicas", true, false },
	{ "above the pattern", "spec.replicas", "spec", false, true },
	{ "the root", "spec", "", false, true },
	{ "beside it", "spec.replicas", "spec.paused", false, false },
	{ "a longer key", "spec.rep", "spec.replicas", false, false },
	{ "another branch above", "spec.replicas.x", "status", false, false },
	{ "an item", "c[name=a].image", "c[name=a].image", true, false },
	{ "another item", "c[name=a].image", "c[name=b].image", false, false },
	{ "another key of the item", "c[name=a]", "c[ip=a]", false, false },
	{ "an item that is added whole", "c[name=a].image", "c[name=a]", false, true },
	{ "any item by name", "c[*].image", "c[name=a].image", true, false },
	{ "any item by index", "c[*].image", "c[3].image", true, false },
	{ "any item is no member", "c[*]", "c.x", false, false },
	{ "an index", "c[3]", "c[3].image", true, false },
	{ "another index", "c[2]", "c[3].image", false, false },
	{ "a named item has an index", "c[5].image", "c[name=a].image", true, false },
	{ "and not another", "c[3].image", "c[name=a].image", false, false },
	{ "an item by index has a name", "c[name=known].image", "c[3].image", true, false },
	{ "and not another name", "c[name=a].image", "c[3].image", false, false },
	{ "the list covers its order", "c", "c[order]", true, false },
	{ "so does any item", "c[*]", "c[order]", true, false },
	{ "so does an index", "c[1]", "c[order]", true, false },
	{ "a named item stays who it is", "c[name=a]", "c[order]", false, false },
	{ "and the order itself", "c[order]", "c[order]", true, false },
	{ "a field of any item is no order", "c[*].image", "c[order]", false, false },
	{ "nor is a field of a named one", "c[name=a].image", "c[order]", false, false },
	{ "in another order another item has the index", "c[1].image", "c[order]", false, true },
	{ "the order of another list", "d[1].image", "c[order]", false, false },
	{ "an item is not the order", "c[order]", "c[name=a]", false, false },
};

START_TEST(matching)
{
	const struct path_match_case *c = &matches[_i];
	scoped(arena_end) struct arena arena;
	struct path pattern, path = { NULL, 0 };
	const struct place *place;

	arena_init(&arena, MEMORY);
	pattern = must_read(c->pattern, &arena);
	if (*c->place)
		path = must_read(c->place, &arena);
	place = place_of(&path, &arena);
	ck_assert_msg(path_covers(&pattern, place) == c->covers, "%s", c->name);
	ck_assert_msg(path_below(&pattern, place) == c->below, "%s", c->name);
}
END_TEST

/* ---- walking ---- */

static const char object[] =
	"{\"spec\":{\"replicas\":3,\"list\":[{\"name\":\"a\",\"v\":1},{\"name\":\"b\",\"v\":[2,3]},"
	"{\"name\":\"b\",\"v\":4},5,{\"port\":53,\"v\":6}],\"grid\":[[1,2],[],[3]]},\"a.b\":null}";

static const struct walk_case {
	const char *name, *path, *found; /* values, each with ";" behind it */
} walks[] = {
	{ "a member", "spec.replicas", "3;" },
	{ "null is a value", "[\"a.b\"]", "null;" },
	{ "absent", "spec.paused", "" },
	{ "below a scalar", "spec.replicas.x", "" },
	{ "an index of a member", "spec.replicas[0]", "" },
	{ "an index", "spec.list[3]", "5;" },
	{ "an index behind the end", "spec.list[5]", "" },
	{ "any item, some without the member", "spec.list[*].v", "1;[2,3];4;6;" },
	{ "each item of a repeated name", "spec.list[name=b].v", "[2,3];4;" },
	{ "an item by a number", "spec.list[port=53].v", "6;" },
	{ "no name is not an empty name", "spec.list[name=\"\"]", "" },
	{ "an item that is not there", "spec.list[name=c].v", "" },
	{ "a list of an item", "spec.list[name=b].v[1]", "3;" },
	{ "lists in lists", "spec.grid[*][*]", "1;2;3;" },
	{ "the first of each", "spec.grid[*][0]", "1;3;" },
	{ "any member is no item", "spec[*]", "" },
	{ "an order is no value", "spec.list[order]", "" },
};

struct found {
	struct text text;
	size_t n, stop; /* stop behind so many */
};

static bool collect(const struct json *value, void *ctx)
{
	struct found *f = ctx;

	json_print(value, &f->text);
	text_puts(&f->text, ";");
	return ++f->n == f->stop;
}

START_TEST(walking)
{
	const struct walk_case *c = &walks[_i];
	scoped(arena_end) struct arena arena;
	struct found f = { .stop = 0 };
	struct path path;
	const struct json *root;
	size_t all;

	arena_init(&arena, MEMORY);
	root = must_parse(str_of(object), &arena);
	path = must_read(c->path, &arena);
	text_init(&f.text, &arena, 1000);
	ck_assert(!path_any(&path, root, collect, &f));
	ck_assert_msg(str_is(text_get(&f.text), c->found), "%s: %.*s", c->name,
		      STR_ARG(text_get(&f.text)));
	all = f.n;
	for (size_t stop = 1; stop <= all; stop++) {
		f = (struct found){ .stop = stop };
		text_init(&f.text, &arena, 1000);
		ck_assert(path_any(&path, root, collect, &f) && f.n == stop);
	}
	ck_assert(!path_any(&path, NULL, collect, &f));
}
END_TEST

/* ---- printing ---- */

START_TEST(places)
{
	static const char text[] = "spec.list[name=\"a b\"][3][\"x.y\"][order]";
	scoped(arena_end) struct arena arena;
	struct path path;
	struct text t;

	arena_init(&arena, MEMORY);
	path = must_read(text, &arena);
	text_init(&t, &arena, 1000);
	place_print(place_of(&path, &arena), &t);
	ck_assert(str_is(text_get(&t), text));
	text_init(&t, &arena, 1000);
	place_print(NULL, &t);
	ck_assert(!t.full && !t.n);
	text_init(&t, &arena, 8);
	place_print(place_of(&path, &arena), &t);
	ck_assert(t.full && t.n <= 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path");
	TCase *tc = tcase_create("path");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, reading, 0, ROWS(forms));
	tcase_add_test(tc, steps);
	tcase_add_loop_test(tc, mistakes, 0, ROWS(errors));
	tcase_add_test(tc, too_many_steps);
	tcase_add_test(tc, no_room);
	tcase_add_loop_test(tc, matching, 0, ROWS(matches));
	tcase_add_loop_test(tc, walking, 0, ROWS(walks));
	tcase_add_test(tc, places);
	return run_suite(suite);
}
