/* SPDX-License-Identifier: Apache-2.0
 * posture_json.c - the report for programs (cli/report/posture.schema.json), and in a ConfigMap.
 *
 * With a limit the examples share what it leaves: the first of each check, then the second of
 * each, as long as they fit. What is left out is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/report/posture.h"
#include "lib/base/cleanup.h"
#include "lib/base/version.h"
#include "lib/base/time.h"

static void put_string(FILE *out, struct str s)
{
	fputc('"', out);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void put_member(FILE *out, const char *key, struct str s)
{
	fprintf(out, "\"%s\":", key);
	put_string(out, s);
}

/* Left out where there is nothing to say. */
static void put_optional(FILE *out, const char *key, struct str s)
{
	if (!s.n)
		return;
	fputc(',', out);
	put_member(out, key, s);
}

static void put_time(FILE *out, const char *key, int64_t seconds)
{
	char text[TIME_TEXT];

	if (!seconds)
		return;
	time_print(seconds, text);
	fprintf(out, ",\"%s\":\"%s\"", key, text);
}

static void put_finding(FILE *out, const struct posture_view *v, const struct posture_finding *f)
{
	fprintf(out, "{\"key\":\"%016llx\",", (unsigned long long)f->key);
	put_member(out, "check", str_of(f->check->id));
	put_optional(out, "tier", str_of(tier_name(f->tier)));
	fputs(",\"object\":{", out);
	put_member(out, "kind", f->kind);
	put_optional(out, "apiVersion", f->api_version);
	put_optional(out, "namespace", f->namespace);
	put_optional(out, "name", f->name);
	put_optional(out, "uid", f->uid);
	fputs("},", out);
	put_member(out, "path", f->path);
	put_optional(out, "from", f->from);
	put_optional(out, "to", f->to);
	put_optional(out, "tool", f->tool);
	put_time(out, "time", f->time);
	put_optional(out, "evidence", str_of(f->evidence));
	put_optional(out, "rule", f->rule);
	put_optional(out, "text", f->text);
	put_optional(out, "remedy", f->remedy);
	put_optional(out, "command", f->command);
	put_optional(out, "docs", f->docs);
	if (f->accepted)
		fputs(",\"accepted\":true", out);
	put_optional(out, "exception", f->exception);
	if (v->baseline)
		fprintf(out, ",\"new\":%s", f->fresh ? "true" : "false");
	fputc('}', out);
}

/* ---- which examples fit ---- */

static size_t finding_size(const struct posture_view *v, const struct posture_finding *f)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return SIZE_MAX / 4;
	put_finding(out, v, f);
	fclose(out);
	free(text);
	return n + 2;
}

static void choose(const struct posture_view *v, size_t left, size_t *shown)
{
	const struct posture_results *r = v->r;
	bool more = true;

	for (size_t round = 0; more; round++) {
		more = false;
		for (size_t i = 0; i < r->checks_n; i++) {
			const struct posture_outcome *o = &r->checks[i];
			size_t size;

			if (round >= o->kept || shown[i] != round)
				continue;
			size = finding_size(v, &o->v[round]);
			if (size > left)
				continue;
			left -= size;
			shown[i]++;
			more = true;
		}
	}
}

/* ---- the rest ---- */

static void put_head(FILE *out, const struct posture_view *v)
{
	const struct posture_results *r = v->r;

	fputs("{\"format\":\"oke-guard.internal/posture\",\"version\":1", out);
	put_time(out, "time", r->now);
	fputs(",\"program\":\"oke-guard " OKE_GUARD_VERSION "\",\"cluster\":{", out);
	put_member(out, "name", r->cluster);
	put_optional(out, "kubernetes", r->kubernetes);
	put_optional(out, "installer", r->installer);
	fprintf(out, "},\n\"whole\":%s,", r->whole ? "true" : "false");
	put_member(out, "cut", r->cut);
	fprintf(out,
		",\n\"summary\":{\"unsupported\":%zu,\"bestEffort\":%zu,\"advice\":%zu,"
		"\"accepted\":%zu,\"pass\":%zu,\"finding\":%zu,\"notCheckable\":%zu,"
		"\"unknown\":%zu,\"notApplicable\":%zu",
		r->tiers[TIER_UNSUPPORTED], r->tiers[TIER_BEST_EFFORT], r->tiers[TIER_SUPPORTED],
		r->accepted, r->results[POSTURE_PASS], r->results[POSTURE_FINDING],
		r->results[POSTURE_NOT_CHECKABLE], r->results[POSTURE_UNKNOWN],
		r->results[POSTURE_NOT_APPLICABLE]);
	if (v->baseline)
		fprintf(out, ",\"new\":%zu,\"gone\":%zu", v->fresh, v->gone);
	fputs("},\n", out);
}

static void put_rows(FILE *out, const struct posture_view *v)
{
	static const char *const states[ROW_STATES] = { "yours",   "oracles", "inside",
							"unknown", "advice",  "best-effort",
							"outside" };
	const struct posture_row *row;
	struct row_count c;

	fputs("\"rows\":[", out);
	for (size_t i = 0; (row = posture_row_at(i)); i++) {
		enum row_state s = posture_row_state(v, row, &c);

		fputs(i ? ",{" : "{", out);
		put_member(out, "name", str_of(row->name));
		put_optional(out, "responsible", str_of(row->who));
		put_optional(out, "state", str_of(states[s]));
		fputc('}', out);
	}
	fputs("],\n", out);
}

static void put_checks(FILE *out, const struct posture_view *v, const size_t *shown)
{
	fputs("\"checks\":[", out);
	for (size_t i = 0; i < v->r->checks_n; i++) {
		const struct posture_outcome *o = &v->r->checks[i];

		fputs(i ? ",\n{" : "\n{", out);
		put_member(out, "id", str_of(o->check->id));
		put_optional(out, "row", str_of(o->check->row));
		put_optional(out, "result", str_of(posture_result_name(o->result)));
		if (o->result == POSTURE_FINDING)
			put_optional(out, "tier", str_of(tier_name(o->tier)));
		fprintf(out, ",\"findings\":%zu,\"shown\":%zu", o->findings, shown[i]);
		put_optional(out, "reason", o->reason);
		fputc('}', out);
	}
	fputs("],\n", out);
}

static void put_findings(FILE *out, const struct posture_view *v, const size_t *shown)
{
	bool any = false;

	fputs("\"findings\":[", out);
	for (size_t i = 0; i < v->r->checks_n; i++)
		for (size_t n = 0; n < shown[i]; n++) {
			fputs(any ? ",\n" : "\n", out);
			put_finding(out, v, &v->r->checks[i].v[n]);
			any = true;
		}
	fputs("]", out);
}

static void put_strings(FILE *out, const char *key, const struct str *list, size_t n)
{
	fprintf(out, ",\n\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? "," : "", out);
		put_string(out, list[i]);
	}
	fputs("]", out);
}

static void put_facts(FILE *out, const struct posture_view *v)
{
	fputs(",\n\"facts\":[", out);
	for (size_t i = 0; i < v->r->facts_n; i++) {
		const struct posture_fact *f = &v->r->facts[i];

		fputs(i ? ",{" : "{", out);
		put_member(out, "name", f->name);
		put_optional(out, "value", f->value);
		put_optional(out, "evidence", f->evidence);
		put_optional(out, "configured", f->configured);
		fprintf(out, ",\"contradicts\":%s}", f->contradicts ? "true" : "false");
	}
	fputs("]", out);
}

static void put_report(FILE *out, const struct posture_view *v, const size_t *shown)
{
	const struct posture_results *r = v->r;

	put_head(out, v);
	put_rows(out, v);
	put_checks(out, v, shown);
	put_findings(out, v, shown);
	put_facts(out, v);
	put_strings(out, "notes", r->notes, r->notes_n);
	put_strings(out, "missingRights", r->rules, r->rules_n);
	if (v->baseline)
		put_strings(out, "gone", v->gone_names, v->gone_listed);
	fprintf(out, ",\n\"read\":{\"requests\":%zu,\"objects\":%zu,\"bytes\":%llu}}\n",
		r->requests, r->items, (unsigned long long)r->bytes);
}

void posture_print_json(FILE *out, const struct posture_view *v)
{
	size_t shown[128] = { 0 }, n = 0;
	char *text = NULL;
	FILE *base;

	for (size_t i = 0; !v->limit && i < v->r->checks_n && i < 128; i++)
		shown[i] = v->r->checks[i].kept;
	if (v->limit && (base = open_memstream(&text, &n))) {
		put_report(base, v, shown);
		fclose(base);
		free(text);
		/* The numbers of what is shown grow by a digit or two a check. */
		n += 4 * v->r->checks_n;
		choose(v, n < v->limit ? v->limit - n : 0, shown);
	}
	put_report(out, v, shown);
}
