/*
 * required.h - which objects a rule marked failClosed stands for; private to
 * webhooks_required.c and validate_required.c, which must see the same.
 */
#ifndef POLICY_WEBHOOKS_REQUIRED_H
#define POLICY_WEBHOOKS_REQUIRED_H

#include "policy/webhooks/interest.h"

struct required_object {
	struct target where;
	struct strings names;           /* of which those count that `other` takes too */
	const struct object_ref *other; /* of the two, the one that may name more */
};

/* What the policy's object and the rule's have in common; false: nothing. */
bool required_object(const struct object_ref *a, const struct object_ref *b,
		     struct required_object *out);

/* Is the rule's answer a denial, so that a dead guard refuses no more than a living one may? */
bool required_denies(const struct config *config, const struct rule *rule);

#endif
