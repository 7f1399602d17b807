/* SPDX-License-Identifier: Apache-2.0
 * preflight.h - what becomes of an object when the cluster goes from one minor to a later one.
 */
#ifndef POLICY_ALPHA_PREFLIGHT_H
#define POLICY_ALPHA_PREFLIGHT_H

#include "oke/policy.h"

enum preflight_kind {
	PREFLIGHT_REMOVED,    /* an API version, a field or a gate that is no longer there */
	PREFLIGHT_DEPRECATED, /* still there, and announced to go */
	PREFLIGHT_ALPHA,      /* alpha then, and not now */
	PREFLIGHT_ALPHA_FREE, /* alpha now, beta then */
	PREFLIGHT_ALLOWED,    /* alpha now, generally available then */
};
#define PREFLIGHT_KINDS 5

struct preflight {
	enum preflight_kind kind;
	const struct place *place; /* NULL: the object */
	struct str path, gate;     /* fit to be shown; either may be empty */
	struct str message, remedy;
};

const char *preflight_name(enum preflight_kind kind); /* "alpha-free" */

/*
 * All changes between the minors, in the arena. -1 with ERR_LIMIT or ERR_NOMEM. req: offline; an
 * object that cannot be read has none.
 */
int preflight_find(unsigned from, unsigned to, const struct request *req, struct arena *arena,
		   struct preflight **out, size_t *n, struct err *err);

#endif
