/* SPDX-License-Identifier: Apache-2.0
 * printable.h - text of a request made fit to be shown: printable ASCII, and short.
 */
#ifndef LIB_BASE_PRINTABLE_H
#define LIB_BASE_PRINTABLE_H

#include "lib/base/arena.h"
#include "lib/base/str.h"

/*
 * Text of a request made fit to be shown: C0, DEL, C1, bidirectional marks and all that is not
 * ASCII escaped (\n, \x1b, \u202e), at most max bytes (max > 3), "..." where it was cut, never
 * within an escape. It may point into raw. {NULL, 0} when the arena is full.
 */
struct str printable_cut(struct str raw, size_t max, struct arena *arena);

/* The same, cut in the middle: a path or a name tells most at its ends. max >= 24. */
struct str printable_middle(struct str raw, size_t max, struct arena *arena);

/* How much of a text that is fit to be shown fits in max bytes without cutting an escape. */
size_t printable_fit(struct str text, size_t max);

#endif
