/* SPDX-License-Identifier: Apache-2.0
 * posture_junit.c - JUnit XML: a test case a check, which fails by what --fail-on counts.
 */
#include <string.h>

#include "cli/report/posture.h"

static void put(FILE *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c == '\n')
			fputs("&#10;", out);
		else
			fputc(c, out);
	}
}

static bool fails(const struct posture_view *v, const struct posture_finding *f)
{
	return !v->never && !f->accepted && f->tier >= v->fail_on;
}

static void put_line(FILE *out, const struct posture_finding *f)
{
	fprintf(out, "%s ", f->accepted ? "accepted" : posture_tier_words(f->tier));
	put(out, f->kind);
	fputc(' ', out);
	put(out, f->namespace);
	fputs(f->namespace.n ? "/" : "", out);
	put(out, f->name);
	fputs(f->path.n ? ": " : "", out);
	put(out, f->path);
	fputs(": ", out);
	put(out, f->text);
	fputc('\n', out);
}

static size_t count_failing(const struct posture_view *v, const struct posture_outcome *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->kept; i++)
		n += fails(v, &o->v[i]);
	return n;
}

static void put_lines(FILE *out, const struct posture_view *v, const struct posture_outcome *o,
		      bool failing)
{
	for (size_t i = 0; i < o->kept; i++)
		if (fails(v, &o->v[i]) == failing)
			put_line(out, &o->v[i]);
}

static void put_case(FILE *out, const struct posture_view *v, const struct posture_outcome *o)
{
	size_t failing = count_failing(v, o);

	fprintf(out, "  <testcase classname=\"");
	put(out, str_of(o->check->row));
	fprintf(out, "\" name=\"%s\">", o->check->id);
	if (failing) {
		fprintf(out, "<failure type=\"%s\" message=\"%zu finding%s\">", tier_name(o->tier),
			failing, posture_plural(failing));
		put_lines(out, v, o, true);
		fputs("</failure>", out);
	} else if (o->result != POSTURE_PASS && o->result != POSTURE_FINDING) {
		fprintf(out, "<skipped message=\"%s: ", posture_result_name(o->result));
		put(out, o->reason);
		fputs("\"/>", out);
	}
	if (o->kept > failing) {
		fputs("<system-out>", out);
		put_lines(out, v, o, false);
		fputs("</system-out>", out);
	}
	fputs("</testcase>\n", out);
}

void posture_print_junit(FILE *out, const struct posture_view *v)
{
	size_t failed = 0, skipped = 0;

	for (size_t i = 0; i < v->r->checks_n; i++) {
		const struct posture_outcome *o = &v->r->checks[i];

		failed += count_failing(v, o) > 0;
		skipped += o->result != POSTURE_PASS && o->result != POSTURE_FINDING;
	}
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"oke-guard scan\" "
		"tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\">\n",
		v->r->checks_n, failed, v->r->whole ? 0 : 1, skipped);
	for (size_t i = 0; i < v->r->checks_n; i++)
		put_case(out, v, &v->r->checks[i]);
	if (!v->r->whole) {
		fputs("  <testcase classname=\"scan\" name=\"whole\"><error message=\"", out);
		put(out, v->r->cut);
		fputs("\"/></testcase>\n", out);
	}
	fputs("</testsuite>\n", out);
}
