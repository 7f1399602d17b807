/* SPDX-License-Identifier: Apache-2.0
 * report.c - a message with its place, fit to be shown: files may hold any byte.
 */
#include "policy/model/report.h"

#include <stdarg.h>

#define MESSAGE_TEXT_MAX 1500

/* Printable ASCII as it is, all else as \xNN: a terminal obeys control characters. */
static size_t report_escape(const char *from, char *to, size_t room)
{
	size_t n = 0;

	for (; *from && n + 5 < room; from++) {
		unsigned char c = (unsigned char)*from;

		if (c >= ' ' && c <= '~')
			to[n++] = (char)c;
		else
			n += (size_t)snprintf(to + n, room - n, "\\x%02x", c);
	}
	to[n] = '\0';
	return n;
}

void report_message(struct policy_report *report, bool error, const struct origin *at,
		    const char *fmt, ...)
{
	char text[800], shown[MESSAGE_TEXT_MAX];
	size_t n = 0;
	va_list ap;

	if (error)
		report->errors++;
	else
		report->warnings++;
	if (!report->message && !report->why)
		return;
	if (at && at->file) {
		n = report_escape(at->file, shown, 500);
		if (at->line)
			n += (size_t)snprintf(shown + n, sizeof shown - n, ":%u:%u", at->line,
					      at->column);
		n += (size_t)snprintf(shown + n, sizeof shown - n, ": ");
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	report_escape(text, shown + n, sizeof shown - n);
	if (error && report->why && !*report->why)
		snprintf(report->why, report->why_room, "%s", shown);
	if (report->message)
		report->message(report->ctx, error, shown);
}
