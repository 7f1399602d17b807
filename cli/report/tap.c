/* SPDX-License-Identifier: Apache-2.0
 * tap.c - the Test Anything Protocol, version 13: a test point an object, which fails by findings
 * that --fail-on counts; all findings of one that fails stand below it as YAML.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/report/format.h"

/* In a description `#` would begin a directive. */
static void tap_put_words(FILE *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '#' || s[i] == '\\')
			fputc('\\', out);
		fputc(s[i] == '\n' ? ' ' : s[i], out);
	}
}

/* A string of YAML in double quotes; texts are printable ASCII but for ends of lines. */
static void tap_put_string(FILE *out, const char *key, struct str s)
{
	fprintf(out, "%s: \"", key);
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (s.s[i] == '"' || s.s[i] == '\\')
			fputc('\\', out);
		fputc(s.s[i], out);
	}
	fputs("\"\n", out);
}

static int tap_begin(struct report *r)
{
	fputs("TAP version 13\n", r->out);
	return 0;
}

static void tap_object(struct report *r, const struct report_object *o)
{
	(void)o;
	r->failure = report_text_open(r, &r->failure_text, &r->failure_n);
	r->tests++;
}

static void tap_finding(struct report *r, const struct report_object *o,
			const struct report_finding *f)
{
	char id[REPORT_ID_MAX];

	(void)o;
	if (f->action >= r->fail_on && !f->excuse)
		r->failure_action = f->action;
	if (!r->failure)
		return;
	report_rule_id(f, id);
	fprintf(r->failure, "    - line: %u\n", f->line);
	tap_put_string(r->failure, "      rule", str_of(id));
	tap_put_string(r->failure, "      action", str_of(report_action_words(f)));
	tap_put_string(r->failure, "      message", f->message);
	if (f->excuse)
		tap_put_string(r->failure, "      excused",
			       f->excuse == EXCUSE_MANIFEST ? f->reason : STR("baseline"));
}

static void tap_point(struct report *r, bool ok, const struct report_place *place)
{
	fprintf(r->out, "%s %zu - ", ok ? "ok" : "not ok", r->tests);
	tap_put_words(r->out, place->file_shown, strlen(place->file_shown));
	fprintf(r->out, ":%u ", place->line);
}

static void tap_object_end(struct report *r, const struct report_object *o)
{
	bool ok = r->failure_action == ACTION_ALLOW;
	char *words = NULL;
	size_t n = 0;
	FILE *out = report_text_open(r, &words, &n);

	report_text_close(r, r->failure);
	tap_point(r, ok, &o->place);
	if (out) {
		report_print_object(out, o);
		report_text_close(r, out);
		tap_put_words(r->out, words, n);
	}
	fputc('\n', r->out);
	if (!ok && r->failure_text)
		fprintf(r->out, "  ---\n  findings:\n%.*s  ...\n", (int)r->failure_n,
			r->failure_text);
	free(words);
	free(r->failure_text);
	r->failure = NULL;
	r->failure_text = NULL;
	r->failure_action = ACTION_ALLOW;
}

static void tap_error(struct report *r, const struct report_place *place, const char *text)
{
	r->tests++;
	tap_point(r, false, place);
	tap_put_words(r->out, text, strlen(text));
	fputc('\n', r->out);
}

static void tap_end(struct report *r, const struct report_summary *s)
{
	fprintf(r->out, "1..%zu\n# ", r->tests);
	report_print_summary(r->out, s);
}

const struct report_format report_tap = {
	.name = "tap",
	.begin = tap_begin,
	.object = tap_object,
	.finding = tap_finding,
	.object_end = tap_object_end,
	.error = tap_error,
	.end = tap_end,
};
