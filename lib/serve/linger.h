/* SPDX-License-Identifier: Apache-2.0
 * linger.h - connections whose last answer went out before their body came in.
 *
 * To close a socket that has unread bytes makes the kernel send a reset, and a
 * reset can overtake the answer: the client would see "connection reset" in
 * place of the 413. So what still arrives is read and dropped for a moment.
 */
#ifndef LIB_SERVE_LINGER_H
#define LIB_SERVE_LINGER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define LINGER_MAX     64   /* more are closed at once */
#define LINGER_MS      2000 /* and so are those that send for longer */
#define LINGER_TICK_MS 25   /* linger_tick is due this often while there are any */

struct lingering {
	pthread_mutex_t lock;
	struct {
		int fd;
		long long end;
	} v[LINGER_MAX];
	size_t n;
};

void linger_init(struct lingering *l);
void linger_done(struct lingering *l); /* closes all */
/* Keep the socket of fd open, which its owner will close. */
void linger_add(struct lingering *l, int fd);
/* Drop what arrived, close what is over; are there any left? */
bool linger_tick(struct lingering *l);

#endif
