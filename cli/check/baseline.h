/* SPDX-License-Identifier: Apache-2.0
 * baseline.h - an earlier report of `oke-guard check -o json`: what stands in it does not count
 * again.
 *
 * A finding is known again by its rule, its object (group of the API, kind, namespace, name), its
 * path and its gate; not by file or line. It is known as often as it stands in the report, and up
 * to the action that it has there: what was a warning and is a denial now is new.
 */
#ifndef CLI_CHECK_BASELINE_H
#define CLI_CHECK_BASELINE_H

#include "cli/report/report.h"

#define CHECK_BASELINE_MAX (64u << 20) /* bytes of the file */

struct check_baseline;

/* NULL: it cannot be read, or is no such report. */
struct check_baseline *check_baseline_read(const char *path, struct err *err);
void check_baseline_free(struct check_baseline *b); /* NULL is fine */

/* Is it known? Each one that stands in the report is taken once. */
bool check_baseline_take(struct check_baseline *b, const struct report_object *o,
			 const struct report_finding *f);

/* How many were not taken: they are no more. */
size_t check_baseline_left(const struct check_baseline *b);

/* The work of all questions so far: keys that were compared. */
size_t check_baseline_compared(const struct check_baseline *b);

#endif
