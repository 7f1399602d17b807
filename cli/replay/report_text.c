/* SPDX-License-Identifier: Apache-2.0
 * report_text.c - the report for a terminal. Exact verdicts and those that are only a bound
 * never stand in one table.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/replay/report.h"
#include "lib/base/cleanup.h"

struct text_report {
	const struct replay_report *r;
	FILE *f;
	struct err *err;
};

static const enum action strongest_first[] = { ACTION_DENY, ACTION_WARN, ACTION_AUDIT,
					       ACTION_ALLOW };

/* ---- the head ---- */

static void text_size(FILE *f, uint64_t bytes)
{
	if (bytes < 1000000)
		fprintf(f, "%.1f kB", (double)bytes / 1e3);
	else if (bytes < 1000000000)
		fprintf(f, "%.1f MB", (double)bytes / 1e6);
	else
		fprintf(f, "%.1f GB", (double)bytes / 1e9);
}

static void text_head(const struct text_report *t)
{
	const struct replay_counts *c = &t->r->run->counts;

	if (c->interrupted)
		fprintf(t->f, "PARTIAL: the reading was interrupted; what follows counts what was "
			      "read until then.\n\n");
	fprintf(t->f, "Read %s: ", t->r->title);
	text_size(t->f, c->n[COUNT_BYTES]);
	fprintf(t->f, ", %" PRIu64 " events", c->n[COUNT_EVENTS]);
	if (c->n[COUNT_REVIEWS])
		fprintf(t->f, ", %" PRIu64 " AdmissionReviews", c->n[COUNT_REVIEWS]);
	if (c->n[COUNT_DECISIONS])
		fprintf(t->f, ", %" PRIu64 " lines of the guard's log", c->n[COUNT_DECISIONS]);
	fprintf(t->f, "\n");
	if (c->first[0])
		fprintf(t->f, "From %s to %s\n", c->first, c->last);
	fprintf(t->f,
		"Writes: %" PRIu64 " (level Metadata %" PRIu64 ", Request %" PRIu64
		", RequestResponse %" PRIu64 "); judged: %" PRIu64 "\n",
		c->n[COUNT_WRITES], c->n[COUNT_METADATA], c->n[COUNT_REQUEST], c->n[COUNT_RESPONSE],
		c->n[COUNT_KEPT] - t->r->run->census.duplicates);
	if (t->r->run->census.duplicates)
		fprintf(t->f, "Stood there more than once, counted once: %" PRIu64 "\n",
			t->r->run->census.duplicates);
	if (c->n[COUNT_UNSEEN])
		fprintf(t->f,
			"Not told by the level: whether %" PRIu64 " writes of other objects use "
			"alpha features\n",
			c->n[COUNT_UNSEEN]);
}

/* ---- the verdicts ---- */

static void text_totals(const struct text_report *t)
{
	const struct replay_run *run = t->r->run;

	fprintf(t->f, "\nWhat the policies say to what was stored (mode %s)\n\n",
		mode_name(policy_set_mode(run->set)));
	fprintf(t->f, "  %-14s %10s %10s %10s %10s\n", "", "deny", "warn", "audit", "allow");
	for (enum grade g = GRADE_EXACT; g < GRADE_NONE; g++) {
		fprintf(t->f, "  %-14s", grade_name(g));
		for (size_t a = 0; a < 4; a++)
			fprintf(t->f, " %10" PRIu64, replay_stored(run, g, strongest_first[a]));
		fprintf(t->f, "\n");
	}
	for (enum replay_outcome o = OUTCOME_DRY_RUN; o < OUTCOMES; o++) {
		uint64_t n[4] = { 0 }, all = 0;

		for (enum grade g = GRADE_EXACT; g < GRADE_NONE; g++)
			for (size_t a = 0; a < 4; a++)
				n[a] += run->census.events[o][g][strongest_first[a]];
		for (size_t a = 0; a < 4; a++)
			all += n[a];
		if (all)
			fprintf(t->f,
				"  %-14s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
				"  (any grade)\n",
				o == OUTCOME_DRY_RUN ? "dry runs" : "refused then", n[0], n[1],
				n[2], n[3]);
	}
	fprintf(t->f, "\n  exact: this very answer. at most, name only: this answer or a milder "
		      "one, since the log\n  does not hold what the object was before; name only: "
		      "nothing but who wrote which object.\n");
}

/* ---- tables ---- */

struct text_table {
	const char *title;
	const struct census_table *rows;
	bool (*wanted)(const struct census_key *k);
	bool before; /* print what was said before */
};

static void text_row(const struct text_report *t, const struct text_table *table,
		     const struct census_row *r)
{
	const struct str *p = r->key.part;
	char first[REPLAY_TIME], last[REPLAY_TIME];

	replay_time(r->first, first);
	replay_time(r->last, last);
	fprintf(t->f, "  %7" PRIu64 "  ", r->count);
	if (table->before)
		fprintf(t->f, "%s -> ", before_name(r->key.before));
	fprintf(t->f, "%-5s  ", action_name(r->key.action));
	if (table->before && r->key.grade != GRADE_EXACT)
		fprintf(t->f, "(%s)  ", grade_name(r->key.grade));
	if (p[CENSUS_POLICY].n) {
		replay_put_shown(t->f, p[CENSUS_POLICY], 63);
		fputc('/', t->f);
		replay_put_shown(t->f, p[CENSUS_RULE], 63);
		fputs("  ", t->f);
	}
	if (p[CENSUS_USER].n) {
		replay_put_shown(t->f, p[CENSUS_USER], 110);
		fprintf(t->f, " (%s)  ", identity_class_name(r->key.class));
	}
	if (p[CENSUS_RESOURCE].n)
		replay_put_object(t->f, &r->key);
	fprintf(t->f, "  %s .. %s\n", first, last);
}

static int text_print_table(const struct text_report *t, const struct text_table *table)
{
	scoped(free_end) const struct census_row **rows = replay_by_count(table->rows);
	size_t shown = 0, more = 0;

	if (!rows)
		return err_nomem(t->err);
	for (size_t i = 0; i < table->rows->n; i++) {
		if (!table->wanted(&rows[i]->key))
			continue;
		if (!shown)
			fprintf(t->f, "\n%s\n\n", table->title);
		if (shown == t->r->listed) {
			more++;
			continue;
		}
		shown++;
		text_row(t, table, rows[i]);
	}
	if (more)
		fprintf(t->f, "  ... and %zu more rows; --rows, or -o csv or json, show them\n",
			more);
	if (shown && table->rows->left_out)
		fprintf(t->f,
			"  ... and %" PRIu64 " findings in rows for which there was no room\n",
			table->rows->left_out);
	return 0;
}

static bool is_exact(const struct census_key *k)
{
	return replay_is_serious(k) && k->grade == GRADE_EXACT;
}

static bool is_bound(const struct census_key *k)
{
	return replay_is_serious(k) && k->grade != GRADE_EXACT;
}

static bool is_any(const struct census_key *k)
{
	(void)k;
	return true;
}

/* Rows of all parts, with only some of them. */
static int text_grouped(const struct text_report *t, unsigned parts, const char *exact,
			const char *bound)
{
	struct census_table group;
	int status;

	census_table_init(&group, CENSUS_ROWS);
	status = census_group(&t->r->run->census.rows, parts, &group, t->err);
	if (status == 0)
		status =
			text_print_table(t, &(struct text_table){ exact, &group, is_exact, false });
	if (status == 0 && bound)
		status =
			text_print_table(t, &(struct text_table){ bound, &group, is_bound, false });
	census_table_done(&group);
	return status;
}

static int text_tables(const struct text_report *t)
{
	const unsigned user = 1u << CENSUS_USER;
	const unsigned object = 1u << CENSUS_RESOURCE | 1u << CENSUS_NAMESPACE | 1u << CENSUS_NAME;
	const unsigned rule = 1u << CENSUS_POLICY | 1u << CENSUS_RULE;

	if (text_grouped(t, rule, "By rule (exact)", "By rule (at most: may have been)") < 0 ||
	    text_grouped(t, user, "By identity (exact)", "By identity (at most)") < 0 ||
	    text_grouped(t, object, "By object (exact)", "By object (at most)") < 0)
		return -1;
	return text_grouped(t, rule | user | object, "Who did what to which object (exact)", NULL);
}

/* ---- what was said before ---- */

static void text_matrix(const struct text_report *t, const char *row, const uint64_t m[GRADES][4])
{
	uint64_t n[2][4] = { { 0 } }, all = 0;

	for (enum grade g = GRADE_EXACT; g < GRADE_NONE; g++)
		for (size_t a = 0; a < 4; a++) {
			n[g != GRADE_EXACT][a] += m[g][strongest_first[a]];
			all += m[g][strongest_first[a]];
		}
	if (!all)
		return;
	fprintf(t->f, "  %-12s", row);
	for (size_t a = 0; a < 4; a++)
		fprintf(t->f, " %8" PRIu64, n[0][a]);
	fprintf(t->f, "  |");
	for (size_t a = 0; a < 4; a++)
		fprintf(t->f, " %8" PRIu64, n[1][a]);
	fprintf(t->f, "\n");
}

static void text_matrix_head(const struct text_report *t, const char *title)
{
	fprintf(t->f, "\n%s\n\n  %-12s %8s %8s %8s %8s  | %8s %8s %8s %8s\n", title, "", "deny",
		"warn", "audit", "allow", "<= deny", "<= warn", "<= audit", "allow");
}

static bool guard_was_there(const struct census *y)
{
	for (enum census_before b = BEFORE_ALLOW; b < BEFORES; b++)
		for (enum grade g = GRADE_EXACT; b != BEFORE_SILENT && g < GRADES; g++)
			for (size_t a = 0; a < 4; a++)
				if (y->then[b][g][a])
					return true;
	return false;
}

static int text_then(const struct text_report *t)
{
	static const char *const rows[BEFORES] = { "allow", "audit",   "warn",
						   "deny",  "nothing", "not reached" };
	const struct census *y = &t->r->run->census;

	if (!guard_was_there(y)) {
		fprintf(t->f, "\nThe log holds no word of the guard: it was not installed, or said "
			      "nothing.\n");
		return 0;
	}
	text_matrix_head(t, "What the guard said then (rows), and these policies (exact | bounds)");
	for (size_t b = 0; b < BEFORES; b++)
		text_matrix(t, rows[b], y->then[b]);
	return text_print_table(t, &(struct text_table){ "Other than the guard said then",
							 &y->then_rows, is_any, true });
}

static int text_baseline(const struct text_report *t)
{
	const struct census *y = &t->r->run->census;

	if (!t->r->run->baseline)
		return 0;
	text_matrix_head(t, "What the baseline says (rows), and these policies (exact | bounds)");
	for (enum action a = ACTION_ALLOW; a <= ACTION_DENY; a++)
		text_matrix(t, action_name(a), y->baseline[a]);
	return text_print_table(t, &(struct text_table){ "Other than the baseline",
							 &y->baseline_rows, is_any, true });
}

/* ---- gaps ---- */

static void text_write(const struct text_report *t, const struct census_write *w)
{
	char at[REPLAY_TIME];

	replay_time(w->at, at);
	fprintf(t->f, "    %s  %s%s", at, w->key.grade == GRADE_EXACT ? "" : "at most ",
		action_name(w->key.action));
	fprintf(t->f, "  %s ", w->verb);
	replay_put_object(t->f, &w->key);
	fputs("  by ", t->f);
	replay_put_shown(t->f, w->key.part[CENSUS_USER], 110);
	if (w->key.outcome != OUTCOME_STORED)
		fprintf(t->f, "  (%s)", outcome_name(w->key.outcome));
	fputc('\n', t->f);
}

static void text_gaps(const struct text_report *t)
{
	const struct census *y = &t->r->run->census;
	struct census_minute gap;
	size_t at = 0, w = 0, windows = 0;

	while (census_gap_next(y, &at, &gap)) {
		char first[REPLAY_TIME], last[REPLAY_TIME];

		if (!windows)
			fprintf(t->f, "\nThe guard was not reached (failed-open)\n\n");
		if (windows++ == t->r->listed)
			break;
		replay_time(gap.first, first);
		replay_time(gap.last, last);
		fprintf(t->f,
			"  %s .. %s  %" PRIu64 " writes; deny %" PRIu64 ", warn %" PRIu64
			", at most deny %" PRIu64 ", at most warn %" PRIu64 "\n",
			first, last, gap.writes, gap.exact[ACTION_DENY], gap.exact[ACTION_WARN],
			gap.may[ACTION_DENY], gap.may[ACTION_WARN]);
		for (; w < y->writes_n && y->writes[w].at <= gap.last; w++)
			text_write(t, &y->writes[w]);
	}
	if (windows > t->r->listed)
		fprintf(t->f, "  ... and more windows; --rows, or -o json, show them\n");
}

/* ---- hours ---- */

static void text_hours(const struct text_report *t)
{
	const struct census *y = &t->r->run->census;
	uint64_t day[24][2] = { { 0 } }, most = 0;

	for (size_t i = 0; i < y->hours_n; i++) {
		uint64_t *n = day[((y->hours[i].hour % 24) + 24) % 24];

		n[0] += y->hours[i].exact[ACTION_DENY] + y->hours[i].exact[ACTION_WARN];
		n[1] += y->hours[i].may[ACTION_DENY] + y->hours[i].may[ACTION_WARN];
	}
	for (size_t h = 0; h < 24; h++)
		most = day[h][0] + day[h][1] > most ? day[h][0] + day[h][1] : most;
	if (!most)
		return;
	fprintf(t->f, "\nDenied or warned by hour of the day, UTC (# exact, . at most)\n\n");
	for (size_t h = 0; h < 24; h++) {
		if (!day[h][0] && !day[h][1])
			continue;
		fprintf(t->f, "  %02zu  %7" PRIu64 " %7" PRIu64 "  ", h, day[h][0], day[h][1]);
		for (uint64_t i = 0; i < (40 * day[h][0] + most - 1) / most; i++)
			fputc('#', t->f);
		for (uint64_t i = 0; i < 40 * day[h][1] / most; i++)
			fputc('.', t->f);
		fputc('\n', t->f);
	}
}

/* ---- problems ---- */

static int text_problems(const struct text_report *t)
{
	const struct replay_counts *c = &t->r->run->counts;
	const struct census_table *un = &t->r->run->census.unjudged;

	for (size_t i = 0; i < un->n; i++) {
		fprintf(t->f, "%s  %7" PRIu64 "  ", i ? "" : "\nNot judgeable\n\n",
			un->rows[i]->count);
		replay_put_shown(t->f, un->rows[i]->key.part[CENSUS_RULE], 200);
		fputc('\n', t->f);
	}
	for (size_t i = COUNT_PROBLEMS, any = 0; i < COUNTS; i++)
		if (c->n[i])
			fprintf(t->f, "%s  %7" PRIu64 "  %s\n",
				any++ ? "" : "\nWhat was wrong with the input\n\n", c->n[i],
				replay_count_words((enum replay_count)i));
	for (size_t i = 0; i < c->problems_n; i++) {
		fputs(i ? "    " : "\n    ", t->f);
		replay_put_shown(t->f, str_of(c->problems[i].file), 120);
		if (c->problems[i].line)
			fprintf(t->f, ":%" PRIu64, c->problems[i].line);
		fputs(": ", t->f);
		replay_put_shown(t->f, str_of(c->problems[i].text), 240);
		fputc('\n', t->f);
	}
	return 0;
}

int replay_report_text(const struct replay_report *r, FILE *f, struct err *err)
{
	const struct text_report t = { r, f, err };

	text_head(&t);
	text_totals(&t);
	if (text_tables(&t) < 0 || text_then(&t) < 0 || text_baseline(&t) < 0)
		return -1;
	text_gaps(&t);
	text_hours(&t);
	return text_problems(&t);
}
