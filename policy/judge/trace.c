/* SPDX-License-Identifier: Apache-2.0
 * trace.c - the steps of a decision in words, for whoever listens.
 */
#include "policy/judge/judge.h"

#include <stdarg.h>

#include "lib/base/attributes.h"

void judge_step(const struct judge *j, int step, const char *fmt, ...)
{
	UNZEROED char line[600];
	va_list ap;
	int n;

	if (!j->trace)
		return;
	n = snprintf(line, sizeof line, "%d ", step);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
	va_end(ap);
	j->trace->line(j->trace->ctx, line);
}
