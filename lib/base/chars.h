/* SPDX-License-Identifier: Apache-2.0
 * chars.h - classes of ASCII characters, whatever the locale says.
 */
#ifndef LIB_BASE_CHARS_H
#define LIB_BASE_CHARS_H

#include <stdbool.h>

#include "lib/base/str.h"

static inline bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool char_is_hex(char c)
{
	return char_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A lower-case letter, or a digit: DNS labels are made of them. */
static inline bool char_is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || char_is_digit(c);
}

static inline bool char_is_alnum(char c)
{
	return char_is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* Also the blank. */
static inline bool char_is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* All of the text is of the class, or one of the further characters. */
bool chars_all(struct str s, bool (*class)(char), const char *others);
/* How many digits, or others, the text begins with. */
size_t chars_digits(struct str s, const char *others);

#endif
