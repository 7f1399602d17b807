#include "cli/review_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json/json.h"

#define CHUNK (64u << 10)

struct records {
	FILE *f;
	char *text;           /* the record's lines, and behind them one that was read too far */
	size_t n, next, room; /* bytes of the record; of it and the line behind it */
	size_t line;          /* number of the last line that was read */
	bool too_long;        /* the last line, or the record with it */
	char chunk[CHUNK];
	size_t at, end; /* what is left of the chunk */
};

/* Brackets and strings, as far as they were read. */
struct shape {
	size_t depth;
	bool string, escape, begun;
	bool broken; /* no JSON begins so */
};

struct records *records_new(FILE *f)
{
	struct records *r = calloc(1, sizeof *r);

	if (r)
		r->f = f;
	return r;
}

void records_free(struct records *r)
{
	if (r)
		free(r->text);
	free(r);
}

/* ---- lines ---- */

static int append(struct records *r, const char *s, size_t n, struct err *err)
{
	size_t room = r->room ? r->room : CHUNK;
	char *grown;

	if (r->too_long || n > RECORD_MAX - r->next) {
		r->too_long = true;
		return 0;
	}
	while (room < r->next + n)
		room *= 2;
	if (room > r->room) {
		if (!(grown = realloc(r->text, room)))
			return err_nomem(err);
		r->text = grown;
		r->room = room;
	}
	memcpy(r->text + r->next, s, n);
	r->next += n;
	return 0;
}

/* Append a line with its newline. 1; 0 at the end of the file; -1. */
static int line_read(struct records *r, struct err *err)
{
	bool some = false;

	for (;;) {
		const char *p = r->chunk + r->at, *newline;
		size_t n = r->end - r->at;

		if (!n) {
			r->at = 0;
			r->end = fread(r->chunk, 1, CHUNK, r->f);
			if (r->end)
				continue;
			if (ferror(r->f))
				return err_set(err, ERR_IO, "%s", strerror(errno));
			r->line += some;
			return some;
		}
		newline = memchr(p, '\n', n);
		n = newline ? (size_t)(newline - p) + 1 : n;
		if (append(r, p, n, err) < 0)
			return -1;
		r->at += n;
		some = true;
		if (newline) {
			r->line++;
			return 1;
		}
	}
}

/* ---- where a record ends ---- */

static void shape_outside(struct shape *s, char c)
{
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return;
	if (!s->depth && (s->begun || (c != '{' && c != '[')))
		s->broken = true;
	s->begun = true;
	if (c == '"')
		s->string = true;
	else if (c == '{' || c == '[')
		s->depth++;
	else if ((c == '}' || c == ']') && s->depth)
		s->depth--;
}

static void shape_read(struct shape *s, const char *p, size_t n)
{
	for (const char *end = p + n; p < end && !s->broken; p++) {
		if (!s->string)
			shape_outside(s, *p);
		else if (s->escape)
			s->escape = false;
		else if (*p == '"')
			s->string = false;
		else if (*p == '\\')
			s->escape = true;
		else
			s->broken = *p == '\n';
	}
}

static bool is_whole(const struct shape *s)
{
	return s->begun && !s->broken && !s->depth && !s->string;
}

/* Could an object stand behind the text, by JSON's grammar? */
static bool object_may_follow(const char *text, size_t n)
{
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	return n && strchr(",:[", text[n - 1]);
}

/* The record is not whole: does the line behind it belong to another one? */
static bool begins_another(const struct records *r)
{
	const char *line = r->text + r->n;
	size_t n = r->next - r->n;
	struct shape s = { .depth = 0 };

	if (*line != '{')
		return false;
	if (!object_may_follow(r->text, r->n))
		return true;
	shape_read(&s, line, n);
	return is_whole(&s) && memmem(line, n, "\"AdmissionReview\"", 17);
}

/* ---- records ---- */

/* The first line that is not blank: what was read too far, or the next one. */
static int first_line(struct records *r, struct shape *s, struct err *err)
{
	size_t ahead = r->next - r->n;

	if (ahead)
		memmove(r->text, r->text + r->n, ahead);
	r->n = 0;
	r->next = ahead;
	for (;;) {
		int got = r->next || r->too_long ? 1 : line_read(r, err);

		if (got <= 0)
			return got;
		*s = (struct shape){ .depth = 0 };
		shape_read(s, r->text, r->next);
		if (s->begun || r->too_long)
			return 1;
		r->next = 0;
	}
}

/* More lines, until the record is whole, or is seen to be none. */
static int more_lines(struct records *r, struct shape *s, struct err *err)
{
	r->n = r->next;
	while (s->depth && !s->broken && !r->too_long) {
		int got = line_read(r, err);

		if (got < 0)
			return -1;
		if (!got || (!r->too_long && begins_another(r)))
			break;
		shape_read(s, r->text + r->n, r->next - r->n);
		r->n = r->next;
	}
	return 0;
}

/* What a recorded review holds, or the whole record. */
static void unwrap(struct str text, struct record *out)
{
	struct json_member m = { .next = NULL };
	struct str review = { NULL, 0 };

	text.n -= text.n && text.s[text.n - 1] == '\n';
	out->body = text;
	while (json_skim_next(text, &m)) {
		if (json_skim_is(m.key, STR("request")))
			return;
		if (json_skim_is(m.key, STR("id")))
			out->id = m.value;
		if (json_skim_is(m.key, STR("review")))
			review = m.value;
	}
	if (m.whole && review.s)
		out->body = review;
	else
		out->id = (struct str){ NULL, 0 };
}

int records_next(struct records *r, struct record *out, struct err *err)
{
	struct shape s;
	struct record record = { .line = 0 };
	int got = first_line(r, &s, err);

	if (got <= 0)
		return got;
	record.line = r->line;
	if (more_lines(r, &s, err) < 0)
		return -1;
	record.too_long = r->too_long;
	if (r->too_long)
		r->next = r->n = 0;
	else
		unwrap((struct str){ r->text, r->n }, &record);
	if (record.body.n > BODY_MAX) {
		record.body = (struct str){ NULL, 0 };
		record.too_long = true;
	}
	r->too_long = false;
	*out = record;
	return 1;
}
