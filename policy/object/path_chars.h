/* SPDX-License-Identifier: Apache-2.0
 * path_chars.h - what may stand in a path without quotes; private to path.c, which writes
 * them, and path_read.c.
 */
#ifndef POLICY_OBJECT_PATH_CHARS_H
#define POLICY_OBJECT_PATH_CHARS_H

#include "lib/base/chars.h"

static inline bool is_path_word(char c)
{
	return char_is_alnum(c) || c == '_' || c == '-';
}

/* In a [key=value]. */
static inline bool is_path_plain(char c)
{
	return is_path_word(c) || (c && strchr("./:@+%~", c));
}

#endif
