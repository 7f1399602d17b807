/*
 * remedy.h - the supported way to do what a request tried.
 *
 * Where the policy's add-on has an argument for a changed field, the command
 * that sets it, with the value filled in; else what the rule says; else, for
 * what is unsupported, that there is no supported way. Never a command that does
 * not do it.
 */
#ifndef POLICY_ANSWER_REMEDY_H
#define POLICY_ANSWER_REMEDY_H

#include "policy/answer/finding.h"

#define REMEDY_MAX        600  /* bytes of the text */
#define COMMAND_MAX       1400 /* bytes of the command */
#define COMMAND_VALUE_MAX 600  /* bytes of one value in it */

/* Fills remedy and command of out, both possibly empty. -1 with ERR_LIMIT: the arena is full. */
int remedy_fill(const struct context *context, const struct hit *taken, struct arena *arena,
		struct finding *out, struct err *err);

#endif
