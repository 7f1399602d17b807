/* SPDX-License-Identifier: Apache-2.0
 * versions.c - the list of OKE's versions, and what it says of each today.
 */
#include "policy/catalogue/versions.h"

#include <inttypes.h>

#include "oke/policy_print.h"
#include "lib/yaml/write.h"
#include "policy/load/documents.h"
#include "policy/model/set.h"

#define DAY 86400 /* seconds */

/* "2026-09-22", "30 days after 1.39.1", "-". */
static void print_end(const struct oke_version *row, int64_t end, char out[40])
{
	char after[KUBE_VERSION_TEXT], day[VERSIONS_DAY];

	snprintf(out, 40, "-");
	if (end) {
		versions_day_print(end, day);
		snprintf(out, 40, "%s", day);
	} else if (row && row->after_days) {
		kube_version_print(row->after, after);
		snprintf(out, 40, "%u days after %s", row->after_days, after);
	}
}

static void versions_head(const struct versions *list, int64_t now, struct text *out)
{
	char as_of[VERSIONS_DAY];
	struct policy_version known;

	policy_version_of((struct str){ NULL, 0 }, VERSION_FROM_DEFAULT, &known);
	versions_day_print(list->as_of, as_of);
	text_printf(out, "OKE's Kubernetes versions as of %s (%" PRId64 " days old): %.*s\n", as_of,
		    (now - list->as_of) / DAY, STR_ARG(list->source));
	if (versions_aged(list, now))
		text_printf(out,
			    "Older than %d days: what only a newer list can tell is not known. "
			    "--versions FILE brings one.\n",
			    VERSIONS_AGE_DAYS);
	text_printf(out, "Features are known up to 1.%u", known.newest);
	if (known.preliminary)
		text_printf(out, ", and 1.%u as of %.*s", known.preliminary,
			    STR_ARG(known.preliminary_as_of));
	text_puts(out, ".\n");
}

static void versions_text(const struct versions *list, int64_t now, struct text *out)
{
	versions_head(list, now, out);
	text_printf(out, "\n%-9s %-12s %-22s %s\n", "VERSION", "AVAILABLE", "SUPPORTED UNTIL",
		    "NOW");
	for (size_t i = 0; i < list->n; i++) {
		const struct oke_version *row = &list->v[i];
		struct oke_state s = versions_state(list, row->version, now);
		char name[KUBE_VERSION_TEXT], available[VERSIONS_DAY] = "-", end[40];

		kube_version_print(row->version, name);
		if (row->available)
			versions_day_print(row->available, available);
		print_end(row, s.end, end);
		text_printf(out, "%-9s %-12s %-22s %s\n", name, available, end,
			    oke_support_name(s.support));
	}
}

/* ---- YAML and JSON ---- */

static void emit_day(struct emit *e, const char *key, int64_t day)
{
	char text[VERSIONS_DAY];

	if (!day)
		return;
	versions_day_print(day, text);
	emit_str(e, key, str_of(text));
}

static void emit_version(struct emit *e, const char *key, struct kube_version v)
{
	char text[KUBE_VERSION_TEXT];

	kube_version_print(v, text);
	emit_str(e, key, str_of(text));
}

/* As the file has it. */
static void emit_row(struct emit *e, const struct oke_version *row)
{
	emit_version(e, "version", row->version);
	emit_day(e, "available", row->available);
	if (row->after_days) {
		emit_number(e, "endDays", row->after_days);
		emit_version(e, "endAfter", row->after);
	} else {
		emit_day(e, "end", row->end);
	}
	if (row->preview)
		emit_bool(e, "preview", true);
}

static void emit_state(struct emit *e, const struct versions *list, struct kube_version version,
		       int64_t now)
{
	struct oke_state s = versions_state(list, version, now);
	char text[OKE_STATE_TEXT];

	versions_state_print(list, version, &s, text);
	emit_str(e, "now", str_of(oke_support_name(s.support)));
	emit_day(e, "supportedUntil", s.end);
	emit_str(e, "text", str_of(text));
}

static void emit_list_head(struct emit *e, const struct versions *list)
{
	emit_str(e, "apiVersion", STR(POLICY_API_VERSION));
	emit_str(e, "kind", STR("KubernetesVersions"));
	emit_day(e, "asOf", list->as_of);
	emit_str(e, "source", list->source);
}

void policy_print_versions(const struct policy_set *set, int64_t now, enum print_format format,
			   struct text *out)
{
	const struct versions *list = set->model.versions;
	struct emit e;

	if (format == PRINT_TEXT) {
		versions_text(list, now, out);
		return;
	}
	emit_init(&e, format == PRINT_JSON, out);
	emit_list_head(&e, list);
	if (e.json)
		emit_bool(&e, "aged", versions_aged(list, now));
	emit_list(&e, "versions", false);
	for (size_t i = 0; i < list->n; i++) {
		emit_map(&e, NULL, !e.json);
		emit_row(&e, &list->v[i]);
		if (e.json)
			emit_state(&e, list, list->v[i].version, now);
		emit_end(&e);
	}
	emit_end(&e);
	emit_done(&e);
}

int policy_print_version(const struct policy_set *set, struct str version, int64_t now,
			 enum print_format format, struct text *out)
{
	const struct versions *list = set->model.versions;
	struct kube_version v;
	struct oke_state s;
	char text[OKE_STATE_TEXT];
	struct emit e;

	if (!kube_version_parse(version, &v))
		return -1;
	s = versions_state(list, v, now);
	if (format == PRINT_TEXT) {
		versions_state_print(list, v, &s, text);
		text_printf(out, "%s\n", text);
	} else {
		emit_init(&e, format == PRINT_JSON, out);
		emit_version(&e, "version", v);
		emit_day(&e, "asOf", list->as_of);
		emit_state(&e, list, v, now);
		emit_done(&e);
	}
	return s.support == OKE_PAST || s.support == OKE_UNLISTED || s.support == OKE_PREVIEW;
}
