/* SPDX-License-Identifier: Apache-2.0
 * server.h - the address of an API server, and what it takes to expect another name in its
 * certificate than the one that is in the address (tls-server-name).
 */
#ifndef AGENT_KUBECONFIG_SERVER_H
#define AGENT_KUBECONFIG_SERVER_H

#include "lib/base/err.h"
#include "lib/base/str.h"

#define SERVER_MAX 512 /* bytes of the address, and of a name */

struct server_address {
	char base[SERVER_MAX * 2]; /* "https://NAME:6443/prefix": what paths are put behind */
	char connect[SERVER_MAX];  /* "::HOST:6443": where to connect, whatever base says; or "" */
	char host[SERVER_MAX];     /* "Host: HOST:6443", where base names another; or "" */
};

/* "https://HOST[:PORT][/PREFIX]", tls_name or NULL. -1: err: it is none. */
int server_address_read(const char *server, const char *tls_name, struct server_address *out,
			struct err *err);

#endif
