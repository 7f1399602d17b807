/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/wait.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>

bool wait_sleep(int signals, long milliseconds)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };

	return poll(&fd, 1, (int)milliseconds) > 0;
}

long wait_backoff(unsigned failures, long retry_after)
{
	long ms = WAIT_FIRST_S * 1000L << (failures > 7 ? 7 : failures ? failures - 1 : 0);
	unsigned short chance = 0;

	if (ms > WAIT_MOST_S * 1000L)
		ms = WAIT_MOST_S * 1000L;
	if (ms < retry_after * 1000)
		ms = retry_after * 1000;
	/* Agents that failed together should not come back together. */
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) < 0)
		chance = 0;
	return ms + ms / 4 * chance / 65536;
}
