/* SPDX-License-Identifier: Apache-2.0
 * config.c - the configuration in force, each line with where it came from.
 */
#include "oke/policy_print.h"

#include "lib/yaml/write.h"
#include "policy/load/documents.h"
#include "policy/model/set.h"

/* Say where the line that was begun last was given: by the path of its key. */
static void print_given_at(struct emit *e, const struct config *c, const char *path)
{
	const struct config_place *p = c->places;

	while (p && !str_is(p->path, path))
		p = p->next;
	if (p)
		emit_origin(e, p->origin.file, p->origin.line);
	else
		emit_comment(e, "default");
}

static void print_value_line(struct emit *e, const struct config *c, const char *path,
			     struct str value)
{
	const char *key = strrchr(path, '.') + 1;

	emit_str(e, key, value);
	print_given_at(e, c, path);
}

/* ---- overrides ---- */

static void print_overrides(struct emit *e, const struct config *c)
{
	emit_list(e, "overrides", !c->overrides);
	for (const struct override *o = c->overrides; o; o = o->next) {
		struct arena scratch;
		struct text rule;

		arena_init(&scratch, 4096);
		text_init(&rule, &scratch, 1024);
		text_printf(&rule, "%.*s/%.*s", STR_ARG(o->policy), STR_ARG(o->rule));
		emit_map(e, NULL, true);
		emit_str(e, "rule", text_get(&rule));
		emit_str(e, "action", str_of(action_name(o->action)));
		if (o->reason.s)
			emit_str(e, "reason", o->reason);
		emit_end(e);
		emit_origin(e, o->origin.file, o->origin.line);
		arena_done(&scratch);
	}
	emit_end(e);
	if (!c->overrides)
		print_given_at(e, c, "spec.overrides");
}

static void print_fail_closed(struct emit *e, const struct config *c)
{
	emit_list(e, "failClosed", !c->fail_closed);
	for (const struct exception_rule *m = c->fail_closed; m; m = m->next) {
		struct arena scratch;
		struct text rule;

		arena_init(&scratch, 4096);
		text_init(&rule, &scratch, 1024);
		text_printf(&rule, "%.*s/%.*s", STR_ARG(m->policy), STR_ARG(m->rule));
		emit_str(e, NULL, text_get(&rule));
		emit_origin(e, m->origin.file, m->origin.line);
		arena_done(&scratch);
	}
	emit_end(e);
	if (!c->fail_closed)
		print_given_at(e, c, "spec.failClosed");
}

static void print_replaceable(struct emit *e, const struct config *c)
{
	emit_list(e, "replaceable", !c->replaceable);
	for (const struct replaceable *r = c->replaceable; r; r = r->next) {
		emit_str(e, NULL, r->name);
		emit_origin(e, r->origin.file, r->origin.line);
	}
	emit_end(e);
	if (!c->replaceable)
		print_given_at(e, c, "spec.replaceable");
}

/* ---- facts ---- */

static const struct fact *fact_of(const struct config *c, const char *name)
{
	const struct fact *f = c->facts;

	while (f && !str_is(f->name, name))
		f = f->next;
	return f;
}

static void print_fact(struct emit *e, const struct config *c, const char *name)
{
	const struct fact *f = fact_of(c, name);

	if (f) {
		emit_str(e, name, f->value);
		emit_origin(e, f->origin.file, f->origin.line);
	}
}

/* The add-on of "addons.CoreDNS.minReplica", and its argument. */
static bool addon_parts(const struct fact *f, struct str *addon, struct str *key)
{
	static const struct str prefix = { "addons.", 7 };
	struct str rest;
	const char *dot;

	if (!str_starts(f->name, prefix))
		return false;
	rest = str_from(f->name, prefix.n);
	dot = memchr(rest.s, '.', rest.n);
	*addon = (struct str){ rest.s, (size_t)(dot - rest.s) };
	*key = str_from(rest, addon->n + 1);
	return true;
}

static bool addon_told(const struct config *c, const struct fact *until, struct str addon)
{
	struct str other, key;

	for (const struct fact *f = c->facts; f != until; f = f->next)
		if (addon_parts(f, &other, &key) && str_eq(other, addon))
			return true;
	return false;
}

static void print_addon_facts(struct emit *e, const struct fact *first, struct str addon)
{
	struct str other, key;
	char name[128];

	snprintf(name, sizeof name, "%.*s", STR_ARG(addon)); /* the loader takes 100 bytes */
	emit_map(e, name, false);
	for (const struct fact *f = first; f; f = f->next)
		if (addon_parts(f, &other, &key) && str_eq(other, addon)) {
			emit_str(e, key.s, f->value); /* the end of a text of the model */
			emit_origin(e, f->origin.file, f->origin.line);
		}
	emit_end(e);
}

static void print_cluster(struct emit *e, const struct config *c)
{
	struct str addon, key;
	bool any = false;

	emit_map(e, "cluster", false);
	print_fact(e, c, "cni");
	print_fact(e, c, "clusterType");
	if (!fact_of(c, "kubernetes"))
		print_value_line(e, c, "spec.cluster.kubernetes", STR("auto"));
	print_fact(e, c, "kubernetes");
	print_value_line(e, c, "spec.cluster.ocid", c->cluster_ocid);
	print_fact(e, c, "dnsIP");
	for (const struct fact *f = c->facts; f; f = f->next) {
		if (!addon_parts(f, &addon, &key) || addon_told(c, f, addon))
			continue;
		if (!any)
			emit_map(e, "addons", false);
		any = true;
		print_addon_facts(e, f, addon);
	}
	if (any)
		emit_end(e);
	emit_end(e);
}

/* ---- identities ---- */

static void print_patterns(struct emit *e, const char *key, const struct name_pattern *p)
{
	emit_list(e, key, true);
	for (; p; p = p->next) /* the star stands behind the text in the model's memory */
		emit_str(e, NULL, (struct str){ p->text.s, p->text.n + p->prefix });
	emit_end(e);
}

static void print_accounts(struct emit *e, const char *key, const struct service_account *a)
{
	emit_list(e, key, true);
	for (; a; a = a->next) /* "NAMESPACE/NAME" in one piece, as it was read */
		emit_str(e, NULL, (struct str){ a->namespace.s, a->namespace.n + 1 + a->name.n });
	emit_end(e);
}

static void print_customer(struct emit *e, const struct config *c)
{
	emit_map(e, "customer", false);
	print_patterns(e, "users", c->customer.users);
	print_given_at(e, c, "spec.identities.customer.users");
	print_patterns(e, "groups", c->customer.groups);
	print_given_at(e, c, "spec.identities.customer.groups");
	emit_map(e, "serviceAccounts", false);
	emit_strings(e, "exceptNamespaces", &c->customer_except_namespaces);
	print_given_at(e, c, "spec.identities.customer.serviceAccounts.exceptNamespaces");
	print_accounts(e, "names", c->customer.accounts);
	print_given_at(e, c, "spec.identities.customer.serviceAccounts.names");
	emit_end(e);
	emit_end(e);
}

static void print_set(struct emit *e, const struct config *c, const struct identity_set *s)
{
	char path[128];

	emit_map(e, s->name.s, true);
	if (s->members.users)
		print_patterns(e, "users", s->members.users);
	if (s->members.groups)
		print_patterns(e, "groups", s->members.groups);
	if (s->members.accounts)
		print_accounts(e, "serviceAccounts", s->members.accounts);
	emit_end(e);
	snprintf(path, sizeof path, "spec.identities.sets.%.*s", STR_ARG(s->name));
	print_given_at(e, c, path);
}

/* Who writes the guard's own objects by right. */
static void print_writers(struct emit *e, const struct config *c)
{
	if (!c->self_tls && !c->self_extra)
		return;
	emit_map(e, "writers", false);
	if (c->self_tls) {
		print_accounts(e, "tls", c->self_tls);
		print_given_at(e, c, "spec.self.writers.tls");
	}
	if (c->self_extra) {
		print_accounts(e, "extra", c->self_extra);
		print_given_at(e, c, "spec.self.writers.extra");
	}
	emit_end(e);
}

static void print_identities(struct emit *e, const struct config *c)
{
	emit_map(e, "identities", false);
	emit_map(e, "exempt", false);
	emit_comment(e, "in addition to the built-in ones");
	print_patterns(e, "users", c->exempt.users);
	print_given_at(e, c, "spec.identities.exempt.users");
	print_patterns(e, "groups", c->exempt.groups);
	print_given_at(e, c, "spec.identities.exempt.groups");
	print_accounts(e, "serviceAccounts", c->exempt.accounts);
	print_given_at(e, c, "spec.identities.exempt.serviceAccounts");
	emit_end(e);
	print_customer(e, c);
	emit_map(e, "sets", false);
	for (const struct identity_set *s = c->sets; s; s = s->next)
		print_set(e, c, s);
	emit_end(e);
	print_value_line(e, c, "spec.identities.unknown", str_of(action_name(c->unknown_cap)));
	emit_end(e);
}

/* ---- the whole ---- */

static void print_tiers(struct emit *e, const struct config *c)
{
	emit_map(e, "tiers", false);
	print_value_line(e, c, "spec.tiers.unsupported",
			 str_of(action_name(c->tiers[TIER_UNSUPPORTED])));
	print_value_line(e, c, "spec.tiers.best-effort",
			 str_of(action_name(c->tiers[TIER_BEST_EFFORT])));
	print_value_line(e, c, "spec.tiers.supported",
			 str_of(action_name(c->tiers[TIER_SUPPORTED])));
	emit_end(e);
}

void policy_print_config(const struct policy_set *set, enum print_format format, struct text *out)
{
	const struct config *c = &set->model.config;
	struct emit e;

	emit_init(&e, format == PRINT_JSON, out);
	emit_str(&e, "apiVersion", STR(POLICY_API_VERSION));
	emit_str(&e, "kind", STR("GuardConfig"));
	emit_map(&e, "metadata", true);
	emit_str(&e, "name", STR("effective"));
	emit_end(&e);
	emit_map(&e, "spec", false);
	print_value_line(&e, c, "spec.mode", str_of(mode_name(c->mode)));
	print_tiers(&e, c);
	print_value_line(&e, c, "spec.onError", str_of(action_name(c->on_error)));
	print_overrides(&e, c);
	print_fail_closed(&e, c);
	print_replaceable(&e, c);
	emit_map(&e, "exceptions", false);
	emit_number(&e, "maxDays", c->exception_max_days);
	print_given_at(&e, c, "spec.exceptions.maxDays");
	emit_end(&e);
	print_cluster(&e, c);
	emit_map(&e, "self", false);
	print_value_line(&e, c, "spec.self.namespace", c->self_namespace);
	print_value_line(&e, c, "spec.self.release", c->self_release);
	print_writers(&e, c);
	emit_end(&e);
	print_identities(&e, c);
	emit_end(&e);
	emit_done(&e);
}
