/* SPDX-License-Identifier: Apache-2.0
 * signals.h - what a program that serves does about signals.
 *
 * SIGHUP: read the files again. Everything else that would end the process by
 * default, and that somebody may send, is a request to stop: it ends with the
 * drain. SIGUSR1 and SIGUSR2 mean nothing here and do nothing, nor do SIGPIPE and
 * SIGXFSZ, which come of writes that fail. Faults of the program itself (SIGSEGV,
 * SIGABRT and the like), SIGKILL and job control stay what they are.
 *
 * Threads inherit the mask: take the signals before the first thread is made, so
 * that no worker is ever interrupted.
 */
#ifndef LIB_BASE_SIGNALS_H
#define LIB_BASE_SIGNALS_H

#include <stdbool.h>

#include "lib/base/err.h"

/* Descriptors for poll(2), POLLIN, which do not block; the caller closes them. -1 with err. */
int signals_to_stop(struct err *err);
int signals_to_reload(struct err *err);
/* Has one come? All that wait are taken. */
bool signals_taken(int fd);

#endif
