/*
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

	if (f->action < ACTION_WARN && !f->change)
		return; /* audit: for the report of a program */
	report_rule_id(f, id);
	fprintf(r->out, "%s:%u: %s%s%s [%s] %.*s\n", o->place.file_shown, f->line,
		report_text_colour(r, f->action),
		f->action == ACTION_ALLOW ? "note" : action_name(f->action),
		r->colour ? COLOUR_OFF : "", id, STR_ARG(f->message));
	report_print_remedy(r->out, f, "    ");
	if (f->why.n)
		fprintf(r->out, "    Why: %.*s\n", STR_ARG(f->why));
	if (f->docs.n && !str_eq(f->docs, f->why))
		fprintf(r->out, "    How: %.*s\n", STR_ARG(f->docs));
}

static const char *report_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void report_text_end(struct report *r, const struct report_summary *s)
{
	fprintf(r->out, "%zu object%s in %zu file%s, Kubernetes %s: %zu denied, %zu warned",
		s->objects, report_plural(s->objects), s->files, report_plural(s->files),
		s->kubernetes, s->actions[ACTION_DENY], s->actions[ACTION_WARN]);
	if (s->to)
		fprintf(r->out, "; %zu change%s on the way to %s", s->changes,
			report_plural(s->changes), s->to);
	if (s->skipped)
		fprintf(r->out, "; %zu skipped: no Kubernetes objects", s->skipped);
	if (s->errors)
		fprintf(r->out, "; %zu error%s", s->errors, report_plural(s->errors));
	fprintf(r->out, "\n");
}

const struct report_format report_text = {
	.name = "text",
	.begin = report_text_begin,
	.finding = report_text_finding,
	.end = report_text_end,
};
