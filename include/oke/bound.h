/* SPDX-License-Identifier: Apache-2.0
 * bound.h - the highest action that any rule could give a request of which not all is known.
 *
 * An audit log often holds who did what to which object, and not the object, or not what it
 * was before. What is known of the request is judged; what is not known may be anything. Like
 * policy_judge this is pure.
 */
#ifndef OKE_BOUND_H
#define OKE_BOUND_H

#include "oke/policy.h"

/* The places that an UPDATE can have changed: keys from the root down, nothing below lists. */
#define TOUCHED_STEPS 3
#define TOUCHED_MAX   256

struct touched {
	bool all; /* anything may have changed; v does not count */
	size_t n;
	struct touched_place {
		size_t n; /* 1..TOUCHED_STEPS: that place, or something below it */
		struct str steps[TOUCHED_STEPS];
	} v[TOUCHED_MAX];
};

struct bound {
	/* The highest there can be; findings are those that may be, each policy's strongest. */
	struct verdict most;
	size_t certain_n;  /* the first of its findings: these are certain */
	enum action least; /* the verdict is at least this: equal to most.action, it is certain */
};

/*
 * req->object and req->old_object, where present, are what the guard would have seen; where
 * absent they are unknown, and so are an absent name and a DELETE's absent options. touched may be
 * NULL: anything. All that *out points to lives in the arena and in set and request. -1 with
 * ERR_LIMIT, ERR_SYNTAX (an object cannot be read) or ERR_NOMEM.
 */
int policy_bound(const struct policy_set *set, const struct request *req,
		 const struct touched *touched, int64_t now, struct arena *arena, struct bound *out,
		 struct err *err);

/*
 * Does a policy name the request's object, whatever the operation and whoever asks? An absent
 * name may be any. false also when the arena is full.
 */
bool policy_names(const struct policy_set *set, const struct request *req, struct arena *arena);

/* A mark of all objects that the set's policies name: other objects, another mark. */
uint64_t policy_objects_mark(const struct policy_set *set);

/* Who asks, by the set's configuration. */
enum identity_class policy_identity(const struct policy_set *set, const struct user *user);

#endif
