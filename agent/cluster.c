/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cluster.h"

#include <stdlib.h>
#include <string.h>

#define MOUNTED "/var/run/secrets/kubernetes.io/serviceaccount/"

/* https://HOST:PORT from what kubelet puts into each container's environment. */
static int cluster_server_of_pod(char url[KUBE_URL_MAX], struct err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");
	bool v6 = host && strchr(host, ':');

	if (!host || !*host)
		return err_set(
			err, ERR_USAGE,
			"where is the API server? In no pod, give --server URL, --token-file "
			"FILE and --ca-file FILE");
	snprintf(url, KUBE_URL_MAX, "https://%s%.255s%s:%.5s", v6 ? "[" : "", host, v6 ? "]" : "",
		 port && *port ? port : "443");
	return 0;
}

int cluster_config(const struct cluster *c, int stop, struct kube_config *out, struct err *err)
{
	static char url[KUBE_URL_MAX]; /* once a process; the client borrows it */

	*out = (struct kube_config){
		.server = c->server ? c->server : url,
		.token_file = c->token_file ? c->token_file : MOUNTED "token",
		.ca_file = c->ca_file ? c->ca_file : MOUNTED "ca.crt",
		.timeout = c->timeout,
		.stop = stop,
	};
	return c->server ? 0 : cluster_server_of_pod(url, err);
}

struct kube *cluster_open(const struct cluster *c, int stop, struct err *err)
{
	struct kube_config config;

	return cluster_config(c, stop, &config, err) < 0 ? NULL : kube_new(&config, err);
}

int cluster_name(const char *option, const char *name, struct err *err)
{
	if (!name)
		return err_set(err, ERR_USAGE, "--%s is missing; try --help", option);
	if (!kube_name_ok(name))
		return err_set(
			err, ERR_USAGE,
			"--%s expects the name of an object (lower-case letters, digits, '-' "
			"and '.'), not '%.60s'",
			option, name);
	return 0;
}
