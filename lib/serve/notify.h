/* SPDX-License-Identifier: Apache-2.0
 * notify.h - tell systemd how we are: the plain protocol of sd_notify(3), a datagram
 * to the socket that $NOTIFY_SOCKET names. No library is needed for that.
 */
#ifndef LIB_SERVE_NOTIFY_H
#define LIB_SERVE_NOTIFY_H

#include "lib/base/err.h"

/*
 * "READY=1", "STOPPING=1". 1: told; 0: nobody asked to be told (no $NOTIFY_SOCKET); -1: it
 * could not be told, which is worth a line in the log and nothing more.
 */
int notify_send(const char *state, struct err *err);

#endif
