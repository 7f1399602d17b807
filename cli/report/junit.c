/* SPDX-License-Identifier: Apache-2.0
 * junit.c - JUnit XML: a test case an object, which fails by findings that --fail-on
 * counts; others stand in its output.
 *
 * The number of test cases stands before them, so they wait in a temporary file.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/report/format.h"

/* XML 1.0 has no place for most control characters, not even as references. */
static void junit_xml(FILE *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

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
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

static void junit_xml_str(FILE *out, struct str s)
{
	junit_xml(out, s.s, s.n);
}

static void junit_xml_text(FILE *out, const char *z)
{
	junit_xml(out, z, strlen(z));
}

static int junit_begin(struct report *r)
{
	r->cases = tmpfile();
	return r->cases ? 0 : -1;
}

static void junit_object(struct report *r, const struct report_object *o)
{
	r->failure = report_text_open(r, &r->failure_text, &r->failure_n);
	r->output = report_text_open(r, &r->output_text, &r->output_n);
	r->tests++;
	fputs("<testcase classname=\"", r->cases);
	junit_xml_text(r->cases, o->place.file_shown);
	fputs("\" name=\"", r->cases);
	junit_xml_str(r->cases, o->kind);
	fputc(' ', r->cases);
	if (o->namespace.n) {
		junit_xml_str(r->cases, o->namespace);
		fputc('/', r->cases);
	}
	junit_xml_str(r->cases, o->name);
	fprintf(r->cases, " (line %u)\">", o->place.line);
}

static void junit_finding(struct report *r, const struct report_object *o,
			  const struct report_finding *f)
{
	bool fails = f->action >= r->fail_on && !f->excuse;
	FILE *out = fails ? r->failure : r->output;
	char id[REPORT_ID_MAX];

	if (fails && !r->failure_head) {
		if (!(r->failure_head = strndup(f->message.s, f->message.n)))
			r->lost = "out of memory";
		r->failure_action = f->action;
	}
	if (!out)
		return;
	report_rule_id(f, id);
	fprintf(out, "%s:%u: %s%s [%s] %.*s\n", o->place.file_shown, f->line,
		f->excuse == EXCUSE_MANIFEST   ? "ignored: "
		: f->excuse == EXCUSE_BASELINE ? "known: "
					       : "",
		report_action_words(f), id, STR_ARG(f->message));
	if (f->excuse == EXCUSE_MANIFEST)
		fprintf(out, "    until %.*s: %.*s\n", STR_ARG(f->until), STR_ARG(f->reason));
	report_print_remedy(out, f, "    ");
}

static void junit_end_stream(struct report *r, FILE **f)
{
	report_text_close(r, *f);
	*f = NULL;
}

static void junit_object_end(struct report *r, const struct report_object *o)
{
	(void)o;
	junit_end_stream(r, &r->failure);
	junit_end_stream(r, &r->output);
	if (r->failure_head) {
		r->failed++;
		fprintf(r->cases, "<failure type=\"%s\" message=\"",
			action_name(r->failure_action));
		junit_xml_text(r->cases, r->failure_head);
		fputs("\">", r->cases);
		junit_xml(r->cases, r->failure_text, r->failure_n);
		fputs("</failure>", r->cases);
	}
	if (r->output_n) {
		fputs("<system-out>", r->cases);
		junit_xml(r->cases, r->output_text, r->output_n);
		fputs("</system-out>", r->cases);
	}
	fputs("</testcase>\n", r->cases);
	free(r->failure_text);
	free(r->output_text);
	free(r->failure_head);
	r->failure_text = r->output_text = r->failure_head = NULL;
	r->failure_n = r->output_n = 0;
}

static void junit_error(struct report *r, const struct report_place *place, const char *text)
{
	r->tests++;
	r->broken++;
	fputs("<testcase classname=\"", r->cases);
	junit_xml_text(r->cases, place->file_shown);
	fprintf(r->cases, "\" name=\"document %u\"><error type=\"input\" message=\"line %u: ",
		place->document, place->line);
	junit_xml_text(r->cases, text);
	fputs("\"/></testcase>\n", r->cases);
}

static void junit_end(struct report *r, const struct report_summary *s)
{
	char buf[8192];
	size_t n;

	fprintf(r->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"<testsuite name=\"oke-guard check, Kubernetes %s\" tests=\"%zu\" "
		"failures=\"%zu\" errors=\"%zu\">\n",
		s->kubernetes, r->tests, r->failed, r->broken);
	report_file_rewind(r, r->cases);
	while ((n = fread(buf, 1, sizeof buf, r->cases)) > 0)
		fwrite(buf, 1, n, r->out);
	fputs("</testsuite>\n</testsuites>\n", r->out);
}

const struct report_format report_junit = {
	.name = "junit",
	.begin = junit_begin,
	.object = junit_object,
	.finding = junit_finding,
	.object_end = junit_object_end,
	.error = junit_error,
	.end = junit_end,
};
