/*
 * json.c - the strict reader: bytes to nodes in an arena.
 *
 * Open containers stand on a stack of frames in the arena, so depth costs no C
 * stack. Keys of small objects are compared as they are read; an object of more
 * members than JSON_UNSORTED is sorted when it ends, which finds what repeats in
 * n log n steps whatever keys a client chooses, and makes comparing two such
 * objects a walk along both.
 */
#include "oke/json.h"

#include "policy/scan.h"
#include "policy/utf8.h"

#define INPUT_MAX (256u << 20) /* what the lengths of a node can hold, and to spare */

struct frame {
	struct frame *up, *down;
	struct json *container;
	struct json **last; /* where the next child will hang */
	uint64_t seen;      /* a bit for each key so far: "not set" is certain */
};

struct reader {
	const char *start, *p, *end;
	struct arena *arena;
	struct frame bottom, *top; /* the bottom has no container */
	unsigned depth, depth_max; /* of the value that is read now */
	size_t nodes;
	const struct json_opaque *opaque;
	struct err *err;
};

static int fail(struct reader *r, const char *at, const char *problem)
{
	return err_set(r->err, ERR_SYNTAX, "byte %zu: %s", (size_t)(at - r->start),
		       at < r->end ? problem : "the JSON text ends too early");
}

static void *no_room(struct reader *r, size_t size)
{
	if (r->arena->limit - r->arena->total < size + _Alignof(max_align_t))
		err_set(r->err, ERR_LIMIT, "byte %zu: the JSON text needs more than %zu bytes",
			(size_t)(r->p - r->start), r->arena->limit);
	else
		err_nomem(r->err);
	return NULL;
}

static inline void *take(struct reader *r, size_t size)
{
	void *p = arena_alloc(r->arena, size);

	return p ? p : no_room(r, size);
}

/* ---- strings ---- */

static const char bad_control[] = "control character in a string (write it as \\u00XX)";
static const char bad_escape[] = "invalid escape or lone surrogate in a string";
static const char bad_utf8[] = "invalid UTF-8";

/* Where the run of plain text that begins at p ends: at what scan_text marks, or at `end`. */
static inline const char *plain_end(const char *p, const char *end)
{
	for (; end - p >= SCAN_WIDTH; p += SCAN_WIDTH) {
		uint64_t marks = scan_text(p);

		if (marks)
			return p + scan_first(marks);
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
	       (unsigned char)*p < 0x80)
		p++;
	return p;
}

/* Skip plain text and well-formed UTF-8; NULL: an error, which is reported. */
static inline const char *text_end(struct reader *r, const char *p)
{
	uint32_t cp;
	size_t len;

	for (;;) {
		p = plain_end(p, r->end);
		if (p < r->end && *p == '"')
			return p;
		if (p == r->end || (unsigned char)*p < 0x20)
			return fail(r, p, bad_control), NULL;
		if ((unsigned char)*p < 0x80)
			return p;
		if (!(len = utf8_decode(p, (size_t)(r->end - p), &cp)))
			return fail(r, p, bad_utf8), NULL;
		p += len;
	}
}

/* The closing quote of the string whose text begins at p, or the end of the input. */
static const char *quote_end(const char *p, const char *end)
{
	for (;;) {
		p = scan_to_quote(p, end);
		if (p == end || *p == '"')
			return p;
		p += end - p > 1 ? 2 : 1;
	}
}

/* Copy the plain text at *from, as plain_end finds it. May write SCAN_WIDTH bytes beyond. */
static inline void copy_plain(const char **from, const char *end, char **to)
{
	const char *p = *from;
	char *q = *to;

	for (; end - p >= SCAN_WIDTH; p += SCAN_WIDTH, q += SCAN_WIDTH) {
		uint64_t marks = scan_text(p);

		memcpy(q, p, SCAN_WIDTH);
		if (marks) {
			*from = p + scan_first(marks);
			*to = q + scan_first(marks);
			return;
		}
	}
	*from = plain_end(p, end);
	memcpy(q, p, (size_t)(*from - p));
	*to = q + (*from - p);
}

/*
 * A string from `text` on, with an escape at `p`: into the arena. Nothing grows when it is
 * unescaped, so what is written never overtakes what is read.
 */
static int read_escaped(struct reader *r, const char *text, const char *p, struct str *out)
{
	size_t len = (size_t)(p - text);
	char *to = take(r, (size_t)(quote_end(p, r->end) - text) + SCAN_WIDTH), *begin = to;
	uint32_t cp = 0;

	if (!to)
		return -1;
	memcpy(to, text, len);
	to += len;
	for (;;) {
		copy_plain(&p, r->end, &to);
		if (p == r->end || (unsigned char)*p < 0x20)
			return fail(r, p, bad_control);
		if (*p == '"')
			break;
		if (*p != '\\')
			len = utf8_decode(p, (size_t)(r->end - p), &cp);
		else if (r->end - p > 1 && (p[1] == '"' || p[1] == '\\'))
			cp = (unsigned char)p[1], len = 2; /* JSON in JSON is full of them */
		else
			len = scan_escape(p, r->end, &cp);
		if (!len)
			return fail(r, p, *p == '\\' ? bad_escape : bad_utf8);
		to += utf8_encode(cp, to);
		p += len;
	}
	*out = (struct str){ begin, (size_t)(to - begin) };
	r->p = p + 1;
	return 0;
}

/* r->p stands at the opening quote. */
static inline int read_string(struct reader *r, struct str *out)
{
	const char *text = r->p + 1, *p = text_end(r, text);

	if (!p)
		return -1;
	if (*p == '\\')
		return read_escaped(r, text, p, out);
	*out = (struct str){ text, (size_t)(p - text) };
	r->p = p + 1;
	return 0;
}

/* ---- numbers and words ---- */

static const char *digits(const char *p, const char *end)
{
	while (p < end && (unsigned)(*p - '0') < 10)
		p++;
	return p;
}

/* The end of the number at p, or NULL with *bad where it goes wrong. */
static const char *number_end(const char *p, const char *end, const char **bad)
{
	const char *from;

	p += *p == '-';
	from = p;
	p = p < end && *p == '0' ? p + 1 : digits(p, end);
	if (p > from && p < end && *p == '.') {
		from = ++p;
		p = digits(p, end);
	}
	if (p > from && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		from = p;
		p = digits(p, end);
	}
	*bad = p;
	return p > from ? p : NULL;
}

static int read_number(struct reader *r, struct json *j)
{
	const char *bad, *p = number_end(r->p, r->end, &bad);

	if (!p)
		return fail(r, bad, "a digit is missing in a number");
	j->type = JSON_NUMBER;
	j->text = r->p;
	j->len = (uint32_t)(p - r->p) & 0x1fffffff;
	r->p = p;
	return 0;
}

static int read_word(struct reader *r, struct json *j)
{
	static const struct {
		struct str word;
		enum json_type type;
	} words[] = { { { "null", 4 }, JSON_NULL },
		      { { "false", 5 }, JSON_FALSE },
		      { { "true", 4 }, JSON_TRUE } };
	struct str rest = { r->p, (size_t)(r->end - r->p) };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (str_starts(rest, words[i].word)) {
			j->type = (unsigned)words[i].type & 7;
			j->text = NULL;
			j->len = 0;
			r->p += words[i].word.n;
			return 0;
		}
	}
	return fail(r, r->p, "a value was expected");
}

/* ---- objects ---- */

static int repeated(struct reader *r, const char *at, struct str key)
{
	char shown[64];
	size_t n = 0;

	for (; n < key.n && n < sizeof shown - 1; n++)
		shown[n] = key.s[n] < 0x20 || key.s[n] > 0x7e ? '?' : key.s[n];
	shown[n] = '\0';
	return err_set(r->err, ERR_SYNTAX, "byte %zu: duplicate key \"%s\"%s",
		       (size_t)(at - r->start), shown, n < key.n ? "..." : "");
}

/* Hang the lists together in order of keys; *twin is set when two are equal. */
static struct json *merge(struct json *a, struct json *b, struct json **twin)
{
	struct json *first, **last = &first;

	while (a && b) {
		int order = str_cmp(json_key(a), json_key(b));
		struct json **lower = order <= 0 ? &a : &b;

		if (!order)
			*twin = b;
		*last = *lower;
		last = &(*lower)->next;
		*lower = *last;
	}
	*last = a ? a : b;
	return first;
}

/* A merge sort: run i has 2^i members or none, as the bits of a counter. */
static struct json *sort(struct json *list, struct json **twin)
{
	struct json *runs[32] = { NULL }, *next;

	for (; list; list = next) {
		struct json **run = runs;

		next = list->next;
		list->next = NULL;
		for (; *run; *run++ = NULL)
			list = merge(*run, list, twin);
		*run = list;
	}
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		list = merge(runs[i], list, twin);
	return list;
}

/* What a map in Go wrote is sorted already. */
static bool is_sorted(const struct json *list)
{
	for (; list->next; list = list->next) {
		if (str_cmp(json_key(list), json_key(list->next)) >= 0)
			return false;
	}
	return true;
}

static int sort_object(struct reader *r, struct json *object)
{
	struct json *twin = NULL;

	if (is_sorted(object->child))
		return 0;
	object->child = sort(object->child, &twin);
	if (!twin)
		return 0;
	/* A key with an escape is not in the input; then the object's end has to do. */
	bool inside = (uintptr_t)twin->key - (uintptr_t)r->start < (uintptr_t)(r->end - r->start);

	return repeated(r, inside ? twin->key - 1 : r->p, json_key(twin));
}

/* Is the key new among the few so far? */
static inline int check_key(struct reader *r, struct frame *f, const char *at, struct str key)
{
	uint64_t bit = 1;

	if (f->container->len >= JSON_UNSORTED) /* sort_object will tell */
		return 0;
	if (key.n) /* any function will do: it decides how often members are walked, not the result
		    */
		bit <<= ((unsigned char)key.s[0] * 5u + (unsigned char)key.s[key.n - 1] + key.n) %
			64;
	if (f->seen & bit && json_get(f->container, key))
		return repeated(r, at, key);
	f->seen |= bit;
	return 0;
}

/* ---- the walk ---- */

static inline struct json *new_node(struct reader *r)
{
	if (!r->nodes) {
		err_set(r->err, ERR_LIMIT, "byte %zu: the JSON text holds too many values",
			(size_t)(r->p - r->start));
		return NULL;
	}
	r->nodes--;
	return take(r, sizeof(struct json));
}

static int push(struct reader *r, struct json *container)
{
	struct frame *f = r->top->down;

	if (r->depth == r->depth_max)
		return err_set(r->err, ERR_LIMIT, "byte %zu: nested deeper than %u",
			       (size_t)(r->p - r->start), r->depth_max);
	r->depth++;
	if (!f) {
		if (!(f = take(r, sizeof *f)))
			return -1;
		f->up = r->top;
		f->down = NULL;
		r->top->down = f;
	}
	f->container = container;
	f->last = &container->child;
	f->seen = 0;
	r->top = f;
	return 1;
}

/* An empty container is complete at once: 0; else 1, and its first child comes next. */
static int open_container(struct reader *r, struct json *j, enum json_type type, char closer)
{
	j->type = (unsigned)type & 7;
	j->child = NULL;
	j->len = 0;
	r->p = scan_space(r->p + 1, r->end);
	if (r->p == r->end || *r->p != closer)
		return push(r, j);
	r->p++;
	return 0;
}

/* Is j, whose key has been read, the member that is to stay as it stands? */
static bool is_opaque(const struct reader *r, const struct json *j)
{
	return r->depth == 3 && str_eq(json_key(j), r->opaque->member) &&
	       str_eq(json_key(r->top->container), r->opaque->of);
}

static int read_opaque(struct reader *r, struct json *j)
{
	const char *end = json_skim_end(r->p, r->end);

	if (!end)
		return fail(r, r->end, "");
	j->type = JSON_STRING;
	j->text = r->p;
	j->len = (uint32_t)(end - r->p) & 0x1fffffff;
	r->p = end;
	return 0;
}

/* Fill the node: 0: it is complete, 1: its children follow. */
static int read_value(struct reader *r, struct json *j)
{
	struct str text = { NULL, 0 };

	if (r->p == r->end)
		return fail(r, r->p, "");
	if (r->opaque && is_opaque(r, j))
		return read_opaque(r, j);
	switch (*r->p) {
	case '"':
		if (read_string(r, &text) < 0)
			return -1;
		j->type = JSON_STRING;
		j->text = text.s;
		j->len = (uint32_t)text.n & 0x1fffffff;
		return 0;
	case '{':
		return open_container(r, j, JSON_OBJECT, '}');
	case '[':
		return open_container(r, j, JSON_ARRAY, ']');
	case '-':
		return read_number(r, j);
	default:
		return (unsigned)(*r->p - '0') < 10 ? read_number(r, j) : read_word(r, j);
	}
}

/* A key, its colon, and the space behind it. */
static int read_key(struct reader *r, struct frame *f, struct str *key)
{
	const char *at = r->p;

	if (at == r->end || *at != '"')
		return fail(r, at, "a key in double quotes was expected");
	if (read_string(r, key) < 0 || check_key(r, f, at, *key) < 0)
		return -1;
	r->p = scan_space(r->p, r->end);
	if (r->p == r->end || *r->p != ':')
		return fail(r, r->p, "\":\" was expected behind a key");
	r->p = scan_space(r->p + 1, r->end);
	return 0;
}

/* A node for the next child of the container on top; its key is read. */
static struct json *next_child(struct reader *r)
{
	struct frame *f = r->top;
	struct str key = { NULL, 0 };
	struct json *j;

	if ((f->container->type == JSON_OBJECT && read_key(r, f, &key) < 0) || !(j = new_node(r)))
		return NULL;
	j->next = NULL;
	j->key = key.s;
	j->key_len = (uint32_t)key.n;
	*f->last = j;
	f->last = &j->next;
	f->container->len = (f->container->len + 1) & 0x1fffffff;
	return j;
}

/* Behind a value: 1: another child follows, 0: the whole text is read. */
static int end_value(struct reader *r)
{
	for (;;) {
		struct json *c = r->top->container;

		r->p = scan_space(r->p, r->end);
		if (!c)
			return r->p == r->end ? 0
					      : fail(r, r->p, "something stands behind the value");
		if (r->p < r->end && *r->p == ',') {
			r->p = scan_space(r->p + 1, r->end);
			return 1;
		}
		if (r->p == r->end || *r->p != (c->type == JSON_OBJECT ? '}' : ']'))
			return fail(r, r->p,
				    c->type == JSON_OBJECT
					    ? "\",\" or \"}\" was expected in an object"
					    : "\",\" or \"]\" was expected in an array");
		if (c->type == JSON_OBJECT && c->len > JSON_UNSORTED && sort_object(r, c) < 0)
			return -1;
		r->p++;
		r->depth--;
		r->top = r->top->up;
	}
}

static int read_all(struct reader *r, struct json *root)
{
	for (struct json *j = root; j; j = next_child(r)) {
		int open = read_value(r, j), more = open ? open : end_value(r);

		if (more <= 0)
			return more;
	}
	return -1; /* next_child said why */
}

struct json *json_parse(struct str input, const struct json_limits *limits, struct arena *arena,
			struct err *err)
{
	unsigned depth = limits && limits->depth ? limits->depth : JSON_DEPTH_DEFAULT;
	const char *start = input.s ? input.s : "";
	struct reader r = {
		.start = start,
		.end = start + input.n,
		.arena = arena,
		.depth = 1,
		.depth_max = depth < JSON_DEPTH_MAX ? depth : JSON_DEPTH_MAX,
		.nodes = limits && limits->nodes ? limits->nodes : SIZE_MAX,
		.opaque = limits ? limits->opaque : NULL,
		.err = err,
	};
	struct json *root;

	if (input.n > INPUT_MAX) {
		err_set(err, ERR_LIMIT, "JSON text over %u bytes", INPUT_MAX);
		return NULL;
	}
	r.top = &r.bottom;
	r.p = scan_space(r.start, r.end);
	if (!(root = new_node(&r)))
		return NULL;
	*root = (struct json){ .next = NULL };
	return read_all(&r, root) < 0 ? NULL : root;
}
