/* SPDX-License-Identifier: Apache-2.0
 * gitops.h - what to do in the tool that applies manifests again and again.
 *
 * Such a controller retries a refused write until the manifest or its own settings change, so
 * the supported way alone does not end it: the field has to leave the tool's hands.
 */
#ifndef POLICY_ANSWER_GITOPS_H
#define POLICY_ANSWER_GITOPS_H

#include "lib/base/str.h"

/* A line for a denied change of fields; empty for a user who is no such controller. Static text. */
struct str gitops_advice(struct str user);

#endif
