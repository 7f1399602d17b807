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
static char *uri_of(const char *file)
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

static cJSON *location(const struct check_place *place, unsigned line)
{
	scoped(free_end) char *uri = uri_of(place->file);
	cJSON *j = cJSON_CreateObject();
	cJSON *physical = cJSON_AddObjectToObject(j, "physicalLocation");
	cJSON *artifact = cJSON_AddObjectToObject(physical, "artifactLocation");

	cJSON_AddStringToObject(artifact, "uri", uri ? uri : "");
	if (line)
		cJSON_AddNumberToObject(cJSON_AddObjectToObject(physical, "region"), "startLine",
					line);
	return j;
}

static void add_message(cJSON *j, const char *text)
{
	cJSON_AddStringToObject(cJSON_AddObjectToObject(j, "message"), "text", text);
}

static int sarif_begin(struct check_report *r)
{
	fputs("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
	      "\"version\":\"2.1.0\",\"runs\":[{\"results\":[",
	      r->out);
	r->errors = cJSON_CreateArray();
	r->rules = cJSON_CreateArray();
	return r->errors && r->rules ? 0 : -1;
}

static void describe_rule(struct check_report *r, const char *id, const struct check_finding *f)
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
	if (f->docs.n)
		check_add(rule, "helpUri", f->docs);
	cJSON_AddItemToArray(r->rules, rule);
}

static const char *level_of(enum action a)
{
	return a == ACTION_DENY ? "error" : a == ACTION_WARN ? "warning" : "note";
}

/* What is wrong, and what to do, in one text. */
static char *words(const struct check_finding *f)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	fprintf(out, "%.*s\n", STR_ARG(f->message));
	check_print_remedy(out, f, "");
	fclose(out);
	return text;
}

static void add_properties(cJSON *j, const struct check_object *o, const struct check_finding *f)
{
	cJSON *p = cJSON_AddObjectToObject(j, "properties");

	cJSON_AddNumberToObject(p, "document", o->place.document);
	check_add(p, "kind", o->kind);
	check_add(p, "namespace", o->namespace);
	check_add(p, "name", o->name);
	check_add(p, "path", f->path);
	check_add(p, "gate", f->gate);
}

static void sarif_finding(struct check_report *r, const struct check_object *o,
			  const struct check_finding *f)
{
	scoped(free_end) char *text = words(f);
	cJSON *j = cJSON_CreateObject();
	char id[CHECK_ID_MAX];

	check_rule_id(f, id);
	describe_rule(r, id, f);
	cJSON_AddStringToObject(j, "ruleId", id);
	cJSON_AddStringToObject(j, "level", level_of(f->action));
	add_message(j, text ? text : "");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(j, "locations"), location(&o->place, f->line));
	add_properties(j, o, f);
	fputs(r->written ? ",\n" : "\n", r->out);
	check_print_json(r->out, j);
}

static void sarif_error(struct check_report *r, const struct check_place *place, const char *text)
{
	cJSON *j;

	if (cJSON_GetArraySize(r->errors) >= CHECK_ERRORS_MAX || !(j = cJSON_CreateObject()))
		return;
	cJSON_AddStringToObject(j, "level", "error");
	add_message(j, text);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(j, "locations"), location(place, place->line));
	cJSON_AddItemToArray(r->errors, j);
}

static void sarif_end(struct check_report *r, const struct check_summary *s)
{
	cJSON *invocation = cJSON_CreateObject(), *driver = cJSON_CreateObject();

	cJSON_AddBoolToObject(invocation, "executionSuccessful", !s->errors);
	cJSON_AddItemToObject(invocation, "toolExecutionNotifications", r->errors);
	cJSON_AddStringToObject(driver, "name", "oke-guard");
	cJSON_AddStringToObject(driver, "version", OKE_GUARD_VERSION);
	cJSON_AddItemToObject(driver, "rules", r->rules);
	r->errors = r->rules = NULL;
	fputs("\n],\"invocations\":[", r->out);
	check_print_json(r->out, invocation);
	fputs("],\"tool\":{\"driver\":", r->out);
	check_print_json(r->out, driver);
	fputs("}}]}\n", r->out);
}

const struct check_format check_sarif = {
	.name = "sarif",
	.begin = sarif_begin,
	.finding = sarif_finding,
	.error = sarif_error,
	.end = sarif_end,
};
