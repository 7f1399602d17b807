/* SPDX-License-Identifier: Apache-2.0
 * check_features_rows.c - each gated path of the facts, one object at a time.
 *
 * For every row of policy/catalogue/fields.tsv and values.tsv an object is built that
 * holds nothing but that field, and looked at in every minor: it is a use of an
 * alpha feature in the minors in which the row is alpha, and in no other.
 */
#include "policy/alpha/features.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"

#define LINE_MAX_BYTES 1024
#define ROWS_MAX       2000
#define COLUMNS        11
#define ARENA_MAX      (1u << 20)

struct table_row {
	char line[LINE_MAX_BYTES];
	const char *group, *version, *kind, *path, *minors, *alpha, *gates, *where, *value;
	bool config;
};

static struct table_row rows[ROWS_MAX];
static size_t rows_n;

static size_t cut(char *line, const char *column[COLUMNS])
{
	size_t n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *rest = line; rest && n < COLUMNS; n++)
		column[n] = strsep(&rest, "\t");
	return n;
}

static void read_rows(const char *path, bool values)
{
	scoped(file_end) FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "%s: run the tests from the top of the source tree", path);
	while (rows_n < ROWS_MAX && fgets(rows[rows_n].line, LINE_MAX_BYTES, f)) {
		struct table_row *r = &rows[rows_n];
		const char *c[COLUMNS] = { NULL };

		if (r->line[0] == '#')
			continue;
		ck_assert_uint_ge(cut(r->line, c), 10);
		r->group = c[0];
		r->version = c[1];
		r->kind = c[2];
		r->path = c[3];
		r->value = values ? c[4] : "";
		r->minors = c[values ? 5 : 4];
		r->alpha = c[values ? 6 : 5];
		r->gates = c[values ? 7 : 6];
		r->where = values ? "object" : c[8];
		r->config = values && !strcmp(c[8], "config");
		rows_n++;
	}
}

static bool holds(const char *ranges, unsigned minor)
{
	for (const char *p = ranges; *p; p += *p == ',') {
		char *end;
		unsigned long lo = strtoul(p + 2, &end, 10), hi = lo;

		if (*end == '-')
			hi = strtoul(end + 3, &end, 10);
		if (minor >= lo && minor <= hi)
			return true;
		p = end;
	}
	return false;
}

/* ---- an object that holds one path, and the name of its place ---- */

static bool by_name(const char *list, size_t n)
{
	static const char *const others[] = { "volumeMounts", "volumeDevices",
					      "topologySpreadConstraints", "conditions" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strlen(others[i]) == n && !memcmp(others[i], list, n))
			return false;
	return true;
}

static void build(const struct table_row *r, struct text *json, struct text *place)
{
	const char *p = r->path, *key = "";
	size_t n = 0;
	char close[256];
	size_t depth = 0;

	while (*p) {
		if (!strncmp(p, "[*]", 3)) {
			p += 3;
			text_puts(json, "[");
			close[depth++] = ']';
			if (*p == '.' && by_name(key, n)) {
				text_puts(place, "[name=n1]");
				text_puts(json, "{\"name\":\"n1\",");
				close[depth++] = '}';
			} else {
				text_puts(place, "[0]");
				if (*p == '.') {
					text_puts(json, "{");
					close[depth++] = '}';
				}
			}
			p += *p == '.';
			continue;
		}
		/* a member: the object around it is open but at the top and below a member */
		if (p == r->path || p[-1] != '.' || p[-2] != ']') {
			text_puts(json, "{");
			close[depth++] = '}';
		}
		key = strncmp(p, "{*}", 3) ? p : "m1";
		n = key == p ? strcspn(p, ".[{") : 2;
		text_puts(place, place->n ? "." : "");
		text_add(place, key, n);
		text_printf(json, "\"%.*s\":", (int)n, key);
		p += key == p ? n : 3;
		p += *p == '.';
	}
	if (*r->value && strspn(r->value, "0123456789") == strlen(r->value))
		text_puts(json, r->value);
	else
		text_printf(json, "\"%s\"", *r->value ? r->value : "x");
	while (depth)
		text_add(json, &close[--depth], 1);
}

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
		    holds(o->alpha, minor))
			return true;
	}
	return false;
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
	build(r, &json, &place);
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
	if (holds(r->alpha, minor)) {
		ck_assert_msg(found, "1.%u: %s %s is missed: %s", minor, r->kind, r->path,
			      text_get(&json).s);
		ck_assert_msg(features_possible(minor, &req), "1.%u: %s %s: not seen", minor,
			      r->kind, r->path);
	} else if (!other_row(r, minor)) {
		ck_assert_msg(!found, "1.%u: %s %s is invented: %s", minor, r->kind, r->path,
			      text_get(&json).s);
	}
}

START_TEST(rows_are_found_where_alpha)
{
	read_rows("policy/catalogue/fields.tsv", false);
	read_rows("policy/catalogue/values.tsv", true);
	ck_assert_uint_gt(rows_n, 1700);
	ck_assert_uint_lt(rows_n, ROWS_MAX);
	for (size_t i = 0; i < rows_n; i++)
		for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++)
			check_row(&rows[i], m);
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
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, rows_are_found_where_alpha);
	tcase_add_test(tc, plain_objects_show_nothing);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
