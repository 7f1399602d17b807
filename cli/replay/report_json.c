/* SPDX-License-Identifier: Apache-2.0
 * report_json.c - the report for programs; docs/replay.schema.json says what stands where.
 */
#include <inttypes.h>

#include "cli/replay/report.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"

struct json_report {
	const struct replay_run *run;
	FILE *f;
	struct err *err;
	bool full;
};

static void report_text(struct json_report *j, struct str s)
{
	scoped(arena_end) struct arena arena;
	struct text t;

	arena_init(&arena, 1u << 20);
	text_init(&t, &arena, 256u << 10);
	json_quote(s, &t);
	j->full = j->full || t.full;
	fwrite(t.s ? t.s : "", 1, t.n, j->f);
}

static void report_string(struct json_report *j, const char *key, struct str s)
{
	fprintf(j->f, "\"%s\":", key);
	report_text(j, s);
}

static void report_when(struct json_report *j, const char *key, int64_t us)
{
	char at[REPLAY_TIME];

	replay_time(us, at);
	fprintf(j->f, "\"%s\":\"%s\"", key, at);
}

/* ---- what was read ---- */

static void report_input(struct json_report *j)
{
	const struct replay_counts *c = &j->run->counts;
	scoped(arena_end) struct arena arena;
	struct text t;

	arena_init(&arena, 2u << 20);
	text_init(&t, &arena, 1u << 20);
	replay_counts_print(c, &t);
	j->full = j->full || t.full;
	fprintf(j->f, "\"input\":{%.*s,\"duplicates\":%" PRIu64 "}", (int)t.n, t.s ? t.s : "",
		j->run->census.duplicates);
}

/* ---- sums ---- */

static void report_sums(struct json_report *j, const char *first, const char *name,
			const uint64_t m[GRADES][4], bool *any)
{
	for (enum grade g = GRADE_EXACT; g < GRADES; g++)
		for (enum action a = ACTION_ALLOW; a <= ACTION_DENY; a++)
			if (m[g][a]) {
				fprintf(j->f,
					"%s{\"%s\":\"%s\",\"grade\":\"%s\",\"action\":\"%s\","
					"\"count\":%" PRIu64 "}",
					*any ? "," : "", first, name, grade_name(g), action_name(a),
					m[g][a]);
				*any = true;
			}
}

static void report_all_sums(struct json_report *j)
{
	const struct census *y = &j->run->census;
	bool any = false;

	fprintf(j->f, ",\"events\":[");
	for (enum replay_outcome o = OUTCOME_STORED; o < OUTCOMES; o++)
		report_sums(j, "outcome", outcome_name(o), y->events[o], &any);
	fprintf(j->f, "],\"then\":[");
	any = false;
	for (enum census_before b = BEFORE_ALLOW; b < BEFORES; b++)
		report_sums(j, "before", before_name(b), y->then[b], &any);
	fprintf(j->f, "]");
	if (!j->run->baseline)
		return;
	fprintf(j->f, ",\"baseline\":[");
	any = false;
	for (enum action a = ACTION_ALLOW; a <= ACTION_DENY; a++)
		report_sums(j, "before", action_name(a), y->baseline[a], &any);
	fprintf(j->f, "]");
}

/* ---- rows ---- */

static void report_row_key(struct json_report *j, const struct census_key *k, bool before)
{
	static const char *const parts[CENSUS_PARTS] = { "policy",   "rule",      "user",
							 "resource", "namespace", "name" };

	fprintf(j->f, "\"outcome\":\"%s\",\"grade\":\"%s\",\"action\":\"%s\"",
		outcome_name(k->outcome), grade_name(k->grade), action_name(k->action));
	if (before)
		fprintf(j->f, ",\"before\":\"%s\"", before_name(k->before));
	if (k->part[CENSUS_USER].n)
		fprintf(j->f, ",\"identity\":\"%s\"", identity_class_name(k->class));
	for (size_t i = 0; i < CENSUS_PARTS; i++)
		if (k->part[i].n) {
			fputc(',', j->f);
			report_string(j, parts[i], k->part[i]);
		}
}

static void report_table(struct json_report *j, const char *name, const struct census_table *t,
			 bool before)
{
	fprintf(j->f, ",\"%s\":{\"leftOut\":%" PRIu64 ",\"rows\":[", name, t->left_out);
	for (size_t i = 0; i < t->n; i++) {
		const struct census_row *r = t->rows[i];

		fputs(i ? ",\n{" : "\n{", j->f);
		report_row_key(j, &r->key, before);
		fprintf(j->f, ",\"count\":%" PRIu64 ",", r->count);
		report_when(j, "first", r->first);
		fputc(',', j->f);
		report_when(j, "last", r->last);
		fputc('}', j->f);
	}
	fprintf(j->f, "]}");
}

/* ---- time ---- */

static void report_actions(struct json_report *j, const char *name, const uint64_t n[4])
{
	fprintf(j->f,
		"\"%s\":{\"deny\":%" PRIu64 ",\"warn\":%" PRIu64 ",\"audit\":%" PRIu64
		",\"allow\":%" PRIu64 "}",
		name, n[ACTION_DENY], n[ACTION_WARN], n[ACTION_AUDIT], n[ACTION_ALLOW]);
}

static void report_hours(struct json_report *j)
{
	const struct census *y = &j->run->census;

	fprintf(j->f, ",\"hours\":[");
	for (size_t i = 0; i < y->hours_n; i++) {
		fputs(i ? ",\n{" : "\n{", j->f);
		report_when(j, "from", y->hours[i].hour * 3600000000);
		fputc(',', j->f);
		report_actions(j, "exact", y->hours[i].exact);
		fputc(',', j->f);
		report_actions(j, "atMost", y->hours[i].may);
		fputc('}', j->f);
	}
	fprintf(j->f, "]");
}

static void report_gaps(struct json_report *j)
{
	const struct census *y = &j->run->census;
	struct census_minute gap;

	fprintf(j->f, ",\"gaps\":[");
	for (size_t at = 0, n = 0; census_gap_next(y, &at, &gap); n++) {
		fputs(n ? ",\n{" : "\n{", j->f);
		report_when(j, "first", gap.first);
		fputc(',', j->f);
		report_when(j, "last", gap.last);
		fprintf(j->f, ",\"writes\":%" PRIu64 ",", gap.writes);
		report_actions(j, "exact", gap.exact);
		fputc(',', j->f);
		report_actions(j, "atMost", gap.may);
		fputc('}', j->f);
	}
	fprintf(j->f, "],\"gapWrites\":[");
	for (size_t i = 0; i < y->writes_n; i++) {
		fputs(i ? ",\n{" : "\n{", j->f);
		report_when(j, "at", y->writes[i].at);
		fprintf(j->f, ",\"verb\":\"%s\",", y->writes[i].verb);
		report_row_key(j, &y->writes[i].key, false);
		fputc('}', j->f);
	}
	fprintf(j->f, "]");
}

static void report_unjudged(struct json_report *j)
{
	const struct census_table *t = &j->run->census.unjudged;

	fprintf(j->f, ",\"notJudgeable\":[");
	for (size_t i = 0; i < t->n; i++) {
		fprintf(j->f, "%s{\"outcome\":\"%s\",", i ? "," : "",
			outcome_name(t->rows[i]->key.outcome));
		report_string(j, "why", t->rows[i]->key.part[CENSUS_RULE]);
		fprintf(j->f, ",\"count\":%" PRIu64 "}", t->rows[i]->count);
	}
	fprintf(j->f, "]");
}

int replay_report_json(const struct replay_report *r, FILE *f, struct err *err)
{
	struct json_report j = { .run = r->run, .f = f, .err = err };

	fprintf(f, "{\"kind\":\"ReplayReport\",\"version\":1,\"mode\":\"%s\",",
		mode_name(policy_set_mode(r->run->set)));
	report_input(&j);
	report_all_sums(&j);
	report_table(&j, "rules", &r->run->census.rules, false);
	report_table(&j, "rows", &r->run->census.rows, false);
	report_table(&j, "otherThanThen", &r->run->census.then_rows, true);
	if (r->run->baseline)
		report_table(&j, "otherThanBaseline", &r->run->census.baseline_rows, true);
	report_hours(&j);
	report_gaps(&j);
	report_unjudged(&j);
	fprintf(f, "}\n");
	return j.full ? err_nomem(err) : 0;
}
