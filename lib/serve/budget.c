/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/budget.h"

void budget_init(struct budget *b, size_t limit)
{
	b->limit = limit;
	atomic_init(&b->used, 0);
	pthread_mutex_init(&b->gives_way, NULL);
}

static size_t budget_limit_for(const struct budget *b, size_t whole)
{
	return whole > BUDGET_LARGE ? b->limit - b->limit / 4 : b->limit;
}

static bool budget_fits(const struct budget *b, size_t used, size_t n, size_t whole)
{
	size_t limit = budget_limit_for(b, whole);

	return used <= limit && n <= limit - used;
}

bool budget_room(const struct budget *b, size_t n, size_t whole)
{
	return budget_fits(b, budget_used(b), n, whole);
}

bool budget_take(struct budget *b, size_t n, size_t whole)
{
	size_t used = budget_used(b);

	do
		if (!budget_fits(b, used, n, whole))
			return false;
	while (!atomic_compare_exchange_weak(&b->used, &used, used + n));
	return true;
}

void budget_give(struct budget *b, size_t n)
{
	atomic_fetch_sub(&b->used, n);
}

size_t budget_used(const struct budget *b)
{
	return atomic_load_explicit(&b->used, memory_order_relaxed);
}

bool budget_short(const struct budget *b)
{
	return budget_used(b) > b->limit / 2;
}
