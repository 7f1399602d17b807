/* SPDX-License-Identifier: Apache-2.0
 * tell.h - what was found in one file after the other, to the report and to the standard error:
 * what the baseline knows, what counts, and the summary.
 */
#ifndef CLI_CHECK_TELL_H
#define CLI_CHECK_TELL_H

#include "cli/check/baseline.h"
#include "cli/check/jobs.h"
#include "lib/base/terminal.h"

struct check_tell {
	struct report *report;
	FILE *out; /* of the report */
	struct report_summary summary;
	struct progress progress;
	struct check_baseline *baseline; /* or NULL */
	enum action fail_on;
	bool counts;    /* a finding, or a change, that --fail-on counts */
	size_t objects; /* told so far, of all files */
};

/* As struct check_work has it; ctx is a struct check_tell. */
bool check_tell_item(void *ctx, const struct check_file *file, const struct check_item *item);

#endif
