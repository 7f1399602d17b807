/* SPDX-License-Identifier: Apache-2.0
 * strings.c - what a list of texts holds. Lists are short: they are walked.
 */
#include "lib/base/strings.h"

bool strings_hold(const struct strings *list, struct str s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], s))
			return true;
	return false;
}

bool strings_meet(const struct strings *list, const struct strings *others)
{
	for (size_t i = 0; i < others->n; i++)
		if (strings_hold(list, others->v[i]))
			return true;
	return false;
}
