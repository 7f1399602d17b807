/* SPDX-License-Identifier: Apache-2.0
 * certs_show.h - certificates as text for people, and as JSON.
 */
#ifndef CLI_CERTS_SHOW_H
#define CLI_CERTS_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Print all certificates of the files on stdout; nothing when one cannot be read. */
int certs_show(const char *const *files, size_t n, bool json, int64_t now, struct err *err);

#endif
