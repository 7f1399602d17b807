/* SPDX-License-Identifier: Apache-2.0
 * remedy.h - the supported way to do what a request tried.
 *
 * Where the policy's add-on has arguments for the changed fields: how to set them, with the
 * values filled in, beside what is set already; else what the rule says; for an image, the add-on's
 * version; else, for what is unsupported, that nothing is known, or that there is no way. Never a
 * command that does not do it, never an argument that a basic cluster cannot have, and nobody's
 * name but that of the policy's owner.
 */
#ifndef POLICY_ANSWER_REMEDY_H
#define POLICY_ANSWER_REMEDY_H

#include "policy/answer/finding.h"

#define REMEDY_MAX         900 /* bytes of the text */
#define ARGUMENT_VALUE_MAX 600 /* bytes of one argument's value in it */

/* Fills remedy and command of out, both possibly empty. -1 with ERR_LIMIT: the arena is full. */
int remedy_fill(const struct context *context, const struct hit *taken, struct arena *arena,
		struct finding *out, struct err *err);

#endif
