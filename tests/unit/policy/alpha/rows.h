/* SPDX-License-Identifier: Apache-2.0
 * rows.h - the rows of policy/catalogue/fields.tsv and values.tsv, and for each an object that
 * holds nothing but that field: as it is, without it, in managedFields, in the text that kubectl
 * keeps.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"

#define LINE_MAX_BYTES 1024
#define ROWS_MAX       2000
#define COLUMNS        11

struct table_row {
	char line[LINE_MAX_BYTES];
	const char *group, *version, *kind, *path, *minors, *alpha, *gates, *where, *value;
	bool config;
};

static struct table_row rows[ROWS_MAX];
static size_t rows_n;

static inline size_t row_cut(char *line, const char *column[COLUMNS])
{
	size_t n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *rest = line; rest && n < COLUMNS; n++)
		column[n] = strsep(&rest, "\t");
	return n;
}

static inline void rows_read(const char *path, bool values)
{
	scoped(file_end) FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "%s: run the tests from the top of the source tree", path);
	while (rows_n < ROWS_MAX && fgets(rows[rows_n].line, LINE_MAX_BYTES, f)) {
		struct table_row *r = &rows[rows_n];
		const char *c[COLUMNS] = { NULL };

		if (r->line[0] == '#')
			continue;
		ck_assert_uint_ge(row_cut(r->line, c), 10);
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

static inline bool row_holds(const char *ranges, unsigned minor)
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

static inline bool row_by_name(const char *list, size_t n)
{
	static const char *const others[] = { "volumeMounts", "volumeDevices",
					      "topologySpreadConstraints", "conditions" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strlen(others[i]) == n && !memcmp(others[i], list, n))
			return false;
	return true;
}

static inline void row_build(const struct table_row *r, struct text *json, struct text *place)
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
			if (*p == '.' && row_by_name(key, n)) {
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

/* fieldsV1 of an object. */
/* NOLINTNEXTLINE(misc-no-recursion): our own objects */
static inline void row_print_managed(const struct json *j, struct text *out)
{
	size_t index = 0;

	text_puts(out, "{");
	for (const struct json *m = j->type >= JSON_ARRAY ? j->child : NULL; m; m = m->next) {
		struct str name = json_str(json_get(m, STR("name")));

		text_puts(out, index++ ? "," : "");
		if (j->type == JSON_OBJECT)
			text_printf(out, "\"f:%.*s\":", STR_ARG(json_key(m)));
		else if (name.n)
			text_printf(out, "\"k:{\\\"name\\\":\\\"%.*s\\\"}\":", STR_ARG(name));
		else
			text_printf(out, "\"i:%zu\":", index);
		row_print_managed(m, out);
	}
	text_puts(out, "}");
}

/* The object without its field: another one stands in its place. */
static inline struct str row_without(struct str json, const char *path, struct arena *arena)
{
	const char *last = strrchr(path, '.');
	char key[128];
	const char *at = NULL;
	struct text t;

	last = last ? last + 1 : path;
	snprintf(key, sizeof key, "\"%.*s\":", (int)strcspn(last, "[{"), last);
	for (const char *p = json.s; (p = strstr(p, key)); p++)
		at = p;
	if (!at)
		return (struct str){ NULL, 0 };
	text_init(&t, arena, 1 << 16);
	text_add(&t, json.s, (size_t)(at - json.s));
	text_puts(&t, "\"zz");
	text_puts(&t, at + strlen(key) - 2);
	return text_get(&t);
}

static inline void row_quote(struct str s, struct text *out)
{
	text_puts(out, "\"");
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		text_puts(out, strchr("\"\\\n\t", c) ? "\\" : "");
		text_printf(out, "%c", c == '\n' ? 'n' : c == '\t' ? 't' : c);
	}
	text_puts(out, "\"");
}

/* With metadata that tells of what another object holds: its text was applied, or its names. */
static inline struct str row_with_metadata(struct str object, const struct json *told,
					   struct str applied, struct arena *arena)
{
	struct text t, inner;

	text_init(&t, arena, 1 << 17);
	text_init(&inner, arena, 1 << 16);
	if (applied.n) {
		text_puts(&t, "{\"metadata\":{\"annotations\":{"
			      "\"kubectl.kubernetes.io/last-applied-configuration\":");
		row_quote(applied, &t);
		text_puts(&t, "}}");
	} else {
		ck_assert_ptr_nonnull(told);
		row_print_managed(told, &inner);
		text_puts(&t, "{\"metadata\":{\"managedFields\":[{\"manager\":\"m\",\"operation\":"
			      "\"Apply\",\"fieldsV1\":");
		text_str(&t, text_get(&inner));
		text_puts(&t, "}]}");
	}
	text_puts(&t, ",");
	text_add(&t, object.s + 1, object.n - 1);
	ck_assert(!t.full && !inner.full);
	return text_get(&t);
}

#endif
