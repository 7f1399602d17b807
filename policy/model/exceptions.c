/* SPDX-License-Identifier: Apache-2.0
 * exceptions.c - the exceptions of a set: which there are, and what the clock makes of them.
 */
#include "policy/model/exceptions.h"

#include "lib/base/time.h"
#include "oke/policy_print.h"
#include "policy/model/report.h"

enum exception_state exception_state_at(const struct exception *e, int64_t now)
{
	if (now < e->not_before)
		return EXCEPTION_PENDING;
	return now < e->expires ? EXCEPTION_ACTIVE : EXCEPTION_EXPIRED;
}

void policy_set_exceptions(const struct policy_set *set, int64_t now, size_t out[EXCEPTION_STATES])
{
	for (size_t i = 0; i < EXCEPTION_STATES; i++)
		out[i] = 0;
	for (const struct exception *e = set->model.exceptions; e; e = e->next)
		out[exception_state_at(e, now)]++;
}

bool policy_set_exception_at(const struct policy_set *set, size_t i, int64_t now,
			     struct exception_info *out)
{
	const struct exception *e = set->model.exceptions;

	while (e && i--)
		e = e->next;
	if (!e)
		return false;
	*out = (struct exception_info){ .name = e->name,
					.ticket = e->ticket,
					.approved_by = e->approved_by,
					.reason = e->reason,
					.not_before = e->not_before,
					.expires = e->expires,
					.action = e->action,
					.state = exception_state_at(e, now) };
	return true;
}

bool policy_set_has_exception(const struct policy_set *set, struct str name)
{
	const struct exception *e = set->model.exceptions;

	while (e && !str_eq(e->name, name))
		e = e->next;
	return e;
}

void policy_set_lint(const struct policy_set *set, int64_t now, struct policy_report *report)
{
	policy_set_version_lint(set, now, report);
	for (const struct exception *e = set->model.exceptions; e; e = e->next) {
		char when[TIME_TEXT];

		if (now < e->expires)
			continue;
		time_print(e->expires, when);
		report_message(report, false, &e->origin,
			       "exception \"%.*s\" has expired at %s: remove it", QUOTED(e->name),
			       when);
	}
}
