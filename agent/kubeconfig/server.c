/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kubeconfig/server.h"

#include <string.h>

#include "lib/base/chars.h"

#define SCHEME "https://"

static int server_fail(const char *server, struct err *err)
{
	return err_set(err, ERR_USAGE,
		       "'%.80s' is no address of an API server; write https://HOST:PORT", server);
}

/* "HOST:PORT" or "[V6]:PORT" to host, with its brackets, and port. False: it is none. */
static bool server_split(struct str authority, struct str *host, struct str *port)
{
	const char *p = authority.s, *end = p + authority.n, *colon;

	if (authority.n && *p == '[' && (p = memchr(p, ']', authority.n)))
		p++;
	if (!p)
		return false;
	colon = memchr(p, ':', (size_t)(end - p));
	*host = (struct str){ authority.s, (size_t)((colon ? colon : end) - authority.s) };
	*port = colon ? (struct str){ colon + 1, (size_t)(end - colon) - 1 } : STR("443");
	return host->n && port->n && chars_all(*port, char_is_digit, "") &&
	       chars_all(*host, char_is_alnum, "-._:[]%");
}

int server_address_read(const char *server, const char *tls_name, struct server_address *out,
			struct err *err)
{
	struct str authority, host, port;
	size_t n = strlen(server);

	*out = (struct server_address){ .base = "" };
	if (strncmp(server, SCHEME, sizeof SCHEME - 1) != 0 || n >= SERVER_MAX - 32)
		return server_fail(server, err);
	while (n && server[n - 1] == '/')
		n--;
	authority.s = server + sizeof SCHEME - 1;
	authority.n = strcspn(authority.s, "/?#");
	if (n < sizeof SCHEME - 1 || !server_split(authority, &host, &port) ||
	    strpbrk(authority.s, "?# \t\r\n"))
		return server_fail(server, err);
	if (!tls_name) {
		snprintf(out->base, sizeof out->base, "%.*s", (int)n, server);
		return 0;
	}
	if (!*tls_name || strlen(tls_name) > 253 ||
	    !chars_all(str_of(tls_name), char_is_alnum, "-._"))
		return err_set(err, ERR_USAGE,
			       "tls-server-name '%.80s' is no name that a certificate may have",
			       tls_name);
	snprintf(out->base, sizeof out->base, SCHEME "%s:%.*s%.*s", tls_name, STR_ARG(port),
		 (int)(n - (sizeof SCHEME - 1) - authority.n), authority.s + authority.n);
	snprintf(out->connect, sizeof out->connect, "::%.*s:%.*s", STR_ARG(host), STR_ARG(port));
	snprintf(out->host, sizeof out->host, "Host: %.*s", STR_ARG(authority));
	return 0;
}
