/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/program.h"

#include <poll.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/signals.h"

#define SECOND_MS 1000

int program_init(struct program *p, const char *log_level, struct err *err)
{
	memory_tune();
	p->in_force = (struct slot)SLOT_INIT;
	p->certificate.pairs = (struct slot)SLOT_INIT;
	p->signals = p->hangup = -1;
	log_init(&p->log, STDERR_FILENO, log_level);
	if ((p->signals = signals_to_stop(err)) < 0 || (p->hangup = signals_to_reload(err)) < 0)
		return -1;
	return log_start(&p->log, err);
}

int program_load(struct program *p, const char *command, bool strict, const struct reload_ops *ops,
		 void *ctx)
{
	p->reload = (struct reload){ .command = command,
				     .ops = ops,
				     .ctx = ctx,
				     .slot = &p->in_force,
				     .certificate = &p->certificate,
				     .metrics = &p->metrics,
				     .log = &p->log,
				     .strict = strict };
	return reload_start(&p->reload);
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
	if (p->hangup >= 0)
		close(p->hangup);
	reload_done(&p->reload);
	serving_cert_done(&p->certificate);
	slot_publish(&p->in_force, NULL);
}

void program_end_log(struct program *p)
{
	log_stop(&p->log);
}

bool program_wait(struct program *p, long ms)
{
	struct pollfd fds[] = { { .fd = p->signals, .events = POLLIN },
				{ .fd = p->hangup, .events = POLLIN },
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
	if (signals_taken(p->hangup))
		reload_all(&p->reload);
	reload_tick(&p->reload, now);
	if (now - p->second < SECOND_MS)
		return false;
	p->second = now;
	reload_tidy(&p->reload);
	log_tick(&p->log);
	return true;
}
