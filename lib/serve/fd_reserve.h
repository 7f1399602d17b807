/* SPDX-License-Identifier: Apache-2.0
 * fd_reserve.h - a descriptor that is kept for the time when there are no more.
 *
 * A worker of libmicrohttpd that cannot accept and has no connection tries again
 * at once, for ever. So, when there is no descriptor for longer than a tick, the
 * spare one takes what waits and closes it: callers hear at once that nobody
 * will answer, and nothing spins. Whatever comes in by the last descriptor is
 * closed too: it would keep the spare one, and with that everybody, waiting.
 */
#ifndef LIB_SERVE_FD_RESERVE_H
#define LIB_SERVE_FD_RESERVE_H

#include <stdbool.h>

#define FD_RESERVE_TICKS  2    /* so often there has to be none */
#define FD_RESERVE_CLOSES 1024 /* at most in one tick */

struct fd_reserve {
	int fd; /* -1: gone */
	unsigned missed;
};

void fd_reserve_init(struct fd_reserve *s);
void fd_reserve_done(struct fd_reserve *s);
/* Is there a descriptor to be had? fd: any that is open. */
bool fd_reserve_any_left(int fd);
/* listening does not block. How many that waited there were closed. */
unsigned fd_reserve_tick(struct fd_reserve *s, int listening);

#endif
