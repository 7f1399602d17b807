/* SPDX-License-Identifier: Apache-2.0
 * write.c - indentation, commas, quotes.
 */
#include "lib/yaml/write.h"

#include <assert.h>

#include "lib/yaml/plain.h"

static struct emit_level *emit_top(struct emit *e)
{
	return &e->levels[e->depth - 1];
}

/* ---- texts ---- */

static bool is_plain_in_yaml(struct str s)
{
	static const char marks[] = "-_./$+";

	if (!s.n || plain_meaning(s) || strchr("-.+/", s.s[0]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr(marks, c))))
			return false;
	}
	return true;
}

/* JSON's escapes are YAML's too. */
static void emit_quoted(struct text *out, struct str s)
{
	text_puts(out, "\"");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c == '"' || c == '\\')
			text_printf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			text_printf(out, "\\u%04x", c);
		else
			text_add(out, &s.s[i], 1);
	}
	text_puts(out, "\"");
}

/* With double quotes in it and nothing that needs an escape: metadata.labels["app"] */
static bool likes_single_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] < ' ' || s.s[i] > '~' || s.s[i] == '\'')
			return false;
	return s.n && memchr(s.s, '"', s.n);
}

static void emit_scalar(struct emit *e, struct str s)
{
	if (e->json || (!is_plain_in_yaml(s) && !likes_single_quotes(s))) {
		emit_quoted(e->out, s);
	} else if (is_plain_in_yaml(s)) {
		text_str(e->out, s);
	} else {
		text_puts(e->out, "'");
		text_str(e->out, s);
		text_puts(e->out, "'");
	}
}

/* ---- structure ---- */

static void emit_newline(struct emit *e, unsigned indent)
{
	text_puts(e->out, "\n");
	for (unsigned i = 0; i < indent; i++)
		text_puts(e->out, " ");
}

static void emit_separator(struct emit *e, struct emit_level *l)
{
	if (l->flow) {
		if (l->any)
			text_puts(e->out, ", ");
		return;
	}
	if (e->json && l->any)
		text_puts(e->out, ",");
	if (!l->any && (l->inlined || !e->out->n))
		return; /* behind the dash, or at the very beginning */
	emit_newline(e, l->indent);
}

/* What stands before any value; `scalar` tells a block collection from what stays in the line. */
static void emit_begin(struct emit *e, const char *key, bool block)
{
	struct emit_level *l = emit_top(e);

	emit_separator(e, l);
	l->any = true;
	if (l->list && !l->flow && !e->json)
		text_puts(e->out, "- ");
	if (key) {
		emit_scalar(e, str_of(key));
		text_puts(e->out, block && !e->json ? ":" : ": ");
	}
}

static void emit_open_level(struct emit *e, const char *key, bool list, bool flow)
{
	bool block = !flow && !emit_top(e)->flow;
	struct emit_level *above = emit_top(e);

	assert(e->depth < EMIT_DEPTH);
	emit_begin(e, key, block);
	if (!block || e->json)
		text_puts(e->out, list ? "[" : "{");
	e->levels[e->depth++] = (struct emit_level){
		.list = list,
		.flow = !block,
		.indent = above->indent + 2,
		.inlined = block && above->list && !e->json,
	};
}

void emit_map(struct emit *e, const char *key, bool flow)
{
	emit_open_level(e, key, false, flow);
}

void emit_list(struct emit *e, const char *key, bool flow)
{
	emit_open_level(e, key, true, flow);
}

void emit_end(struct emit *e)
{
	struct emit_level l = *emit_top(e);

	e->depth--;
	if (e->json && !l.flow && l.any)
		emit_newline(e, l.indent - 2);
	if (e->json || l.flow)
		text_puts(e->out, l.list ? "]" : "}");
	else if (!l.any)
		text_puts(e->out, l.list ? " []" : " {}");
}

void emit_init(struct emit *e, bool json, struct text *out)
{
	*e = (struct emit){ .out = out, .json = json, .depth = 1 };
	e->levels[0] = (struct emit_level){ .indent = json ? 2 : 0 };
	if (json)
		text_puts(out, "{");
}

void emit_done(struct emit *e)
{
	assert(e->depth == 1);
	text_puts(e->out, e->json ? "\n}\n" : "\n");
}

/* ---- values ---- */

void emit_str(struct emit *e, const char *key, struct str value)
{
	emit_begin(e, key, false);
	emit_scalar(e, value);
}

void emit_bool(struct emit *e, const char *key, bool value)
{
	emit_begin(e, key, false);
	text_puts(e->out, value ? "true" : "false");
}

void emit_number(struct emit *e, const char *key, size_t value)
{
	emit_begin(e, key, false);
	text_printf(e->out, "%zu", value);
}

void emit_strings(struct emit *e, const char *key, const struct strings *list)
{
	emit_list(e, key, true);
	for (size_t i = 0; i < list->n; i++)
		emit_str(e, NULL, list->v[i]);
	emit_end(e);
}

/* ---- comments ---- */

void emit_comment(struct emit *e, const char *text)
{
	if (e->json)
		return;
	text_puts(e->out, " # ");
	text_puts(e->out, text);
}

/* A file's name may hold a newline, which would end the comment. */
void emit_origin(struct emit *e, const char *file, unsigned line)
{
	if (e->json || !file)
		return;
	text_puts(e->out, " # ");
	for (const char *p = file; *p; p++)
		text_add(e->out, *p >= ' ' && *p <= '~' ? p : "?", 1);
	text_printf(e->out, ":%u", line);
}
