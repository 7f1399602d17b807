/* SPDX-License-Identifier: Apache-2.0
 * clock.h - one choice of clock for everything that lasts.
 *
 * CLOCK_BOOTTIME: nobody can set it, and unlike CLOCK_MONOTONIC it goes on while the machine
 * is suspended, as certificates, caches and the patience of the other side do. The vDSO
 * answers it, so it may be asked for each step of a request. Points of time that others
 * know too (dates, the end of an exception) are clock_seconds().
 */
#ifndef LIB_BASE_CLOCK_H
#define LIB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline long long clock_ms(void)
{
	return (long long)(clock_ns() / 1000000);
}

/* Since the epoch. time() may be a tick behind, and an exception ends to the second. */
static inline int64_t clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

#endif
