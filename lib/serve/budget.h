/* SPDX-License-Identifier: Apache-2.0
 * budget.h - the memory that all bodies in flight share.
 *
 * A body is charged as its bytes arrive, not by what its header promises: who
 * promises much and sends nothing takes nothing from the others. Large bodies
 * leave a quarter of the budget to small ones, so that reviews of normal size
 * are answered while large ones fill the rest. Any thread may charge.
 *
 * Who finds no room gives way with what it holds, and one at a time: two that gave way to each
 * other would both be lost, and with them room for one.
 */
#ifndef LIB_SERVE_BUDGET_H
#define LIB_SERVE_BUDGET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define BUDGET_LARGE (256u * 1024) /* a body of more bytes is a large one */

struct budget {
	size_t limit;
	atomic_size_t used;
	pthread_mutex_t gives_way; /* held from the last look for room until all is given back */
};

void budget_init(struct budget *b, size_t limit);
/* Is there room for n further bytes of a body of `whole` bytes? Charges nothing. */
bool budget_room(const struct budget *b, size_t n, size_t whole);
/* The same, and charge them. */
bool budget_take(struct budget *b, size_t n, size_t whole);
void budget_give(struct budget *b, size_t n);
size_t budget_used(const struct budget *b);
/* Is more than half of it in use? Then slow senders have to go. */
bool budget_short(const struct budget *b);

#endif
