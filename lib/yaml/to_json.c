/* SPDX-License-Identifier: Apache-2.0
 * to_json.c - nodes of YAML to JSON. Aliases are followed, so every node is counted
 * when it is visited: nine lines can name a billion.
 */
#include "lib/yaml/to_json.h"

#include "lib/base/attributes.h"
#include "lib/json/json.h"
#include "lib/yaml/scalar.h"

static int convert_scalar(struct yaml_converter *c, const struct yaml_node *n, struct scalar *out)
{
	if (scalar_read(n, out, c->err) == 0)
		return 0;
	*out = (struct scalar){ .kind = SCALAR_STRING };
	return c->limits->lenient ? 0 : yaml_convert_fail(c, n);
}

/* ---- the walk ---- */

struct writer_frame {                 /* a collection that is being written */
	const struct yaml_node *item; /* of a list: the next */
	struct yaml_members members;  /* of a mapping */
	size_t next;
	bool map, begun;
	struct json *node, **last; /* where nodes are made */
};

struct writer {
	struct yaml_converter *c;
	bool nodes;       /* nodes are made, not a text */
	struct text out;  /* else */
	struct json root; /* its child is the whole */
	struct writer_frame frames[YAML_JSON_DEPTH_MAX];
	unsigned depth;
};

/* ---- as a text ---- */

static void write_string(struct text *out, struct str s)
{
	text_char(out, '"');
	json_escape(s, out);
	text_char(out, '"');
}

static void write_scalar_text(struct text *out, const struct scalar *s, struct str text)
{
	switch (s->kind) {
	case SCALAR_NULL:
		text_puts(out, "null");
		break;
	case SCALAR_BOOL:
		text_puts(out, s->yes ? "true" : "false");
		break;
	case SCALAR_INT:
	case SCALAR_FLOAT:
		text_puts(out, s->text);
		break;
	case SCALAR_STRING:
		write_string(out, text);
		break;
	}
}

/* ---- as nodes ---- */

#define LENGTH_MASK 0x1fffffffu /* what json.len holds */

static struct json *node_add(struct writer *w, const struct yaml_member *member,
			     enum json_type type)
{
	struct writer_frame *f = w->depth ? &w->frames[w->depth - 1] : NULL;
	struct json *parent = f ? f->node : &w->root, *j = arena_zalloc(w->c->arena, sizeof *j);

	if (!j) {
		w->c->full = true;
		return NULL;
	}
	j->type = (unsigned)type & 7;
	if (member) {
		j->key = member->key.s;
		j->key_len = (uint32_t)member->key.n;
	}
	parent->len = (parent->len + 1) & LENGTH_MASK;
	if (f) {
		*f->last = j;
		f->last = &j->next;
	} else {
		parent->child = j;
	}
	return j;
}

static int node_scalar(struct writer *w, const struct yaml_member *member, const struct scalar *s,
		       struct str text)
{
	bool number = s->kind == SCALAR_INT || s->kind == SCALAR_FLOAT;
	enum json_type type = s->kind == SCALAR_NULL   ? JSON_NULL
			      : s->kind == SCALAR_BOOL ? s->yes ? JSON_TRUE : JSON_FALSE
			      : number                 ? JSON_NUMBER
						       : JSON_STRING;
	struct json *j = node_add(w, member, type);

	if (number && !(text = str_copy(w->c->arena, str_of(s->text))).s) {
		w->c->full = true;
		return -1;
	}
	if (!j)
		return -1;
	if (type == JSON_NUMBER || type == JSON_STRING) {
		j->text = text.s;
		j->len = (uint32_t)text.n & LENGTH_MASK;
	}
	return 0;
}

/* ---- either ---- */

static int write_scalar(struct writer *w, const struct yaml_member *member,
			const struct yaml_node *n)
{
	struct scalar s;

	if (convert_scalar(w->c, n, &s) < 0)
		return -1;
	if (w->nodes)
		return node_scalar(w, member, &s, n->text);
	write_scalar_text(&w->out, &s, n->text);
	return 0;
}

static int open_collection(struct writer *w, const struct yaml_member *member,
			   const struct yaml_node *n)
{
	struct writer_frame f = { .map = n->kind == YAML_MAPPING };

	/* A scalar at the deepest level is one level more. */
	if (w->depth + 1 >= w->c->limits->depth) {
		err_set(w->c->err, ERR_LIMIT, "the object is nested more than %u levels deep",
			w->c->limits->depth);
		return yaml_convert_fail(w->c, n);
	}
	if (w->nodes) {
		if (!(f.node = node_add(w, member, f.map ? JSON_OBJECT : JSON_ARRAY)))
			return -1;
		f.last = &f.node->child;
	} else {
		text_char(&w->out, f.map ? '{' : '[');
	}
	if (f.map ? yaml_members_of(w->c, n, &f.members) < 0 : yaml_convert_visit(w->c, n) < 0)
		return -1;
	f.item = f.map ? NULL : n->child;
	w->frames[w->depth++] = f;
	return 0;
}

static int write_node(struct writer *w, const struct yaml_member *member, const struct yaml_node *n)
{
	const struct yaml_node *v = yaml_deref((struct yaml_node *)n);

	if (v->kind != YAML_SCALAR)
		return open_collection(w, member, v);
	return yaml_convert_visit(w->c, v) < 0 ? -1 : write_scalar(w, member, v);
}

static void write_between(struct writer *w, const struct writer_frame *f)
{
	if (f->begun)
		text_char(&w->out, ',');
	if (f->map) {
		write_string(&w->out, f->members.v[f->next].key);
		text_char(&w->out, ':');
	}
}

/* The next child of the innermost collection, or its end. */
static int write_next(struct writer *w)
{
	struct writer_frame *f = &w->frames[w->depth - 1];
	const struct yaml_member *member;
	const struct yaml_node *item;

	if (f->map ? f->next == f->members.n : !f->item) {
		if (!w->nodes)
			text_char(&w->out, f->map ? '}' : ']');
		w->depth--;
		return 0;
	}
	if (!w->nodes)
		write_between(w, f);
	f->begun = true;
	if (f->map) {
		member = &f->members.v[f->next++];
		return write_node(w, member, member->value);
	}
	item = f->item;
	f->item = item->next;
	return write_node(w, NULL, item);
}

static void writer_start(struct writer *w, struct yaml_converter *c, bool nodes)
{
	w->c = c;
	w->nodes = nodes;
	w->depth = 0;
	w->root = (struct json){ .type = JSON_NULL };
	text_init(&w->out, c->arena, c->limits->bytes);
}

static int write_all(struct writer *w, const struct yaml_node *root)
{
	if (write_node(w, NULL, root) < 0)
		return -1;
	while (w->depth)
		if (w->out.full || write_next(w) < 0)
			return w->out.full ? yaml_convert_too_large(w->c, root) : -1;
	return w->out.full ? yaml_convert_too_large(w->c, root) : 0;
}

int yaml_node_to_json(struct yaml_converter *c, const struct yaml_node *root, struct str *out)
{
	UNZEROED struct writer w;

	writer_start(&w, c, false);
	if (write_all(&w, root) < 0)
		return -1;
	*out = text_get(&w.out);
	return 0;
}

struct json *yaml_node_to_nodes(struct yaml_converter *c, const struct yaml_node *root)
{
	UNZEROED struct writer w;

	writer_start(&w, c, true);
	return write_all(&w, root) < 0 ? NULL : w.root.child;
}
