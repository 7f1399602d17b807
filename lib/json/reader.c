/* SPDX-License-Identifier: Apache-2.0
 * reader.c - the strict reader: bytes to nodes in an arena.
 *
 * Open containers stand on a stack of frames in the arena, so depth costs no C
 * stack. Keys of small objects are compared as they are read; keys.c has the
 * large ones. Of a pair of texts the second is read beside the first (pair.c).
 */
#include "lib/json/reader.h"

#define INPUT_MAX (256u << 20) /* what the lengths of a node can hold, and to spare */

/* Is the key new among the few so far? */
static inline int reader_note_key(struct json_reader *r, struct json_frame *f, const char *at,
				  struct str key)
{
	uint64_t bit = 1;

	if (f->container->len >= JSON_UNSORTED) /* reader_sort will tell */
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

static inline bool at_container(const struct json_reader *r)
{
	return r->p < r->end && (*r->p | 0x20) == '{'; /* or '[', which has not that bit */
}

static inline struct json *reader_new_node(struct json_reader *r)
{
	bool spanned = r->spans && at_container(r);

	if (!r->nodes) {
		err_set(r->err, ERR_LIMIT, "byte %zu: the JSON text holds too many values",
			(size_t)(r->p - r->start));
		return NULL;
	}
	r->nodes--;
	return reader_take(r, spanned ? sizeof(struct json_spanned) : sizeof(struct json));
}

static int reader_push(struct json_reader *r, struct json *container)
{
	struct json_frame *f = r->top->down;

	if (r->depth == r->depth_max)
		return err_set(r->err, ERR_LIMIT, "byte %zu: nested deeper than %u",
			       (size_t)(r->p - r->start), r->depth_max);
	r->depth++;
	if (!f) {
		if (!(f = reader_take(r, sizeof *f)))
			return -1;
		f->up = r->top;
		f->down = NULL;
		r->top->down = f;
	}
	f->container = container;
	f->last = &container->child;
	f->seen = 0;
	f->twin = r->twin && r->twin->type == container->type ? r->twin : NULL;
	f->guess = f->twin ? f->twin->child : NULL;
	r->top = f;
	return 1;
}

/* An empty container is complete at once: 0; else 1, and its first child comes next. */
static int reader_open_container(struct json_reader *r, struct json *j, enum json_type type,
				 char closer)
{
	if (r->twin && pair_take(r, j, r->twin))
		return 0;
	if (r->spans)
		((struct json_spanned *)j)->from = r->p;
	j->type = (unsigned)type & 7;
	j->child = NULL;
	j->len = 0;
	r->p = scan_space(r->p + 1, r->end);
	if (r->p == r->end || *r->p != closer)
		return reader_push(r, j);
	r->p++;
	if (r->spans)
		((struct json_spanned *)j)->to = r->p;
	return 0;
}

/* Is j, whose key has been read, the member that is to stay as it stands? */
static bool is_opaque(const struct json_reader *r, const struct json *j)
{
	return r->depth == 3 && str_eq(json_key(j), r->opaque->member) &&
	       str_eq(json_key(r->top->container), r->opaque->of);
}

static int reader_opaque(struct json_reader *r, struct json *j)
{
	struct str other = json_str(r->twin), rest = { r->p, (size_t)(r->end - r->p) };
	bool same = other.n && str_starts(rest, other);
	const char *end = same ? r->p + other.n : json_skim_end(r->p, r->end);

	if (!end)
		return reader_fail(r, r->end, "");
	j->type = JSON_STRING;
	j->text = r->p;
	j->len = (uint32_t)(end - r->p) & LEN_MASK;
	r->p = end;
	return 0;
}

/* Fill the node: 0: it is complete, 1: its children follow. */
static int reader_value(struct json_reader *r, struct json *j)
{
	struct str text = { NULL, 0 };

	if (r->p == r->end)
		return reader_fail(r, r->p, "");
	if (r->opaque && is_opaque(r, j))
		return reader_opaque(r, j);
	switch (*r->p) {
	case '"':
		if (reader_string(r, &text) < 0)
			return -1;
		j->type = JSON_STRING;
		j->text = text.s;
		j->len = (uint32_t)text.n & LEN_MASK;
		return 0;
	case '{':
		return reader_open_container(r, j, JSON_OBJECT, '}');
	case '[':
		return reader_open_container(r, j, JSON_ARRAY, ']');
	case '-':
		return reader_number(r, j);
	default:
		return (unsigned)(*r->p - '0') < 10 ? reader_number(r, j) : reader_word(r, j);
	}
}

/* A key, its colon, and the space behind it. */
static int reader_key(struct json_reader *r, struct json_frame *f, struct str *key)
{
	const char *at = r->p;

	if (at == r->end || *at != '"')
		return reader_fail(r, at, "a key in double quotes was expected");
	if (reader_string(r, key) < 0 || reader_note_key(r, f, at, *key) < 0)
		return -1;
	r->p = scan_space(r->p, r->end);
	if (r->p == r->end || *r->p != ':')
		return reader_fail(r, r->p, "\":\" was expected behind a key");
	r->p = scan_space(r->p + 1, r->end);
	return 0;
}

/* A node for the next child of the container on top; its key is read. */
static struct json *reader_next_child(struct json_reader *r)
{
	struct json_frame *f = r->top;
	struct str key = { NULL, 0 };
	struct json *j;

	if ((f->container->type == JSON_OBJECT && reader_key(r, f, &key) < 0) ||
	    !(j = reader_new_node(r)))
		return NULL;
	j->next = NULL;
	j->key = key.s;
	j->key_len = (uint32_t)key.n;
	*f->last = j;
	f->last = &j->next;
	f->container->len = (f->container->len + 1) & LEN_MASK;
	r->twin = f->twin && at_container(r) ? pair_find(f, key) : NULL;
	return j;
}

/* Behind a value: 1: another child follows, 0: the whole text is read. */
static int reader_end_value(struct json_reader *r)
{
	for (;;) {
		struct json *c = r->top->container;

		r->p = scan_space(r->p, r->end);
		if (!c)
			return r->p == r->end
				       ? 0
				       : reader_fail(r, r->p, "something stands behind the value");
		if (r->p < r->end && *r->p == ',') {
			r->p = scan_space(r->p + 1, r->end);
			return 1;
		}
		if (r->p == r->end || *r->p != (c->type == JSON_OBJECT ? '}' : ']'))
			return reader_fail(r, r->p,
					   c->type == JSON_OBJECT
						   ? "\",\" or \"}\" was expected in an object"
						   : "\",\" or \"]\" was expected in an array");
		if (c->type == JSON_OBJECT && c->len > JSON_UNSORTED && reader_sort(r, c) < 0)
			return -1;
		r->p++;
		if (r->spans)
			((struct json_spanned *)c)->to = r->p;
		r->depth--;
		r->top = r->top->up;
	}
}

static int reader_all(struct json_reader *r, struct json *root)
{
	for (struct json *j = root; j; j = reader_next_child(r)) {
		int open = reader_value(r, j), more = open ? open : reader_end_value(r);

		if (more <= 0)
			return more;
	}
	return -1; /* reader_next_child said why */
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
	r->top = &r->bottom;
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
	if (!(root = reader_new_node(r)))
		return NULL;
	*root = (struct json){ .next = NULL };
	if (reader_all(r, root) < 0)
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
	struct json *roots[2];
	struct json_reader r;

	reader_init(&r, first, limits, arena, err);
	r.spans = true;
	if (!(roots[0] = reader_parse(&r)))
		return -1;
	reader_init(&r, second, limits, arena, err);
	r.twin = roots[0];
	if (!(roots[1] = reader_parse(&r)))
		return -1;
	out[0] = roots[0];
	out[1] = roots[1];
	return 0;
}
