/* SPDX-License-Identifier: Apache-2.0
 * resolve.h - what can only be settled when all files are read: which policies take
 * the place of others, and what $self stands for. Private to the loader.
 */
#ifndef POLICY_LOAD_RESOLVE_H
#define POLICY_LOAD_RESOLVE_H

#include "policy/model/model.h"

/* -1 when memory ran out; what is wrong goes to the report. */
int model_resolve(struct model *model, struct arena *arena, struct policy_report *report);

/*
 * The same for the first `added` policies, and for exceptions and configuration, of a model whose
 * other policies are those of a set: they stay as they are, and none is replaced.
 */
int model_resolve_added(struct model *model, size_t added, struct arena *arena,
			struct policy_report *report);

#endif
