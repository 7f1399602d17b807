/* SPDX-License-Identifier: Apache-2.0
 * yaml.c - libyaml's events to yaml_build, bounded.
 *
 * libyaml is fed a line at a time. Its reader runs ahead of its scanner and knows
 * offsets but no lines, so the line of a bad byte is the line that was fed last.
 * Feeding also bounds what libyaml holds: never more than one document.
 */
#include "lib/yaml/yaml.h"

#include <stdlib.h>
#include <yaml.h>

#include "lib/yaml/build.h"

#define YAML_CHUNK 16384 /* of a reading function */

struct yaml_stream {
	yaml_parser_t parser;
	struct yaml_build build;
	struct yaml_input input;
	struct yaml_place at; /* of the last failure */
	bool failed;

	char *chunk;       /* what read() gave; window and fed point into it */
	struct str window; /* not yet fed */
	struct str fed;    /* the line (or part of one) that was fed last */
	size_t fed_offset; /* of its first byte in the stream */
	struct yaml_place fed_at;
	size_t bytes;        /* fed since the document before this one */
	struct err feed_err; /* why feeding ended early */
};

/* ---- feeding ---- */

static int stream_refill(struct yaml_stream *s)
{
	size_t got = 0;

	if (!s->input.read)
		return 0;
	if (!s->chunk && !(s->chunk = malloc(YAML_CHUNK)))
		return err_nomem(&s->feed_err);
	if (s->input.read(s->input.ctx, s->chunk, YAML_CHUNK, &got, &s->feed_err) < 0)
		return -1;
	s->window = (struct str){ s->chunk, got };
	return 0;
}

static unsigned count_characters(struct str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.s[i] & 0xc0) != 0x80;
	return n;
}

static void count_fed(struct yaml_stream *s)
{
	s->fed_offset += s->fed.n;
	if (s->fed.n && s->fed.s[s->fed.n - 1] == '\n')
		s->fed_at = (struct yaml_place){ s->fed_at.line + 1, 1 };
	else
		s->fed_at.column += count_characters(s->fed);
	s->fed = (struct str){ NULL, 0 };
}

/* libyaml's read handler: 1 and *got, which is 0 at the end; 0 for a failure. */
static int stream_feed(void *ctx, unsigned char *buf, size_t room, size_t *got)
{
	struct yaml_stream *s = ctx;
	const char *newline;
	size_t n;

	*got = 0;
	count_fed(s);
	if (!s->window.n && stream_refill(s) < 0)
		return 0;
	if (!s->window.n)
		return 1;
	newline = memchr(s->window.s, '\n', s->window.n);
	n = newline ? (size_t)(newline - s->window.s) + 1 : s->window.n;
	if (n > room)
		n = room;
	s->bytes += n;
	if (s->bytes > s->build.options.bytes) {
		err_set(&s->feed_err, ERR_LIMIT,
			"the document is larger than %zu bytes: split it, with --- between",
			s->build.options.bytes);
		return 0;
	}
	memcpy(buf, s->window.s, n);
	s->fed = (struct str){ s->window.s, n };
	s->window = str_from(s->window, n);
	*got = n;
	return 1;
}

/* ---- failures ---- */

static struct yaml_place yaml_place_of(yaml_mark_t mark)
{
	return (struct yaml_place){ (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
}

/* libyaml's words for what people run into most, in words that help. */
static const struct {
	const char *theirs, *ours;
} problems[] = {
	{ "found character that cannot start any token",
	  "a value cannot begin with this character: put it in quotes, and indent with "
	  "spaces, not with tabs" },
	{ "mapping values are not allowed in this context",
	  "a \"key: value\" cannot stand here: is the indentation right, or must a value that "
	  "holds \": \" be quoted?" },
	{ "did not find expected key",
	  "neither a key of the mapping nor its end: is the indentation right?" },
	{ "did not find expected '-' indicator",
	  "neither an item of the list nor its end: is the indentation right?" },
	{ "could not find expected ':'", "a key without \":\" behind it" },
	{ "control characters are not allowed",
	  "a control character: write it as an escape in double quotes, \"\\x1b\"" },
	{ "did not find expected node content", "a value is missing here" },
	{ "found unexpected end of stream", "the file ends inside a quoted text" },
};

static const char *problem_words(const char *problem)
{
	for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
		if (!strcmp(problem, problems[i].theirs))
			return problems[i].ours;
	return problem;
}

/* Where the reader met a bad byte: in what was fed last. */
static struct yaml_place reader_place(const struct yaml_stream *s)
{
	size_t offset = s->parser.problem_offset;
	struct str before = { s->fed.s, offset > s->fed_offset ? offset - s->fed_offset : 0 };

	if (before.n > s->fed.n)
		before.n = s->fed.n;
	return (struct yaml_place){ s->fed_at.line, s->fed_at.column + count_characters(before) };
}

/* Why the parser stopped, and where. */
static int parser_failed(struct yaml_stream *s, struct err *err)
{
	const yaml_parser_t *p = &s->parser;
	const char *problem = problem_words(p->problem ? p->problem : "this is no YAML");

	s->at = p->error == YAML_READER_ERROR ? reader_place(s) : yaml_place_of(p->problem_mark);
	if (s->feed_err.kind != ERR_NONE) {
		*err = s->feed_err;
		return -1;
	}
	if (p->error == YAML_MEMORY_ERROR)
		return err_nomem(err);
	if (!p->context)
		return err_set(err, ERR_SYNTAX, "%s", problem);
	return err_set(err, ERR_SYNTAX, "%s (%s that begins in line %zu)", problem, p->context,
		       p->context_mark.line + 1);
}

/* ---- events ---- */

static struct yaml_marks marks_of(const yaml_event_t *e, const yaml_char_t *tag,
				  const yaml_char_t *anchor)
{
	return (struct yaml_marks){ yaml_place_of(e->start_mark), (const char *)tag,
				    (const char *)anchor };
}

static int on_scalar(struct yaml_build *b, const yaml_event_t *e, struct err *err)
{
	struct yaml_marks marks = marks_of(e, e->data.scalar.tag, e->data.scalar.anchor);
	struct str text = { (const char *)e->data.scalar.value, e->data.scalar.length };

	return yaml_build_scalar(b, &marks, text, e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
				 err);
}

static int on_alias(struct yaml_build *b, const yaml_event_t *e, struct err *err)
{
	return yaml_build_alias(b, yaml_place_of(e->start_mark), (const char *)e->data.alias.anchor,
				err);
}

static int on_sequence(struct yaml_build *b, const yaml_event_t *e, struct err *err)
{
	struct yaml_marks marks =
		marks_of(e, e->data.sequence_start.tag, e->data.sequence_start.anchor);

	return yaml_build_open(b, &marks, YAML_SEQUENCE,
			       e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE, err);
}

static int on_mapping(struct yaml_build *b, const yaml_event_t *e, struct err *err)
{
	struct yaml_marks marks =
		marks_of(e, e->data.mapping_start.tag, e->data.mapping_start.anchor);

	return yaml_build_open(b, &marks, YAML_MAPPING,
			       e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE, err);
}

static int on_close(struct yaml_build *b, const yaml_event_t *e, struct err *err)
{
	(void)e;
	return yaml_build_close(b, err);
}

enum outcome { GO_ON, END_DOCUMENT, END_STREAM }; /* go on; a document or the stream ends */

static const struct {
	int (*run)(struct yaml_build *, const yaml_event_t *, struct err *);
	enum outcome then;
} events[] = {
	[YAML_SCALAR_EVENT] = { on_scalar, GO_ON },
	[YAML_ALIAS_EVENT] = { on_alias, GO_ON },
	[YAML_SEQUENCE_START_EVENT] = { on_sequence, GO_ON },
	[YAML_SEQUENCE_END_EVENT] = { on_close, GO_ON },
	[YAML_MAPPING_START_EVENT] = { on_mapping, GO_ON },
	[YAML_MAPPING_END_EVENT] = { on_close, GO_ON },
	[YAML_DOCUMENT_END_EVENT] = { NULL, END_DOCUMENT },
	[YAML_STREAM_END_EVENT] = { NULL, END_STREAM },
	[YAML_NO_EVENT] = { NULL, END_STREAM }, /* asked again after the end */
};

static int event_next(struct yaml_stream *s, enum outcome *then, struct err *err)
{
	yaml_event_t e;
	int r = 0;

	if (!yaml_parser_parse(&s->parser, &e))
		return parser_failed(s, err);
	if (events[e.type].run && (r = events[e.type].run(&s->build, &e, err)) < 0)
		s->at = s->build.at;
	*then = events[e.type].then;
	yaml_event_delete(&e);
	return r;
}

/* ---- streams ---- */

struct yaml_stream *yaml_stream_new(const struct yaml_input *input,
				    const struct yaml_options *options)
{
	struct yaml_stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	if (!yaml_parser_initialize(&s->parser)) {
		free(s);
		return NULL;
	}
	s->input = *input;
	s->build.options = *options;
	if (options->depth > YAML_DEPTH_MAX)
		s->build.options.depth = YAML_DEPTH_MAX;
	s->window = input->text;
	s->fed_at = (struct yaml_place){ 1, 1 };
	/* Named, so that a byte order mark of UTF-16 is a bad byte, not another encoding. */
	yaml_parser_set_encoding(&s->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&s->parser, stream_feed, s);
	return s;
}

void yaml_stream_free(struct yaml_stream *s)
{
	if (!s)
		return;
	yaml_parser_delete(&s->parser);
	free(s->chunk);
	free(s);
}

int yaml_stream_next(struct yaml_stream *s, struct arena *arena, struct yaml_node **root,
		     struct err *err)
{
	enum outcome then = GO_ON;

	if (s->failed)
		return err_set(err, ERR_SYNTAX, "the stream ended with an error");
	yaml_build_start(&s->build, arena);
	s->bytes = s->fed.n; /* the line that was fed last may belong to this document */
	while (then == GO_ON)
		if (event_next(s, &then, err) < 0) {
			s->failed = true;
			return -1;
		}
	if (then == END_STREAM)
		return 0;
	*root = s->build.root;
	return 1;
}

struct yaml_place yaml_stream_at(const struct yaml_stream *s)
{
	return s->at;
}
