/* SPDX-License-Identifier: Apache-2.0
 * patterns.c - identity patterns that mean more people than their author thinks.
 *
 * Whoever is exempt is never judged, whoever is in a set is trusted by rules, and
 * whoever is a customer may be denied. So a pattern that takes in everybody, or a
 * part of the control plane as a customer, is a mistake that costs the guard or
 * the cluster: an error. system:masters is a warning: the group may be meant, and
 * is often more people than one.
 */
#include "policy/model/identity.h"
#include "policy/load/parts.h"

#define BEFORE_STAR_MIN 4 /* characters: fewer tell nobody from anybody */

/* What comes with being let in at all. Of the last, any beginning of it holds all accounts. */
static const char *const everybody_groups[] = { "system:authenticated", "system:unauthenticated",
						"system:serviceaccounts" };
static const char *const everybody_users[] = { "system:anonymous" };

#define ACCOUNT   "system:serviceaccount:"
#define ACCOUNTS  "system:serviceaccounts:"
#define LENGTH(a) (sizeof(a) / sizeof *(a))

static bool pattern_takes(const struct name_pattern *p, const char *name)
{
	return p->prefix ? str_starts(str_of(name), p->text) : str_is(p->text, name);
}

/* Does it take names that begin so, or all of them? */
static bool pattern_takes_beginning(const struct name_pattern *p, const char *beginning)
{
	return pattern_takes(p, beginning) || str_starts(p->text, str_of(beginning));
}

static const char *everybody_of(const struct name_pattern *p, enum pattern_of of)
{
	const char *const *names = of == PATTERN_USER ? everybody_users : everybody_groups;
	size_t n = of == PATTERN_USER ? LENGTH(everybody_users) : LENGTH(everybody_groups);
	const char *accounts = of == PATTERN_USER ? ACCOUNT : ACCOUNTS;

	for (size_t i = 0; i < n; i++)
		if (pattern_takes(p, names[i]))
			return names[i];
	return p->prefix && pattern_takes(p, accounts) ? "every service account" : NULL;
}

/* A user name that belongs to the control plane, or a group whose members are exempt. */
static const char *exempt_user(const struct name_pattern *p)
{
	const char *name, *group;

	for (size_t i = 0; (name = identity_exempt_name(i)); i++)
		if (pattern_takes(p, name))
			return name;
	for (size_t i = 0; (name = identity_exempt_prefix(i, &group)); i++)
		if (pattern_takes_beginning(p, name))
			return name;
	for (size_t i = 0; (name = identity_exempt_account(i)); i++) {
		char account[256];

		snprintf(account, sizeof account, ACCOUNT "kube-system:%s", name);
		if (pattern_takes(p, account))
			return name;
	}
	return NULL;
}

static const char *exempt_group(const struct name_pattern *p)
{
	const char *group;

	for (size_t i = 0; identity_exempt_prefix(i, &group); i++)
		if (pattern_takes(p, group))
			return group;
	return pattern_takes(p, ACCOUNTS "kube-system") ? ACCOUNTS "kube-system" : NULL;
}

void pattern_check(struct load_reader *r, const struct yaml_node *n, const struct name_pattern *p,
		   const struct pattern_kind *kind)
{
	const char *who = everybody_of(p, kind->of);

	if (p->prefix && p->text.n < BEFORE_STAR_MIN)
		read_error(r, n,
			   "\"%.*s*\" is too wide: write at least %d characters before the star",
			   QUOTED(p->text), BEFORE_STAR_MIN);
	else if (who)
		read_error(r, n, "\"%.*s%s\" means everybody (%s): name those who are meant",
			   QUOTED(p->text), p->prefix ? "*" : "", who);
	else if (kind->customer &&
		 (who = kind->of == PATTERN_USER ? exempt_user(p) : exempt_group(p)))
		read_error(r, n,
			   "\"%.*s%s\" takes in a part of the control plane (%s), which is no "
			   "customer: name the customers alone",
			   QUOTED(p->text), p->prefix ? "*" : "", who);
	else if (kind->of == PATTERN_GROUP && pattern_takes(p, "system:masters"))
		read_warning(r, n,
			     "system:masters holds every administrator, and everybody who has a "
			     "certificate with it: name people or a group of your own");
}

void account_check(struct load_reader *r, const struct yaml_node *n,
		   const struct service_account *a)
{
	const char *name;

	for (size_t i = 0; (name = identity_exempt_account(i)); i++)
		if (str_is(a->namespace, "kube-system") && str_is(a->name, name))
			read_error(r, n,
				   "kube-system/%s is a part of the control plane, which is no "
				   "customer: leave it out",
				   name);
}
