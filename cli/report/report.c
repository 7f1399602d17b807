/*
 * report.c - the report's frame, its text form, and JSON.
 */
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report/format.h"

/* ---- shared ---- */

void check_rule_id(const struct check_finding *f, char out[CHECK_ID_MAX])
{
	if (f->change)
		snprintf(out, CHECK_ID_MAX, "preflight/%s", f->change);
	else
		snprintf(out, CHECK_ID_MAX, "%.*s/%.*s", STR_ARG(f->policy), STR_ARG(f->rule));
}

void check_print_remedy(FILE *out, const struct check_finding *f, const char *indent)
{
	bool sentence = f->remedy.n && f->remedy.s[0] >= 'A' && f->remedy.s[0] <= 'Z';

	if (f->remedy.n || f->command.n)
		fprintf(out, "%s%s%.*s\n", indent,
			sentence ? "" : "Instead: ", STR_ARG(f->remedy.n ? f->remedy : STR("run")));
	if (f->command.n)
		fprintf(out, "%s  %.*s\n", indent, STR_ARG(f->command));
}

void check_add(cJSON *o, const char *key, struct str s)
{
	char *z = strndup(s.s ? s.s : "", s.n);

	if (z)
		cJSON_AddStringToObject(o, key, z);
	free(z);
}

void check_print_json(FILE *out, cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);

	if (text)
		fputs(text, out);
	cJSON_free(text);
	cJSON_Delete(o);
}

/* ---- text ---- */

static int text_begin(struct check_report *r)
{
	(void)r;
	return 0;
}

static void text_finding(struct check_report *r, const struct check_object *o,
			 const struct check_finding *f)
{
	char id[CHECK_ID_MAX];

	if (f->action < ACTION_WARN && !f->change)
		return; /* audit: for the report of a program */
	check_rule_id(f, id);
	fprintf(r->out, "%s:%u: %s [%s] %.*s\n", o->place.file_shown, f->line,
		f->action == ACTION_ALLOW ? "note" : action_name(f->action), id,
		STR_ARG(f->message));
	check_print_remedy(r->out, f, "    ");
	if (f->docs.n)
		fprintf(r->out, "    Why: %.*s\n", STR_ARG(f->docs));
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void text_end(struct check_report *r, const struct check_summary *s)
{
	fprintf(r->out, "%zu object%s in %zu file%s, Kubernetes %s: %zu denied, %zu warned",
		s->objects, plural(s->objects), s->files, plural(s->files), s->kubernetes,
		s->actions[ACTION_DENY], s->actions[ACTION_WARN]);
	if (s->to)
		fprintf(r->out, "; %zu change%s on the way to %s", s->changes, plural(s->changes),
			s->to);
	if (s->skipped)
		fprintf(r->out, "; %zu skipped: no Kubernetes objects", s->skipped);
	if (s->errors)
		fprintf(r->out, "; %zu error%s", s->errors, plural(s->errors));
	fprintf(r->out, "\n");
}

static const struct check_format check_text = {
	.name = "text",
	.begin = text_begin,
	.finding = text_finding,
	.end = text_end,
};

/* ---- JSON ---- */

static int json_begin(struct check_report *r)
{
	fputs("{\"findings\":[", r->out);
	r->errors = cJSON_CreateArray();
	return r->errors ? 0 : -1;
}

static cJSON *object_json(const struct check_object *o)
{
	cJSON *j = cJSON_CreateObject();

	check_add(j, "apiVersion", o->api_version);
	check_add(j, "kind", o->kind);
	check_add(j, "namespace", o->namespace);
	check_add(j, "name", o->name);
	return j;
}

static void json_finding(struct check_report *r, const struct check_object *o,
			 const struct check_finding *f)
{
	cJSON *j = cJSON_CreateObject();
	struct str tier = str_of(f->tier);

	cJSON_AddStringToObject(j, "file", o->place.file_shown);
	cJSON_AddNumberToObject(j, "document", o->place.document);
	cJSON_AddNumberToObject(j, "line", f->line);
	cJSON_AddItemToObject(j, "object", object_json(o));
	check_add(j, "policy", f->change ? STR("preflight") : f->policy);
	check_add(j, "rule", f->change ? str_of(f->change) : f->rule);
	check_add(j, "tier", tier);
	cJSON_AddStringToObject(j, "action", action_name(f->action));
	check_add(j, "path", f->path);
	check_add(j, "gate", f->gate);
	check_add(j, "message", f->message);
	check_add(j, "remedy", f->remedy);
	check_add(j, "command", f->command);
	check_add(j, "docs", f->docs);
	fputs(r->written ? ",\n" : "\n", r->out);
	check_print_json(r->out, j);
}

static void json_error(struct check_report *r, const struct check_place *place, const char *text)
{
	cJSON *j;

	if (cJSON_GetArraySize(r->errors) >= CHECK_ERRORS_MAX || !(j = cJSON_CreateObject()))
		return;
	cJSON_AddStringToObject(j, "file", place->file_shown);
	cJSON_AddNumberToObject(j, "document", place->document);
	cJSON_AddNumberToObject(j, "line", place->line);
	cJSON_AddStringToObject(j, "message", text);
	cJSON_AddItemToArray(r->errors, j);
}

static void json_end(struct check_report *r, const struct check_summary *s)
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
	check_print_json(r->out, r->errors);
	r->errors = NULL;
	fputs(",\"summary\":", r->out);
	check_print_json(r->out, j);
	fputs("}\n", r->out);
}

const struct check_format check_json = {
	.name = "json",
	.begin = json_begin,
	.finding = json_finding,
	.error = json_error,
	.end = json_end,
};

/* ---- the frame ---- */

struct check_report *check_report_new(const char *format, FILE *out, enum action fail_on)
{
	static const struct check_format *const formats[] = { &check_text, &check_json,
							      &check_sarif, &check_junit };
	struct check_report *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->out = out;
	r->fail_on = fail_on;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(format, formats[i]->name))
			r->format = formats[i];
	if (r->format && r->format->begin(r) == 0)
		return r;
	check_report_free(r);
	return NULL;
}

void check_report_free(struct check_report *r)
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

void check_report_object(struct check_report *r, const struct check_object *o)
{
	if (r->format->object)
		r->format->object(r, o);
}

void check_report_finding(struct check_report *r, const struct check_object *o,
			  const struct check_finding *f)
{
	r->format->finding(r, o, f);
	r->written++;
}

void check_report_object_end(struct check_report *r, const struct check_object *o)
{
	if (r->format->object_end)
		r->format->object_end(r, o);
}

void check_report_error(struct check_report *r, const struct check_place *place, const char *text)
{
	fprintf(stderr, "%s:", place->file_shown);
	if (place->line)
		fprintf(stderr, "%u:", place->line);
	fprintf(stderr, " error: %s\n", text);
	if (r->format->error)
		r->format->error(r, place, text);
}

int check_report_end(struct check_report *r, const struct check_summary *s)
{
	r->format->end(r, s);
	return fflush(r->out) || ferror(r->out) ? -1 : 0;
}
