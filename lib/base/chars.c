/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/chars.h"

bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool char_is_hex(char c)
{
	return char_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool char_is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || char_is_digit(c);
}

bool char_is_alnum(char c)
{
	return char_is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool char_is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

bool chars_all(struct str s, bool (*class)(char), const char *others)
{
	for (size_t i = 0; i < s.n; i++)
		if (!class(s.s[i]) && (!s.s[i] || !strchr(others, s.s[i])))
			return false;
	return true;
}

size_t chars_digits(struct str s, const char *others)
{
	size_t n = 0;

	while (n < s.n && (char_is_digit(s.s[n]) || (s.s[n] && strchr(others, s.s[n]))))
		n++;
	return n;
}
