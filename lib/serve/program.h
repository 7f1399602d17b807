/* SPDX-License-Identifier: Apache-2.0
 * program.h - what our programs do around their work: start, follow files, serve their plain
 * pages, sleep until something is due.
 *
 * Signals are taken by the main thread alone, through a descriptor; the workers belong to the
 * servers and are never interrupted.
 */
#ifndef LIB_SERVE_PROGRAM_H
#define LIB_SERVE_PROGRAM_H

#include "lib/base/err.h"
#include "lib/serve/certificate.h"
#include "lib/serve/listen.h"
#include "lib/serve/log.h"
#include "lib/serve/metrics.h"
#include "lib/serve/reload.h"
#include "lib/serve/server.h"

struct program {
	struct log log;
	struct metrics metrics;
	struct slot in_force; /* the set that reload follows */
	struct serving_cert certificate;
	struct reload reload;
	struct server *pages;
	char pages_at[LISTEN_ADDRESS];
	atomic_bool draining;
	int signals;      /* those that ask to stop (lib/base/signals.h), for poll(2) */
	int hangup;       /* SIGHUP: read the files again */
	long wait;        /* milliseconds after which the pages want their tick */
	long long second; /* when what is due each second was last done */
};

/*
 * A zeroed program: takes its signals, and writes its log by a thread of its own from then on. -1
 * with err; program_done is due all the same.
 */
int program_init(struct program *p, const char *log_level, struct err *err);
/*
 * The first set. strict: nothing unsound is left out of it, or of later ones. -1: there is none,
 * standard error says why. Paths and ctx stay the caller's.
 */
int program_load(struct program *p, const char *command, bool strict, const struct reload_ops *ops,
		 void *ctx);
/* A server on that address; bound is where it listens. NULL: err. */
struct server *program_listen(struct server_config *config, const char *where,
			      char bound[LISTEN_ADDRESS], struct err *err);
/* The plain port. */
int program_start_pages(struct program *p, const char *where, unsigned connections,
			const struct server_ops *ops, void *ctx, struct err *err);
/* All of it but the log; what the caller has begun must have ended, but for what only logs. */
void program_done(struct program *p);

/* What waits for the log is written, for a second at most (log_stop). */
void program_end_log(struct program *p);

/* Sleep until a file changes or something is due, at most ms. Is a signal there? It stays. */
bool program_wait(struct program *p, long ms);
/* Do what is due. True about once a second. */
bool program_tick(struct program *p);

#endif
