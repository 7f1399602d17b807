/* SPDX-License-Identifier: Apache-2.0
 * ignores.h - the findings that a manifest says itself are to be ignored by `oke-guard check`.
 *
 *	metadata:
 *	  annotations:
 *	    oke-guard.internal/check-ignore: |
 *	      alpha/fields until 2027-01-31: waits for 1.36, where it is beta
 *	      alpha/fields ContainerStopSignals until 2026-12-24: being removed
 *
 * A line each: a rule, then perhaps a gate or a path, an end, and a reason. The day of the end is
 * the last one that counts (UTC). The webhook does not look at it.
 */
#ifndef CLI_CHECK_IGNORES_H
#define CLI_CHECK_IGNORES_H

#include "cli/report/report.h"
#include "policy/manifest/manifest.h"

#define CHECK_IGNORE_ANNOTATION "oke-guard.internal/check-ignore"
#define CHECK_IGNORES_MAX       64 /* lines of an object */

struct check_ignore {
	struct str rule, what; /* "alpha/fields"; a gate or a path, or empty */
	struct str until, reason;
	bool over; /* its end has come */
	bool used;
};

struct check_ignores {
	struct check_ignore v[CHECK_IGNORES_MAX];
	size_t n;
	unsigned line; /* of the annotation; 0: there is none */
};

/*
 * Those of the last object of m. What is wrong with a line goes to `problem`, with the line of the
 * annotation; such a line ignores nothing. Texts are in the arena, and printable.
 */
void check_ignores_read(const struct manifest *m, const struct manifest_object *o, int64_t now,
			struct arena *arena, struct check_ignores *out,
			void (*problem)(void *ctx, unsigned line, const char *text), void *ctx);

/* The one that the finding falls under; of one that is over and one that is not, the latter. NULL:
 * none. */
struct check_ignore *check_ignores_find(struct check_ignores *all, const struct report_finding *f);

#endif
