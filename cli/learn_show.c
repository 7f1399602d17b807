/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/learn_show.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "lib/base/printable.h"
#include "lib/base/time.h"

#define ACCOUNT_PREFIX STR("system:serviceaccount:")
#define SHOWN_MAX      120 /* columns of a name in the table */
#define RULES_SHOWN    3   /* behind an identity */

/* ---- what speaks against an identity ---- */

struct account {
	struct str namespace, name; /* absent: no service account */
};

static struct account learn_show_account_of(struct str user)
{
	struct account a = { { NULL, 0 }, { NULL, 0 } };
	struct str rest;
	const char *colon;

	if (!str_starts(user, ACCOUNT_PREFIX))
		return a;
	rest = str_from(user, ACCOUNT_PREFIX.n);
	colon = memchr(rest.s, ':', rest.n);
	if (!colon || colon == rest.s || colon + 1 == rest.s + rest.n)
		return a;
	a.namespace = (struct str){ rest.s, (size_t)(colon - rest.s) };
	a.name = str_from(rest, a.namespace.n + 1);
	return a;
}

static bool is_char_in(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_all_in(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_char_in(s.s[i], set))
			return false;
	return s.n > 0;
}

/* What a GuardConfig cannot name exactly: a star would make it many. */
static bool cannot_be_named(struct str user)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	struct account a = learn_show_account_of(user);

	if (str_starts(user, ACCOUNT_PREFIX))
		return !is_all_in(a.namespace, lower) || !is_all_in(a.name, lower) ||
		       memchr(a.namespace.s, '.', a.namespace.n);
	for (size_t i = 0; i < user.n; i++)
		if (user.s[i] < ' ' || user.s[i] > '~' || user.s[i] == '*')
			return true;
	return false;
}

static bool is_person(struct str user)
{
	return str_starts(user, STR("ocid1.user.")) || str_starts(user, STR("ocid1.saml2idp.")) ||
	       memchr(user.s, '@', user.n);
}

static bool is_principal(struct str user)
{
	return str_starts(user, STR("ocid1.instance.")) || str_starts(user, STR("ocid1.workload."));
}

static bool is_administrator(struct str user)
{
	static const char *const names[] = { "admin",         "root",
					     "kube-admin",    "kubernetes-admin",
					     "system:admin",  "kubernetes-super-admin",
					     "cluster-admin", "system:anonymous" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(user, names[i]))
			return true;
	return memmem(user.s, user.n, "masters", strlen("masters"));
}

/* With its group it would have been exempt already. */
static bool is_pretending(struct str user)
{
	return str_starts(user, STR("system:node:")) || str_starts(user, STR("system:bootstrap:"));
}

static bool word_is_tool(const char *s, size_t n)
{
	static const char *const tools[] = {
		"actions",   "ansible",    "argo",    "argocd",    "atlantis", "bamboo",
		"bot",       "buildkite",  "cd",      "ci",        "cicd",     "circleci",
		"concourse", "crossplane", "deploy",  "deployer",  "devops",   "drone",
		"fleet",     "flux",       "fluxcd",  "gitea",     "github",   "gitlab",
		"harness",   "helm",       "jenkins", "kustomize", "octopus",  "pipeline",
		"pipelines", "pulumi",     "rancher", "runner",    "runners",  "spinnaker",
		"tekton",    "terraform",  "tiller",
	};

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (strlen(tools[i]) == n && !strncasecmp(tools[i], s, n))
			return true;
	return false;
}

/* One of the words of a name, "argocd" in "argocd-application-controller". */
static bool is_tool(struct str user)
{
	static const char between[] = "-_.:/@ ";
	size_t from = 0;

	for (size_t i = 0; i <= user.n; i++)
		if (i == user.n || is_char_in(user.s[i], between)) {
			if (word_is_tool(user.s + from, i - from))
				return true;
			from = i + 1;
		}
	return false;
}

static bool is_elsewhere(struct str user)
{
	struct account a = learn_show_account_of(user);

	return a.name.s && !str_is(a.namespace, "kube-system");
}

static bool is_default(struct str user)
{
	return str_is(user, "system:serviceaccount:kube-system:default");
}

const char *learn_objection(struct str user, enum identity_class class)
{
	static const struct {
		bool (*holds)(struct str user);
		const char *text;
	} objections[] = {
		{ cannot_be_named, "a name that a configuration cannot hold exactly" },
		{ is_person, "a person; give a SupportException for a time instead" },
		{ is_administrator, "an administrator's name: anybody who has that file" },
		{ is_tool, "a CI or delivery tool: anybody who may use it would be exempt" },
		{ is_principal, "an instance or workload of OCI: everything that runs there" },
		{ is_pretending, "the name of a node without a node's group" },
		{ is_elsewhere,
		  "an account outside kube-system: anybody who may use that namespace" },
		{ is_default, "kube-system's default account: any pod without one of its own" },
	};

	for (size_t i = 0; i < sizeof objections / sizeof *objections; i++)
		if (objections[i].holds(user))
			return objections[i].text;
	return class == IDENTITY_CUSTOMER ? "a customer, by the server's configuration" : NULL;
}

/* ---- identities: their rows stand side by side ---- */

struct who {
	struct str user;
	const char *objection;
	size_t from, to; /* rows */
	uint64_t count;
};

/* The identity whose rows begin at `from`. False: there is none. */
static bool learn_show_who_at(const struct learn *l, size_t from, struct who *out)
{
	enum identity_class class = IDENTITY_UNKNOWN;

	if (from >= l->n)
		return false;
	*out = (struct who){ .user = l->rows[from]->part[LEARN_USER], .from = from, .to = from };
	while (out->to < l->n && str_eq(l->rows[out->to]->part[LEARN_USER], out->user)) {
		if (l->rows[out->to]->class == IDENTITY_CUSTOMER)
			class = IDENTITY_CUSTOMER;
		out->count += l->rows[out->to++]->count;
	}
	out->objection = learn_objection(out->user, class);
	return true;
}

enum group { EXEMPT_USERS, EXEMPT_ACCOUNTS, NOT_LIGHTLY, GROUPS_N };

/* Where an identity is shown; *listed counts what the lists hold. */
static enum group learn_show_group_of(struct who *w, size_t listed[GROUPS_N])
{
	enum group g = learn_show_account_of(w->user).name.s ? EXEMPT_ACCOUNTS : EXEMPT_USERS;

	if (w->objection)
		return NOT_LIGHTLY;
	if (listed[g]++ < LEARN_LISTED)
		return g;
	w->objection = "more than a GuardConfig may list";
	return NOT_LIGHTLY;
}

/* ---- text ---- */

/* Made fit to be shown; as much as a terminal takes. */
static void learn_show_put_shown(struct text *out, struct str s)
{
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 8 * SHOWN_MAX);
	text_str(out, printable_middle(s, SHOWN_MAX, &arena));
}

/* In double quotes; only what cannot_be_named lets pass. */
static void learn_show_put_quoted(struct text *out, struct str s)
{
	text_puts(out, "\"");
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '"' || s.s[i] == '\\')
			text_puts(out, "\\");
		text_add(out, s.s + i, 1);
	}
	text_puts(out, "\"");
}

static void learn_show_put_row(struct text *out, const struct learn_row *r)
{
	char first[TIME_TEXT], last[TIME_TEXT];
	const struct str *p = r->part;

	time_print(r->first, first);
	time_print(r->last, last);
	text_printf(out, "# %7llu  %s  %s  %-8s  ", (unsigned long long)r->count, first, last,
		    identity_class_name(r->class));
	learn_show_put_shown(out, p[LEARN_USER]);
	text_puts(out, "  ");
	learn_show_put_shown(out, p[LEARN_POLICY]);
	text_puts(out, "/");
	learn_show_put_shown(out, p[LEARN_RULE]);
	text_puts(out, "  ");
	learn_show_put_shown(out, p[LEARN_KIND]);
	text_puts(out, " ");
	learn_show_put_shown(out, p[LEARN_NAMESPACE]);
	text_puts(out, p[LEARN_NAMESPACE].n ? "/" : "");
	learn_show_put_shown(out, p[LEARN_NAME]);
	text_puts(out, "\n");
}

static void learn_show_put_table(struct text *out, const struct learn *l,
				 const struct learn_sources *from)
{
	text_printf(out, "# Learned: %zu rows from %zu document%s", l->n, from->documents,
		    from->documents == 1 ? "" : "s");
	if (from->servers)
		text_printf(out, " (%zu of %zu servers)", from->heard, from->servers);
	text_printf(out, "; %llu events did not fit.\n", (unsigned long long)l->left_out);
	if (!l->n)
		return;
	text_printf(out, "#\n# %7s  %-20s  %-20s  %-8s  IDENTITY  RULE  OBJECT\n", "COUNT", "FIRST",
		    "LAST", "CLASS");
	for (size_t i = 0; i < l->n; i++)
		learn_show_put_row(out, l->rows[i]);
}

/* "  # 12 times: coredns/spec coredns/scale ..." */
static void learn_show_put_why(struct text *out, const struct learn *l, const struct who *w)
{
	const struct learn_row *last = NULL;
	size_t rules = 0;

	text_printf(out, "  # %llu times:", (unsigned long long)w->count);
	for (size_t i = w->from; i < w->to && rules <= RULES_SHOWN; i++) {
		const struct learn_row *r = l->rows[i];

		if (last && str_eq(last->part[LEARN_POLICY], r->part[LEARN_POLICY]) &&
		    str_eq(last->part[LEARN_RULE], r->part[LEARN_RULE]))
			continue;
		last = r;
		text_puts(out, " ");
		if (rules++ == RULES_SHOWN) {
			text_puts(out, "...");
			break;
		}
		learn_show_put_shown(out, r->part[LEARN_POLICY]);
		text_puts(out, "/");
		learn_show_put_shown(out, r->part[LEARN_RULE]);
	}
	text_puts(out, "\n");
}

static void learn_show_put_identity(struct text *out, const struct learn *l, const struct who *w,
				    enum group g)
{
	struct account a = learn_show_account_of(w->user);

	text_puts(out, g == NOT_LIGHTLY ? "#   " : "        - ");
	if (g == NOT_LIGHTLY) {
		learn_show_put_shown(out, w->user);
		text_printf(out, "  (%s)", w->objection);
	} else if (g == EXEMPT_ACCOUNTS) {
		text_str(out, a.namespace);
		text_puts(out, "/");
		text_str(out, a.name);
	} else
		learn_show_put_quoted(out, w->user);
	learn_show_put_why(out, l, w);
}

/* The identities of a group; how many there are. A head stands above them. */
static void learn_show_put_group(struct text *out, const struct learn *l, enum group g,
				 const char *head, const char *none)
{
	size_t listed[GROUPS_N] = { 0 }, n = 0;
	struct who w;

	for (size_t at = 0; learn_show_who_at(l, at, &w); at = w.to) {
		if (learn_show_group_of(&w, listed) != g)
			continue;
		if (!n++)
			text_puts(out, head);
		learn_show_put_identity(out, l, &w, g);
	}
	if (!n)
		text_puts(out, none);
}

void learn_show_text(const struct learn *l, const struct learn_sources *from, struct text *out)
{
	learn_show_put_table(out, l, from);
	learn_show_put_group(out, l, NOT_LIGHTLY,
			     "#\n# Not to be exempted lightly; left out below:\n", "");
	text_puts(
		out,
		"#\n"
		"# Paste `identities:` below `spec:` of your GuardConfig, line by line, each one\n"
		"# that you know is part of OKE: an exempt identity is never judged again.\n"
		"apiVersion: oke-guard.internal/v1\n"
		"kind: GuardConfig\n"
		"metadata: {name: default}\n"
		"spec:\n"
		"  identities:\n"
		"    exempt:\n");
	learn_show_put_group(out, l, EXEMPT_USERS, "      users:\n", "      users: []\n");
	learn_show_put_group(out, l, EXEMPT_ACCOUNTS, "      serviceAccounts:\n",
			     "      serviceAccounts: []\n");
}

/* ---- JSON ---- */

static void learn_show_cjson_end(cJSON **j)
{
	cJSON_Delete(*j);
}

static bool learn_show_add_text(cJSON *to, const char *key, struct str s)
{
	scoped(free_end) char *z = strndup(s.s ? s.s : "", s.n);
	cJSON *item = z ? cJSON_CreateString(z) : NULL;

	if (key ? cJSON_AddItemToObject(to, key, item) : cJSON_AddItemToArray(to, item))
		return true;
	cJSON_Delete(item);
	return false;
}

/* "kube-system/coredns" */
static bool learn_show_add_account(cJSON *list, struct str user)
{
	struct account a = learn_show_account_of(user);
	char both[1024];
	int n = snprintf(both, sizeof both, "%.*s/%.*s", STR_ARG(a.namespace), STR_ARG(a.name));

	return n > 0 && learn_show_add_text(list, NULL, (struct str){ both, (size_t)n });
}

static bool learn_show_add_objected(cJSON *list, const struct who *w)
{
	cJSON *o = cJSON_CreateObject();

	if (!cJSON_AddItemToArray(list, o)) {
		cJSON_Delete(o);
		return false;
	}
	return learn_show_add_text(o, "user", w->user) &&
	       learn_show_add_text(o, "reason", str_of(w->objection));
}

static bool learn_show_add_identities(cJSON *lists[GROUPS_N], const struct learn *l)
{
	size_t listed[GROUPS_N] = { 0 };
	bool done = true;
	struct who w;

	for (size_t at = 0; done && learn_show_who_at(l, at, &w); at = w.to) {
		enum group g = learn_show_group_of(&w, listed);

		if (g == NOT_LIGHTLY)
			done = learn_show_add_objected(lists[g], &w);
		else if (g == EXEMPT_ACCOUNTS)
			done = learn_show_add_account(lists[g], w.user);
		else
			done = learn_show_add_text(lists[g], NULL, w.user);
	}
	return done;
}

char *learn_show_json(struct learn *l)
{
	scoped(learn_show_cjson_end) cJSON *root = cJSON_CreateObject();
	cJSON *learned = learn_json(l), *exempt, *lists[GROUPS_N];

	if (!cJSON_AddItemToObject(root, "learned", learned)) {
		cJSON_Delete(learned);
		return NULL;
	}
	exempt = cJSON_AddObjectToObject(cJSON_AddObjectToObject(root, "identities"), "exempt");
	lists[EXEMPT_USERS] = cJSON_AddArrayToObject(exempt, "users");
	lists[EXEMPT_ACCOUNTS] = cJSON_AddArrayToObject(exempt, "serviceAccounts");
	lists[NOT_LIGHTLY] = cJSON_AddArrayToObject(root, "notLightly");
	for (size_t g = 0; g < GROUPS_N; g++)
		if (!lists[g])
			return NULL;
	return learn_show_add_identities(lists, l) ? cJSON_PrintUnformatted(root) : NULL;
}
