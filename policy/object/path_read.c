/* SPDX-License-Identifier: Apache-2.0
 * path_read.c - the text of a pattern to its steps.
 */
#include "policy/object/path.h"

#include "lib/base/utf8.h"
#include "policy/object/path_chars.h"

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
	if (step->key.n && chars_all(step->key, char_is_digit, ""))
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
