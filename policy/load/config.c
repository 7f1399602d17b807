/* SPDX-License-Identifier: Apache-2.0
 * config.c - GuardConfig: the built-in defaults (documents.c), and the one file on top of them.
 *
 * A key that the file gives replaces the default
 * of that key alone: the accounts that the file lists as customers leave
 * exceptNamespaces as it was, a set that it names leaves the other sets.
 */
#include "policy/load/parts.h"

#include "policy/load/documents.h"

/* ---- words ---- */

static const struct load_word modes[] = {
	{ "enforce", MODE_ENFORCE },
	{ "warn", MODE_WARN },
	{ "audit", MODE_AUDIT },
};
static const struct load_words words_mode = WORDS(modes);

static const struct load_word answers[] = { { "allow", ACTION_ALLOW }, { "deny", ACTION_DENY } };
static const struct load_words words_answer = WORDS(answers);

static const struct load_word caps[] = {
	{ "allow", ACTION_ALLOW },
	{ "audit", ACTION_AUDIT },
	{ "warn", ACTION_WARN },
};
static const struct load_words words_cap = { caps, sizeof caps / sizeof *caps, "deny",
					     "nobody unknown is ever denied, since Oracle's own "
					     "automation may be among them; list who is "
					     "a customer under \"customer\"" };

static void read_mode(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	size_t before = r->complaints_n;
	int value = (int)*(enum mode *)out;

	read_word(r, n, &value, arg);
	/* A mode that cannot be read was meant to be something: nobody is denied for a typo. */
	*(enum mode *)out = r->complaints_n > before ? MODE_AUDIT : (enum mode)value;
}

static void read_action(struct load_reader *r, const struct yaml_node *n, void *out,
			const void *arg)
{
	size_t before = r->complaints_n;
	int value = (int)*(enum action *)out;

	read_word(r, n, &value, arg);
	if (r->complaints_n > before && value > ACTION_WARN)
		value = ACTION_WARN; /* the same */
	*(enum action *)out = (enum action)value;
}

/* ---- overrides ---- */

static void read_override_rule(struct load_reader *r, const struct yaml_node *n, void *out,
			       const void *arg)
{
	struct override *o = out;
	struct exception_rule ref = { 0 };

	read_rule_ref(r, n, &ref, arg);
	o->policy = ref.policy;
	o->rule = ref.rule;
}

static const struct load_field override_table[] = {
	{ "rule", read_override_rule, 0, NULL, "POLICY/RULE, or POLICY/* for all of a policy" },
	{ "action", read_action, offsetof(struct override, action), &words_action,
	  "allow, audit, warn or deny" },
	{ "reason", read_str, offsetof(struct override, reason), &format_text, NULL },
};
static const struct load_fields override_fields = FIELDS("an override", override_table);

static void read_override(struct load_reader *r, const struct yaml_node *n, void *out,
			  const void *arg)
{
	struct override *o = out;

	(void)arg;
	o->origin = read_origin(r, n);
	read_fields(r, n, o, &override_fields);
}

static const struct load_list overrides_list = { "[{rule: alpha/fields, action: deny}]",
						 sizeof(struct override),
						 read_override,
						 NULL,
						 true,
						 1000 };

static const struct load_list fail_closed_list = { "[coredns/scale, kube-proxy/*]",
						   sizeof(struct exception_rule),
						   read_rule_ref,
						   NULL,
						   true,
						   200 };

static void read_replaceable(struct load_reader *r, const struct yaml_node *n, void *out,
			     const void *arg)
{
	struct replaceable *p = out;

	p->origin = read_origin(r, n);
	read_str(r, n, &p->name, arg);
}

static const struct load_list replaceable_list = {
	"[coredns]", sizeof(struct replaceable), read_replaceable, &format_name, true, 200
};

/* ---- the cluster's facts ---- */

#define FACTS_MAX 1000 /* each is looked for among the others */

static void fact_set(struct load_reader *r, const struct yaml_node *at, struct str name,
		     struct str value)
{
	struct config *c = &r->model->config;
	struct fact **f = &c->facts;
	size_t n = 0;

	for (; *f && !str_eq((*f)->name, name) && n < FACTS_MAX; n++)
		f = &(*f)->next;
	if (n == FACTS_MAX) {
		read_error(r, at, "more than %d facts about the cluster", FACTS_MAX);
		return;
	}
	if (!*f && !(*f = read_keep(r, sizeof **f)))
		return;
	(*f)->name = name;
	(*f)->value = read_keep_str(r, value);
	(*f)->origin = read_origin(r, at);
}

/* cni, clusterType: arg is the words */
static void read_fact(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	size_t before = r->complaints_n;
	int value;

	(void)out;
	read_word(r, n, &value, arg);
	if (r->complaints_n == before)
		fact_set(r, n, read_keep_str(r, n->key->text), n->text);
}

/* "auto" leaves the fact unset: the version is learnt from the API server. */
static void read_kubernetes(struct load_reader *r, const struct yaml_node *n, void *out,
			    const void *arg)
{
	struct str s;

	(void)out;
	if (read_text(r, n, &s) && !str_is(s, "auto") && read_fits_format(r, n, s, arg))
		fact_set(r, n, STR("kubernetes"), s);
}

static void read_addon_facts(struct load_reader *r, const struct yaml_node *addon,
			     struct str addon_name)
{
	struct str key, value;

	if (!read_is_mapping(r, addon))
		return;
	for (const struct yaml_node *c = addon->child; c && r->complaints_n < READ_ERRORS_MAX;
	     c = c->next) {
		struct text t;

		if (!read_key(r, c, &key) || !read_fits_format(r, c->key, key, &format_token) ||
		    !fact_argument_known(r, c->key, addon_name, key) || !read_text(r, c, &value) ||
		    !read_fits_format(r, c, value, &format_value))
			continue;
		text_init(&t, r->keep, 1024);
		text_puts(&t, FACT_ADDONS);
		text_str(&t, addon_name);
		text_puts(&t, ".");
		text_str(&t, key);
		r->nomem |= t.full;
		if (fact_value_known(r, c, text_get(&t), value))
			fact_set(r, c, text_get(&t), value);
	}
}

static bool addon_name_ok(struct str s)
{
	return format_token.ok(s) && !memchr(s.s, '.', s.n);
}
static const struct format form_addon = { addon_name_ok, 100, "the add-on's name, as in CoreDNS" };

static void read_addons(struct load_reader *r, const struct yaml_node *n, void *out,
			const void *arg)
{
	struct str name;

	(void)out;
	if (!read_is_mapping(r, n))
		return;
	for (const struct yaml_node *c = n->child; c; c = c->next)
		if (read_key(r, c, &name) && read_fits_format(r, c->key, name, arg) &&
		    fact_addon_known(r, c->key, name))
			read_addon_facts(r, c, name);
}

/* ---- identities ---- */

#define CONFIG(member) offsetof(struct config, member)

/* A list of namespaces that may be empty, unlike other lists of texts. */
static void read_namespaces(struct load_reader *r, const struct yaml_node *n, void *out,
			    const void *arg)
{
	if (n->kind == YAML_SEQUENCE && !n->n)
		*(struct strings *)out = (struct strings){ NULL, 0 };
	else
		read_strings(r, n, out, arg);
}

static const struct load_field customer_account_table[] = {
	{ "exceptNamespaces", read_namespaces, CONFIG(customer_except_namespaces), &format_name,
	  NULL },
	{ "names", read_list, CONFIG(customer.accounts), &customer_accounts_list, NULL },
};
static const struct load_fields customer_account_fields =
	FIELDS("the customers' serviceAccounts", customer_account_table);

static const struct load_field customer_table[] = {
	{ "users", read_list, CONFIG(customer.users), &customer_users_list, NULL },
	{ "groups", read_list, CONFIG(customer.groups), &customer_groups_list, NULL },
	{ "serviceAccounts", read_fields, 0, &customer_account_fields, NULL },
};
static const struct load_fields customer_fields = FIELDS("\"customer\"", customer_table);

static struct identity_set *config_set_named(struct load_reader *r, struct str name)
{
	struct identity_set **s = &r->model->config.sets;

	while (*s && !str_eq((*s)->name, name))
		s = &(*s)->next;
	if (!*s && (*s = read_keep(r, sizeof **s)))
		(*s)->name = read_keep_str(r, name);
	return *s;
}

#define SETS_MAX 256

static void read_sets(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct str name;

	(void)out;
	if (!read_is_mapping(r, n))
		return;
	if (n->n > SETS_MAX)
		read_error(r, n, "%u identity sets; at most %d are allowed", n->n, SETS_MAX);
	for (const struct yaml_node *c = n->n <= SETS_MAX ? n->child : NULL; c; c = c->next) {
		struct identity_set *set;

		if (!read_key(r, c, &name) || !read_fits_format(r, c->key, name, &format_set))
			continue;
		if (!(set = config_set_named(r, name)))
			return;
		set->members = (struct identity_list){ NULL, NULL, NULL };
		read_fields(r, c, &set->members, arg);
	}
}

/*
 * Who is exempt, and who is a customer: if a part of it cannot be read, somebody may be taken
 * for a customer who is none, and must not be denied.
 */
static void read_who(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	size_t before = r->complaints_n;

	read_fields(r, n, out, arg);
	r->model->config.warn_at_most |= r->complaints_n > before;
}

static const struct load_field identities_table[] = {
	{ "exempt", read_who, CONFIG(exempt), &identity_fields, NULL },
	{ "customer", read_who, 0, &customer_fields, NULL },
	{ "sets", read_sets, 0, &identity_fields, NULL },
	{ "unknown", read_action, CONFIG(unknown_cap), &words_cap, NULL },
};
static const struct load_fields identities_fields = FIELDS("\"identities\"", identities_table);

/* ---- the kind ---- */

static const struct load_field tiers_table[] = {
	{ "unsupported", read_action, CONFIG(tiers[TIER_UNSUPPORTED]), &words_action, NULL },
	{ "best-effort", read_action, CONFIG(tiers[TIER_BEST_EFFORT]), &words_action, NULL },
	{ "supported", read_action, CONFIG(tiers[TIER_SUPPORTED]), &words_action, NULL },
};
static const struct load_fields tiers_fields = FIELDS("\"tiers\"", tiers_table);

static const struct load_range days = { 1, 3650 };
static const struct load_field exceptions_table[] = {
	{ "maxDays", read_number, CONFIG(exception_max_days), &days, NULL },
};
static const struct load_fields exceptions_fields = FIELDS("\"exceptions\"", exceptions_table);

static const struct load_field writers_table[] = {
	{ "tls", read_list, CONFIG(self_tls), &accounts_list, NULL },
	{ "extra", read_list, CONFIG(self_extra), &accounts_list, NULL },
};
static const struct load_fields writers_fields = FIELDS("\"writers\"", writers_table);

static const struct load_field self_table[] = {
	{ "namespace", read_str, CONFIG(self_namespace), &format_name, NULL },
	{ "release", read_str, CONFIG(self_release), &format_name, NULL },
	{ "writers", read_fields, 0, &writers_fields, NULL },
};
static const struct load_fields self_fields = FIELDS("\"self\"", self_table);

static void read_words_fact(struct load_reader *r, const struct yaml_node *n, void *out,
			    const void *arg)
{
	const struct known_fact *known = arg;

	read_fact(r, n, out, known->values);
}

static void read_dns_ip(struct load_reader *r, const struct yaml_node *n, void *out,
			const void *arg)
{
	struct str s;

	(void)out;
	if (read_text(r, n, &s) && read_fits_format(r, n, s, arg))
		fact_set(r, n, STR("dnsIP"), s);
}

static const struct load_field cluster_table[] = {
	{ "cni", read_words_fact, 0, &known_facts[0], NULL },
	{ "clusterType", read_words_fact, 0, &known_facts[1], NULL },
	{ "kubernetes", read_kubernetes, 0, &format_kubernetes, NULL },
	{ "ocid", read_str, CONFIG(cluster_ocid), &format_ocid, NULL },
	{ "dnsIP", read_dns_ip, 0, &form_ip, NULL },
	{ "addons", read_addons, 0, &form_addon, NULL },
};
static const struct load_fields cluster_fields = FIELDS("\"cluster\"", cluster_table);

static const struct load_field spec_table[] = {
	{ "mode", read_mode, CONFIG(mode), &words_mode, NULL },
	{ "tiers", read_fields, 0, &tiers_fields, NULL },
	{ "onError", read_action, CONFIG(on_error), &words_answer, NULL },
	{ "overrides", read_list, CONFIG(overrides), &overrides_list, NULL },
	{ "failClosed", read_list, CONFIG(fail_closed), &fail_closed_list, NULL },
	{ "replaceable", read_list, CONFIG(replaceable), &replaceable_list, NULL },
	{ "exceptions", read_fields, 0, &exceptions_fields, NULL },
	{ "cluster", read_fields, 0, &cluster_fields, NULL },
	{ "self", read_fields, 0, &self_fields, NULL },
	{ "identities", read_fields, 0, &identities_fields, NULL },
};
static const struct load_fields spec_fields = FIELDS("the spec of a GuardConfig", spec_table);

static void read_config_name(struct load_reader *r, const struct yaml_node *n, void *out,
			     const void *arg)
{
	struct str name;

	(void)out;
	read_fields(r, n, &name, arg);
}

static const struct load_field config_table[] = {
	{ "apiVersion", read_told, 0, NULL, NULL },
	{ "kind", read_told, 0, NULL, NULL },
	{ "metadata", read_config_name, 0, &metadata_fields, "{name: ...}" },
	{ "spec", read_fields, 0, &spec_fields, "{}, or what differs from the defaults" },
};
static const struct load_fields config_fields = FIELDS("a GuardConfig", config_table);

/* ---- where each value stands ---- */

static void place_note(struct load_reader *r, const struct yaml_node *n, struct str path)
{
	struct config_place *s = read_keep(r, sizeof *s);

	if (!s)
		return;
	s->path = path;
	s->origin = read_origin(r, n->key ? n->key : n);
	s->next = r->model->config.places;
	r->model->config.places = s;
}

static struct str path_below_key(struct load_reader *r, struct str above, struct str key)
{
	struct text path;

	text_init(&path, r->keep, 4096);
	text_str(&path, above);
	if (above.n)
		text_puts(&path, ".");
	text_str(&path, key);
	r->nomem |= path.full;
	return text_get(&path);
}

#define PLACES_DEPTH 8 /* as deep as anything of a configuration stands */

static void places_note(struct load_reader *r, const struct yaml_node *root)
{
	struct {
		const struct yaml_node *next; /* entry of a mapping */
		struct str above;
	} open[PLACES_DEPTH] = { { root->child, STR("") } };
	unsigned depth = 1;

	while (depth && !r->nomem) {
		const struct yaml_node *n = open[depth - 1].next;
		struct str above = open[depth - 1].above, path;

		if (!n) {
			depth--;
			continue;
		}
		open[depth - 1].next = n->next;
		if (n->key->kind != YAML_SCALAR || above.n + n->key->text.n > 2000)
			continue;
		path = path_below_key(r, above, n->key->text);
		place_note(r, n, path);
		if (n->kind == YAML_MAPPING && depth < PLACES_DEPTH) {
			open[depth].next = n->child;
			open[depth++].above = path;
		}
	}
}

/* One too many: it is read for its errors' sake, and forgotten. */
static void read_second(struct load_reader *r, const struct yaml_node *n)
{
	struct model *model = r->model, other = { 0 };
	const struct origin *first = &model->config.origin;

	read_error(r, n, "a second GuardConfig: the first is %s:%u, and only one can be in force",
		   first->file, first->line);
	r->model = &other;
	read_fields(r, n, &other.config, &config_fields);
	r->model = model;
}

/* A key that is not known and looks like "mode"; or no spec at all that it could stand in. */
static bool mode_is_misspelt(const struct yaml_node *spec)
{
	if (!spec || spec->kind != YAML_MAPPING)
		return true;
	if (read_value_of(spec, "mode"))
		return false;
	for (const struct yaml_node *c = spec->child; c; c = c->next) {
		struct nearest near;
		size_t i = 0;

		nearest_start(&near, c->key->text);
		for (; i < spec_fields.n && !str_is(c->key->text, spec_fields.v[i].key); i++)
			nearest_try(&near, str_of(spec_fields.v[i].key));
		if (i == spec_fields.n && str_is(near.best, "mode"))
			return true;
	}
	return false;
}

void read_config(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct model *model = out;
	struct config *c = &model->config;

	(void)arg;
	if (c->origin.file) {
		read_second(r, n);
		return;
	}
	c->origin = read_origin_named(r, n);
	read_fields(r, n, c, &config_fields);
	if (mode_is_misspelt(read_value_of(n, "spec")))
		c->mode = MODE_AUDIT;
	if (c->warn_at_most && c->mode > MODE_WARN)
		c->mode = MODE_WARN;
	if (!r->builtin && n->kind == YAML_MAPPING)
		places_note(r, n);
}
