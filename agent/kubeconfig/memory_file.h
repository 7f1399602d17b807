/* SPDX-License-Identifier: Apache-2.0
 * memory_file.h - bytes under a path, and on no disk: for libraries that read keys from files
 * alone (libcurl with GnuTLS takes no key from memory).
 */
#ifndef AGENT_KUBECONFIG_MEMORY_FILE_H
#define AGENT_KUBECONFIG_MEMORY_FILE_H

#include "lib/base/err.h"
#include "lib/base/str.h"

struct memory_file {
	int fd;        /* -1: there is none */
	size_t n;      /* bytes of it */
	char path[32]; /* "/proc/self/fd/7": for this process alone */
};

#define MEMORY_FILE_INIT                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Closed when a program is started. The one before is ended. -1: err, and there is none. */
int memory_file_make(struct memory_file *f, struct str bytes, struct err *err);
/* Overwrites it and gives it back. */
void memory_file_end(struct memory_file *f);

#endif
