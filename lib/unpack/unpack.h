/* SPDX-License-Identifier: Apache-2.0
 * unpack.h - bytes of a file, whether it is plain, gzip or zstd: told apart by its first bytes.
 *
 * gzip of several members (RFC 1952, section 2.2) and zstd of several frames (RFC 8878, section
 * 3.1) are read to their end. Memory is bounded: a zstd frame whose window is larger than
 * UNPACK_WINDOW is refused unless the caller allows it. zlib and libzstd are met here alone.
 */
#ifndef LIB_UNPACK_UNPACK_H
#define LIB_UNPACK_UNPACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define UNPACK_WINDOW (32u << 20) /* bytes; what `zstd --long=25` writes */

struct unpack_options {
	bool large_windows;    /* up to 2 GiB, as `zstd --long=31` writes them */
	atomic_ullong *passed; /* counts the file's own bytes as they are read; NULL: nobody asks */
	/* Set: nobody waits any longer for what a pipe or a terminal has not given yet. NULL:
	 * never. */
	const atomic_bool *stop;
};

struct unpack;

/* fd stays the caller's. NULL with ERR_NOMEM or ERR_IO. */
struct unpack *unpack_new(int fd, const struct unpack_options *options, struct err *err);
void unpack_free(struct unpack *u); /* NULL is fine */

/*
 * Up to room bytes into buf; 0 at the end. -1 with ERR_SYNTAX (damaged or cut: what was read
 * before is good), ERR_LIMIT (a window too large), ERR_IO (so too where `stop` ended the waiting)
 * or ERR_NOMEM; then no more is read.
 */
long unpack_read(struct unpack *u, char *buf, size_t room, struct err *err);

/* Bytes of the file that were read. */
uint64_t unpack_passed(const struct unpack *u);
/* "plain", "gzip" or "zstd". */
const char *unpack_format(const struct unpack *u);

#endif
