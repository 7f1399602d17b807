/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int stopping[] = {
	SIGTERM,   SIGINT, SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGXCPU,
#ifdef SIGSTKFLT
	SIGSTKFLT,
#endif
};
static const int ignored[] = { SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ };

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static int signals_open(const sigset_t *set, struct err *err)
{
	int fd;

	pthread_sigmask(SIG_BLOCK, set, NULL);
	if ((fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		return err_set(err, ERR_IO, "signalfd: %s", strerror(errno));
	return fd;
}

int signals_to_stop(struct err *err)
{
	sigset_t set;

	for (size_t i = 0; i < LENGTH(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < LENGTH(stopping); i++)
		sigaddset(&set, stopping[i]);
	/* Nobody here uses them, and their default ends a process too. */
	for (int rt = SIGRTMIN; rt <= SIGRTMAX; rt++)
		sigaddset(&set, rt);
	return signals_open(&set, err);
}

int signals_to_reload(struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	return signals_open(&set, err);
}

bool signals_taken(int fd)
{
	struct signalfd_siginfo taken;
	bool any = false;

	while (read(fd, &taken, sizeof taken) > 0)
		any = true;
	return any;
}
