/* SPDX-License-Identifier: Apache-2.0
 * dump.h - DIR/inventory.jsonl: the records of a live scan, as they came; private to cli.
 */
#ifndef CLI_SCAN_DUMP_H
#define CLI_SCAN_DUMP_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

struct dump;
/* The folder is made; NULL: it cannot be, or a dump is in it already. */
struct dump *dump_new(const char *folder, struct err *err);
int dump_write(struct dump *d, struct str line, struct err *err);
/* Puts it in its place, or removes it where it is not to be kept. Ends d. */
int dump_end(struct dump *d, bool keep, struct err *err);

#endif
