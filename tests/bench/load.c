/* SPDX-License-Identifier: Apache-2.0
 * load.c - a client that keeps a TLS server on this machine busy and says how it did.
 *
 * Each connection is a thread that sends a body, waits for the whole answer, and
 * goes on with the next body: a closed loop, as the API server's connections are.
 * It ends after a number of requests or seconds, whichever is first, and prints
 * one line of JSON. Exit 0 when every answer was a 200 that held the text asked
 * for, else 1; --any accepts all answers, for floods.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define CONNECTIONS_MAX 1024
#define BODIES_MAX      16
#define BODY_MAX        (16u << 20)
#define ANSWER_MAX      (64u << 10)
#define SAMPLES_MAX     (4u << 20) /* latencies kept, over all connections */
#define ANSWER_SECONDS  30         /* then the server counts as hung */

struct bytes {
	char *s;
	size_t n;
};

static struct {
	struct bytes requests[BODIES_MAX]; /* head and body */
	size_t requests_n;
	struct sockaddr_in server;
	SSL_CTX *tls;
	long connections, count;
	double seconds;
	const char *expect;
	bool fresh, together, any;
	pthread_barrier_t barrier; /* --together: before each body's last byte */
} job = { .connections = 4, .count = 1000, .seconds = 60 };

static atomic_long taken;   /* requests begun */
static atomic_uint samples; /* latencies handed out */
static float *latency;      /* microseconds */
static double deadline;

struct client {
	pthread_t thread;
	int fd;
	SSL *ssl;
	char *answer;
	long good, shed, wrong, broken; /* shed: 429; broken: no answer could be read */
	unsigned long long sent;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void client_close(struct client *c)
{
	if (c->ssl) {
		SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static int client_open(struct client *c)
{
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -1;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(c->fd, (struct sockaddr *)&job.server, sizeof job.server) < 0)
		return -1;
	c->ssl = SSL_new(job.tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, "localhost") != 1)
		return -1;
	return SSL_connect(c->ssl) == 1 ? 0 : -1;
}

/* Stops early when the server has closed: it may have answered before the end of the body. */
static void client_write(struct client *c, const char *s, size_t n)
{
	int put;

	for (; n; s += put, n -= (size_t)put) {
		put = SSL_write(c->ssl, s, n > (1u << 20) ? 1 << 20 : (int)n);
		if (put <= 0)
			return;
		c->sent += (unsigned long long)put;
	}
}

/* The whole answer into c->answer; its status, or -1. */
static int client_read(struct client *c)
{
	const char *body = NULL, *length;
	size_t n = 0, want = 0;
	int got;

	while (!body || n < want) {
		if (n == ANSWER_MAX)
			return -1;
		got = SSL_read(c->ssl, c->answer + n, (int)(ANSWER_MAX - n));
		if (got <= 0)
			return -1;
		n += (size_t)got;
		c->answer[n] = '\0';
		if (!body && (body = strstr(c->answer, "\r\n\r\n"))) {
			length = strcasestr(c->answer, "\r\ncontent-length:");
			if (!length || length > body)
				return -1;
			want = (size_t)(body + 4 - c->answer) + strtoul(length + 17, NULL, 10);
		}
	}
	return strncmp(c->answer, "HTTP/1.1 ", 9) ? -1 : (int)strtol(c->answer + 9, NULL, 10);
}

static int client_request(struct client *c, const struct bytes *request)
{
	bool up = c->ssl || client_open(c) == 0;

	if (up)
		client_write(c, request->s, request->n - job.together);
	if (job.together) {
		pthread_barrier_wait(&job.barrier);
		if (up)
			client_write(c, request->s + request->n - 1, 1);
	}
	return up ? client_read(c) : -1;
}

static void client_count(struct client *c, int status, double took)
{
	unsigned at;

	if (status == 200 && (!job.expect || strstr(c->answer, job.expect))) {
		c->good++;
		if ((at = atomic_fetch_add(&samples, 1)) < SAMPLES_MAX)
			latency[at] = (float)(took * 1e6);
	} else if (status == 429) {
		c->shed++;
	} else if (status > 0) {
		if (!c->wrong++ && !job.any)
			fprintf(stderr, "load: not the answer that was expected:\n%s\n", c->answer);
	} else {
		c->broken++;
	}
}

static void *client_run(void *arg)
{
	struct client *c = arg;
	double start;
	int status;
	long i;

	/* A connection is not the subject here, unless each request has its own. */
	if (!job.fresh)
		client_open(c);
	while ((i = atomic_fetch_add(&taken, 1)) < job.count && (start = now()) < deadline) {
		status = client_request(c, &job.requests[(size_t)i % job.requests_n]);
		client_count(c, status, now() - start);
		if (job.fresh || status != 200)
			client_close(c);
	}
	client_close(c);
	return NULL;
}

static int body_read(const char *path, struct bytes *out)
{
	scoped(file_end) FILE *f = fopen(path, "rb");
	scoped(free_end) char *body = malloc(BODY_MAX + 1);
	size_t n;

	if (!f || !body)
		return -1;
	n = fread(body, 1, BODY_MAX + 1, f);
	if (!n || n > BODY_MAX || ferror(f))
		return -1;
	*out = (struct bytes){ TAKE(body), n };
	return 0;
}

/* What kube-apiserver sends, header for header. */
static int request_make(const char *path, struct bytes *out)
{
	scoped(free_end) char *head = NULL;
	struct bytes body;
	int n;

	if (body_read(path, &body) < 0)
		return -1;
	n = asprintf(&head,
		     "POST /validate?timeout=3s HTTP/1.1\r\nHost: localhost\r\n"
		     "User-Agent: kube-apiserver-admission\r\nContent-Length: %zu\r\n"
		     "Accept: application/json, */*\r\nContent-Type: application/json\r\n"
		     "Accept-Encoding: gzip\r\n\r\n",
		     body.n);
	if (n > 0 && (out->s = malloc((size_t)n + body.n))) {
		memcpy(out->s, head, (size_t)n);
		memcpy(out->s + n, body.s, body.n);
		out->n = (size_t)n + body.n;
	}
	free(body.s);
	return out->s ? 0 : -1;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Exit status: did all go as it should? */
static int report(const struct client *clients, double took)
{
	unsigned n = atomic_load(&samples) < SAMPLES_MAX ? atomic_load(&samples) : SAMPLES_MAX;
	struct client sum = { .good = 0 };

	for (long i = 0; i < job.connections; i++) {
		sum.good += clients[i].good;
		sum.shed += clients[i].shed;
		sum.wrong += clients[i].wrong;
		sum.broken += clients[i].broken;
		sum.sent += clients[i].sent;
	}
	qsort(latency, n, sizeof *latency, by_value);
	printf("{\"good\": %ld, \"shed\": %ld, \"wrong\": %ld, \"broken\": %ld, \"bytes\": %llu, "
	       "\"seconds\": %.3f, \"p50\": %.1f, \"p99\": %.1f}\n",
	       sum.good, sum.shed, sum.wrong, sum.broken, sum.sent, took,
	       n ? (double)latency[n / 2] : 0.0, n ? (double)latency[n - 1 - n / 100] : 0.0);
	return job.any || (sum.good && !sum.shed && !sum.wrong && !sum.broken) ? 0 : 1;
}

static int run(void)
{
	scoped(free_end) struct client *clients = calloc((size_t)job.connections, sizeof *clients);
	double start = now();

	latency = malloc(SAMPLES_MAX * sizeof *latency);
	if (!clients || !latency)
		return 2;
	deadline = start + job.seconds;
	pthread_barrier_init(&job.barrier, NULL, (unsigned)job.connections);
	for (long i = 0; i < job.connections; i++) {
		clients[i].fd = -1;
		clients[i].answer = malloc(ANSWER_MAX + 1);
		if (!clients[i].answer ||
		    pthread_create(&clients[i].thread, NULL, client_run, &clients[i]))
			return 2;
	}
	for (long i = 0; i < job.connections; i++) {
		pthread_join(clients[i].thread, NULL);
		free(clients[i].answer);
	}
	return report(clients, now() - start);
}

static int usage(void)
{
	fputs("usage: load [--connections N] [--count N] [--seconds S] [--fresh] [--together]\n"
	      "            [--expect TEXT] [--any] PORT BODY...\n"
	      "--fresh: a connection for each request. --together: as many requests as\n"
	      "connections, and no body's last byte before all others are sent.\n",
	      stderr);
	return 2;
}

static int options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "connections", required_argument, NULL, 'c' },
		{ "count", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ "expect", required_argument, NULL, 'e' },
		{ "fresh", no_argument, NULL, 'f' },
		{ "together", no_argument, NULL, 't' },
		{ "any", no_argument, NULL, 'a' },
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (c) {
		case 'c':
			job.connections = strtol(optarg, NULL, 10);
			break;
		case 'n':
			job.count = strtol(optarg, NULL, 10);
			break;
		case 's':
			job.seconds = strtod(optarg, NULL);
			break;
		case 'e':
			job.expect = optarg;
			break;
		case 'f':
			job.fresh = true;
			break;
		case 't':
			job.together = true;
			break;
		case 'a':
			job.any = true;
			break;
		default:
			return -1;
		}
	}
	if (job.together)
		job.count = job.connections;
	return job.connections > 0 && job.connections <= CONNECTIONS_MAX && job.count > 0 &&
			       job.seconds > 0 && argc - optind >= 2 &&
			       argc - optind <= BODIES_MAX + 1
		       ? 0
		       : -1;
}

int main(int argc, char **argv)
{
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (options(argc, argv) < 0)
		return usage();
	job.server = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(argv[optind], NULL, 10)),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	for (int i = optind + 1; i < argc; i++) {
		if (request_make(argv[i], &job.requests[job.requests_n++]) < 0) {
			fprintf(stderr, "load: %s: empty, over 16 MiB, or not readable\n", argv[i]);
			return 2;
		}
	}
	/* The server's certificate is not checked: this measures, it trusts nothing. */
	job.tls = SSL_CTX_new(TLS_client_method());
	if (!job.tls || SSL_CTX_set_min_proto_version(job.tls, TLS1_3_VERSION) != 1)
		return 2;
	SSL_CTX_set_session_cache_mode(job.tls, SSL_SESS_CACHE_OFF);
	/* The order in which Go offers them. */
	SSL_CTX_set_ciphersuites(job.tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
	status = run();
	for (size_t i = 0; i < job.requests_n; i++)
		free(job.requests[i].s);
	free(latency);
	SSL_CTX_free(job.tls);
	return status;
}
