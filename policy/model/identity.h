/* SPDX-License-Identifier: Apache-2.0
 * identity.h - who is it: exempt, customer or unknown, and in which named sets.
 *
 * Names are compared exactly and never alone where a group proves the name: a
 * user name may hold any text, and whoever may create service accounts in
 * kube-system can call one x-controller.
 */
#ifndef POLICY_MODEL_IDENTITY_H
#define POLICY_MODEL_IDENTITY_H

#include "policy/model/model.h"

struct identity {
	enum identity_class class;
	const char *why; /* which list said so, for the trace */
	const struct config *config;
	const struct user *user;
	struct str account_namespace,
		account_name; /* of a service account's user name, else absent */
};

void identity_of(const struct config *config, const struct user *user, struct identity *out);

/* Does the list name it? Accounts need their namespace's group. */
bool identity_in_list(const struct identity *id, const struct identity_list *list);

/* Is it a member of the named set? Accounts need their namespace's group. */
bool identity_in_set(const struct identity *id, struct str set);

/* Have members of the set been configured (besides the product's own accounts)? */
bool identity_set_filled(const struct config *config, struct str set);
/* Of any of the sets? */
bool identity_sets_filled(const struct config *config, const struct strings *sets);

/* The built-in exempt ones by number, as they are compared; NULL at the end. */
const char *identity_exempt_name(size_t i);                       /* by name alone */
const char *identity_exempt_prefix(size_t i, const char **group); /* by name and group */
const char *identity_exempt_account(size_t i); /* of kube-system, and its group */

/* The service account of that name: would its tokens be exempt, is it in any named set? */
bool account_is_exempt(const struct config *config, struct str namespace, struct str name);
bool account_in_sets(const struct config *config, struct str namespace, struct str name);
/* One of those that the chart makes, or a member of guardAdmins? */
bool account_of_guard(const struct config *config, struct str namespace, struct str name);

/*
 * What a binding or a certificate would make of a name: one that is trusted by itself; a group
 * that the configuration exempts; one that proves a node's name; a member of a named set, those of
 * documented software apart.
 */
bool user_is_exempt(const struct config *config, struct str name);
bool group_is_exempt(const struct config *config, struct str name);
bool group_proves_exempt(struct str name);
bool user_granted_in_sets(const struct config *config, struct str name);
bool account_granted_in_sets(const struct config *config, struct str namespace, struct str name);

/*
 * Is it the name of a set that `self` makes: $self.agent, $self.scan,
 * $self.writers.tls, $self.writers.extra?
 * *members are the accounts of one of writers, else NULL.
 */
bool identity_self_set(const struct config *config, struct str set,
		       const struct service_account **members);

#endif
