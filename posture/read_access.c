/* SPDX-License-Identifier: Apache-2.0
 * read_access.c - who can act as the system: roles with such powers, and whom they are bound to.
 */
#include "posture/scan.h"

#define SUBJECTS_SHOWN 300 /* bytes */

enum { POWER_IMPERSONATE = 1, POWER_ESCALATE = 2, POWER_BIND = 4, POWER_WEBHOOKS = 8 };

static bool list_has(const struct json *list, const char *word)
{
	if (!list || list->type != JSON_ARRAY)
		return false;
	for (const struct json *j = list->child; j; j = j->next)
		if (str_is(json_str(j), word) || str_is(json_str(j), "*"))
			return true;
	return false;
}

static bool grants(const struct json *rule, const char *group, const char *resource,
		   const char *verb)
{
	return list_has(json_get(rule, STR("apiGroups")), group) &&
	       list_has(json_get(rule, STR("resources")), resource) &&
	       list_has(json_get(rule, STR("verbs")), verb);
}

static unsigned rule_powers(const struct json *rule)
{
	static const struct {
		const char *group, *resource, *verb;
		unsigned power;
	} table[] = {
		{ "", "users", "impersonate", POWER_IMPERSONATE },
		{ "", "groups", "impersonate", POWER_IMPERSONATE },
		{ "", "serviceaccounts", "impersonate", POWER_IMPERSONATE },
		{ "rbac.authorization.k8s.io", "clusterroles", "escalate", POWER_ESCALATE },
		{ "rbac.authorization.k8s.io", "roles", "escalate", POWER_ESCALATE },
		{ "rbac.authorization.k8s.io", "clusterroles", "bind", POWER_BIND },
		{ "rbac.authorization.k8s.io", "roles", "bind", POWER_BIND },
		{ "admissionregistration.k8s.io", "validatingwebhookconfigurations", "update",
		  POWER_WEBHOOKS },
		{ "admissionregistration.k8s.io", "validatingwebhookconfigurations", "patch",
		  POWER_WEBHOOKS },
		{ "admissionregistration.k8s.io", "validatingwebhookconfigurations", "delete",
		  POWER_WEBHOOKS },
	};
	const struct json *names = json_get(rule, STR("resourceNames"));
	unsigned powers = 0;

	if (names && names->type == JSON_ARRAY && names->len)
		return 0; /* of named objects alone: said by the names */
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (grants(rule, table[i].group, table[i].resource, table[i].verb))
			powers |= table[i].power;
	return powers;
}

/* Kubernetes' own come with every API server. */
static bool is_systems(const struct item *i)
{
	static const char *const own[] = { "cluster-admin", "admin", "edit", "view" };
	const struct json *labels = json_get(json_get(i->root, STR("metadata")), STR("labels"));

	for (size_t n = 0; n < sizeof own / sizeof *own; n++)
		if (str_is(i->gvk.kind, "ClusterRole") && str_is(i->name, own[n]))
			return true;
	return str_starts(i->name, STR("system:")) &&
	       json_get(labels, STR("kubernetes.io/bootstrapping"));
}

static struct str role_id(const struct item *i, struct str kind, struct str name)
{
	bool cluster = str_is(kind, "ClusterRole");

	return words_of(i->arena, "%.*s/%.*s%s%.*s", STR_ARG(kind),
			STR_ARG(cluster ? STR("") : i->namespace), cluster ? "" : "/",
			STR_ARG(name));
}

static bool is_aggregated(const struct item *i)
{
	return json_get(i->root, STR("aggregationRule"));
}

int scan_read_role(struct posture *p, const struct item *i, struct err *err)
{
	const struct json *rules = json_get(i->root, STR("rules"));
	unsigned powers = 0;
	struct role *role;

	if (component_named(p, &i->gvk, i->namespace, i->name) && scan_read_plain(p, i, err) < 0)
		return -1;
	if (rules && rules->type == JSON_ARRAY)
		for (const struct json *r = rules->child; r; r = r->next)
			powers |= rule_powers(r);
	if (!powers || is_systems(i) || is_aggregated(i))
		return 0;
	if (!(role = arena_zalloc(&p->arena, sizeof *role))) {
		p->full = true;
		return 0;
	}
	*role = (struct role){ .next = p->roles,
			       .kind = keep_str(p, i->gvk.kind),
			       .namespace = keep_str(p, i->namespace),
			       .name = keep_str(p, i->name),
			       .id = word_of(p, role_id(i, i->gvk.kind, i->name)),
			       .tool = keep_str(p, scan_first_manager(i)),
			       .powers = powers };
	p->roles = role;
	return 0;
}

static struct str subject_words(const struct item *i)
{
	const struct json *list = json_get(i->root, STR("subjects"));
	struct text t;

	text_init(&t, i->arena, SUBJECTS_SHOWN);
	if (!list || list->type != JSON_ARRAY)
		return STR("nobody");
	for (const struct json *s = list->child; s && !t.full; s = s->next) {
		struct str namespace = json_str(json_get(s, STR("namespace")));

		text_puts(&t, t.n ? ", " : "");
		text_str(&t, json_str(json_get(s, STR("kind"))));
		text_puts(&t, " ");
		text_str(&t, namespace);
		text_puts(&t, namespace.n ? "/" : "");
		text_str(&t, json_str(json_get(s, STR("name"))));
	}
	return t.n ? text_get(&t) : STR("nobody");
}

int scan_read_binding(struct posture *p, const struct item *i, struct err *err)
{
	const struct json *ref = json_get(i->root, STR("roleRef"));
	struct str kind = json_str(json_get(ref, STR("kind")));
	struct str name = json_str(json_get(ref, STR("name")));
	struct binding *b;

	if (component_named(p, &i->gvk, i->namespace, i->name) && scan_read_plain(p, i, err) < 0)
		return -1;
	if (str_starts(name, STR("system:")) || !scan_asks(p, CHECK_IMPERSONATION))
		return 0;
	if (!(b = arena_zalloc(&p->arena, sizeof *b))) {
		p->full = true;
		return 0;
	}
	*b = (struct binding){ .next = p->bindings,
			       .role = word_of(p, role_id(i, kind, name)),
			       .subjects = word_of(p, subject_words(i)) };
	p->bindings = b;
	return 0;
}

/* ---- at the end ---- */

static void power_words(unsigned powers, struct text *out)
{
	static const char *const words[] = { "impersonate", "escalate roles", "bind roles",
					     "write webhook configurations" };

	for (size_t i = 0; i < 4; i++)
		if (powers >> i & 1) {
			text_puts(out, out->n ? ", " : "");
			text_puts(out, words[i]);
		}
}

static void bound_words(const struct posture *p, const struct role *role, struct text *out)
{
	for (const struct binding *b = p->bindings; b; b = b->next)
		if (b->role == role->id) {
			text_puts(out, out->n ? ", " : "");
			text_str(out, b->subjects->text);
		}
	if (!out->n)
		text_puts(out, "nobody yet");
}

void scan_judge_access(struct posture *p)
{
	for (const struct role *role = p->roles; role; role = role->next) {
		scoped(arena_end) struct arena arena = { .blocks = NULL };
		struct posture_finding f = { .tier = TIER_SUPPORTED,
					     .api_version = STR("rbac.authorization.k8s.io/v1"),
					     .kind = role->kind,
					     .namespace = role->namespace,
					     .name = role->name,
					     .path = STR("rules"),
					     .tool = role->tool,
					     .evidence = "object" };
		struct text powers, bound;

		arena_init(&arena, 1u << 16);
		text_init(&powers, &arena, 200);
		text_init(&bound, &arena, SUBJECTS_SHOWN);
		power_words(role->powers, &powers);
		bound_words(p, role, &bound);
		f.text = words_of(&arena, "who has it can %.*s; it is bound to %.*s%s",
				  STR_ARG(text_get(&powers)), STR_ARG(text_get(&bound)),
				  bound.full ? " and others" : "");
		found_add(p, CHECK_IMPERSONATION, &f);
	}
}
