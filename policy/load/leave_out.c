/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/load/leave_out.h"

#include <ctype.h>

int leave_out(struct model *model, struct arena *arena, const struct origin *at, const char *what,
	      const char *why)
{
	struct left_out *l;

	if (model->left_out_n++ >= LEFT_OUT_MAX)
		return 0;
	if (!(l = arena_zalloc(arena, sizeof *l)))
		return -1;
	l->what = str_copy(arena, str_of(what));
	l->why = str_copy(arena, str_of(why ? why : ""));
	if (at)
		l->origin = *at;
	*model->left_out_last = l;
	model->left_out_last = &l->next;
	return l->what.s && l->why.s ? 0 : -1;
}

void leave_out_mode(struct model *model)
{
	model->config.mode = MODE_AUDIT;
}

/* Its replacement is unsound: whom that one let pass must not be denied now. */
static int lower_builtin(struct model *model, struct arena *arena, struct str name)
{
	struct lowered *l = name.n ? arena_zalloc(arena, sizeof *l) : NULL;

	if (!l)
		return name.n ? -1 : 0;
	l->name = str_copy(arena, name);
	l->next = model->lowered;
	model->lowered = l;
	return l->name.s ? 0 : -1;
}

/* ---- documents ---- */

struct leave_out_mark leave_out_mark(const struct load_reader *r)
{
	const struct model *m = r->model;

	return (struct leave_out_mark){ m->policies_last, m->exceptions_last, m->policies_n,
					m->rules_n,       m->exceptions_n,    r->complaints_n };
}

static void rewind_to(struct model *m, const struct leave_out_mark *mark)
{
	*mark->policies_last = NULL;
	m->policies_last = mark->policies_last;
	*mark->exceptions_last = NULL;
	m->exceptions_last = mark->exceptions_last;
	m->policies_n = mark->policies_n;
	m->rules_n = mark->rules_n;
	m->exceptions_n = mark->exceptions_n;
}

/* The first of those that came since, by its place. */
static const struct complaint *first_since(const struct load_reader *r, size_t before)
{
	const struct complaint *first = NULL;
	size_t n = r->complaints_n < READ_ERRORS_MAX ? r->complaints_n : READ_ERRORS_MAX;

	for (const struct complaint *c = r->complaints; c && n > before; c = c->next) {
		if (c->warning)
			continue;
		n--;
		if (!first || c->at.line < first->at.line ||
		    (c->at.line == first->at.line && c->at.column <= first->at.column))
			first = c;
	}
	return first;
}

static void note_one(struct load_reader *r, struct origin at, const char *what, const char *text)
{
	char why[900];

	snprintf(why, sizeof why, "%.250s:%u:%u: %s", r->file, at.line, at.column, text);
	if (leave_out(r->model, r->keep, &at, what, why) < 0)
		r->nomem = true;
}

static struct origin origin_of(const struct load_reader *r, const struct complaint *c)
{
	return (struct origin){ r->file, c ? c->at.line : 0, c ? c->at.column : 0 };
}

/* Each part of a configuration that was left out, by itself. */
static void note_parts(struct load_reader *r, size_t before)
{
	size_t n = r->complaints_n < READ_ERRORS_MAX ? r->complaints_n : READ_ERRORS_MAX;

	for (const struct complaint *c = r->complaints; c && n > before; c = c->next) {
		if (c->warning)
			continue;
		n--;
		note_one(r, origin_of(r, c), "a part of the GuardConfig", c->text);
	}
}

static struct str text_at(const struct yaml_node *n)
{
	return n && n->kind == YAML_SCALAR ? n->text : (struct str){ NULL, 0 };
}

/* In a text that is no YAML: what stands behind the key at the beginning of a line. */
static struct str value_in_text(struct str text, const char *key)
{
	size_t n = strlen(key), at = 0, end;

	while (at < text.n) {
		const char *newline = memchr(text.s + at, '\n', text.n - at);
		size_t line_end = newline ? (size_t)(newline - text.s) : text.n;

		while (at < line_end && text.s[at] == ' ')
			at++;
		if (line_end - at > n && !memcmp(text.s + at, key, n)) {
			for (at += n; at < line_end && strchr(" \"'", text.s[at]); at++)
				;
			for (end = at; end < line_end &&
				       (isalnum((unsigned char)text.s[end]) || text.s[end] == '-');
			     end++)
				;
			return (struct str){ text.s + at, end - at };
		}
		at = line_end + 1;
	}
	return (struct str){ NULL, 0 };
}

void leave_out_document(struct load_reader *r, const struct leave_out_mark *mark,
			const struct yaml_node *root, struct str text)
{
	struct str kind =
		root ? text_at(read_value_of(root, "kind")) : value_in_text(text, "kind:");
	struct str name = text_at(read_value_of(read_value_of(root, "metadata"), "name"));
	struct str replaces = root ? text_at(read_value_of(read_value_of(root, "spec"), "replaces"))
				   : value_in_text(text, "replaces:");
	const struct complaint *c = first_since(r, mark->complaints_n);
	bool is_config = str_is(kind, "GuardConfig");
	char what[200];

	if (is_config && root && r->model->config.origin.file) {
		note_parts(r, mark->complaints_n);
		return;
	}
	rewind_to(r->model, mark);
	if (is_config)
		leave_out_mode(r->model);
	if (lower_builtin(r->model, r->keep, replaces) < 0)
		r->nomem = true;
	snprintf(what, sizeof what, name.s ? "%.*s \"%.*s\"" : "%.*s", QUOTED(kind), QUOTED(name));
	note_one(r, origin_of(r, c), kind.n ? what : "a document",
		 c ? c->text : "too many errors in this file");
}

/* ---- units that were found unsound later ---- */

static int leave_out_policies(struct model *m, struct arena *arena)
{
	for (struct policy **at = &m->policies; *at;) {
		struct policy *p = *at, *builtin = p->replaced;
		char what[100];

		if (!p->unsound) {
			at = &p->next;
			continue;
		}
		snprintf(what, sizeof what, "SupportPolicy \"%.*s\"", QUOTED(p->name));
		if (leave_out(m, arena, &p->origin, what, p->unsound) < 0 ||
		    lower_builtin(m, arena, p->replaces) < 0)
			return -1;
		m->policies_n--;
		for (const struct rule *r = p->rules; r; r = r->next)
			m->rules_n--;
		*at = p->next;
		if (builtin) { /* in force again */
			builtin->next = *at;
			*at = builtin;
			m->policies_n++;
			for (const struct rule *r = builtin->rules; r; r = r->next)
				m->rules_n++;
		}
	}
	for (m->policies_last = &m->policies; *m->policies_last;)
		m->policies_last = &(*m->policies_last)->next;
	return 0;
}

static int leave_out_exceptions(struct model *m, struct arena *arena)
{
	for (struct exception **at = &m->exceptions; *at;) {
		struct exception *e = *at;
		char what[100];

		if (!e->unsound) {
			at = &e->next;
			continue;
		}
		snprintf(what, sizeof what, "SupportException \"%.*s\"", QUOTED(e->name));
		if (leave_out(m, arena, &e->origin, what, e->unsound) < 0)
			return -1;
		m->exceptions_n--;
		*at = e->next;
	}
	for (m->exceptions_last = &m->exceptions; *m->exceptions_last;)
		m->exceptions_last = &(*m->exceptions_last)->next;
	return 0;
}

static int leave_out_overrides(struct model *m, struct arena *arena)
{
	for (struct override **at = &m->config.overrides; *at;) {
		struct override *o = *at;
		char what[200];

		if (!o->unsound) {
			at = &o->next;
			continue;
		}
		snprintf(what, sizeof what, "the override of %.*s/%.*s", QUOTED(o->policy),
			 QUOTED(o->rule));
		if (leave_out(m, arena, &o->origin, what, o->unsound) < 0)
			return -1;
		*at = o->next;
	}
	return 0;
}

static int leave_out_names(struct model *m, struct arena *arena)
{
	for (struct exception_rule **at = &m->config.fail_closed; *at;) {
		struct exception_rule *f = *at;
		char what[200];

		if (!f->unsound) {
			at = &f->next;
			continue;
		}
		snprintf(what, sizeof what, "failClosed of %.*s/%.*s", QUOTED(f->policy),
			 QUOTED(f->rule));
		if (leave_out(m, arena, &f->origin, what, f->unsound) < 0)
			return -1;
		*at = f->next;
	}
	for (struct replaceable **at = &m->config.replaceable; *at;) {
		struct replaceable *p = *at;

		if (!p->unsound) {
			at = &p->next;
			continue;
		}
		if (leave_out(m, arena, &p->origin, "an item of replaceable", p->unsound) < 0)
			return -1;
		*at = p->next;
	}
	return 0;
}

int leave_out_unsound(struct model *m, struct arena *arena)
{
	if (leave_out_policies(m, arena) < 0 || leave_out_exceptions(m, arena) < 0 ||
	    leave_out_overrides(m, arena) < 0)
		return -1;
	return leave_out_names(m, arena);
}
