/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/replay/document.h"

#include "lib/json/json.h"

#define WHERE_MAX 200

struct finding_documents {
	struct arena *arena;
	document_fn *each;
	void *ctx;
	struct err *err;
	bool some, stopped;
	char where[WHERE_MAX];
	size_t where_n;
};

static void find_in(struct finding_documents *f, struct str value, unsigned depth, bool opened);

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- where we are, for --show-input ---- */

static size_t where_push(struct finding_documents *f, const char *before, struct str key)
{
	size_t was = f->where_n;
	int n = snprintf(f->where + was, WHERE_MAX - was, "%s%.*s", before,
			 (int)(key.n < 60 ? key.n : 60), key.s ? key.s : "");

	f->where_n = n < 0 || was + (size_t)n >= WHERE_MAX ? WHERE_MAX - 1 : was + (size_t)n;
	return was;
}

static void where_pop(struct finding_documents *f, size_t before)
{
	f->where_n = before;
	f->where[before] = '\0';
}

/* ---- what an object is ---- */

static void find_give(struct finding_documents *f, struct document *d)
{
	d->where = f->where;
	f->some = true;
	if (f->each(f->ctx, d, f->err) < 0)
		f->stopped = true;
}

static bool is_review(const struct event_head *h, struct str object)
{
	return str_is(h->kind, "\"AdmissionReview\"") && json_skim(object, STR("request")).n;
}

static bool is_decision(struct str object)
{
	struct str msg = json_skim(object, STR("msg"));

	return (str_is(msg, "\"finding\"") || str_is(msg, "\"allowed\"")) &&
	       json_skim(object, STR("operation")).n && json_skim(object, STR("uid")).n;
}

static bool find_object(struct finding_documents *f, struct str object)
{
	struct document d = { .text = object };
	enum event_shape shape = event_head_read(object, &d.head);

	if (shape == EVENT_WHOLE)
		d.kind = DOCUMENT_EVENT;
	else if (shape == EVENT_FOREIGN)
		d.kind = DOCUMENT_FOREIGN;
	else if (is_review(&d.head, object))
		d.kind = DOCUMENT_REVIEW;
	else if (is_decision(object))
		d.kind = DOCUMENT_DECISION;
	else
		return false;
	find_give(f, &d);
	return true;
}

/* ---- inside ---- */

/* NOLINTNEXTLINE(misc-no-recursion): DOCUMENT_DEPTH bounds it */
static void find_members(struct finding_documents *f, struct str object, unsigned depth,
			 bool opened)
{
	struct json_member m = { .next = NULL };

	while (!f->stopped && json_skim_next(object, &m)) {
		size_t before = where_push(f, ".", m.key);

		find_in(f, m.value, depth + 1, opened);
		where_pop(f, before);
	}
}

static const char *skip_separators(const char *p, const char *end)
{
	while (p < end && (is_blank(*p) || *p == ','))
		p++;
	return p;
}

/* NOLINTNEXTLINE(misc-no-recursion): DOCUMENT_DEPTH bounds it */
static void find_items(struct finding_documents *f, struct str list, unsigned depth, bool opened)
{
	const char *end = list.s + list.n, *p = skip_separators(list.s + 1, end), *behind;
	size_t before = where_push(f, "[]", STR(""));

	while (!f->stopped && p < end && *p != ']' && (behind = json_skim_end(p, end))) {
		find_in(f, (struct str){ p, (size_t)(behind - p) }, depth + 1, opened);
		p = skip_separators(behind, end);
	}
	where_pop(f, before);
}

/* JSON in a string, once. NOLINTNEXTLINE(misc-no-recursion): DOCUMENT_DEPTH bounds it */
static void find_string(struct finding_documents *f, struct str raw, unsigned depth)
{
	struct err ignored;
	struct json *text = json_parse(raw, NULL, f->arena, &ignored);
	struct str inside = json_str(text);
	size_t before;

	while (inside.n && is_blank(inside.s[inside.n - 1]))
		inside.n--;
	if (!inside.n)
		return;
	before = where_push(f, " (a string)", STR(""));
	find_in(f, inside, depth, true);
	where_pop(f, before);
}

static bool opens_json(struct str raw)
{
	size_t at = 1;

	while (at < raw.n && (raw.s[at] == ' ' || raw.s[at] == '\t'))
		at++;
	return at + 1 < raw.n && (raw.s[at] == '{' || raw.s[at] == '[');
}

/* Each level passes its bytes once. */
/* NOLINTNEXTLINE(misc-no-recursion): DOCUMENT_DEPTH bounds it */
static void find_in(struct finding_documents *f, struct str value, unsigned depth, bool opened)
{
	if (f->stopped || !value.n || depth > DOCUMENT_DEPTH)
		return;
	if (value.s[0] == '{') {
		if (!find_object(f, value))
			find_members(f, value, depth, opened);
	} else if (value.s[0] == '[') {
		find_items(f, value, depth, opened);
	} else if (value.s[0] == '"' && !opened && opens_json(value)) {
		find_string(f, value, depth);
	}
}

/* A line such as "2026-11-22T14:28:39Z stdout F {...}" of a container's log. */
static struct str without_prefix(struct str text)
{
	const char *brace = text.n ? memchr(text.s, '{', text.n < 256 ? text.n : 256) : NULL;

	if (!brace || text.s[0] == '{' || text.s[0] == '[' || text.s[0] == '"')
		return text;
	return str_from(text, (size_t)(brace - text.s));
}

static struct str trim(struct str s)
{
	while (s.n && is_blank(s.s[s.n - 1]))
		s.n--;
	while (s.n && is_blank(s.s[0]))
		s = str_from(s, 1);
	return s;
}

enum document_found document_find(struct str text, struct arena *arena, document_fn *each,
				  void *ctx, struct err *err)
{
	struct finding_documents f = {
		.arena = arena, .each = each, .ctx = ctx, .err = err, .where = "$", .where_n = 1
	};
	struct str value = without_prefix(trim(text));
	const char *end = value.n ? value.s + value.n : NULL;
	struct event_head head;

	if (!value.n || (value.s[0] != '{' && value.s[0] != '[') ||
	    json_skim_end(value.s, end) != end || (end[-1] != '}' && end[-1] != ']'))
		return DOCUMENTS_BROKEN;
	if (value.s[0] == '{' && event_head_read(value, &head) == EVENT_BROKEN)
		return DOCUMENTS_BROKEN;
	find_in(&f, value, 0, false);
	return f.stopped ? DOCUMENTS_STOPPED : f.some ? DOCUMENTS_SOME : DOCUMENTS_NONE;
}
