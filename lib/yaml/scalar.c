/* SPDX-License-Identifier: Apache-2.0
 * scalar.c - the words, then integers, then floats: the order in which kubectl's
 * reader tries them.
 */
#include "lib/yaml/scalar.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/attributes.h"

static const struct {
	const char *word;
	enum scalar_kind kind;
	bool yes;
} words[] = {
	{ "", SCALAR_NULL, false },      { "~", SCALAR_NULL, false },
	{ "null", SCALAR_NULL, false },  { "Null", SCALAR_NULL, false },
	{ "NULL", SCALAR_NULL, false },  { "y", SCALAR_BOOL, true },
	{ "Y", SCALAR_BOOL, true },      { "yes", SCALAR_BOOL, true },
	{ "Yes", SCALAR_BOOL, true },    { "YES", SCALAR_BOOL, true },
	{ "true", SCALAR_BOOL, true },   { "True", SCALAR_BOOL, true },
	{ "TRUE", SCALAR_BOOL, true },   { "on", SCALAR_BOOL, true },
	{ "On", SCALAR_BOOL, true },     { "ON", SCALAR_BOOL, true },
	{ "n", SCALAR_BOOL, false },     { "N", SCALAR_BOOL, false },
	{ "no", SCALAR_BOOL, false },    { "No", SCALAR_BOOL, false },
	{ "NO", SCALAR_BOOL, false },    { "false", SCALAR_BOOL, false },
	{ "False", SCALAR_BOOL, false }, { "FALSE", SCALAR_BOOL, false },
	{ "off", SCALAR_BOOL, false },   { "Off", SCALAR_BOOL, false },
	{ "OFF", SCALAR_BOOL, false },
};

#define WORD_MAX 5 /* the longest of them */

/* Most scalars are texts, and their first byte says so. */
enum scalar_begin { BEGINS_TEXT, BEGINS_WORD, BEGINS_NUMBER };

static const unsigned char scalar_begins[256] = {
	['~'] = BEGINS_WORD,   ['y'] = BEGINS_WORD,   ['Y'] = BEGINS_WORD,   ['n'] = BEGINS_WORD,
	['N'] = BEGINS_WORD,   ['t'] = BEGINS_WORD,   ['T'] = BEGINS_WORD,   ['o'] = BEGINS_WORD,
	['O'] = BEGINS_WORD,   ['f'] = BEGINS_WORD,   ['F'] = BEGINS_WORD,   ['+'] = BEGINS_NUMBER,
	['-'] = BEGINS_NUMBER, ['.'] = BEGINS_NUMBER, ['0'] = BEGINS_NUMBER, ['1'] = BEGINS_NUMBER,
	['2'] = BEGINS_NUMBER, ['3'] = BEGINS_NUMBER, ['4'] = BEGINS_NUMBER, ['5'] = BEGINS_NUMBER,
	['6'] = BEGINS_NUMBER, ['7'] = BEGINS_NUMBER, ['8'] = BEGINS_NUMBER, ['9'] = BEGINS_NUMBER,
};

static void scalar_read_word(struct str s, struct scalar *out)
{
	const char first = s.n ? s.s[0] : '\0';

	if (s.n > WORD_MAX)
		return;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (*words[i].word == first && str_is(s, words[i].word)) {
			out->kind = words[i].kind;
			out->yes = words[i].yes;
			return;
		}
}

static bool is_infinite(struct str s)
{
	static const char *const names[] = { ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
					     "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF" };

	if (!strchr(".+-", s.s[0]))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(s, names[i]))
			return true;
	return false;
}

/* ---- numbers ---- */

#define NUMBER_MAX  400 /* bytes of one; a longer text is a string */
#define DECIMAL_MAX 18  /* digits that 64 bits hold, whichever they are */

/* Most are: JSON writes them in the same way. */
static bool scalar_read_decimal(struct str s, struct scalar *out)
{
	size_t n = 0;

	if (s.n > DECIMAL_MAX || (s.s[0] == '0' && s.n > 1))
		return false;
	while (n < s.n && s.s[n] >= '0' && s.s[n] <= '9')
		n++;
	if (n < s.n)
		return false;
	out->kind = SCALAR_INT;
	memcpy(out->text, s.s, n);
	out->text[n] = '\0';
	return true;
}

/* Without the underscores, which may stand anywhere behind the first character. */
static bool plain_digits(struct str s, char out[NUMBER_MAX + 1])
{
	size_t n = 0;

	if (s.n > NUMBER_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] != '_')
			out[n++] = s.s[i];
	out[n] = '\0';
	return strlen(out) == n; /* no NUL in it */
}

/* The base that a prefix names; *digits behind the prefix. */
static int base_of(const char *unsigned_text, const char **digits)
{
	static const struct {
		const char *prefix;
		int base;
	} bases[] = { { "0x", 16 }, { "0X", 16 }, { "0o", 8 }, { "0O", 8 },
		      { "0b", 2 },  { "0B", 2 },  { "0", 8 } };

	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
		size_t n = strlen(bases[i].prefix);

		if (strncmp(unsigned_text, bases[i].prefix, n) != 0 || !unsigned_text[n])
			continue;
		*digits = unsigned_text + n;
		return bases[i].base;
	}
	*digits = unsigned_text;
	return 10;
}

static bool scalar_read_int(const char *text, struct scalar *out)
{
	bool minus = *text == '-', sign = minus || *text == '+';
	const char *digits;
	int base = base_of(text + sign, &digits);
	unsigned long long value;
	char *end;

	/* strtoull itself would take white space, a sign, and a further 0x. */
	if (!*digits || digits[strspn(digits, "0123456789abcdefABCDEF")])
		return false;
	errno = 0;
	value = strtoull(digits, &end, base);
	if (*end || errno || (minus && value > 1ull << 63) || (*text == '+' && value >> 63))
		return false;
	out->kind = SCALAR_INT;
	snprintf(out->text, sizeof out->text, "%s%llu", minus && value ? "-" : "", value);
	return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool float_shaped(const char *text)
{
	size_t whole, fraction = 0, exponent;

	text += *text == '-' || *text == '+';
	whole = strspn(text, "0123456789");
	text += whole;
	if (*text == '.') {
		fraction = strspn(text + 1, "0123456789");
		text += 1 + fraction;
	}
	if (!whole && !fraction)
		return false;
	if (*text != 'e' && *text != 'E')
		return !*text;
	text++;
	text += *text == '-' || *text == '+';
	exponent = strspn(text, "0123456789");
	return exponent && !text[exponent];
}

/* The shortest text that reads as the same number. */
static void print_double(double value, char out[SCALAR_TEXT])
{
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(out, SCALAR_TEXT, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			break;
	}
	if (strstr(out, "e+") && value > -1e21 && value < 1e21) /* an integer, then */
		snprintf(out, SCALAR_TEXT, "%.0f", value);
}

static bool scalar_read_float(const char *text, struct scalar *out)
{
	double value;

	if (!float_shaped(text))
		return false;
	value = strtod(text, NULL);
	if (value - value != 0) /* too large */
		return false;
	out->kind = SCALAR_FLOAT;
	print_double(value, out->text);
	return true;
}

/* ---- with its tag ---- */

static void scalar_read_number(struct str text, struct scalar *out)
{
	UNZEROED char digits[NUMBER_MAX + 1];

	if (!scalar_read_decimal(text, out) && plain_digits(text, digits) &&
	    !scalar_read_int(digits, out))
		scalar_read_float(digits, out);
}

/* *out is a text until it turns out to be something else. */
static int scalar_resolve(struct str text, struct scalar *out, struct err *err)
{
	enum scalar_begin begin =
		text.n ? scalar_begins[(unsigned char)text.s[0]] : BEGINS_WORD; /* null */

	if (begin == BEGINS_WORD)
		scalar_read_word(text, out);
	if (begin != BEGINS_NUMBER)
		return 0;
	if (is_infinite(text))
		return err_set(err, ERR_SYNTAX,
			       "%.5s is no value in JSON: put it in quotes if a text is meant",
			       text.s);
	scalar_read_number(text, out);
	return 0;
}

static const struct {
	const char *tag;
	enum scalar_kind kind;
} tags[] = {
	{ "tag:yaml.org,2002:null", SCALAR_NULL },
	{ "tag:yaml.org,2002:bool", SCALAR_BOOL },
	{ "tag:yaml.org,2002:int", SCALAR_INT },
	{ "tag:yaml.org,2002:float", SCALAR_FLOAT },
};

int scalar_read(const struct yaml_node *node, struct scalar *out, struct err *err)
{
	size_t i = 0, n = sizeof tags / sizeof *tags;

	out->kind = SCALAR_STRING;
	out->yes = false;
	out->text[0] = '\0';
	if (!node->tag)
		return node->plain ? scalar_resolve(node->text, out, err) : 0;
	if (!strcmp(node->tag, "tag:yaml.org,2002:binary"))
		return err_set(err, ERR_SYNTAX,
			       "!!binary is not read here: write the text itself, or, in a Secret, "
			       "its base64 form without the tag");
	while (i < n && strcmp(node->tag, tags[i].tag) != 0)
		i++;
	if (i == n) /* !!str, !!timestamp, or one of somebody's own */
		return 0;
	if (scalar_resolve(node->text, out, err) < 0)
		return -1;
	if (out->kind == SCALAR_INT && tags[i].kind == SCALAR_FLOAT)
		out->kind = SCALAR_FLOAT;
	if (out->kind == tags[i].kind)
		return 0;
	return err_set(err, ERR_SYNTAX, "\"%.40s\" does not fit its tag !!%s", node->text.s,
		       tags[i].tag + sizeof "tag:yaml.org,2002:" - 1);
}

int scalar_key(const struct yaml_node *node, struct scalar *scalar, struct str *out,
	       struct err *err)
{
	if (scalar_read(node, scalar, err) < 0)
		return -1;
	switch (scalar->kind) {
	case SCALAR_NULL:
		return err_set(err, ERR_SYNTAX, "a key is empty: put \"\" or \"null\" in quotes");
	case SCALAR_BOOL:
		*out = str_of(scalar->yes ? "true" : "false");
		return 0;
	case SCALAR_INT:
	case SCALAR_FLOAT:
		*out = str_of(scalar->text);
		return 0;
	case SCALAR_STRING:
		*out = node->text;
		return 0;
	}
	return -1;
}
