/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/fd_reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Descriptors are the process's, and so is this: while one spare descriptor is lent out, nobody may
 * take it for one that is left.
 */
static pthread_mutex_t lending = PTHREAD_MUTEX_INITIALIZER;

void fd_reserve_init(struct fd_reserve *s)
{
	*s = (struct fd_reserve){ .fd = open("/dev/null", O_RDONLY | O_CLOEXEC) };
}

void fd_reserve_done(struct fd_reserve *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

bool fd_reserve_any_left(int fd)
{
	bool left;
	int probe;

	pthread_mutex_lock(&lending);
	probe = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	left = probe >= 0 || (errno != EMFILE && errno != ENFILE);
	if (probe >= 0)
		close(probe);
	pthread_mutex_unlock(&lending);
	return left;
}

static unsigned fd_reserve_close_waiting(int listening)
{
	unsigned n = 0;
	int fd;

	while (n < FD_RESERVE_CLOSES && (fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		close(fd);
		n++;
	}
	return n;
}

unsigned fd_reserve_tick(struct fd_reserve *s, int listening)
{
	unsigned n;

	if (fd_reserve_any_left(listening)) {
		s->missed = 0;
		if (s->fd < 0)
			fd_reserve_init(s);
		return 0;
	}
	if (++s->missed < FD_RESERVE_TICKS)
		return 0;
	/* A worker may be quicker: it closes what it takes, and the next tick opens this. */
	pthread_mutex_lock(&lending);
	fd_reserve_done(s);
	n = fd_reserve_close_waiting(listening);
	s->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pthread_mutex_unlock(&lending);
	return n;
}
