/* SPDX-License-Identifier: Apache-2.0
 * check_features_rows.c - each gated path of the facts, one object at a time.
 *
 * For every row of policy/catalogue/fields.tsv and values.tsv an object is built that
 * holds nothing but that field, and looked at in every minor: it is a use of an
 * alpha feature in the minors in which the row is alpha, and in no other.
 *
 * Whatever is found must be possible by what was noted of the object's bytes (skim.c), in each way
 * in which a field is in them: as it is, in managedFields, in the text that kubectl apply keeps.
 */
#include "policy/alpha/features.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/policy/alpha/noted.h"
#include "tests/unit/policy/alpha/rows.h"
#include "tests/unit/suite.h"

#define ARENA_MAX (1u << 20)

/* ---- what is found there ---- */

static bool one_of(const char *gates, struct str gate)
{
	for (const char *p = gates; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");

		if (str_eq((struct str){ p, n }, gate))
			return true;
		p += n;
	}
	return false;
}

static bool found_at(const struct feature_uses *uses, const struct table_row *r, const char *place,
		     struct arena *arena)
{
	for (const struct feature_use *u = uses->first; u; u = u->next) {
		struct text t;

		text_init(&t, arena, 4096);
		place_print(u->place, &t);
		if (u->stage == FEATURE_ALPHA && str_is(text_get(&t), place) &&
		    one_of(r->gates, u->gates[0]))
			return true;
	}
	return false;
}

/* Another row of the same place, which may be alpha where this one is not. */
static bool other_row(const struct table_row *r, unsigned minor)
{
	for (size_t i = 0; i < rows_n; i++) {
		const struct table_row *o = &rows[i];

		if (o != r && !strcmp(o->path, r->path) && !strcmp(o->kind, r->kind) &&
		    !strcmp(o->version, r->version) && !strcmp(o->group, r->group) &&
		    row_holds(o->alpha, minor))
			return true;
	}
	return false;
}

/* ---- by what is noted ---- */

static size_t noted_found[3];
enum { NOTED_PLAIN, NOTED_MANAGED, NOTED_APPLIED };

static void check_noted(const struct table_row *r, struct request *req, unsigned minor)
{
	scoped(arena_end) struct arena arena = { .limit = 32 * ARENA_MAX };
	struct str plain = req->object, without = row_without(plain, r->path, &arena);
	struct err err;
	struct json *told = json_parse(plain, NULL, &arena, &err);

	noted_found[NOTED_PLAIN] += noted(req, minor, &arena);
	for (int applied = 0; without.n && !strstr(r->path, "metadata") && applied < 2; applied++) {
		req->object = row_with_metadata(without, told, applied ? plain : STR(""), &arena);
		noted_found[applied ? NOTED_APPLIED : NOTED_MANAGED] += noted(req, minor, &arena);
	}
}

static void check_row(const struct table_row *r, unsigned minor)
{
	scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
	/* options of a log are an object of their own */
	bool options = !strcmp(r->group, "meta.k8s.io"), found;
	struct request req = { .operation = OP_CREATE };
	struct text json, place;
	struct feature_uses uses;
	struct json *object;
	struct err err;

	text_init(&json, &arena, 1 << 16);
	text_init(&place, &arena, 1 << 16);
	if (options)
		text_puts(&place, "options");
	row_build(r, &json, &place);
	object = json_parse(text_get(&json), NULL, &arena, &err);
	ck_assert_msg(object != NULL, "%s: %s", text_get(&json).s, err.msg);
	req.kind = req.request_kind =
		(struct gvk){ str_of(r->group), str_of(r->version), str_of(r->kind) };
	req.object = text_get(&json);
	if (!strcmp(r->where, "status"))
		req.subresource = STR("status");
	if (options) {
		struct text o;

		text_init(&o, &arena, 4096);
		text_printf(&o, "{\"kind\":\"%s\",%s", r->kind, text_get(&json).s + 1);
		req.options = text_get(&o);
		req.object = (struct str){ NULL, 0 };
		req.kind = req.request_kind = (struct gvk){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
		object = NULL;
	}
	ck_assert_int_eq(features_find(minor, &req, object, NULL, &arena, &uses, &err), 0);
	found = found_at(&uses, r, text_get(&place).s, &arena);
	if (row_holds(r->alpha, minor)) {
		ck_assert_msg(found, "1.%u: %s %s is missed: %s", minor, r->kind, r->path,
			      text_get(&json).s);
		ck_assert_msg(features_possible(minor, &req), "1.%u: %s %s: not seen", minor,
			      r->kind, r->path);
	} else if (!other_row(r, minor)) {
		ck_assert_msg(!found, "1.%u: %s %s is invented: %s", minor, r->kind, r->path,
			      text_get(&json).s);
	}
	if (object)
		check_noted(r, &req, minor);
}

START_TEST(rows_are_found_where_alpha)
{
	rows_read("policy/catalogue/fields.tsv", false);
	rows_read("policy/catalogue/values.tsv", true);
	ck_assert_uint_gt(rows_n, 1700);
	ck_assert_uint_lt(rows_n, ROWS_MAX);
	for (size_t i = 0; i < rows_n; i++)
		for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++)
			check_row(&rows[i], m);
	ck_assert_uint_gt(noted_found[NOTED_PLAIN], 4500);
	ck_assert_uint_gt(noted_found[NOTED_MANAGED], 2000);
	ck_assert_uint_gt(noted_found[NOTED_APPLIED], 2000);
}
END_TEST

/* A kind with gated fields, and none of them set: nothing in any minor. */
START_TEST(plain_objects_show_nothing)
{
	static const char text[] =
		"{\"metadata\":{\"name\":\"x\",\"labels\":{\"app.kubernetes.io/name\":\"x\"},"
		"\"managedFields\":[{\"fieldsV1\":{\"f:spec\":{\"f:containers\":{}}}}]},"
		"\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"args\":[\"-v\"]}],"
		"\"template\":{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}}}";
	struct err err;

	for (size_t i = 0; i < catalogue_kinds_n; i++)
		for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++) {
			scoped(arena_end) struct arena arena = { .limit = ARENA_MAX };
			const struct catalogue_kind *k = &catalogue_kinds[i];
			struct json *object = json_parse(str_of(text), NULL, &arena, &err);
			struct request req = { .operation = OP_CREATE, .object = str_of(text) };
			struct feature_uses uses;

			req.kind.group = str_of(catalogue_text(k->group));
			req.kind.version = str_of(catalogue_text(k->version));
			req.kind.kind = str_of(catalogue_text(k->kind));
			req.request_kind = req.kind;
			ck_assert_int_eq(features_find(m, &req, object, NULL, &arena, &uses, &err),
					 0);
			for (const struct feature_use *u = uses.first; u; u = u->next)
				ck_assert_msg(u->kind == USE_VERSION, "%s in 1.%u",
					      catalogue_text(k->kind), m);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("features_rows");
	TCase *tc = tcase_create("rows");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, rows_are_found_where_alpha);
	tcase_add_test(tc, plain_objects_show_nothing);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
