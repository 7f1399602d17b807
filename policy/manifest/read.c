/* SPDX-License-Identifier: Apache-2.0
 * read.c - YAML or JSON? By the first bytes, as kubectl does; then document by
 * document.
 *
 * JSON values may follow each other without anything between them. What follows a value and is
 * no further one is taken for YAML.
 */
#include "policy/manifest/read.h"

#include <stdlib.h>

#include "policy/manifest/manifest.h"

#define CHUNK 65536

static void on_repeat(void *ctx, struct yaml_place at, const char *text)
{
	struct manifest_read *r = ctx;
	struct repeat *repeat;

	if (r->repeats_n == REPEATS_MAX)
		return;
	repeat = &r->repeats[r->repeats_n++];
	repeat->line = at.line;
	snprintf(repeat->text, sizeof repeat->text, "%s", text);
}

void manifest_read_init(struct manifest_read *r, const struct yaml_input *input)
{
	*r = (struct manifest_read){ .input = *input };
}

void manifest_read_done(struct manifest_read *r)
{
	yaml_stream_free(r->yaml);
	free(r->buffer);
}

/* ---- the buffer ---- */

static int manifest_make_room(struct manifest_read *r, size_t n, struct err *err)
{
	size_t room = r->room ? r->room : CHUNK;
	char *grown;

	if (r->n + n > MANIFEST_DOCUMENT_MAX + CHUNK)
		return err_set(err, ERR_LIMIT,
			       "the document is larger than %u MiB: split it into several values",
			       MANIFEST_DOCUMENT_MAX >> 20);
	while (room < r->n + n)
		room *= 2;
	if (room == r->room)
		return 0;
	if (!(grown = realloc(r->buffer, room)))
		return err_nomem(err);
	r->buffer = grown;
	r->room = room;
	return 0;
}

/* The caller's text, then what its function reads. */
static int manifest_source(void *ctx, char *buf, size_t room, size_t *got, struct err *err)
{
	struct manifest_read *r = ctx;
	struct str *text = &r->input.text;
	size_t n = text->n < room ? text->n : room;

	*got = 0;
	if (!n)
		return r->input.read ? r->input.read(r->input.ctx, buf, room, got, err) : 0;
	memcpy(buf, text->s, n);
	*text = str_from(*text, n);
	*got = n;
	return 0;
}

/* More bytes behind those that are there; ended is set when there are none. */
static int manifest_fill(struct manifest_read *r, struct err *err)
{
	size_t got = 0;

	if (manifest_make_room(r, CHUNK, err) < 0 ||
	    manifest_source(r, r->buffer + r->n, CHUNK, &got, err) < 0)
		return -1;
	r->ended = !got;
	r->n += got;
	return 0;
}

/* Forget the first n bytes, and count their lines. */
static void manifest_drop(struct manifest_read *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		r->before += r->buffer[i] == '\n';
	if (n)
		memmove(r->buffer, r->buffer + n, r->n - n);
	r->n -= n;
}

static size_t behind_spaces(const struct manifest_read *r, size_t at)
{
	while (at < r->n && r->buffer[at] && strchr(" \t\r\n", r->buffer[at]))
		at++;
	return at;
}

/* Empty lines at the beginning count, and need not be kept. */
static void drop_empty_lines(struct manifest_read *r)
{
	size_t at = behind_spaces(r, 0);

	while (at && r->buffer[at - 1] != '\n')
		at--;
	manifest_drop(r, at);
}

/*
 * {"key", [{ or {}: YAML's own flow style seldom begins so, and its reader takes all else. *at:
 * where the value begins.
 */
static int is_json(struct manifest_read *r, size_t *at, bool *json, struct err *err)
{
	size_t next = 0;

	for (;;) {
		if (r->n >= 3 && !memcmp(r->buffer, "\xef\xbb\xbf", 3))
			manifest_drop(r, 3); /* a byte order mark */
		*at = behind_spaces(r, 0);
		next = *at < r->n ? behind_spaces(r, *at + 1) : r->n;
		if (next < r->n || r->ended)
			break;
		drop_empty_lines(r);
		if (manifest_fill(r, err) < 0)
			return -1;
	}
	*json = next < r->n && (r->buffer[*at] == '{' || r->buffer[*at] == '[') &&
		r->buffer[next] && strchr("\"{[}]", r->buffer[next]);
	return 0;
}

/* ---- documents ---- */

static int begin_yaml(struct manifest_read *r, struct err *err)
{
	const struct yaml_options options = { .depth = YAML_DEPTH_MAX,
					      .bytes = MANIFEST_DOCUMENT_MAX,
					      .problem = on_repeat,
					      .ctx = r };
	struct yaml_input input = { .text = { r->buffer, r->n },
				    .read = manifest_source,
				    .ctx = r };

	r->yaml = yaml_stream_new(&input, &options);
	return r->yaml ? 0 : err_nomem(err);
}

static int next_yaml(struct manifest_read *r, struct arena *arena, struct yaml_node **root,
		     unsigned *line, struct err *err)
{
	int got = yaml_stream_next(r->yaml, arena, root, err);

	if (got < 0)
		*line = manifest_read_line(r, yaml_stream_at(r->yaml).line);
	return got;
}

/* All of the value at the buffer's beginning is in it; its bytes. */
static int whole_value(struct manifest_read *r, size_t *n, struct err *err)
{
	struct manifest_json_end state = { .at = 0 };

	for (;;) {
		*n = manifest_json_end((struct str){ r->buffer, r->n }, &state);
		if (*n)
			return 0;
		if (r->ended) {
			*n = r->n; /* the strict reader says what is missing */
			return 0;
		}
		if (manifest_fill(r, err) < 0)
			return -1;
	}
}

static int next_json(struct manifest_read *r, struct arena *arena, struct yaml_node **root,
		     unsigned *line, struct err *err)
{
	*line = manifest_read_line(r, 1);
	if (whole_value(r, &r->taken, err) < 0)
		return -1;
	*root = manifest_json((struct str){ r->buffer, r->taken }, arena, line, err);
	if (*root)
		return 1;
	*line = manifest_read_line(r, *line);
	return -1;
}

int manifest_read_next(struct manifest_read *r, struct arena *arena, struct yaml_node **root,
		       unsigned *line, struct err *err)
{
	bool json = false;
	size_t at = 0;

	r->repeats_n = 0;
	*line = 1;
	if (!r->yaml) {
		manifest_drop(r, r->taken);
		r->taken = 0;
		if (is_json(r, &at, &json, err) < 0)
			return -1;
		if (json) {
			manifest_drop(r, at);
			return next_json(r, arena, root, line, err);
		}
		if (begin_yaml(r, err) < 0)
			return -1;
	}
	return next_yaml(r, arena, root, line, err);
}
