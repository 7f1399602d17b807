/* SPDX-License-Identifier: Apache-2.0
 * proxy.c - the proxy that the environment names, as Go's programs read it, kubectl among them.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/kubeconfig/kubeconfig.h"

static const char *proxy_variable(const char *upper, const char *lower)
{
	const char *v = getenv(upper);

	if (!v || !*v)
		v = getenv(lower);
	return v && *v ? v : NULL;
}

/* The host of "https://HOST:PORT/...": without brackets. */
static struct str proxy_host_of(const char *server)
{
	const char *p = strstr(server, "://");

	p = p ? p + 3 : server;
	if (*p == '[')
		return (struct str){ p + 1, strcspn(p + 1, "]") };
	return (struct str){ p, strcspn(p, ":/?#") };
}

static bool is_this_machine(struct str host)
{
	return str_is(host, "localhost") || str_is(host, "::1") || str_starts(host, STR("127."));
}

const char *kubeconfig_environment_proxy(const char *server, const char **no_proxy)
{
	*no_proxy = proxy_variable("NO_PROXY", "no_proxy");
	return is_this_machine(proxy_host_of(server))
		       ? NULL
		       : proxy_variable("HTTPS_PROXY", "https_proxy");
}
