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

static inline bool is_container(const struct json_reader *r, const char *p)
{
	return p < r->end && (*p | 0x20) == '{'; /* or '[', which has not that bit */
}

static inline struct json *reader_new_node(struct json_reader *r, const char *p)
{
	bool spanned = r->spans && is_container(r, p);

	r->p = p;
	if (!r->nodes) {
		err_set(r->err, ERR_LIMIT, "byte %zu: the JSON text holds too many values",
			(size_t)(p - r->start));
		return NULL;
	}
	r->nodes--;
	return reader_take(r, spanned ? sizeof(struct json_spanned) : sizeof(struct json));
}

/* A container goes one level deeper: a frame for it. */
static struct json_frame *reader_below(struct json_reader *r)
{
	struct json_frame *f = r->top->down;

	if (f || !(f = reader_take(r, sizeof *f)))
		return f;
	f->up = r->top;
	f->down = NULL;
	r->top->down = f;
	return f;
}

static inline __attribute__((always_inline)) int reader_push(struct json_reader *r,
							     struct json *container, const char *p)
{
	struct json_frame *f;

	r->p = p;
	if (r->depth == r->depth_max)
		return err_set(r->err, ERR_LIMIT, "byte %zu: nested deeper than %u",
			       (size_t)(p - r->start), r->depth_max);
	r->depth++;
	if (!(f = r->top->down) && !(f = reader_below(r)))
		return -1;
	f->container = container;
	f->last = &container->child;
	f->seen = 0;
	f->len = 0;
	f->twin = r->twin && r->twin->type == container->type ? r->twin : NULL;
	f->guess = f->twin ? f->twin->child : NULL;
	r->top = f;
	return 1;
}

/* An empty container is complete at once: 0; else 1, and its first child comes next. */
static inline __attribute__((always_inline)) int
reader_open_container(struct json_reader *r, const char **at, struct json *j)
{
	const char *p = *at;
	char closer = *p == '{' ? '}' : ']';

	if (r->twin) {
		r->p = p;
		if (pair_take(r, j, r->twin)) {
			*at = r->p;
			return 0;
		}
	}
	if (r->spans)
		((struct json_spanned *)j)->from = p;
	j->child = NULL;
	j->len = 0;
	j->type = closer == '}' ? JSON_OBJECT : JSON_ARRAY;
	*at = p = scan_space(p + 1, r->end);
	if (p == r->end || *p != closer)
		return reader_push(r, j, p);
	*at = ++p;
	if (r->spans)
		((struct json_spanned *)j)->to = p;
	return 0;
}

/* Is j, whose key has been read, the member that is to stay as it stands? */
static bool is_opaque(const struct json_reader *r, const struct json *j)
{
	return str_eq(json_key(j), r->opaque->member) &&
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

static inline __attribute__((always_inline)) int reader_text(struct json_reader *r, const char **at,
							     struct json *j)
{
	struct str text;

	if (reader_string(r, at, &text) < 0)
		return -1;
	j->text = text.s;
	j->len = (uint32_t)text.n & LEN_MASK;
	j->type = JSON_STRING;
	return 0;
}

static int reader_bare(struct json_reader *r, struct json *j)
{
	bool number = *r->p == '-' || (unsigned)(*r->p - '0') < 10;

	return number ? reader_number(r, j) : reader_word(r, j);
}

/* What another function reads, from r->p on. */
static inline int reader_aside(struct json_reader *r, const char **at, struct json *j,
			       int (*read)(struct json_reader *r, struct json *j))
{
	int result;

	r->p = *at;
	result = read(r, j);
	*at = r->p;
	return result;
}

/* Fill the node: 0: it is complete, 1: its children follow. */
static inline __attribute__((always_inline)) int reader_value(struct json_reader *r,
							      const char **at, struct json *j)
{
	const char *p = *at;

	if (p == r->end)
		return reader_fail(r, p, "");
	if (r->opaque && r->depth == 3 && is_opaque(r, j))
		return reader_aside(r, at, j, reader_opaque);
	if (*p == '"')
		return reader_text(r, at, j);
	if ((*p | 0x20) == '{')
		return reader_open_container(r, at, j);
	return reader_aside(r, at, j, reader_bare);
}

/* Is c the next byte, and no white space behind it? */
static inline bool reader_is_next(const struct json_reader *r, const char *p, char c)
{
	return r->end - p > 1 && *p == c && (unsigned char)p[1] > ' ';
}

/* A key, its colon, and the space behind it. */
static inline __attribute__((always_inline)) int reader_key(struct json_reader *r, const char **at,
							    struct json_frame *f, struct str *key)
{
	const char *p = *at, *begin = p;

	if (p == r->end || *p != '"')
		return reader_fail(r, p, "a key in double quotes was expected");
	if (reader_string(r, &p, key) < 0 || reader_note_key(r, f, begin, *key) < 0)
		return -1;
	if (reader_is_next(r, p, ':')) {
		*at = p + 1;
		return 0;
	}
	p = scan_space(p, r->end);
	if (p == r->end || *p != ':')
		return reader_fail(r, p, "\":\" was expected behind a key");
	*at = scan_space(p + 1, r->end);
	return 0;
}

/* A node for the next child of the container on top; its key is read. */
static inline __attribute__((always_inline)) struct json *reader_next_child(struct json_reader *r,
									    const char **at)
{
	struct json_frame *f = r->top;
	struct json *j;
	struct str key = { NULL, 0 };

	if ((f->container->type == JSON_OBJECT && reader_key(r, at, f, &key) < 0) ||
	    !(j = reader_new_node(r, *at)))
		return NULL;
	j->next = NULL;
	j->key = key.s;
	j->key_len = (uint32_t)key.n;
	*f->last = j;
	f->last = &j->next;
	f->len++;
	r->twin = f->twin && is_container(r, *at) ? pair_find(f, key) : NULL;
	return j;
}

/* Behind a value: 1: another child follows, 0: the whole text is read. */
static inline __attribute__((always_inline)) int reader_end_value(struct json_reader *r,
								  const char **at)
{
	const char *p = *at;

	for (;;) {
		struct json_frame *f = r->top;
		struct json *c = f->container;

		if (c && reader_is_next(r, p, ',')) {
			*at = p + 1;
			return 1;
		}
		p = scan_space(p, r->end);
		if (!c)
			return p == r->end ? 0
					   : reader_fail(r, p, "something stands behind the value");
		if (p < r->end && *p == ',') {
			*at = scan_space(p + 1, r->end);
			return 1;
		}
		if (p == r->end || *p != (c->type == JSON_OBJECT ? '}' : ']'))
			return reader_fail(r, p,
					   c->type == JSON_OBJECT
						   ? "\",\" or \"}\" was expected in an object"
						   : "\",\" or \"]\" was expected in an array");
		c->len = f->len & LEN_MASK;
		r->p = p;
		if (c->type == JSON_OBJECT && f->len > JSON_UNSORTED && reader_sort(r, c) < 0)
			return -1;
		p++;
		if (r->spans)
			((struct json_spanned *)c)->to = p;
		r->depth--;
		r->top = f->up;
	}
}

/* Where it reads stands in a variable of its own, since what is in *r is written at each step. */
static int reader_all(struct json_reader *r, struct json *root)
{
	const char *p = r->p;

	for (struct json *j = root; j; j = reader_next_child(r, &p)) {
		int open = reader_value(r, &p, j), more = open ? open : reader_end_value(r, &p);

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
	if (!(root = reader_new_node(r, r->p)))
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
