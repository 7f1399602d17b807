/* SPDX-License-Identifier: Apache-2.0
 * listen.h - sockets that listen on what an option says.
 */
#ifndef LIB_SERVE_LISTEN_H
#define LIB_SERVE_LISTEN_H

#include "lib/base/err.h"

#define LISTEN_ADDRESS 64 /* room for "[ffff:...:255.255.255.255]:65535" */

/*
 * "127.0.0.1:8443", "[::1]:8443", or ":8443" for every address of both families; port 0: any free
 * one. The descriptor does not block. bound: address and port as they came to be.
 * -1: ERR_USAGE (no such form) or ERR_IO (in use, not allowed ...); the message names the address.
 */
int listen_on(const char *text, char bound[LISTEN_ADDRESS], struct err *err);

#endif
