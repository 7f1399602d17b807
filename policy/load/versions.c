/* SPDX-License-Identifier: Apache-2.0
 * versions.c - KubernetesVersions: the list of OKE's versions, from the one that is compiled in or
 * from the file that replaces it.
 */
#include "policy/catalogue/versions.h"

#include "lib/base/time.h"
#include "policy/load/parts.h"

#define QUOTED(x) ((int)((x).n > 60 ? 60 : (x).n)), ((x).s ? (x).s : "")

struct row { /* while the list is read */
	struct row *next;
	struct oke_version v;
};

struct list_read {
	struct str source;
	int64_t as_of;
	struct row *rows;
};

#define DAY_TEXT 10 /* "2026-09-05" */

static void read_day(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	char name[80], text[DAY_TEXT + sizeof "T00:00:00Z"];
	struct str s;

	(void)arg;
	if (!read_text(r, n, &s))
		return;
	snprintf(text, sizeof text, "%.*sT00:00:00Z", s.n == DAY_TEXT ? DAY_TEXT : 0, s.s);
	if (!time_parse(str_of(text), out))
		read_error(r, n, "%s must be a day as in \"2026-09-05\"; it is \"%.*s\"",
			   read_node_name(n, name), QUOTED(s));
}

static void read_version(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	char name[80];
	struct str s;

	(void)arg;
	if (read_text(r, n, &s) && !kube_version_parse(s, out))
		read_error(r, n, "%s must be a version as in \"1.36.1\"; it is \"%.*s\"",
			   read_node_name(n, name), QUOTED(s));
}

#define ROW(member) offsetof(struct row, v.member)
static const struct load_range days_range = { 1, 1000 };
static const struct load_field row_table[] = {
	{ "version", read_version, ROW(version), NULL, "as in \"1.36.1\"" },
	{ "available", read_day, ROW(available), NULL, NULL },
	{ "end", read_day, ROW(end), NULL, NULL },
	{ "endAfter", read_version, ROW(after), NULL, NULL },
	{ "endDays", read_number, ROW(after_days), &days_range, NULL },
	{ "preview", read_bool, ROW(preview), NULL, NULL },
};
static const struct load_fields row_fields = FIELDS("a version", row_table);

static void read_row(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct row *row = out;

	(void)arg;
	read_fields(r, n, row, &row_fields);
	if (!read_value_of(n, "endAfter") != !read_value_of(n, "endDays"))
		read_error(r, n,
			   "\"endAfter\" and \"endDays\" belong together: endDays: 30, "
			   "endAfter: \"1.39.1\"");
	else if (read_value_of(n, "end") && read_value_of(n, "endAfter"))
		read_error(r, n,
			   "a version ends on a day (\"end\") or after a release "
			   "(\"endAfter\"), not both");
	if (row->v.available && row->v.end && row->v.end < row->v.available)
		read_error(r, n, "\"end\" is before \"available\"");
}

static const struct load_list rows_list = { "[{version: \"1.36.1\", available: \"2026-07-07\"}]",
					    sizeof(struct row),
					    read_row,
					    NULL,
					    false,
					    VERSIONS_MAX };

static bool https(struct str s)
{
	return str_starts(s, STR("https://")) && format_line.ok(s);
}

static const struct format form_source = { https, 500, "a URL, https://..." };

#define MEMBER(member) offsetof(struct list_read, member)
static const struct load_field list_table[] = {
	{ "apiVersion", read_told, 0, NULL, NULL },
	{ "kind", read_told, 0, NULL, NULL },
	{ "asOf", read_day, MEMBER(as_of), NULL, "the day it was read, as in \"2026-09-05\"" },
	{ "source", read_str, MEMBER(source), &form_source, "the page it was read from" },
	{ "versions", read_list, MEMBER(rows), &rows_list, "[{version: \"1.36.1\", ...}]" },
};
static const struct load_fields list_fields = FIELDS("KubernetesVersions", list_table);

/* Newest first; a row that stands twice is told where it stands the second time. */
static void versions_keep(struct load_reader *r, const struct yaml_node *root,
			  const struct row *rows, struct oke_version *v, size_t *n)
{
	const struct yaml_node *list = read_value_of(root, "versions"),
			       *at = list ? list->child : NULL;

	for (; rows && at; rows = rows->next, at = at->next) {
		const struct kube_version *new = &rows->v.version;
		size_t i = *n;

		for (;
		     i &&
		     (v[i - 1].version.minor < new->minor ||
		      (v[i - 1].version.minor == new->minor &&v[i - 1].version.patch < new->patch));
		     i--)
			v[i] = v[i - 1];
		if (i &&
		    v[i - 1].version.minor == new->minor &&v[i - 1].version.patch == new->patch)
			read_error(r, at, "this version stands twice in the list");
		v[i] = rows->v;
		++*n;
	}
}

void read_versions(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct model *model = out;
	struct list_read l = { 0 };
	size_t before = r->complaints_n, count = 0;
	struct versions *list = read_keep(r, sizeof *list);
	struct oke_version *v;

	(void)arg;
	if (!list)
		return;
	read_fields(r, n, &l, &list_fields);
	if (r->complaints_n > before)
		return;
	for (const struct row *row = l.rows; row; row = row->next)
		count++;
	if (!(v = read_keep(r, count * sizeof *v)))
		return;
	*list = (struct versions){ .source = l.source, .as_of = l.as_of, .v = v };
	versions_keep(r, n, l.rows, v, &list->n);
	model->versions = list;
	model->versions_read = true;
}
