/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/log_queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK (256u * 1024) /* of the writer; it needs a line of it */

struct log_queue {
	int fd;
	pthread_t writer;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t news;  /* for the writer: a line, or the end */
	pthread_cond_t over;  /* from the writer: it has written all, and ended */
	size_t first, n;      /* the bytes that wait: n from ring[first], around its end */
	uint64_t lost;
	bool ending, ended;
	unsigned char ring[LOG_QUEUE_BYTES]; /* each line behind its length, two bytes */
};

#define LENGTH_BYTES 2u

/* ---- the ring; under the lock ---- */

static void ring_add(struct log_queue *q, const void *bytes, size_t n)
{
	size_t at = (q->first + q->n) % LOG_QUEUE_BYTES;
	size_t straight = LOG_QUEUE_BYTES - at < n ? LOG_QUEUE_BYTES - at : n;

	memcpy(q->ring + at, bytes, straight);
	memcpy(q->ring, (const char *)bytes + straight, n - straight);
	q->n += n;
}

static void ring_take(struct log_queue *q, void *bytes, size_t n)
{
	size_t straight = LOG_QUEUE_BYTES - q->first < n ? LOG_QUEUE_BYTES - q->first : n;

	memcpy(bytes, q->ring + q->first, straight);
	memcpy((char *)bytes + straight, q->ring, n - straight);
	q->first = (q->first + n) % LOG_QUEUE_BYTES;
	q->n -= n;
	if (!q->n)
		q->first = 0; /* a queue that is read in time stays within its first pages */
}

/* ---- the writer ---- */

/* The next line, waited for. 0: there is none any more. */
static size_t writer_next(struct log_queue *q, char line[LOG_QUEUE_LINE])
{
	unsigned char length[LENGTH_BYTES];
	size_t n = 0;

	pthread_mutex_lock(&q->lock);
	while (!q->n && !q->ending)
		pthread_cond_wait(&q->news, &q->lock);
	if (q->n) {
		ring_take(q, length, sizeof length);
		n = (size_t)length[0] | (size_t)length[1] << 8;
		ring_take(q, line, n);
	}
	pthread_mutex_unlock(&q->lock);
	return n;
}

/* One write(2) a line, unless only a part of it is taken. What cannot be written is gone. */
static void writer_write(int fd, const char *line, size_t n)
{
	while (n) {
		ssize_t done = write(fd, line, n);

		if (done > 0) {
			line += done;
			n -= (size_t)done;
		} else if (done < 0 && errno == EAGAIN) {
			struct pollfd full = { .fd = fd, .events = POLLOUT };

			/* Somebody made it non-blocking: wait here as write would have. */
			if (poll(&full, 1, -1) < 0 && errno != EINTR)
				return;
		} else if (done == 0 || errno != EINTR) {
			return;
		}
	}
}

static void *writer_run(void *ctx)
{
	struct log_queue *q = ctx;
	char line[LOG_QUEUE_LINE];
	size_t n;

	while ((n = writer_next(q, line)))
		writer_write(q->fd, line, n);
	pthread_mutex_lock(&q->lock);
	q->ended = true;
	pthread_cond_signal(&q->over);
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* ---- begin and end ---- */

/* Signals are for the main thread alone: this one begins with all of them blocked. */
static int writer_start(struct log_queue *q)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int status;

	if (pthread_attr_init(&attr) != 0)
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_attr_setstacksize(&attr, STACK);
	status = pthread_create(&q->writer, &attr, writer_run, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return status ? -1 : 0;
}

static void queue_free(struct log_queue *q)
{
	pthread_cond_destroy(&q->over);
	pthread_cond_destroy(&q->news);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

struct log_queue *log_queue_new(int fd)
{
	struct log_queue *q = malloc(sizeof *q); /* the ring is not touched before it is used */
	pthread_condattr_t steady;

	if (!q)
		return NULL;
	q->fd = fd;
	q->first = q->n = 0;
	q->lost = 0;
	q->ending = q->ended = false;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&q->news, &steady);
	pthread_cond_init(&q->over, &steady);
	pthread_condattr_destroy(&steady);
	if (writer_start(q) == 0)
		return q;
	queue_free(q);
	return NULL;
}

bool log_queue_put(struct log_queue *q, const char *line, size_t n, bool own)
{
	const unsigned char length[LENGTH_BYTES] = { (unsigned char)(n & 0xff),
						     (unsigned char)(n >> 8) };
	size_t room = LOG_QUEUE_BYTES - (own ? 0 : LOG_QUEUE_KEPT);
	bool fits;

	pthread_mutex_lock(&q->lock);
	fits = q->n + sizeof length + n <= room;
	if (fits) {
		ring_add(q, length, sizeof length);
		ring_add(q, line, n);
		pthread_cond_signal(&q->news);
	} else {
		q->lost++;
	}
	pthread_mutex_unlock(&q->lock);
	return fits;
}

uint64_t log_queue_lost(struct log_queue *q)
{
	uint64_t lost;

	pthread_mutex_lock(&q->lock);
	lost = q->lost;
	pthread_mutex_unlock(&q->lock);
	return lost;
}

size_t log_queue_waiting(struct log_queue *q)
{
	size_t n;

	pthread_mutex_lock(&q->lock);
	n = q->n;
	pthread_mutex_unlock(&q->lock);
	return n;
}

void log_queue_end(struct log_queue *q)
{
	struct timespec end;
	bool ended;

	if (!q)
		return;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += LOG_QUEUE_MS / 1000;
	pthread_mutex_lock(&q->lock);
	q->ending = true;
	pthread_cond_signal(&q->news);
	while (!q->ended && pthread_cond_timedwait(&q->over, &q->lock, &end) == 0)
		;
	ended = q->ended;
	pthread_mutex_unlock(&q->lock);
	if (!ended) {
		pthread_detach(q->writer);
		return;
	}
	pthread_join(q->writer, NULL);
	queue_free(q);
}
