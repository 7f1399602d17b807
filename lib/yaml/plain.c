/* SPDX-License-Identifier: Apache-2.0
 * plain.c - what a text without quotes means to the many readers of YAML: more than one
 * reader, so generous.
 */
#include "lib/yaml/plain.h"

#include <strings.h>

#include "lib/base/chars.h"

static const char *const booleans[] = { "y", "yes", "n", "no", "true", "false", "on", "off" };

static size_t plain_exponent(struct str s)
{
	size_t n = 0, sign;

	if (s.n < 2 || (s.s[0] != 'e' && s.s[0] != 'E'))
		return 0;
	sign = s.s[1] == '-' || s.s[1] == '+';
	n = chars_digits(str_from(s, 1 + sign), "");
	return n ? 1 + sign + n : 0;
}

/* Integers of base 2 to 60, fractions, exponents; more than one reader, so generous. */
static bool is_number(struct str s)
{
	size_t whole, fraction = 0;

	if (s.n && (s.s[0] == '-' || s.s[0] == '+'))
		s = str_from(s, 1);
	if (s.n == 4 && (!strncasecmp(s.s, ".inf", 4) || !strncasecmp(s.s, ".nan", 4)))
		return true;
	if (s.n > 2 && s.s[0] == '0' && strchr("xXoObB", s.s[1]))
		return chars_all(str_from(s, 2), char_is_hex, "_");
	whole = chars_digits(s, "_:");
	if (whole && !char_is_digit(s.s[0]))
		return false;
	s = str_from(s, whole);
	if (s.n && s.s[0] == '.') {
		s = str_from(s, 1);
		fraction = chars_digits(s, "_");
		s = str_from(s, fraction);
	}
	if (whole + fraction)
		s = str_from(s, plain_exponent(s));
	return whole + fraction && !s.n;
}

/* 2026-11-30, also with a time behind it */
static bool is_date(struct str s)
{
	return s.n >= 8 && chars_digits(s, "") == 4 && s.s[4] == '-' &&
	       chars_digits(str_from(s, 5), "-") >= 3 && chars_all(s, char_is_digit, "-:.+TtZz ");
}

/* What has a meaning begins with one of these; most texts do not. */
static bool begins_as_one(char c)
{
	return char_is_digit(c) || (c && strchr("+-.~=yYnNtTfFoO", c));
}

const char *plain_meaning(struct str s)
{
	if (s.n && !begins_as_one(s.s[0]))
		return NULL;
	if (!s.n || str_is(s, "~") || (s.n == 4 && !strncasecmp(s.s, "null", 4)))
		return "null";
	for (size_t i = 0; i < sizeof booleans / sizeof *booleans; i++)
		if (s.n == strlen(booleans[i]) && !strncasecmp(s.s, booleans[i], s.n))
			return "a boolean";
	if (is_number(s))
		return "a number";
	if (is_date(s))
		return "a date";
	return str_is(s, "=") ? "a default value" : NULL;
}
