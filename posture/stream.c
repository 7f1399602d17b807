/* SPDX-License-Identifier: Apache-2.0
 * stream.c - the records of a stream, or of a dump: which answer is being read, and its items.
 *
 *   {"inventory":1,...}  {"request":"list","path":...}  {"item":{...}}...  {"done":200,...}
 * {"end":17}
 *
 * A record is told by its first key. Everything in it is what an API server said, or a file:
 * nothing is believed but its shape.
 */
#include "posture/scan.h"

#define RECORD_MEMORY (128u << 20) /* of one record's nodes */

struct record {
	struct posture *p;
	const struct json *root;
	struct str line;
	struct arena *arena;
	struct err *err;
};

static int64_t number_of(const struct json *j)
{
	struct str s = json_str(j);
	int64_t v = 0;

	for (size_t i = 0; i < s.n && i < 15 && s.s[i] >= '0' && s.s[i] <= '9'; i++)
		v = 10 * v + (s.s[i] - '0');
	return v;
}

/* ---- header and trailer ---- */

static int on_header(struct record *r)
{
	struct posture *p = r->p;
	int64_t version = number_of(json_get(r->root, STR("inventory"))), date;

	if (version != POSTURE_STREAM)
		return err_set(r->err, ERR_SYNTAX,
			       "it is of format %lld, and this program reads format %d; use the "
			       "oke-guard that wrote it, or a newer one",
			       (long long)version, POSTURE_STREAM);
	p->header = p->streamed = true;
	p->cluster = keep_str(p, json_str(json_get(r->root, STR("cluster"))));
	if (!p->options.now_fixed && time_parse(json_str(json_get(r->root, STR("date"))), &date))
		p->now = date;
	return 0;
}

static int on_end(struct record *r)
{
	struct str cut = json_str(json_get(r->root, STR("cut")));

	r->p->trailer = true;
	if (cut.n)
		posture_cut(r->p, str_is(cut, "signal") ? "it was stopped"
							: "the collector stopped by itself");
	return 0;
}

/* ---- one answer ---- */

static int on_request(struct record *r)
{
	struct posture *p = r->p;
	struct str path = json_str(json_get(r->root, STR("path"))), namespace, name;

	p->request_path = keep_str(p, path);
	p->source = -1;
	p->item_gvk = (struct gvk){ .kind = STR("") };
	for (size_t i = 0; i < sizeof p->columns / sizeof *p->columns; i++)
		p->columns[i] = -1;
	for (int i = 0; i < SOURCES_N; i++)
		if (!sources[i].group && str_is(path, sources[i].resource))
			p->source = i;
	if (p->source < 0 && kinds_of_path(p->request_path, &p->item_gvk, &namespace, &name))
		p->source = source_of_kind(p->item_gvk.group, p->item_gvk.kind);
	p->requests++;
	return 0;
}

static int on_columns(struct record *r)
{
	static const char *const wanted[] = { "Name", "Status", "Version", "OS-Image" };
	const struct json *list = json_get(r->root, STR("columns"));
	int at = 0;

	if (!list || list->type != JSON_ARRAY)
		return 0;
	for (const struct json *c = list->child; c; c = c->next, at++)
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
			if (str_is(json_str(c), wanted[i]))
				r->p->columns[i] = at;
	return 0;
}

static const struct json *cell(const struct record *r, const struct json *cells, size_t column)
{
	const struct json *c = cells && cells->type == JSON_ARRAY ? cells->child : NULL;

	if (r->p->columns[column] < 0)
		return NULL;
	for (int i = 0; c && i < r->p->columns[column]; i++)
		c = c->next;
	return c;
}

/* The bytes of the member, as the server sent them. */
static struct str raw_member(struct str line, struct str key)
{
	return json_skim(line, key);
}

static int on_row(struct record *r, struct str row)
{
	const struct json *item = json_get(r->root, STR("item"));
	const struct json *cells = json_get(item, STR("cells"));
	const struct table_row cells_of = { json_str(cell(r, cells, 1)),
					    json_str(cell(r, cells, 2)),
					    json_str(cell(r, cells, 3)) };

	return kinds_read_row(r->p, &r->p->item_gvk, raw_member(row, STR("object")), &cells_of,
			      r->err);
}

static int on_item(struct record *r)
{
	struct posture *p = r->p;
	struct str text = raw_member(r->line, STR("item"));
	const struct json *item = json_get(r->root, STR("item"));

	p->items++;
	if (!item || item->type != JSON_OBJECT)
		return 0;
	if (p->source == SRC_VERSION)
		return scan_read_version(p, item);
	if (p->source == SRC_APIS)
		return scan_read_apis(p, item);
	if (p->source < 0)
		return 0;
	if (json_get(item, STR("cells")))
		return on_row(r, text);
	return kinds_read(p, &p->item_gvk, text, r->err);
}

static int on_text(struct record *r)
{
	if (r->p->source == SRC_READYZ)
		scan_read_readyz(r->p, json_str(json_get(r->root, STR("text"))));
	return 0;
}

static int on_oversize(struct record *r)
{
	if (r->p->source >= 0)
		r->p->sources[r->p->source].oversize = true;
	return 0;
}

static enum source_got got_of(int64_t status, struct str error)
{
	if (status == 404)
		return GOT_MISSING;
	if (status == 403 || status == 401)
		return GOT_DENIED;
	return !error.n && status >= 200 && status < 300 ? GOT_WHOLE : GOT_CUT;
}

/* Of several answers for one source (with -n) the worst counts. */
static void source_done(struct posture *p, int source, enum source_got got, struct str why)
{
	struct source_state *s = &p->sources[source];

	if (s->got != GOT_NOTHING && s->got >= got)
		return;
	s->got = got;
	s->why = keep_str(p, why);
}

static void answer_done(struct posture *p, enum source_got got, struct str why)
{
	struct str namespace, name;
	struct gvk gvk;
	struct named *n;

	bool named, one;

	if (p->source < 0)
		return;
	named = !strcmp(sources[p->source].method, "named");
	one = kinds_of_path(p->request_path, &gvk, &namespace, &name) && name.n &&
	      !sources[p->source].name;
	if (!named && !one) {
		source_done(p, p->source, got, why);
		return;
	}
	if (named && one)
		named_add(p, p->source, "kube-system", name, (struct str){ NULL, 0 });
	if ((n = named_find(p, p->source, name))) {
		n->asked = true;
		n->got = got;
		n->why = keep_str(p, why);
	}
}

static void note_clock(struct posture *p, const struct json *date)
{
	int64_t there;

	if (!time_parse(json_str(date), &there))
		return;
	if (!p->server_now)
		p->skew = there - p->now;
	p->server_now = there;
	if (!p->options.now_fixed)
		p->now = there;
}

static int on_done(struct record *r)
{
	struct posture *p = r->p;
	int64_t status = number_of(json_get(r->root, STR("done")));
	struct str error = json_str(json_get(r->root, STR("error")));
	struct str why = json_str(json_get(r->root, STR("message")));

	p->bytes += (uint64_t)number_of(json_get(r->root, STR("bytes")));
	p->milliseconds += (uint64_t)number_of(json_get(r->root, STR("ms")));
	note_clock(p, json_get(r->root, STR("date")));
	if (got_of(status, error) == GOT_CUT && (status == 0 || status == 401))
		posture_cut(p, why.n ? keep_str(p, printable_cut(why, 300, r->arena)).s
				     : "the API server did not answer");
	answer_done(p, got_of(status, error), printable_cut(why, 300, r->arena));
	p->source = -1;
	return 0;
}

/* ---- records ---- */

static const struct {
	const char *key;
	int (*on)(struct record *r);
} kinds_of_record[] = {
	{ "inventory", on_header }, { "request", on_request }, { "columns", on_columns },
	{ "item", on_item },        { "text", on_text },       { "oversize", on_oversize },
	{ "done", on_done },        { "end", on_end },
};

int posture_record(struct posture *p, struct str line, struct err *err)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct record r = { .p = p, .line = line, .arena = &arena, .err = err };
	struct json_member first = { .next = NULL };

	arena_init(&arena, RECORD_MEMORY);
	if (line.n > POSTURE_LINE_MAX)
		return err_set(err, ERR_LIMIT, "a record of more than %u MiB",
			       POSTURE_ITEM_MAX >> 20);
	if (!json_skim_next(line, &first))
		return err_set(err, ERR_SYNTAX, "it is no record of a scan: no JSON object");
	if (!p->header && !json_skim_is(first.key, STR("inventory")))
		return err_set(err, ERR_SYNTAX, "it does not begin with {\"inventory\":%d}",
			       POSTURE_STREAM);
	if (!(r.root = json_parse(line, NULL, &arena, err)))
		return -1;
	for (size_t i = 0; i < sizeof kinds_of_record / sizeof *kinds_of_record; i++)
		if (json_skim_is(first.key, str_of(kinds_of_record[i].key)))
			return kinds_of_record[i].on(&r);
	return err_set(err, ERR_SYNTAX, "a record that begins with \"%.*s\" is not known",
		       STR_ARG(printable_cut(first.key, 40, &arena)));
}
