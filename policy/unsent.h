/*
 * unsent.h - resources that no webhook of ours ever asks for.
 */
#ifndef POLICY_UNSENT_H
#define POLICY_UNSENT_H

#include "oke/str.h"

/* Why requests for the resource are never sent ("..., so ..."); NULL: they may be. */
const char *unsent_why(struct str group, struct str resource);

#endif
