/* SPDX-License-Identifier: Apache-2.0
 * program_name.h - what a user typed to start us.
 *
 * kubectl runs the program kubectl-oke_guard for `kubectl oke-guard`. Called by that name, usage,
 * help and messages say `kubectl oke-guard check`, so that what they print can be typed.
 */
#ifndef LIB_BASE_PROGRAM_NAME_H
#define LIB_BASE_PROGRAM_NAME_H

#include <stdbool.h>
#include <stdio.h>

/* Once, before anything is printed. is_command: is that word a command of the program? */
void program_called(const char *argv0, bool (*is_command)(const char *word));

/* "kubectl ", or "": stands before "oke-guard" in a message. */
const char *program_prefix(void);

/* Our own text, with the prefix before each `oke-guard COMMAND` in it and before "oke-guard" alone.
 */
void program_print(FILE *out, const char *text);

/* A message of our own to stderr, which begins with "oke-guard" (or another program's name). */
__attribute__((format(printf, 1, 2))) void program_complain(const char *fmt, ...);

#endif
