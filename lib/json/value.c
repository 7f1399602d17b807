/*
 * value.c - look into a value that was read, compare two, write one down.
 *
 * Values may be as deep as JSON_DEPTH_MAX: the walks keep their own stacks. No
 * walk visits a value twice, so none is worse than linear, whatever the input.
 */
#include "lib/json/json.h"

#include <assert.h>

#include "lib/json/scan.h"
#include "lib/base/attributes.h"

const struct json *json_get(const struct json *o, struct str key)
{
	if (!o || o->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = o->child; m; m = m->next) {
		if (m->key_len == key.n && (!key.n || !memcmp(m->key, key.s, key.n)))
			return m;
	}
	return NULL;
}

/* ---- equality ---- */

/* Two open containers of the same type and size, and the children that come next. */
struct value_pair {
	const struct json *a, *b; /* b is only a guess: where the members stand in the same order */
	const struct json *other; /* the container of b */
};

/* Same type, text or size; the children are not looked at. */
static bool same_head(const struct json *a, const struct json *b)
{
	if (a->type != b->type || a->len != b->len)
		return false;
	return a->type < JSON_NUMBER || a->type > JSON_STRING || !a->len ||
	       !memcmp(a->text, b->text, a->len);
}

/* The member of p->other that has the key of m. Large objects are sorted: a wrong guess is final.
 */
static const struct json *value_counterpart(const struct value_pair *p, const struct json *m)
{
	if (p->other->type != JSON_OBJECT || (p->b && str_eq(json_key(m), json_key(p->b))))
		return p->b;
	return p->other->len > JSON_UNSORTED ? NULL : json_get(p->other, json_key(m));
}

static bool is_open(const struct json *j)
{
	return j->type >= JSON_ARRAY && j->len;
}

bool json_equal(const struct json *a, const struct json *b)
{
	UNZEROED struct value_pair stack[JSON_DEPTH_MAX];
	size_t n = 0;

	if (!a || !b)
		return a == b;
	if (!same_head(a, b))
		return false;
	if (is_open(a) && !json_shared(a, b))
		stack[n++] = (struct value_pair){ a->child, b->child, b };
	while (n) {
		struct value_pair *p = &stack[n - 1];

		if (!(a = p->a)) {
			n--;
			continue;
		}
		if (!(b = value_counterpart(p, a)) || !same_head(a, b))
			return false;
		p->a = a->next;
		p->b = b->next;
		if (is_open(a) && !json_shared(a, b)) {
			assert(n < JSON_DEPTH_MAX);
			stack[n++] = (struct value_pair){ a->child, b->child, b };
		}
	}
	return true;
}

/* ---- printing ---- */

/* As much of whole UTF-8 as there is room for. */
static void print_put(struct text *out, struct str s)
{
	size_t room = out->limit - out->n;

	if (out->full)
		return;
	if (s.n <= room) {
		text_str(out, s);
		return;
	}
	while (room && ((unsigned char)s.s[room] & 0xc0) == 0x80)
		room--;
	text_add(out, s.s, room);
	out->full = true;
}

static bool is_plain_in_json(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* The first byte from i on that JSON demands to be escaped, or s.n. */
static size_t escape_at(struct str s, size_t i)
{
	while (i < s.n) {
		uint64_t marks = s.n - i >= SCAN_WIDTH ? scan_text(s.s + i) : 1;

		if (!marks) {
			i += SCAN_WIDTH;
			continue;
		}
		i += scan_first(marks);
		if (!is_plain_in_json(s.s[i]))
			return i;
		i++; /* beyond ASCII, or too near the end to look at many at once */
	}
	return s.n;
}

static void put_escape(struct text *out, unsigned char c)
{
	static const char names[] = "btn?fr"; /* from \b on; \v has none */
	char escape[8] = { '\\' };
	size_t n = 2;

	if (c >= 0x20)
		escape[1] = (char)c;
	else if (c >= '\b' && c <= '\r' && c != '\v')
		escape[1] = names[c - '\b'];
	else
		n = (size_t)snprintf(escape, sizeof escape, "\\u%04x", c);
	if (n > out->limit - out->n)
		out->full = true; /* half an escape would mislead */
	print_put(out, (struct str){ escape, n });
}

void json_quote(struct str s, struct text *out)
{
	print_put(out, STR("\""));
	if (s.n > out->limit - out->n) /* whatever it holds, one byte more than fits is enough */
		s.n = out->limit - out->n + 1;
	for (size_t from = 0, at; from < s.n && !out->full; from = at + 1) {
		at = escape_at(s, from);
		if (at > from)
			print_put(out, (struct str){ s.s + from, at - from });
		if (at < s.n)
			put_escape(out, (unsigned char)s.s[at]);
	}
	print_put(out, STR("\""));
}

/* A scalar whole, of a container the opening bracket. */
static void put_head(struct text *out, const struct json *j, bool member)
{
	static const char *const words[] = {
		[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true",
		[JSON_NUMBER] = "",   [JSON_STRING] = "",     [JSON_ARRAY] = "[",
		[JSON_OBJECT] = "{"
	};

	if (member) {
		json_quote(json_key(j), out);
		print_put(out, STR(":"));
	}
	if (j->type == JSON_STRING)
		json_quote(json_str(j), out);
	else if (j->type == JSON_NUMBER)
		print_put(out, json_str(j));
	else
		print_put(out, str_of(words[j->type]));
}

void json_print(const struct json *j, struct text *out)
{
	UNZEROED const struct json
		*stack[JSON_DEPTH_MAX + 1]; /* containers whose child is written */
	size_t n = 0;
	bool member = false;

	while (j && !out->full) {
		put_head(out, j, member);
		if (is_open(j)) {
			assert(n < JSON_DEPTH_MAX);
			stack[n++] = j;
			member = j->type == JSON_OBJECT;
			j = j->child;
			continue;
		}
		if (j->type >= JSON_ARRAY)
			print_put(out, j->type == JSON_OBJECT ? STR("}") : STR("]"));
		for (; n && !j->next; n--) {
			j = stack[n - 1];
			print_put(out, j->type == JSON_OBJECT ? STR("}") : STR("]"));
		}
		if (!n)
			return;
		print_put(out, STR(","));
		j = j->next;
		member = stack[n - 1]->type == JSON_OBJECT;
	}
}
