/* SPDX-License-Identifier: Apache-2.0
 * wait.h - how long to wait before a call is tried again.
 */
#ifndef AGENT_WAIT_H
#define AGENT_WAIT_H

#include <stdbool.h>

#include "agent/api/kube.h"

#define WAIT_FIRST_S 1  /* after the first failure; doubled with each */
#define WAIT_MOST_S  60 /* but never longer than this, unless the API server asks for it */

/* Sleep; true: a signal has come (at once, then). signals: signals_to_stop. */
bool wait_sleep(int signals, long milliseconds);

/* Milliseconds until the next try, after so many failures in a row: a quarter of it by chance. */
long wait_backoff(unsigned failures, long retry_after);

#endif
