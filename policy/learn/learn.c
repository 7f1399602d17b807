/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/learn/learn.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/time.h"
#include "lib/json/json.h"

#define ARENA_MAX    (4 * (size_t)LEARN_FILE_MAX) /* for the nodes of a document */
#define COUNT_DIGITS 15                           /* exact as a JSON number anywhere */
#define COUNT_MAX    999999999999999u
#define ROOM_FIRST   64

static const struct learn_part_def {
	struct str key;
	size_t max;
} parts[LEARN_PARTS] = {
	[LEARN_USER] = { { "user", 4 }, 500 }, /* as long as a GuardConfig may name one */
	[LEARN_POLICY] = { { "policy", 6 }, 253 }, [LEARN_RULE] = { { "rule", 4 }, 253 },
	[LEARN_KIND] = { { "kind", 4 }, 253 },     [LEARN_NAMESPACE] = { { "namespace", 9 }, 253 },
	[LEARN_NAME] = { { "name", 4 }, 253 },
};

void learn_init(struct learn *l, size_t max)
{
	*l = (struct learn){ .max = max, .bytes_max = SIZE_MAX };
	pthread_mutex_init(&l->lock, NULL);
}

void learn_done(struct learn *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->rows[i]);
	free(l->rows);
	l->rows = NULL;
	l->n = l->room = 0;
	pthread_mutex_destroy(&l->lock);
}

/* ---- the table; under the lock ---- */

/* The first `n` parts of two rows. */
static int learn_compare(const struct str *a, const struct str *b, size_t n)
{
	int order = 0;

	for (size_t i = 0; i < n && !order; i++)
		order = str_cmp(a[i], b[i]);
	return order;
}

/* Where the row stands, or would stand. */
static size_t learn_place_of(const struct learn *l, const struct str part[LEARN_PARTS])
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (learn_compare(l->rows[middle]->part, part, LEARN_PARTS) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Has this identity as many objects under this rule as one may have? They stand side by side. */
static bool has_its_share(const struct learn *l, size_t at, const struct str part[LEARN_PARTS])
{
	size_t from = at, to = at;

	while (from > 0 && !learn_compare(l->rows[from - 1]->part, part, LEARN_RULE + 1))
		from--;
	while (to < l->n && !learn_compare(l->rows[to]->part, part, LEARN_RULE + 1))
		to++;
	return to - from >= l->max / LEARN_SHARE;
}

static size_t learn_row_bytes(const struct learn_row *r)
{
	size_t n = 0;

	for (size_t i = 0; i < LEARN_PARTS; i++)
		n += r->part[i].n;
	return n;
}

static struct learn_row *learn_row_new(const struct learn_row *from)
{
	struct learn_row *r = malloc(sizeof *r + learn_row_bytes(from) + LEARN_PARTS);
	char *p;

	if (!r)
		return NULL;
	*r = *from;
	p = r->text;
	for (size_t i = 0; i < LEARN_PARTS; i++) {
		size_t n = from->part[i].n;

		if (n)
			memcpy(p, from->part[i].s, n);
		p[n] = '\0';
		r->part[i] = (struct str){ p, n };
		p += n + 1;
	}
	return r;
}

static bool learn_make_room(struct learn *l)
{
	size_t room = l->room ? 2 * l->room : ROOM_FIRST;
	struct learn_row **rows;

	if (l->n < l->room)
		return true;
	if (!(rows = realloc(l->rows, room * sizeof *rows)))
		return false;
	l->rows = rows;
	l->room = room;
	return true;
}

static bool learn_insert(struct learn *l, size_t at, const struct learn_row *row)
{
	size_t bytes = learn_row_bytes(row);
	struct learn_row *mine;

	if (l->n >= l->max || bytes > l->bytes_max - l->bytes || has_its_share(l, at, row->part) ||
	    !learn_make_room(l) || !(mine = learn_row_new(row)))
		return false;
	memmove(l->rows + at + 1, l->rows + at, (l->n - at) * sizeof *l->rows);
	l->rows[at] = mine;
	l->n++;
	l->bytes += bytes;
	return true;
}

static uint64_t learn_sum(uint64_t a, uint64_t b)
{
	return a > COUNT_MAX - b ? COUNT_MAX : a + b;
}

static void learn_merge(struct learn_row *r, const struct learn_row *more)
{
	r->count = learn_sum(r->count, more->count);
	if (more->first < r->first)
		r->first = more->first;
	if (more->last >= r->last) {
		r->last = more->last;
		r->class = more->class;
	}
}

static void learn_add(struct learn *l, const struct learn_row *row)
{
	size_t at = learn_place_of(l, row->part);

	l->changed = true;
	if (at < l->n && !learn_compare(l->rows[at]->part, row->part, LEARN_PARTS))
		learn_merge(l->rows[at], row);
	else if (!learn_insert(l, at, row))
		l->left_out = learn_sum(l->left_out, row->count);
}

/* ---- what is kept of a review ---- */

/* A name that no configuration could hold is of no use; a control character never is. */
static bool learn_row_fits(const struct learn_row *row)
{
	for (size_t i = 0; i < LEARN_PARTS; i++) {
		struct str s = row->part[i];

		if (s.n > parts[i].max)
			return false;
		for (size_t k = 0; k < s.n; k++)
			if ((unsigned char)s.s[k] < 0x20 || s.s[k] == 0x7f)
				return false;
	}
	return row->part[LEARN_USER].n > 0;
}

/* Alpha features are no guarded objects: nobody is exempted for them. */
static bool is_to_learn(const struct finding *f)
{
	return !f->gate.n && (f->tier != TIER_SUPPORTED || f->action > ACTION_ALLOW);
}

void learn_verdict(struct learn *l, const struct request *req, const struct verdict *v, int64_t now)
{
	struct learn_row row = { .class = v->identity, .count = 1, .first = now, .last = now };

	if (v->identity != IDENTITY_UNKNOWN && v->mode == MODE_ENFORCE)
		return;
	row.part[LEARN_USER] = req->user.name;
	row.part[LEARN_KIND] = v->kind;
	row.part[LEARN_NAMESPACE] = v->namespace;
	row.part[LEARN_NAME] = v->name;
	for (size_t i = 0; i < v->findings_n; i++) {
		const struct finding *f = &v->findings[i];

		if (!is_to_learn(f))
			continue;
		row.part[LEARN_POLICY] = f->policy;
		row.part[LEARN_RULE] = f->rule;
		pthread_mutex_lock(&l->lock);
		if (learn_row_fits(&row))
			learn_add(l, &row);
		else
			l->left_out = learn_sum(l->left_out, 1);
		pthread_mutex_unlock(&l->lock);
	}
}

void learn_size(struct learn *l, size_t *rows, uint64_t *left_out)
{
	pthread_mutex_lock(&l->lock);
	*rows = l->n;
	*left_out = l->left_out;
	pthread_mutex_unlock(&l->lock);
}

bool learn_changed(struct learn *l)
{
	bool yes;

	pthread_mutex_lock(&l->lock);
	yes = l->changed;
	pthread_mutex_unlock(&l->lock);
	return yes;
}

/* ---- as JSON ---- */

static void learn_cjson_end(cJSON **j)
{
	cJSON_Delete(*j);
}

static bool learn_json_add_row(cJSON *list, const struct learn_row *r)
{
	cJSON *o = cJSON_CreateObject();
	char first[TIME_TEXT], last[TIME_TEXT];

	if (!cJSON_AddItemToArray(list, o)) {
		cJSON_Delete(o);
		return false;
	}
	for (size_t i = 0; i < LEARN_PARTS; i++)
		if (!cJSON_AddStringToObject(o, parts[i].key.s, r->part[i].s))
			return false;
	time_print(r->first, first);
	time_print(r->last, last);
	return cJSON_AddStringToObject(o, "class", identity_class_name(r->class)) &&
	       cJSON_AddNumberToObject(o, "count", (double)r->count) &&
	       cJSON_AddStringToObject(o, "first", first) &&
	       cJSON_AddStringToObject(o, "last", last);
}

static cJSON *learn_json_of(const struct learn *l)
{
	scoped(learn_cjson_end) cJSON *o = cJSON_CreateObject();
	cJSON *list;

	if (!cJSON_AddNumberToObject(o, "leftOut", (double)l->left_out) ||
	    !(list = cJSON_AddArrayToObject(o, "rows")))
		return NULL;
	for (size_t i = 0; i < l->n; i++)
		if (!learn_json_add_row(list, l->rows[i]))
			return NULL;
	return TAKE(o);
}

cJSON *learn_json(struct learn *l)
{
	cJSON *j;

	pthread_mutex_lock(&l->lock);
	j = learn_json_of(l);
	pthread_mutex_unlock(&l->lock);
	return j;
}

char *learn_print_line(const cJSON *root, size_t *len)
{
	char *text = cJSON_PrintUnformatted(root), *line;
	size_t n = text ? strlen(text) : 0;

	if (!text || !(line = realloc(text, n + 2))) {
		free(text);
		return NULL;
	}
	memcpy(line + n, "\n", 2);
	*len = n + 1;
	return line;
}

char *learn_print(struct learn *l, size_t *len)
{
	scoped(learn_cjson_end) cJSON *root = cJSON_CreateObject();
	cJSON *learned;

	pthread_mutex_lock(&l->lock);
	learned = learn_json_of(l);
	l->changed = false;
	pthread_mutex_unlock(&l->lock);
	if (!cJSON_AddItemToObject(root, "learned", learned)) {
		cJSON_Delete(learned);
		return NULL;
	}
	return learn_print_line(root, len);
}

/* ---- and back ---- */

static int learn_refuse(struct err *err, size_t row, const char *key, const char *problem)
{
	return err_set(err, ERR_SYNTAX, "learned.rows[%zu].%s %s", row, key, problem);
}

/* A whole number without a sign. */
static int learn_read_count(const struct json *j, uint64_t *out)
{
	struct str s = json_str(j);
	uint64_t n = 0;

	if (!j || j->type != JSON_NUMBER || !s.n || s.n > COUNT_DIGITS)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return -1;
		n = n * 10 + (uint64_t)(s.s[i] - '0');
	}
	*out = n;
	return 0;
}

static int learn_read_date(const struct json *j, int64_t *out)
{
	return j && j->type == JSON_STRING && time_parse(json_str(j), out) ? 0 : -1;
}

static int learn_read_class(const struct json *j, enum identity_class *out)
{
	for (enum identity_class c = IDENTITY_UNKNOWN; c <= IDENTITY_CUSTOMER; c++)
		if (j && j->type == JSON_STRING && str_is(json_str(j), identity_class_name(c))) {
			*out = c;
			return 0;
		}
	return -1;
}

static int learn_read_row(const struct json *j, size_t at, struct learn_row *out, struct err *err)
{
	const struct json *first = json_get(j, STR("first")), *last = json_get(j, STR("last"));

	if (j->type != JSON_OBJECT || j->len != LEARN_PARTS + 4)
		return err_set(err, ERR_SYNTAX, "learned.rows[%zu] has not the members of a row",
			       at);
	*out = (struct learn_row){ .count = 0 };
	for (size_t i = 0; i < LEARN_PARTS; i++) {
		const struct json *value = json_get(j, parts[i].key);

		if (!value || value->type != JSON_STRING)
			return learn_refuse(err, at, parts[i].key.s, "must be a string");
		out->part[i] = json_str(value);
	}
	if (!learn_row_fits(out))
		return err_set(err, ERR_SYNTAX, "learned.rows[%zu] holds a name that is too long",
			       at);
	if (learn_read_class(json_get(j, STR("class")), &out->class) < 0)
		return learn_refuse(err, at, "class", "must be unknown or customer");
	if (learn_read_count(json_get(j, STR("count")), &out->count) < 0 || !out->count)
		return learn_refuse(err, at, "count", "must be a whole number over 0");
	if (learn_read_date(first, &out->first) < 0 || learn_read_date(last, &out->last) < 0 ||
	    out->first > out->last)
		return learn_refuse(err, at, "first", "and last must be dates in order");
	return 0;
}

static int learn_read_rows(struct learn *l, const struct json *rows, bool keep, struct err *err)
{
	struct learn_row row;
	size_t at = 0;

	for (const struct json *j = rows->child; j; j = j->next, at++) {
		if (learn_read_row(j, at, &row, err) < 0)
			return -1;
		if (keep)
			learn_add(l, &row);
	}
	return 0;
}

static int learn_read_learned(struct learn *l, const struct json *learned, struct err *err)
{
	const struct json *rows = json_get(learned, STR("rows"));
	uint64_t left_out;

	if (!learned)
		return err_set(err, ERR_SYNTAX,
			       "there is no member \"learned\": give a file of --learn-state, or "
			       "what /statusz, or the agent's /learned, shows");
	if (learned->type != JSON_OBJECT || learned->len != 2 || !rows ||
	    rows->type != JSON_ARRAY ||
	    learn_read_count(json_get(learned, STR("leftOut")), &left_out) < 0)
		return err_set(err, ERR_SYNTAX, "learned must hold leftOut, a number, and rows");
	/* Twice: nothing is taken from a document that is wrong further down. */
	if (learn_read_rows(l, rows, false, err) < 0)
		return -1;
	l->left_out = learn_sum(l->left_out, left_out);
	return learn_read_rows(l, rows, true, err);
}

int learn_read_parsed(struct learn *l, const struct json *root, struct err *err)
{
	int status;

	pthread_mutex_lock(&l->lock);
	status = learn_read_learned(l, json_get(root, STR("learned")), err);
	pthread_mutex_unlock(&l->lock);
	return status;
}

int learn_read(struct learn *l, struct str json, struct err *err)
{
	scoped(arena_end) struct arena arena;
	const struct json *root;

	arena_init(&arena, ARENA_MAX);
	root = json_parse(json, NULL, &arena, err);
	return root ? learn_read_parsed(l, root, err) : -1;
}
