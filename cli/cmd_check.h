/* SPDX-License-Identifier: Apache-2.0
 * cmd_check.h - what the parts of `oke-guard check` share; private to cmd_check*.c.
 */
#ifndef CLI_CMD_CHECK_H
#define CLI_CMD_CHECK_H

#include "policy/manifest/manifest.h"
#include "cli/check/baseline.h"
#include "cli/report/report.h"
#include "lib/base/terminal.h"

struct checking {
	const struct policy_set *set;
	const char *namespace; /* of objects that do not name one */
	struct user user;      /* whom exceptions are looked up for; may be absent */
	unsigned minor, to;    /* to 0: no preflight */
	int64_t now;
	enum action fail_on;
	struct report *report;
	struct report_summary summary;
	struct progress progress;
	struct check_baseline *baseline;                             /* or NULL */
	void (*problem)(void *ctx, unsigned line, const char *text); /* of an annotation */
	void *problem_ctx;
	bool counts; /* a finding, or a change, that --fail-on counts */
};

/* Judge the last object of m and report it. -1: no verdict was reached. */
int cmd_check_object(struct checking *c, const struct report_place *place, const struct manifest *m,
		     const struct manifest_object *object, struct arena *arena, struct err *err);

#endif
