/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/conns.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/base/clock.h"

#define SOURCE_PROBES 16 /* sources that are counted to find the largest one */

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
	atomic_store(&c->state, clock_ms() * CONN_PHASES_N + phase);
}

void conn_arrived(struct conn *c, size_t n)
{
	atomic_fetch_add_explicit(&c->arrived, n, memory_order_relaxed);
}

void conn_served(struct conn *c)
{
	atomic_store(&c->served, true);
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

/* ---- who has to go ---- */

void conn_source_of(const struct sockaddr *from, struct conn_source *out)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;

	memset(out, 0, sizeof *out);
	if (from && from->sa_family == AF_INET) {
		out->bytes[0] = 4;
		memcpy(out->bytes + 1, &v4->sin_addr, 4);
	} else if (from && from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		out->bytes[0] = 4;
		memcpy(out->bytes + 1, v6->sin6_addr.s6_addr + 12, 4);
	} else if (from && from->sa_family == AF_INET6) {
		out->bytes[0] = 6;
		memcpy(out->bytes + 1, v6->sin6_addr.s6_addr, 8);
	}
}

static bool same_source(const struct conn *a, const struct conn_source *source)
{
	return !memcmp(&a->source, source, sizeof *source);
}

static unsigned source_count(const struct conns *all, const struct conn_source *source)
{
	unsigned n = 0;

	for (const struct conn *c = all->first; c; c = c->next)
		n += !atomic_load(&c->cut) && same_source(c, source);
	return n;
}

/* Has it sent what we have not read yet? Then it is we who are slow. */
static bool conn_waits_for_us(const struct conn *c)
{
	int unread = 0;

	return ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* The lower goes first. */
enum victim { VICTIM_UNANSWERED, VICTIM_STALLED, VICTIM_IDLE, VICTIM_NONE };

static enum victim victim_kind(const struct conn *c, long long now, long long *since)
{
	enum conn_phase phase;

	conn_state_of(c, &phase, since);
	if (atomic_load(&c->cut) || phase == CONN_WORK || phase == CONN_ANSWER)
		return VICTIM_NONE;
	if (!atomic_load(&c->served)) {
		*since = c->begun;
		return VICTIM_UNANSWERED;
	}
	if (phase == CONN_IDLE)
		return VICTIM_IDLE;
	return now - *since > CONN_STALLED_MS && !conn_waits_for_us(c) ? VICTIM_STALLED
								       : VICTIM_NONE;
}

/* Of one source: those that were never answered first, oldest first within each kind. */
static struct conn *victim_of(const struct conns *all, const struct conn_source *source,
			      long long now)
{
	enum victim kind, least = VICTIM_NONE;
	long long since, oldest = 0;
	struct conn *victim = NULL;

	for (struct conn *c = all->first; c; c = c->next) {
		if (!same_source(c, source) || (kind = victim_kind(c, now, &since)) > least)
			continue;
		if (kind == VICTIM_NONE || (kind == least && since >= oldest))
			continue;
		victim = c;
		least = kind;
		oldest = since;
	}
	return victim;
}

/* Of all: the oldest that was never answered, though it had its time. */
static struct conn *victim_unanswered(const struct conns *all, long long now)
{
	struct conn *victim = NULL;
	long long since;

	for (struct conn *c = all->first; c; c = c->next)
		if (!atomic_load(&c->served) && victim_kind(c, now, &since) == VICTIM_UNANSWERED &&
		    now - since >= CONN_FRESH_MS && (!victim || since < victim->begun))
			victim = c;
	return victim;
}

/*
 * The source that holds the most, or nearly: the sources of some are counted, evenly taken, and
 * whoever fills the list is met among them.
 */
static const struct conn_source *source_largest(const struct conns *all)
{
	const struct conn_source *largest = NULL;
	unsigned most = 0, step = all->max / SOURCE_PROBES + 1, i = 0;

	for (const struct conn *c = all->first; c; c = c->next) {
		unsigned n;

		if (i++ % step)
			continue;
		n = source_count(all, &c->source);
		if (n > most) {
			most = n;
			largest = &c->source;
		}
	}
	return largest;
}

static struct conn *victim_any(const struct conns *all, long long now)
{
	struct conn *victim = victim_unanswered(all, now);
	const struct conn_source *source = victim ? NULL : source_largest(all);

	return source ? victim_of(all, source, now) : victim;
}

/* Before the new one is in the list: it does not cut itself. */
static void make_room(struct conns *all, const struct conn_source *source, unsigned before)
{
	long long now = clock_ms();
	struct conn *victim = NULL;

	if (before >= CONN_SOURCE(all->max) && source_count(all, source) >= CONN_SOURCE(all->max))
		victim = victim_of(all, source, now);
	if (!victim && before >= all->max)
		victim = victim_any(all, now);
	if (victim)
		conns_cut_for(all, victim, METRICS_CONNECTIONS);
}

void conns_add(struct conns *all, struct conn *c, int fd, const struct sockaddr *from,
	       enum conn_phase phase)
{
	*c = (struct conn){ .fd = fd, .begun = clock_ms() };
	conn_source_of(from, &c->source);
	conn_enter(c, phase);
	pthread_mutex_lock(&all->lock);
	make_room(all, &c->source, atomic_fetch_add(&all->n, 1));
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

/* ---- how long each may take ---- */

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

long long conns_busy_ms(struct conns *all)
{
	long long now = clock_ms(), since, longest = 0;
	enum conn_phase phase;

	pthread_mutex_lock(&all->lock);
	for (const struct conn *c = all->first; c; c = c->next) {
		conn_state_of(c, &phase, &since);
		if (phase == CONN_WORK && now - since > longest)
			longest = now - since;
	}
	pthread_mutex_unlock(&all->lock);
	return longest;
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
