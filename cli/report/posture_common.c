/* SPDX-License-Identifier: Apache-2.0
 * posture_common.c - what all forms of a scan's report share: words for tiers, rows, objects, time.
 */
#include <string.h>
#include <time.h>

#include "cli/report/posture.h"

void posture_time(int64_t seconds, char out[POSTURE_TIME])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	*out = '\0';
	if (seconds && gmtime_r(&t, &tm) && tm.tm_year < 8100)
		strftime(out, POSTURE_TIME, "%Y-%m-%d %H:%MZ", &tm);
}

const char *posture_tier_words(enum tier tier)
{
	return tier == TIER_SUPPORTED ? "advice" : tier_name(tier);
}

const char *posture_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

enum row_state posture_row_state(const struct posture_view *v, const struct posture_row *row,
				 struct row_count *c)
{
	*c = (struct row_count){ .checks = 0 };
	for (size_t i = 0; i < v->r->checks_n; i++) {
		const struct posture_outcome *o = &v->r->checks[i];

		if (strcmp(o->check->row, row->name) != 0)
			continue;
		c->checks++;
		c->results[o->result]++;
		for (size_t t = 0; t < 3; t++)
			c->tiers[t] += o->counted[t];
	}
	if (!strcmp(row->who, "you"))
		return ROW_YOURS;
	if (c->tiers[TIER_UNSUPPORTED])
		return ROW_OUTSIDE;
	if (c->tiers[TIER_BEST_EFFORT])
		return ROW_BEST_EFFORT;
	if (c->results[POSTURE_UNKNOWN])
		return ROW_UNKNOWN;
	if (c->tiers[TIER_SUPPORTED])
		return ROW_ADVICE;
	if (c->results[POSTURE_PASS] || c->results[POSTURE_FINDING])
		return ROW_INSIDE;
	return !strcmp(row->who, "Oracle") ? ROW_ORACLES : ROW_UNKNOWN;
}

const char *row_state_words(enum row_state s)
{
	static const char *const words[ROW_STATES] = {
		[ROW_YOURS] = "yours, not judged",      [ROW_ORACLES] = "Oracle's",
		[ROW_INSIDE] = "inside the boundary",   [ROW_UNKNOWN] = "cannot be told from here",
		[ROW_ADVICE] = "inside, with advice",   [ROW_BEST_EFFORT] = "best effort",
		[ROW_OUTSIDE] = "outside the boundary",
	};

	return words[s];
}

void posture_object_words(FILE *out, const struct posture_finding *f)
{
	fprintf(out, "%.*s %.*s%s%.*s", STR_ARG(f->kind), STR_ARG(f->namespace),
		f->namespace.n ? "/" : "", STR_ARG(f->name));
}

void posture_print_check(FILE *out, const struct posture_check *c)
{
	fprintf(out, "%s (%s)\n  %s.\n", c->id, c->row, c->title);
	fprintf(out, "  Ground: %s.\n  Evidence: %s.\n  Remedy: %s.\n", c->basis, c->evidence,
		c->remedy);
	if (c->elsewhere)
		fprintf(out, "  Ask elsewhere: %s.\n", c->elsewhere);
	if (c->docs)
		fprintf(out, "  How: %s\n", c->docs);
}
