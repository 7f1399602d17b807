/* SPDX-License-Identifier: Apache-2.0
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

const char *report_action_words(const struct report_finding *f)
{
	return f->action == ACTION_ALLOW ? "note" : action_name(f->action);
}

unsigned report_level_of(const struct report_finding *f)
{
	return f->action == ACTION_DENY ? 0 : f->action == ACTION_WARN ? 1 : 2;
}

/* FNV-1a, 64 bits, and a byte that ends each part. Who can write manifests can make two alike: it
 * tells findings apart, and decides nothing. */
static uint64_t report_hash(uint64_t h, struct str s)
{
	for (size_t i = 0; i <= s.n; i++) {
		h ^= i < s.n ? (unsigned char)s.s[i] : 0xff;
		h *= 0x100000001b3u;
	}
	return h;
}

void report_fingerprint(const char *file, const struct report_object *o,
			const struct report_finding *f, char out[REPORT_FINGERPRINT])
{
	const char *slash =
		o->api_version.n ? memchr(o->api_version.s, '/', o->api_version.n) : NULL;
	struct str group = { o->api_version.s, slash ? (size_t)(slash - o->api_version.s) : 0 };
	const struct str parts[] = { group,   o->kind, o->namespace,     o->name,
				     f->path, f->gate, str_of(f->change) };
	uint64_t h = report_hash(0xcbf29ce484222325u, str_of(file ? file : ""));
	char id[REPORT_ID_MAX];

	report_rule_id(f, id);
	h = report_hash(h, str_of(id));
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		h = report_hash(h, parts[i]);
	snprintf(out, REPORT_FINGERPRINT, "%016llx", (unsigned long long)h);
}

void report_print_object(FILE *out, const struct report_object *o)
{
	fprintf(out, "%.*s %.*s%s%.*s", STR_ARG(o->kind), STR_ARG(o->namespace),
		o->namespace.n ? "/" : "", STR_ARG(o->name));
}

static const char *report_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void report_print_summary(FILE *out, const struct report_summary *s)
{
	fprintf(out, "%zu object%s in %zu file%s, Kubernetes %s: %zu denied, %zu warned",
		s->objects, report_plural(s->objects), s->files, report_plural(s->files),
		s->kubernetes, s->actions[ACTION_DENY], s->actions[ACTION_WARN]);
	if (s->to)
		fprintf(out, "; %zu change%s on the way to %s", s->changes,
			report_plural(s->changes), s->to);
	if (s->ignored)
		fprintf(out, "; %zu ignored by manifests", s->ignored);
	if (s->baseline)
		fprintf(out, "; %zu known to the baseline, %zu of it gone", s->known, s->gone);
	if (s->skipped)
		fprintf(out, "; %zu skipped: no Kubernetes objects", s->skipped);
	if (s->errors)
		fprintf(out, "; %zu error%s", s->errors, report_plural(s->errors));
	fprintf(out, "\n");
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

void report_print_json(struct report *r, FILE *out, cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);

	if (text)
		fputs(text, out);
	else
		r->lost = "out of memory";
	cJSON_free(text);
	cJSON_Delete(o);
}

FILE *report_text_open(struct report *r, char **text, size_t *n)
{
	FILE *f = open_memstream(text, n);

	if (!f)
		r->lost = "out of memory";
	return f;
}

void report_text_close(struct report *r, FILE *f)
{
	bool failed = f && (fflush(f) || ferror(f));

	if ((f && fclose(f)) || failed)
		r->lost = "out of memory";
}

void report_file_rewind(struct report *r, FILE *f)
{
	if (fflush(f) || ferror(f))
		r->lost = "no room for temporary files";
	rewind(f);
}
