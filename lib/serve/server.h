/* SPDX-License-Identifier: Apache-2.0
 * server.h - HTTP over TLS (or plain, for the health port): sockets, threads,
 * bodies within a budget, deadlines. What a request means is the caller's.
 *
 * A large body for which there is no room is read to its end all the same (the library takes no
 * answer before), and thrown away but for its beginning: a review is judged by that.
 *
 * libmicrohttpd is used in poll mode only: with epoll, 0.9.75 spins on a partial
 * ClientHello and can abort when it is quiesced under load.
 */
#ifndef LIB_SERVE_SERVER_H
#define LIB_SERVE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/slot.h"
#include "lib/base/str.h"
#include "lib/serve/budget.h"
#include "lib/serve/head.h"
#include "lib/serve/metrics.h"

#define SERVER_TICK_MS 1000

struct reply {
	unsigned status;
	char *body; /* malloc'd; the server frees it. NULL: 503 */
	size_t len;
	const char *type;              /* Content-Type */
	const struct refusal *refusal; /* is answered instead; or NULL */
};

struct server_ops { /* called by any worker, several at a time */
	/* May this request come in? NULL: yes, its body is read; else the answer. */
	const struct refusal *(*admit)(void *ctx, const struct head *head);
	void (*answer)(void *ctx, const struct head *head, struct str body, struct reply *out);
	/*
	 * The same for a body that is longer than BODY_MAX, or for which there was no room: its
	 * beginning, of BODY_BEGIN_MAX bytes at most. `kept` says how much of a beginning
	 * is enough; 0: more than that. Both are needed with a budget alone.
	 */
	void (*answer_unread)(void *ctx, const struct head *head, struct str begin,
			      struct reply *out);
	size_t (*kept)(struct str begin); /* body.h */
};

struct server_config {
	int fd;               /* listens, does not block; the server's once it has started */
	unsigned threads;     /* workers */
	unsigned connections; /* at most; above, one is cut: conns.h */
	struct slot *pairs;   /* of struct tls_pair; NULL: plain HTTP */
	const char *priorities;
	struct budget *budget; /* NULL: bodies are dropped */
	struct metrics *metrics;
	const atomic_bool *draining; /* answers carry "Connection: close" */
	const struct server_ops *ops;
	void *ctx;
};

struct server;

struct server *server_new(const struct server_config *config, struct err *err);
/* Deadlines. Call it again after so many milliseconds: at most SERVER_TICK_MS. */
long server_tick(struct server *s);
unsigned server_connections(const struct server *s);
/* How long the request that a worker has been at for longest takes, in milliseconds. */
long long server_busy_ms(struct server *s);
void server_quiesce(struct server *s); /* accept nobody any more */
void server_cut_idle(struct server *s);
void server_free(struct server *s); /* ends all connections; NULL is fine */

#endif
