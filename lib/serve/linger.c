/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define PIECE  (16 * 1024)
#define PIECES 64 /* of one connection in one tick */

void linger_init(struct lingering *l)
{
	l->n = 0;
	pthread_mutex_init(&l->lock, NULL);
}

void linger_done(struct lingering *l)
{
	while (l->n)
		close(l->v[--l->n].fd);
	pthread_mutex_destroy(&l->lock);
}

void linger_add(struct lingering *l, int fd)
{
	pthread_mutex_lock(&l->lock);
	if (l->n < LINGER_MAX && (fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0) {
		l->v[l->n].fd = fd;
		l->v[l->n++].end = clock_ms() + LINGER_MS;
	}
	pthread_mutex_unlock(&l->lock);
}

/* Has the other side ended, too? */
static bool linger_drop(int fd)
{
	char buf[PIECE];
	ssize_t n = 0;

	for (size_t i = 0; i < PIECES; i++)
		if ((n = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) <= 0)
			break;
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

bool linger_tick(struct lingering *l)
{
	long long now = clock_ms();
	bool any;

	pthread_mutex_lock(&l->lock);
	for (size_t i = l->n; i-- > 0;)
		if (linger_drop(l->v[i].fd) || now > l->v[i].end) {
			close(l->v[i].fd);
			l->v[i] = l->v[--l->n];
		}
	any = l->n > 0;
	pthread_mutex_unlock(&l->lock);
	return any;
}
