/* SPDX-License-Identifier: Apache-2.0
 * describe.h - a rule in words, for reports that describe the rules they name.
 */
#ifndef CLI_CHECK_DESCRIBE_H
#define CLI_CHECK_DESCRIBE_H

#include "cli/report/report.h"

/* A report_describe_fn; ctx is the struct policy_set. */
void check_describe(void *ctx, const struct report_finding *f, struct arena *arena,
		    struct report_rule *out);

#endif
