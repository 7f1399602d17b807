#include "lib/serve/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/serve/memory.h"

#define SECOND_MS 1000

void program_init(struct program *p, const char *log_level)
{
	memory_tune();
	p->in_force = (struct slot)SLOT_INIT;
	p->certificate.pairs = (struct slot)SLOT_INIT;
	p->signals = -1;
	log_init(&p->log, STDERR_FILENO, log_level);
}

int program_load(struct program *p, const char *command, const struct reload_ops *ops, void *ctx)
{
	p->reload = (struct reload){ .command = command,
				     .ops = ops,
				     .ctx = ctx,
				     .slot = &p->in_force,
				     .certificate = &p->certificate,
				     .metrics = &p->metrics,
				     .log = &p->log };
	return reload_start(&p->reload);
}

/* Threads inherit the mask: no worker is ever interrupted. */
int program_take_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if ((fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		return err_set(err, ERR_IO, "signalfd: %s", strerror(errno));
	return fd;
}

struct server *program_listen(struct server_config *config, const char *where,
			      char bound[LISTEN_ADDRESS], struct err *err)
{
	struct server *s;

	if ((config->fd = listen_on(where, bound, err)) < 0)
		return NULL;
	if (!(s = server_new(config, err)))
		close(config->fd);
	return s;
}

int program_start_pages(struct program *p, const char *where, unsigned connections,
			const struct server_ops *ops, void *ctx, struct err *err)
{
	struct server_config config = { .threads = 1,
					.connections = connections,
					.metrics = &p->metrics,
					.draining = &p->draining,
					.ops = ops,
					.ctx = ctx };

	p->pages = program_listen(&config, where, p->pages_at, err);
	return p->pages ? 0 : -1;
}

void program_done(struct program *p)
{
	server_free(p->pages);
	if (p->signals >= 0)
		close(p->signals);
	reload_done(&p->reload);
	serving_cert_done(&p->certificate);
	slot_publish(&p->in_force, NULL);
}

bool program_wait(struct program *p, long ms)
{
	struct pollfd fds[] = { { .fd = p->signals, .events = POLLIN },
				{ .fd = reload_fd(&p->reload), .events = POLLIN } };
	long watch = reload_wait(&p->reload, clock_ms());

	ms = ms < p->wait ? ms : p->wait;
	poll(fds, sizeof fds / sizeof *fds, (int)(ms < watch ? ms : watch));
	return fds[0].revents;
}

bool program_tick(struct program *p)
{
	long long now = clock_ms();

	p->wait = server_tick(p->pages);
	reload_tick(&p->reload, now);
	if (now - p->second < SECOND_MS)
		return false;
	p->second = now;
	reload_tidy(&p->reload);
	log_tick(&p->log);
	return true;
}
