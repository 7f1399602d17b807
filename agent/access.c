/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "agent/cluster.h"
#include "agent/kubeconfig/server.h"
#include "lib/base/base64.h"
#include "lib/base/chars.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/files.h"
#include "lib/base/time.h"
#include "oke/certs.h"

#define AUTHORIZATION "Authorization: "
#define PEM_MAX       (1u << 20)
#define GIVEN_MEMORY  (4u << 20)
#define CERTS_MEMORY  (4u << 20)

/* A core dump would hold keys. (The leak checker of a sanitizer has to look into the process.) */
static void access_forbid_dumps(void)
{
#ifndef __SANITIZE_ADDRESS__
	prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
#endif
}

static int access_fail_full(const char *what, struct err *err)
{
	return err_set(err, ERR_LIMIT, "the kubeconfig: %s has no room", what);
}

/* ---- headers ---- */

static bool is_header_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < 0x20 || s.s[i] == 0x7f)
			return false;
	return s.n;
}

static int access_add_header(struct access *a, const char *name, struct str value, struct err *err)
{
	struct text t;

	if (!is_header_text(value))
		return err_set(err, ERR_SYNTAX,
			       "%.80s: the value is empty or holds a control character", name);
	text_init(&t, &a->arena, KUBE_TOKEN_MAX);
	text_puts(&t, name);
	text_puts(&t, ": ");
	text_str(&t, value);
	if (t.full || a->headers_n == ACCESS_HEADERS_MAX)
		return access_fail_full(name, err);
	a->headers[a->headers_n++] = t.s;
	return 0;
}

/* Impersonate-Extra-KEY: in lower case, and what a header's name may not hold is escaped. */
static int access_add_extra(struct access *a, const struct json *member, struct err *err)
{
	struct str key = json_key(member);
	struct text name;

	text_init(&name, &a->arena, 1024);
	text_puts(&name, "Impersonate-Extra-");
	for (size_t i = 0; i < key.n; i++) {
		char c = key.s[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (char_is_alnum(c) || strchr("!#$&'*+-.^_`|~", c))
			text_add(&name, &c, 1);
		else
			text_printf(&name, "%%%02X", (unsigned char)c);
	}
	if (name.full || member->type != JSON_ARRAY)
		return err_set(err, ERR_SYNTAX, "as-user-extra.%.*s must be a list of texts",
			       QUOTED(key));
	for (const struct json *v = member->child; v; v = v->next)
		if (access_add_header(a, name.s, json_str(v), err) < 0)
			return -1;
	return 0;
}

/* Who is asked for on the command line replaces who stands in the kubeconfig. */
static int access_impersonate(struct access *a, const struct access_options *o, struct err *err)
{
	struct kubeconfig *k = &a->kubeconfig;

	if (o->as)
		k->as = str_of(o->as);
	if (o->as_groups.n && !k->as.n)
		return err_set(err, ERR_USAGE, "--as-group needs --as: whom to act as");
	if (k->as.n && access_add_header(a, "Impersonate-User", k->as, err) < 0)
		return -1;
	if (k->as_uid.n && access_add_header(a, "Impersonate-Uid", k->as_uid, err) < 0)
		return -1;
	for (size_t i = 0; i < o->as_groups.n; i++)
		if (access_add_header(a, "Impersonate-Group", str_of(o->as_groups.v[i]), err) < 0)
			return -1;
	for (size_t i = 0; !o->as_groups.n && i < k->as_groups.n; i++)
		if (access_add_header(a, "Impersonate-Group", k->as_groups.v[i], err) < 0)
			return -1;
	for (const struct json *m = k->as_extra ? k->as_extra->child : NULL; m; m = m->next)
		if (access_add_extra(a, m, err) < 0)
			return -1;
	a->config.headers = a->headers;
	return 0;
}

/* ---- credentials ---- */

static int access_set_authorization(struct access *a, struct arena *arena, const char *scheme,
				    struct str value, struct err *err)
{
	struct text t;

	for (size_t i = 0; i < value.n; i++)
		if (value.s[i] <= ' ' || value.s[i] > '~')
			return err_set(err, ERR_SYNTAX,
				       "the token is no bearer token: it holds a character that "
				       "none has");
	text_init(&t, arena, KUBE_TOKEN_MAX);
	text_puts(&t, AUTHORIZATION);
	text_puts(&t, scheme);
	text_str(&t, value);
	if (t.full)
		return access_fail_full("the token", err);
	a->config.authorization = t.s;
	return 0;
}

static int access_set_basic(struct access *a, struct err *err)
{
	const struct kubeconfig *k = &a->kubeconfig;
	struct text pair;

	text_init(&pair, &a->arena, KUBE_TOKEN_MAX / 2);
	text_str(&pair, k->username);
	text_puts(&pair, ":");
	text_str(&pair, k->password);
	if (pair.full)
		return access_fail_full("the password", err);
	return access_set_authorization(a, &a->arena, "Basic ",
					base64_encode(text_get(&pair), &a->arena), err);
}

/* The API server would say "Unauthorized", and nothing else. */
static int access_check_dates(struct str pem, const char *what, struct err *err)
{
	scoped(arena_end) struct arena arena;
	struct certificate *v;
	struct err unread;
	char date[TIME_TEXT];
	size_t n;

	arena_init(&arena, CERTS_MEMORY);
	if (certificates_parse(pem, &arena, &v, &n, &unread) < 0 || !n)
		return 0; /* the TLS library will say what it does not like */
	if (v[0].not_after > clock_seconds())
		return 0;
	time_print(v[0].not_after, date);
	return err_set(err, ERR_USAGE, "%.200s expired at %s", what, date);
}

static int access_set_pair(struct access *a, struct str cert, struct str key, const char *what,
			   struct err *err)
{
	if (access_check_dates(cert, what, err) < 0 ||
	    memory_file_make(&a->cert_file, cert, err) < 0 ||
	    memory_file_make(&a->key_file, key, err) < 0)
		return -1;
	a->config.cert_file = a->cert_file.path;
	a->config.key_file = a->key_file.path;
	return 0;
}

/* A file that the kubeconfig names. */
static int access_read_file(struct access *a, const char *key, struct str path, struct str *out,
			    struct err *err)
{
	scoped(fd_end) int fd = open(path.s, O_RDONLY | O_CLOEXEC);
	char *p = fd < 0 ? NULL : arena_alloc(&a->arena, PEM_MAX + 1);
	ssize_t n = p ? file_read_up_to(fd, p, PEM_MAX + 1) : -1;

	if (n < 0)
		return err_set(err, ERR_IO, "%s %.250s: %s", key, path.s, strerror(errno));
	if (n > (ssize_t)PEM_MAX)
		return err_set(err, ERR_LIMIT, "%s %.250s has more than %u bytes", key, path.s,
			       PEM_MAX);
	*out = (struct str){ p, (size_t)n };
	return 0;
}

static int access_take_pair(struct access *a, struct err *err)
{
	const struct kubeconfig *k = &a->kubeconfig;
	struct str cert = k->cert_data, key = k->key_data;
	char what[300] = "client-certificate-data of the kubeconfig";

	if (k->cert_file.n)
		snprintf(what, sizeof what, "client-certificate %.250s", k->cert_file.s);
	if (k->cert_file.n &&
	    access_read_file(a, "client-certificate", k->cert_file, &cert, err) < 0)
		return -1;
	if (k->key_file.n && access_read_file(a, "client-key", k->key_file, &key, err) < 0)
		return -1;
	return cert.n ? access_set_pair(a, cert, key, what, err) : 0;
}

/* A token file counts while it can be read, as kubectl has it. */
static int access_take_token(struct access *a, struct err *err)
{
	const struct kubeconfig *k = &a->kubeconfig;

	if (k->token_file.n && (access(k->token_file.s, R_OK) == 0 || !k->token.n)) {
		a->config.token_file = k->token_file.s;
		return 0;
	}
	if (k->token.n)
		return access_set_authorization(a, &a->arena, "Bearer ", k->token, err);
	return k->username.n ? access_set_basic(a, err) : 0;
}

/* ---- the plug-in ---- */

bool access_is_renewable(const struct access *a)
{
	return a->kubeconfig.plugin.command && !a->rejected;
}

bool access_has_expired(const struct access *a)
{
	return a->expires && a->kubeconfig.plugin.command && clock_seconds() >= a->expires;
}

static int access_reconnect(struct access *a, struct err *err)
{
	kube_free(a->kube);
	a->kube = kube_new(&a->config, err);
	return a->kube ? 0 : -1;
}

int access_renew(struct access *a, struct err *err)
{
	struct plugin_call call = { .kubeconfig = &a->kubeconfig,
				    .ca = a->ca,
				    .stop = a->config.stop,
				    .timeout = PLUGIN_TIMEOUT_MS };
	struct plugin_answer given;

	/* The client borrows what was given before. */
	kube_free(a->kube);
	a->kube = NULL;
	a->config.authorization = NULL;
	kubeconfig_wipe(&a->given_arena);
	arena_init(&a->given_arena, GIVEN_MEMORY);
	a->rejected = true; /* until it has given something that can be used */
	if (plugin_run(&call, &a->given_arena, &given, err) < 0)
		return -1;
	a->expires = given.expires;
	if (access_has_expired(a))
		return err_set(err, ERR_SYNTAX,
			       "what the exec plug-in '%.100s' gives has expired already: do the "
			       "clocks differ?",
			       a->kubeconfig.plugin.command);
	if (given.token.n &&
	    access_set_authorization(a, &a->given_arena, "Bearer ", given.token, err) < 0)
		return -1;
	if (given.key.n && access_set_pair(a, given.certificate, given.key,
					   "the exec plug-in's certificate", err) < 0)
		return -1;
	a->rejected = false;
	return access_reconnect(a, err);
}

/* ---- the whole ---- */

static int access_take_server(struct access *a, struct err *err)
{
	const struct kubeconfig *k = &a->kubeconfig;
	struct kube_config *c = &a->config;
	struct text server;

	/* Without a scheme it is the host, as kubectl has it. */
	text_init(&server, &a->arena, SERVER_MAX);
	if (!strstr(k->server.s, "://"))
		text_puts(&server, "https://");
	text_str(&server, k->server);
	if (server.full)
		return access_fail_full("server", err);
	c->server = server.s;
	c->tls_name = k->tls_name.s;
	c->proxy = k->proxy.s;
	if (!c->proxy)
		c->proxy = kubeconfig_environment_proxy(c->server, &c->no_proxy);
	c->insecure = k->insecure;
	a->ca = k->ca_data;
	if (k->ca_file.n &&
	    access_read_file(a, "certificate-authority", k->ca_file, &a->ca, err) < 0)
		return -1;
	if (k->ca_file.n)
		c->ca_file = k->ca_file.s;
	else if (a->ca.n && memory_file_make(&a->ca_file, a->ca, err) < 0)
		return -1;
	else if (a->ca.n)
		c->ca_file = a->ca_file.path;
	return 0;
}

static int access_open_kubeconfig(struct access *a, const struct kubeconfig_files *files,
				  const struct access_options *o, struct err *err)
{
	if (kubeconfig_pick(files, o->context, &a->arena, &a->kubeconfig, err) < 0 ||
	    access_take_server(a, err) < 0 || access_take_token(a, err) < 0 ||
	    access_take_pair(a, err) < 0 || access_impersonate(a, o, err) < 0)
		return -1;
	a->name = a->kubeconfig.context.s;
	return a->kubeconfig.plugin.command ? access_renew(a, err) : access_reconnect(a, err);
}

/* As a pod has it. */
static int access_open_pod(struct access *a, const struct kubeconfig_files *files,
			   const struct access_options *o, struct err *err)
{
	struct cluster pod = { .timeout = o->timeout };

	if (!getenv("KUBERNETES_SERVICE_HOST"))
		return err_set(err, ERR_USAGE,
			       "there is no kubeconfig (looked for: %.280s); give --kubeconfig "
			       "FILE, or set KUBECONFIG",
			       *files->names ? files->names : "none, as HOME is not set");
	if (o->context)
		return err_set(err, ERR_USAGE,
			       "--context %.100s needs a kubeconfig, and there is none (looked "
			       "for: %.200s)",
			       o->context, files->names);
	if (cluster_config(&pod, a->config.stop, &a->config, err) < 0 ||
	    access_impersonate(a, o, err) < 0)
		return -1;
	a->name = "in-cluster";
	return access_reconnect(a, err);
}

int access_open(struct access *a, const struct access_options *o, int stop, struct err *err)
{
	struct kubeconfig_files *files = malloc(sizeof *files);
	int status;

	*a = (struct access){ .config = { .timeout = o->timeout, .stop = stop },
			      .ca_file = MEMORY_FILE_INIT,
			      .cert_file = MEMORY_FILE_INIT,
			      .key_file = MEMORY_FILE_INIT };
	arena_init(&a->arena, KUBECONFIG_MEMORY);
	arena_init(&a->given_arena, GIVEN_MEMORY);
	if (!files)
		return err_nomem(err);
	access_forbid_dumps();
	status = kubeconfig_load(o->kubeconfig, &a->arena, files, err);
	if (status == 0)
		status = files->n ? access_open_kubeconfig(a, files, o, err)
				  : access_open_pod(a, files, o, err);
	free(files);
	return status;
}

void access_end(struct access *a)
{
	kube_free(a->kube);
	a->kube = NULL;
	memory_file_end(&a->ca_file);
	memory_file_end(&a->cert_file);
	memory_file_end(&a->key_file);
	kubeconfig_wipe(&a->given_arena);
	kubeconfig_wipe(&a->arena);
}
