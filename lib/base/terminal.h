/* SPDX-License-Identifier: Apache-2.0
 * terminal.h - what is written for somebody who looks at a terminal: colour, and a line of
 * progress that goes again.
 */
#ifndef LIB_BASE_TERMINAL_H
#define LIB_BASE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define COLOUR_BAD  "\033[31m"
#define COLOUR_WARN "\033[33m"
#define COLOUR_NOTE "\033[36m"
#define COLOUR_DIM  "\033[2m"
#define COLOUR_OFF  "\033[0m"

/* A terminal that can move its cursor: $TERM is set, and not "dumb". */
bool terminal_is(FILE *f);

/* The same, and NO_COLOR is not set, or empty (no-color.org). */
bool terminal_has_colour(FILE *f);

/* A line on stderr. All zeros: nothing is ever shown. */
struct progress {
	bool on, shown;
	int64_t next; /* milliseconds: not before that time */
};

/* On a terminal; the first line comes after a second, so that quick work shows none. */
void progress_start(struct progress *p);
/* Is it time for another line? Five come in a second. */
bool progress_is_due(struct progress *p);
__attribute__((format(printf, 2, 3))) void progress_show(struct progress *p, const char *fmt, ...);
/* Before anything else is written to the terminal, and at the end. */
void progress_clear(struct progress *p);

#endif
