/*
 * path.c - read a pattern, match it with a place, walk it through an object.
 */
#include "policy/object/path.h"

#include <assert.h>

#include "lib/json/json.h"
#include "lib/base/attributes.h"
#include "lib/base/utf8.h"

/* ---- reading ---- */

struct scanner {
	struct str
		text; /* a copy in the arena, in which quoted text is unescaped where it stands */
	size_t at;
	struct err *err;
};

static int path_fail(const struct scanner *s, const char *problem)
{
	return err_set(s->err, ERR_SYNTAX, "column %zu: %s", s->at + 1, problem);
}

/* The byte that comes next; 0 at the end, and for a NUL, which no rule allows. */
static char path_peek(const struct scanner *s)
{
	return s->at < s->text.n ? s->text.s[s->at] : '\0';
}

static bool path_accept(struct scanner *s, char c)
{
	bool there = s->at < s->text.n && s->text.s[s->at] == c;

	s->at += there;
	return there;
}

static bool is_path_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_path_word(char c)
{
	return is_path_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '-';
}

/* In a [key=value] without quotes. */
static bool is_path_plain(char c)
{
	return is_path_word(c) || (c && strchr("./:@+%~", c));
}

static bool path_all(struct str s, bool (*is)(char))
{
	size_t i = 0;

	while (i < s.n && is(s.s[i]))
		i++;
	return s.n && i == s.n;
}

/* The bytes from here on for which `is` holds; perhaps none. */
static struct str path_run(struct scanner *s, bool (*is)(char))
{
	size_t from = s->at;

	while (s->at < s->text.n && is(s->text.s[s->at]))
		s->at++;
	return (struct str){ s->text.s + from, s->at - from };
}

/* What stands behind a backslash: a quote, a backslash, or u and the number of a code point. */
static int path_read_escape(struct scanner *s, uint32_t *cp)
{
	static const char digits[] = "0123456789abcdef";
	char c = path_peek(s);

	if (c == '"' || c == '\\') {
		s->at++;
		*cp = (unsigned char)c;
		return 0;
	}
	if (!path_accept(s, 'u') || !path_accept(s, '{'))
		return path_fail(s, "\\\", \\\\ or \\u{hexadecimal digits} may stand here");
	for (*cp = 0; is_path_word(c = path_peek(s)) && strchr(digits, c) && *cp < 0x110000;
	     s->at++)
		*cp = *cp << 4 | (uint32_t)(strchr(digits, c) - digits);
	if (*cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000) || s->text.s[s->at - 1] == '{')
		return path_fail(s, "this is no code point");
	return path_accept(s, '}')
		       ? 0
		       : path_fail(s, "a hexadecimal digit in lower case or \"}\" belongs here");
}

static int path_read_quoted(struct scanner *s, struct str *out)
{
	char *to = (char *)s->text.s + s->at, *begin = to; /* what is written is never longer */
	uint32_t cp = 0;
	size_t len;

	for (s->at++; !path_accept(s, '"');) {
		if (s->at == s->text.n)
			return path_fail(s, "a closing quote is missing");
		if (path_accept(s, '\\')) {
			if (path_read_escape(s, &cp) < 0)
				return -1;
		} else {
			if (!(len = utf8_decode(s->text.s + s->at, s->text.n - s->at, &cp)))
				return path_fail(s, "this is no UTF-8");
			s->at += len;
		}
		to += utf8_encode(cp, to);
	}
	*out = (struct str){ begin, (size_t)(to - begin) };
	return 0;
}

static int path_read_index(struct scanner *s, struct str digits, struct step *step)
{
	if (digits.n > 9 || (digits.n > 1 && *digits.s == '0'))
		return path_fail(s, "an index has at most nine digits and no leading zero");
	*step = (struct step){ .kind = STEP_INDEX };
	for (size_t i = 0; i < digits.n; i++)
		step->index = step->index * 10 + (size_t)(digits.s[i] - '0');
	return 0;
}

/* Behind the equals sign. */
static int path_read_value(struct scanner *s, struct step *step)
{
	step->kind = STEP_ITEM;
	if (path_peek(s) == '"')
		return path_read_quoted(s, &step->value);
	step->value = path_run(s, is_path_plain);
	return step->value.n
		       ? 0
		       : path_fail(s, "a value is missing: [name=value] or [name=\"any value\"]");
}

static int path_read_word(struct scanner *s, struct step *step)
{
	step->key = path_run(s, is_path_word);
	if (path_accept(s, '='))
		return path_read_value(s, step);
	if (path_all(step->key, is_path_digit))
		return path_read_index(s, step->key, step);
	if (!step->key.n)
		return path_fail(s,
				 "*, an index, key=value, or a key in double quotes belongs here");
	if (!str_is(step->key, "order") || path_peek(s) != ']')
		return path_fail(s, "a key in brackets stands in double quotes: "
				    "[\"example.com/key\"]");
	*step = (struct step){ .kind = STEP_ORDER };
	return 0;
}

/* Behind an opening bracket. */
static int path_read_bracket(struct scanner *s, struct step *step)
{
	int rc = 0;

	if (path_peek(s) == '"') {
		step->kind = STEP_KEY;
		rc = path_read_quoted(s, &step->key);
		if (!rc && path_accept(s, '='))
			rc = path_read_value(s, step);
	} else if (path_accept(s, '*')) {
		step->kind = STEP_ANY;
	} else {
		rc = path_read_word(s, step);
	}
	if (!rc && !path_accept(s, ']'))
		rc = path_fail(
			s, "a closing bracket is missing, or what is in it needs double quotes");
	return rc;
}

static int path_read_key(struct scanner *s, struct step *step)
{
	step->kind = STEP_KEY;
	step->key = path_run(s, is_path_word);
	if (step->key.n)
		return 0;
	return path_fail(s,
			 "a key belongs here; one that is not only letters, digits, _ and - stands "
			 "in brackets and quotes: [\"example.com/key\"]");
}

static int path_read_first(struct scanner *s, struct step *step)
{
	if (str_eq(s->text, STR("$name"))) { /* of a `when`: the name of the request */
		*step = (struct step){ .kind = STEP_KEY, .key = STR("$name") };
		s->at = s->text.n;
		return 0;
	}
	if (!path_accept(s, '['))
		return path_read_key(s, step);
	if (path_peek(s) != '"')
		return path_fail(s, "a path begins with a key");
	if (path_read_bracket(s, step) < 0)
		return -1;
	return step->kind == STEP_KEY ? 0 : path_fail(s, "a path begins with a key");
}

static int path_read_step(struct scanner *s, struct step *step)
{
	if (path_accept(s, '.'))
		return path_read_key(s, step);
	if (path_accept(s, '['))
		return path_read_bracket(s, step);
	return path_fail(s, "a path goes on with . or [");
}

int path_parse(struct str text, struct arena *arena, struct path *out, struct err *err)
{
	struct scanner s = { .text = str_copy(arena, text), .err = err };
	struct step steps[PATH_STEPS_MAX], *kept;
	size_t n = 0;

	if (!s.text.s)
		return err_set(err, ERR_LIMIT, "no memory is left for paths");
	do {
		if (n == PATH_STEPS_MAX)
			return err_set(err, ERR_SYNTAX, "column %zu: a path has at most %d steps",
				       s.at + 1, PATH_STEPS_MAX);
		steps[n] = (struct step){ .kind = STEP_KEY };
		if ((n ? path_read_step : path_read_first)(&s, &steps[n]) < 0)
			return -1;
		n++;
	} while (s.at < s.text.n);
	if (!(kept = arena_alloc(arena, n * sizeof *kept)))
		return err_set(err, ERR_LIMIT, "no memory is left for paths");
	memcpy(kept, steps, n * sizeof *kept);
	*out = (struct path){ kept, n };
	return 0;
}

/* ---- matching ---- */

/* Does a step of a place lie where a step of a pattern points? */
static bool step_fits(const struct step *pattern, const struct step *found)
{
	bool item = found->kind == STEP_ITEM || found->kind == STEP_INDEX;

	switch (pattern->kind) {
	case STEP_KEY:
		return found->kind == STEP_KEY && str_eq(pattern->key, found->key);
	case STEP_INDEX:
		return item && pattern->index == found->index;
	case STEP_ITEM:
		return item && found->key.s && str_eq(pattern->key, found->key) &&
		       str_eq(pattern->value, found->value);
	case STEP_ANY:
		return item;
	default:
		return found->kind == STEP_ORDER;
	}
}

/* Do the steps of the place, from this one up to the root, fit those of the path? */
static bool steps_fit(const struct path *path, const struct place *place)
{
	for (; place; place = place->up) {
		if (!step_fits(&path->steps[place->depth - 1], &place->step))
			return false;
	}
	return true;
}

bool path_covers(const struct path *path, const struct place *place)
{
	while (place && place->depth > path->n)
		place = place->up;
	if ((place ? place->depth : 0) != path->n)
		return false;
	/* Who names all items of a list, or the one at an index, means their order too. */
	if (place && place->step.kind == STEP_ORDER &&
	    (path->steps[path->n - 1].kind == STEP_ANY ||
	     path->steps[path->n - 1].kind == STEP_INDEX))
		place = place->up;
	return steps_fit(path, place);
}

bool path_below(const struct path *path, const struct place *place)
{
	if ((place ? place->depth : 0) >= path->n)
		return false;
	/* In another order, another item has that index; whoever is named stays who he is. */
	if (place && place->step.kind == STEP_ORDER &&
	    path->steps[place->depth - 1].kind == STEP_INDEX)
		place = place->up;
	return steps_fit(path, place);
}

/* ---- walking ---- */

/* From this item of a list on, the first that the step selects; index is that of `item`. */
static const struct json *select_from(const struct step *step, const struct json *item,
				      size_t *index)
{
	for (; item; item = item->next, ++*index) {
		if (step->kind == STEP_ANY || (step->kind == STEP_INDEX && *index == step->index))
			return item;
		if (step->kind == STEP_ITEM) {
			struct str value = json_str(json_get(item, step->key));

			if (value.s && str_eq(value, step->value))
				return item;
		}
	}
	return NULL;
}

/* The first value that the step leads to from `from`. */
static const struct json *path_step_into(const struct step *step, const struct json *from,
					 size_t *index)
{
	*index = 0;
	if (step->kind == STEP_KEY)
		return json_get(from, step->key);
	return from->type == JSON_ARRAY ? select_from(step, from->child, index) : NULL;
}

/* The one after `at`, which the step led to; a key leads to one only. */
static const struct json *step_on(const struct step *step, const struct json *at, size_t *index)
{
	if (step->kind == STEP_KEY)
		return NULL;
	++*index;
	return select_from(step, at->next, index);
}

bool path_any(const struct path *path, const struct json *root,
	      bool (*visit)(const struct json *value, void *ctx), void *ctx)
{
	struct {
		const struct json *at;
		size_t index;
	} walk[PATH_STEPS_MAX];
	size_t n = 0;

	if (!root)
		return false;
	if (!path->n)
		return visit(root, ctx);
	walk[0].at = path_step_into(&path->steps[0], root, &walk[0].index);
	for (;;) {
		const struct json *at = walk[n].at;

		if (at && n + 1 < path->n) {
			n++;
			walk[n].at = path_step_into(&path->steps[n], at, &walk[n].index);
			continue;
		}
		if (at && visit(at, ctx))
			return true;
		while (!walk[n].at && n)
			n--;
		if (!walk[n].at)
			return false;
		walk[n].at = step_on(&path->steps[n], walk[n].at, &walk[n].index);
	}
}

/* ---- printing ---- */

static void path_print_quoted(struct text *out, struct str s)
{
	text_puts(out, "\"");
	for (size_t i = 0; i < s.n && !out->full;) {
		uint32_t cp = (unsigned char)s.s[i];
		size_t len = utf8_decode(s.s + i, s.n - i, &cp);

		if (cp == '"' || cp == '\\')
			text_printf(out, "\\%c", (char)cp);
		else if (cp >= 0x20 && cp < 0x7f)
			text_add(out, s.s + i, 1);
		else
			text_printf(out, "\\u{%x}", (unsigned)cp);
		i += len ? len : 1;
	}
	text_puts(out, "\"");
}

static void path_print_text(struct text *out, struct str s, bool (*unquoted)(char))
{
	if (path_all(s, unquoted))
		text_str(out, s);
	else
		path_print_quoted(out, s);
}

static void path_print_step(struct text *out, const struct step *step, bool first)
{
	switch (step->kind) {
	case STEP_KEY:
		if (path_all(step->key, is_path_word)) {
			text_puts(out, first ? "" : ".");
			text_str(out, step->key);
			return;
		}
		text_puts(out, "[");
		path_print_quoted(out, step->key);
		break;
	case STEP_INDEX:
		text_printf(out, "[%zu", step->index);
		break;
	case STEP_ITEM:
		text_puts(out, "[");
		path_print_text(out, step->key, is_path_word);
		text_puts(out, "=");
		path_print_text(out, step->value, is_path_plain);
		break;
	default:
		text_puts(out, step->kind == STEP_ANY ? "[*" : "[order");
	}
	text_puts(out, "]");
}

void path_print(const struct path *path, struct text *out)
{
	if (path->n == 1 && path->steps->kind == STEP_KEY && str_is(path->steps->key, "$name")) {
		text_puts(out, "$name"); /* of a `when`; a key of that name stands in quotes */
		return;
	}
	for (size_t i = 0; i < path->n; i++)
		path_print_step(out, &path->steps[i], !i);
}

void place_print(const struct place *place, struct text *out)
{
	UNZEROED const struct place *chain[JSON_DEPTH_MAX + 1];
	size_t n = 0;

	for (; place; place = place->up) {
		assert(n < sizeof chain / sizeof *chain);
		chain[n++] = place;
	}
	for (bool first = true; n; first = false)
		path_print_step(out, &chain[--n]->step, first);
}
