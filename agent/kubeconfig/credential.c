/* SPDX-License-Identifier: Apache-2.0
 * credential.c - what an exec plug-in is told, and what it answers (ExecCredential).
 */
#include <string.h>

#include "agent/kubeconfig/plugin.h"
#include "lib/base/base64.h"
#include "lib/base/time.h"

#define INFO_MAX  (256u << 10)
#define DATES_MAX 40

/* ---- KUBERNETES_EXEC_INFO ---- */

static void info_add_text(struct text *t, const char *key, struct str value)
{
	if (!value.n)
		return;
	text_puts(t, key);
	json_quote(value, t);
}

static void info_add_cluster(struct text *t, const struct plugin_call *call, struct arena *arena)
{
	const struct kubeconfig *k = call->kubeconfig;

	info_add_text(t, ",\"cluster\":{\"server\":", k->server);
	info_add_text(t, ",\"tls-server-name\":", k->tls_name);
	if (k->insecure)
		text_puts(t, ",\"insecure-skip-tls-verify\":true");
	if (call->ca.n)
		info_add_text(t,
			      ",\"certificate-authority-data\":", base64_encode(call->ca, arena));
	info_add_text(t, ",\"proxy-url\":", k->proxy);
	text_puts(t, ",\"config\":");
	if (k->plugin.config)
		json_print(k->plugin.config, t);
	else
		text_puts(t, "null");
	text_puts(t, "}");
}

struct str plugin_info(const struct plugin_call *call, bool interactive, struct arena *arena)
{
	const struct plugin *p = &call->kubeconfig->plugin;
	struct text t;

	text_init(&t, arena, INFO_MAX);
	text_puts(&t, "{\"kind\":\"ExecCredential\",\"apiVersion\":");
	json_quote(str_of(p->api_version), &t);
	text_printf(&t, ",\"spec\":{\"interactive\":%s", interactive ? "true" : "false");
	if (p->wants_cluster)
		info_add_cluster(&t, call, arena);
	text_puts(&t, "}}");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

/* ---- the environment ---- */

static char *environment_entry(struct arena *arena, struct str name, struct str value)
{
	char *p = arena_alloc(arena, name.n + value.n + 2);

	if (!p)
		return NULL;
	memcpy(p, name.s, name.n);
	p[name.n] = '=';
	if (value.n)
		memcpy(p + name.n + 1, value.s, value.n);
	p[name.n + value.n + 1] = '\0';
	return p;
}

/* Is there an entry of that name already? */
static bool has_name(char *const *v, size_t n, const char *entry)
{
	size_t name = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < n; i++)
		if (!strncmp(v[i], entry, name))
			return true;
	return false;
}

char **plugin_environment(const struct plugin *p, struct str info, char *const *users,
			  struct arena *arena)
{
	size_t room = p->names.n + 2, n = 0;
	char **v;

	for (size_t i = 0; users[i]; i++)
		room++;
	if (!(v = arena_calloc(arena, room, sizeof *v)) ||
	    !(v[n++] = environment_entry(arena, STR("KUBERNETES_EXEC_INFO"), info)))
		return NULL;
	for (size_t i = p->names.n; i-- > 0;) {
		char *entry = environment_entry(arena, p->names.v[i], p->values.v[i]);

		if (!entry)
			return NULL;
		if (!has_name(v, n, entry))
			v[n++] = entry;
	}
	for (size_t i = 0; users[i]; i++)
		if (!has_name(v, p->names.n + 1 < n ? p->names.n + 1 : n, users[i]))
			v[n++] = users[i];
	return v;
}

/* ---- the answer ---- */

/* RFC 3339 with or without a fraction of a second, which is dropped. */
static bool credential_date(struct str s, int64_t *out)
{
	char whole[DATES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s.n && n + 1 < sizeof whole; i++) {
		if (s.s[i] == '.')
			while (i + 1 < s.n && strchr("0123456789", s.s[i + 1]))
				i++;
		else
			whole[n++] = s.s[i];
	}
	return time_parse((struct str){ whole, n }, out);
}

static struct str credential_text(const struct json *status, const char *key, struct arena *arena)
{
	const struct json *j = json_get(status, str_of(key));

	return j && j->type == JSON_STRING && j->len ? str_copy(arena, json_str(j))
						     : (struct str){ NULL, 0 };
}

static int credential_check(const struct json *root, const struct plugin *p, struct err *err)
{
	struct str version = json_str(json_get(root, STR("apiVersion"))),
		   kind = json_str(json_get(root, STR("kind")));
	const struct json *status = json_get(root, STR("status"));

	if (!str_is(kind, "ExecCredential"))
		return err_set(err, ERR_SYNTAX, "it printed no ExecCredential");
	if (!str_is(version, p->api_version))
		return err_set(err, ERR_SYNTAX,
			       "it printed apiVersion %.*s, the kubeconfig asks for %.60s",
			       QUOTED(version), p->api_version);
	if (!status || status->type != JSON_OBJECT)
		return err_set(err, ERR_SYNTAX, "its ExecCredential has no status");
	return 0;
}

/* Words of a reader's may quote what it read, and that is a secret. */
static const struct json *credential_parse(struct str printed, struct arena *arena, struct err *err)
{
	struct err why;
	const struct json *root = json_parse(printed, NULL, arena, &why);

	if (!root)
		err_set(err, ERR_SYNTAX,
			printed.n ? "what it printed is no JSON" : "it printed nothing");
	return root;
}

int plugin_read(struct str printed, const struct plugin *p, struct arena *arena,
		struct plugin_answer *out, struct err *err)
{
	const struct json *root = credential_parse(printed, arena, err), *status, *until;

	*out = (struct plugin_answer){ .expires = 0 };
	if (!root || credential_check(root, p, err) < 0)
		return -1;
	status = json_get(root, STR("status"));
	until = json_get(status, STR("expirationTimestamp"));
	out->token = credential_text(status, "token", arena);
	out->certificate = credential_text(status, "clientCertificateData", arena);
	out->key = credential_text(status, "clientKeyData", arena);
	if (!out->certificate.n != !out->key.n)
		return err_set(err, ERR_SYNTAX,
			       "its ExecCredential has a certificate or a key, and not both");
	if (!out->token.n && !out->key.n)
		return err_set(err, ERR_SYNTAX,
			       "its ExecCredential has neither a token nor a certificate");
	if (until && until->type != JSON_NULL && !credential_date(json_str(until), &out->expires))
		return err_set(err, ERR_SYNTAX, "its expirationTimestamp is no date");
	return 0;
}
