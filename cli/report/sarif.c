/*
 * sarif.c - SARIF 2.1.0 (OASIS), as code scanning takes it.
 *
 * Results are written as they come; the rules they name stand behind them, where JSON allows it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/version.h"
#include "cli/report/format.h"

#define RULES_MAX 1000 /* that are described; a result may name another */

/* RFC 3986: a relative reference, or a file URI of an absolute path. */
static char *sarif_uri_of(const char *file)
{
	size_t n = strlen(file);
	char *uri = malloc(3 * n + sizeof "file://"), *out = uri;

	if (!uri)
		return NULL;
	if (*file == '/')
		out += sprintf(out, "file://");
	while (!strncmp(file, "./", 2))
		file += 2;
	for (; *file; file++) {
		unsigned char c = (unsigned char)*file;

		if (isalnum(c) || strchr("-._~/", c))
			*out++ = (char)c;
		else
			out += sprintf(out, "%%%02X", c);
	}
	*out = '\0';
	return uri;
}

static cJSON *sarif_location(const struct report_place *place, unsigned line)
{
	scoped(free_end) char *uri = sarif_uri_of(place->file);
	cJSON *j = cJSON_CreateObject();
	cJSON *physical = cJSON_AddObjectToObject(j, "physicalLocation");
	cJSON *artifact = cJSON_AddObjectToObject(physical, "artifactLocation");

	cJSON_AddStringToObject(artifact, "uri", uri ? uri : "");
	if (line)
		cJSON_AddNumberToObject(cJSON_AddObjectToObject(physical, "region"), "startLine",
					line);
	return j;
}

static void sarif_add_message(cJSON *j, const char *text)
{
	cJSON_AddStringToObject(cJSON_AddObjectToObject(j, "message"), "text", text);
}

static int sarif_begin(struct report *r)
{
	fputs("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
	      "\"version\":\"2.1.0\",\"runs\":[{\"results\":[",
	      r->out);
	r->errors = cJSON_CreateArray();
	r->rules = cJSON_CreateArray();
	return r->errors && r->rules ? 0 : -1;
}

static void sarif_describe_rule(struct report *r, const char *id, const struct report_finding *f)
{
	const cJSON *known;
	cJSON *rule;

	cJSON_ArrayForEach(known, r->rules)
	{
		if (!strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(known, "id")), id))
			return;
	}
	if (cJSON_GetArraySize(r->rules) >= RULES_MAX || !(rule = cJSON_CreateObject()))
		return;
	cJSON_AddStringToObject(rule, "id", id);
	if (f->why.n || f->docs.n)
		report_add_text(rule, "helpUri", f->why.n ? f->why : f->docs);
	cJSON_AddItemToArray(r->rules, rule);
}

static const char *sarif_level_of(enum action a)
{
	return a == ACTION_DENY ? "error" : a == ACTION_WARN ? "warning" : "note";
}

/* What is wrong, and what to do, in one text. */
static char *sarif_words(const struct report_finding *f)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	fprintf(out, "%.*s\n", STR_ARG(f->message));
	report_print_remedy(out, f, "");
	fclose(out);
	return text;
}

static void sarif_add_properties(cJSON *j, const struct report_object *o,
				 const struct report_finding *f)
{
	cJSON *p = cJSON_AddObjectToObject(j, "properties");

	cJSON_AddNumberToObject(p, "document", o->place.document);
	report_add_text(p, "kind", o->kind);
	report_add_text(p, "namespace", o->namespace);
	report_add_text(p, "name", o->name);
	report_add_text(p, "path", f->path);
	report_add_text(p, "gate", f->gate);
}

static void sarif_finding(struct report *r, const struct report_object *o,
			  const struct report_finding *f)
{
	scoped(free_end) char *text = sarif_words(f);
	cJSON *j = cJSON_CreateObject();
	char id[REPORT_ID_MAX];

	report_rule_id(f, id);
	sarif_describe_rule(r, id, f);
	cJSON_AddStringToObject(j, "ruleId", id);
	cJSON_AddStringToObject(j, "level", sarif_level_of(f->action));
	sarif_add_message(j, text ? text : "");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(j, "locations"),
			     sarif_location(&o->place, f->line));
	sarif_add_properties(j, o, f);
	fputs(r->written ? ",\n" : "\n", r->out);
	report_print_json(r->out, j);
}

static void sarif_error(struct report *r, const struct report_place *place, const char *text)
{
	cJSON *j;

	if (cJSON_GetArraySize(r->errors) >= REPORT_ERRORS_MAX || !(j = cJSON_CreateObject()))
		return;
	cJSON_AddStringToObject(j, "level", "error");
	sarif_add_message(j, text);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(j, "locations"),
			     sarif_location(place, place->line));
	cJSON_AddItemToArray(r->errors, j);
}

static void sarif_end(struct report *r, const struct report_summary *s)
{
	cJSON *invocation = cJSON_CreateObject(), *driver = cJSON_CreateObject();

	cJSON_AddBoolToObject(invocation, "executionSuccessful", !s->errors);
	cJSON_AddItemToObject(invocation, "toolExecutionNotifications", r->errors);
	cJSON_AddStringToObject(driver, "name", "oke-guard");
	cJSON_AddStringToObject(driver, "version", OKE_GUARD_VERSION);
	cJSON_AddItemToObject(driver, "rules", r->rules);
	r->errors = r->rules = NULL;
	fputs("\n],\"invocations\":[", r->out);
	report_print_json(r->out, invocation);
	fputs("],\"tool\":{\"driver\":", r->out);
	report_print_json(r->out, driver);
	fputs("}}]}\n", r->out);
}

const struct report_format report_sarif = {
	.name = "sarif",
	.begin = sarif_begin,
	.finding = sarif_finding,
	.error = sarif_error,
	.end = sarif_end,
};
