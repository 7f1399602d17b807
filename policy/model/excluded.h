/*
 * excluded.h - resources that no webhook of ours ever asks for.
 */
#ifndef POLICY_MODEL_EXCLUDED_H
#define POLICY_MODEL_EXCLUDED_H

#include "lib/base/str.h"

/* Why requests for the resource are never sent ("..., so ..."); NULL: they may be. */
const char *excluded_why(struct str group, struct str resource);

#endif
