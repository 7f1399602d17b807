/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t len;
	bool everywhere; /* no address was named */
};

static void listen_address_v4(struct listen_address *a, in_port_t port)
{
	*a = (struct listen_address){ .len = sizeof a->v4, .everywhere = a->everywhere };
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = port;
}

static void listen_address_v6(struct listen_address *a, in_port_t port)
{
	*a = (struct listen_address){ .len = sizeof a->v6, .everywhere = a->everywhere };
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = port;
}

static bool listen_parse_port(const char *text, in_port_t *out)
{
	size_t n = strlen(text);
	unsigned long port;

	if (!n || n > 5 || strspn(text, "0123456789") != n)
		return false;
	port = strtoul(text, NULL, 10);
	*out = htons((in_port_t)port);
	return port <= 65535;
}

static int listen_parse(const char *text, struct listen_address *out, struct err *err)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	char host[LISTEN_ADDRESS];
	in_port_t port;

	if (!colon || n >= sizeof host || !listen_parse_port(colon + 1, &port))
		return err_set(err, ERR_USAGE,
			       "'%.80s' is no address to listen on; write 127.0.0.1:8443, "
			       "[::1]:8443, or :8443 for every address",
			       text);
	memcpy(host, text, n);
	host[n] = '\0';
	*out = (struct listen_address){ .everywhere = !n };
	if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		listen_address_v6(out, port);
		if (inet_pton(AF_INET6, host + 1, &out->v6.sin6_addr) == 1)
			return 0;
	} else {
		listen_address_v4(out, port);
		if (!n || inet_pton(AF_INET, host, &out->v4.sin_addr) == 1)
			return 0;
	}
	return err_set(err, ERR_USAGE,
		       "'%.80s' has no IP address before the port (names are not "
		       "looked up)",
		       text);
}

static int listen_bind_socket(int fd, const struct listen_address *a)
{
	int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -1;
	if (a->any.sa_family == AF_INET6 && a->everywhere &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
		return -1;
	return bind(fd, &a->any, a->len) < 0 ? -1 : listen(fd, SOMAXCONN);
}

/* A socket that listens on the address; -1 and errno. */
static int listen_open_socket(const struct listen_address *a)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), e;

	if (fd < 0 || listen_bind_socket(fd, a) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

static void listen_describe(int fd, char bound[LISTEN_ADDRESS])
{
	struct listen_address a = { .len = sizeof a.v6 };
	char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";

	if (getsockname(fd, &a.any, &a.len) == 0)
		getnameinfo(&a.any, a.len, host, sizeof host, port, sizeof port,
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(bound, LISTEN_ADDRESS, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int listen_on(const char *text, char bound[LISTEN_ADDRESS], struct err *err)
{
	struct listen_address a;
	int fd = -1;

	if (listen_parse(text, &a, err) < 0)
		return -1;
	if (a.everywhere) { /* one socket of IPv6 serves both families, where there is IPv6 */
		struct listen_address both = a;

		listen_address_v6(&both, a.v4.sin_port);
		fd = listen_open_socket(&both);
	}
	if (fd < 0 && (fd = listen_open_socket(&a)) < 0)
		return err_set(err, ERR_IO, "cannot listen on %.80s: %s", text, strerror(errno));
	listen_describe(fd, bound);
	return fd;
}
