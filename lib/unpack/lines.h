/* SPDX-License-Identifier: Apache-2.0
 * lines.h - the lines of a packed or plain file, each where it lies in the buffer.
 *
 * A line longer than LINE_MAX is passed over and said to be too long. The buffer grows to the
 * longest line, up to that.
 */
#ifndef LIB_UNPACK_LINES_H
#define LIB_UNPACK_LINES_H

#include "lib/unpack/unpack.h"
#include "lib/base/str.h"

#define LINES_MAX (8u << 20) /* bytes of a line */

struct input_lines {
	struct unpack *source;
	char *buf;
	size_t at, n, room; /* what is left of the buffer begins at `at`, ends at n */
	size_t searched;    /* from `at` on: no newline there */
	bool ended;
	uint64_t number; /* of the last line, from 1 */
	struct err failure;
	bool failed; /* told when what was read before has been given */
};

struct input_line {
	struct str text; /* without newline and CR; valid until the next one */
	uint64_t number;
	bool too_long;    /* text is absent */
	bool cr, unended; /* CR stood before the newline; the file ends without newline */
};

int lines_init(struct input_lines *l, struct unpack *source, struct err *err);
void lines_done(struct input_lines *l);
/* 1: *out is the next line; 0: there are no more; -1, as unpack_read. */
int lines_next(struct input_lines *l, struct input_line *out, struct err *err);

#endif
