/* SPDX-License-Identifier: Apache-2.0
 * policy.c - SupportPolicy: the tables of its fields, and what a table cannot say.
 */
#include "lib/base/chars.h"
#include "policy/alpha/features.h"
#include "policy/load/parts.h"
#include "policy/object/corefile.h"

/* ---- facts ---- */

static void read_fact_tests(struct load_reader *r, const struct yaml_node *n, void *out,
			    const void *arg)
{
	struct fact_test **last = out;
	char name[80];

	(void)arg;
	if (!read_is_mapping(r, n))
		return;
	if (!n->n)
		read_error(r, n, "%s must not be empty: leave it out", read_node_name(n, name));
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		const struct known_fact *known;
		struct fact_test *t;
		struct str fact;

		if (!read_key(r, c, &fact) || !(known = fact_known(r, c->key, fact)))
			continue;
		if (!(t = read_keep(r, sizeof *t)))
			return;
		t->fact = read_keep_str(r, fact);
		if (known->values)
			read_choices(r, c, &t->values, known->values);
		else
			read_strings(r, c, &t->values, known->form);
		for (size_t i = 0; i < t->values.n; i++)
			fact_value_known(r, c, fact, t->values.v[i]);
		*last = t;
		last = &t->next;
	}
}

/* ---- changed ---- */

static void read_changed(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	struct changed *c = out;
	struct nearest near;
	struct str s;

	if (!read_text(r, n, &s))
		return;
	if (str_is(s, "$metadata")) {
		c->kind = CHANGED_METADATA;
	} else if (str_is(s, "$content")) {
		c->kind = CHANGED_CONTENT;
	} else if (s.n && s.s[0] == '$') {
		nearest_start(&near, s);
		nearest_try(&near, STR("$metadata"));
		nearest_try(&near, STR("$content"));
		read_error(r, n, "\"%.*s\" is not known: %s%.*s%s", QUOTED(s),
			   near.best.s ? "did you mean " : "write $metadata, $content or a path",
			   QUOTED(near.best), near.best.s ? "?" : "");
	} else {
		read_object_path(r, n, &c->path, arg);
	}
}

static const struct load_list changed_list = {
	"[spec.replicas, $metadata]", sizeof(struct changed), read_changed, NULL, false, 64
};

/* ---- features ---- */

static const struct load_word stages[] = { { "alpha", 1 }, { "beta", 2 }, { "deprecated", 4 } };
static const struct load_words words_stage = WORDS(stages);

static const struct load_word uses[] = {
	{ "field", 1 << USE_FIELD }, { "value", 1 << USE_VALUE }, { "version", 1 << USE_VERSION },
	{ "key", 1 << USE_KEY },     { "gate", 1 << USE_GATE },   { "dropped", 1 << USE_DROPPED },
};
static const struct load_words words_use = WORDS(uses);

static const struct load_field features_table[] = {
	{ "stages", read_bits, offsetof(struct features, stages), &words_stage,
	  "a list of alpha, beta, deprecated" },
	{ "uses", read_bits, offsetof(struct features, uses), &words_use, NULL },
	{ "allow", read_strings, offsetof(struct features, allow), &format_gate, NULL },
};
static const struct load_fields features_fields = FIELDS("\"features\"", features_table);

/* out: struct features *; a mapping that is allocated only where it stands. */
static void read_features(struct load_reader *r, const struct yaml_node *n, void *out,
			  const void *arg)
{
	struct features *f = read_keep(r, sizeof *f);

	(void)arg;
	if (!f)
		return;
	read_fields(r, n, f, &features_fields);
	*(struct features **)out = f;
}

/* ---- rules ---- */

static const struct load_word operations[] = {
	{ "CREATE", OP_CREATE },
	{ "UPDATE", OP_UPDATE },
	{ "DELETE", OP_DELETE },
	{ "CONNECT", OP_CONNECT },
};
static const struct load_words words_operation = WORDS(operations);

/* All subresources of Kubernetes' own resources; custom resources have status and scale. */
static const struct load_word subresources[] = {
	{ "", 0 },         { "status", 0 },   { "scale", 0 },       { "ephemeralcontainers", 0 },
	{ "resize", 0 },   { "token", 0 },    { "eviction", 0 },    { "exec", 0 },
	{ "attach", 0 },   { "log", 0 },      { "portforward", 0 }, { "proxy", 0 },
	{ "finalize", 0 }, { "approval", 0 }, { "binding", 0 },
};
static const struct load_words words_subresource = WORDS(subresources);

static void read_rule_action(struct load_reader *r, const struct yaml_node *n, void *out,
			     const void *arg)
{
	struct rule *rule = out;
	int action = ACTION_DENY;

	read_word(r, n, &action, arg);
	rule->action = (enum action)action;
	rule->has_action = true;
}

static const struct load_word unknowns[] = {
	{ "allow", ACTION_ALLOW },
	{ "audit", ACTION_AUDIT },
	{ "warn", ACTION_WARN },
};
static const struct load_words words_unknown = WORDS(unknowns);

static void read_rule_unknown(struct load_reader *r, const struct yaml_node *n, void *out,
			      const void *arg)
{
	struct rule *rule = out;
	int action = ACTION_WARN;

	read_word(r, n, &action, arg);
	rule->unknown = (enum action)action;
	rule->has_unknown = true;
}

static void read_tier(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	int tier = TIER_UNSUPPORTED;

	read_word(r, n, &tier, arg);
	*(enum tier *)out = (enum tier)tier;
}

/* What may stand for something else in a message. */
static const char *const placeholders[] = { "$object", "$problem" };

static bool message_knows(struct str at)
{
	for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++) {
		struct str word = str_of(placeholders[i]), rest;

		if (!str_starts(at, word))
			continue;
		rest = str_from(at, word.n);
		if (!rest.n || !chars_all((struct str){ rest.s, 1 }, char_is_alnum, "_"))
			return true;
	}
	return false;
}

/* A sentence in which $object stands for the object; {{name}} is no way to write that. */
static void read_message(struct load_reader *r, const struct yaml_node *n, void *out,
			 const void *arg)
{
	struct str s = { NULL, 0 };

	read_str(r, n, &s, arg);
	*(struct str *)out = s;
	for (size_t i = 0; i < s.n; i++) {
		struct str at = str_from(s, i);

		if (str_starts(at, STR("{{")) || (at.s[0] == '$' && !message_knows(at)))
			read_error(r, n,
				   "a message knows $object alone (\"Deployment "
				   "kube-system/coredns\"), not \"%.*s\"",
				   (int)(at.n > 12 ? 12 : at.n), at.s);
	}
}

/* ---- remedies ---- */

#define COMMANDS_MAX 6 /* lines of one remedy */

/* A list of lines; out: struct str, a newline between them. */
static void read_commands(struct load_reader *r, const struct yaml_node *n, void *out,
			  const void *arg)
{
	struct text t;
	size_t lines = 0;

	if (!read_is_list(r, n, "[kubectl get pods, kubectl get nodes]"))
		return;
	text_init(&t, r->keep, (COMMANDS_MAX + 1) * format_line.max);
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		struct str line = { NULL, 0 };

		read_str(r, c, &line, arg);
		text_puts(&t, lines++ ? "\n" : "");
		text_str(&t, line);
	}
	if (!lines || lines > COMMANDS_MAX)
		read_error(r, n, "\"commands\" has 1 to %d lines", COMMANDS_MAX);
	*(struct str *)out = text_get(&t);
}

#define REMEDY(member) offsetof(struct remedy, member)
static const struct load_field remedy_table[] = {
	{ "text", read_str, REMEDY(text), &format_line, "what to do instead, in a sentence" },
	{ "command", read_str, REMEDY(command), &format_line, NULL },
	{ "commands", read_commands, REMEDY(command), &format_line, NULL },
	{ "basic", read_str, REMEDY(basic), &format_line, NULL },
};
static const struct load_fields remedy_fields = FIELDS("a remedy", remedy_table);

static void remedy_one_command(struct load_reader *r, const struct yaml_node *n)
{
	if (read_value_of(n, "command") && read_value_of(n, "commands"))
		read_error(r, n, "a remedy has \"command\" or \"commands\", not both");
}

static void read_remedy(struct load_reader *r, const struct yaml_node *n, void *out,
			const void *arg)
{
	read_fields(r, n, out, arg);
	remedy_one_command(r, n);
}

static const struct load_word edits[] = {
	{ "server", COREFILE_SERVER },
	{ "override", COREFILE_OVERRIDE },
	{ "own", COREFILE_OWN },
};
static const struct load_words words_edit = WORDS(edits);

#define EDITED(member) offsetof(struct corefile_remedy, remedy.member)
static const struct load_field remedies_table[] = {
	{ "corefile", read_bits, offsetof(struct corefile_remedy, edits), &words_edit,
	  "a list of server, override, own" },
	{ "text", read_str, EDITED(text), &format_line, "what to do instead, in a sentence" },
	{ "command", read_str, EDITED(command), &format_line, NULL },
	{ "commands", read_commands, EDITED(command), &format_line, NULL },
	{ "basic", read_str, EDITED(basic), &format_line, NULL },
};
static const struct load_fields remedies_fields = FIELDS("a remedy", remedies_table);
static const struct load_list remedies_list = { "[{corefile: [server], text: ...}]",
						sizeof(struct corefile_remedy),
						read_remedy,
						&remedies_fields,
						false,
						10 };

#define RULE(member) offsetof(struct rule, member)
static const struct load_field rule_table[] = {
	{ "name", read_str, RULE(name), &format_name, "a name in lower case" },
	{ "operations", read_bits, RULE(operations), &words_operation,
	  "a list of CREATE, UPDATE, DELETE, CONNECT" },
	{ "subresources", read_choices, RULE(subresources), &words_subresource, NULL },
	{ "objects", read_list, RULE(objects), &objects_list, NULL },
	{ "identities", read_strings, RULE(identities), &form_rule_set, NULL },
	{ "notIdentities", read_strings, RULE(not_identities), &form_rule_set, NULL },
	{ "cluster", read_fact_tests, RULE(cluster), NULL, NULL },
	{ "when", read_list, RULE(when), &when_list, NULL },
	{ "changed", read_list, RULE(changed), &changed_list, NULL },
	{ "features", read_features, RULE(features), NULL, NULL },
	{ "tier", read_tier, RULE(tier), &words_tier, "supported, best-effort or unsupported" },
	{ "action", read_rule_action, 0, &words_action, NULL },
	{ "unknown", read_rule_unknown, 0, &words_unknown, NULL },
	{ "message", read_message, RULE(message), &format_line, NULL },
	{ "remedy", read_remedy, RULE(remedy), &remedy_fields, NULL },
	{ "remedies", read_list, RULE(remedies), &remedies_list, NULL },
	{ "docs", read_str, RULE(docs), &format_docs, NULL },
	{ "why", read_str, RULE(why), &format_docs, NULL },
};
static const struct load_fields rule_fields = FIELDS("a rule", rule_table);

/* The subresource of a rule that names none: the object itself. */
static struct str no_subresource = { "", 0 };

/* Only a rule that looks for one has a problem to tell. */
static void read_rule_problem(struct load_reader *r, const struct yaml_node *n,
			      const struct rule *rule)
{
	const struct condition *c = rule->when;

	while (c && c->kind != WHEN_DNS_PROBLEM && c->kind != WHEN_BROKEN &&
	       c->kind != WHEN_DOUBTFUL)
		c = c->next;
	if (!c && rule->message.n && memmem(rule->message.s, rule->message.n, "$problem", 8))
		read_error(r, read_value_of(n, "message"),
			   "$problem is what a condition with coredns: unsound or with documents "
			   "found, and the rule has none");
}

static void read_rule(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct rule *rule = out;

	(void)arg;
	rule->origin = read_origin(r, n);
	rule->subresources = (struct strings){ &no_subresource, 1 };
	read_fields(r, n, rule, &rule_fields);
	read_rule_problem(r, n, rule);
	if (rule->changed && rule->operations && !(rule->operations & OP_UPDATE))
		read_error(r, n,
			   "\"changed\" narrows UPDATE alone: add UPDATE to \"operations\", or "
			   "leave \"changed\" out");
}

static const struct load_list rules_list = {
	"[{name: removed, operations: [DELETE], tier: unsupported}]",
	sizeof(struct rule),
	read_rule,
	NULL,
	false,
	500,
};

/* ---- addon ---- */

#define ARGUMENT(member) offsetof(struct addon_argument, member)
static const struct load_field argument_table[] = {
	{ "path", read_object_path, ARGUMENT(path), NULL, "the path that the argument sets" },
	{ "object", read_str, ARGUMENT(object), &format_object, NULL },
	{ "key", read_str, ARGUMENT(key), &format_token, "the argument's key, as in minReplica" },
	{ "lower", read_str, ARGUMENT(lower), &format_token, NULL },
	{ "note", read_str, ARGUMENT(note), &format_line, NULL },
};
static const struct load_fields argument_fields = FIELDS("an argument", argument_table);
static const struct load_list arguments_list = { "[{path: spec.replicas, key: minReplica}]",
						 sizeof(struct addon_argument),
						 read_fields,
						 &argument_fields,
						 true,
						 1000 };

#define ADDON(member) offsetof(struct addon, member)
static const struct load_field addon_table[] = {
	{ "name", read_str, ADDON(name), &format_token, "the add-on's name, as in CoreDNS" },
	{ "basic", read_str, ADDON(basic), &format_line, NULL },
	{ "arguments", read_list, ADDON(arguments), &arguments_list, NULL },
};
static const struct load_fields addon_fields = FIELDS("\"addon\"", addon_table);

static void read_addon(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct addon *addon = read_keep(r, sizeof *addon);

	(void)arg;
	if (!addon)
		return;
	read_fields(r, n, addon, &addon_fields);
	*(struct addon **)out = addon;
}

/* ---- the kind ---- */

#define POLICY(member) offsetof(struct policy, member)
static const struct load_field spec_table[] = {
	{ "title", read_str, POLICY(title), &format_line, "what the policy guards, as in CoreDNS" },
	{ "area", read_str, POLICY(area), &format_line, NULL },
	{ "owner", read_str, POLICY(owner), &format_owner, NULL },
	{ "docs", read_str, POLICY(docs), &format_docs, NULL },
	{ "why", read_str, POLICY(why), &format_docs, NULL },
	{ "replaces", read_str, POLICY(replaces), &format_name, NULL },
	{ "reason", read_str, POLICY(reason), &format_text, NULL },
	{ "appliesTo", read_fact_tests, POLICY(applies_to), NULL, NULL },
	{ "addon", read_addon, POLICY(addon), NULL, NULL },
	{ "objects", read_list, POLICY(objects), &objects_list,
	  "[{group: apps, resource: deployments, namespace: kube-system, names: [coredns]}]" },
	{ "rules", read_list, POLICY(rules), &rules_list,
	  "[{name: removed, operations: [DELETE], tier: unsupported}]" },
};
static const struct load_fields spec_fields = FIELDS("the spec of a SupportPolicy", spec_table);

static const struct load_field policy_table[] = {
	{ "apiVersion", read_told, 0, NULL, NULL },
	{ "kind", read_told, 0, NULL, NULL },
	{ "metadata", read_fields, POLICY(name), &metadata_fields, "{name: ...}" },
	{ "spec", read_fields, 0, &spec_fields, "title, objects and rules" },
};
static const struct load_fields policy_fields = FIELDS("a SupportPolicy", policy_table);

void read_policy(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg)
{
	struct model *model = out;
	struct policy *p = read_keep(r, sizeof *p);

	(void)arg;
	if (!p)
		return;
	p->origin = read_origin_named(r, n);
	p->builtin = r->builtin;
	read_fields(r, n, p, &policy_fields);
	if (!p->owner.s && r->builtin)
		p->owner = STR(OWNER_ORACLE);
	for (struct rule *rule = p->rules; rule; rule = rule->next) {
		rule->policy = p;
		model->rules_n++;
	}
	*model->policies_last = p;
	model->policies_last = &p->next;
	model->policies_n++;
}
