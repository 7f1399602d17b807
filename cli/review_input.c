/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/review_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json/json.h"

#define CHUNK (64u << 10)

struct review_input {
	FILE *f;
	char *text;           /* the record's lines, and behind them one that was read too far */
	size_t n, next, room; /* bytes of the record; of it and the line behind it */
	size_t line;          /* number of the last line that was read */
	size_t bytes;         /* of the record, and of the line behind it */
	bool too_long;        /* the last line, or the record with it */
	bool ended;           /* the last line, by a newline */
	char chunk[CHUNK];
	size_t at, end; /* what is left of the chunk */
};

/* Brackets and strings, as far as they were read. */
struct review_shape {
	size_t depth;
	bool string, escape, begun;
	bool broken; /* no JSON begins so */
};

struct review_input *review_input_new(FILE *f)
{
	struct review_input *r = calloc(1, sizeof *r);

	if (r)
		r->f = f;
	return r;
}

void review_input_free(struct review_input *r)
{
	if (r)
		free(r->text);
	free(r);
}

/* ---- lines ---- */

static int review_input_append(struct review_input *r, const char *s, size_t n, struct err *err)
{
	size_t room = r->room ? r->room : CHUNK;
	char *grown;

	r->bytes += n;
	if (r->too_long || n > REVIEW_RECORD_MAX - r->next) {
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
static int review_input_line(struct review_input *r, struct err *err)
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
		if (review_input_append(r, p, n, err) < 0)
			return -1;
		r->at += n;
		some = true;
		r->ended = newline != NULL;
		if (newline) {
			r->line++;
			return 1;
		}
	}
}

/* ---- where a record ends ---- */

static void review_shape_outside(struct review_shape *s, char c)
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

static void review_shape_read(struct review_shape *s, const char *p, size_t n)
{
	for (const char *end = p + n; p < end && !s->broken; p++) {
		if (!s->string)
			review_shape_outside(s, *p);
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

static bool is_whole(const struct review_shape *s)
{
	return s->begun && !s->broken && !s->depth && !s->string;
}

/* Could an object stand behind the text, by JSON's grammar? */
static bool review_may_follow(const char *text, size_t n)
{
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	return n && strchr(",:[", text[n - 1]);
}

/* The record is not whole: does the line behind it belong to another one? */
static bool review_input_begins_another(const struct review_input *r)
{
	const char *line = r->text + r->n;
	size_t n = r->next - r->n;
	struct review_shape s = { .depth = 0 };

	if (*line != '{')
		return false;
	if (!review_may_follow(r->text, r->n))
		return true;
	review_shape_read(&s, line, n);
	return is_whole(&s) && memmem(line, n, "\"AdmissionReview\"", 17);
}

/* ---- records ---- */

/* The first line that is not blank: what was read too far, or the next one. */
static int review_input_first_line(struct review_input *r, struct review_shape *s, struct err *err)
{
	size_t ahead = r->next - r->n;

	if (ahead)
		memmove(r->text, r->text + r->n, ahead);
	r->n = 0;
	r->next = ahead;
	for (;;) {
		int got = r->next || r->too_long ? 1 : review_input_line(r, err);

		if (got <= 0)
			return got;
		*s = (struct review_shape){ .depth = 0 };
		review_shape_read(s, r->text, r->next);
		if (s->begun || r->too_long)
			return 1;
		r->next = 0;
	}
}

/* More lines, until the record is whole, or is seen to be none. */
static int review_input_more_lines(struct review_input *r, struct review_shape *s, struct err *err)
{
	r->n = r->next;
	while (s->depth && !s->broken && !r->too_long) {
		int got = review_input_line(r, err);

		if (got < 0)
			return -1;
		if (!got || (!r->too_long && review_input_begins_another(r)))
			break;
		review_shape_read(s, r->text + r->n, r->next - r->n);
		r->n = r->next;
	}
	return 0;
}

/*
 * The beginning of a record that is too long, or of the review that it holds. What stands behind
 * that is counted with it: where it ends was not read.
 */
static void unwrap_begin(const struct review_input *r, bool whole_line, struct review_record *out)
{
	struct json_member m = { .next = NULL };
	struct str text = { r->text, r->next };

	out->body = text;
	out->bytes = r->bytes - whole_line;
	while (json_skim_key(text, &m)) {
		if (json_skim_is(m.key, STR("request")))
			return;
		if (json_skim_is(m.key, STR("review"))) {
			out->body = m.value;
			out->bytes -= text.n - m.value.n;
			return;
		}
		if (!json_skim_value(text, &m))
			return;
		if (json_skim_is(m.key, STR("id")))
			out->id = m.value;
	}
}

/* What a recorded review holds, or the whole record. */
static void review_input_unwrap(struct str text, struct review_record *out)
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

int review_input_next(struct review_input *r, struct review_record *out, struct err *err)
{
	struct review_shape s;
	struct review_record record = { .line = 0 };
	int got = review_input_first_line(r, &s, err);

	if (got <= 0)
		return got;
	record.line = r->line;
	if (review_input_more_lines(r, &s, err) < 0)
		return -1;
	if (r->too_long) {
		unwrap_begin(r, r->ended, &record);
		r->next = r->n = r->bytes = 0;
	} else {
		review_input_unwrap((struct str){ r->text, r->n }, &record);
		record.bytes = record.body.n;
		r->bytes = r->next - r->n;
	}
	record.too_long = r->too_long || record.body.n > BODY_MAX;
	r->too_long = false;
	*out = record;
	return 1;
}
