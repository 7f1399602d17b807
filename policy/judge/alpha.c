/* SPDX-License-Identifier: Apache-2.0
 * alpha.c - the decision table for rules with `features`: what a request uses
 * of alpha features, and which rule takes it.
 *
 * Such policies cover all resources, so most requests are told apart before anything
 * is parsed (features_possible). Each use is taken by the first rule that fits it; uses
 * of the same gate and kind that a rule takes are one finding.
 */
#include "policy/judge/judge.h"

/* The minor that the request or the configuration names; 0: the newest that is known. */
static unsigned cluster_minor(const struct judge *j)
{
	if (j->req->minor)
		return j->req->minor;
	for (const struct fact *f = j->config->facts; f; f = f->next)
		if (str_is(f->name, "kubernetes"))
			return catalogue_version(f->value); /* 0 for "auto" */
	return 0;
}

int judge_features_narrow(const struct judge *j, struct candidates *out)
{
	const struct match_index *index = &j->set->index;

	*out = (struct candidates){ .n = 0 };
	if (!index->features_n || !features_possible(cluster_minor(j), j->req))
		return 0;
	if (!(out->v = arena_calloc(j->arena, index->features_n, sizeof *out->v)))
		return err_set(j->err, ERR_LIMIT, "the request's memory is used up");
	for (size_t i = 0; i < index->features_n; i++) {
		const struct rule *r = index->features[i]->rules;

		while (r && !rule_may_fit(j, r))
			r = r->next;
		if (r)
			out->v[out->n++] = index->features[i];
	}
	return 0;
}

/* ---- which rule takes a use ---- */

/* A rule that names no kinds of use takes all; stages it always names. */
static bool rule_takes(const struct rule *r, const struct feature_use *use)
{
	const struct features *f = r->features;

	return f->stages & use->stage && (!f->uses || f->uses & 1u << use->kind) &&
	       !use_allowed(use, f->allow.v, f->allow.n);
}

static const struct rule *first_rule(const struct judge *j, const struct policy *p,
				     const struct feature_use *use)
{
	const struct rule *r = p->rules;
	struct rule_fit fit;

	while (r &&
	       !(r->features && rule_takes(r, use) && rule_may_fit(j, r) && rule_fits(j, r, &fit)))
		r = r->next;
	return r;
}

/* ---- one finding ---- */

static bool is_use_alike(const struct feature_use *a, const struct feature_use *b)
{
	if (a->kind != b->kind || a->stage != b->stage || a->gates_n != b->gates_n)
		return false;
	for (size_t i = 0; i < a->gates_n; i++)
		if (!str_eq(a->gates[i], b->gates[i]))
			return false;
	return a->gates_n && a->kind != USE_VERSION ? true : str_eq(a->what, b->what);
}

/* A value of our own words, where the request's object has none to show. */
static const struct json *own_words_value(struct judge *j, struct str s)
{
	struct json *node = arena_zalloc(j->arena, sizeof *node);

	if (!node)
		return NULL;
	node->type = JSON_STRING;
	node->text = s.s;
	node->len = (uint32_t)s.n & 0x1fffffff;
	return node;
}

/* As a change, for the list of paths: from nothing, or what stood there, to the use. */
static const struct change *change_of(struct judge *j, const struct feature_use *use)
{
	struct change *c = arena_zalloc(j->arena, sizeof *c);

	if (!c)
		return NULL;
	c->place = use->place;
	c->from = use->was;
	c->to = use->value;
	if (use->kind == USE_DROPPED) {
		c->from = use->value ? use->value : own_words_value(j, STR("set"));
		c->to = NULL;
	} else if (!c->to) {
		c->to = own_words_value(j, use->what);
	}
	return c->from || c->to ? c : NULL;
}

static int use_found(struct judge *j, const struct rule *rule, const struct feature_use **uses,
		     size_t n)
{
	struct hit taken = { .rule = rule, .use = uses[0], .changes_n = n };

	if (!(taken.changes = arena_calloc(j->arena, n, sizeof *taken.changes)))
		return err_set(j->err, ERR_LIMIT, "the request's memory is used up");
	for (size_t i = 0; i < n; i++)
		if (!(taken.changes[i] = change_of(j, uses[i])))
			return err_set(j->err, ERR_LIMIT, "the request's memory is used up");
	judge_step(j, 4, "%.*s: %s %.*s, %zu times, taken by %.*s", STR_ARG(rule->policy->name),
		   use_kind_name(uses[0]->kind),
		   STR_ARG(uses[0]->gates_n ? uses[0]->gates[0] : uses[0]->what), n,
		   STR_ARG(rule->name));
	return judge_found(j, &taken);
}

static int judge_each_use(struct judge *j, const struct policy *p, const struct feature_uses *all)
{
	for (const struct feature_use *u = all->first; u; u = u->next) {
		const struct rule *rule = first_rule(j, p, u);

		if (rule && use_found(j, rule, &u, 1) < 0)
			return -1;
	}
	return 0;
}

/* Uses in order; each group is told where its first stands. */
static int judge_uses(struct judge *j, const struct policy *p, const struct feature_uses *all)
{
	const struct rule *rules[FEATURE_USES_MAX];
	const struct feature_use *uses[FEATURE_USES_MAX], *group[FEATURE_USES_MAX];
	size_t n = 0;

	if (j->req->offline)
		return judge_each_use(j, p, all);
	for (const struct feature_use *u = all->first; u && n < FEATURE_USES_MAX; u = u->next) {
		uses[n] = u;
		rules[n++] = first_rule(j, p, u);
	}
	for (size_t i = 0; i < n; i++) {
		size_t group_n = 0;

		for (size_t k = i; rules[i] && k < n; k++)
			if (k == i || (rules[k] == rules[i] && is_use_alike(uses[i], uses[k])))
				group[group_n++] = uses[k];
		if (!rules[i])
			continue;
		if (use_found(j, rules[i], group, group_n) < 0)
			return -1;
		for (size_t k = i + 1; k < n; k++)
			if (rules[k] == rules[i] && is_use_alike(uses[i], uses[k]))
				rules[k] = NULL;
	}
	return 0;
}

int judge_features(struct judge *j, const struct candidates *c)
{
	struct feature_uses uses;

	if (!c->n)
		return 0;
	if (features_find(cluster_minor(j), j->req, j->object, j->old, j->arena, &uses, j->err) < 0)
		return -1;
	judge_step(j, 4, "%zu uses of feature gates", uses.all);
	for (size_t i = 0; i < c->n; i++)
		if (match_objects_fit(c->v[i]->objects, j->req, &j->names, j->object, j->old) &&
		    judge_uses(j, c->v[i], &uses) < 0)
			return -1;
	return 0;
}
