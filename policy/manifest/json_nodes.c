/* SPDX-License-Identifier: Apache-2.0
 * json_nodes.c - the strict reader's nodes to those of YAML.
 *
 * The reader keeps no places, but keys, strings and numbers without escapes point into the
 * input: that tells the line. What has no place of its own (null, an escaped string in a list)
 * takes that of what stands before it.
 */
#include "policy/manifest/json_nodes.h"

#include "lib/json/json.h"
#include "policy/manifest/manifest.h"

size_t manifest_json_end(struct str text, struct manifest_json_end *state)
{
	while (state->at < text.n) {
		char c = text.s[state->at++];

		if (state->escaped)
			state->escaped = false;
		else if (state->in_string && c == '\\')
			state->escaped = true;
		else if (c == '"')
			state->in_string = !state->in_string;
		else if (state->in_string)
			continue;
		else if (c == '{' || c == '[')
			state->depth++;
		else if ((c == '}' || c == ']') && --state->depth == 0)
			return state->at;
	}
	return 0;
}

struct lines {
	struct str input;
	size_t *ends; /* offsets of the newlines */
	size_t n;
};

static int lines_find(struct lines *l, struct str input, struct arena *arena)
{
	size_t n = 0;

	for (size_t i = 0; i < input.n; i++)
		n += input.s[i] == '\n';
	*l = (struct lines){ .input = input, .ends = arena_calloc(arena, n + 1, sizeof *l->ends) };
	if (!l->ends)
		return -1;
	for (size_t i = 0; i < input.n; i++)
		if (input.s[i] == '\n')
			l->ends[l->n++] = i;
	return 0;
}

/* How many newlines stand before the offset, and one. */
static unsigned line_of_offset(const struct lines *l, size_t offset)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->ends[mid] < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (unsigned)lo + 1;
}

/* The line of a piece of the input; of anything else, what is known already. */
static unsigned line_at(const struct lines *l, const char *s, unsigned otherwise)
{
	uintptr_t at = (uintptr_t)s, from = (uintptr_t)l->input.s;

	if (!s || at < from || at >= from + l->input.n)
		return otherwise;
	return line_of_offset(l, at - from);
}

/* Of an object in a list: the line of its brace, which stands before its first key. */
static unsigned line_of_object(const struct lines *l, const struct json *j, unsigned otherwise)
{
	uintptr_t from = (uintptr_t)l->input.s, first = from + l->input.n;

	for (const struct json *m = j->child; m; m = m->next)
		if ((uintptr_t)m->key > from && (uintptr_t)m->key < first)
			first = (uintptr_t)m->key;
	if (first == from + l->input.n)
		return otherwise;
	first--; /* its quote */
	while (first > from && strchr(" \t\r\n", l->input.s[first - 1 - from]))
		first--;
	return line_of_offset(l, first - 1 - from);
}

static unsigned line_of_item(const struct lines *l, const struct json *j, unsigned before)
{
	if (j->type == JSON_STRING || j->type == JSON_NUMBER)
		return line_at(l, j->text, before);
	return j->type == JSON_OBJECT ? line_of_object(l, j, before) : before;
}

static const struct {
	enum yaml_kind kind;
	bool plain;
	const char *text;
} kinds[] = {
	[JSON_NULL] = { YAML_SCALAR, true, "null" },
	[JSON_FALSE] = { YAML_SCALAR, true, "false" },
	[JSON_TRUE] = { YAML_SCALAR, true, "true" },
	[JSON_NUMBER] = { YAML_SCALAR, true, NULL },
	[JSON_STRING] = { YAML_SCALAR, false, NULL },
	[JSON_ARRAY] = { YAML_SEQUENCE, false, NULL },
	[JSON_OBJECT] = { YAML_MAPPING, false, NULL },
};

static struct yaml_node *node_of(const struct json *j, struct arena *arena, unsigned line)
{
	struct yaml_node *n = arena_zalloc(arena, sizeof *n);

	if (!n)
		return NULL;
	n->kind = kinds[j->type].kind;
	n->plain = kinds[j->type].plain;
	n->flow = n->kind != YAML_SCALAR;
	n->line = line;
	n->column = 1;
	if (n->kind == YAML_SCALAR)
		n->text = kinds[j->type].text ? str_of(kinds[j->type].text) : json_str(j);
	else
		n->n = j->len;
	return n;
}

static struct yaml_node *key_of(const struct json *j, struct arena *arena, unsigned line)
{
	struct json key = { .type = JSON_STRING, .text = j->key };

	key.len = j->key_len & 0x1fffffff;
	return node_of(&key, arena, line);
}

struct open { /* a collection whose children are being made */
	const struct json *next;
	struct yaml_node **last;
	unsigned line;
	bool map;
};

static int take_child(struct open *top, const struct lines *l, struct arena *arena,
		      struct open *child, bool *opened)
{
	const struct json *j = top->next;
	struct yaml_node *n;

	top->line = top->map ? line_at(l, j->key, top->line) : line_of_item(l, j, top->line);
	if (!(n = node_of(j, arena, top->line)) ||
	    (top->map && !(n->key = key_of(j, arena, top->line))))
		return -1;
	*top->last = n;
	top->last = &n->next;
	top->next = j->next;
	*opened = n->kind != YAML_SCALAR;
	if (*opened)
		*child = (struct open){ j->child, &n->child, top->line, n->kind == YAML_MAPPING };
	return 0;
}

static struct yaml_node *json_nodes_convert(const struct json *root, const struct lines *l,
					    struct arena *arena)
{
	struct open stack[YAML_DEPTH_MAX];
	struct yaml_node *out = node_of(root, arena, line_of_item(l, root, 1));
	size_t depth = 0;

	if (!out || out->kind == YAML_SCALAR)
		return out;
	stack[depth++] =
		(struct open){ root->child, &out->child, out->line, out->kind == YAML_MAPPING };
	while (depth) {
		bool opened = false;

		if (!stack[depth - 1].next) {
			depth--;
			continue;
		}
		if (take_child(&stack[depth - 1], l, arena, &stack[depth], &opened) < 0)
			return NULL;
		depth += opened;
	}
	return out;
}

/* "byte 17: duplicate key": the reader tells a byte, people want a line. */
static unsigned line_of_error(const struct lines *l, struct err *err)
{
	struct err cause = *err;
	const char *number = cause.msg + strlen("byte ");
	char *end;
	unsigned long byte;

	if (strncmp(cause.msg, "byte ", strlen("byte ")) != 0)
		return 1;
	byte = strtoul(number, &end, 10);
	if (end == number || strncmp(end, ": ", 2) != 0)
		return 1;
	err_record(err, cause.kind, "%s", end + 2);
	return line_of_offset(l, byte);
}

struct yaml_node *manifest_json(struct str input, struct arena *arena, unsigned *line,
				struct err *err)
{
	/* As deep as of an object, and of the Lists around it; one less than the stack. */
	struct json_limits limits = { .depth = YAML_DEPTH_MAX - 1 };
	struct yaml_node *out = NULL;
	struct json *root;
	struct lines l;

	*line = 1;
	if (lines_find(&l, input, arena) == 0) {
		if (!(root = json_parse(input, &limits, arena, err))) {
			*line = line_of_error(&l, err);
			return NULL;
		}
		out = json_nodes_convert(root, &l, arena);
	}
	if (!out)
		err_set(err, ERR_LIMIT, "no room for the document in %u MiB of memory",
			MANIFEST_MEMORY_MAX >> 20);
	return out;
}
