/* SPDX-License-Identifier: Apache-2.0
 * gitlab.c - a Code Quality report of GitLab: one list, an issue a finding.
 *
 * Of each issue GitLab reads description, check_name, fingerprint, severity, location.path and
 * location.lines.begin (docs.gitlab.com, "Code Quality", "Code Quality report format"). By its
 * fingerprint it knows an issue again, so that one is the same wherever its line has gone.
 */
#include <string.h>

#include "cli/report/format.h"

static int gitlab_begin(struct report *r)
{
	fputc('[', r->out);
	return 0;
}

/* Relative to the repository, without "./" before it. */
static const char *gitlab_path(const struct report_place *place)
{
	const char *path = place->file_shown;

	while (!strncmp(path, "./", 2))
		path += 2;
	return path;
}

static void gitlab_put(struct report *r, const struct report_place *place, unsigned line,
		       const char *severity, cJSON *issue)
{
	cJSON *location = cJSON_AddObjectToObject(issue, "location");

	cJSON_AddStringToObject(issue, "severity", severity);
	cJSON_AddStringToObject(location, "path", gitlab_path(place));
	cJSON_AddNumberToObject(cJSON_AddObjectToObject(location, "lines"), "begin",
				line ? line : 1);
	fputs(r->level_n[0]++ ? ",\n" : "\n", r->out);
	report_print_json(r, r->out, issue);
}

static void gitlab_finding(struct report *r, const struct report_object *o,
			   const struct report_finding *f)
{
	static const char *const severities[] = { "critical", "minor", "info" };
	char id[REPORT_ID_MAX], fingerprint[REPORT_FINGERPRINT];
	cJSON *j;

	if (f->excuse)
		return;
	j = cJSON_CreateObject();
	report_rule_id(f, id);
	report_fingerprint(gitlab_path(&o->place), o, f, fingerprint);
	report_add_text(j, "description", f->message);
	cJSON_AddStringToObject(j, "check_name", id);
	cJSON_AddStringToObject(j, "fingerprint", fingerprint);
	gitlab_put(r, &o->place, f->line, severities[report_level_of(f)], j);
}

static void gitlab_error(struct report *r, const struct report_place *place, const char *text)
{
	const struct report_object o = { .name = str_of(text) };
	const struct report_finding f = { .change = "error" };
	char fingerprint[REPORT_FINGERPRINT];
	cJSON *j = cJSON_CreateObject();

	report_fingerprint(gitlab_path(place), &o, &f, fingerprint);
	cJSON_AddStringToObject(j, "description", text);
	cJSON_AddStringToObject(j, "check_name", "oke-guard check");
	cJSON_AddStringToObject(j, "fingerprint", fingerprint);
	gitlab_put(r, place, place->line, "blocker", j);
}

static void gitlab_end(struct report *r, const struct report_summary *s)
{
	(void)s;
	fputs("\n]\n", r->out);
}

const struct report_format report_gitlab = {
	.name = "gitlab",
	.begin = gitlab_begin,
	.finding = gitlab_finding,
	.error = gitlab_error,
	.end = gitlab_end,
};
