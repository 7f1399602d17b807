#include "webhook/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Is there a descriptor to be had? */
static bool any_left(int fd)
{
	int probe = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (probe < 0)
		return errno != EMFILE && errno != ENFILE;
	close(probe);
	return true;
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

	if (any_left(listening)) {
		s->missed = 0;
		if (s->fd < 0)
			spare_init(s);
		return 0;
	}
	if (++s->missed < SPARE_TICKS)
		return 0;
	/* A worker may be quicker: then it has a connection, and waits for that to end. */
	spare_done(s);
	n = close_waiting(listening);
	s->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return n;
}
