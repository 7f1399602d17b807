/* SPDX-License-Identifier: Apache-2.0
 * rule.c - a rule in words: `policy explain`.
 */
#include "oke/policy_print.h"

#include "lib/yaml/write.h"
#include "policy/alpha/features.h"
#include "policy/model/specials.h"
#include "policy/validate/overlap.h"
#include "policy/model/rule_scope.h"
#include "policy/model/set.h"

/* What Oracle's page makes of it, for people. */
static const char *const tier_words[] = {
	[TIER_SUPPORTED] = "documented by Oracle: the cluster stays supported",
	[TIER_BEST_EFFORT] = "beside Oracle's documentation but based on it: best-effort support",
	[TIER_UNSUPPORTED] = "takes the cluster out of Oracle's support",
};

/* ---- lists in words, into a text ---- */

/* Items of a list stand in lines of their own. */
static void words_next_item(struct text *t)
{
	if (t->n)
		text_puts(t, "\n");
}

/* "a, b or c" */
static void words_alternatives(struct text *t, const struct strings *list, const char *last)
{
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			text_puts(t, i + 1 == list->n ? last : ", ");
		text_str(t, list->v[i].n ? list->v[i] : STR("the object itself"));
	}
}

static void operations_words(struct text *t, const struct rule *r)
{
	for (unsigned op = OP_CREATE; op <= OP_CONNECT; op <<= 1)
		if (r->operations & op)
			text_printf(t, "%s%s", t->n ? ", " : "",
				    operation_name((enum operation)op));
	if (r->subresources.n > 1 || r->subresources.v[0].n) {
		text_puts(t, " of ");
		words_alternatives(t, &r->subresources, " and ");
	}
}

/* "deployments.apps kube-system/coredns" */
static void rule_object_words(struct text *t, const struct object_ref *o)
{
	size_t n = o->names.n ? o->names.n : 1;

	for (size_t i = 0; i < n && !o->implied; i++) {
		words_next_item(t);
		if (o->pods != POD_NONE)
			text_puts(t, "pods, and templates that make pods,");
		else
			text_str(t, o->resource);
		if (o->group.n) {
			text_puts(t, ".");
			text_str(t, o->group);
		}
		text_puts(t, " ");
		if (o->namespace.n) {
			text_str(t, o->namespace);
			text_puts(t, "/");
		}
		text_str(t, o->names.n ? o->names.v[i] : o->name_prefix);
		if (!o->names.n)
			text_puts(t, "*");
		for (const struct label *l = o->labels; l; l = l->next) {
			text_puts(t, " with label ");
			text_str(t, l->key);
			text_puts(t, "=");
			text_str(t, l->value);
		}
	}
}

static void changed_words(struct text *t, const struct rule *r)
{
	for (const struct changed *c = r->changed; c; c = c->next) {
		words_next_item(t);
		if (c->kind == CHANGED_METADATA)
			text_puts(t, "labels, annotations, finalizers, ownerReferences");
		else if (c->kind == CHANGED_CONTENT)
			text_puts(t, "anything but metadata and status");
		else
			path_print(&c->path, t);
	}
	if (!r->changed && r->operations & OP_UPDATE)
		text_puts(t, "any field");
}

static void values_words(struct text *t, const struct condition *c)
{
	const char *before = "";

	text_puts(t, c->kind == WHEN_IN ? " is " : " is not ");
	for (size_t i = 0; special_words(i); i++)
		if (c->specials & 1u << i) {
			text_printf(t, "%s%s", before, special_words(i));
			before = " or ";
		}
	text_puts(t, c->in.n ? before : "");
	words_alternatives(t, &c->in, " or ");
}

static void selects_words(struct text *t, const struct condition *c)
{
	static const char *const pods[] = { [SELECTS_MANAGED] = "pods that OKE runs",
					    [SELECTS_SELF] = "oke-guard's own pods",
					    [SELECTS_LABELS] = "pods with the labels" };

	text_printf(t, " selects %s", pods[c->selects]);
	for (const struct label *l = c->labels; l; l = l->next) {
		text_puts(t, " ");
		text_str(t, l->key);
		text_puts(t, "=");
		text_str(t, l->value);
	}
}

static void test_words(struct text *t, const struct condition *c)
{
	static const char *const words[] = {
		[WHEN_EXISTS] = " is set",
		[WHEN_ABSENT] = " is not set",
		[WHEN_PREFIX] = " begins with ",
		[WHEN_SUFFIX] = " ends with ",
		[WHEN_AT_LEAST] = " is at least ",
		[WHEN_AT_MOST] = " is at most ",
		[WHEN_LOST] = " loses a value",
		[WHEN_DNS_PROBLEM] = " has what CoreDNS ignores or stops at",
		[WHEN_DNS_SOUND] = " has nothing that CoreDNS ignores or stops at",
		[WHEN_BROKEN] = " has documents of oke-guard's that no version can read",
		[WHEN_DOUBTFUL] =
			" has documents of oke-guard's of which this version leaves something out",
	};

	if (c->kind == WHEN_IN || c->kind == WHEN_NOT_IN) {
		values_words(t, c);
	} else if (c->kind == WHEN_SELECTS) {
		selects_words(t, c);
	} else {
		text_puts(t, words[c->kind]);
		if (c->in.n)
			text_str(t, c->in.v[0]);
	}
}

static void condition_words(struct text *t, const struct condition *c)
{
	for (; c; c = c->next) {
		words_next_item(t);
		text_puts(t, c->every ? "every " : "");
		path_print(&c->path, t);
		text_puts(t, c->of_old ? " of the old object" : "");
		test_words(t, c);
	}
}

static void fact_words(struct text *t, const struct fact_test *f)
{
	for (; f; f = f->next) {
		words_next_item(t);
		text_str(t, f->fact);
		text_puts(t, " is ");
		words_alternatives(t, &f->values, " or ");
	}
}

static void who_words(struct text *t, const struct rule *r)
{
	if (r->identities.n) {
		text_puts(t, "identities in ");
		words_alternatives(t, &r->identities, " or ");
	}
	if (r->not_identities.n) {
		text_puts(t, t->n ? ", but not in " : "everybody but ");
		words_alternatives(t, &r->not_identities, " and ");
		text_puts(t, ", once these have members");
	}
}

static void features_words(struct text *t, const struct features *f)
{
	static const char *const stages[] = { "alpha", "beta (off by default)", "deprecated" };

	if (!f)
		return;
	text_puts(t, "feature gates that are ");
	for (unsigned i = 0, n = 0; i < 3; i++)
		if (f->stages & 1u << i)
			text_printf(t, "%s%s", n++ ? " or " : "", stages[i]);
	for (unsigned i = 0, n = 0; i < USE_KINDS; i++)
		if (f->uses & 1u << i)
			text_printf(t, "%s%s", n++ ? " or " : ", used as ",
				    use_kind_name((enum use_kind)i));
	if (f->allow.n) {
		text_puts(t, "; not ");
		words_alternatives(t, &f->allow, " and ");
	}
}

/* May a change that the rule takes be one that the argument makes? */
static bool argument_fits(const struct addon_argument *a, const struct rule *r)
{
	const struct changed *c = r->changed;

	while (c && (c->kind == CHANGED_METADATA ||
		     (c->kind == CHANGED_PATH && !overlap_path_within(&c->path, &a->path) &&
		      !overlap_path_within(&a->path, &c->path))))
		c = c->next;
	return c || (!r->changed && r->operations & OP_UPDATE);
}

static void arguments_words(struct text *t, const struct rule *r)
{
	const struct addon *addon = r->policy->addon;

	if (!addon || r->remedy.text.s || r->tier == TIER_SUPPORTED)
		return;
	for (const struct addon_argument *a = addon->arguments; a; a = a->next) {
		if (!argument_fits(a, r))
			continue;
		words_next_item(t);
		text_str(t, a->key);
		text_puts(t, " sets ");
		path_print(&a->path, t);
		if (a->object.s) {
			text_puts(t, " of ");
			text_str(t, a->object);
		}
	}
}

static void rule_link_words(struct text *t, struct str page)
{
	if (page.n && !str_starts(page, STR("https://")))
		text_puts(t, DOCS_BASE);
	text_str(t, page);
}

/* ---- what is said, in order ---- */

struct saying {
	const struct rule *rule;
	const struct config *config;
	struct arena scratch;
};

static void say_tier(struct saying *s, struct text *t)
{
	text_printf(t, "%s: %s", tier_name(s->rule->tier), tier_words[s->rule->tier]);
}

static void say_action(struct saying *s, struct text *t)
{
	const struct rule *r = s->rule;
	enum action a = s->config->tiers[r->tier];

	if (r->override) {
		text_printf(t, "%s, by an override of %.200s:%u", action_name(r->override->action),
			    r->override->origin.file, r->override->origin.line);
		return;
	}
	if (r->has_action && r->action < a)
		text_printf(t, "%s, by the rule itself (%s by its tier)", action_name(r->action),
			    action_name(a));
	else
		text_printf(t, "%s, by its tier", action_name(a));
	if (r->has_unknown)
		text_printf(t, "; %s at most for identities that nobody named",
			    action_name(r->unknown));
}

static void say_operations(struct saying *s, struct text *t)
{
	operations_words(t, s->rule);
}

static void say_objects(struct saying *s, struct text *t)
{
	const struct rule *r = s->rule;

	for (const struct object_ref *o = r->objects ? r->objects : r->policy->objects; o;
	     o = o->next)
		rule_object_words(t, o);
}

static void say_changed(struct saying *s, struct text *t)
{
	changed_words(t, s->rule);
}

static void say_when(struct saying *s, struct text *t)
{
	condition_words(t, s->rule->when);
}

static void say_features(struct saying *s, struct text *t)
{
	features_words(t, s->rule->features);
}

static void say_who(struct saying *s, struct text *t)
{
	who_words(t, s->rule);
}

static void say_applies(struct saying *s, struct text *t)
{
	fact_words(t, s->rule->policy->applies_to);
	if (t->n)
		text_puts(t, " (or not configured)");
}

static void say_cluster(struct saying *s, struct text *t)
{
	fact_words(t, s->rule->cluster);
}

static void say_message(struct saying *s, struct text *t)
{
	text_str(t, s->rule->message);
}

static void say_remedy(struct saying *s, struct text *t)
{
	for (const struct corefile_remedy *c = s->rule->remedies; c; c = c->next) {
		words_next_item(t);
		text_str(t, c->remedy.text);
	}
	words_next_item(t);
	text_str(t, s->rule->remedy.text);
}

static void say_command(struct saying *s, struct text *t)
{
	text_str(t, s->rule->remedy.command);
}

static void say_addon(struct saying *s, struct text *t)
{
	const struct addon *addon = s->rule->policy->addon;

	if (addon && s->rule->tier != TIER_SUPPORTED)
		text_str(t, addon->name);
}

static void say_arguments(struct saying *s, struct text *t)
{
	arguments_words(t, s->rule);
}

static void say_why(struct saying *s, struct text *t)
{
	rule_link_words(t, rule_why(s->rule));
}

static void say_docs(struct saying *s, struct text *t)
{
	rule_link_words(t, rule_how(s->rule));
}

static void say_owner(struct saying *s, struct text *t)
{
	text_str(t, s->rule->policy->owner);
}

static void say_origin(struct saying *s, struct text *t)
{
	text_printf(t, "%.400s:%u", s->rule->origin.file, s->rule->origin.line);
}

static const struct {
	const char *key, *label; /* for programs, for people */
	void (*say)(struct saying *s, struct text *t);
	bool list; /* an item a line */
} sayings[] = {
	{ "tier", "Tier", say_tier, false },
	{ "action", "Action", say_action, false },
	{ "operations", "Operations", say_operations, false },
	{ "changed", "Changes of", say_changed, true },
	{ "when", "When", say_when, true },
	{ "features", "Uses of", say_features, false },
	{ "objects", "Objects", say_objects, true },
	{ "identities", "By", say_who, false },
	{ "appliesTo", "Applies if", say_applies, true },
	{ "cluster", "Only if", say_cluster, true },
	{ "message", "Message", say_message, false },
	{ "remedy", "Instead", say_remedy, true },
	{ "command", "Command", say_command, true },
	{ "addon", "Add-on", say_addon, false },
	{ "arguments", "Arguments", say_arguments, true },
	{ "why", "Why", say_why, false },
	{ "docs", "How", say_docs, false },
	{ "owner", "Policy of", say_owner, false },
	{ "origin", "From", say_origin, false },
};

#define SAYING_MAX (1u << 20)

/* One line; moves on behind it. */
static struct str take_text_line(struct str *s)
{
	const char *end = s->n ? memchr(s->s, '\n', s->n) : NULL;
	struct str line = { s->s, end ? (size_t)(end - s->s) : s->n };

	*s = str_from(*s, line.n + (end != NULL));
	return line;
}

static void say_text(const char *label, struct str s, struct text *out)
{
	for (; s.n; label = "") {
		text_printf(out, "  %-11s ", label);
		text_str(out, take_text_line(&s));
		text_puts(out, "\n");
	}
}

static void say_list(struct emit *e, const char *key, struct str s)
{
	emit_list(e, key, false);
	while (s.n)
		emit_str(e, NULL, take_text_line(&s));
	emit_end(e);
}

static void print_sayings(struct saying *s, struct emit *e, struct text *out)
{
	for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
		struct text t;

		text_init(&t, &s->scratch, SAYING_MAX);
		sayings[i].say(s, &t);
		out->full |= t.full;
		if (!t.n)
			continue;
		if (!e)
			say_text(sayings[i].label, text_get(&t), out);
		else if (sayings[i].list)
			say_list(e, sayings[i].key, text_get(&t));
		else
			emit_str(e, sayings[i].key, text_get(&t));
	}
}

static const struct rule *find_printed_rule(const struct policy_set *set, struct str policy,
					    struct str rule)
{
	const struct policy *p = set->model.policies;
	const struct rule *r;

	while (p && !str_eq(p->name, policy))
		p = p->next;
	r = p ? p->rules : NULL;
	while (r && !str_eq(r->name, rule))
		r = r->next;
	return r;
}

bool policy_print_rule(const struct policy_set *set, struct str policy, struct str rule,
		       enum print_format format, struct text *out)
{
	struct saying s = { .rule = find_printed_rule(set, policy, rule),
			    .config = &set->model.config };
	struct emit e;

	if (!s.rule)
		return false;
	arena_init(&s.scratch, 8 * SAYING_MAX);
	if (format == PRINT_TEXT) {
		text_str(out, policy);
		text_puts(out, "/");
		text_str(out, rule);
		text_puts(out, " - ");
		text_str(out, s.rule->policy->title);
		text_puts(out, "\n");
		print_sayings(&s, NULL, out);
	} else {
		emit_init(&e, format == PRINT_JSON, out);
		emit_str(&e, "policy", policy);
		emit_str(&e, "rule", rule);
		emit_str(&e, "title", s.rule->policy->title);
		print_sayings(&s, &e, out);
		emit_done(&e);
	}
	arena_done(&s.scratch);
	return true;
}
