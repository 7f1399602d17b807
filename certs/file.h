/* SPDX-License-Identifier: Apache-2.0
 * file.h - whole files, bounded, read in a way that fits keys too.
 */
#ifndef CERTS_FILE_H
#define CERTS_FILE_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

/* Memory that may hold a key: overwritten before it is freed. */
struct secret {
	char *s; /* a NUL stands behind the n bytes */
	size_t n;
};

int secret_copy(struct str from, struct secret *out, struct err *err);
void secret_done(struct secret *s);

/* A regular file of at most CERTS_FILE_MAX bytes. */
int file_read(const char *path, struct secret *out, struct err *err);

#endif
