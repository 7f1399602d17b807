/* SPDX-License-Identifier: Apache-2.0
 * report.c - the frame of a report: which format, what goes where.
 */
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report/format.h"
#include "lib/base/terminal.h"

struct report *report_new(const char *format, FILE *out, enum action fail_on,
			  report_describe_fn *describe, void *ctx)
{
	static const struct report_format *const formats[] = { &report_text,  &report_json,
							       &report_sarif, &report_junit,
							       &report_tap,   &report_github,
							       &report_gitlab };
	struct report *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->out = out;
	r->fail_on = fail_on;
	r->describe = describe;
	r->describe_ctx = ctx;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(format, formats[i]->name))
			r->format = formats[i];
	if (r->format && r->format->begin(r) == 0)
		return r;
	report_free(r);
	return NULL;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	cJSON_Delete(r->errors);
	cJSON_Delete(r->rules);
	for (size_t i = 0; i < sizeof r->levels / sizeof *r->levels; i++)
		if (r->levels[i])
			fclose(r->levels[i]);
	if (r->cases)
		fclose(r->cases);
	if (r->failure)
		fclose(r->failure);
	if (r->output)
		fclose(r->output);
	free(r->failure_text);
	free(r->output_text);
	free(r->failure_head);
	free(r);
}

void report_object(struct report *r, const struct report_object *o)
{
	if (r->format->object)
		r->format->object(r, o);
}

void report_finding(struct report *r, const struct report_object *o, const struct report_finding *f)
{
	r->format->finding(r, o, f);
	r->written++;
}

void report_object_end(struct report *r, const struct report_object *o)
{
	if (r->format->object_end)
		r->format->object_end(r, o);
}

void report_error(struct report *r, const struct report_place *place, const char *text)
{
	fprintf(stderr, "%s:", place->file_shown);
	if (place->line)
		fprintf(stderr, "%u:", place->line);
	fprintf(stderr, " %serror:%s %s\n", terminal_has_colour(stderr) ? COLOUR_BAD : "",
		terminal_has_colour(stderr) ? COLOUR_OFF : "", text);
	if (r->format->error)
		r->format->error(r, place, text);
}

int report_end(struct report *r, const struct report_summary *s, struct err *err)
{
	r->format->end(r, s);
	if (fflush(r->out) || ferror(r->out))
		return err_set(err, ERR_IO, "the output cannot be written");
	return r->lost ? err_set(err, ERR_NOMEM, "the report is not whole: %s", r->lost) : 0;
}
