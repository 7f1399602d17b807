/* SPDX-License-Identifier: Apache-2.0
 * names.c - the words for the enumerations, as policies, annotations, metrics
 * and logs write them.
 */
#include "oke/policy.h"

#define NAME(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "?")

const char *operation_name(enum operation op)
{
	switch (op) {
	case OP_CREATE:
		return "CREATE";
	case OP_UPDATE:
		return "UPDATE";
	case OP_DELETE:
		return "DELETE";
	case OP_CONNECT:
		return "CONNECT";
	}
	return "?";
}

const char *tier_name(enum tier t)
{
	static const char *const names[] = { "supported", "best-effort", "unsupported" };

	return NAME(names, t);
}

const char *action_name(enum action a)
{
	static const char *const names[] = { "allow", "audit", "warn", "deny" };

	return NAME(names, a);
}

const char *mode_name(enum mode m)
{
	static const char *const names[] = { "audit", "warn", "enforce" };

	return NAME(names, m);
}

const char *identity_class_name(enum identity_class c)
{
	static const char *const names[] = { "unknown", "customer", "exempt" };

	return NAME(names, c);
}

const char *exception_state_name(enum exception_state s)
{
	static const char *const names[] = { "pending", "active", "expired" };

	return NAME(names, s);
}
