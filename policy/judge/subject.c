/* SPDX-License-Identifier: Apache-2.0
 * subject.c - RBAC subjects, and the subjects of certificates.
 *
 * A group is taken from bindings only where the configuration exempts it: groups such as
 * system:nodes prove nothing alone. In a certificate they make the name count.
 */
#include "policy/judge/subject.h"

#include "policy/judge/csr.h"

static bool account_is(const struct judge *j, unsigned specials, struct str namespace,
		       struct str name)
{
	if (specials & SPECIAL_EXEMPT_SUBJECT && account_is_exempt(j->config, namespace, name))
		return true;
	if (specials & SPECIAL_GUARD_SUBJECT && account_of_guard(j->config, namespace, name))
		return true;
	return specials & SPECIAL_SET_SUBJECT &&
	       account_granted_in_sets(j->config, namespace, name);
}

/* A service account may be bound by the name of its user too. */
static bool user_is(const struct judge *j, unsigned specials, struct str name)
{
	static const struct str account = { "system:serviceaccount:", 22 };
	const char *colon;
	struct str rest;

	if (str_starts(name, account)) {
		rest = str_from(name, account.n);
		colon = rest.n ? memchr(rest.s, ':', rest.n) : NULL;
		return colon &&
		       account_is(j, specials, (struct str){ rest.s, (size_t)(colon - rest.s) },
				  str_from(rest, (size_t)(colon - rest.s) + 1));
	}
	return (specials & SPECIAL_EXEMPT_SUBJECT && user_is_exempt(j->config, name)) ||
	       (specials & SPECIAL_SET_SUBJECT && user_granted_in_sets(j->config, name));
}

static bool bound_is(const struct judge *j, unsigned specials, const struct json *v)
{
	struct str kind = json_str(json_get(v, STR("kind")));
	struct str name = json_str(json_get(v, STR("name")));

	if (str_is(kind, "ServiceAccount"))
		return account_is(j, specials, json_str(json_get(v, STR("namespace"))), name);
	if (str_is(kind, "User"))
		return user_is(j, specials, name);
	return str_is(kind, "Group") && specials & SPECIAL_EXEMPT_SUBJECT &&
	       group_is_exempt(j->config, name);
}

struct csr_test {
	const struct judge *j;
	unsigned specials;
	bool held;
};

static void csr_name(void *ctx, bool group, struct str name)
{
	struct csr_test *t = ctx;

	t->held |=
		group ? t->specials & SPECIAL_EXEMPT_SUBJECT &&
				(group_proves_exempt(name) || group_is_exempt(t->j->config, name))
		      : user_is(t->j, t->specials, name);
}

bool subject_is(const struct judge *j, unsigned specials, const struct json *v)
{
	struct csr_test t = { .j = j, .specials = specials };

	if (v->type == JSON_OBJECT)
		return bound_is(j, specials, v);
	if (v->type == JSON_STRING)
		csr_names(json_str(v), j->arena, csr_name, &t);
	return t.held;
}
