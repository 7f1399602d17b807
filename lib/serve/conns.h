/* SPDX-License-Identifier: Apache-2.0
 * conns.h - all connections of a server, and the time that each may take.
 *
 * libmicrohttpd cuts a connection only when nothing arrives at all: a byte a
 * second keeps it for ever. Here every phase has an absolute end, and whoever
 * passes it is shut down.
 *
 * When there are more connections than allowed, those go first that were never
 * answered: oldest first, and new ones get CONN_FRESH_MS to become answered. If
 * there are none of these, the source that holds the most gives one up: one that
 * was never answered, else one that stalls in a request, else the longest idle.
 * The same within a source that holds more than half of all that is allowed, at
 * any time. A request that is being judged or answered is never cut for another.
 *
 * The worker that owns a connection moves it from phase to phase without a
 * lock; one other thread calls conns_tick. A connection is shut down by
 * shutdown(2), which wakes its worker, and never closed: only its worker does
 * that, after conns_remove, so a number of a descriptor is never meant for the
 * wrong connection.
 */
#ifndef LIB_SERVE_CONNS_H
#define LIB_SERVE_CONNS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/serve/budget.h"
#include "lib/serve/metrics.h"

enum conn_phase {
	CONN_HANDSHAKE, /* TLS is not agreed on yet */
	CONN_IDLE,      /* between requests, or before the first */
	CONN_HEADER,    /* a request line has arrived */
	CONN_BODY,
	CONN_DROP, /* a body that was refused: it takes no memory */
	CONN_WORK, /* ours: judging */
	CONN_ANSWER,
	CONN_PHASES_N
};

/*
 * The limits of the phases. A Go client may open a connection for a request and
 * then use another one that became free: it is kept for later, so an unused
 * connection gets the time of an idle one. kube-apiserver closes its idle
 * connections after 90 s and never repeats a POST: ours must end later.
 */
#define CONN_HANDSHAKE_MS 10000
#define CONN_IDLE_S       120
#define CONN_HEADER_MS    10000
#define CONN_BODY_MS      10000
#define CONN_ANSWER_MS    10000

/* A body's time grows by a second for each so many bytes that arrived: 26 s for 8 MiB. */
#define CONN_BODY_RATE (512 * 1024)

#define CONN_FRESH_MS   1000 /* a new connection has so long to ask before others */
#define CONN_STALLED_MS 1000 /* a request that was begun by a served client, and stopped coming */
#define CONN_SOURCE(n)  ((n) / 2) /* of n connections, those of one source at most */

#define CONN_RATE    (64u * 1024) /* bytes that a sender must bring in CONN_RATE_MS */
#define CONN_RATE_MS 1000         /* while memory is short */
#define CONN_TICK_MS 250          /* conns_tick is due this often */

/*
 * Where a connection comes from: an IPv4 address, or the first half of an IPv6 one, since
 * whoever has one of these has the other 2^64 as well. Compared as bytes.
 */
struct conn_source {
	unsigned char bytes[9]; /* the family's number first; all zeros: not known */
};
struct sockaddr;
void conn_source_of(const struct sockaddr *from, struct conn_source *out); /* NULL: not known */

struct conn {
	struct conn *prev, *next;
	int fd;
	struct conn_source source;
	atomic_llong state; /* since when, in milliseconds, times CONN_PHASES_N, plus the phase */
	atomic_size_t arrived;  /* bytes of the body */
	atomic_bool served;     /* a request has been taken and answered */
	long long begun;        /* when it came, in milliseconds */
	atomic_bool cut;        /* shut down */
	long long window_start; /* conns_tick's own: the sender's rate is taken since then */
	size_t window_bytes;
};

struct conns {
	pthread_mutex_t lock;
	struct conn *first;
	atomic_uint n;
	unsigned max;
	const struct budget *budget; /* NULL: bodies are not watched */
	struct metrics *metrics;
};

void conns_init(struct conns *all, unsigned max, const struct budget *budget,
		struct metrics *metrics);
void conns_done(struct conns *all);

/* A new connection begins with the phase; may cut another one. from may be NULL. */
void conns_add(struct conns *all, struct conn *c, int fd, const struct sockaddr *from,
	       enum conn_phase phase);
void conns_remove(struct conns *all, struct conn *c);
unsigned conns_count(const struct conns *all);

/* Its worker says what the connection does now. */
void conn_enter(struct conn *c, enum conn_phase phase);
void conn_arrived(struct conn *c, size_t n);
/* It gets an answer to a request that was taken: it is a client that is served. */
void conn_served(struct conn *c);

/* Cut those that are over their time, or send too slowly while memory is short. */
void conns_tick(struct conns *all);
/* How long the longest judgement that is under way has taken, in milliseconds; 0: there is none. */
long long conns_busy_ms(struct conns *all);
/* Cut those that have no request under way: the server is stopping. */
void conns_cut_idle(struct conns *all);

#endif
