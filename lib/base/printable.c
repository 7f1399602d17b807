/* SPDX-License-Identifier: Apache-2.0
 * printable.c - text of a request made fit to be shown.
 *
 * kubectl prints what a webhook answers to the administrator's terminal without
 * any filter, escape sequences and bidirectional marks included. What comes out
 * of here is printable ASCII, whatever went in.
 */
#include "lib/base/printable.h"

#include "lib/base/utf8.h"

#define ESCAPE_MAX 10 /* "\U0001f600" */
#define CUT        "..."
#define CUT_LEN    (sizeof CUT - 1)

struct unit { /* one character of the raw text */
	size_t used;
	size_t n;
	char text[ESCAPE_MAX + 1];
};

/* "\u{202e}", as paths write it, is an escape already. */
static size_t written_escape(struct str rest)
{
	size_t n = 3;

	if (rest.n < 5 || memcmp(rest.s, "\\u{", 3) != 0)
		return 0;
	while (n < rest.n && n < ESCAPE_MAX && memchr("0123456789abcdef", rest.s[n], 16))
		n++;
	return n < rest.n && n < ESCAPE_MAX && rest.s[n] == '}' ? n + 1 : 0;
}

static struct unit unit_at(struct str raw, size_t at)
{
	const unsigned char *s = (const unsigned char *)raw.s + at;
	struct unit u = { .used = 1 };
	uint32_t code;
	int n;

	if (*s >= 0x20 && *s < 0x7f) {
		size_t written = *s == '\\' ? written_escape(str_from(raw, at)) : 0;

		u.used = u.n = written ? written : 1;
		memcpy(u.text, s, u.n);
		return u;
	}
	if (*s == '\n' || *s == '\r' || *s == '\t')
		n = snprintf(u.text, sizeof u.text, "\\%c",
			     *s == '\n'   ? 'n'
			     : *s == '\r' ? 'r'
					  : 't');
	else if (*s < 0x80 || !(u.used = utf8_decode(raw.s + at, raw.n - at, &code))) {
		u.used = 1;
		n = snprintf(u.text, sizeof u.text, "\\x%02x", *s);
	} else if (code < 0x10000)
		n = snprintf(u.text, sizeof u.text, "\\u%04x", (unsigned)code);
	else
		n = snprintf(u.text, sizeof u.text, "\\U%08x", (unsigned)code);
	u.n = (size_t)n;
	return u;
}

/* Of eight bytes, which of them do not matter: is one below the blank, or above the tilde? */
static bool is_word_unprintable(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return (w | (w - 0x20 * ones) | (w + ones)) & 0x80 * ones;
}

static bool is_printable_whole(struct str raw, size_t max)
{
	size_t i = 0;

	if (raw.n > max)
		return false;
	for (; raw.n - i >= 8; i += 8)
		if (is_word_unprintable(raw.s + i))
			return false;
	for (; i < raw.n; i++)
		if (raw.s[i] < 0x20 || raw.s[i] > 0x7e)
			return false;
	return true;
}

struct str printable_cut(struct str raw, size_t max, struct arena *arena)
{
	size_t room = raw.n < max / ESCAPE_MAX ? raw.n * ESCAPE_MAX : max;
	size_t n = 0, safe = 0; /* up to `safe` there is room for "..." */
	char *out;

	if (!raw.n)
		return STR("");
	if (is_printable_whole(raw, max))
		return raw;
	if (!(out = arena_alloc(arena, room + 1)))
		return (struct str){ NULL, 0 };
	for (size_t at = 0; at < raw.n;) {
		struct unit u = unit_at(raw, at);

		if (n + u.n > max) {
			memcpy(out + safe, CUT, CUT_LEN);
			n = safe + CUT_LEN;
			break;
		}
		memcpy(out + n, u.text, u.n);
		n += u.n;
		at += u.used;
		if (n + CUT_LEN <= max)
			safe = n;
	}
	out[n] = '\0';
	return (struct str){ out, n };
}

/* Where the shown text may go on so that at most `max` bytes follow. */
static size_t tail_start(struct str raw, size_t all, size_t max)
{
	size_t at = 0;

	while (all > max) {
		struct unit u = unit_at(raw, at);

		all -= u.n;
		at += u.used;
	}
	return at;
}

struct str printable_middle(struct str raw, size_t max, struct arena *arena)
{
	size_t all = 0, n = 0, at = 0, half = (max - CUT_LEN) / 2;
	char *out;

	if (is_printable_whole(raw, max))
		return raw.n ? raw : STR("");
	for (size_t i = 0; i < raw.n;) {
		struct unit u = unit_at(raw, i);

		all += u.n;
		i += u.used;
	}
	if (all <= max)
		return printable_cut(raw, max, arena);
	if (!(out = arena_alloc(arena, max + 1)))
		return (struct str){ NULL, 0 };
	for (;;) {
		struct unit u = unit_at(raw, at);

		if (n + u.n > half)
			break;
		memcpy(out + n, u.text, u.n);
		n += u.n;
		at += u.used;
	}
	memcpy(out + n, CUT, CUT_LEN);
	n += CUT_LEN;
	for (at = tail_start(raw, all, max - CUT_LEN - half); at < raw.n;) {
		struct unit u = unit_at(raw, at);

		memcpy(out + n, u.text, u.n);
		n += u.n;
		at += u.used;
	}
	out[n] = '\0';
	return (struct str){ out, n };
}

size_t printable_fit(struct str text, size_t max)
{
	size_t i = 0;

	while (i < text.n) {
		char kind = i + 1 < text.n ? text.s[i + 1] : '\0';
		size_t written = text.s[i] == '\\' ? written_escape(str_from(text, i)) : 0;
		size_t n = written             ? written
			   : text.s[i] != '\\' ? 1
			   : kind == 'x'       ? 4
			   : kind == 'u'       ? 6
			   : kind == 'U'       ? 10
					       : 2;

		if (i + n > max || i + n > text.n)
			return i + n > max ? i : text.n < max ? text.n : max;
		i += n;
	}
	return i;
}
