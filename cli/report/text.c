/* SPDX-License-Identifier: Apache-2.0
 * text.c - for people, as compilers say it.
 */
#include "cli/report/format.h"
#include "lib/base/terminal.h"

static int report_text_begin(struct report *r)
{
	r->colour = terminal_has_colour(r->out);
	return 0;
}

static const char *report_text_colour(const struct report *r, enum action action)
{
	if (!r->colour)
		return "";
	return action == ACTION_DENY   ? COLOUR_BAD
	       : action == ACTION_WARN ? COLOUR_WARN
				       : COLOUR_NOTE;
}

static void report_text_finding(struct report *r, const struct report_object *o,
				const struct report_finding *f)
{
	char id[REPORT_ID_MAX];

	if ((f->action < ACTION_WARN && !f->change) || f->excuse)
		return; /* audit: for the report of a program */
	report_rule_id(f, id);
	fprintf(r->out, "%s:%u: %s%s%s [%s] %.*s\n", o->place.file_shown, f->line,
		report_text_colour(r, f->action), report_action_words(f),
		r->colour ? COLOUR_OFF : "", id, STR_ARG(f->message));
	report_print_remedy(r->out, f, "    ");
	if (f->why.n)
		fprintf(r->out, "    Why: %.*s\n", STR_ARG(f->why));
	if (f->docs.n && !str_eq(f->docs, f->why))
		fprintf(r->out, "    How: %.*s\n", STR_ARG(f->docs));
}

static void report_text_end(struct report *r, const struct report_summary *s)
{
	report_print_summary(r->out, s);
}

const struct report_format report_text = {
	.name = "text",
	.begin = report_text_begin,
	.finding = report_text_finding,
	.end = report_text_end,
};
