/* SPDX-License-Identifier: Apache-2.0
 * excluded.h - resources that no webhook of ours ever asks for.
 */
#ifndef POLICY_MODEL_EXCLUDED_H
#define POLICY_MODEL_EXCLUDED_H

#include <stdbool.h>

#include "lib/base/str.h"

/* Why requests for the resource are never sent ("..., so ..."); NULL: they may be. */
const char *excluded_why(struct str group, struct str resource);

/*
 * Endpoints and EndpointSlices: those that a policy names, or knows by a label, have an entry of
 * their own, whose condition leaves the others out.
 */
bool unsent_but_named(struct str group, struct str resource);

#endif
