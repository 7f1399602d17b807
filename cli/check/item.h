/* SPDX-License-Identifier: Apache-2.0
 * item.h - what `oke-guard check` found in a file, piece by piece, until it is told.
 *
 * Files are judged at the same time and told one after the other. What is found before its file's
 * turn is kept, as a copy.
 */
#ifndef CLI_CHECK_ITEM_H
#define CLI_CHECK_ITEM_H

#include "cli/report/report.h"

enum check_item_kind {
	CHECK_ITEM_OBJECT, /* object and its findings, in the order of their lines */
	CHECK_ITEM_ERROR,  /* what could not be read: text, with document and line or 0 */
	CHECK_ITEM_NOTE,   /* text, a whole line for the standard error */
	CHECK_ITEM_COUNTS, /* of the file, at its end */
};

struct check_counts {
	size_t files, skipped, documents, objects;
	size_t errors; /* beside those that are told */
};

struct check_item {
	struct check_item *next;
	enum check_item_kind kind;
	unsigned document, line; /* of an error */
	const char *text;        /* of an error or a note */
	/* Its place has no file yet: who tells it knows. The baseline has not been asked yet. */
	struct report_object object;
	struct report_finding *findings;
	size_t findings_n;
	struct check_counts counts;
};

/* With all texts, in the arena. NULL: no room in it, and no memory. */
struct check_item *check_item_copy(const struct check_item *item, struct arena *arena);

#endif
