/*
 * build.c - build a set of policies whole, or not at all.
 *
 * What depends on the configuration alone is decided here, once: which policies
 * and rules the facts leave active, and which override a rule is under.
 */
#include "policy/load/set.h"

#include "policy/catalogue/catalogue.h"
#include "policy/load/formats.h"
#include "policy/load/documents.h"
#include "policy/load/source.h"

static const struct fact *fact_named(const struct config *config, struct str name)
{
	const struct fact *f = config->facts;

	while (f && !str_eq(f->name, name))
		f = f->next;
	return f;
}

/* Do all tests hold? `unset` is what a test of an unset fact comes to. */
static bool facts_hold(const struct fact_test *t, const struct config *config, bool unset)
{
	for (; t; t = t->next) {
		const struct fact *f = fact_named(config, t->fact);
		bool holds = !f && unset;

		for (size_t i = 0; f && i < t->values.n && !holds; i++)
			holds = str_eq(t->values.v[i], f->value);
		if (!holds)
			return false;
	}
	return true;
}

/* The override that names the rule; else the one that names all of its policy. */
static const struct override *override_of(const struct rule *rule, const struct config *config)
{
	const struct override *all = NULL;

	for (const struct override *o = config->overrides; o; o = o->next) {
		if (!str_eq(o->policy, rule->policy->name))
			continue;
		if (str_eq(o->rule, rule->name))
			return o;
		if (!all && str_is(o->rule, "*"))
			all = o;
	}
	return all;
}

static void set_activate(struct model *model)
{
	size_t number = 0;

	for (struct policy *p = model->policies; p; p = p->next) {
		p->number = number++;
		p->active = facts_hold(p->applies_to, &model->config, true);
		for (struct rule *r = p->rules; r; r = r->next) {
			r->active = facts_hold(r->cluster, &model->config, false);
			r->override = override_of(r, &model->config);
		}
	}
}

static void set_free(struct shared *shared)
{
	struct policy_set *set = policy_set_of(shared);

	arena_done(&set->arena);
	free(set);
}

/* The version that the caller names stands for the configuration's. */
static int name_version(struct policy_set *set, struct str version)
{
	struct fact **f = &set->model.config.facts;

	while (*f && !str_is((*f)->name, "kubernetes"))
		f = &(*f)->next;
	if (!*f && !(*f = arena_zalloc(&set->arena, sizeof **f)))
		return -1;
	(*f)->name = STR("kubernetes");
	(*f)->value = str_copy(&set->arena, version);
	return (*f)->value.s ? 0 : -1;
}

/* What was learnt stands where the configuration says auto. What is no version is no reason to
 * go without policies. */
static int learn_version(struct policy_set *set, const struct policy_source *src,
			 struct policy_report *report)
{
	char text[FACT_TEXT_MAX];
	struct str version = { text, 0 };

	if (fact_named(&set->model.config, STR(FACT_KUBERNETES)))
		return 0;
	if (src->learnt)
		version = str_of(src->learnt);
	else if (!src->facts || source_fact(src->facts, FACT_KUBERNETES, text, &version.n) < 0)
		return 0;
	if (format_kubernetes.ok(version))
		return name_version(set, version);
	report_message(report, false, NULL,
		       "%s/" FACT_KUBERNETES
		       ": holds no version as in 1.36; the newest that is known is taken",
		       src->learnt ? "the API server" : src->facts);
	return 0;
}

static int set_fill(struct policy_set *set, const struct policy_source *src,
		    struct policy_report *report)
{
	size_t errors = report->errors;

	if (model_load(src, &set->arena, &set->model, report) < 0 || report->errors > errors ||
	    model_validate(&set->model, &set->arena, report) < 0 || report->errors > errors)
		return -1;
	if ((src->kubernetes && name_version(set, str_of(src->kubernetes)) < 0) ||
	    (!src->kubernetes && learn_version(set, src, report) < 0)) {
		report_message(report, true, NULL, "out of memory");
		return -1;
	}
	set_activate(&set->model);
	if (match_build(&set->model, &set->arena, &set->index) == 0)
		return 0;
	report_message(report, true, NULL, "out of memory: %u MiB are not enough for the policies",
		       SET_ARENA_MAX >> 20);
	return -1;
}

struct policy_set *policy_set_new(const struct policy_source *src, struct policy_report *report)
{
	static const struct policy_source builtin_only;
	struct policy_set *set = calloc(1, sizeof *set);

	if (!set) {
		report_message(report, true, NULL, "out of memory");
		return NULL;
	}
	shared_init(&set->shared, set_free);
	arena_init(&set->arena, SET_ARENA_MAX);
	if (set_fill(set, src ? src : &builtin_only, report) < 0) {
		policy_set_unref(set);
		return NULL;
	}
	return set;
}

void policy_set_ref(struct policy_set *set)
{
	atomic_fetch_add_explicit(&set->shared.refs, 1, memory_order_relaxed);
}

void policy_set_unref(struct policy_set *set)
{
	if (set)
		shared_unref(&set->shared);
}

struct shared *policy_set_shared(struct policy_set *set)
{
	return &set->shared;
}

struct policy_set *policy_set_of(struct shared *shared)
{
	return (struct policy_set *)shared; /* its first member */
}

size_t policy_set_policies(const struct policy_set *set)
{
	return set->model.policies_n;
}

size_t policy_set_rules(const struct policy_set *set)
{
	return set->model.rules_n;
}

size_t policy_set_overrides(const struct policy_set *set)
{
	size_t n = 0;

	for (const struct override *o = set->model.config.overrides; o; o = o->next)
		n++;
	return n;
}

unsigned policy_set_told(const struct policy_set *set)
{
	const struct fact *f = fact_named(&set->model.config, STR("kubernetes"));
	unsigned minor = f ? catalogue_version(f->value) : 0;

	return minor ? catalogue_minor(minor) : 0;
}

unsigned policy_set_minor(const struct policy_set *set)
{
	unsigned told = policy_set_told(set);

	return told ? told : catalogue_minor_max;
}

enum mode policy_set_mode(const struct policy_set *set)
{
	return set->model.config.mode;
}

bool policy_set_has_rule(const struct policy_set *set, struct str policy, struct str rule)
{
	if (str_is(policy, "guard") && str_is(rule, "unreadable"))
		return true; /* judging itself finds it: eval.c */
	for (const struct policy *p = set->model.policies; p; p = p->next)
		for (const struct rule *r = str_eq(p->name, policy) ? p->rules : NULL; r;
		     r = r->next)
			if (str_eq(r->name, rule))
				return true;
	return false;
}
