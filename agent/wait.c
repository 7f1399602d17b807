#include "agent/wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>

int wait_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if ((fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		return err_set(err, ERR_IO, "signalfd: %s", strerror(errno));
	return fd;
}

bool wait_sleep(int signals, long milliseconds)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };

	return poll(&fd, 1, (int)milliseconds) > 0;
}

long wait_backoff(unsigned failures, long retry_after)
{
	long ms = WAIT_FIRST_S * 1000L << (failures > 7 ? 7 : failures ? failures - 1 : 0);
	unsigned short chance = 0;

	if (ms > WAIT_MOST_S * 1000L)
		ms = WAIT_MOST_S * 1000L;
	if (ms < retry_after * 1000)
		ms = retry_after * 1000;
	/* Agents that failed together should not come back together. */
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) < 0)
		chance = 0;
	return ms + ms / 4 * chance / 65536;
}
