/* SPDX-License-Identifier: Apache-2.0
 * posture_html.c - one page for people without Kubernetes: no script, nothing fetched, light and
 * dark, two printed pages with up to 20 findings.
 */
#include <string.h>

#include "cli/report/posture.h"
#include "lib/base/version.h"

#define SHOWN_MAX 100 /* findings on the page */

static void put(FILE *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else
			fputc(c, out);
	}
}

static void put_in(FILE *out, const char *open, struct str s, const char *close)
{
	if (!s.n)
		return;
	fputs(open, out);
	put(out, s);
	fputs(close, out);
}

static const char style[] =
	":root{color-scheme:light "
	"dark;--bg:#fff;--fg:#1c1f23;--dim:#5b636d;--line:#d9dee4;--red:#b3261e;--amber:#8a5a00;--green:#1d6b3a;--blue:#1f5aa6;--card:#f6f8fa}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e6e9ed;--dim:#9aa4af;--line:#333a42;--red:#ff8a80;--amber:#e8b04a;--green:#6fcf97;--blue:#8ab8f5;--card:#1d2126}}\n"
	"*{box-sizing:border-box}body{font:14px/1.45 "
	"system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:60rem;margin:0 "
	"auto;padding:1.5rem}\n"
	"h1{font-size:1.35rem;margin:0}h2{font-size:1.05rem;margin:1.4rem 0 "
	".4rem}p{margin:.3rem 0}\n"
	".dim{color:var(--dim)}.counts{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}\n"
	".count{background:var(--card);border:1px solid "
	"var(--line);border-radius:.4rem;padding:.4rem .8rem}.count "
	"b{display:block;font-size:1.4rem}\n"
	".red{color:var(--red)}.amber{color:var(--amber)}.green{color:var(--green)}.blue{color:var(--blue)}\n"
	"table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.22rem "
	".5rem;border-bottom:1px solid var(--line);vertical-align:top}th{font-weight:600}\n"
	"details{border:1px solid "
	"var(--line);border-radius:.4rem;background:var(--card);margin:.35rem 0;padding:.35rem "
	".7rem;break-inside:avoid}summary{cursor:pointer}\n"
	"code{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}pre{margin:.3rem "
	"0;white-space:pre-wrap;overflow-wrap:anywhere;font:12px/1.4 ui-monospace,monospace}\n"
	"@media "
	"print{body{font-size:10.5px;padding:0;max-width:none}h1{font-size:15px}h2{font-size:12px;margin:.6rem "
	"0 .2rem}.count b{font-size:13px}.count{padding:.1rem "
	".5rem}code,pre{font-size:9px}details{padding:.1rem .4rem;margin:.15rem "
	"0}td,th{padding:.08rem .4rem}.counts{margin:.4rem "
	"0}details>*:not(summary){margin-left:.6rem}.long{display:none}}\n";

static const char *tier_class(enum tier tier)
{
	return tier == TIER_UNSUPPORTED ? "red" : tier == TIER_BEST_EFFORT ? "amber" : "blue";
}

static void put_count(FILE *out, size_t n, const char *class, const char *what)
{
	fprintf(out, "<div class=\"count\"><b class=\"%s\">%zu</b>%s</div>\n", n ? class : "dim", n,
		what);
}

static void put_head(FILE *out, const struct posture_view *v)
{
	const struct posture_results *r = v->r;
	char when[POSTURE_TIME];

	posture_time(r->now, when);
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<meta name=\"viewport\" content=\"width=device-width\"><title>OKE posture",
	      out);
	put_in(out, ": ", r->cluster, "");
	fprintf(out,
		"</title><style>\n%s</style></head><body>\n<h1>Is this cluster inside Oracle's "
		"support boundary?</h1>\n<p class=\"dim\">",
		style);
	put_in(out, "Cluster ", r->cluster, ", ");
	put_in(out, "Kubernetes ", r->kubernetes, ", ");
	fprintf(out, "as of %s, by oke-guard %s</p>\n", when, OKE_GUARD_VERSION);
	if (!r->whole)
		put_in(out, "<p class=\"red\">This scan is not whole: ", r->cut, "</p>\n");
	fputs("<div class=\"counts\">\n", out);
	put_count(out, r->tiers[TIER_UNSUPPORTED], "red", "outside the boundary");
	put_count(out, r->tiers[TIER_BEST_EFFORT], "amber", "best-effort support");
	put_count(out, r->tiers[TIER_SUPPORTED], "blue", "advice");
	put_count(out, r->results[POSTURE_PASS], "green", "checks pass");
	put_count(out, r->results[POSTURE_UNKNOWN], "amber", "not known");
	put_count(out, r->results[POSTURE_NOT_CHECKABLE], "dim", "ask elsewhere");
	if (v->baseline) {
		put_count(out, v->fresh, "red", "new");
		put_count(out, v->gone, "green", "gone");
	}
	fputs("</div>\n", out);
}

static const char *row_class(enum row_state s)
{
	static const char *const classes[ROW_STATES] = {
		[ROW_YOURS] = "dim",     [ROW_ORACLES] = "dim", [ROW_INSIDE] = "green",
		[ROW_UNKNOWN] = "amber", [ROW_ADVICE] = "blue", [ROW_BEST_EFFORT] = "amber",
		[ROW_OUTSIDE] = "red",
	};

	return classes[s];
}

static void put_rows(FILE *out, const struct posture_view *v)
{
	const struct posture_row *row;
	struct row_count c;

	fputs("<h2>Oracle's responsibility "
	      "matrix</h2>\n<table><tr><th>Area</th><th>Responsible</th>"
	      "<th>Today</th></tr>\n",
	      out);
	for (size_t i = 0; (row = posture_row_at(i)); i++) {
		enum row_state s = posture_row_state(v, row, &c);

		fprintf(out, "<tr><td>%s</td><td>%s</td><td class=\"%s\">%s</td></tr>\n", row->name,
			row->who, row_class(s), row_state_words(s));
	}
	fputs("</table>\n", out);
}

static void put_finding(FILE *out, const struct posture_view *v, const struct posture_finding *f)
{
	char when[POSTURE_TIME];

	posture_time(f->time, when);
	fprintf(out, "<details%s><summary><b class=\"%s\">%s</b> ",
		f->tier == TIER_UNSUPPORTED && !f->accepted ? " open" : "",
		f->accepted ? "dim" : tier_class(f->tier),
		f->accepted ? "accepted" : posture_tier_words(f->tier));
	put_in(out, "", f->kind, " ");
	put_in(out, "", f->namespace, "/");
	put_in(out, "", f->name, "");
	put_in(out, ": <code>", f->path, "</code>");
	fputs(v->baseline && f->fresh ? " <b>new</b></summary>\n<p>" : "</summary>\n<p>", out);
	put(out, f->text);
	put_in(out, "</p>\n<p><code>", f->from, "</code> &rarr; ");
	put_in(out, f->from.n ? "<code>" : "</p>\n<p>now <code>", f->to, "</code>");
	put_in(out, "</p>\n<p>by ", f->tool, "");
	if (f->tool.n && *when)
		fprintf(out, ", last write by this tool %s", when);
	put_in(out, "</p>\n<p>accepted by ", f->exception, "");
	if (f->remedy.n && !str_is(f->remedy, "put it back:"))
		put_in(out, "</p>\n<p>Do: ", f->remedy, "");
	put_in(out, "</p>\n<pre>", f->command, "</pre><p>");
	put_in(out, "</p>\n<p class=\"dim long\">", f->docs, "");
	fputs("</p></details>\n", out);
}

static size_t put_tier(FILE *out, const struct posture_view *v, enum tier tier, bool accepted,
		       size_t left)
{
	for (size_t i = 0; i < v->r->checks_n; i++) {
		const struct posture_outcome *o = &v->r->checks[i];

		for (size_t n = 0; n < o->kept && left; n++)
			if (o->v[n].accepted == accepted && (accepted || o->v[n].tier == tier)) {
				put_finding(out, v, &o->v[n]);
				left--;
			}
	}
	return left;
}

static void put_findings(FILE *out, const struct posture_view *v)
{
	size_t left = SHOWN_MAX, all = 0;

	for (size_t i = 0; i < v->r->checks_n; i++)
		all += v->r->checks[i].findings;
	fprintf(out, "<h2>If you opened a ticket today, Oracle would point at %zu thing%s</h2>\n",
		v->r->tiers[TIER_UNSUPPORTED], posture_plural(v->r->tiers[TIER_UNSUPPORTED]));
	left = put_tier(out, v, TIER_UNSUPPORTED, false, left);
	if (all > v->r->tiers[TIER_UNSUPPORTED])
		fputs("<h2>Everything else</h2>\n", out);
	left = put_tier(out, v, TIER_BEST_EFFORT, false, left);
	left = put_tier(out, v, TIER_SUPPORTED, false, left);
	left = put_tier(out, v, TIER_SUPPORTED, true, left);
	if (all > SHOWN_MAX - left)
		fprintf(out, "<p>and %zu more</p>\n", all - (SHOWN_MAX - left));
}

static void put_outcomes(FILE *out, const struct posture_view *v, enum posture_result result,
			 const char *title)
{
	if (!v->r->results[result])
		return;
	fprintf(out, "<details><summary>%s (%zu)</summary><table>\n", title, v->r->results[result]);
	for (size_t i = 0; i < v->r->checks_n; i++) {
		const struct posture_outcome *o = &v->r->checks[i];

		if (o->result != result)
			continue;
		fprintf(out, "<tr><td>%s</td><td>", o->check->title);
		put(out, o->reason);
		fputs("</td></tr>\n", out);
	}
	fputs("</table></details>\n", out);
}

void posture_print_html(FILE *out, const struct posture_view *v)
{
	put_head(out, v);
	put_findings(out, v);
	put_rows(out, v);
	fputs("<h2>Checks</h2>\n", out);
	put_outcomes(out, v, POSTURE_UNKNOWN, "Not known, and why");
	put_outcomes(out, v, POSTURE_NOT_CHECKABLE,
		     "Not seen from inside the cluster: ask elsewhere");
	put_outcomes(out, v, POSTURE_PASS, "Pass");
	put_outcomes(out, v, POSTURE_NOT_APPLICABLE, "Not applicable");
	fputs("<p class=\"dim\">Ground of each finding: <code>" POSTURE_WHY "</code></p>\n"
	      "</body></html>\n",
	      out);
}
