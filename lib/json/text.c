/* SPDX-License-Identifier: Apache-2.0
 * text.c - the part of the strict reader that reads what holds no other value:
 * strings, numbers and words.
 *
 * A string without an escape is a range of the input, whose UTF-8 was checked; one with
 * escapes is written into the arena.
 */
#include "lib/json/reader.h"

#include "lib/base/utf8.h"

/* ---- strings ---- */

static const char bad_control[] = "control character in a string (write it as \\u00XX)";
static const char bad_escape[] = "invalid escape or lone surrogate in a string";
static const char bad_utf8[] = "invalid UTF-8";

/* Skip plain text and well-formed UTF-8; NULL: an error, which is reported. */
static inline const char *string_text_end(struct json_reader *r, const char *p)
{
	uint32_t cp;
	size_t len;

	for (;;) {
		p = scan_text_end(p, r->end);
		if (p < r->end && *p == '"')
			return p;
		if (p == r->end || (unsigned char)*p < 0x20)
			return reader_fail(r, p, bad_control), NULL;
		if ((unsigned char)*p < 0x80)
			return p;
		if (!(len = utf8_decode(p, (size_t)(r->end - p), &cp)))
			return reader_fail(r, p, bad_utf8), NULL;
		p += len;
	}
}

/* The closing quote of the string whose text begins at p, or the end of the input. */
static const char *quote_end(const char *p, const char *end)
{
	for (;;) {
		p = scan_to_quote(p, end);
		if (p == end || *p == '"')
			return p;
		p += end - p > 1 ? 2 : 1;
	}
}

/* Copy the plain text at *from, as scan_text_end finds it. May write SCAN_WIDTH bytes beyond. */
static inline void copy_plain(const char **from, const char *end, char **to)
{
	const char *p = *from;
	char *q = *to;

	for (; end - p >= SCAN_WIDTH; p += SCAN_WIDTH, q += SCAN_WIDTH) {
		uint64_t marks = scan_text(p);

		memcpy(q, p, SCAN_WIDTH);
		if (marks) {
			*from = p + scan_first(marks);
			*to = q + scan_first(marks);
			return;
		}
	}
	*from = scan_text_end(p, end);
	memcpy(q, p, (size_t)(*from - p));
	*to = q + (*from - p);
}

/*
 * A string from `text` on, with an escape at `p`: into the arena. Nothing grows when it is
 * unescaped, so what is written never overtakes what is read.
 */
static int read_escaped(struct json_reader *r, const char *text, const char *p, struct str *out)
{
	size_t len = (size_t)(p - text);
	char *to = reader_take(r, (size_t)(quote_end(p, r->end) - text) + SCAN_WIDTH), *begin = to;
	uint32_t cp = 0;

	if (!to)
		return -1;
	memcpy(to, text, len);
	to += len;
	for (;;) {
		copy_plain(&p, r->end, &to);
		if (p == r->end || (unsigned char)*p < 0x20)
			return reader_fail(r, p, bad_control);
		if (*p == '"')
			break;
		if (*p != '\\')
			len = utf8_decode(p, (size_t)(r->end - p), &cp);
		else if (r->end - p > 1 && (p[1] == '"' || p[1] == '\\'))
			cp = (unsigned char)p[1], len = 2; /* JSON in JSON is full of them */
		else
			len = scan_escape(p, r->end, &cp);
		if (!len)
			return reader_fail(r, p, *p == '\\' ? bad_escape : bad_utf8);
		to += utf8_encode(cp, to);
		p += len;
	}
	*out = (struct str){ begin, (size_t)(to - begin) };
	r->p = p + 1;
	return 0;
}

int reader_any_string(struct json_reader *r, struct str *out)
{
	const char *text = r->p + 1, *p = string_text_end(r, text);

	if (!p)
		return -1;
	if (*p == '\\')
		return read_escaped(r, text, p, out);
	*out = (struct str){ text, (size_t)(p - text) };
	r->p = p + 1;
	return 0;
}

/* ---- numbers and words ---- */

static const char *number_digits(const char *p, const char *end)
{
	while (p < end && (unsigned)(*p - '0') < 10)
		p++;
	return p;
}

/* The end of the number at p, or NULL with *bad where it goes wrong. */
static const char *number_end(const char *p, const char *end, const char **bad)
{
	const char *from;

	p += *p == '-';
	from = p;
	p = p < end && *p == '0' ? p + 1 : number_digits(p, end);
	if (p > from && p < end && *p == '.') {
		from = ++p;
		p = number_digits(p, end);
	}
	if (p > from && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		from = p;
		p = number_digits(p, end);
	}
	*bad = p;
	return p > from ? p : NULL;
}

int reader_number(struct json_reader *r, struct json *j)
{
	const char *bad, *p = number_end(r->p, r->end, &bad);

	if (!p)
		return reader_fail(r, bad, "a digit is missing in a number");
	j->type = JSON_NUMBER;
	j->text = r->p;
	j->len = (uint32_t)(p - r->p) & LEN_MASK;
	r->p = p;
	return 0;
}

static inline bool word_is_next(const struct json_reader *r, const char *word, size_t n)
{
	return (size_t)(r->end - r->p) >= n && !memcmp(r->p, word, n);
}

static int word_take(struct json_reader *r, struct json *j, enum json_type type, size_t n)
{
	j->text = NULL;
	j->len = 0;
	j->type = (unsigned)type & 7;
	r->p += n;
	return 0;
}

int reader_word(struct json_reader *r, struct json *j)
{
	if (word_is_next(r, "true", 4))
		return word_take(r, j, JSON_TRUE, 4);
	if (word_is_next(r, "false", 5))
		return word_take(r, j, JSON_FALSE, 5);
	if (word_is_next(r, "null", 4))
		return word_take(r, j, JSON_NULL, 4);
	return reader_fail(r, r->p, "a value was expected");
}
