/*
 * format.c - what the formats share.
 */
#include "cli/report/format.h"

#include <stdlib.h>
#include <string.h>

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
	for (struct str rest = f->command; rest.n;) {
		const char *end = memchr(rest.s, '\n', rest.n);
		struct str line = { rest.s, end ? (size_t)(end - rest.s) : rest.n };

		fprintf(out, "%s  %.*s\n", indent, STR_ARG(line));
		rest = str_from(rest, line.n + (end != NULL));
	}
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
