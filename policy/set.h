/*
 * set.h - a loaded, immutable set of policies; private to this folder.
 */
#ifndef POLICY_SET_H
#define POLICY_SET_H

#include "oke/slot.h"
#include "policy/match.h"
#include "policy/model.h"

/* Memory of a set: the model of all policies and their index. */
#define SET_ARENA_MAX (256u << 20)

struct policy_set {
	struct shared shared; /* first: slot.h */
	struct arena arena;
	struct model model;
	struct match_index index;
};

#endif
