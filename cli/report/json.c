/* SPDX-License-Identifier: Apache-2.0
 * json.c - one object: findings as they come, errors, a summary.
 */
#include "cli/report/format.h"

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

static void report_json_add_excuse(cJSON *j, const struct report_finding *f)
{
	cJSON *e = cJSON_AddObjectToObject(j, "excused");

	cJSON_AddStringToObject(e, "by", f->excuse == EXCUSE_BASELINE ? "baseline" : "manifest");
	if (f->excuse == EXCUSE_BASELINE)
		return;
	report_add_text(e, "until", f->until);
	report_add_text(e, "reason", f->reason);
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
	if (!str_eq(f->why, f->docs))
		report_add_text(j, "why", f->why);
	report_add_text(j, "docs", f->docs);
	if (f->excuse)
		report_json_add_excuse(j, f);
	fputs(r->written ? ",\n" : "\n", r->out);
	report_print_json(r, r->out, j);
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
	cJSON_AddNumberToObject(j, "ignored", (double)s->ignored);
	cJSON_AddNumberToObject(j, "known", (double)s->known);
	cJSON_AddNumberToObject(j, "gone", (double)s->gone);
	fputs("\n],\"errors\":", r->out);
	report_print_json(r, r->out, r->errors);
	r->errors = NULL;
	fputs(",\"summary\":", r->out);
	report_print_json(r, r->out, j);
	fputs("}\n", r->out);
}

const struct report_format report_json = {
	.name = "json",
	.begin = report_json_begin,
	.finding = report_json_finding,
	.error = report_json_error,
	.end = report_json_end,
};
