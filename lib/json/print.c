/* SPDX-License-Identifier: Apache-2.0
 * print.c - a value, or a string, written down as JSON.
 *
 * Values may be as deep as JSON_DEPTH_MAX: the walk keeps its own stack.
 */
#include "lib/json/json.h"

#include <assert.h>

#include "lib/base/attributes.h"
#include "lib/base/utf8.h"
#include "lib/json/scan.h"

/* As much of whole UTF-8 as there is room for. */
static void print_put(struct text *out, struct str s)
{
	size_t room = out->limit - out->n;

	if (out->full)
		return;
	if (s.n <= room) {
		text_str(out, s);
		return;
	}
	while (room && ((unsigned char)s.s[room] & 0xc0) == 0x80)
		room--;
	text_add(out, s.s, room);
	out->full = true;
}

static bool is_plain_in_json(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* The first byte from i on that JSON demands to be escaped, or s.n. */
static size_t escape_at(struct str s, size_t i)
{
	const char *p = s.s + i, *end = s.s + s.n;

	while ((p = scan_text_end(p, end)) < end && is_plain_in_json(*p))
		p++; /* beyond ASCII */
	return (size_t)(p - s.s);
}

static void put_escape(struct text *out, unsigned char c)
{
	static const char names[] = "btn?fr"; /* from \b on; \v has none */
	char escape[8] = { '\\' };
	size_t n = 2;

	if (c >= 0x20)
		escape[1] = (char)c;
	else if (c >= '\b' && c <= '\r' && c != '\v')
		escape[1] = names[c - '\b'];
	else
		n = (size_t)snprintf(escape, sizeof escape, "\\u%04x", c);
	if (n > out->limit - out->n)
		out->full = true; /* half an escape would mislead */
	print_put(out, (struct str){ escape, n });
}

void json_quote(struct str s, struct text *out)
{
	text_char(out, '"');
	if (s.n > out->limit - out->n) /* whatever it holds, one byte more than fits is enough */
		s.n = out->limit - out->n + 1;
	for (size_t from = 0, at; from < s.n && !out->full; from = at + 1) {
		at = escape_at(s, from);
		if (at > from)
			print_put(out, (struct str){ s.s + from, at - from });
		if (at < s.n)
			put_escape(out, (unsigned char)s.s[at]);
	}
	text_char(out, '"');
}

/* A scalar whole, of a container the opening bracket. */
static void put_head(struct text *out, const struct json *j, bool member)
{
	static const char *const words[] = {
		[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true",
		[JSON_NUMBER] = "",   [JSON_STRING] = "",     [JSON_ARRAY] = "[",
		[JSON_OBJECT] = "{"
	};

	if (member) {
		json_quote(json_key(j), out);
		print_put(out, STR(":"));
	}
	if (j->type == JSON_STRING)
		json_quote(json_str(j), out);
	else if (j->type == JSON_NUMBER)
		print_put(out, json_str(j));
	else
		print_put(out, str_of(words[j->type]));
}

void json_print(const struct json *j, struct text *out)
{
	UNZEROED const struct json
		*stack[JSON_DEPTH_MAX + 1]; /* containers whose child is written */
	size_t n = 0;
	bool member = false;

	while (j && !out->full) {
		put_head(out, j, member);
		if (j->type >= JSON_ARRAY && j->len) {
			assert(n < JSON_DEPTH_MAX);
			stack[n++] = j;
			member = j->type == JSON_OBJECT;
			j = j->child;
			continue;
		}
		if (j->type >= JSON_ARRAY)
			print_put(out, j->type == JSON_OBJECT ? STR("}") : STR("]"));
		for (; n && !j->next; n--) {
			j = stack[n - 1];
			print_put(out, j->type == JSON_OBJECT ? STR("}") : STR("]"));
		}
		if (!n)
			return;
		print_put(out, STR(","));
		j = j->next;
		member = stack[n - 1]->type == JSON_OBJECT;
	}
}

/* ---- printable ASCII ---- */

#define PLAIN_PIECE 64 /* bytes that are written or not, where there is no room for all */

/* What demands an escape: what ends a plain text, and the delete character. */
static uint64_t print_marks(uint64_t w)
{
	return scan_text_word(w) | (((w ^ SCAN_ALL(0x7f)) - SCAN_ALL(1)) & SCAN_ALL(0x80));
}

/* Where that which stands for itself ends, from i on. */
static size_t print_plain_end(struct str s, size_t i)
{
	for (; s.n - i >= 8; i += 8) {
		uint64_t marks = print_marks(scan_word(s.s + i));

		if (marks)
			return i + scan_bit(marks) / 8;
	}
	if (s.n - i >= 4 && !print_marks(SCAN_ALL('x') << 32 | scan_half(s.s + i)))
		i += 4;
	while (i < s.n && is_plain_in_json(s.s[i]) && (unsigned char)s.s[i] < 0x7f)
		i++;
	return i;
}

static void print_plain(struct text *out, struct str s)
{
	if (s.n <= out->limit - out->n) {
		text_str(out, s);
		return;
	}
	for (size_t n; s.n && !out->full; s = str_from(s, n)) {
		n = s.n < PLAIN_PIECE ? s.n : PLAIN_PIECE;
		text_add(out, s.s, n);
	}
}

static void escape_code(uint32_t c, struct text *out)
{
	static const char letters[] = "btn?fr";
	const char named[] = { '\\', c >= 8 && c <= 13 ? letters[c - 8] : (char)c };

	if ((c >= 8 && c <= 13 && c != 11) || c == '"' || c == '\\')
		text_add(out, named, sizeof named);
	else if (c < 0x10000)
		text_printf(out, "\\u%04x", (unsigned)c);
	else
		text_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (c >> 10)),
			    (unsigned)(0xdc00 | (c & 0x3ff)));
}

/* The first character; how many bytes it takes. */
static size_t print_escape(struct str s, struct text *out)
{
	uint32_t code = 0xfffd; /* for what is no UTF-8 */
	size_t n = utf8_decode(s.s, s.n, &code);

	escape_code(code, out);
	return n ? n : 1;
}

void json_escape(struct str raw, struct text *out)
{
	size_t room = out->limit - out->n;

	if (raw.n > room) /* as of json_quote */
		raw.n = room + 1;
	for (size_t i = 0, end; i < raw.n && !out->full;) {
		end = print_plain_end(raw, i);
		if (end > i)
			print_plain(out, (struct str){ raw.s + i, end - i });
		else
			end += print_escape(str_from(raw, i), out);
		i = end;
	}
}
