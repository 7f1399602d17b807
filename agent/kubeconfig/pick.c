/* SPDX-License-Identifier: Apache-2.0
 * pick.c - of the files that were read: the context, its cluster and its user.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/kubeconfig/kubeconfig.h"
#include "lib/base/base64.h"

#define NAMES_SHOWN 5
#define EXTENSION   "client.authentication.k8s.io/exec"

/* An entry, and where it stands: errors are kept, the first of them counts. */
struct pick {
	const struct kubeconfig_files *files;
	struct arena *arena;
	struct err *err;
	bool failed;
	const struct kubeconfig_file *file;
	const struct json *entry; /* what is under "user" of users[name=oke] */
	const char *list;
	struct str name;
};

__attribute__((format(printf, 2, 3))) static void pick_fail(struct pick *p, const char *fmt, ...)
{
	char what[300];
	va_list ap;

	if (p->failed)
		return;
	p->failed = true;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	err_set(p->err, ERR_SYNTAX, "%.150s: %s[name=%.*s]: %s", p->file->path, p->list,
		QUOTED(p->name), what);
}

/* ---- values ---- */

static struct str pick_copy(struct pick *p, struct str s)
{
	struct str copy = str_copy(p->arena, s);

	if (!copy.s && !p->failed) {
		p->failed = true;
		err_nomem(p->err);
	}
	return copy;
}

/* A text with a NUL behind it; {NULL, 0} where it is not given, or empty. */
static struct str pick_text(struct pick *p, const struct json *of, const char *key)
{
	const struct json *j = json_get(of, str_of(key));
	struct str s = json_str(j);

	if (!j || j->type == JSON_NULL)
		return (struct str){ NULL, 0 };
	if (j->type != JSON_STRING || memchr(s.n ? s.s : "x", '\0', s.n ? s.n : 1)) {
		pick_fail(p, "%s must be a text", key);
		return (struct str){ NULL, 0 };
	}
	return s.n ? pick_copy(p, s) : (struct str){ NULL, 0 };
}

static bool pick_flag(struct pick *p, const struct json *of, const char *key)
{
	const struct json *j = json_get(of, str_of(key));

	if (j && j->type != JSON_NULL && j->type != JSON_TRUE && j->type != JSON_FALSE)
		pick_fail(p, "%s must be true or false", key);
	return j && j->type == JSON_TRUE;
}

static const struct json *pick_object(struct pick *p, const struct json *of, const char *key)
{
	const struct json *j = json_get(of, str_of(key));

	if (!j || j->type == JSON_NULL)
		return NULL;
	if (j->type != JSON_OBJECT)
		pick_fail(p, "%s must be a mapping", key);
	return j->type == JSON_OBJECT ? j : NULL;
}

static const struct json *pick_list(struct pick *p, const struct json *of, const char *key)
{
	const struct json *j = json_get(of, str_of(key));

	if (!j || j->type == JSON_NULL)
		return NULL;
	if (j->type != JSON_ARRAY)
		pick_fail(p, "%s must be a list", key);
	return j->type == JSON_ARRAY ? j : NULL;
}

static struct str pick_join(struct pick *p, struct str file)
{
	struct text t;

	if (!file.n || file.s[0] == '/')
		return file;
	text_init(&t, p->arena, 8192);
	text_str(&t, p->file->folder);
	text_str(&t, file);
	if (t.full)
		pick_fail(p, "the path %.60s is too long", file.s);
	return text_get(&t);
}

/* A path: a relative one begins at the folder of the kubeconfig. */
static struct str pick_path(struct pick *p, const char *key)
{
	return pick_join(p, pick_text(p, p->entry, key));
}

static struct str pick_data(struct pick *p, const char *key)
{
	struct str text = pick_text(p, p->entry, key), bytes;

	if (!text.n)
		return text;
	bytes = base64_decode(text, p->arena);
	if (!bytes.s)
		pick_fail(p, "%s is no base64", key);
	return bytes;
}

/* All elements must be texts. */
static struct strings pick_texts(struct pick *p, const struct json *of, const char *key)
{
	const struct json *list = pick_list(p, of, key);
	struct strings out = { NULL, 0 };

	if (!list || !list->len)
		return out;
	if (!(out.v = arena_calloc(p->arena, list->len, sizeof *out.v))) {
		pick_fail(p, "%s is too long", key);
		return out;
	}
	for (const struct json *j = list->child; j; j = j->next) {
		if (j->type != JSON_STRING)
			pick_fail(p, "%s[%zu] must be a text", key, out.n);
		out.v[out.n++] = pick_copy(p, json_str(j));
	}
	return out;
}

/* ---- entries ---- */

static const struct json *pick_named(const struct json *root, const char *list, struct str name)
{
	const struct json *j = json_get(root, str_of(list));

	for (j = j && j->type == JSON_ARRAY ? j->child : NULL; j; j = j->next)
		if (str_eq(json_str(json_get(j, STR("name"))), name))
			return j;
	return NULL;
}

/* The first file that has it wins. False: none has. */
static bool pick_entry(struct pick *p, const char *list, const char *member, struct str name)
{
	p->list = list;
	p->name = name;
	for (size_t i = 0; i < p->files->n; i++) {
		const struct json *j = pick_named(p->files->v[i].root, list, name);

		if (!j)
			continue;
		p->file = &p->files->v[i];
		p->entry = pick_object(p, j, member);
		return true;
	}
	return false;
}

/* "; there are: a, b, c ..." */
static void pick_say_names(const struct kubeconfig_files *files, char out[300])
{
	size_t shown = 0, used = 0;

	*out = '\0';
	for (size_t i = 0; i < files->n; i++) {
		const struct json *j = json_get(files->v[i].root, STR("contexts"));

		for (j = j && j->type == JSON_ARRAY ? j->child : NULL; j; j = j->next) {
			struct str name = json_str(json_get(j, STR("name")));

			if (shown == NAMES_SHOWN || used > 220) {
				snprintf(out + used, 300 - used, " ...");
				return;
			}
			used += (size_t)snprintf(out + used, 300 - used, "%s%.*s",
						 shown++ ? ", " : "; there are: ", QUOTED(name));
		}
	}
}

static int pick_context(struct pick *p, const char *asked, struct kubeconfig *out)
{
	char names[300];

	out->context = asked ? str_of(asked) : (struct str){ NULL, 0 };
	for (size_t i = 0; !out->context.n && i < p->files->n; i++) {
		p->file = &p->files->v[i];
		out->context =
			pick_copy(p, json_str(json_get(p->file->root, STR("current-context"))));
	}
	if (p->failed)
		return -1;
	pick_say_names(p->files, names);
	if (!out->context.n)
		return err_set(p->err, ERR_USAGE,
			       "%.150s: no context is the current one: give --context NAME%.300s",
			       p->files->names, names);
	if (!pick_entry(p, "contexts", "context", out->context))
		return err_set(p->err, ERR_USAGE, "%.130s: there is no context '%.*s'%.250s",
			       p->files->names, QUOTED(out->context), names);
	out->cluster = pick_text(p, p->entry, "cluster");
	out->user = pick_text(p, p->entry, "user");
	if (!out->cluster.n)
		pick_fail(p, "the context names no cluster");
	return p->failed ? -1 : 0;
}

/* ---- the cluster ---- */

static int pick_fail_missing(struct pick *p, const char *list, struct str name,
			     const struct kubeconfig *k)
{
	return err_set(p->err, ERR_USAGE, "%.130s: context '%.*s' names '%.*s', which is not in %s",
		       p->files->names, QUOTED(k->context), QUOTED(name), list);
}

static void pick_check_proxy(struct pick *p, struct str proxy)
{
	static const char *const schemes[] = { "http://", "https://", "socks5://", "socks5h://" };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (!proxy.n || str_starts(proxy, str_of(schemes[i])))
			return;
	pick_fail(p, "proxy-url must begin with http://, https:// or socks5://");
}

/* What the plug-in is told of its own. */
static const struct json *pick_extension(struct pick *p)
{
	const struct json *j = pick_list(p, p->entry, "extensions");

	for (j = j ? j->child : NULL; j; j = j->next)
		if (str_is(json_str(json_get(j, STR("name"))), EXTENSION))
			return json_get(j, STR("extension"));
	return NULL;
}

static int pick_cluster(struct pick *p, struct kubeconfig *out)
{
	if (!pick_entry(p, "clusters", "cluster", out->cluster))
		return pick_fail_missing(p, "clusters", out->cluster, out);
	out->server = pick_text(p, p->entry, "server");
	out->tls_name = pick_text(p, p->entry, "tls-server-name");
	out->proxy = pick_text(p, p->entry, "proxy-url");
	out->insecure = pick_flag(p, p->entry, "insecure-skip-tls-verify");
	out->ca_file = pick_path(p, "certificate-authority");
	out->ca_data = pick_data(p, "certificate-authority-data");
	out->plugin.config = pick_extension(p);
	pick_check_proxy(p, out->proxy);
	if (!out->server.n)
		pick_fail(p, "there is no server");
	if (out->ca_file.n && out->ca_data.n)
		pick_fail(p, "certificate-authority and certificate-authority-data are both given: "
			     "leave one");
	if (out->insecure && (out->ca_file.n || out->ca_data.n))
		pick_fail(p, "a certificate-authority is given, and insecure-skip-tls-verify "
			     "says not to look at it: leave one");
	return p->failed ? -1 : 0;
}

/* ---- the user ---- */

static const struct api_words {
	const char *word;
	enum plugin_mode mode;
} modes[] = {
	{ "Never", PLUGIN_NEVER },
	{ "IfAvailable", PLUGIN_IF_AVAILABLE },
	{ "Always", PLUGIN_ALWAYS },
};

static void pick_plugin_mode(struct pick *p, const struct json *exec, struct plugin *out)
{
	struct str word = pick_text(p, exec, "interactiveMode");

	out->mode = PLUGIN_IF_AVAILABLE;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (str_is(word, modes[i].word)) {
			out->mode = modes[i].mode;
			return;
		}
	if (word.n)
		pick_fail(p, "exec.interactiveMode '%.*s' is none of Never, IfAvailable, Always",
			  QUOTED(word));
	else if (str_is(str_of(out->api_version), "client.authentication.k8s.io/v1"))
		pick_fail(p, "exec.interactiveMode must be given in "
			     "client.authentication.k8s.io/v1: Never, IfAvailable or Always");
}

static void pick_plugin_environment(struct pick *p, const struct json *exec, struct plugin *out)
{
	const struct json *list = pick_list(p, exec, "env");
	size_t n = list ? list->len : 0;

	if (n > PLUGIN_ENTRIES_MAX || out->args.n > PLUGIN_ENTRIES_MAX) {
		pick_fail(p, "exec has more than %d args or env", PLUGIN_ENTRIES_MAX);
		return;
	}
	out->names.v = arena_calloc(p->arena, n + 1, sizeof *out->names.v);
	out->values.v = arena_calloc(p->arena, n + 1, sizeof *out->values.v);
	if (!out->names.v || !out->values.v) {
		pick_fail(p, "exec.env is too long");
		return;
	}
	for (const struct json *j = list ? list->child : NULL; j; j = j->next) {
		struct str name = pick_text(p, j, "name");

		if (!name.n || memchr(name.s, '=', name.n))
			pick_fail(p, "exec.env[%zu] must have a name, without '='", out->names.n);
		out->names.v[out->names.n++] = name;
		out->values.v[out->values.n++] = pick_text(p, j, "value");
	}
}

static void pick_plugin(struct pick *p, struct plugin *out)
{
	const struct json *exec = pick_object(p, p->entry, "exec");
	struct str command, version;

	if (!exec)
		return;
	command = pick_text(p, exec, "command");
	version = pick_text(p, exec, "apiVersion");
	/* A bare name is looked for in PATH; anything else is a path. */
	if (command.n && memchr(command.s, '/', command.n))
		command = pick_join(p, command);
	out->command = command.s;
	out->api_version = version.s;
	out->hint = pick_text(p, exec, "installHint").s;
	out->args = pick_texts(p, exec, "args");
	out->wants_cluster = pick_flag(p, exec, "provideClusterInfo");
	if (!command.n)
		pick_fail(p, "exec.command is missing");
	else if (!str_is(version, "client.authentication.k8s.io/v1") &&
		 !str_is(version, "client.authentication.k8s.io/v1beta1"))
		pick_fail(
			p,
			"exec.apiVersion '%.*s' is not known: "
			"client.authentication.k8s.io/v1 and v1beta1 are (for OKE, write the "
			"kubeconfig again: oci ce cluster create-kubeconfig --token-version 2.0.0)",
			QUOTED(version));
	pick_plugin_mode(p, exec, out);
	pick_plugin_environment(p, exec, out);
}

static void pick_refuse_provider(struct pick *p)
{
	const struct json *provider = pick_object(p, p->entry, "auth-provider");
	struct str name = json_str(json_get(provider, STR("name")));

	if (provider)
		pick_fail(p,
			  "auth-provider '%.*s' is not supported: use an exec plug-in (for OKE: "
			  "oci ce cluster create-kubeconfig --token-version 2.0.0)",
			  QUOTED(name));
}

static void pick_check_methods(struct pick *p, const struct kubeconfig *k)
{
	bool cert = k->cert_file.n || k->cert_data.n, key = k->key_file.n || k->key_data.n;

	if ((k->cert_file.n && k->cert_data.n) || (k->key_file.n && k->key_data.n))
		pick_fail(p, "client-%s and client-%s-data are both given: leave one",
			  k->cert_file.n && k->cert_data.n ? "certificate" : "key",
			  k->cert_file.n && k->cert_data.n ? "certificate" : "key");
	if (cert != key)
		pick_fail(p, "client-certificate and client-key go together: the %s is missing",
			  cert ? "key" : "certificate");
	if ((k->token.n || k->token_file.n) && (k->username.n || k->password.n))
		pick_fail(p, "both a token and a user name with password are given: leave one");
	if (!k->as.n && (k->as_uid.n || k->as_groups.n || k->as_extra))
		pick_fail(p, "as-groups, as-uid and as-user-extra need `as`: whom to act as");
}

static int pick_user(struct pick *p, struct kubeconfig *out)
{
	if (!out->user.n)
		return 0;
	if (!pick_entry(p, "users", "user", out->user))
		return pick_fail_missing(p, "users", out->user, out);
	pick_refuse_provider(p);
	out->cert_file = pick_path(p, "client-certificate");
	out->cert_data = pick_data(p, "client-certificate-data");
	out->key_file = pick_path(p, "client-key");
	out->key_data = pick_data(p, "client-key-data");
	out->token = pick_text(p, p->entry, "token");
	out->token_file = pick_path(p, "tokenFile");
	out->username = pick_text(p, p->entry, "username");
	out->password = pick_text(p, p->entry, "password");
	out->as = pick_text(p, p->entry, "as");
	out->as_uid = pick_text(p, p->entry, "as-uid");
	out->as_groups = pick_texts(p, p->entry, "as-groups");
	out->as_extra = pick_object(p, p->entry, "as-user-extra");
	pick_plugin(p, &out->plugin);
	pick_check_methods(p, out);
	return p->failed ? -1 : 0;
}

int kubeconfig_pick(const struct kubeconfig_files *files, const char *context, struct arena *arena,
		    struct kubeconfig *out, struct err *err)
{
	struct pick p = { .files = files, .arena = arena, .err = err };

	*out = (struct kubeconfig){ .insecure = false };
	if (pick_context(&p, context, out) < 0 || pick_cluster(&p, out) < 0)
		return -1;
	return pick_user(&p, out);
}
