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

void spare_init(struct spare *s)
{
	*s = (struct spare){ .fd = open("/dev/null", O_RDONLY | O_CLOEXEC) };
}

void spare_done(struct spare *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

bool spare_any_left(int fd)
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

static unsigned close_waiting(int listening)
{
	unsigned n = 0;
	int fd;

	while (n < SPARE_CLOSES && (fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		close(fd);
		n++;
	}
	return n;
}

unsigned spare_tick(struct spare *s, int listening)
{
	unsigned n;

	if (spare_any_left(listening)) {
		s->missed = 0;
		if (s->fd < 0)
			spare_init(s);
		return 0;
	}
	if (++s->missed < SPARE_TICKS)
		return 0;
	/* A worker may be quicker: it closes what it takes, and the next tick opens this. */
	pthread_mutex_lock(&lending);
	spare_done(s);
	n = close_waiting(listening);
	s->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pthread_mutex_unlock(&lending);
	return n;
}
