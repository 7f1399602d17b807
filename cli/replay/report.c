/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay/report.h"

#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/printable.h"

void replay_time(int64_t us, char out[REPLAY_TIME])
{
	int64_t seconds = us / 1000000;

	if (us < 0 || seconds > 253402300799)
		snprintf(out, REPLAY_TIME, "-");
	else
		time_print(seconds, out);
}

void replay_put_shown(FILE *f, struct str s, size_t max)
{
	scoped(arena_end) struct arena arena;
	struct str words;

	arena_init(&arena, 64u << 10);
	words = printable_middle(s, max, &arena);
	fwrite(words.s ? words.s : "", 1, words.n, f);
}

void replay_put_object(FILE *f, const struct census_key *k)
{
	replay_put_shown(f, k->part[CENSUS_RESOURCE], 80);
	fputc(' ', f);
	replay_put_shown(f, k->part[CENSUS_NAMESPACE], 64);
	fputs(k->part[CENSUS_NAMESPACE].n ? "/" : "", f);
	replay_put_shown(f, k->part[CENSUS_NAME], 80);
}

bool replay_is_serious(const struct census_key *k)
{
	return k->outcome == OUTCOME_STORED && k->action >= ACTION_WARN;
}

uint64_t replay_stored(const struct replay_run *run, enum grade g, enum action a)
{
	return run->census.events[OUTCOME_STORED][g][a];
}

uint64_t replay_stored_may(const struct replay_run *run, enum action a)
{
	return replay_stored(run, GRADE_AT_MOST, a) + replay_stored(run, GRADE_NAME_ONLY, a);
}

static int by_count(const void *a, const void *b)
{
	const struct census_row *x = *(const struct census_row *const *)a;
	const struct census_row *y = *(const struct census_row *const *)b;

	if (x->key.action != y->key.action)
		return x->key.action > y->key.action ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	/* The table's own order, which is that of addresses of no row but of their texts. */
	for (size_t i = 0; i < CENSUS_PARTS; i++) {
		int order = str_cmp(x->key.part[i], y->key.part[i]);

		if (order)
			return order;
	}
	return (int)x->key.grade - (int)y->key.grade;
}

const struct census_row **replay_by_count(const struct census_table *t)
{
	const struct census_row **v = calloc(t->n + 1, sizeof *v);

	if (!v)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		v[i] = t->rows[i];
	qsort(v, t->n, sizeof *v, by_count);
	return v;
}
