/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/chars.h"

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
