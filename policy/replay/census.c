/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/census.h"

#include <stdlib.h>

#define PART_MAX 512 /* bytes of a name in a row */

const char *outcome_name(enum replay_outcome o)
{
	static const char *const names[OUTCOMES] = { "stored", "dry run", "refused" };

	return names[o];
}

const char *before_name(enum census_before b)
{
	static const char *const names[BEFORES] = { "allow", "audit",  "warn",
						    "deny",  "silent", "not reached" };

	return names[b];
}

/* ---- tables ---- */

void census_table_init(struct census_table *t, size_t max)
{
	*t = (struct census_table){ .max = max };
}

void census_table_done(struct census_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->rows[i]);
	free(t->rows);
	census_table_init(t, t->max);
}

static int census_compare(const struct census_key *a, const struct census_key *b)
{
	const int x[] = { (int)a->outcome, (int)a->grade, -(int)a->action, (int)a->before,
			  (int)a->class };
	const int y[] = { (int)b->outcome, (int)b->grade, -(int)b->action, (int)b->before,
			  (int)b->class };
	int order = 0;

	for (size_t i = 0; !order && i < sizeof x / sizeof *x; i++)
		order = x[i] - y[i];
	for (size_t i = 0; !order && i < CENSUS_PARTS; i++)
		order = str_cmp(a->part[i], b->part[i]);
	return order;
}

/* Where the key stands, or would. */
static size_t census_place(const struct census_table *t, const struct census_key *key, bool *found)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (census_compare(&t->rows[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < t->n && !census_compare(&t->rows[low]->key, key);
	return low;
}

/* The key's texts behind each other; a key that holds them. */
static void census_copy(const struct census_key *key, char *text, struct census_key *out)
{
	*out = *key;
	for (size_t i = 0; i < CENSUS_PARTS; i++) {
		out->part[i].s = text;
		if (key->part[i].n)
			memcpy(text, key->part[i].s, key->part[i].n);
		text += key->part[i].n;
	}
}

static size_t census_length(const struct census_key *key)
{
	size_t n = 0;

	for (size_t i = 0; i < CENSUS_PARTS; i++)
		n += key->part[i].n;
	return n;
}

static void census_cut(struct census_key *key)
{
	for (size_t i = 0; i < CENSUS_PARTS; i++)
		if (key->part[i].n > PART_MAX)
			key->part[i].n = PART_MAX;
}

static int census_grow(struct census_table *t, struct err *err)
{
	size_t room = t->room ? 2 * t->room : 64;
	struct census_row **grown;

	if (t->n < t->room)
		return 0;
	if (!(grown = realloc(t->rows, room * sizeof *grown)))
		return err_nomem(err);
	t->rows = grown;
	t->room = room;
	return 0;
}

int census_table_add(struct census_table *t, const struct census_key *wanted, uint64_t count,
		     int64_t first, int64_t last, struct err *err)
{
	struct census_key key = *wanted;
	struct census_row *row;
	bool found;
	size_t at;

	census_cut(&key);
	at = census_place(t, &key, &found);
	if (found) {
		row = t->rows[at];
		row->count += count;
		row->first = first < row->first ? first : row->first;
		row->last = last > row->last ? last : row->last;
		return 0;
	}
	if (t->n == t->max) {
		t->left_out += count;
		return 0;
	}
	if (census_grow(t, err) < 0)
		return -1;
	if (!(row = malloc(sizeof *row + census_length(&key))))
		return err_nomem(err);
	row->count = count;
	row->first = first;
	row->last = last;
	census_copy(&key, row->text, &row->key);
	memmove(t->rows + at + 1, t->rows + at, (t->n - at) * sizeof(struct census_row *));
	t->rows[at] = row;
	t->n++;
	return 0;
}

int census_group(const struct census_table *from, unsigned parts, struct census_table *to,
		 struct err *err)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct census_row *r = from->rows[i];
		struct census_key key = r->key;

		for (size_t k = 0; k < CENSUS_PARTS; k++)
			if (!(parts & 1u << k))
				key.part[k].n = 0;
		if (!(parts & 1u << CENSUS_USER))
			key.class = IDENTITY_UNKNOWN;
		if (census_table_add(to, &key, r->count, r->first, r->last, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- hours ---- */

static int64_t floor_to(int64_t us, int64_t unit)
{
	return us >= 0 ? us / unit : -((-us + unit - 1) / unit);
}

/* Make room at an index of a growing array of `size` bytes an element. */
static int census_insert(void **array, size_t *n, size_t *room, size_t size, size_t at,
			 struct err *err)
{
	char *base = *array;

	if (*n == *room) {
		size_t next = *room ? 2 * *room : 64;

		if (!(base = realloc(*array, next * size)))
			return err_nomem(err);
		*array = base;
		*room = next;
	}
	memmove(base + (at + 1) * size, base + at * size, (*n - at) * size);
	memset(base + at * size, 0, size);
	++*n;
	return 0;
}

static int census_hour_add(struct census *t, int64_t us, const struct graded *g, struct err *err)
{
	int64_t hour = floor_to(us, 3600000000);
	size_t low = 0, high = t->hours_n;
	struct census_hour *h;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->hours[middle].hour < hour)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == t->hours_n || t->hours[low].hour != hour) {
		if (t->hours_n == CENSUS_HOURS) {
			t->hours_left_out++;
			return 0;
		}
		if (census_insert((void **)&t->hours, &t->hours_n, &t->hours_room, sizeof *h, low,
				  err) < 0)
			return -1;
		t->hours[low].hour = hour;
	}
	h = &t->hours[low];
	(g->grade == GRADE_EXACT ? h->exact : h->may)[g->verdict.action]++;
	return 0;
}

/* ---- when the guard was not reached ---- */

#define MINUTES_MAX 131072 /* of a log; later ones are joined to the last */

static int census_minute_add(struct census *t, int64_t us, const struct graded *g, struct err *err)
{
	int64_t minute = floor_to(us, 60000000);
	size_t low = 0, high = t->minutes_n;
	struct census_minute *m;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (floor_to(t->minutes[middle].first, 60000000) < minute)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == t->minutes_n || floor_to(t->minutes[low].first, 60000000) != minute) {
		if (t->minutes_n == MINUTES_MAX)
			low = low ? low - 1 : 0;
		else if (census_insert((void **)&t->minutes, &t->minutes_n, &t->minutes_room,
				       sizeof *m, low, err) < 0)
			return -1;
		else
			t->minutes[low].first = t->minutes[low].last = us;
	}
	m = &t->minutes[low];
	m->first = us < m->first ? us : m->first;
	m->last = us > m->last ? us : m->last;
	m->writes++;
	if (g->grade != GRADE_NONE)
		(g->grade == GRADE_EXACT ? m->exact : m->may)[g->verdict.action]++;
	return 0;
}

bool census_gap_next(const struct census *t, size_t *at, struct census_minute *out)
{
	if (*at >= t->minutes_n)
		return false;
	*out = t->minutes[(*at)++];
	while (*at < t->minutes_n &&
	       t->minutes[*at].first - out->last <= CENSUS_GAP_JOIN * (int64_t)1000000) {
		const struct census_minute *m = &t->minutes[(*at)++];

		out->last = m->last;
		out->writes += m->writes;
		for (size_t a = 0; a < 4; a++) {
			out->exact[a] += m->exact[a];
			out->may[a] += m->may[a];
		}
	}
	return true;
}

static int write_compare(const struct census_write *a, const struct census_write *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return census_compare(&a->key, &b->key);
}

/* The earliest are kept. */
static int census_write_add(struct census *t, const struct census_key *key, int64_t at,
			    const char *verb, struct err *err)
{
	struct census_write w = { .at = at, .key = *key, .verb = verb };
	struct census_key cut;
	size_t i = t->writes_n;

	census_cut(&w.key);
	while (i && write_compare(&w, &t->writes[i - 1]) < 0)
		i--;
	if (i == CENSUS_GAP_WRITES)
		return 0;
	if (!t->writes && !(t->writes = calloc(CENSUS_GAP_WRITES, sizeof *t->writes)))
		return err_nomem(err);
	if (!(w.text = malloc(census_length(&w.key) + 1)))
		return err_nomem(err);
	cut = w.key;
	census_copy(&cut, w.text, &w.key);
	if (t->writes_n == CENSUS_GAP_WRITES)
		free(t->writes[--t->writes_n].text);
	memmove(t->writes + i + 1, t->writes + i, (t->writes_n - i) * sizeof w);
	t->writes[i] = w;
	t->writes_n++;
	return 0;
}

/* ---- an event ---- */

void census_init(struct census *t)
{
	*t = (struct census){ .hours = NULL };
	census_table_init(&t->rules, CENSUS_ROWS);
	census_table_init(&t->rows, CENSUS_ROWS);
	census_table_init(&t->then_rows, CENSUS_DIFFERENCE);
	census_table_init(&t->baseline_rows, CENSUS_DIFFERENCE);
	census_table_init(&t->unjudged, 64);
}

void census_done(struct census *t)
{
	census_table_done(&t->rules);
	census_table_done(&t->rows);
	census_table_done(&t->then_rows);
	census_table_done(&t->baseline_rows);
	census_table_done(&t->unjudged);
	free(t->hours);
	free(t->minutes);
	for (size_t i = 0; i < t->writes_n; i++)
		free(t->writes[i].text);
	free(t->writes);
	census_init(t);
}

enum replay_outcome outcome_of(const struct event *e)
{
	if (e->panic || e->code >= 300)
		return OUTCOME_REFUSED;
	return e->dry_run ? OUTCOME_DRY_RUN : OUTCOME_STORED;
}

enum census_before before_of(const struct event *e)
{
	if (e->then == THEN_SAID)
		return (enum census_before)e->said;
	return e->then == THEN_SILENT ? BEFORE_SILENT : BEFORE_NOT_REACHED;
}

struct census_names {
	char resource[600];
};

static void census_key_of(const struct event *e, const struct request *req, const struct graded *g,
			  struct census_names *names, struct census_key *out)
{
	int n = snprintf(names->resource, sizeof names->resource, "%.*s%s%.*s",
			 (int)(e->resource.resource.n < 250 ? e->resource.resource.n : 250),
			 e->resource.resource.s, e->subresource.n ? "/" : "",
			 (int)(e->subresource.n < 250 ? e->subresource.n : 250),
			 e->subresource.s ? e->subresource.s : "");

	*out = (struct census_key){ .outcome = outcome_of(e),
				    .grade = g->grade,
				    .action = g->verdict.action,
				    .class = g->verdict.identity };
	out->part[CENSUS_USER] = e->user.name;
	out->part[CENSUS_RESOURCE] = (struct str){ names->resource, (size_t)n };
	out->part[CENSUS_NAMESPACE] = e->namespace;
	out->part[CENSUS_NAME] = req->name.n ? req->name : STR("(name not in the log)");
}

/* The strongest finding's rule, of whichever verdict has one. */
static void census_name_rule(struct census_key *key, const struct verdict *v)
{
	if (!v->findings_n)
		return;
	key->part[CENSUS_POLICY] = v->findings[0].policy;
	key->part[CENSUS_RULE] = v->findings[0].rule;
}

static int census_finding(struct census *t, const struct census_key *of, const struct finding *f,
			  int64_t at, struct err *err)
{
	struct census_key key = *of, rule = { .outcome = of->outcome,
					      .grade = of->grade,
					      .class = IDENTITY_UNKNOWN };

	key.action = rule.action = f->action;
	key.part[CENSUS_POLICY] = rule.part[CENSUS_POLICY] = f->policy;
	key.part[CENSUS_RULE] = rule.part[CENSUS_RULE] = f->rule;
	if (census_table_add(&t->rows, &key, 1, at, at, err) < 0)
		return -1;
	return census_table_add(&t->rules, &rule, 1, at, at, err);
}

/* Of a bound, what makes it: not each finding that might be besides. */
static int census_findings(struct census *t, const struct census_key *of, const struct graded *g,
			   int64_t at, struct err *err)
{
	for (size_t i = 0; i < g->verdict.findings_n; i++) {
		const struct finding *f = &g->verdict.findings[i];

		if ((g->grade == GRADE_EXACT || f->action == g->verdict.action) &&
		    census_finding(t, of, f, at, err) < 0)
			return -1;
	}
	return 0;
}

/* What the guard said then, if it would say something else now; an exact no-change is none. */
static int census_then(struct census *t, const struct event *e, const struct census_key *of,
		       const struct graded *g, struct err *err)
{
	struct census_key key = *of;

	key.before = before_of(e);
	t->then[key.before][g->grade][g->verdict.action]++;
	if (e->then != THEN_SAID || (enum action)key.before == g->verdict.action)
		return 0;
	census_name_rule(&key, &g->verdict);
	return census_table_add(&t->then_rows, &key, 1, e->received, e->received, err);
}

static int census_baseline(struct census *t, const struct event *e, const struct census_key *of,
			   const struct graded *g, const struct graded *base, struct err *err)
{
	struct census_key key = *of;

	t->baseline[base->verdict.action][g->grade][g->verdict.action]++;
	if (base->verdict.action == g->verdict.action)
		return 0;
	key.before = (enum census_before)base->verdict.action;
	census_name_rule(&key, g->verdict.findings_n ? &g->verdict : &base->verdict);
	return census_table_add(&t->baseline_rows, &key, 1, e->received, e->received, err);
}

static int census_missed(struct census *t, const struct event *e, const struct census_key *of,
			 const struct graded *g, struct err *err)
{
	struct census_key key = *of;

	census_name_rule(&key, &g->verdict);
	if (census_minute_add(t, e->received, g, err) < 0)
		return -1;
	return census_write_add(t, &key, e->received, event_verb_name(e->verb), err);
}

static int census_unjudged(struct census *t, const struct census_key *of, const struct graded *g,
			   int64_t at, struct err *err)
{
	struct census_key key = { .outcome = of->outcome,
				  .grade = GRADE_NONE,
				  .class = IDENTITY_UNKNOWN };

	key.part[CENSUS_RULE] = str_of(g->why);
	return census_table_add(&t->unjudged, &key, 1, at, at, err);
}

int census_add(struct census *t, const struct event *e, const struct request *req,
	       const struct graded *now, const struct graded *baseline, struct err *err)
{
	struct census_names names;
	struct census_key key;

	census_key_of(e, req, now, &names, &key);
	t->events[key.outcome][now->grade][now->verdict.action]++;
	if (now->grade == GRADE_NONE)
		return census_unjudged(t, &key, now, e->received, err);
	if (census_findings(t, &key, now, e->received, err) < 0 ||
	    census_then(t, e, &key, now, err) < 0)
		return -1;
	if (baseline && census_baseline(t, e, &key, now, baseline, err) < 0)
		return -1;
	if (e->then == THEN_NOT_REACHED && census_missed(t, e, &key, now, err) < 0)
		return -1;
	return key.outcome == OUTCOME_STORED ? census_hour_add(t, e->received, now, err) : 0;
}
