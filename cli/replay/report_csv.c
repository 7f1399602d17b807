/* SPDX-License-Identifier: Apache-2.0
 * report_csv.c - the rows for a spreadsheet: RFC 4180, and no cell that a spreadsheet would
 * take for a formula.
 */
#include <inttypes.h>

#include "cli/replay/report.h"
#include "lib/base/cleanup.h"
#include "lib/base/printable.h"

#define CELL_MAX 1024

static void csv_cell(FILE *f, struct str raw)
{
	scoped(arena_end) struct arena arena;
	struct str s;

	arena_init(&arena, 64u << 10);
	s = printable_middle(raw, CELL_MAX, &arena);
	fputc('"', f);
	if (s.n && strchr("=+-@", s.s[0]))
		fputc('\'', f);
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '"')
			fputc('"', f);
		fputc(s.s[i], f);
	}
	fputc('"', f);
}

static void csv_row(FILE *f, const char *table, const struct census_row *r, bool before)
{
	char first[REPLAY_TIME], last[REPLAY_TIME];

	replay_time(r->first, first);
	replay_time(r->last, last);
	fprintf(f, "%s,%s,%s,%s,%s,", table, outcome_name(r->key.outcome), grade_name(r->key.grade),
		before ? before_name(r->key.before) : "", action_name(r->key.action));
	for (size_t i = 0; i < CENSUS_PARTS; i++) {
		csv_cell(f, r->key.part[i]);
		fputc(',', f);
	}
	fprintf(f, "%s,%" PRIu64 ",%s,%s\r\n", identity_class_name(r->key.class), r->count, first,
		last);
}

static void csv_table(FILE *f, const char *name, const struct census_table *t, bool before)
{
	for (size_t i = 0; i < t->n; i++)
		csv_row(f, name, t->rows[i], before);
}

int replay_report_csv(const struct replay_report *r, FILE *f, struct err *err)
{
	const struct census *y = &r->run->census;

	(void)err;
	fprintf(f, "table,outcome,grade,before,action,policy,rule,user,resource,namespace,name,"
		   "identity,count,first,last\r\n");
	csv_table(f, "findings", &y->rows, false);
	csv_table(f, "other than then", &y->then_rows, true);
	csv_table(f, "other than baseline", &y->baseline_rows, true);
	return 0;
}
