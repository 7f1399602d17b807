/* SPDX-License-Identifier: Apache-2.0
 * match.h - which policies concern this request: a hash index over the objects
 * that active policies name, so that the number of rules does not matter.
 */
#ifndef POLICY_MODEL_MATCH_H
#define POLICY_MODEL_MATCH_H

#include "policy/model/model.h"

struct match_entry;

struct match_index {
	struct match_entry **slots;
	size_t mask;                    /* slots - 1 */
	const struct policy **features; /* active policies of rules with `features`, in order */
	size_t features_n;
};

/* -1: the arena is full. */
int match_build(const struct model *model, struct arena *arena, struct match_index *out);

/* The names that an object of this request may go by: the request's, the object's, the old
 * object's. */
struct match_names {
	struct str v[3];
	size_t n;
};

/*
 * Does any policy name objects of this kind one by one? If so a request that
 * brings no name (deletecollection), or whose object says another, must be
 * looked up by the object's own name too.
 */
bool match_by_name(const struct match_index *index, const struct request *req);

struct candidates {
	const struct policy **v;
	size_t n;
};

/*
 * The ordinary policies whose objects fit (labels apart), each once, in order of
 * the set. -1: the arena is full.
 */
int match_find(const struct match_index *index, const struct request *req,
	       const struct match_names *names, struct arena *arena, struct candidates *out);

/*
 * The first of the refs that the request fits, or NULL. labels are looked up in either object
 * (NULL: absent), of an entry about pods in the pod.
 */
struct json;
/* Might it, for all that the envelope tells? The labels are not looked at; without names any fits.
 */
bool ref_may_fit(const struct object_ref *ref, const struct request *req,
		 const struct match_names *names);
const struct object_ref *objects_find(const struct object_ref *refs, const struct request *req,
				      const struct match_names *names,
				      const struct json *new_object, const struct json *old_object);
bool match_objects_fit(const struct object_ref *refs, const struct request *req,
		       const struct match_names *names, const struct json *new_object,
		       const struct json *old_object);

#endif
