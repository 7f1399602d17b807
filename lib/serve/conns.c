#include "lib/serve/conns.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/base/clock.h"

static const struct conn_limit {
	long long ms; /* 0: none */
	enum metrics_shed reason;
	bool counted; /* as given up: the end of an idle connection is no loss */
} limits[CONN_PHASES_N] = {
	[CONN_HANDSHAKE] = { CONN_HANDSHAKE_MS, METRICS_HANDSHAKE, true },
	/* The library's own timeout comes first and says good-bye in TLS. */
	[CONN_IDLE] = { CONN_IDLE_S * 1000 + 5000, METRICS_CONNECTIONS, false },
	[CONN_HEADER] = { CONN_HEADER_MS, METRICS_HEADER, true },
	[CONN_BODY] = { CONN_BODY_MS, METRICS_BODY, true },
	[CONN_DROP] = { CONN_BODY_MS, METRICS_BODY, true },
	[CONN_ANSWER] = { CONN_ANSWER_MS, METRICS_ANSWER, true },
};

void conns_init(struct conns *all, unsigned max, const struct budget *budget,
		struct metrics *metrics)
{
	*all = (struct conns){ .max = max, .budget = budget, .metrics = metrics };
	pthread_mutex_init(&all->lock, NULL);
}

void conns_done(struct conns *all)
{
	pthread_mutex_destroy(&all->lock);
}

void conn_enter(struct conn *c, enum conn_phase phase)
{
	if (phase == CONN_BODY || phase == CONN_DROP)
		atomic_store(&c->arrived, 0);
	if (phase == CONN_ANSWER)
		atomic_store(&c->served, true);
	atomic_store(&c->state, clock_ms() * CONN_PHASES_N + phase);
}

void conn_arrived(struct conn *c, size_t n)
{
	atomic_fetch_add_explicit(&c->arrived, n, memory_order_relaxed);
}

static void conn_state_of(const struct conn *c, enum conn_phase *phase, long long *since)
{
	long long state = atomic_load(&c->state);

	*phase = (enum conn_phase)(state % CONN_PHASES_N);
	*since = state / CONN_PHASES_N;
}

/* Under the lock, so that the descriptor is still this connection's. */
static void conn_cut(struct conn *c)
{
	if (!atomic_exchange(&c->cut, true))
		shutdown(c->fd, SHUT_RDWR);
}

/* The same, for a reason: counted first, so that whoever sees the end sees the count. */
static void conns_cut_for(struct conns *all, struct conn *c, enum metrics_shed reason)
{
	metrics_shed(all->metrics, reason);
	conn_cut(c);
}

/* Of two waiting connections: should a go rather than b (NULL: nobody)? */
static bool conn_goes_first(const struct conn *a, const struct conn *b)
{
	enum conn_phase pa, pb;
	long long since_a, since_b;
	bool served_a, served_b;

	conn_state_of(a, &pa, &since_a);
	if (atomic_load(&a->cut) || (pa != CONN_HANDSHAKE && pa != CONN_IDLE))
		return false;
	if (!b)
		return true;
	conn_state_of(b, &pb, &since_b);
	served_a = atomic_load(&a->served);
	served_b = atomic_load(&b->served);
	return served_a != served_b ? served_b : since_a < since_b;
}

static void conns_cut_longest_idle(struct conns *all)
{
	struct conn *victim = NULL;

	for (struct conn *c = all->first; c; c = c->next)
		if (conn_goes_first(c, victim))
			victim = c;
	if (victim)
		conns_cut_for(all, victim, METRICS_CONNECTIONS);
}

void conns_add(struct conns *all, struct conn *c, int fd, enum conn_phase phase)
{
	*c = (struct conn){ .fd = fd };
	conn_enter(c, phase);
	pthread_mutex_lock(&all->lock);
	if (atomic_fetch_add(&all->n, 1) >= all->max)
		conns_cut_longest_idle(all); /* before it is in the list: it does not cut itself */
	if ((c->next = all->first))
		c->next->prev = c;
	all->first = c;
	pthread_mutex_unlock(&all->lock);
}

void conns_remove(struct conns *all, struct conn *c)
{
	pthread_mutex_lock(&all->lock);
	if (c->prev)
		c->prev->next = c->next;
	else
		all->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	atomic_fetch_sub(&all->n, 1);
	pthread_mutex_unlock(&all->lock);
}

unsigned conns_count(const struct conns *all)
{
	return atomic_load(&all->n);
}

/* Has it sent what we have not read yet? Then it is we who are slow. */
static bool conn_waits_for_us(const struct conn *c)
{
	int unread = 0;

	return ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* Less than CONN_RATE in the last whole window? Begins windows as it goes. */
static bool conn_is_too_slow(struct conn *c, long long since, long long now)
{
	size_t arrived = atomic_load(&c->arrived), before = c->window_bytes;
	bool begun = c->window_start >= since;

	if (begun && now - c->window_start < CONN_RATE_MS)
		return false;
	c->window_start = now;
	c->window_bytes = arrived;
	return begun && arrived - before < CONN_RATE;
}

/* 0: none. Who brings a large body steadily gets more time. */
static long long conn_limit_of(const struct conn *c, enum conn_phase phase)
{
	bool body = phase == CONN_BODY || phase == CONN_DROP;
	long long more = body ? (long long)atomic_load(&c->arrived) : 0;

	return limits[phase].ms + more * 1000 / CONN_BODY_RATE;
}

static void conns_tick_one(struct conns *all, struct conn *c, long long now)
{
	enum conn_phase phase;
	long long since, limit;

	conn_state_of(c, &phase, &since);
	limit = conn_limit_of(c, phase);
	if (atomic_load(&c->cut))
		return;
	if (limit && now - since > limit) {
		if (limits[phase].counted)
			conns_cut_for(all, c, limits[phase].reason);
		else
			conn_cut(c);
	} else if (phase == CONN_BODY && all->budget && conn_is_too_slow(c, since, now) &&
		   budget_short(all->budget) && !conn_waits_for_us(c)) {
		conns_cut_for(all, c, METRICS_SLOW_SENDER);
	}
}

void conns_tick(struct conns *all)
{
	long long now = clock_ms();

	pthread_mutex_lock(&all->lock);
	for (struct conn *c = all->first; c; c = c->next)
		conns_tick_one(all, c, now);
	pthread_mutex_unlock(&all->lock);
}

void conns_cut_idle(struct conns *all)
{
	enum conn_phase phase;
	long long since;

	pthread_mutex_lock(&all->lock);
	for (struct conn *c = all->first; c; c = c->next) {
		conn_state_of(c, &phase, &since);
		if (phase == CONN_HANDSHAKE || phase == CONN_IDLE)
			conn_cut(c);
	}
	pthread_mutex_unlock(&all->lock);
}
