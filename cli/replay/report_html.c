/* SPDX-License-Identifier: Apache-2.0
 * report_html.c - the report as one page: no script, nothing that is fetched; a time line drawn
 * by the hour, with the windows in which the guard was not reached.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/replay/report.h"
#include "lib/base/cleanup.h"
#include "lib/base/printable.h"

#define CHART_WIDTH  960
#define CHART_HEIGHT 180
#define CHART_BARS   240 /* at most; then a bar is several hours */

static const char html_style[] =
	"<style>\n"
	":root{color-scheme:light dark;--deny:#b3261e;--warn:#b26a00;--soft:.35;--line:#8886;"
	"--gap:#7b61ff40}\n"
	"@media(prefers-color-scheme:dark){:root{--deny:#ff8a80;--warn:#ffb74d}}\n"
	"body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem}\n"
	"h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}\n"
	"table{border-collapse:collapse;width:100%;font-size:.87rem}\n"
	"th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid "
	"var(--line);vertical-align:top}\n"
	"td.n,th.n{text-align:right}th,td.n,td.t,td.deny,td.warn{white-space:nowrap}\n"
	"td.u{overflow-wrap:anywhere;min-width:14rem}\n"
	".deny{color:var(--deny);font-weight:600}.warn{color:var(--warn);font-weight:600}\n"
	".note{border-left:4px solid var(--warn);padding:.4rem .8rem}\n"
	"svg{width:100%;height:auto}svg text{font-size:11px;fill:currentColor}\n"
	".d{fill:var(--deny)}.w{fill:var(--warn)}.m{opacity:var(--soft)}.g{fill:var(--gap)}\n"
	".key span{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}\n"
	"</style>\n";

struct html_report {
	const struct replay_report *r;
	FILE *f;
	struct err *err;
};

/* ---- text ---- */

static void html_text(FILE *f, struct str raw)
{
	scoped(arena_end) struct arena arena;
	struct str s;

	arena_init(&arena, 64u << 10);
	s = printable_middle(raw, 512, &arena);
	for (size_t i = 0; i < s.n; i++) {
		const char *escape = s.s[i] == '<'   ? "&lt;"
				     : s.s[i] == '>' ? "&gt;"
				     : s.s[i] == '&' ? "&amp;"
				     : s.s[i] == '"' ? "&quot;"
						     : NULL;

		if (escape)
			fputs(escape, f);
		else
			fputc(s.s[i], f);
	}
}

static void html_head(const struct html_report *h)
{
	const struct replay_counts *c = &h->r->run->counts;

	fprintf(h->f,
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>oke-guard replay</title>\n%s</head><body>\n<h1>oke-guard replay</h1>\n",
		html_style);
	if (c->interrupted)
		fprintf(h->f, "<p class=\"note\"><b>Partial:</b> the reading was interrupted; what "
			      "follows counts what was read until then.</p>\n");
	fprintf(h->f, "<p>Read %s: %" PRIu64 " events", h->r->title, c->n[COUNT_EVENTS]);
	if (c->first[0]) {
		fprintf(h->f, " from ");
		html_text(h->f, str_of(c->first));
		fprintf(h->f, " to ");
		html_text(h->f, str_of(c->last));
	}
	fprintf(h->f,
		"; %" PRIu64 " writes (level Metadata %" PRIu64 ", Request %" PRIu64
		", RequestResponse %" PRIu64 "), %" PRIu64 " judged, in mode %s.</p>\n",
		c->n[COUNT_WRITES], c->n[COUNT_METADATA], c->n[COUNT_REQUEST], c->n[COUNT_RESPONSE],
		c->n[COUNT_KEPT] - h->r->run->census.duplicates,
		mode_name(policy_set_mode(h->r->run->set)));
}

static void html_totals(const struct html_report *h)
{
	static const enum action order[] = { ACTION_DENY, ACTION_WARN, ACTION_AUDIT, ACTION_ALLOW };

	fprintf(h->f,
		"<h2>What the policies say to what was stored</h2>\n<table><tr><th>Grade</th>");
	for (size_t a = 0; a < 4; a++)
		fprintf(h->f, "<th class=\"n\">%s</th>", action_name(order[a]));
	fprintf(h->f, "</tr>\n");
	for (enum grade g = GRADE_EXACT; g < GRADE_NONE; g++) {
		fprintf(h->f, "<tr><td>%s</td>", grade_name(g));
		for (size_t a = 0; a < 4; a++)
			fprintf(h->f, "<td class=\"n\">%" PRIu64 "</td>",
				replay_stored(h->r->run, g, order[a]));
		fprintf(h->f, "</tr>\n");
	}
	fprintf(h->f, "</table>\n<p>Exact: this very answer. At most, name only: this answer or a "
		      "milder one, since the log does not hold what the object was before.</p>\n");
}

/* ---- the time line ---- */

struct html_bar {
	uint64_t deny, warn, may_deny, may_warn;
};

struct html_chart {
	int64_t from, hours; /* the first hour, and how many a bar stands for */
	size_t n;
	uint64_t most;
	struct html_bar bars[CHART_BARS];
};

static void chart_fill(const struct census *y, struct html_chart *c)
{
	int64_t last = y->hours[y->hours_n - 1].hour;

	c->from = y->hours[0].hour;
	c->hours = (last - c->from) / CHART_BARS + 1;
	c->n = (size_t)((last - c->from) / c->hours + 1);
	for (size_t i = 0; i < y->hours_n; i++) {
		const struct census_hour *h = &y->hours[i];
		struct html_bar *b = &c->bars[(h->hour - c->from) / c->hours];
		uint64_t all;

		b->deny += h->exact[ACTION_DENY];
		b->warn += h->exact[ACTION_WARN];
		b->may_deny += h->may[ACTION_DENY];
		b->may_warn += h->may[ACTION_WARN];
		all = b->deny + b->warn + b->may_deny + b->may_warn;
		c->most = all > c->most ? all : c->most;
	}
}

static double chart_part(const struct html_report *h, double x, double width, double y,
			 double height, const char *class)
{
	if (height > 0)
		fprintf(h->f,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>",
			x, y - height, width, height, class);
	return y - height;
}

static void chart_bar(const struct html_report *h, const struct html_chart *c, size_t i)
{
	const struct html_bar *b = &c->bars[i];
	double step = (double)CHART_WIDTH / (double)c->n, unit, y = CHART_HEIGHT;
	double x = (double)i * step, width = step > 60 ? 60 : step > 3 ? step - 1 : step;
	char at[REPLAY_TIME];

	if (!(b->deny | b->warn | b->may_deny | b->may_warn))
		return;
	unit = (CHART_HEIGHT - 20.0) / (double)c->most;
	replay_time((c->from + (int64_t)i * c->hours) * 3600000000, at);
	fprintf(h->f,
		"<g><title>%s: deny %" PRIu64 ", warn %" PRIu64 "; at most deny %" PRIu64
		", at most warn %" PRIu64 "</title>",
		at, b->deny, b->warn, b->may_deny, b->may_warn);
	y = chart_part(h, x, width, y, unit * (double)b->deny, "d");
	y = chart_part(h, x, width, y, unit * (double)b->warn, "w");
	y = chart_part(h, x, width, y, unit * (double)b->may_deny, "d m");
	chart_part(h, x, width, y, unit * (double)b->may_warn, "w m");
	fprintf(h->f, "</g>\n");
}

static void chart_gaps(const struct html_report *h, const struct html_chart *c)
{
	double hour = (double)CHART_WIDTH / (double)((int64_t)c->n * c->hours);
	struct census_minute gap;

	for (size_t at = 0; census_gap_next(&h->r->run->census, &at, &gap);) {
		double x = ((double)gap.first / 3.6e9 - (double)c->from) * hour;
		double width = (double)(gap.last - gap.first) / 3.6e9 * hour;

		fprintf(h->f,
			"<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%d\" class=\"g\">"
			"<title>the guard was not reached</title></rect>\n",
			x, width < 2 ? 2.0 : width, CHART_HEIGHT);
	}
}

static int html_time_line(const struct html_report *h)
{
	const struct census *y = &h->r->run->census;
	scoped(free_end) struct html_chart *c = calloc(1, sizeof *c);
	char from[REPLAY_TIME], to[REPLAY_TIME];

	if (!c)
		return err_nomem(h->err);
	if (y->hours_n)
		chart_fill(y, c);
	if (!c->most)
		return 0;
	replay_time(c->from * 3600000000, from);
	replay_time((c->from + (int64_t)c->n * c->hours) * 3600000000, to);
	fprintf(h->f,
		"<h2>Time line</h2>\n<p class=\"key\"><span style=\"background:var(--deny)\"></span>"
		"deny<span style=\"background:var(--warn)\"></span>warn; pale: at most"
		"<span style=\"background:var(--gap)\"></span>the guard was not reached. A bar is "
		"%" PRId64 " h.</p>\n<svg viewBox=\"0 -4 %d %d\" role=\"img\" "
		"aria-label=\"denials and warnings over time\">\n",
		c->hours, CHART_WIDTH, CHART_HEIGHT + 24);
	chart_gaps(h, c);
	for (size_t i = 0; i < c->n; i++)
		chart_bar(h, c, i);
	fprintf(h->f,
		"<path d=\"M0 %d.5H%d\" stroke=\"currentColor\" fill=\"none\"/>"
		"<text x=\"0\" y=\"%d\">%s</text><text x=\"%d\" y=\"%d\" "
		"text-anchor=\"end\">%s</text><text x=\"%d\" y=\"10\" text-anchor=\"end\">most in "
		"a bar: %" PRIu64 "</text>\n</svg>\n",
		CHART_HEIGHT, CHART_WIDTH, CHART_HEIGHT + 15, from, CHART_WIDTH, CHART_HEIGHT + 15,
		to, CHART_WIDTH, c->most);
	return 0;
}

/* ---- tables ---- */

static void html_object(FILE *f, const struct census_key *k)
{
	html_text(f, k->part[CENSUS_RESOURCE]);
	fputc(' ', f);
	html_text(f, k->part[CENSUS_NAMESPACE]);
	fputs(k->part[CENSUS_NAMESPACE].n ? "/" : "", f);
	html_text(f, k->part[CENSUS_NAME]);
}

static void html_row(const struct html_report *h, const struct census_row *r, bool before)
{
	const struct str *p = r->key.part;
	char first[REPLAY_TIME], last[REPLAY_TIME];

	replay_time(r->first, first);
	replay_time(r->last, last);
	fprintf(h->f, "<tr><td class=\"n\">%" PRIu64 "</td>", r->count);
	if (before)
		fprintf(h->f, "<td>%s</td>", before_name(r->key.before));
	fprintf(h->f, "<td class=\"%s\">%s%s</td><td>", action_name(r->key.action),
		before && r->key.grade != GRADE_EXACT ? "at most " : "",
		action_name(r->key.action));
	if (p[CENSUS_POLICY].n) {
		html_text(h->f, p[CENSUS_POLICY]);
		fputc('/', h->f);
		html_text(h->f, p[CENSUS_RULE]);
	}
	fprintf(h->f, "</td><td class=\"u\">");
	html_text(h->f, p[CENSUS_USER]);
	if (p[CENSUS_USER].n)
		fprintf(h->f, " (%s)", identity_class_name(r->key.class));
	fprintf(h->f, "</td><td class=\"u\">");
	html_object(h->f, &r->key);
	fprintf(h->f, "</td><td class=\"t\">%s</td><td class=\"t\">%s</td></tr>\n", first, last);
}

static int html_table(const struct html_report *h, const char *title,
		      const struct census_table *table, bool (*wanted)(const struct census_key *k),
		      bool before)
{
	scoped(free_end) const struct census_row **rows = replay_by_count(table);
	bool any = false;

	if (!rows)
		return err_nomem(h->err);
	for (size_t i = 0; i < table->n; i++) {
		if (!wanted(&rows[i]->key))
			continue;
		if (!any)
			fprintf(h->f,
				"<h2>%s</h2>\n<table><tr><th class=\"n\">Count</th>%s<th>Answer"
				"</th><th>Rule</th><th>Identity</th><th>Object</th><th>First</th>"
				"<th>Last</th></tr>\n",
				title, before ? "<th>Before</th>" : "");
		any = true;
		html_row(h, rows[i], before);
	}
	if (any)
		fprintf(h->f, "</table>\n");
	if (any && table->left_out)
		fprintf(h->f,
			"<p>There was no room for the rows of %" PRIu64 " more findings.</p>\n",
			table->left_out);
	return 0;
}

static bool html_exact(const struct census_key *k)
{
	return replay_is_serious(k) && k->grade == GRADE_EXACT;
}

static bool html_bound(const struct census_key *k)
{
	return replay_is_serious(k) && k->grade != GRADE_EXACT;
}

static bool html_any(const struct census_key *k)
{
	(void)k;
	return true;
}

static void html_gaps(const struct html_report *h)
{
	const struct census *y = &h->r->run->census;
	struct census_minute gap;
	size_t n = 0, w = 0;

	for (size_t at = 0; census_gap_next(y, &at, &gap); n++) {
		char first[REPLAY_TIME], last[REPLAY_TIME];

		replay_time(gap.first, first);
		replay_time(gap.last, last);
		if (!n)
			fprintf(h->f, "<h2>The guard was not reached</h2>\n");
		fprintf(h->f, "<h3>%s to %s: %" PRIu64 " writes</h3>\n<ul>\n", first, last,
			gap.writes);
		for (; w < y->writes_n && y->writes[w].at <= gap.last; w++) {
			const struct census_write *write = &y->writes[w];

			replay_time(write->at, first);
			fprintf(h->f, "<li>%s <span class=\"%s\">%s%s</span>: %s ", first,
				action_name(write->key.action),
				write->key.grade == GRADE_EXACT ? "" : "at most ",
				action_name(write->key.action), write->verb);
			html_object(h->f, &write->key);
			fprintf(h->f, " by ");
			html_text(h->f, write->key.part[CENSUS_USER]);
			fprintf(h->f, "</li>\n");
		}
		fprintf(h->f, "</ul>\n");
	}
}

static void html_problems(const struct html_report *h)
{
	const struct replay_counts *c = &h->r->run->counts;
	const struct census_table *un = &h->r->run->census.unjudged;

	for (size_t i = 0; i < un->n; i++) {
		fprintf(h->f, "%s<li>%" PRIu64 ": ", i ? "" : "<h2>Not judgeable</h2>\n<ul>\n",
			un->rows[i]->count);
		html_text(h->f, un->rows[i]->key.part[CENSUS_RULE]);
		fprintf(h->f, "</li>\n%s", i + 1 == un->n ? "</ul>\n" : "");
	}
	if (!c->problems_n)
		return;
	fprintf(h->f, "<h2>What was wrong with the input</h2>\n<ul>\n");
	for (size_t i = COUNT_PROBLEMS; i < COUNTS; i++)
		if (c->n[i])
			fprintf(h->f, "<li>%" PRIu64 " %s</li>\n", c->n[i],
				replay_count_words((enum replay_count)i));
	for (size_t i = 0; i < c->problems_n; i++) {
		fprintf(h->f, "<li>");
		html_text(h->f, str_of(c->problems[i].file));
		if (c->problems[i].line)
			fprintf(h->f, ":%" PRIu64, c->problems[i].line);
		fprintf(h->f, ": ");
		html_text(h->f, str_of(c->problems[i].text));
		fprintf(h->f, "</li>\n");
	}
	fprintf(h->f, "</ul>\n");
}

int replay_report_html(const struct replay_report *r, FILE *f, struct err *err)
{
	const struct html_report h = { r, f, err };
	const struct census *y = &r->run->census;

	html_head(&h);
	html_totals(&h);
	if (html_time_line(&h) < 0 ||
	    html_table(&h, "Who did what to which object (exact)", &y->rows, html_exact, false) <
		    0 ||
	    html_table(&h, "Who may have (at most)", &y->rows, html_bound, false) < 0 ||
	    html_table(&h, "Other than the guard said then", &y->then_rows, html_any, true) < 0 ||
	    html_table(&h, "Other than the baseline", &y->baseline_rows, html_any, true) < 0)
		return -1;
	html_gaps(&h);
	html_problems(&h);
	fprintf(f, "</body></html>\n");
	return 0;
}
