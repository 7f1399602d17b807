/* SPDX-License-Identifier: Apache-2.0
 * redact_command.h - credentials on command lines, where no name stands before them.
 *
 * "-u user:x", "-px" of mysql, "redis-cli -a x", "smbclient -U user%x",
 * "PGPASS=x psql": what is meant by a flag depends on the program. Where that is
 * not known a flag is taken for what it means in the programs that take
 * credentials: rather one value too few than one too many.
 */
#ifndef POLICY_ANSWER_REDACT_COMMAND_H
#define POLICY_ANSWER_REDACT_COMMAND_H

#include <stdbool.h>

#include "lib/base/str.h"

/* Does one of the words of a command line, or of a script, look like a credential? */
bool redact_command(struct str text);

/* Of a list of arguments: is `word` one, standing behind `flag` (absent: the first)? */
bool redact_argument(struct str flag, struct str word);

#endif
