/* SPDX-License-Identifier: Apache-2.0
 * posture_text.c - a scan for people: what Oracle would point at first, then advice, then what is
 * not known, then the rows of the responsibility matrix.
 */
#include <string.h>

#include "cli/report/posture.h"

static const char *paint(const struct posture_view *v, const char *code)
{
	return v->colour ? code : "";
}

static const char *tier_colour(enum tier tier)
{
	return tier == TIER_UNSUPPORTED   ? "\033[31m"
	       : tier == TIER_BEST_EFFORT ? "\033[33m"
					  : "\033[36m";
}

/* ---- head ---- */

static void print_head(FILE *out, const struct posture_view *v)
{
	const struct posture_results *r = v->r;
	char when[POSTURE_TIME];

	posture_time(r->now, when);
	fprintf(out, "Cluster%s%.*s, Kubernetes %.*s, as of %s: ", r->cluster.n ? " " : "",
		STR_ARG(r->cluster), STR_ARG(r->kubernetes.n ? r->kubernetes : STR("(not told)")),
		when);
	fprintf(out, "%zu unsupported, %zu best-effort, %zu advice", r->tiers[TIER_UNSUPPORTED],
		r->tiers[TIER_BEST_EFFORT], r->tiers[TIER_SUPPORTED]);
	if (r->accepted)
		fprintf(out, ", %zu accepted", r->accepted);
	fprintf(out,
		"\n%zu checks: %zu pass, %zu with findings, %zu not known, %zu not checkable "
		"from here, %zu not applicable\n",
		r->checks_n, r->results[POSTURE_PASS], r->results[POSTURE_FINDING],
		r->results[POSTURE_UNKNOWN], r->results[POSTURE_NOT_CHECKABLE],
		r->results[POSTURE_NOT_APPLICABLE]);
	if (!r->whole)
		fprintf(out, "%sThis scan is not whole: %.*s%s\n", paint(v, "\033[31m"),
			STR_ARG(r->cut), paint(v, "\033[0m"));
	if (v->baseline)
		fprintf(out, "Against the baseline: %zu new, %zu gone\n", v->fresh, v->gone);
}

/* ---- findings ---- */

static void print_values(FILE *out, const struct posture_finding *f)
{
	if (f->from.n)
		fprintf(out, "      %.*s -> %.*s\n", STR_ARG(f->from), STR_ARG(f->to));
	else if (f->to.n)
		fprintf(out, "      now %.*s%s\n", STR_ARG(f->to),
			!strcmp(f->evidence, "owner") ? " (what it was is not recorded)" : "");
}

static void print_who(FILE *out, const struct posture_finding *f)
{
	char when[POSTURE_TIME];

	posture_time(f->time, when);
	if (f->tool.n && *when)
		fprintf(out, "      by %.*s (last write by this tool %s)\n", STR_ARG(f->tool),
			when);
	else if (f->tool.n)
		fprintf(out, "      by %.*s\n", STR_ARG(f->tool));
	else if (*when)
		fprintf(out, "      since %s\n", when);
}

static void print_remedy(FILE *out, const struct posture_finding *f)
{
	bool undo = str_is(f->remedy, "put it back:");

	if (undo) {
		fprintf(out, "      Back: %.*s\n", STR_ARG(f->command));
	} else {
		if (f->remedy.n)
			fprintf(out, "      Do: %.*s\n", STR_ARG(f->remedy));
		if (f->command.n) {
			const char *at = f->command.s, *end = at + f->command.n;

			while (at < end) {
				const char *line = memchr(at, '\n', (size_t)(end - at));
				size_t n = line ? (size_t)(line - at) : (size_t)(end - at);

				fprintf(out, "        %.*s\n", (int)n, at);
				at += n + 1;
			}
		}
	}
	if (f->docs.n)
		fprintf(out, "      How: %.*s\n", STR_ARG(f->docs));
}

static void print_finding(FILE *out, const struct posture_view *v, const struct posture_finding *f)
{
	fprintf(out, "  %s%-13s%s", paint(v, tier_colour(f->tier)),
		f->accepted ? "accepted" : posture_tier_words(f->tier), paint(v, "\033[0m"));
	posture_object_words(out, f);
	if (f->path.n)
		fprintf(out, ": %.*s", STR_ARG(f->path));
	fprintf(out, "%s\n", v->baseline && f->fresh ? "  NEW" : "");
	fprintf(out, "      %.*s [%s%s%.*s]\n", STR_ARG(f->text), f->check->id,
		f->rule.n ? ", " : "", STR_ARG(f->rule));
	print_values(out, f);
	print_who(out, f);
	if (f->exception.n)
		fprintf(out, "      accepted by %.*s\n", STR_ARG(f->exception));
	print_remedy(out, f);
}

static void print_tier(FILE *out, const struct posture_view *v, enum tier tier, bool accepted)
{
	for (size_t i = 0; i < v->r->checks_n; i++) {
		const struct posture_outcome *o = &v->r->checks[i];

		for (size_t n = 0; n < o->kept; n++)
			if (o->v[n].accepted == accepted && (accepted || o->v[n].tier == tier))
				print_finding(out, v, &o->v[n]);
		if (!accepted && o->findings > o->kept && o->tier == tier)
			fprintf(out, "  and %zu more of %s\n", o->findings - o->kept, o->check->id);
	}
}

static void print_findings(FILE *out, const struct posture_view *v)
{
	size_t bad = v->r->tiers[TIER_UNSUPPORTED], effort = v->r->tiers[TIER_BEST_EFFORT];

	if (bad) {
		fprintf(out, "\nIf you opened a ticket today, Oracle would point at %zu thing%s:\n",
			bad, posture_plural(bad));
		print_tier(out, v, TIER_UNSUPPORTED, false);
		fprintf(out, "  Why: " POSTURE_WHY "\n");
	} else if (v->r->whole && !v->r->results[POSTURE_UNKNOWN]) {
		fprintf(out, "\nIf you opened a ticket today, Oracle would point at nothing that "
			     "is seen from here.\n");
	} else {
		fprintf(out, "\n"
			     "Nothing that was seen is outside the boundary; not all "
			     "could be seen.\n");
	}
	if (effort) {
		fprintf(out, "\nBest-effort support only:\n");
		print_tier(out, v, TIER_BEST_EFFORT, false);
	}
	if (v->r->tiers[TIER_SUPPORTED]) {
		fprintf(out, "\nInside the boundary, and yours to look at:\n");
		print_tier(out, v, TIER_SUPPORTED, false);
	}
	if (v->r->accepted) {
		fprintf(out, "\nAccepted by exceptions and overrides:\n");
		print_tier(out, v, TIER_SUPPORTED, true);
	}
}

/* ---- the rest ---- */

static void print_gone(FILE *out, const struct posture_view *v)
{
	if (!v->gone_listed)
		return;
	fprintf(out, "\nGone since the baseline:\n");
	for (size_t i = 0; i < v->gone_listed; i++)
		fprintf(out, "  %.*s\n", STR_ARG(v->gone_names[i]));
	if (v->gone > v->gone_listed)
		fprintf(out, "  and %zu more\n", v->gone - v->gone_listed);
}

static void print_outcomes(FILE *out, const struct posture_view *v, enum posture_result result,
			   const char *title)
{
	bool any = false;

	for (size_t i = 0; i < v->r->checks_n; i++) {
		const struct posture_outcome *o = &v->r->checks[i];
		bool partly =
			result == POSTURE_UNKNOWN && o->result == POSTURE_FINDING && o->reason.n;

		if (o->result != result && !partly)
			continue;
		if (!any)
			fprintf(out, "\n%s:\n", title);
		any = true;
		fprintf(out, "  %-22s %s%.*s\n", o->check->id, partly ? "in part: " : "",
			STR_ARG(o->reason));
	}
}

static void print_rules(FILE *out, const struct posture_view *v)
{
	if (!v->r->rules_n)
		return;
	fprintf(out, "\nRights that are missing, as lines of the ClusterRole:\n");
	for (size_t i = 0; i < v->r->rules_n; i++)
		fprintf(out, "  %.*s\n", STR_ARG(v->r->rules[i]));
}

static void print_rows(FILE *out, const struct posture_view *v)
{
	const struct posture_row *row;
	struct row_count c;

	fprintf(out, "\nOracle's responsibility matrix:\n");
	for (size_t i = 0; (row = posture_row_at(i)); i++) {
		enum row_state s = posture_row_state(v, row, &c);

		fprintf(out, "  %-34s %-7s %s\n", row->name, row->who, row_state_words(s));
	}
}

static void print_notes(FILE *out, const struct posture_view *v)
{
	if (v->r->notes_n)
		fprintf(out, "\nBesides:\n");
	for (size_t i = 0; i < v->r->notes_n; i++)
		fprintf(out, "  %.*s\n", STR_ARG(v->r->notes[i]));
}

void posture_print_text(FILE *out, const struct posture_view *v)
{
	print_head(out, v);
	print_findings(out, v);
	print_gone(out, v);
	print_outcomes(out, v, POSTURE_UNKNOWN, "Not known, and why");
	print_rules(out, v);
	print_outcomes(out, v, POSTURE_NOT_CHECKABLE,
		       "Not seen from inside the cluster; ask elsewhere");
	print_notes(out, v);
	print_rows(out, v);
}

/* ---- facts ---- */

struct addon_fact { /* "addons.CoreDNS.managed" */
	struct str addon, key;
};

static bool addon_of(const struct posture_fact *f, struct addon_fact *out)
{
	struct str rest = str_starts(f->name, STR("addons.")) ? str_from(f->name, 7) : STR("");
	const char *dot = rest.n ? memchr(rest.s, '.', rest.n) : NULL;

	if (!dot)
		return false;
	out->addon = (struct str){ rest.s, (size_t)(dot - rest.s) };
	out->key = str_from(rest, out->addon.n + 1);
	return true;
}

/* All keys of the add-on on one line, where its first stands; comments one by one. */
static void print_addon(FILE *out, const struct posture_view *v, size_t at, struct addon_fact first)
{
	const char *between = "";

	for (size_t i = 0; i < at; i++) {
		struct addon_fact a;

		if (!v->r->facts[i].comment && addon_of(&v->r->facts[i], &a) &&
		    str_eq(a.addon, first.addon))
			return;
	}
	fprintf(out, "      %.*s: {", STR_ARG(first.addon));
	for (size_t i = at; i < v->r->facts_n; i++) {
		struct addon_fact a;

		if (v->r->facts[i].comment || !addon_of(&v->r->facts[i], &a) ||
		    !str_eq(a.addon, first.addon))
			continue;
		fprintf(out, "%s%.*s: \"%.*s\"", between, STR_ARG(a.key),
			STR_ARG(v->r->facts[i].value));
		between = ", ";
	}
	fprintf(out, "}  # %.*s\n", STR_ARG(v->r->facts[at].evidence));
}

static void print_addons(FILE *out, const struct posture_view *v)
{
	bool any = false;

	for (size_t i = 0; i < v->r->facts_n; i++) {
		struct addon_fact a;

		if (v->r->facts[i].comment || !addon_of(&v->r->facts[i], &a))
			continue;
		if (!any)
			fprintf(out, "    addons:\n");
		any = true;
		print_addon(out, v, i, a);
	}
	for (size_t i = 0; i < v->r->facts_n; i++) {
		const struct posture_fact *f = &v->r->facts[i];

		if (f->comment)
			fprintf(out, "    # %.*s: %.*s  # %.*s\n", STR_ARG(f->name),
				STR_ARG(f->value), STR_ARG(f->evidence));
	}
}

void posture_print_facts(FILE *out, const struct posture_view *v)
{
	struct addon_fact a;

	fprintf(out,
		"# Facts of this cluster, for the GuardConfig: look at the evidence, then copy.\n"
		"# oke-guard never takes them by itself.\nspec:\n  cluster:\n");
	for (size_t i = 0; i < v->r->facts_n; i++) {
		const struct posture_fact *f = &v->r->facts[i];

		if (!f->comment && !addon_of(f, &a))
			fprintf(out, "    %.*s: \"%.*s\"  # %.*s\n", STR_ARG(f->name),
				STR_ARG(f->value), STR_ARG(f->evidence));
	}
	print_addons(out, v);
}
