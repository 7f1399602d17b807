/* SPDX-License-Identifier: Apache-2.0
 * check_owners.c - managedFields: who owns a place, and what an owner holds that another does not.
 */
#include "posture/history/owners.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/suite.h"

static const char object[] =
	"{\"metadata\":{\"managedFields\":["
	"{\"manager\":\"installer\",\"apiVersion\":\"apps/v1\",\"time\":\"2026-03-01T10:00:00Z\",\"fieldsV1\":"
	"{\"f:metadata\":{\"f:labels\":{\".\":{},\"f:app\":{}}},\"f:spec\":{\"f:selector\":{},\"f:replicas\":{},"
	"\"f:template\":{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\".\":{},\"f:name\":{},"
	"\"f:image\":{},\"f:args\":{},\"f:ports\":{\"k:{\\\"containerPort\\\":53,\\\"protocol\\\":\\\"UDP\\\"}\":{"
	"\".\":{},\"f:containerPort\":{}}}}}}}}}},"
	"{\"manager\":\"kubectl\",\"subresource\":\"scale\",\"fieldsV1\":{\"f:spec\":{\"f:replicas\":{}}}},"
	"{\"manager\":\"kubectl-set\",\"time\":\"2026-09-01T10:00:00Z\",\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{"
	"\"f:team\":{}},\"f:annotations\":{\".\":{},\"f:x/y\":{}}},\"f:spec\":{\"f:template\":{\"f:spec\":{"
	"\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\"f:image\":{},\"f:env\":{\".\":{},"
	"\"k:{\\\"name\\\":\\\"E\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}}}}}}}}},"
	"{\"manager\":\"controller\",\"subresource\":\"status\",\"fieldsV1\":{\"f:status\":{\"f:replicas\":{}}}},"
	"{\"manager\":\"old\",\"fieldsV1\":{\"f:status\":{\"f:x\":{}}}}]}}";

static struct arena arena;
static struct owners owners;

static void read_object(void)
{
	struct err err = { .kind = ERR_NONE };
	const struct json *root;

	arena_init(&arena, 1u << 22);
	root = json_parse(str_of(object), NULL, &arena, &err);
	ck_assert_msg(root, "%s", err.msg);
	owners_read(root, &owners);
}

static void forget_object(void)
{
	arena_done(&arena);
}

/* "spec.template.spec.containers[name=a].image" to a place. */
static const struct place *place_of(const char *text)
{
	struct err err = { .kind = ERR_NONE };
	struct path path;
	const struct place *at = NULL;

	ck_assert_msg(!path_parse(str_of(text), &arena, &path, &err), "%s: %s", text, err.msg);
	for (size_t i = 0; i < path.n; i++) {
		struct place *p = arena_zalloc(&arena, sizeof *p);

		*p = (struct place){ at, path.steps[i], (unsigned)i + 1 };
		at = p;
	}
	return at;
}

START_TEST(those_of_status_are_left_out)
{
	ck_assert_uint_eq(owners.n, 3);
	ck_assert(str_is(owners.v[0].manager, "installer"));
	ck_assert_int_eq(owners.v[1].time, 0); /* a scale's has none */
	ck_assert(str_is(owners_installer(&owners, true)->manager, "installer"));
	ck_assert(str_is(owners_installer(&owners, false)->manager, "installer"));
}
END_TEST

static const struct cover_case {
	const char *name, *path;
	bool installer, set;
} covers[] = {
	{ "a leaf", "spec.replicas", true, false },
	{ "both", "spec.template.spec.containers[name=a].image", true, true },
	{ "below an atomic value", "spec.selector.matchLabels.app", true, false },
	{ "an item of an atomic list", "spec.template.spec.containers[name=a].args[0]", true,
	  false },
	{ "another item", "spec.template.spec.containers[name=b].image", false, false },
	{ "an added item", "spec.template.spec.containers[name=a].env[name=E]", false, true },
	{ "another entry of it", "spec.template.spec.containers[name=a].env[name=F]", false,
	  false },
	{ "a map, by what is in it", "metadata.labels", true, true },
	{ "a key with a slash", "metadata.annotations[\"x/y\"]", false, true },
	{ "a list with two keys",
	  "spec.template.spec.containers[name=a].ports[containerPort=53].containerPort", true,
	  false },
	{ "a number that is another",
	  "spec.template.spec.containers[name=a].ports[containerPort=5]", false, false },
	{ "nobody's", "spec.strategy", false, false },
};

START_TEST(who_covers)
{
	const struct cover_case *c = &covers[_i];
	const struct place *place = place_of(c->path);

	ck_assert_msg(owners_cover(&owners, STR("installer"), place) == c->installer, "%s",
		      c->name);
	ck_assert_msg(owners_cover(&owners, STR("kubectl-set"), place) == c->set, "%s", c->name);
}
END_TEST

static void add_path(void *ctx, const struct place *place)
{
	struct text *t = ctx;

	text_puts(t, t->n ? " " : "");
	place_print(place, t);
}

/* An item that it made is one place; the entries of a map are each one. */
START_TEST(what_is_its_own)
{
	struct text t;

	text_init(&t, &arena, 4096);
	ck_assert_int_eq(0,
			 owner_each(&owners.v[2], &owners, STR("installer"), &arena, add_path, &t));
	ck_assert_str_eq(text_get(&t).s, "metadata.labels.team metadata.annotations[\"x/y\"] "
					 "spec.template.spec.containers[name=a].env");
	text_init(&t, &arena, 4096);
	ck_assert_int_eq(0,
			 owner_each(&owners.v[1], &owners, STR("installer"), &arena, add_path, &t));
	ck_assert_uint_eq(t.n, 0); /* the installer owns it too */
}
END_TEST

static const struct sole_case {
	const char *name, *fields, *manager;
} soles[] = {
	{ "one", "[{\"manager\":\"helm\",\"fieldsV1\":{\"f:spec\":{}}}]", "helm" },
	{ "twice the same",
	  "[{\"manager\":\"helm\",\"fieldsV1\":{\"f:spec\":{}}},"
	  "{\"manager\":\"helm\",\"operation\":\"Update\",\"fieldsV1\":{\"f:spec\":{}}}]",
	  "helm" },
	{ "a controller's status",
	  "[{\"manager\":\"helm\",\"fieldsV1\":{\"f:spec\":{}}},"
	  "{\"manager\":\"kube-controller-manager\",\"subresource\":\"status\","
	  "\"fieldsV1\":{\"f:status\":{}}}]",
	  "helm" },
	{ "two",
	  "[{\"manager\":\"helm\",\"fieldsV1\":{\"f:spec\":{}}},"
	  "{\"manager\":\"cainjector\",\"fieldsV1\":{\"f:webhooks\":{}}}]",
	  "" },
	{ "none", "[]", "" },
	{ "a text", "\"x\"", "" },
};

START_TEST(who_alone_wrote_it)
{
	const struct sole_case *c = &soles[_i];
	struct owners found;
	struct err err;

	owners_read_list(json_parse(str_of(c->fields), NULL, &arena, &err), &found);
	ck_assert_msg(str_is(owners_sole(&found), c->manager), "%s", c->name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owners");
	TCase *tc = tcase_create("owners");

	tcase_add_checked_fixture(tc, read_object, forget_object);
	tcase_add_test(tc, those_of_status_are_left_out);
	tcase_add_loop_test(tc, who_covers, 0, sizeof covers / sizeof *covers);
	tcase_add_test(tc, what_is_its_own);
	tcase_add_loop_test(tc, who_alone_wrote_it, 0, sizeof soles / sizeof *soles);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
