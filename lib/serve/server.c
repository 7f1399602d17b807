/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/serve/conns.h"
#include "lib/serve/body.h"
#include "lib/serve/error_body.h"
#include "lib/serve/linger.h"
#include "lib/serve/fd_reserve.h"
#include "lib/serve/tls.h"

/*
 * The library's own limit: twice ours, so that accepting goes on while connections that were cut
 * are still being taken down.
 */
#define LIBRARY_LIMIT(n) (2 * (n))

struct server {
	struct server_config config;
	struct MHD_Daemon *daemon;
	struct conns conns;
	struct lingering linger;
	struct fd_reserve spare;
	int quiesced; /* the listening descriptor, ours again; or -1 */
};

/* One connection, with the one request that it may have under way. */
struct peer {
	struct conn conn; /* first */
	struct server *server;
	struct shared *pair; /* what its handshake uses */
	struct head head;
	const struct refusal *refusal; /* the body, if any, is dropped and this answered */
	struct body body;
	bool unread; /* answered before its body came in */
};

static struct peer *server_peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* ---- the body ---- */

static void server_body_refuse(struct peer *p, const struct refusal *why)
{
	body_drop(&p->body);
	p->refusal = why;
	conn_enter(&p->conn, CONN_DROP);
	if (why == &refusal_busy)
		metrics_shed(p->server->config.metrics, METRICS_BUDGET);
	else
		metrics_no_memory(p->server->config.metrics);
}

static void server_body_begin(struct peer *p)
{
	const struct server_config *c = &p->server->config;
	const struct refusal *why = body_begin(&p->body, c->budget, c->ops->kept, p->head.length);

	if (why)
		server_body_refuse(p, why);
}

static void server_body_arrives(struct peer *p, const char *data, size_t n)
{
	const struct refusal *why = body_arrives(&p->body, data, n);

	conn_arrived(&p->conn, n);
	if (why)
		server_body_refuse(p, why);
}

/* ---- answers ---- */

static gnutls_session_t server_session_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info ? info->tls_session : NULL;
}

/*
 * The library sends head and body of an answer as two TLS records by two system calls. Held
 * back until the answer is complete they are one.
 */
static void server_answer_hold(struct MHD_Connection *connection)
{
	gnutls_session_t session = server_session_of(connection);

	if (session)
		gnutls_record_cork(session);
}

/* An answer always fits into the buffer of a client that reads its answers; others have to go. */
static void server_answer_let_go(struct MHD_Connection *connection, const struct peer *p)
{
	gnutls_session_t session = server_session_of(connection);
	int off = 0;

	if (!session)
		return;
	/* The library corks the socket as well, and takes what it sent for gone. */
	setsockopt(p->conn.fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
	if (gnutls_record_uncork(session, 0) < 0)
		shutdown(p->conn.fd, SHUT_RDWR);
}

/* Takes reply->body. */
static enum MHD_Result server_send_reply(struct MHD_Connection *connection, struct peer *p,
					 const struct reply *reply, const struct refusal *refusal,
					 bool close)
{
	static char none[] = "{}\n";
	struct MHD_Response *r = reply->body
					 ? MHD_create_response_from_buffer(reply->len, reply->body,
									   MHD_RESPMEM_MUST_FREE)
					 : MHD_create_response_from_buffer(sizeof none - 1, none,
									   MHD_RESPMEM_PERSISTENT);
	enum MHD_Result done;

	if (!r) {
		free(reply->body);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", reply->body ? reply->type : "application/json");
	if (refusal && refusal->name)
		MHD_add_response_header(r, refusal->name, refusal->value);
	if (close || atomic_load(p->server->config.draining))
		MHD_add_response_header(r, "Connection", "close");
	conn_enter(&p->conn, CONN_ANSWER);
	server_answer_hold(connection);
	done = MHD_queue_response(connection, reply->body ? reply->status : 503, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result server_send_refusal(struct MHD_Connection *connection, struct peer *p,
					   bool close)
{
	struct reply reply = { .status = p->refusal->status, .type = "application/json" };

	reply.body = error_body(reply.status, p->refusal->message, &reply.len);
	return server_send_reply(connection, p, &reply, p->refusal, close);
}

/* ---- the steps of a request ---- */

static enum MHD_Result server_read_field(void *cls, enum MHD_ValueKind kind, const char *name,
					 size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	head_field(cls, (struct str){ name, name_len }, (struct str){ value, value_len });
	return MHD_YES;
}

static void server_read_head(struct MHD_Connection *connection, struct head *h)
{
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, server_read_field, h);
	h->verbose = MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "verbose", 7,
						   NULL, NULL) == MHD_YES;
}

/* The head is complete, no byte of the body was read. */
static enum MHD_Result server_request_begins(struct MHD_Connection *connection, struct peer *p)
{
	const struct server_config *c = &p->server->config;

	shared_unref(TAKE(p->pair)); /* whoever speaks HTTP is through with the handshake */
	server_read_head(connection, &p->head);
	p->refusal = c->ops->admit(c->ctx, &p->head);
	if (!p->refusal)
		server_body_begin(p);
	if (p->refusal && !head_sound(&p->head)) {
		p->unread = true;
		return server_send_refusal(connection, p, true);
	}
	conn_enter(&p->conn, p->refusal ? CONN_DROP : CONN_BODY);
	return MHD_YES;
}

static enum MHD_Result server_request_ends(struct MHD_Connection *connection, struct peer *p)
{
	const struct server_config *c = &p->server->config;
	struct reply reply = { .status = 503, .type = "application/json" };
	bool begin = p->body.begin;

	/* Who is told to come back at once is a client as well; who sends nonsense is none. */
	if (!p->refusal || p->refusal == &refusal_busy)
		conn_served(&p->conn);
	if (p->refusal)
		return server_send_refusal(connection, p, false);
	conn_enter(&p->conn, CONN_WORK);
	(begin ? c->ops->answer_unread : c->ops->answer)(
		c->ctx, &p->head, (struct str){ p->body.bytes, p->body.n }, &reply);
	body_drop(&p->body);
	if (!reply.refusal)
		return server_send_reply(connection, p, &reply, NULL, false);
	free(reply.body);
	p->refusal = reply.refusal;
	if (p->refusal == &refusal_busy)
		metrics_shed(c->metrics, begin ? METRICS_BUDGET : METRICS_BUSY);
	return server_send_refusal(connection, p, false);
}

/* ---- what the library calls ---- */

/* The request line has arrived: what follows has its own time. */
static void *server_on_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct peer *p = server_peer_of(connection);

	(void)cls;
	(void)uri;
	if (p)
		conn_enter(&p->conn, CONN_HEADER);
	return NULL;
}

static enum MHD_Result server_on_request(void *cls, struct MHD_Connection *connection,
					 const char *url, const char *method, const char *version,
					 const char *data, size_t *data_n, void **request)
{
	struct peer *p = server_peer_of(connection);

	(void)cls;
	if (!p)
		return MHD_NO;
	if (!*request) {
		*request = p;
		p->head = (struct head){ .method = method, .path = url, .version = version };
		return server_request_begins(connection, p);
	}
	if (!*data_n)
		return server_request_ends(connection, p);
	server_body_arrives(p, data, *data_n);
	*data_n = 0;
	return MHD_YES;
}

static void server_on_request_done(void *cls, struct MHD_Connection *connection, void **request,
				   enum MHD_RequestTerminationCode how)
{
	struct peer *p = server_peer_of(connection);

	(void)cls;
	(void)how;
	*request = NULL;
	if (!p)
		return;
	server_answer_let_go(connection, p);
	body_drop(&p->body);
	p->refusal = NULL;
	conn_enter(&p->conn, CONN_IDLE);
}

static void server_peer_begins(struct server *s, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *from;
	struct peer *p = info ? calloc(1, sizeof *p) : NULL;
	int fd = info ? info->connect_fd : -1; /* the next question may use the same place */

	if (!(*context = p))
		return; /* without it requests are refused by closing: there is no memory */
	p->server = s;
	from = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	conns_add(&s->conns, &p->conn, fd, from ? from->client_addr : NULL,
		  s->config.pairs ? CONN_HANDSHAKE : CONN_IDLE);
}

/* The session of TLS is gone already, the descriptor is still open. */
static void server_peer_ends(struct server *s, void **context)
{
	struct peer *p = *context;

	if (!p)
		return;
	if (p->unread)
		linger_add(&s->linger, p->conn.fd);
	conns_remove(&s->conns, &p->conn);
	body_drop(&p->body);
	shared_unref(p->pair);
	free(p);
}

static enum MHD_Result server_on_accept(void *cls, const struct sockaddr *from, socklen_t from_n)
{
	struct server *s = cls;

	(void)from;
	(void)from_n;
	if (fd_reserve_any_left(s->config.fd))
		return MHD_YES;
	metrics_shed(s->config.metrics, METRICS_DESCRIPTORS);
	return MHD_NO;
}

static void server_on_connection(void *cls, struct MHD_Connection *connection, void **context,
				 enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		server_peer_begins(cls, connection, context);
	else
		server_peer_ends(cls, context);
}

/* ---- TLS ---- */

/* The client's Finished has arrived: the handshake is over. */
static int server_on_finished(gnutls_session_t session, unsigned type, unsigned when,
			      unsigned incoming, const gnutls_datum_t *message)
{
	struct peer *p = server_peer_of(gnutls_session_get_ptr(session));

	(void)type;
	(void)when;
	(void)message;
	if (incoming && p)
		conn_enter(&p->conn, CONN_IDLE);
	return 0;
}

/*
 * Each handshake takes the pair that is in force now and holds it until it is over: GnuTLS signs
 * with it later than it asks for it, and a reload may come between.
 */
static int server_on_certificate(gnutls_session_t session, const gnutls_datum_t *issuers,
				 int issuers_n, const gnutls_pk_algorithm_t *algorithms,
				 int algorithms_n, gnutls_pcert_st **chain, unsigned *chain_n,
				 gnutls_privkey_t *key)
{
	struct peer *p = server_peer_of(gnutls_session_get_ptr(session));
	struct tls_pair *pair;

	(void)issuers;
	(void)issuers_n;
	(void)algorithms;
	(void)algorithms_n;
	if (!p)
		return -1;
	if (!p->pair && !(p->pair = slot_get(p->server->config.pairs)))
		return -1;
	pair = (struct tls_pair *)p->pair;
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
					   server_on_finished);
	*chain = pair->chain;
	*chain_n = pair->chain_n;
	*key = pair->key;
	return 0;
}

/* ---- start and stop ---- */

/* Options as MHD_OPTION_ARRAY wants them: a number, or two pointers, the first as a number. */
static struct MHD_Daemon *server_daemon_start(struct server *s)
{
	const struct server_config *c = &s->config;
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | (c->pairs ? MHD_USE_TLS : 0);
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_LISTEN_SOCKET, c->fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, LIBRARY_LIMIT(c->connections), NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, CONN_IDLE_S, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)server_on_connection, s },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)server_on_request_done, s },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)server_on_request_line, s },
		/* A pool of one would be a second thread that does nothing. */
		{ c->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, c->threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	/* Without TLS the list ends before what belongs to it. */
	return MHD_start_daemon(
		flags, 0, server_on_accept, s, server_on_request, s, MHD_OPTION_ARRAY, options,
		c->pairs ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, c->priorities,
		MHD_OPTION_HTTPS_CERT_CALLBACK, server_on_certificate, MHD_OPTION_END);
}

struct server *server_new(const struct server_config *config, struct err *err)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s) {
		err_nomem(err);
		return NULL;
	}
	s->config = *config;
	s->quiesced = -1;
	conns_init(&s->conns, config->connections, config->budget, config->metrics);
	linger_init(&s->linger);
	fd_reserve_init(&s->spare);
	if ((s->daemon = server_daemon_start(s)))
		return s;
	err_set(err, ERR_IO, "the HTTP server does not start: %s", strerror(errno));
	conns_done(&s->conns);
	linger_done(&s->linger);
	fd_reserve_done(&s->spare);
	free(s);
	return NULL;
}

long server_tick(struct server *s)
{
	conns_tick(&s->conns);
	if (s->quiesced < 0)
		for (unsigned n = fd_reserve_tick(&s->spare, s->config.fd); n; n--)
			metrics_shed(s->config.metrics, METRICS_DESCRIPTORS);
	if (linger_tick(&s->linger))
		return LINGER_TICK_MS;
	return server_connections(s) ? CONN_TICK_MS : SERVER_TICK_MS;
}

unsigned server_connections(const struct server *s)
{
	return conns_count(&s->conns);
}

long long server_busy_ms(struct server *s)
{
	return conns_busy_ms(&s->conns);
}

void server_quiesce(struct server *s)
{
	if (s->quiesced < 0)
		s->quiesced = MHD_quiesce_daemon(s->daemon);
}

void server_cut_idle(struct server *s)
{
	conns_cut_idle(&s->conns);
}

void server_free(struct server *s)
{
	if (!s)
		return;
	MHD_stop_daemon(s->daemon);
	if (s->quiesced >= 0)
		close(s->quiesced);
	conns_done(&s->conns);
	linger_done(&s->linger);
	fd_reserve_done(&s->spare);
	free(s);
}
