/* SPDX-License-Identifier: Apache-2.0
 * table.c - the table of what is loaded, and a policy as the loader takes it again.
 */
#include "oke/policy_print.h"

#include "lib/yaml/write.h"
#include "policy/model/specials.h"
#include "policy/alpha/features.h"
#include "policy/load/documents.h"
#include "policy/model/set.h"

/* ---- the table ---- */

static size_t objects_of(const struct policy *p)
{
	size_t n = 0;

	for (const struct object_ref *o = p->objects; o; o = o->next)
		n += o->names.n ? o->names.n : 1;
	return n;
}

static size_t count_rules(const struct policy *p, size_t by_tier[3])
{
	size_t n = 0;

	by_tier[TIER_SUPPORTED] = by_tier[TIER_BEST_EFFORT] = by_tier[TIER_UNSUPPORTED] = 0;
	for (const struct rule *r = p->rules; r; r = r->next, n++)
		by_tier[r->tier]++;
	return n;
}

static void table_text(const struct model *m, struct text *out)
{
	int width = 6;

	for (const struct policy *p = m->policies; p; p = p->next)
		if (p->name.n > (size_t)width)
			width = (int)p->name.n;
	text_printf(out, "%-*s  %7s  %5s  %9s  %11s  %11s  %s\n", width, "POLICY", "OBJECTS",
		    "RULES", "SUPPORTED", "BEST-EFFORT", "UNSUPPORTED", "FROM");
	for (const struct policy *p = m->policies; p; p = p->next) {
		size_t tiers[3], rules = count_rules(p, tiers);

		text_printf(out, "%-*.*s  %7zu  %5zu  %9zu  %11zu  %11zu  ", width, (int)p->name.n,
			    p->name.s, objects_of(p), rules, tiers[TIER_SUPPORTED],
			    tiers[TIER_BEST_EFFORT], tiers[TIER_UNSUPPORTED]);
		text_puts(out, p->origin.file);
		text_printf(out, ":%u%s\n", p->origin.line,
			    p->active ? "" : " (does not apply to this cluster)");
	}
}

static void table_row(struct emit *e, const struct policy *p)
{
	size_t tiers[3], rules = count_rules(p, tiers);

	emit_map(e, NULL, false);
	emit_str(e, "name", p->name);
	emit_str(e, "title", p->title);
	emit_str(e, "file", str_of(p->origin.file));
	emit_number(e, "line", p->origin.line);
	emit_bool(e, "builtin", p->builtin);
	emit_bool(e, "applies", p->active);
	emit_number(e, "objects", objects_of(p));
	emit_number(e, "rules", rules);
	emit_map(e, "tiers", true);
	for (int t = TIER_SUPPORTED; t <= TIER_UNSUPPORTED; t++)
		emit_number(e, tier_name((enum tier)t), tiers[t]);
	emit_end(e);
	emit_end(e);
}

void policy_print_table(const struct policy_set *set, enum print_format format, struct text *out)
{
	struct emit e;

	if (format == PRINT_TEXT) {
		table_text(&set->model, out);
		return;
	}
	emit_init(&e, format == PRINT_JSON, out);
	emit_list(&e, "policies", false);
	for (const struct policy *p = set->model.policies; p; p = p->next)
		table_row(&e, p);
	emit_end(&e);
	emit_done(&e);
}

/* ---- a policy ---- */

static void print_path(struct emit *e, const char *key, const struct path *path)
{
	struct arena scratch;
	struct text t;

	arena_init(&scratch, POLICY_FILE_MAX);
	text_init(&t, &scratch, POLICY_FILE_MAX / 4);
	path_print(path, &t);
	emit_str(e, key, text_get(&t));
	e->out->full |= t.full;
	arena_done(&scratch);
}

static void print_facts(struct emit *e, const char *key, const struct fact_test *t)
{
	if (!t)
		return;
	emit_map(e, key, true);
	for (; t; t = t->next)
		emit_strings(e, t->fact.s, &t->values); /* texts of the model end in NUL */
	emit_end(e);
}

static void print_labels(struct emit *e, const struct label *l)
{
	emit_map(e, "labels", true);
	for (; l; l = l->next)
		emit_str(e, l->key.s, l->value);
	emit_end(e);
}

static void print_objects(struct emit *e, const struct object_ref *o)
{
	if (!o)
		return;
	emit_list(e, "objects", false);
	for (; o; o = o->next) {
		if (o->implied)
			continue;
		emit_map(e, NULL, true);
		if (o->pods != POD_NONE) {
			emit_bool(e, "pods", true);
		} else {
			emit_str(e, "group", o->group);
			emit_str(e, "resource", o->resource);
		}
		if (o->namespace.s)
			emit_str(e, "namespace", o->namespace);
		if (o->names.n)
			emit_strings(e, "names", &o->names);
		if (o->name_prefix.s)
			emit_str(e, "namePrefix", o->name_prefix);
		if (o->labels)
			print_labels(e, o->labels);
		emit_end(e);
	}
	emit_end(e);
}

static void print_values(struct emit *e, const struct condition *c)
{
	emit_list(e, c->kind == WHEN_IN ? "in" : "notIn", true);
	for (size_t i = 0; special_text(i); i++)
		if (c->specials & 1u << i)
			emit_str(e, NULL, str_of(special_text(i)));
	for (size_t i = 0; i < c->in.n; i++)
		emit_str(e, NULL, c->in.v[i]);
	emit_end(e);
}

static void print_selects(struct emit *e, const struct condition *c)
{
	if (c->selects != SELECTS_LABELS) {
		emit_str(e, "selects",
			 c->selects == SELECTS_MANAGED ? STR("managed") : STR("self"));
		return;
	}
	emit_map(e, "selects", true);
	for (const struct label *l = c->labels; l; l = l->next)
		emit_str(e, l->key.s, l->value);
	emit_end(e);
}

static void print_condition(struct emit *e, const struct condition *c)
{
	static const char *const texts[] = { [WHEN_PREFIX] = "prefix",
					     [WHEN_SUFFIX] = "suffix",
					     [WHEN_AT_LEAST] = "atLeast",
					     [WHEN_AT_MOST] = "atMost" };

	emit_map(e, NULL, true);
	print_path(e, "path", &c->path);
	switch (c->kind) {
	case WHEN_IN:
	case WHEN_NOT_IN:
		print_values(e, c);
		break;
	case WHEN_EXISTS:
	case WHEN_ABSENT:
		emit_bool(e, "exists", c->kind == WHEN_EXISTS);
		break;
	case WHEN_SELECTS:
		print_selects(e, c);
		break;
	case WHEN_LOST:
		emit_bool(e, "lost", true);
		break;
	case WHEN_DNS_PROBLEM:
	case WHEN_DNS_SOUND:
		emit_str(e, "coredns", c->kind == WHEN_DNS_PROBLEM ? STR("unsound") : STR("sound"));
		break;
	case WHEN_BROKEN:
	case WHEN_DOUBTFUL:
		emit_str(e, "documents", c->kind == WHEN_BROKEN ? STR("broken") : STR("doubtful"));
		break;
	default:
		emit_str(e, texts[c->kind], c->in.v[0]);
	}
	if (c->every)
		emit_bool(e, "every", true);
	if (c->of_old)
		emit_bool(e, "old", true);
	emit_end(e);
}

static void print_when(struct emit *e, const struct condition *c)
{
	if (!c)
		return;
	emit_list(e, "when", false);
	for (; c; c = c->next)
		print_condition(e, c);
	emit_end(e);
}

static void print_changed(struct emit *e, const struct changed *c)
{
	if (!c)
		return;
	emit_list(e, "changed", true);
	for (; c; c = c->next)
		if (c->kind == CHANGED_PATH)
			print_path(e, NULL, &c->path);
		else
			emit_str(e, NULL,
				 c->kind == CHANGED_METADATA ? STR("$metadata") : STR("$content"));
	emit_end(e);
}

static void print_features(struct emit *e, const struct features *f)
{
	static const char *const stages[] = { "alpha", "beta", "deprecated" };

	if (!f)
		return;
	emit_map(e, "features", true);
	emit_list(e, "stages", true);
	for (unsigned i = 0; i < 3; i++)
		if (f->stages & 1u << i)
			emit_str(e, NULL, str_of(stages[i]));
	emit_end(e);
	if (f->uses)
		emit_list(e, "uses", true);
	for (unsigned i = 0; f->uses && i < USE_KINDS; i++)
		if (f->uses & 1u << i)
			emit_str(e, NULL, str_of(use_kind_name((enum use_kind)i)));
	if (f->uses)
		emit_end(e);
	if (f->allow.n)
		emit_strings(e, "allow", &f->allow);
	emit_end(e);
}

static void print_str(struct emit *e, const char *key, struct str s)
{
	if (s.s)
		emit_str(e, key, s);
}

static void print_operations(struct emit *e, unsigned operations)
{
	emit_list(e, "operations", true);
	for (unsigned op = OP_CREATE; op <= OP_CONNECT; op <<= 1)
		if (operations & op)
			emit_str(e, NULL, str_of(operation_name((enum operation)op)));
	emit_end(e);
}

/* "command", or "commands" where there are several. */
static void print_commands(struct emit *e, struct str lines)
{
	const char *end = lines.n ? memchr(lines.s, '\n', lines.n) : NULL;

	if (!end) {
		print_str(e, "command", lines);
		return;
	}
	emit_list(e, "commands", false);
	for (; end; end = lines.n ? memchr(lines.s, '\n', lines.n) : NULL) {
		emit_str(e, NULL, (struct str){ lines.s, (size_t)(end - lines.s) });
		lines = str_from(lines, (size_t)(end - lines.s) + 1);
	}
	emit_str(e, NULL, lines);
	emit_end(e);
}

static void print_remedy(struct emit *e, const struct remedy *r)
{
	emit_str(e, "text", r->text);
	print_commands(e, r->command);
	print_str(e, "basic", r->basic);
	emit_end(e);
}

static void print_remedies(struct emit *e, const struct corefile_remedy *r)
{
	static const char *const edits[] = { "server", "override", "own" };

	if (!r)
		return;
	emit_list(e, "remedies", false);
	for (; r; r = r->next) {
		emit_map(e, NULL, false);
		emit_list(e, "corefile", true);
		for (unsigned i = 0; i < sizeof edits / sizeof *edits; i++)
			if (r->edits & 1u << i)
				emit_str(e, NULL, str_of(edits[i]));
		emit_end(e);
		print_remedy(e, &r->remedy);
	}
	emit_end(e);
}

static void print_rule(struct emit *e, const struct rule *r)
{
	emit_map(e, NULL, false);
	emit_str(e, "name", r->name);
	emit_origin(e, r->origin.file, r->origin.line);
	print_operations(e, r->operations);
	if (r->subresources.n > 1 || r->subresources.v[0].n)
		emit_strings(e, "subresources", &r->subresources);
	print_objects(e, r->objects);
	if (r->identities.n)
		emit_strings(e, "identities", &r->identities);
	if (r->not_identities.n)
		emit_strings(e, "notIdentities", &r->not_identities);
	print_facts(e, "cluster", r->cluster);
	print_when(e, r->when);
	print_changed(e, r->changed);
	print_features(e, r->features);
	emit_str(e, "tier", str_of(tier_name(r->tier)));
	if (r->has_action)
		emit_str(e, "action", str_of(action_name(r->action)));
	if (r->has_unknown)
		emit_str(e, "unknown", str_of(action_name(r->unknown)));
	print_str(e, "message", r->message);
	if (r->remedy.text.s) {
		emit_map(e, "remedy", false);
		print_remedy(e, &r->remedy);
	}
	print_remedies(e, r->remedies);
	print_str(e, "docs", r->docs);
	print_str(e, "why", r->why);
	emit_end(e);
}

static void print_policy_addon(struct emit *e, const struct addon *addon)
{
	if (!addon)
		return;
	emit_map(e, "addon", false);
	emit_str(e, "name", addon->name);
	print_str(e, "basic", addon->basic);
	if (addon->arguments)
		emit_list(e, "arguments", false);
	for (const struct addon_argument *a = addon->arguments; a; a = a->next) {
		emit_map(e, NULL, true);
		print_path(e, "path", &a->path);
		print_str(e, "object", a->object);
		emit_str(e, "key", a->key);
		print_str(e, "lower", a->lower);
		print_str(e, "note", a->note);
		emit_end(e);
	}
	if (addon->arguments)
		emit_end(e);
	emit_end(e);
}

static void print_head(struct emit *e, const char *kind, struct str name,
		       const struct origin *origin)
{
	emit_str(e, "apiVersion", STR(POLICY_API_VERSION));
	emit_str(e, "kind", str_of(kind));
	emit_map(e, "metadata", true);
	emit_str(e, "name", name);
	emit_end(e);
	emit_origin(e, origin->file, origin->line);
}

bool policy_print_policy(const struct policy_set *set, struct str name, enum print_format format,
			 struct text *out)
{
	const struct policy *p = set->model.policies;
	struct emit e;

	while (p && !str_eq(p->name, name))
		p = p->next;
	if (!p)
		return false;
	emit_init(&e, format == PRINT_JSON, out);
	print_head(&e, "SupportPolicy", p->name, &p->origin);
	emit_map(&e, "spec", false);
	emit_str(&e, "title", p->title);
	print_str(&e, "area", p->area);
	print_str(&e, "owner", p->owner);
	print_str(&e, "docs", p->docs);
	print_str(&e, "why", p->why);
	print_str(&e, "replaces", p->builtin ? p->name : p->replaces);
	print_str(&e, "reason", p->builtin ? STR("a changed copy of the built-in one") : p->reason);
	print_facts(&e, "appliesTo", p->applies_to);
	print_policy_addon(&e, p->addon);
	print_objects(&e, p->objects);
	emit_list(&e, "rules", false);
	for (const struct rule *r = p->rules; r; r = r->next)
		print_rule(&e, r);
	emit_end(&e);
	emit_end(&e);
	emit_done(&e);
	return true;
}

/* ---- names ---- */

struct str policy_name_at(const struct policy_set *set, size_t i)
{
	const struct policy *p = set->model.policies;

	while (p && i--)
		p = p->next;
	return p ? p->name : (struct str){ NULL, 0 };
}

struct str rule_name_at(const struct policy_set *set, struct str policy, size_t i)
{
	const struct policy *p = set->model.policies;
	const struct rule *r;

	while (p && !str_eq(p->name, policy))
		p = p->next;
	r = p ? p->rules : NULL;
	while (r && i--)
		r = r->next;
	return r ? r->name : (struct str){ NULL, 0 };
}
