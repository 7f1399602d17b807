/* SPDX-License-Identifier: Apache-2.0
 * expression.c - from the left to the right, once; parentheses on a stack in the arena.
 */
#include "policy/object/expression.h"

/* An open parenthesis: what stands to the left, and whether the whole is negated. A byte each. */
struct expression_group {
	unsigned char any : 2, all : 2, negated : 1; /* any, all: enum truth */
};

struct expression {
	struct str rest;
	expression_label *label;
	const void *ctx;
	struct arena *arena;
	struct expression_group *groups;
	size_t depth, room;
};

static enum truth truth_and(enum truth a, enum truth b)
{
	return a < b ? a : b;
}

static enum truth truth_or(enum truth a, enum truth b)
{
	return a > b ? a : b;
}

static enum truth truth_not(enum truth a)
{
	return TRUTH_YES - a;
}

static enum truth truth_of(bool b)
{
	return b ? TRUTH_YES : TRUTH_NO;
}

/* ---- words ---- */

static void expression_space(struct expression *e)
{
	while (e->rest.n && (*e->rest.s == ' ' || *e->rest.s == '\t'))
		e->rest = str_from(e->rest, 1);
}

/* Take the word if it comes next, whatever follows it. */
static bool expression_word(struct expression *e, const char *word)
{
	struct str w = str_of(word);

	expression_space(e);
	if (!str_starts(e->rest, w))
		return false;
	e->rest = str_from(e->rest, w.n);
	return true;
}

static bool is_of_key(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '/' || c == '-';
}

static bool expression_key(struct expression *e, struct str *key)
{
	expression_space(e);
	*key = (struct str){ e->rest.s, 0 };
	while (key->n < e->rest.n && is_of_key(key->s[key->n]))
		key->n++;
	e->rest = str_from(e->rest, key->n);
	return key->n > 0;
}

/* What stands between quotes of one kind; there are no escapes. */
static bool expression_value(struct expression *e, struct str *value)
{
	const char *end;

	expression_space(e);
	if (!e->rest.n || (*e->rest.s != '\'' && *e->rest.s != '"'))
		return false;
	end = memchr(e->rest.s + 1, *e->rest.s, e->rest.n - 1);
	if (!end)
		return false;
	*value = (struct str){ e->rest.s + 1, (size_t)(end - e->rest.s) - 1 };
	e->rest = str_from(e->rest, value->n + 2);
	return true;
}

/* ---- what a label is held against ---- */

static bool value_contains(struct str s, struct str part)
{
	return !part.n || (s.n && memmem(s.s, s.n, part.s, part.n));
}

static bool value_ends(struct str s, struct str end)
{
	return s.n >= end.n && str_eq(str_from(s, s.n - end.n), end);
}

enum compared { IS_EQUAL, CONTAINS, STARTS_WITH, ENDS_WITH };

static bool value_compares(enum compared how, struct str s, struct str with)
{
	switch (how) {
	case CONTAINS:
		return value_contains(s, with);
	case STARTS_WITH:
		return str_starts(s, with);
	case ENDS_WITH:
		return value_ends(s, with);
	default:
		return str_eq(s, with);
	}
}

struct labelled {
	enum label_known known;
	struct str value;
};

static int expression_compare(struct expression *e, const struct labelled *l, enum compared how,
			      enum truth *out)
{
	struct str with;

	if (!expression_value(e, &with))
		return -1;
	*out = l->known == LABEL_UNKNOWN
		       ? TRUTH_MAYBE
		       : truth_of(l->known == LABEL_KNOWN && value_compares(how, l->value, with));
	return 0;
}

static int expression_set(struct expression *e, const struct labelled *l, enum truth *out)
{
	struct str value;
	bool some = false, in = false;

	if (!expression_word(e, "{"))
		return -1;
	while (expression_value(e, &value)) {
		arena_step(e->arena, 1);
		some = true;
		in |= l->known == LABEL_KNOWN && str_eq(value, l->value);
		if (!expression_word(e, ","))
			break;
	}
	*out = l->known == LABEL_UNKNOWN && some ? TRUTH_MAYBE : truth_of(in);
	return expression_word(e, "}") ? 0 : -1;
}

static int expression_negated(int done, enum truth *out)
{
	if (done == 0)
		*out = truth_not(*out);
	return done;
}

static int expression_test(struct expression *e, struct str key, enum truth *out)
{
	struct labelled l = { LABEL_ABSENT, { NULL, 0 } };

	l.known = e->label(e->ctx, key, &l.value);
	if (expression_word(e, "=="))
		return expression_compare(e, &l, IS_EQUAL, out);
	if (expression_word(e, "!="))
		return expression_negated(expression_compare(e, &l, IS_EQUAL, out), out);
	if (expression_word(e, "contains"))
		return expression_compare(e, &l, CONTAINS, out);
	if (expression_word(e, "starts"))
		return expression_word(e, "with") ? expression_compare(e, &l, STARTS_WITH, out)
						  : -1;
	if (expression_word(e, "ends"))
		return expression_word(e, "with") ? expression_compare(e, &l, ENDS_WITH, out) : -1;
	if (expression_word(e, "not"))
		return expression_word(e, "in")
			       ? expression_negated(expression_set(e, &l, out), out)
			       : -1;
	return expression_word(e, "in") ? expression_set(e, &l, out) : -1;
}

/* A test, or one of the functions. */
static int expression_operand(struct expression *e, enum truth *out)
{
	struct str key, value;

	arena_step(e->arena, 1);
	if (expression_word(e, "has(")) {
		if (!expression_key(e, &key))
			return -1;
		*out = truth_of(e->label(e->ctx, key, &value) != LABEL_ABSENT);
		return expression_word(e, ")") ? 0 : -1;
	}
	if (expression_word(e, "all(")) {
		*out = TRUTH_YES;
		return expression_word(e, ")") ? 0 : -1;
	}
	if (expression_word(e, "global(")) { /* what is in no namespace: no pod */
		*out = TRUTH_NO;
		return expression_word(e, ")") ? 0 : -1;
	}
	return expression_key(e, &key) ? expression_test(e, key, out) : -1;
}

/* ---- groups ---- */

static int expression_open(struct expression *e, bool negated)
{
	if (e->depth == e->room) {
		size_t room = 4 * e->room + 64;
		struct expression_group *more = arena_calloc(e->arena, room, sizeof *more);

		if (!more)
			return -1;
		if (e->depth)
			memcpy(more, e->groups, e->depth * sizeof *more);
		e->groups = more;
		e->room = room;
	}
	e->groups[e->depth++] =
		(struct expression_group){ .any = TRUTH_NO, .all = TRUTH_YES, .negated = negated };
	return 0;
}

/* Up to the next value: negations and opening parentheses before it. */
static int expression_next(struct expression *e, enum truth *out)
{
	for (;;) {
		bool negated = false;

		while (expression_word(e, "!"))
			negated = !negated;
		if (!expression_word(e, "(")) {
			int done = expression_operand(e, out);

			return negated ? expression_negated(done, out) : done;
		}
		if (expression_open(e, negated) < 0)
			return -1;
	}
}

static enum truth group_value(const struct expression_group *g)
{
	enum truth v = truth_or(g->any, g->all);

	return g->negated ? truth_not(v) : v;
}

/* A value is there: what follows it. 1: another value is to come, 0: the end. */
static int expression_follow(struct expression *e, enum truth value)
{
	for (;;) {
		struct expression_group *g = &e->groups[e->depth - 1];

		g->all = truth_and(g->all, value) & 3;
		if (expression_word(e, "&&"))
			return 1;
		if (expression_word(e, "||")) {
			g->any = truth_or(g->any, g->all) & 3;
			g->all = TRUTH_YES;
			return 1;
		}
		if (!expression_word(e, ")"))
			return e->rest.n || e->depth > 1 ? -1 : 0;
		if (e->depth == 1)
			return -1;
		value = group_value(g);
		e->depth--;
	}
}

int expression_takes(struct str text, expression_label *label, const void *ctx, struct arena *arena,
		     enum truth *out)
{
	struct expression e = { .rest = text, .label = label, .ctx = ctx, .arena = arena };
	enum truth value = TRUTH_YES;
	int more = 1;

	arena_step(arena, arena_bytes(text.n));
	expression_space(&e);
	*out = TRUTH_YES;
	if (!e.rest.n)
		return 0;
	if (expression_open(&e, false) < 0)
		return -1;
	while (more > 0)
		more = expression_next(&e, &value) < 0 ? -1 : expression_follow(&e, value);
	*out = group_value(&e.groups[0]);
	return more;
}
