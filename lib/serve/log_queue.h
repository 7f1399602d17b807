/* SPDX-License-Identifier: Apache-2.0
 * log_queue.h - lines on their way to a descriptor that may not take them.
 *
 * Whoever reads standard error may stall: a full pipe, a stopped terminal, a log
 * collector that hangs. A writer that waited for it would stand still, and with
 * it what it ought to answer. So lines go into a bounded queue, and one thread of
 * its own writes them; what does not fit is counted. Nobody else ever waits for
 * more than the copy of a line.
 */
#ifndef LIB_SERVE_LOG_QUEUE_H
#define LIB_SERVE_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_QUEUE_BYTES (256u * 1024)         /* lines that wait, all together */
#define LOG_QUEUE_KEPT  (LOG_QUEUE_BYTES / 4) /* of these for the program's own events */
#define LOG_QUEUE_LINE  4096                  /* bytes of a line at most */
#define LOG_QUEUE_MS    1000                  /* log_queue_end waits at most so long */

struct log_queue;

/* NULL: no memory, or no thread. The thread takes no signal. fd stays the caller's. */
struct log_queue *log_queue_new(int fd);
/*
 * A line with its newline, 1 to LOG_QUEUE_LINE bytes. false: it did not fit and is counted as
 * lost. own: an event of the program, for which a quarter of the room is kept: what requests
 * cause cannot push it out.
 */
bool log_queue_put(struct log_queue *q, const char *line, size_t n, bool own);
/* How many did not fit, ever. */
uint64_t log_queue_lost(struct log_queue *q);
/* Bytes that wait now. */
size_t log_queue_waiting(struct log_queue *q);
/*
 * Write what waits, for at most LOG_QUEUE_MS, then let go. A thread that is still in its write
 * by then is left behind with its memory, for the end of the process to take. NULL is fine.
 */
void log_queue_end(struct log_queue *q);

#endif
