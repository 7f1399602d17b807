/* SPDX-License-Identifier: Apache-2.0
 * reader.c - the strict reader: bytes to nodes in an arena.
 *
 * Open containers stand on a stack of frames in the arena, so depth costs no C
 * stack. Keys of small objects are compared as they are read; keys.c has the
 * large ones. Of a pair of texts the second is read beside the first (pair.c).
 */
#include "lib/json/reader.h"

#include "lib/base/attributes.h"

#define INPUT_MAX (256u << 20) /* what the lengths of a node can hold, and to spare */

/*
 * Where it reads, in variables of its own: what is in *r might be written with each node. What
 * stands out of line reads from r->p on, and leaves there what is behind.
 */
struct reader_spot {
	const char *p, *end;
	struct json_frame *top;
	bool wide; /* the processor can do scan_text_wide */
};

/* Is the key new among the few so far? */
static INLINE int reader_note_key(struct json_reader *r, struct json_frame *f, const char *at,
				  struct str key)
{
	uint64_t bit = 1;

	if (f->len >= JSON_UNSORTED) /* reader_sort will tell */
		return 0;
	/* Any function will do: it decides how often members are walked, not the result. */
	if (key.n)
		bit <<= ((unsigned char)key.s[0] * 5u + (unsigned char)key.s[key.n - 1] + key.n) %
			64;
	if (f->seen & bit && json_get(f->container, key))
		return reader_repeated(r, at, key);
	f->seen |= bit;
	return 0;
}

static INLINE bool is_bracket(char c)
{
	return (c | 0x20) == '{'; /* or '[', which has not that bit */
}

static INLINE struct json *reader_new_node(struct json_reader *r, const struct reader_spot *at)
{
	bool spanned = r->spans && at->p < at->end && is_bracket(*at->p);

	if (r->nodes-- == 0) {
		err_set(r->err, ERR_LIMIT, "byte %zu: the JSON text holds too many values",
			(size_t)(at->p - r->start));
		return NULL;
	}
	r->p = at->p; /* in case there is no room */
	return spanned ? reader_take(r, sizeof(struct json_spanned))
		       : reader_take(r, sizeof(struct json));
}

/* A container goes one level deeper: a frame for it. */
static struct json_frame *reader_below(struct json_reader *r, struct json_frame *top)
{
	struct json_frame *f = reader_take(r, sizeof *f);

	if (!f)
		return NULL;
	f->up = top;
	f->down = NULL;
	top->down = f;
	return f;
}

static INLINE int reader_push(struct json_reader *r, struct reader_spot *at, struct json *container,
			      const struct json *twin)
{
	struct json_frame *f = at->top->down;

	r->p = at->p; /* in case there is no room */
	if (r->depth == r->depth_max)
		return err_set(r->err, ERR_LIMIT, "byte %zu: nested deeper than %u",
			       (size_t)(at->p - r->start), r->depth_max);
	r->depth++;
	if (!f && !(f = reader_below(r, at->top)))
		return -1;
	f->container = container;
	f->last = &container->child;
	f->seen = 0;
	f->len = 0;
	f->twin = twin && twin->type == container->type ? twin : NULL;
	f->guess = f->twin ? f->twin->child : NULL;
	at->top = f;
	return 1;
}

/* An empty container is complete at once: 0; else 1, and its first child comes next. */
static INLINE int reader_open_container(struct json_reader *r, struct reader_spot *at,
					struct json *j)
{
	const char *from = at->p;
	char closer = *from == '{' ? '}' : ']';
	const struct json *twin = NULL;

	if (at->top->twin && (twin = pair_find(at->top, json_key(j)))) {
		r->p = from;
		if (pair_take(r, at->top, j, twin)) {
			at->p = r->p;
			return 0;
		}
	}
	if (r->spans)
		((struct json_spanned *)j)->from = from;
	j->child = NULL;
	j->len = 0;
	j->type = closer == '}' ? JSON_OBJECT : JSON_ARRAY;
	at->p = scan_space(from + 1, at->end);
	if (at->p == at->end || *at->p != closer)
		return reader_push(r, at, j, twin);
	at->p++;
	if (r->spans)
		((struct json_spanned *)j)->to = at->p;
	return 0;
}

/* Is j, whose key has been read, the member that is to stay as it stands? */
static bool is_opaque(const struct json_reader *r, const struct json_frame *top,
		      const struct json *j)
{
	return str_eq(json_key(j), r->opaque->member) &&
	       str_eq(json_key(top->container), r->opaque->of);
}

/* Behind the value at p, a child of f, which stays as it stands; NULL: it does not end. */
static const char *reader_opaque(struct json_reader *r, struct json_frame *f, const char *p,
				 struct json *j)
{
	const struct json *twin = f->twin && is_bracket(*p) ? pair_find(f, json_key(j)) : NULL;
	struct str other = json_str(twin), rest = { p, (size_t)(r->end - p) };
	bool same = other.n && str_starts(rest, other);
	const char *end = same ? p + other.n : json_skim_end(p, r->end);

	if (!end)
		return reader_fail(r, r->end, ""), NULL;
	j->type = JSON_STRING;
	j->text = p;
	j->len = (uint32_t)(end - p) & LEN_MASK;
	return end;
}

/* What stands out of line reads from r->p on. */
static INLINE int reader_bare(struct json_reader *r, struct reader_spot *at, struct json *j)
{
	bool number = *at->p == '-' || (unsigned)(*at->p - '0') < 10;
	int result;

	r->p = at->p;
	result = number ? reader_number(r, j) : reader_word(r, j);
	at->p = r->p;
	return result;
}

/* The closing quote of the string whose text begins at p; NULL: it is not plain, or at the end. */
static INLINE const char *reader_plain_end(const struct reader_spot *at, const char *p)
{
	for (; at->end - p >= SCAN_WIDTH; p += SCAN_WIDTH) {
		uint64_t marks = at->wide ? scan_text_wide(p) : scan_text(p);

		if (marks) {
			p += scan_first(marks);
			return *p == '"' ? p : NULL;
		}
	}
	return NULL;
}

/* The string whose opening quote is next. */
static INLINE int reader_string(struct json_reader *r, struct reader_spot *at, struct str *out)
{
	const char *text = at->p + 1, *end = reader_plain_end(at, text);

	if (!end) {
		struct str any;
		int result;

		r->p = at->p;
		result = reader_any_string(r, &any);
		at->p = r->p;
		*out = any;
		return result;
	}
	*out = (struct str){ text, (size_t)(end - text) };
	at->p = end + 1;
	return 0;
}

static INLINE int reader_text(struct json_reader *r, struct reader_spot *at, struct json *j)
{
	struct str text;

	if (reader_string(r, at, &text) < 0)
		return -1;
	j->text = text.s;
	j->len = (uint32_t)text.n & LEN_MASK;
	j->type = JSON_STRING;
	return 0;
}

/* Fill the node: 0: it is complete, 1: its children follow. */
static INLINE int reader_value(struct json_reader *r, struct reader_spot *at, struct json *j)
{
	if (at->p == at->end)
		return reader_fail(r, at->p, "");
	if (r->depth == r->opaque_depth && is_opaque(r, at->top, j))
		return (at->p = reader_opaque(r, at->top, at->p, j)) ? 0 : -1;
	if (*at->p == '"')
		return reader_text(r, at, j);
	if (is_bracket(*at->p))
		return reader_open_container(r, at, j);
	return reader_bare(r, at, j);
}

/* Is c the next byte, and no white space behind it? */
static INLINE bool reader_is_next(const struct reader_spot *at, char c)
{
	return at->end - at->p > 1 && *at->p == c && (unsigned char)at->p[1] > ' ';
}

/* A key, its colon, and the space behind it. */
static INLINE int reader_key(struct json_reader *r, struct reader_spot *at, struct str *key)
{
	const char *begin = at->p;

	if (begin == at->end || *begin != '"')
		return reader_fail(r, begin, "a key in double quotes was expected");
	if (reader_string(r, at, key) < 0 || reader_note_key(r, at->top, begin, *key) < 0)
		return -1;
	if (reader_is_next(at, ':')) {
		at->p++;
		return 0;
	}
	at->p = scan_space(at->p, at->end);
	if (at->p == at->end || *at->p != ':')
		return reader_fail(r, at->p, "\":\" was expected behind a key");
	at->p = scan_space(at->p + 1, at->end);
	return 0;
}

/* A node for the next child of the container on top; its key is read. */
static INLINE struct json *reader_next_child(struct json_reader *r, struct reader_spot *at)
{
	struct json_frame *f = at->top;
	struct json *j;
	struct str key = { NULL, 0 };

	if ((f->container->type == JSON_OBJECT && reader_key(r, at, &key) < 0) ||
	    !(j = reader_new_node(r, at)))
		return NULL;
	j->next = NULL;
	j->key = key.s;
	j->key_len = (uint32_t)key.n;
	*f->last = j;
	f->last = &j->next;
	f->len++;
	return j;
}

/* Behind a value: 1: another child follows, 0: the whole text is read. */
static INLINE int reader_end_value(struct json_reader *r, struct reader_spot *at)
{
	for (;;) {
		struct json *c = at->top->container;
		bool object;

		if (reader_is_next(at, ',') && c) {
			at->p++;
			return 1;
		}
		at->p = scan_space(at->p, at->end);
		if (!c)
			return at->p == at->end
				       ? 0
				       : reader_fail(r, at->p, "something stands behind the value");
		if (at->p < at->end && *at->p == ',') {
			at->p = scan_space(at->p + 1, at->end);
			return 1;
		}
		object = c->type == JSON_OBJECT;
		if (at->p == at->end || *at->p != (object ? '}' : ']'))
			return reader_fail(r, at->p,
					   object ? "\",\" or \"}\" was expected in an object"
						  : "\",\" or \"]\" was expected in an array");
		c->len = at->top->len & LEN_MASK;
		r->p = at->p++; /* for reader_sort */
		if (object && at->top->len > JSON_UNSORTED && reader_sort(r, c) < 0)
			return -1;
		if (r->spans)
			((struct json_spanned *)c)->to = at->p;
		r->depth--;
		at->top = at->top->up;
	}
}

static INLINE int reader_all_by(struct json_reader *r, struct json *root, bool wide)
{
	struct reader_spot at = { r->p, r->end, &r->bottom, wide };

	for (struct json *j = root; j; j = reader_next_child(r, &at)) {
		int open = reader_value(r, &at, j), more = open ? open : reader_end_value(r, &at);

		if (more <= 0)
			return more;
	}
	return -1; /* reader_next_child said why */
}

SCAN_WIDE static int reader_all_wide(struct json_reader *r, struct json *root)
{
	return reader_all_by(r, root, true);
}

static int reader_all_narrow(struct json_reader *r, struct json *root)
{
	return reader_all_by(r, root, false);
}

static void reader_init(struct json_reader *r, struct str input, const struct json_limits *limits,
			struct arena *arena, struct err *err)
{
	unsigned depth = limits && limits->depth ? limits->depth : JSON_DEPTH_DEFAULT;
	const char *start = input.s ? input.s : "";

	*r = (struct json_reader){
		.start = start,
		.p = start,
		.end = start + input.n,
		.arena = arena,
		.depth = 1,
		.depth_max = depth < JSON_DEPTH_MAX ? depth : JSON_DEPTH_MAX,
		.nodes = limits && limits->nodes ? limits->nodes : SIZE_MAX,
		.opaque = limits ? limits->opaque : NULL,
		.err = err,
	};
	r->opaque_depth = r->opaque ? 3 : 0; /* the root is 1, its members are 2 */
}

static struct json *reader_parse(struct json_reader *r)
{
	size_t nodes = r->nodes;
	struct json *root;

	if (r->end - r->start > (ptrdiff_t)INPUT_MAX) {
		err_set(r->err, ERR_LIMIT, "JSON text over %u bytes", INPUT_MAX);
		return NULL;
	}
	r->p = scan_space(r->start, r->end);
	if (!(root = reader_new_node(r, &(struct reader_spot){ .p = r->p, .end = r->end })))
		return NULL;
	*root = (struct json){ .next = NULL };
	if ((scan_has_wide() ? reader_all_wide : reader_all_narrow)(r, root) < 0)
		return NULL;
	arena_step(r->arena, arena_bytes((size_t)(r->end - r->start)) + (nodes - r->nodes));
	return root;
}

struct json *json_parse(struct str input, const struct json_limits *limits, struct arena *arena,
			struct err *err)
{
	struct json_reader r;

	reader_init(&r, input, limits, arena, err);
	return reader_parse(&r);
}

int json_parse_pair(struct str first, struct str second, const struct json_limits *limits,
		    struct arena *arena, struct json *out[2], struct err *err)
{
	struct json *roots[2], beside; /* an array of the first */
	struct json_reader r;

	reader_init(&r, first, limits, arena, err);
	r.spans = true;
	if (!(roots[0] = reader_parse(&r)))
		return -1;
	reader_init(&r, second, limits, arena, err);
	beside = (struct json){ .child = roots[0], .len = 1, .type = JSON_ARRAY };
	r.bottom.twin = &beside;
	r.bottom.guess = roots[0];
	if (!(roots[1] = reader_parse(&r)))
		return -1;
	out[0] = roots[0];
	out[1] = roots[1];
	return 0;
}
