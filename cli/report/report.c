/*
 * report.c - the report's frame, its text form, and JSON.
 */
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report/format.h"

/* ---- shared ---- */

void report_rule_id(const struct report_finding *f, char out[REPORT_ID_MAX])
{
	if (f->change)
		snprintf(out, REPORT_ID_MAX, "preflight/%s", f->change);
	else
		snprintf(out, REPORT_ID_MAX, "%.*s/%.*s", STR_ARG(f->policy), STR_ARG(f->rule));
}

void report_print_remedy(FILE *out, const struct report_finding *f, const char *indent)
{
	bool sentence = f->remedy.n && f->remedy.s[0] >= 'A' && f->remedy.s[0] <= 'Z';

	if (f->remedy.n || f->command.n)
		fprintf(out, "%s%s%.*s\n", indent,
			sentence ? "" : "Instead: ", STR_ARG(f->remedy.n ? f->remedy : STR("run")));
	if (f->command.n)
		fprintf(out, "%s  %.*s\n", indent, STR_ARG(f->command));
}

void report_add_text(cJSON *o, const char *key, struct str s)
{
	char *z = strndup(s.s ? s.s : "", s.n);

	if (z)
		cJSON_AddStringToObject(o, key, z);
	free(z);
}

void report_print_json(FILE *out, cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);

	if (text)
		fputs(text, out);
	cJSON_free(text);
	cJSON_Delete(o);
}

/* ---- text ---- */

static int report_text_begin(struct report *r)
{
	(void)r;
	return 0;
}

static void report_text_finding(struct report *r, const struct report_object *o,
				const struct report_finding *f)
{
	char id[REPORT_ID_MAX];

	if (f->action < ACTION_WARN && !f->change)
		return; /* audit: for the report of a program */
	report_rule_id(f, id);
	fprintf(r->out, "%s:%u: %s [%s] %.*s\n", o->place.file_shown, f->line,
		f->action == ACTION_ALLOW ? "note" : action_name(f->action), id,
		STR_ARG(f->message));
	report_print_remedy(r->out, f, "    ");
	if (f->docs.n)
		fprintf(r->out, "    Why: %.*s\n", STR_ARG(f->docs));
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

static const struct report_format report_text = {
	.name = "text",
	.begin = report_text_begin,
	.finding = report_text_finding,
	.end = report_text_end,
};

/* ---- JSON ---- */

static int report_json_begin(struct report *r)
{
	fputs("{\"findings\":[", r->out);
	r->errors = cJSON_CreateArray();
	return r->errors ? 0 : -1;
}

static cJSON *report_json_object(const struct report_object *o)
{
	cJSON *j = cJSON_CreateObject();

	report_add_text(j, "apiVersion", o->api_version);
	report_add_text(j, "kind", o->kind);
	report_add_text(j, "namespace", o->namespace);
	report_add_text(j, "name", o->name);
	return j;
}

static void report_json_finding(struct report *r, const struct report_object *o,
				const struct report_finding *f)
{
	cJSON *j = cJSON_CreateObject();
	struct str tier = str_of(f->tier);

	cJSON_AddStringToObject(j, "file", o->place.file_shown);
	cJSON_AddNumberToObject(j, "document", o->place.document);
	cJSON_AddNumberToObject(j, "line", f->line);
	cJSON_AddItemToObject(j, "object", report_json_object(o));
	report_add_text(j, "policy", f->change ? STR("preflight") : f->policy);
	report_add_text(j, "rule", f->change ? str_of(f->change) : f->rule);
	report_add_text(j, "tier", tier);
	cJSON_AddStringToObject(j, "action", action_name(f->action));
	report_add_text(j, "path", f->path);
	report_add_text(j, "gate", f->gate);
	report_add_text(j, "message", f->message);
	report_add_text(j, "remedy", f->remedy);
	report_add_text(j, "command", f->command);
	report_add_text(j, "docs", f->docs);
	fputs(r->written ? ",\n" : "\n", r->out);
	report_print_json(r->out, j);
}

static void report_json_error(struct report *r, const struct report_place *place, const char *text)
{
	cJSON *j;

	if (cJSON_GetArraySize(r->errors) >= REPORT_ERRORS_MAX || !(j = cJSON_CreateObject()))
		return;
	cJSON_AddStringToObject(j, "file", place->file_shown);
	cJSON_AddNumberToObject(j, "document", place->document);
	cJSON_AddNumberToObject(j, "line", place->line);
	cJSON_AddStringToObject(j, "message", text);
	cJSON_AddItemToArray(r->errors, j);
}

static void report_json_end(struct report *r, const struct report_summary *s)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "kubernetes", s->kubernetes);
	cJSON_AddStringToObject(j, "to", s->to ? s->to : "");
	cJSON_AddNumberToObject(j, "files", (double)s->files);
	cJSON_AddNumberToObject(j, "skipped", (double)s->skipped);
	cJSON_AddNumberToObject(j, "documents", (double)s->documents);
	cJSON_AddNumberToObject(j, "objects", (double)s->objects);
	cJSON_AddNumberToObject(j, "errors", (double)s->errors);
	cJSON_AddNumberToObject(j, "deny", (double)s->actions[ACTION_DENY]);
	cJSON_AddNumberToObject(j, "warn", (double)s->actions[ACTION_WARN]);
	cJSON_AddNumberToObject(j, "audit", (double)s->actions[ACTION_AUDIT]);
	cJSON_AddNumberToObject(j, "changes", (double)s->changes);
	fputs("\n],\"errors\":", r->out);
	report_print_json(r->out, r->errors);
	r->errors = NULL;
	fputs(",\"summary\":", r->out);
	report_print_json(r->out, j);
	fputs("}\n", r->out);
}

const struct report_format report_json = {
	.name = "json",
	.begin = report_json_begin,
	.finding = report_json_finding,
	.error = report_json_error,
	.end = report_json_end,
};

/* ---- the frame ---- */

struct report *report_new(const char *format, FILE *out, enum action fail_on)
{
	static const struct report_format *const formats[] = { &report_text, &report_json,
							       &report_sarif, &report_junit };
	struct report *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->out = out;
	r->fail_on = fail_on;
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
	fprintf(stderr, " error: %s\n", text);
	if (r->format->error)
		r->format->error(r, place, text);
}

int report_end(struct report *r, const struct report_summary *s)
{
	r->format->end(r, s);
	return fflush(r->out) || ferror(r->out) ? -1 : 0;
}
