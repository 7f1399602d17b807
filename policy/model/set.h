/* SPDX-License-Identifier: Apache-2.0
 * set.h - a loaded, immutable set of policies; private to policy/.
 */
#ifndef POLICY_MODEL_SET_H
#define POLICY_MODEL_SET_H

#include "lib/base/slot.h"
#include "policy/model/match.h"
#include "policy/model/model.h"

/* Memory of a set: the model of all policies and their index. */
#define SET_ARENA_MAX (256u << 20)

struct policy_set {
	struct shared shared; /* first: slot.h */
	struct arena arena;
	struct model model;
	struct match_index index;
	enum version_from version_from; /* of the fact `kubernetes` */
	uint64_t files;                 /* policy_set_files */
};

/* NULL: nobody told it. */
const struct fact *config_fact(const struct config *config, struct str name);

#endif
