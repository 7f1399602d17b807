/* SPDX-License-Identifier: Apache-2.0
 * aliases.h - names that rules of the built-in policies had.
 */
#ifndef POLICY_LOAD_ALIASES_H
#define POLICY_LOAD_ALIASES_H

#include "policy/model/model.h"

/*
 * Overrides, exceptions and failClosed that name a rule by the name that it had get its name of
 * today, with a warning: an update never makes an error of them. One that then says a thing twice
 * is left out.
 */
void aliases_resolve(struct model *model, struct policy_report *report);

#endif
