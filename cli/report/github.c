/* SPDX-License-Identifier: Apache-2.0
 * github.c - annotations of GitHub Actions: a line `::error file=...,line=...::text` for each
 * finding.
 *
 * GitHub takes 10 errors, 10 warnings and 10 notices of a step (actions/toolkit,
 * docs/problem-matchers.md), and says nothing about the others. They are plain lines here, and the
 * end says how many.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/report/format.h"

#define GITHUB_STEP_MAX 10

static const char *const github_levels[] = { "error", "warning", "notice" };

/* As a workflow command escapes it; in a property also what would end it. */
static void github_put(FILE *out, struct str s, bool property)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		if (c == '%' || c == '\n' || c == '\r' || (property && (c == ':' || c == ',')))
			fprintf(out, "%%%02X", (unsigned)c);
		else
			fputc(c, out);
	}
}

/*
 * Outside of a command: the runner looks for "##[" anywhere in a line, and for "::" at its
 * beginning, where we put a word of our own.
 */
static void github_put_plain(FILE *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '[' && i >= 2 && s.s[i - 1] == '#' && s.s[i - 2] == '#')
			fputc(' ', out);
		fputc(s.s[i] == '\n' ? ' ' : s.s[i], out);
	}
}

static void github_annotate(struct report *r, unsigned level, const struct report_place *place,
			    unsigned line, const char *title, struct str text)
{
	fprintf(r->out, "::%s file=", github_levels[level]);
	github_put(r->out, str_of(place->file_shown), true);
	if (line)
		fprintf(r->out, ",line=%u", line);
	fputs(",title=", r->out);
	github_put(r->out, str_of(title), true);
	fputs("::", r->out);
	github_put(r->out, text, false);
	fputc('\n', r->out);
}

static void github_say(struct report *r, unsigned level, const struct report_place *place,
		       unsigned line, const char *title, struct str text)
{
	if (r->level_n[level]++ < GITHUB_STEP_MAX) {
		github_annotate(r, level, place, line, title, text);
		return;
	}
	fprintf(r->out, "%s: ", github_levels[level]);
	github_put_plain(r->out, str_of(place->file_shown));
	fprintf(r->out, ":%u: [%s] ", line, title);
	github_put_plain(r->out, text);
	fputc('\n', r->out);
}

static int github_begin(struct report *r)
{
	(void)r;
	return 0;
}

static void github_finding(struct report *r, const struct report_object *o,
			   const struct report_finding *f)
{
	char id[REPORT_ID_MAX], *text = NULL;
	size_t n = 0;
	FILE *out;

	if (f->excuse || (f->action < ACTION_WARN && !f->change))
		return;
	if (!(out = report_text_open(r, &text, &n)))
		return;
	report_print_object(out, o);
	fprintf(out, ": %.*s", STR_ARG(f->message));
	if (f->remedy.n || f->command.n)
		fputc('\n', out);
	report_print_remedy(out, f, "");
	report_text_close(r, out);
	while (n && text[n - 1] == '\n')
		n--;
	report_rule_id(f, id);
	github_say(r, report_level_of(f), &o->place, f->line, id, (struct str){ text, n });
	free(text);
}

static void github_error(struct report *r, const struct report_place *place, const char *text)
{
	github_say(r, 0, place, place->line, "oke-guard check", str_of(text));
}

static void github_end(struct report *r, const struct report_summary *s)
{
	size_t more[3];

	for (size_t i = 0; i < 3; i++)
		more[i] = r->level_n[i] > GITHUB_STEP_MAX ? r->level_n[i] - GITHUB_STEP_MAX : 0;
	if (more[0] + more[1] + more[2])
		fprintf(r->out,
			"%zu errors, %zu warnings and %zu notices stand above without an "
			"annotation: GitHub takes %d of each in a step\n",
			more[0], more[1], more[2], GITHUB_STEP_MAX);
	report_print_summary(r->out, s);
}

const struct report_format report_github = {
	.name = "github",
	.begin = github_begin,
	.finding = github_finding,
	.error = github_error,
	.end = github_end,
};
