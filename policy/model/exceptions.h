/* SPDX-License-Identifier: Apache-2.0
 * exceptions.h - an exception and the clock; what the programs may ask stands in oke/policy.h.
 */
#ifndef POLICY_MODEL_EXCEPTIONS_H
#define POLICY_MODEL_EXCEPTIONS_H

#include "policy/model/set.h"

enum exception_state exception_state_at(const struct exception *e, int64_t now);

#endif
