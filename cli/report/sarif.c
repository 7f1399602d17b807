/* SPDX-License-Identifier: Apache-2.0
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

/*
 * What GitHub takes (docs.github.com, "SARIF support for code scanning" and "results exceed
 * limit"): 25,000 results a run, of which it keeps the worst 5,000; 1,024 characters of a
 * description.
 */
#define RESULTS_MAX 25000
#define TEXT_MAX    1024
#define RULES_MAX   1000 /* that are described; a result may name another */

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
	for (size_t i = 0; i < 3; i++)
		if (!(r->levels[i] = tmpfile()))
			return -1;
	return r->errors && r->rules ? 0 : -1;
}

static const char *sarif_level_of(unsigned level)
{
	static const char *const names[] = { "error", "warning", "note" };

	return names[level];
}

static void sarif_add_words(cJSON *j, const char *key, struct str text)
{
	struct str cut = { text.s, text.n > TEXT_MAX ? TEXT_MAX : text.n };

	report_add_text(cJSON_AddObjectToObject(j, key), "text", cut);
}

/* By the tier, which is the rule's own; the action of a finding can be that of an override. */
static unsigned sarif_rule_level(const struct report_finding *f)
{
	return !f->tier                          ? report_level_of(f)
	       : !strcmp(f->tier, "unsupported") ? 0
	       : !strcmp(f->tier, "best-effort") ? 1
						 : 2;
}

static void sarif_add_rule_properties(cJSON *rule, unsigned level)
{
	static const char *const severity[] = { "error", "warning", "recommendation" };
	static const char *const tags[] = { "kubernetes", "oke", "support" };
	cJSON *p = cJSON_AddObjectToObject(rule, "properties");

	cJSON_AddStringToObject(cJSON_AddObjectToObject(rule, "defaultConfiguration"), "level",
				sarif_level_of(level));
	cJSON_AddStringToObject(p, "problem.severity", severity[level]);
	cJSON_AddStringToObject(p, "precision", "very-high");
	cJSON_AddItemToObject(p, "tags", cJSON_CreateStringArray(tags, 3));
}

/* What GitHub shows of a rule: a title, a sentence, and a text for who asks for more. */
static void sarif_fill_rule(struct report *r, cJSON *rule, const char *id,
			    const struct report_finding *f)
{
	struct report_rule words = { str_of(id), str_of(id) };
	scoped(arena_end) struct arena arena = { .limit = 1u << 20 };
	struct str link = f->why.n ? f->why : f->docs;
	struct text full;

	if (r->describe)
		r->describe(r->describe_ctx, f, &arena, &words);
	text_init(&full, &arena, 4096);
	text_printf(&full, "%.*s: %s.", STR_ARG(words.title),
		    f->change                  ? "what an upgrade of Kubernetes changes"
		    : sarif_rule_level(f) == 0 ? "outside of Oracle's support"
		    : sarif_rule_level(f) == 1 ? "best-effort support only"
					       : "inside of Oracle's support, and worth a look");
	cJSON_AddStringToObject(rule, "id", id);
	sarif_add_words(rule, "shortDescription", words.title);
	sarif_add_words(rule, "fullDescription", text_get(&full));
	report_add_text(cJSON_AddObjectToObject(rule, "help"), "text", words.text);
	if (link.n)
		report_add_text(rule, "helpUri", link);
	sarif_add_rule_properties(rule, sarif_rule_level(f));
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
	sarif_fill_rule(r, rule, id, f);
	cJSON_AddItemToArray(r->rules, rule);
}

/* What is wrong, and what to do, in one text. */
static char *sarif_words(struct report *r, const struct report_finding *f)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = report_text_open(r, &text, &n);

	if (!out)
		return NULL;
	fprintf(out, "%.*s\n", STR_ARG(f->message));
	report_print_remedy(out, f, "");
	report_text_close(r, out);
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

static void sarif_add_excuse(cJSON *j, const struct report_finding *f)
{
	cJSON *e = cJSON_CreateObject();

	cJSON_AddItemToArray(cJSON_AddArrayToObject(j, "suppressions"), e);
	cJSON_AddStringToObject(e, "kind", f->excuse == EXCUSE_MANIFEST ? "inSource" : "external");
	report_add_text(e, "justification",
			f->excuse == EXCUSE_MANIFEST ? f->reason : STR("known to the baseline"));
}

static cJSON *sarif_result(struct report *r, const struct report_object *o,
			   const struct report_finding *f, const char *id)
{
	scoped(free_end) char *text = sarif_words(r, f);
	char fingerprint[REPORT_FINGERPRINT];
	cJSON *j = cJSON_CreateObject();

	report_fingerprint(NULL, o, f, fingerprint);
	cJSON_AddStringToObject(j, "ruleId", id);
	cJSON_AddStringToObject(j, "level", sarif_level_of(report_level_of(f)));
	sarif_add_message(j, text ? text : "");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(j, "locations"),
			     sarif_location(&o->place, f->line));
	cJSON_AddStringToObject(cJSON_AddObjectToObject(j, "partialFingerprints"),
				"primaryLocationLineHash", fingerprint);
	if (f->excuse)
		sarif_add_excuse(j, f);
	sarif_add_properties(j, o, f);
	return j;
}

/* Each in a line of the file of its level, so that the worst come first. */
static void sarif_finding(struct report *r, const struct report_object *o,
			  const struct report_finding *f)
{
	unsigned level = report_level_of(f);
	char id[REPORT_ID_MAX];

	if (r->level_n[level]++ >= RESULTS_MAX)
		return;
	report_rule_id(f, id);
	sarif_describe_rule(r, id, f);
	report_print_json(r, r->levels[level], sarif_result(r, o, f, id));
	fputc('\n', r->levels[level]);
}

/* How many there was no room for. */
static size_t sarif_put_results(struct report *r)
{
	size_t written = 0, all = 0, room = 0;
	scoped(free_end) char *line = NULL;
	ssize_t n;

	for (unsigned level = 0; level < 3; level++) {
		all += r->level_n[level];
		report_file_rewind(r, r->levels[level]);
		while (written < RESULTS_MAX && (n = getline(&line, &room, r->levels[level])) > 0) {
			fputs(written++ ? ",\n" : "\n", r->out);
			fwrite(line, 1, (size_t)n - 1, r->out);
		}
	}
	return all - written;
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

static void sarif_say_left_out(struct report *r, size_t n)
{
	char text[160];
	cJSON *j = cJSON_CreateObject();

	snprintf(text, sizeof text,
		 "%zu findings are left out, of the lowest level: GitHub takes %d results", n,
		 RESULTS_MAX);
	fprintf(stderr, "note: %s\n", text);
	cJSON_AddStringToObject(j, "level", "note");
	sarif_add_message(j, text);
	cJSON_AddItemToArray(r->errors, j);
}

static void sarif_end(struct report *r, const struct report_summary *s)
{
	cJSON *invocation = cJSON_CreateObject(), *driver = cJSON_CreateObject();

	size_t left_out = sarif_put_results(r);

	if (left_out)
		sarif_say_left_out(r, left_out);
	cJSON_AddBoolToObject(invocation, "executionSuccessful", !s->errors);
	cJSON_AddItemToObject(invocation, "toolExecutionNotifications", r->errors);
	cJSON_AddStringToObject(driver, "name", "oke-guard");
	cJSON_AddStringToObject(driver, "version", OKE_GUARD_VERSION);
	cJSON_AddItemToObject(driver, "rules", r->rules);
	r->errors = r->rules = NULL;
	fputs("\n],\"invocations\":[", r->out);
	report_print_json(r, r->out, invocation);
	fputs("],\"tool\":{\"driver\":", r->out);
	report_print_json(r, r->out, driver);
	fputs("}}]}\n", r->out);
}

const struct report_format report_sarif = {
	.name = "sarif",
	.begin = sarif_begin,
	.finding = sarif_finding,
	.error = sarif_error,
	.end = sarif_end,
};
