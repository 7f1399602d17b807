/* SPDX-License-Identifier: Apache-2.0
 * versions.c - what the list of OKE's versions says of one of them, and how sure that is.
 */
#include "policy/catalogue/versions.h"

#include <assert.h>
#include <stdio.h>

#include "lib/base/time.h"

#define DAY 86400 /* seconds */

/* ---- versions ---- */

#define NUMBER_MAX 999

/* A number of at most three digits; the rest of the text behind it. */
static bool version_number(struct str *s, int *out)
{
	size_t n = 0;

	for (*out = 0; n < s->n && s->s[n] >= '0' && s->s[n] <= '9' && *out <= NUMBER_MAX; n++)
		*out = *out * 10 + (s->s[n] - '0');
	if (!n || *out > NUMBER_MAX)
		return false;
	*s = str_from(*s, n);
	return true;
}

bool kube_version_parse(struct str text, struct kube_version *out)
{
	struct str s = text.n && text.s[0] == 'v' ? str_from(text, 1) : text;
	struct kube_version v = { .patch = VERSION_ANY_PATCH };
	int minor;

	if (!str_starts(s, STR("1.")))
		return false;
	s = str_from(s, 2);
	if (!version_number(&s, &minor))
		return false;
	v.minor = (unsigned)minor;
	if (s.n && s.s[0] == '.') {
		s = str_from(s, 1);
		if (!version_number(&s, &v.patch))
			return false;
	}
	if (s.n && s.s[0] != '-' && s.s[0] != '+')
		return false;
	*out = v;
	return true;
}

void kube_version_print(struct kube_version v, char out[KUBE_VERSION_TEXT])
{
	if (v.patch == VERSION_ANY_PATCH)
		snprintf(out, KUBE_VERSION_TEXT, "1.%u", v.minor);
	else
		snprintf(out, KUBE_VERSION_TEXT, "1.%u.%d", v.minor, v.patch);
}

/* ---- the list ---- */

static const struct oke_version *versions_row(const struct versions *list, struct kube_version v)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].version.minor == v.minor && list->v[i].version.patch == v.patch)
			return &list->v[i];
	return NULL;
}

/* The last day; 0: it is not known as a day. */
static int64_t versions_end(const struct versions *list, const struct oke_version *row)
{
	const struct oke_version *after;

	if (!row->after_days)
		return row->end;
	after = versions_row(list, row->after);
	return after && after->available ? after->available + (int64_t)row->after_days * DAY : 0;
}

bool versions_aged(const struct versions *list, int64_t now)
{
	return now - list->as_of > (int64_t)VERSIONS_AGE_DAYS * DAY;
}

const struct oke_version *versions_newest(const struct versions *list)
{
	const struct oke_version *newest = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct oke_version *row = &list->v[i];

		if (!row->preview && (!newest || row->version.minor > newest->version.minor ||
				      (row->version.minor == newest->version.minor &&
				       row->version.patch > newest->version.patch)))
			newest = row;
	}
	return newest;
}

/* Newer than all rows: by its minor, or by its patch within the newest minor. */
static bool versions_is_newer(const struct versions *list, struct kube_version v)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].version.minor > v.minor ||
		    (list->v[i].version.minor == v.minor && v.patch <= list->v[i].version.patch))
			return false;
	return true;
}

/* Does the first end later? A day that is not known yet is later than any that is. */
static bool ends_later(const struct versions *list, const struct oke_version *a,
		       const struct oke_version *b)
{
	int64_t a_end = versions_end(list, a), b_end = versions_end(list, b);

	if (a->preview != b->preview)
		return b->preview;
	return a_end != b_end && b_end && (!a_end || a_end > b_end);
}

/* Of the minor, the row that is supported longest; NULL: the minor has none. */
static const struct oke_version *versions_longest(const struct versions *list, unsigned minor)
{
	const struct oke_version *best = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct oke_version *row = &list->v[i];

		if (row->version.minor == minor && (!best || ends_later(list, row, best)))
			best = row;
	}
	return best;
}

static bool versions_is_older(const struct versions *list, unsigned minor)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].version.minor <= minor)
			return false;
	return list->n > 0;
}

static enum oke_support versions_of_row(const struct versions *list, const struct oke_version *row,
					int64_t end, int64_t now)
{
	if (end)
		return now >= end + DAY                                         ? OKE_PAST
		       : row->preview                                           ? OKE_PREVIEW
		       : end + DAY - now <= (int64_t)VERSIONS_ENDING_DAYS * DAY ? OKE_ENDING
										: OKE_SUPPORTED;
	if (row->preview)
		return OKE_PREVIEW;
	return versions_aged(list, now) ? OKE_NOT_KNOWN : OKE_SUPPORTED;
}

struct oke_state versions_state(const struct versions *list, struct kube_version version,
				int64_t now)
{
	struct oke_state s = { .row = versions_row(list, version) };
	bool exact = s.row || version.patch == VERSION_ANY_PATCH;

	s.newer = versions_is_newer(list, version);
	if (!s.row)
		s.row = versions_row(list,
				     (struct kube_version){ version.minor, VERSION_ANY_PATCH });
	exact |= !!s.row;
	if (!s.row)
		s.row = versions_longest(list, version.minor);
	if (!s.row) {
		bool past = versions_is_older(list, version.minor);

		s.support = past                       ? OKE_PAST
			    : versions_aged(list, now) ? OKE_NOT_KNOWN
						       : OKE_UNLISTED;
		return s;
	}
	s.end = versions_end(list, s.row);
	s.support = versions_of_row(list, s.row, s.end, now);
	/* A patch without a row: only what holds for the whole minor holds for it. */
	if (!exact && s.support != OKE_PAST)
		s.support = s.newer && !versions_aged(list, now) ? OKE_UNLISTED : OKE_NOT_KNOWN;
	return s;
}

/* ---- in words ---- */

const char *oke_support_name(enum oke_support s)
{
	static const char *const names[] = {
		[OKE_SUPPORTED] = "supported", [OKE_ENDING] = "ending",
		[OKE_PAST] = "past",           [OKE_PREVIEW] = "preview",
		[OKE_UNLISTED] = "unlisted",   [OKE_NOT_KNOWN] = "not-known",
	};

	assert((size_t)s < sizeof names / sizeof *names);
	return names[s];
}

void versions_day_print(int64_t day, char out[VERSIONS_DAY])
{
	char text[TIME_TEXT];

	time_print(day, text);
	snprintf(out, VERSIONS_DAY, "%.10s", text);
}

/* "until 2026-09-22", "until 30 days after 1.39.1", "". */
static void print_until(const struct oke_state *s, char out[64])
{
	char date[VERSIONS_DAY], after[KUBE_VERSION_TEXT];

	out[0] = '\0';
	if (s->end) {
		versions_day_print(s->end, date);
		snprintf(out, 64, " until %s", date);
	} else if (s->row && s->row->after_days) {
		kube_version_print(s->row->after, after);
		snprintf(out, 64, " until %u days after %s", s->row->after_days, after);
	}
}

void versions_state_print(const struct versions *list, struct kube_version version,
			  const struct oke_state *state, char out[OKE_STATE_TEXT])
{
	char name[KUBE_VERSION_TEXT], as_of[VERSIONS_DAY], end[VERSIONS_DAY], until[64];

	kube_version_print(version, name);
	versions_day_print(list->as_of, as_of);
	versions_day_print(state->end, end);
	until[0] = '\0';
	if (state->row &&
	    (version.patch == VERSION_ANY_PATCH || state->row->version.patch == version.patch))
		print_until(state, until);
	switch (state->support) {
	case OKE_SUPPORTED:
	case OKE_ENDING:
		snprintf(out, OKE_STATE_TEXT, "OKE supports Kubernetes %s%s (list as of %s)", name,
			 until, as_of);
		return;
	case OKE_PAST:
		snprintf(out, OKE_STATE_TEXT,
			 "OKE's support for Kubernetes %s ended%s%s (list as of %s)", name,
			 state->end ? " on " : "", state->end ? end : "", as_of);
		return;
	case OKE_PREVIEW:
		snprintf(out, OKE_STATE_TEXT,
			 "Kubernetes %s is a preview on OKE, not for production (list as of %s)",
			 name, as_of);
		return;
	case OKE_UNLISTED:
		snprintf(out, OKE_STATE_TEXT, "OKE does not offer Kubernetes %s (list as of %s)",
			 name, as_of);
		return;
	case OKE_NOT_KNOWN:
		snprintf(out, OKE_STATE_TEXT,
			 "whether OKE supports Kubernetes %s is not known (list as of %s%s%s)",
			 name, as_of, *until ? ":" : "", until);
		return;
	}
}
