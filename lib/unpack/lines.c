/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unpack/lines.h"

#include <stdlib.h>

#define ROOM_FIRST (256u << 10)

int lines_init(struct input_lines *l, struct unpack *source, struct err *err)
{
	*l = (struct input_lines){ .source = source, .room = ROOM_FIRST };
	return (l->buf = malloc(l->room)) ? 0 : err_nomem(err);
}

void lines_done(struct input_lines *l)
{
	free(l->buf);
	l->buf = NULL;
}

/* Room for more behind n. */
static int lines_make_room(struct input_lines *l, struct err *err)
{
	size_t room = l->room ? 2 * l->room : ROOM_FIRST;
	char *grown;

	if (l->at) {
		memmove(l->buf, l->buf + l->at, l->n - l->at);
		l->n -= l->at;
		l->at = 0;
	}
	if (l->n < l->room)
		return 0;
	if (!(grown = realloc(l->buf, room)))
		return err_nomem(err);
	l->buf = grown;
	l->room = room;
	return 0;
}

static int lines_fill(struct input_lines *l, struct err *err)
{
	long got;

	if (l->failed) {
		*err = l->failure;
		return -1;
	}
	if (lines_make_room(l, err) < 0)
		return -1;
	got = unpack_read(l->source, l->buf + l->n, l->room - l->n, err);
	if (got < 0) {
		/* What was read before is given first, then this is told. */
		l->failure = *err;
		l->failed = true;
		return l->n > l->at ? 0 : -1;
	}
	l->ended = !got;
	l->n += (size_t)got;
	return 0;
}

/* Pass over the rest of a line. 1 when its end was found. */
static int lines_pass(struct input_lines *l, struct err *err)
{
	for (;;) {
		const char *newline = memchr(l->buf + l->at, '\n', l->n - l->at);

		if (newline) {
			l->at = (size_t)(newline - l->buf) + 1;
			return 1;
		}
		l->at = l->n;
		if (l->ended)
			return 1;
		if (lines_fill(l, err) < 0)
			return -1;
	}
}

static void lines_take(struct input_lines *l, size_t n, bool newline, struct input_line *out)
{
	out->text = (struct str){ l->buf + l->at, n };
	out->unended = !newline;
	if (n && out->text.s[n - 1] == '\r') {
		out->text.n--;
		out->cr = true;
	}
	l->at += n + newline;
	l->searched = 0;
}

int lines_next(struct input_lines *l, struct input_line *out, struct err *err)
{
	*out = (struct input_line){ .number = l->number + 1 };
	for (;;) {
		const char *from = l->buf + l->at + l->searched, *newline;
		size_t n = l->n - l->at;

		if ((newline = memchr(from, '\n', n - l->searched))) {
			lines_take(l, (size_t)(newline - l->buf) - l->at, true, out);
			break;
		}
		l->searched = n;
		if (n > LINES_MAX) {
			out->too_long = true;
			l->searched = 0;
			if (lines_pass(l, err) < 0)
				return -1;
			break;
		}
		if (l->ended || l->failed) {
			if (!n) {
				if (l->failed)
					*err = l->failure;
				return l->failed ? -1 : 0;
			}
			lines_take(l, n, false, out);
			break;
		}
		if (lines_fill(l, err) < 0)
			return -1;
	}
	if (out->text.n > LINES_MAX)
		*out = (struct input_line){ .number = out->number, .too_long = true };
	l->number++;
	return 1;
}
