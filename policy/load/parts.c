/* SPDX-License-Identifier: Apache-2.0
 * parts.c - objects, identities, facts: what several kinds are made of.
 */
#include "policy/load/parts.h"

#include "policy/catalogue/addons.h"

static const struct load_word tiers[] = {
	{ "supported", TIER_SUPPORTED },
	{ "best-effort", TIER_BEST_EFFORT },
	{ "unsupported", TIER_UNSUPPORTED },
};
const struct load_words words_tier = WORDS(tiers);

static const struct load_word actions[] = {
	{ "allow", ACTION_ALLOW },
	{ "audit", ACTION_AUDIT },
	{ "warn", ACTION_WARN },
	{ "deny", ACTION_DENY },
};
const struct load_words words_action = WORDS(actions);

static const struct load_field metadata_table[] = {
	{ "name", read_str, 0, &format_name, "a name in lower case" },
	{ "labels", read_ignored, 0, NULL, NULL },
	{ "annotations", read_ignored, 0, NULL, NULL },
};
const struct load_fields metadata_fields = FIELDS("metadata", metadata_table);

/* ---- objects ---- */

void read_object_labels(struct load_reader *r, const struct yaml_node *n, void *out,
			const void *arg)
{
	struct label **last = out;

	(void)arg;
	if (!read_is_mapping(r, n))
		return;
	if (!n->n)
		read_error(r, n, "\"labels\" must not be empty: leave it out");
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		struct str key, value;
		struct label *l;

		if (!read_key(r, c, &key) || !read_fits_format(r, c->key, key, &format_label) ||
		    !read_text(r, c, &value) || !read_fits_format(r, c, value, &format_label))
			continue;
		if (!(l = read_keep(r, sizeof *l)))
			return;
		l->key = read_keep_str(r, key);
		l->value = read_keep_str(r, value);
		*last = l;
		last = &l->next;
	}
}

#define OBJECT(member) offsetof(struct object_ref, member)
static void read_pods(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	bool pods = true;

	read_bool(r, n, &pods, arg);
	if (!pods)
		read_error(r, n, "\"pods\" is true, or is left out");
	*(enum pod_view *)out = POD_ITSELF;
}

static const struct load_field object_table[] = {
	{ "group", read_str, OBJECT(group), &format_group, "the API group, \"\" for core" },
	{ "resource", read_str, OBJECT(resource), &format_resource,
	  "the plural, as in deployments" },
	{ "namespace", read_str, OBJECT(namespace), &format_namespace, NULL },
	{ "names", read_strings, OBJECT(names), &format_object, NULL },
	{ "namePrefix", read_str, OBJECT(name_prefix), &format_object, NULL },
	{ "labels", read_object_labels, OBJECT(labels), NULL, NULL },
};
static const struct load_fields object_fields = FIELDS("an object", object_table);

/* Pods, and all that makes them: what else there is to say of it. */
static const struct load_field pods_table[] = {
	{ "pods", read_pods, OBJECT(pods), NULL, NULL },
	{ "namespace", read_str, OBJECT(namespace), &format_namespace, NULL },
	{ "names", read_strings, OBJECT(names), &format_object, NULL },
	{ "namePrefix", read_str, OBJECT(name_prefix), &format_object, NULL },
	{ "labels", read_object_labels, OBJECT(labels), NULL, NULL },
};
static const struct load_fields pods_fields =
	FIELDS("an object with \"pods\", which stands for its group and resource,", pods_table);

static void read_object_ref(struct load_reader *r, const struct yaml_node *n, void *out,
			    const void *arg)
{
	struct object_ref *o = out;

	(void)arg;
	o->origin = read_origin(r, n);
	read_fields(r, n, o, read_value_of(n, "pods") ? &pods_fields : &object_fields);
	if (o->pods != POD_NONE) {
		o->group = STR("");
		o->resource = STR("pods");
	}
	if (o->names.n && o->name_prefix.s)
		read_error(r, n,
			   "an object has \"names\" or \"namePrefix\", not both: "
			   "write two objects");
	object_check(r, n, o);
}

static const struct load_field exact_table[] = {
	{ "group", read_str, OBJECT(group), &format_group, "the API group, \"\" for core" },
	{ "resource", read_str, OBJECT(resource), &format_resource,
	  "the plural, as in deployments" },
	{ "namespace", read_str, OBJECT(namespace), &format_namespace, NULL },
	{ "names", read_strings, OBJECT(names), &format_object, "exact names, as in [coredns]" },
};
static const struct load_fields exact_fields = FIELDS("an object of an exception", exact_table);

static void read_exact(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct object_ref *o = out;

	(void)arg;
	o->origin = read_origin(r, n);
	read_fields(r, n, o, &exact_fields);
	if (str_is(o->group, "*") || str_is(o->resource, "*"))
		read_error(r, n, "an exception names its objects: \"*\" is too wide");
	object_check(r, n, o);
}

#define OBJECT_EXAMPLE                                                                             \
	"[{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]"
const struct load_list objects_list = { OBJECT_EXAMPLE,  sizeof(struct object_ref),
					read_object_ref, NULL,
					false,           1000 };
const struct load_list names_list = { OBJECT_EXAMPLE, sizeof(struct object_ref),
				      read_exact,     NULL,
				      false,          1000 };

void read_rule_ref(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct exception_rule *ref = out;
	const char *slash;
	struct str s;

	(void)arg;
	ref->origin = read_origin(r, n);
	if (!read_text(r, n, &s))
		return;
	slash = s.n ? memchr(s.s, '/', s.n) : NULL;
	if (!slash) {
		read_error(r, n,
			   "a rule is named POLICY/RULE, as in "
			   "coredns/scale; this is \"%.*s\"",
			   QUOTED(s));
		return;
	}
	ref->policy = (struct str){ s.s, (size_t)(slash - s.s) };
	ref->rule = str_from(s, ref->policy.n + 1);
	if (!read_fits_format(r, n, ref->policy, &format_name) ||
	    (!str_is(ref->rule, "*") && !read_fits_format(r, n, ref->rule, &format_name)))
		return;
	ref->policy = read_keep_str(r, ref->policy);
	ref->rule = read_keep_str(r, ref->rule);
}

/* ---- identities ---- */

static void read_pattern(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	struct name_pattern *p = out;

	read_str(r, n, &p->text, arg);
	p->prefix = p->text.n && p->text.s[p->text.n - 1] == '*';
	p->text.n -= p->prefix;
}

/* arg: struct pattern_kind */
static void read_checked(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	const struct name_pattern *p = out;

	read_pattern(r, n, out, &format_user_pattern);
	if (p->text.n)
		pattern_check(r, n, p, arg);
}

static void read_account(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	struct service_account *a = out;
	struct str s = { NULL, 0 };
	const char *slash;

	read_str(r, n, &s, arg);
	if (!(slash = s.n ? memchr(s.s, '/', s.n) : NULL))
		return;
	a->namespace = (struct str){ s.s, (size_t)(slash - s.s) };
	a->name = str_from(s, a->namespace.n + 1);
}

static void read_customer_account(struct load_reader *r, const struct yaml_node *n, void *out,
				  const void *arg)
{
	read_account(r, n, out, arg);
	account_check(r, n, out);
}

static const struct pattern_kind trusted_user = { PATTERN_USER, false },
				 trusted_group = { PATTERN_GROUP, false },
				 customer_user = { PATTERN_USER, true },
				 customer_group = { PATTERN_GROUP, true };

#define PATTERNS(kind)                                                                             \
	{                                                                                          \
		"[\"ocid1.user.*\"]", sizeof(struct name_pattern), read_checked, (kind), true,     \
			1000                                                                       \
	}
static const struct load_list trusted_users_list = PATTERNS(&trusted_user);
static const struct load_list trusted_groups_list = PATTERNS(&trusted_group);
const struct load_list customer_users_list = PATTERNS(&customer_user);
const struct load_list customer_groups_list = PATTERNS(&customer_group);
const struct load_list customer_accounts_list = { "[kube-system/default]",
						  sizeof(struct service_account),
						  read_customer_account,
						  &format_account,
						  true,
						  1000 };
const struct load_list users_list = { "[ocid1.user.oc1..aaaa]",
				      sizeof(struct name_pattern),
				      read_pattern,
				      &format_user,
				      true,
				      1000 };
const struct load_list accounts_list = { "[kube-system/coredns]",
					 sizeof(struct service_account),
					 read_account,
					 &format_account,
					 true,
					 1000 };

#define MEMBER(member) offsetof(struct identity_list, member)
static const struct load_field identity_table[] = {
	{ "users", read_list, MEMBER(users), &trusted_users_list, NULL },
	{ "groups", read_list, MEMBER(groups), &trusted_groups_list, NULL },
	{ "serviceAccounts", read_list, MEMBER(accounts), &accounts_list, NULL },
};
const struct load_fields identity_fields = FIELDS("a list of identities", identity_table);

static const struct load_field identity_exact_table[] = {
	{ "users", read_list, MEMBER(users), &users_list, NULL },
	{ "groups", read_list, MEMBER(groups), &users_list, NULL },
	{ "serviceAccounts", read_list, MEMBER(accounts), &accounts_list, NULL },
};
const struct load_fields identity_exact_fields =
	FIELDS("the identities of an exception", identity_exact_table);

/* ---- facts ---- */

static const struct load_word cnis[] = { { "flannel", 1 }, { "vcn-native", 2 }, { "custom", 3 } };
static const struct load_words words_cni = WORDS(cnis);
static const struct load_word cluster_types[] = { { "basic", 1 }, { "enhanced", 2 } };
static const struct load_words words_cluster_type = WORDS(cluster_types);

const struct known_fact known_facts[KNOWN_FACTS] = {
	{ "cni", &words_cni, NULL },
	{ "clusterType", &words_cluster_type, NULL },
	{ "kubernetes", NULL, &format_kubernetes },
};

/* "addons.NAME.KEY"; an argument's key may hold dots itself */
static const struct known_fact addon_fact = { FACT_ADDONS, NULL, &format_value };

/* The parts of "addons.NAME.KEY"; a key may hold dots itself. */
static bool addon_fact_parts(struct str fact, struct str *addon, struct str *key)
{
	struct str rest;
	const char *dot;

	if (!str_starts(fact, STR(FACT_ADDONS)))
		return false;
	rest = str_from(fact, sizeof FACT_ADDONS - 1);
	dot = rest.n ? memchr(rest.s, '.', rest.n) : NULL;
	if (!dot || dot == rest.s || dot == rest.s + rest.n - 1 || !format_token.ok(rest))
		return false;
	*addon = (struct str){ rest.s, (size_t)(dot - rest.s) };
	*key = str_from(rest, addon->n + 1);
	return true;
}

bool fact_addon_known(struct load_reader *r, const struct yaml_node *at, struct str addon)
{
	struct nearest near;

	if (addon_entry_named(addon))
		return true;
	nearest_start(&near, addon);
	for (size_t i = 0; addon_entry_name(i); i++)
		nearest_try(&near, str_of(addon_entry_name(i)));
	if (near.best.s)
		read_error(r, at, "OKE has no add-on \"%.*s\": did you mean %.*s?", QUOTED(addon),
			   QUOTED(near.best));
	else
		read_error(r, at,
			   "OKE has no add-on \"%.*s\": write its name as Oracle does, as in "
			   "CoreDNS or CertManager",
			   QUOTED(addon));
	return false;
}

bool fact_argument_known(struct load_reader *r, const struct yaml_node *at, struct str addon,
			 struct str key)
{
	const struct addon_entry *entry = addon_entry_named(addon);
	struct nearest near;

	if (!entry || addon_takes(entry, key))
		return entry;
	nearest_start(&near, key);
	for (size_t i = 0; addon_argument_name(entry, i); i++)
		nearest_try(&near, str_of(addon_argument_name(entry, i)));
	read_error(r, at, "add-on %.*s has no argument \"%.*s\"%s%.*s%s", QUOTED(addon),
		   QUOTED(key), near.best.s ? ": did you mean " : ": leave it out",
		   QUOTED(near.best), near.best.s ? "?" : "");
	return false;
}

bool fact_value_known(struct load_reader *r, const struct yaml_node *at, struct str fact,
		      struct str value)
{
	struct str addon, key;
	const struct addon_entry *entry;
	const char *want;

	if (!addon_fact_parts(fact, &addon, &key) || !(entry = addon_entry_named(addon)) ||
	    !(want = addon_refuses(entry, key, value)))
		return true;
	read_error(r, at, "%.*s must be %s; it is \"%.*s\"", QUOTED(fact), want, QUOTED(value));
	return false;
}

const struct known_fact *fact_known(struct load_reader *r, const struct yaml_node *at,
				    struct str name)
{
	struct str addon, key;
	struct nearest near;

	if (addon_fact_parts(name, &addon, &key))
		return fact_addon_known(r, at, addon) && fact_argument_known(r, at, addon, key)
			       ? &addon_fact
			       : NULL;
	nearest_start(&near, name);
	for (size_t i = 0; i < KNOWN_FACTS; i++) {
		if (str_is(name, known_facts[i].name))
			return &known_facts[i];
		nearest_try(&near, str_of(known_facts[i].name));
	}
	if (near.best.s)
		read_error(r, at, "unknown fact \"%.*s\": did you mean \"%.*s\"?", QUOTED(name),
			   QUOTED(near.best));
	else
		read_error(r, at,
			   "unknown fact \"%.*s\": write cni, clusterType, kubernetes or "
			   "addons.NAME.KEY, as in addons.CoreDNS.minReplica",
			   QUOTED(name));
	return NULL;
}
