/* SPDX-License-Identifier: Apache-2.0
 * strings.h - a list of texts.
 */
#ifndef LIB_BASE_STRINGS_H
#define LIB_BASE_STRINGS_H

#include <stdbool.h>

#include "lib/base/str.h"

struct strings {
	struct str *v;
	size_t n;
};

bool strings_hold(const struct strings *list, struct str s);
/* Do they have one in common? */
bool strings_meet(const struct strings *a, const struct strings *b);

#endif
