/* SPDX-License-Identifier: Apache-2.0
 * check_diff.c - what changed between two objects, case by case.
 */
#include "policy/object/diff.h"

#include "tests/unit/policy/object/diff_property.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

/* One line a change: "path: old -> new", "-" where absent, nothing but the path for [order]. */
static struct str described(const struct change_list *list, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, 1 << 20);
	for (const struct change *c = list->first; c; c = c->next) {
		place_print(c->place, &t);
		if (c->from || c->to) {
			text_puts(&t, ": ");
			c->from ? json_print(c->from, &t) : text_puts(&t, "-");
			text_puts(&t, " -> ");
			c->to ? json_print(c->to, &t) : text_puts(&t, "-");
		}
		text_puts(&t, "\n");
	}
	ck_assert(!t.full);
	return text_get(&t);
}

#define KEY_ANNOTATION "kubectl.kubernetes.io/restartedAt"

static const struct diff_case {
	const char *name, *old, *new, *want;
} cases[] = {
	/* ---- values ---- */
	{ "nothing", "{\"a\":{\"b\":[1,{}]},\"c\":null}", "{\"c\":null,\"a\":{\"b\":[1,{}]}}", "" },
	{ "a scalar", "{\"spec\":{\"replicas\":3}}", "{\"spec\":{\"replicas\":5}}",
	  "spec.replicas: 3 -> 5\n" },
	{ "a number by its text", "{\"a\":1}", "{\"a\":1.0}", "a: 1 -> 1.0\n" },
	{ "another type", "{\"a\":\"1\"}", "{\"a\":1}", "a: \"1\" -> 1\n" },
	{ "an object for a list", "{\"a\":{}}", "{\"a\":[]}", "a: {} -> []\n" },
	{ "true for false", "{\"a\":true}", "{\"a\":false}", "a: true -> false\n" },
	{ "what stands behind a NUL", "{\"data\":{\"Corefile\":\"a\\u0000b\"}}",
	  "{\"data\":{\"Corefile\":\"a\\u0000c\"}}",
	  "data.Corefile: \"a\\u0000b\" -> \"a\\u0000c\"\n" },
	{ "null is not absent", "{\"a\":null}", "{}", "a: null -> -\n" },
	{ "several, those that were added last", "{\"a\":1,\"b\":2,\"c\":3}",
	  "{\"d\":4,\"c\":5,\"a\":1}", "b: 2 -> -\nc: 3 -> 5\nd: - -> 4\n" },
	{ "a member moved to another name", "{\"a\":{\"x\":1}}", "{\"b\":{\"x\":1}}",
	  "a: {\"x\":1} -> -\nb: - -> {\"x\":1}\n" },
	{ "added whole", "{\"spec\":{}}", "{\"spec\":{\"selector\":{\"a\":{\"b\":1}}}}",
	  "spec.selector: - -> {\"a\":{\"b\":1}}\n" },

	/* ---- maps that count as empty when they are absent ---- */
	{ "the first annotation", "{\"spec\":{\"template\":{\"metadata\":{}}}}",
	  "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"" KEY_ANNOTATION
	  "\":\"t\"}}}}}",
	  "spec.template.metadata.annotations[\"" KEY_ANNOTATION "\"]: - -> \"t\"\n" },
	{ "the last label", "{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}}",
	  "{\"metadata\":{}}", "metadata.labels.a: \"1\" -> -\nmetadata.labels.b: \"2\" -> -\n" },
	{ "data and binaryData", "{}", "{\"data\":{\"a\":\"1\"},\"binaryData\":{\"b\":\"2\"}}",
	  "data.a: - -> \"1\"\nbinaryData.b: - -> \"2\"\n" },
	{ "absent against empty", "{\"metadata\":{}}", "{\"metadata\":{\"labels\":{}}}",
	  "metadata.labels: - -> {}\n" },
	{ "empty against a member", "{\"labels\":{}}", "{\"labels\":{\"a\":\"1\"}}",
	  "labels.a: - -> \"1\"\n" },
	{ "no map", "{}", "{\"data\":\"x\"}", "data: - -> \"x\"\n" },
	{ "null is no map", "{\"labels\":null}", "{\"labels\":{\"a\":\"1\"}}",
	  "labels: null -> {\"a\":\"1\"}\n" },
	{ "other maps do not", "{\"spec\":{}}", "{\"spec\":{\"nodeSelector\":{\"a\":\"b\"}}}",
	  "spec.nodeSelector: - -> {\"a\":\"b\"}\n" },
	{ "maps in maps", "{}", "{\"data\":{\"labels\":{\"a\":1}}}", "data.labels.a: - -> 1\n" },

	/* ---- lists ---- */
	{ "scalars are one change", "{\"args\":[\"a\",\"b\"]}", "{\"args\":[\"b\",\"a\"]}",
	  "args: [\"a\",\"b\"] -> [\"b\",\"a\"]\n" },
	{ "objects and scalars are one change", "{\"x\":[{\"name\":\"a\"},1]}",
	  "{\"x\":[{\"name\":\"b\"},1]}", "x: [{\"name\":\"a\"},1] -> [{\"name\":\"b\"},1]\n" },
	{ "lists in lists are one change", "{\"x\":[[1]]}", "{\"x\":[[2]]}",
	  "x: [[1]] -> [[2]]\n" },
	{ "an image",
	  "{\"containers\":[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\",\"image\":\"y\"}]}",
	  "{\"containers\":[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\",\"image\":\"z\"}]}",
	  "containers[name=b].image: \"y\" -> \"z\"\n" },
	{ "a container in front", "{\"containers\":[{\"name\":\"a\"}]}",
	  "{\"containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]}",
	  "containers[name=b]: - -> {\"name\":\"b\"}\n" },
	{ "a volume gone, another one changed",
	  "{\"volumes\":[{\"name\":\"a\"},{\"name\":\"b\",\"emptyDir\":{}}]}",
	  "{\"volumes\":[{\"name\":\"b\",\"emptyDir\":{\"medium\":\"Memory\"}}]}",
	  "volumes[name=a]: {\"name\":\"a\"} -> -\nvolumes[name=b].emptyDir.medium: - -> "
	  "\"Memory\"\n" },
	{ "a renamed item is two changes", "{\"env\":[{\"name\":\"A\",\"value\":\"1\"}]}",
	  "{\"env\":[{\"name\":\"B\",\"value\":\"1\"}]}",
	  "env[name=A]: {\"name\":\"A\",\"value\":\"1\"} -> -\nenv[name=B]: - -> "
	  "{\"name\":\"B\",\"value\":\"1\"}\n" },
	{ "another order", "{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	  "{\"containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]}", "containers[order]\n" },
	{ "another order and a change",
	  "{\"env\":[{\"name\":\"A\"},{\"name\":\"B\",\"value\":\"1\"}]}",
	  "{\"env\":[{\"name\":\"B\",\"value\":\"2\"},{\"name\":\"A\"}]}",
	  "env[name=B].value: \"1\" -> \"2\"\nenv[order]\n" },
	{ "one gone from the middle is no other order",
	  "{\"env\":[{\"name\":\"A\"},{\"name\":\"B\"},{\"name\":\"C\"}]}",
	  "{\"env\":[{\"name\":\"A\"},{\"name\":\"C\"}]}", "env[name=B]: {\"name\":\"B\"} -> -\n" },
	{ "the first item", "{\"env\":[]}", "{\"env\":[{\"name\":\"A\"}]}",
	  "env[name=A]: - -> {\"name\":\"A\"}\n" },
	{ "an empty list is not absent", "{}", "{\"env\":[]}", "env: - -> []\n" },
	{ "a list added whole", "{}", "{\"env\":[{\"name\":\"A\"}]}",
	  "env: - -> [{\"name\":\"A\"}]\n" },
	{ "mounts by their path",
	  "{\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/"
	  "etc\"},{\"name\":\"v\",\"mountPath\":\"/var\"}]}",
	  "{\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/"
	  "etc\"},{\"name\":\"v\",\"mountPath\":\"/var\",\"readOnly\":true}]}",
	  "volumeMounts[mountPath=/var].readOnly: - -> true\n" },
	{ "conditions by their type", "{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}",
	  "{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}",
	  "conditions[type=Ready].status: \"True\" -> \"False\"\n" },
	{ "ports by name",
	  "{\"ports\":[{\"name\":\"dns\",\"port\":53},{\"name\":\"dns-tcp\",\"port\":53}]}",
	  "{\"ports\":[{\"name\":\"dns\",\"port\":54},{\"name\":\"dns-tcp\",\"port\":53}]}",
	  "ports[name=dns].port: 53 -> 54\n" },
	{ "ports without names by number",
	  "{\"ports\":[{\"containerPort\":53},{\"containerPort\":80}]}",
	  "{\"ports\":[{\"containerPort\":53},{\"containerPort\":80,\"hostPort\":80}]}",
	  "ports[containerPort=80].hostPort: - -> 80\n" },
	{ "a number that becomes a string is found", "{\"ports\":[{\"port\":53}]}",
	  "{\"ports\":[{\"port\":\"53\"}]}", "ports[port=53].port: 53 -> \"53\"\n" },
	{ "a port of two protocols by index",
	  "{\"ports\":[{\"port\":53,\"protocol\":\"UDP\"},{\"port\":53,\"protocol\":\"TCP\"}]}",
	  "{\"ports\":[{\"port\":53,\"protocol\":\"UDP\"},{\"port\":54,\"protocol\":\"TCP\"}]}",
	  "ports[1].port: 53 -> 54\n" },
	{ "a repeated name by index: the last one wins in the API server",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"2\"}]}",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"2\"},{\"name\":\"A\",\"value\":\"1\"}]}",
	  "env[0].value: \"1\" -> \"2\"\nenv[1].value: \"2\" -> \"1\"\n" },
	{ "a name repeated in the new list alone", "{\"env\":[{\"name\":\"A\",\"value\":\"1\"}]}",
	  "{\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"2\"}]}",
	  "env[1]: - -> {\"name\":\"A\",\"value\":\"2\"}\n" },
	{ "an item without a name: by index", "{\"env\":[{\"name\":\"A\"},{\"value\":\"1\"}]}",
	  "{\"env\":[{\"name\":\"A\"},{\"value\":\"2\"}]}", "env[1].value: \"1\" -> \"2\"\n" },
	{ "a name that is an object is no name", "{\"x\":[{\"name\":{\"a\":1}}]}",
	  "{\"x\":[{\"name\":{\"a\":2}}]}", "x[0].name.a: 1 -> 2\n" },
	{ "no merge key: by index", "{\"rules\":[{\"verbs\":[\"get\"]},{\"verbs\":[\"list\"]}]}",
	  "{\"rules\":[{\"verbs\":[\"get\"]},{\"verbs\":[\"list\",\"watch\"]},{}]}",
	  "rules[1].verbs: [\"list\"] -> [\"list\",\"watch\"]\nrules[2]: - -> {}\n" },
	{ "an empty value of a key", "{\"x\":[{\"name\":\"\",\"v\":1}]}",
	  "{\"x\":[{\"name\":\"\",\"v\":2}]}", "x[name=\"\"].v: 1 -> 2\n" },
	{ "lists below lists",
	  "{\"containers\":[{\"name\":\"a\",\"env\":[{\"name\":\"X\",\"value\":\"1\"}]}]}",
	  "{\"containers\":[{\"name\":\"a\",\"env\":[{\"name\":\"X\",\"value\":\"2\"},{\"name\":"
	  "\"Y\"}]}]}",
	  "containers[name=a].env[name=X].value: \"1\" -> \"2\"\ncontainers[name=a].env[name=Y]: - "
	  "-> {\"name\":\"Y\"}\n" },
	{ "a subject of another kind", "{\"subjects\":[{\"kind\":\"User\",\"name\":\"x\"}]}",
	  "{\"subjects\":[{\"kind\":\"Group\",\"name\":\"x\"}]}",
	  "subjects[name=x].kind: \"User\" -> \"Group\"\n" },
};

START_TEST(compared)
{
	const struct diff_case *c = &cases[_i];
	scoped(arena_end) struct arena arena;
	const struct json *old, *new;
	struct change_list list;
	struct err err = { .kind = ERR_NONE };
	const char *bad;

	arena_init(&arena, MEMORY);
	old = must_parse(str_of(c->old), &arena);
	new = must_parse(str_of(c->new), &arena);
	ck_assert_int_eq(diff_objects(old, new, &arena, &list, &err), 0);
	ck_assert_msg(str_is(described(&list, &arena), c->want), "%s:\n%.*s", c->name,
		      STR_ARG(described(&list, &arena)));
	bad = diff_property(old, new, &arena);
	ck_assert_msg(!bad, "%s: %s", c->name, bad);
}
END_TEST

START_TEST(the_root)
{
	scoped(arena_end) struct arena arena;
	const struct json *object, *list;
	struct change_list all;
	struct err err;

	arena_init(&arena, MEMORY);
	object = must_parse(STR("{\"a\":1}"), &arena);
	list = must_parse(STR("[1]"), &arena);
	ck_assert_int_eq(diff_objects(NULL, NULL, &arena, &all, &err), 0);
	ck_assert_uint_eq(all.n, 0);
	ck_assert_int_eq(diff_objects(NULL, object, &arena, &all, &err), 0);
	ck_assert(all.n == 1 && !all.first->place && !all.first->from && all.first->to == object);
	ck_assert_int_eq(diff_objects(list, object, &arena, &all, &err), 0);
	ck_assert(all.n == 1 && !all.first->place && all.first->from == list && !all.first->next);
}
END_TEST

/* The other way to name an item: see path.h. */
START_TEST(items_have_index_and_key)
{
	scoped(arena_end) struct arena arena;
	const struct step *s;
	struct change_list all;
	struct err err;

	arena_init(&arena, MEMORY);
	ck_assert_int_eq(
		diff_objects(
			must_parse(STR("{\"env\":[{\"name\":\"A\"},{\"name\":\"B\"}]}"), &arena),
			must_parse(STR("{\"env\":[{\"name\":\"B\"}]}"), &arena), &arena, &all,
			&err),
		0);
	s = &all.first->place->step;
	ck_assert(s->kind == STEP_ITEM && s->index == 0 && str_is(s->value, "A"));
	ck_assert_int_eq(
		diff_objects(
			must_parse(STR("{\"env\":[{\"name\":\"A\"},{\"name\":\"B\"}]}"), &arena),
			must_parse(STR("{\"env\":[{\"name\":\"B\",\"v\":1},{\"name\":\"C\"}]}"),
				   &arena),
			&arena, &all, &err),
		0);
	s = &all.first->next->place->up->step; /* B: now the first */
	ck_assert(s->kind == STEP_ITEM && s->index == 0 && str_is(s->value, "B"));
	s = &all.first->next->next->place->step;
	ck_assert(s->kind == STEP_ITEM && s->index == 1 && str_is(s->value, "C"));
	ck_assert_int_eq(
		diff_objects(
			must_parse(STR("{\"env\":[{\"name\":\"A\"},{\"name\":\"A\"}]}"), &arena),
			must_parse(STR("{\"env\":[{\"name\":\"A\"},{\"name\":\"A\",\"v\":1}]}"),
				   &arena),
			&arena, &all, &err),
		0);
	s = &all.first->place->up->step;
	ck_assert(s->kind == STEP_INDEX && s->index == 1);
	ck_assert(str_is(s->key, "name") && str_is(s->value, "A"));
	ck_assert_int_eq(
		diff_objects(
			must_parse(STR("{\"env\":[{\"name\":\"A\"},{\"name\":\"A\"}]}"), &arena),
			must_parse(STR("{\"env\":[{\"name\":\"A\"},{\"name\":\"B\"}]}"), &arena),
			&arena, &all, &err),
		0);
	s = &all.first->place->up->step; /* neither A nor B */
	ck_assert(s->kind == STEP_INDEX && s->index == 1 && !s->key.s);
}
END_TEST

/* ---- size and depth ---- */

/* Items in another order each time; Check ends what is quadratic. */
static struct str long_list(struct arena *arena, size_t n, size_t step, const char *field)
{
	struct text t;

	text_init(&t, arena, 16u << 20);
	text_puts(&t, "{\"x\":[");
	for (size_t i = 0; i < n; i++)
		text_printf(&t, "%s{\"%s\":\"item-%zu\",\"v\":%zu}", i ? "," : "", field,
			    i * step % n, i * step % n);
	text_puts(&t, "]}");
	ck_assert(!t.full);
	return text_get(&t);
}

START_TEST(long_lists)
{
	scoped(arena_end) struct arena arena;
	const struct json *up, *scattered, *unkeyed;
	struct change_list all;
	struct err err;

	arena_init(&arena, MEMORY);
	up = must_parse(long_list(&arena, 10000, 1, "name"), &arena);
	scattered = must_parse(long_list(&arena, 10000, 7, "name"), &arena);
	ck_assert_int_eq(diff_objects(up, scattered, &arena, &all, &err), 0);
	ck_assert(str_is(described(&all, &arena), "x[order]\n"));
	unkeyed = must_parse(long_list(&arena, 10000, 7, "id"), &arena);
	ck_assert_int_eq(diff_objects(up, unkeyed, &arena, &all, &err), 0);
	ck_assert_uint_eq(all.n, 10000 * 3 - 2); /* name, id, v; items 0 and 5000 stay */
}
END_TEST

START_TEST(large_objects)
{
	scoped(arena_end) struct arena arena;
	struct change_list all;
	struct text t[2];
	struct err err;

	arena_init(&arena, MEMORY);
	for (size_t side = 0; side < 2; side++) {
		text_init(&t[side], &arena, 16u << 20);
		for (size_t i = 0; i < 50000; i++)
			text_printf(&t[side], "%s\"key-%zu\":%d", i ? "," : "{",
				    (side ? i * 7 : i) % 50000,
				    (side ? i * 7 : i) % 50000 == 777 && side);
		text_puts(&t[side], side ? ",\"more\":1}" : ",\"less\":1}");
	}
	ck_assert_int_eq(diff_objects(must_parse(text_get(&t[0]), &arena),
				      must_parse(text_get(&t[1]), &arena), &arena, &all, &err),
			 0);
	ck_assert(str_is(described(&all, &arena), "key-777: 0 -> 1\nless: 1 -> -\nmore: - -> 1\n"));
	ck_assert_int_eq(diff_objects(must_parse(text_get(&t[0]), &arena),
				      must_parse(STR("{\"key-3\":0,\"x\":1}"), &arena), &arena,
				      &all, &err),
			 0);
	ck_assert_uint_eq(all.n, 50001);
}
END_TEST

START_TEST(deep_objects)
{
	struct json_limits limits = { .depth = JSON_DEPTH_MAX };
	const struct json *sides[2];
	scoped(arena_end) struct arena arena;
	struct change_list all;
	struct err err;
	struct text t;

	arena_init(&arena, MEMORY);
	for (int side = 0; side < 2; side++) {
		text_init(&t, &arena, 1 << 20);
		for (int i = 0; i < JSON_DEPTH_MAX / 2 - 1; i++)
			text_puts(&t, "{\"a\":[");
		text_puts(&t, side ? "{}" : "{\"b\":1}");
		for (int i = 0; i < JSON_DEPTH_MAX / 2 - 1; i++)
			text_puts(&t, "]}");
		sides[side] = json_parse(text_get(&t), &limits, &arena, &err);
		ck_assert_msg(sides[side] != NULL, "%s", err.msg);
	}
	ck_assert_int_eq(diff_objects(sides[0], sides[1], &arena, &all, &err), 0);
	ck_assert(all.n == 1 && all.first->place->depth == JSON_DEPTH_MAX - 1);
	ck_assert_uint_eq(change_above(all.first, CHANGE_NEAR)->depth, CHANGE_NEAR);
	text_init(&t, &arena, 1 << 20);
	place_print(all.first->place, &t);
	ck_assert(!t.full && t.n == (JSON_DEPTH_MAX / 2 - 1) * 5 + 1);
}
END_TEST

/* Each allocation fails once. */
START_TEST(no_room)
{
	struct str old = STR("{\"m\":{\"labels\":{\"a\":\"1\"}},\"env\":[{\"name\":\"A\"},{"
			     "\"name\":\"B\"}],\"r\":[{\"x\":1}]}");
	struct str new = STR(
		"{\"m\":{},\"env\":[{\"name\":\"B\",\"v\":1},{\"name\":\"A\"}],\"r\":[{\"x\":2}]}");
	scoped(arena_end) struct arena values;
	const struct json *o, *n;
	size_t fails = 0;

	arena_init(&values, MEMORY);
	o = must_parse(old, &values);
	n = must_parse(new, &values);
	for (size_t limit = 0;; limit += 16, fails++) {
		scoped(arena_end) struct arena arena;
		struct change_list all;
		struct err err = { .kind = ERR_NONE };

		arena_init(&arena, limit);
		if (!diff_objects(o, n, &arena, &all, &err)) {
			ck_assert_uint_eq(all.n, 4);
			break;
		}
		ck_assert_int_eq(err.kind, ERR_LIMIT);
	}
	ck_assert_uint_gt(fails, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *tc = tcase_create("diff");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, compared, 0, ROWS(cases));
	tcase_add_test(tc, the_root);
	tcase_add_test(tc, items_have_index_and_key);
	tcase_add_test(tc, long_lists);
	tcase_add_test(tc, large_objects);
	tcase_add_test(tc, deep_objects);
	tcase_add_test(tc, no_room);
	return run_suite(suite);
}
