/* SPDX-License-Identifier: Apache-2.0
 * chars.h - classes of ASCII characters, whatever the locale says.
 */
#ifndef LIB_BASE_CHARS_H
#define LIB_BASE_CHARS_H

#include <stdbool.h>

#include "lib/base/str.h"

bool char_is_digit(char c);
bool char_is_hex(char c);
bool char_is_lower(char c); /* a lower-case letter, or a digit: DNS labels are made of them */
bool char_is_alnum(char c);
bool char_is_printable(char c); /* also the blank */

/* All of the text is of the class, or one of the further characters. */
bool chars_all(struct str s, bool (*class)(char), const char *others);
/* How many digits, or others, the text begins with. */
size_t chars_digits(struct str s, const char *others);

#endif
