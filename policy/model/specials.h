/* SPDX-License-Identifier: Apache-2.0
 * specials.h - the words for questions that stand where values do.
 */
#ifndef POLICY_MODEL_SPECIALS_H
#define POLICY_MODEL_SPECIALS_H

#include <stddef.h>

/* By the number of the bit in enum when_special: as it is written, and in words; NULL: the end. */
const char *special_text(size_t i);
const char *special_words(size_t i);

#endif
