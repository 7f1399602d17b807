/* SPDX-License-Identifier: Apache-2.0
 * kubeconfig.h - which cluster, as whom: kubeconfig files as kubectl reads them.
 *
 * The files of KUBECONFIG (else ~/.kube/config) count as one: of two entries of a name the first
 * wins, missing files are passed over, keys that are not known are ignored, relative paths begin
 * at the folder of the file that they stand in. Files are a user's own, and still bounded. Keys and
 * tokens stay in the arena, which is to be wiped (kubeconfig_wipe). Source of the rules: the
 * reference of kubeconfig (v1) and the behaviour of kubectl 1.36.
 */
#ifndef AGENT_KUBECONFIG_KUBECONFIG_H
#define AGENT_KUBECONFIG_KUBECONFIG_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/strings.h"
#include "lib/json/json.h"

#define KUBECONFIG_FILES_MAX 64          /* in KUBECONFIG */
#define KUBECONFIG_BYTES_MAX (4u << 20)  /* of one file */
#define KUBECONFIG_MEMORY    (64u << 20) /* of all of them, read */
#define KUBECONFIG_ENTRIES   20000       /* clusters, users or contexts of one file */

#define PLUGIN_ENTRIES_MAX 1000 /* arguments of a plug-in, and variables */

/* Of one file, as it was read. */
struct kubeconfig_file {
	const char *path;
	struct str folder;       /* where its relative paths begin */
	const struct json *root; /* an object; NULL: the file is empty */
};

struct kubeconfig_files {
	struct kubeconfig_file v[KUBECONFIG_FILES_MAX];
	size_t n;      /* that were there */
	size_t looked; /* for how many it was looked */
	char names[300];
};

enum plugin_mode { PLUGIN_NEVER, PLUGIN_IF_AVAILABLE, PLUGIN_ALWAYS };

/* An exec plug-in: a program that prints a token. Texts end in NUL. */
struct plugin {
	const char *command; /* a path, or a name to look for in PATH; NULL: there is none */
	const char *api_version, *hint;
	struct strings args, names, values; /* names and values: of its environment */
	enum plugin_mode mode;
	bool wants_cluster;
	const struct json *config; /* its own part of the cluster's entry, or NULL */
};

/* All texts end in NUL; {NULL, 0} is not given. Data is decoded. */
struct kubeconfig {
	struct str context, cluster, user; /* names */
	struct str server, tls_name, proxy;
	bool insecure; /* the server's certificate is not checked: the file says so */
	struct str ca_file, ca_data;
	struct str cert_file, cert_data, key_file, key_data;
	struct str token, token_file, username, password;
	struct str as, as_uid;
	struct strings as_groups;
	const struct json *as_extra; /* an object of arrays of texts, or NULL */
	struct plugin plugin;
};

/*
 * The files that there are: `file` alone if it is not NULL, and then it must be there. -1: one
 * cannot be read, or is not a kubeconfig ("FILE:LINE: ...").
 */
int kubeconfig_load(const char *file, struct arena *arena, struct kubeconfig_files *out,
		    struct err *err);

/* The context of that name, or the current one (NULL), with its cluster and user. */
int kubeconfig_pick(const struct kubeconfig_files *files, const char *context, struct arena *arena,
		    struct kubeconfig *out, struct err *err);

/* Overwrites all that the arena holds, and gives it back. */
void kubeconfig_wipe(struct arena *arena);

/*
 * The proxy that the environment names for a server ("https://HOST..."), as kubectl finds it:
 * HTTPS_PROXY, then https_proxy; none for this machine itself. NO_PROXY is `no_proxy`, or NULL.
 */
const char *kubeconfig_environment_proxy(const char *server, const char **no_proxy);

#endif
