/*
 * spare.h - a descriptor that is kept for the time when there are no more.
 *
 * A worker of libmicrohttpd that cannot accept and has no connection tries again
 * at once, for ever. So, when there is no descriptor for longer than a tick, the
 * spare one takes what waits and closes it: callers hear at once that nobody
 * will answer, and nothing spins.
 */
#ifndef WEBHOOK_SPARE_H
#define WEBHOOK_SPARE_H

#define SPARE_TICKS  2    /* so often there has to be none */
#define SPARE_CLOSES 1024 /* at most in one tick */

struct spare {
	int fd; /* -1: gone */
	unsigned missed;
};

void spare_init(struct spare *s);
void spare_done(struct spare *s);
/* listening does not block. How many that waited there were closed. */
unsigned spare_tick(struct spare *s, int listening);

#endif
