/* SPDX-License-Identifier: Apache-2.0
 * splitter.c - a push parser: a byte moves it from one state to the next.
 */
#include "agent/collect/splitter.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16384

enum splitter_expects {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* after '[' */
	EXPECT_KEY,          /* after ',' in an object */
	EXPECT_KEY_OR_END,   /* after '{' */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING, /* the value at the top has ended */
	IN_STRING,
	IN_WORD, /* a number, true, false, null */
};

/* What is kept of the value that is read now. */
enum splitter_keeps { KEEP_NOTHING, KEEP_ITEM, KEEP_METADATA, KEEP_COLUMNS };

struct splitter_bytes {
	char *s;
	size_t n, room, limit;
	uint64_t total; /* with those that had no room */
};

struct splitter {
	const struct splitter_ops *ops;
	void *ctx;
	enum splitter_shape shape;
	enum splitter_expects expects;
	bool escape;                          /* the last byte was a backslash */
	bool is_key, in_list;                 /* in_list: within items or rows */
	uint64_t arrays[SPLITTER_DEPTH / 64]; /* a bit for each level: it is an array */
	unsigned depth, keep_depth;           /* keep_depth: of the value that is kept */
	enum splitter_keeps keep;
	bool told_columns, seen_list, seen_metadata;
	char key[SPLITTER_KEY_MAX];
	size_t key_n;
	uint64_t at; /* bytes of this answer */
	struct splitter_bytes item, metadata, columns;
};

struct splitter *splitter_new(enum splitter_shape shape, const struct splitter_ops *ops, void *ctx)
{
	struct splitter *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->shape = shape;
	s->ops = ops;
	s->ctx = ctx;
	s->item.limit = SPLITTER_ITEM_MAX;
	s->metadata.limit = SPLITTER_META_MAX;
	s->columns.limit = SPLITTER_COLS_MAX;
	splitter_reset(s);
	return s;
}

void splitter_free(struct splitter *s)
{
	if (!s)
		return;
	free(s->item.s);
	free(s->metadata.s);
	free(s->columns.s);
	free(s);
}

void splitter_reset(struct splitter *s)
{
	s->expects = EXPECT_VALUE;
	s->escape = s->is_key = s->in_list = false;
	s->seen_list = s->seen_metadata = s->told_columns = false;
	s->depth = 0;
	s->keep = KEEP_NOTHING;
	s->key_n = 0;
	s->at = 0;
	s->item.n = s->metadata.n = s->columns.n = 0;
	s->item.total = s->metadata.total = s->columns.total = 0;
}

struct str splitter_metadata(const struct splitter *s)
{
	return (struct str){ s->metadata.n ? s->metadata.s : NULL, s->metadata.n };
}

/* ---- what is kept ---- */

/* -1: no memory. What has no room under the limit is counted. */
static int splitter_add(struct splitter_bytes *b, const char *p, size_t n)
{
	b->total += n;
	if (b->total > b->limit)
		return 0;
	if (b->n + n > b->room) {
		size_t room = b->room ? b->room : FIRST_ROOM;
		char *grown;

		while (room < b->n + n)
			room *= 2;
		if (!(grown = realloc(b->s, room)))
			return -1;
		b->s = grown;
		b->room = room;
	}
	memcpy(b->s + b->n, p, n);
	b->n += n;
	return 0;
}

static struct splitter_bytes *splitter_kept(struct splitter *s)
{
	switch (s->keep) {
	case KEEP_ITEM:
		return &s->item;
	case KEEP_METADATA:
		return &s->metadata;
	case KEEP_COLUMNS:
		return &s->columns;
	default:
		return NULL;
	}
}

static int splitter_fail(const struct splitter *s, const char *problem, struct err *err)
{
	return err_set(err, ERR_SYNTAX, "byte %llu of the answer: %s", (unsigned long long)s->at,
		       problem);
}

static int splitter_hand_over_item(struct splitter *s)
{
	bool well = s->item.total > s->item.limit
			    ? s->ops->oversize(s->ctx, s->item.total)
			    : s->ops->item(s->ctx, (struct str){ s->item.s, s->item.n });

	s->item.n = 0;
	s->item.total = 0;
	return well ? 0 : -1;
}

/* The value that was kept has ended. */
static int splitter_hand_over(struct splitter *s, struct err *err)
{
	enum splitter_keeps kept = s->keep;
	const struct splitter_bytes *b = splitter_kept(s);

	s->keep = KEEP_NOTHING;
	if (kept == KEEP_ITEM)
		return splitter_hand_over_item(s);
	if (b->total > b->limit)
		return err_set(err, ERR_LIMIT, "the answer's %s has more than %zu KiB",
			       kept == KEEP_COLUMNS ? "columnDefinitions" : "metadata",
			       b->limit >> 10);
	if (kept == KEEP_COLUMNS) {
		s->told_columns = true;
		return s->ops->columns(s->ctx, (struct str){ s->columns.s, s->columns.n }) ? 0 : -1;
	}
	return 0;
}

/* ---- where it is ---- */

static bool in_array(const struct splitter *s)
{
	return s->depth && (s->arrays[(s->depth - 1) / 64] >> (s->depth - 1) % 64 & 1);
}

static bool is_at_key(const struct splitter *s, const char *key)
{
	return s->depth == 1 && !in_array(s) && s->key_n == strlen(key) &&
	       !memcmp(s->key, key, s->key_n);
}

static const char *splitter_list_key(const struct splitter *s)
{
	return s->shape == SPLITTER_TABLE ? "rows" : "items";
}

/* A value begins: is it one to keep? */
static int splitter_choose(struct splitter *s, char c, struct err *err)
{
	if (s->keep != KEEP_NOTHING)
		return 0;
	s->keep_depth = s->depth;
	if (s->shape == SPLITTER_WHOLE) {
		s->keep = KEEP_ITEM;
		return 0;
	}
	if (s->depth == 0 && c != '{')
		return splitter_fail(s, "not a list", err);
	if (s->in_list && s->depth == 2) {
		s->keep = KEEP_ITEM;
		if (s->shape == SPLITTER_TABLE && !s->told_columns)
			return splitter_fail(s, "rows before their columnDefinitions", err);
	} else if (is_at_key(s, splitter_list_key(s))) {
		if (s->seen_list)
			return splitter_fail(s, "a second list", err);
		s->seen_list = true;
		s->in_list = c == '[';
	} else if (is_at_key(s, "metadata")) {
		if (s->seen_metadata)
			return splitter_fail(s, "metadata twice", err);
		s->seen_metadata = true;
		s->keep = KEEP_METADATA;
	} else if (s->shape == SPLITTER_TABLE && is_at_key(s, "columnDefinitions")) {
		if (s->told_columns)
			return splitter_fail(s, "columnDefinitions twice", err);
		s->keep = KEEP_COLUMNS;
	}
	return 0;
}

static void splitter_after_value(struct splitter *s)
{
	s->expects = s->depth ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

/* A value has ended, its last byte is kept. */
static int splitter_close_value(struct splitter *s, struct err *err)
{
	splitter_after_value(s);
	if (s->keep != KEEP_NOTHING && s->depth == s->keep_depth)
		return splitter_hand_over(s, err);
	if (s->depth == 1)
		s->in_list = false;
	return 0;
}

static int splitter_keep_byte(struct splitter *s, const char *p, struct err *err)
{
	struct splitter_bytes *b = splitter_kept(s);

	return b && splitter_add(b, p, 1) < 0 ? err_nomem(err) : 0;
}

/* ---- the grammar ---- */

static int splitter_open(struct splitter *s, const char *p, struct err *err)
{
	if (s->depth == SPLITTER_DEPTH)
		return splitter_fail(s, "too deep", err);
	if (splitter_choose(s, *p, err) < 0 || splitter_keep_byte(s, p, err) < 0)
		return -1;
	if (*p == '[')
		s->arrays[s->depth / 64] |= (uint64_t)1 << s->depth % 64;
	else
		s->arrays[s->depth / 64] &= ~((uint64_t)1 << s->depth % 64);
	s->depth++;
	s->expects = *p == '[' ? EXPECT_VALUE_OR_END : EXPECT_KEY_OR_END;
	return 0;
}

static int splitter_close(struct splitter *s, const char *p, struct err *err)
{
	if (!s->depth || in_array(s) != (*p == ']'))
		return splitter_fail(s, "a bracket that does not fit", err);
	if (splitter_keep_byte(s, p, err) < 0)
		return -1;
	s->depth--;
	return splitter_close_value(s, err);
}

static int splitter_begin_value(struct splitter *s, const char *p, struct err *err)
{
	if (*p == '{' || *p == '[')
		return splitter_open(s, p, err);
	if (*p != '"' && !strchr("-0123456789tfn", *p))
		return splitter_fail(s, "no value begins with this", err);
	if (splitter_choose(s, *p, err) < 0)
		return -1;
	s->is_key = false;
	s->expects = *p == '"' ? IN_STRING : IN_WORD;
	return splitter_keep_byte(s, p, err);
}

static int splitter_begin_key(struct splitter *s, const char *p, struct err *err)
{
	if (*p != '"')
		return splitter_fail(s, "a key expected", err);
	s->is_key = true;
	if (s->depth == 1)
		s->key_n = 0;
	s->expects = IN_STRING;
	return splitter_keep_byte(s, p, err);
}

static int splitter_punctuation(struct splitter *s, const char *p, struct err *err)
{
	if (s->expects == EXPECT_COLON && *p == ':')
		s->expects = EXPECT_VALUE;
	else if (s->expects == EXPECT_COMMA_OR_END && *p == ',')
		s->expects = in_array(s) ? EXPECT_VALUE : EXPECT_KEY;
	else if (s->expects == EXPECT_COMMA_OR_END && (*p == '}' || *p == ']'))
		return splitter_close(s, p, err);
	else
		return splitter_fail(
			s, s->expects == EXPECT_COLON ? "a ':' expected" : "a ',' expected", err);
	return splitter_keep_byte(s, p, err);
}

/* A byte between tokens, or the first of one. */
static int splitter_step(struct splitter *s, const char *p, struct err *err)
{
	if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		return *p == ' ' || *p == '\t' ? splitter_keep_byte(s, p, err) : 0;
	switch (s->expects) {
	case EXPECT_VALUE_OR_END:
	case EXPECT_KEY_OR_END:
		if (*p == '}' || *p == ']')
			return splitter_close(s, p, err);
		return s->expects == EXPECT_KEY_OR_END ? splitter_begin_key(s, p, err)
						       : splitter_begin_value(s, p, err);
	case EXPECT_VALUE:
		return splitter_begin_value(s, p, err);
	case EXPECT_KEY:
		return splitter_begin_key(s, p, err);
	case EXPECT_NOTHING:
		return splitter_fail(s, "something behind the end", err);
	default:
		return splitter_punctuation(s, p, err);
	}
}

/* ---- strings and words: many bytes at a time ---- */

static int splitter_keep_run(struct splitter *s, const char *p, size_t n, struct err *err)
{
	struct splitter_bytes *b = splitter_kept(s);

	if (s->is_key && s->depth == 1)
		for (size_t i = 0; i < n && p[i] != '"'; i++) {
			if (s->key_n < SPLITTER_KEY_MAX)
				s->key[s->key_n] = p[i];
			s->key_n += s->key_n <= SPLITTER_KEY_MAX;
		}
	return b && splitter_add(b, p, n) < 0 ? err_nomem(err) : 0;
}

/* How many bytes were of the string; it may have ended with the last of them. -1: err. */
static ssize_t splitter_take_string(struct splitter *s, const char *p, size_t n, struct err *err)
{
	bool ended = false;
	size_t i = 0;

	while (i < n && !ended) {
		unsigned char c = (unsigned char)p[i++];

		if (c < 0x20) {
			s->at += i;
			return splitter_fail(s, "a control character in a string", err);
		}
		ended = c == '"' && !s->escape;
		s->escape = c == '\\' && !s->escape;
	}
	if (splitter_keep_run(s, p, i, err) < 0)
		return -1;
	if (!ended)
		return (ssize_t)i;
	if (s->is_key)
		s->expects = EXPECT_COLON;
	else if (splitter_close_value(s, err) < 0)
		return -1;
	return (ssize_t)i;
}

/* The byte behind the word is none of it. */
static ssize_t splitter_take_word(struct splitter *s, const char *p, size_t n, struct err *err)
{
	size_t i = 0;

	while (i < n && p[i] && strchr("+-.0123456789Eaeflnrstu", p[i]))
		i++;
	if (splitter_keep_run(s, p, i, err) < 0 || (i < n && splitter_close_value(s, err) < 0))
		return -1;
	return (ssize_t)i;
}

int splitter_feed(struct splitter *s, const char *bytes, size_t n, struct err *err)
{
	*err = (struct err){ .kind = ERR_NONE };
	while (n) {
		ssize_t took = 1;

		if (s->expects == IN_STRING)
			took = splitter_take_string(s, bytes, n, err);
		else if (s->expects == IN_WORD)
			took = splitter_take_word(s, bytes, n, err);
		else if (splitter_step(s, bytes, err) < 0)
			took = -1;
		if (took < 0)
			return -1;
		bytes += took;
		n -= (size_t)took;
		s->at += (uint64_t)took;
	}
	return 0;
}

int splitter_finish(const struct splitter *s, struct err *err)
{
	if (s->expects != EXPECT_NOTHING)
		return splitter_fail(s, s->at ? "it is cut off" : "it is empty", err);
	if (s->shape != SPLITTER_WHOLE && !s->seen_list)
		return err_set(err, ERR_SYNTAX, "the answer has no %s", splitter_list_key(s));
	return 0;
}
