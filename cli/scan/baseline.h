/* SPDX-License-Identifier: Apache-2.0
 * baseline.h - an earlier report to compare with; private to cli.
 */
#ifndef CLI_SCAN_BASELINE_H
#define CLI_SCAN_BASELINE_H

#include "cli/report/posture.h"

#define BASELINE_FILE_MAX (64u << 20) /* bytes of a report */

struct baseline;
/* NULL: it cannot be read, or it is no report of `scan -o json`. */
struct baseline *baseline_read(const char *path, struct err *err);
void baseline_free(struct baseline *b); /* NULL is fine */
static inline void baseline_end(struct baseline **b)
{
	baseline_free(*b);
}

/* Marks the findings that are not in it, and lists those of it that are no more. The view then
   points into b. */
void baseline_compare(struct baseline *b, struct posture_results *r, struct posture_view *v);

#endif
