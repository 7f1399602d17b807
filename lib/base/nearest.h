/* SPDX-License-Identifier: Apache-2.0
 * nearest.h - which of the known words did the writer most likely mean?
 *
 *	struct nearest n;
 *
 *	nearest_start(&n, word);
 *	for each known word: nearest_try(&n, known);
 *	if (n.best.s) ... "did you mean ..."
 *
 * Compared without case; letters that are left out, added, changed or swapped count. A word
 * of three letters or more that a known one begins with is one letter away from it.
 */
#ifndef LIB_BASE_NEAREST_H
#define LIB_BASE_NEAREST_H

#include "lib/base/str.h"

#define NEAREST_WORD_MAX 64 /* longer words are never near anything */

struct nearest {
	struct str word, best; /* best.s is NULL while none is near */
	size_t distance;       /* of best; while there is none: how far is still near */
};

void nearest_start(struct nearest *n, struct str word);
void nearest_try(struct nearest *n, struct str known);
/* The nearest of n names; NULL: none. */
const char *nearest_of(const char *word, const char *const *names, size_t n);

#endif
