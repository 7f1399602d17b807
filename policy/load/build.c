/*
 * build.c - build a set of policies whole, or not at all.
 *
 * What depends on the configuration alone is decided here, once: which policies
 * and rules the facts leave active, and which override a rule is under.
 */
#include "policy/model/set.h"

#include "policy/load/formats.h"
#include "policy/load/documents.h"
#include "policy/load/source.h"
#include "policy/model/rule_scope.h"
#include "policy/validate/validate.h"

/* Do all tests hold? `unset` is what a test of an unset fact comes to. */
static bool facts_hold(const struct fact_test *t, const struct config *config, bool unset)
{
	for (; t; t = t->next) {
		const struct fact *f = config_fact(config, t->fact);
		bool holds = !f && unset;

		for (size_t i = 0; f && i < t->values.n && !holds; i++)
			holds = str_eq(t->values.v[i], f->value);
		if (!holds)
			return false;
	}
	return true;
}

static void set_activate(struct model *model)
{
	size_t number = 0;

	for (struct policy *p = model->policies; p; p = p->next) {
		p->number = number++;
		p->active = facts_hold(p->applies_to, &model->config, true);
		for (struct rule *r = p->rules; r; r = r->next) {
			r->active = facts_hold(r->cluster, &model->config, false);
			r->override = rule_override(&model->config, r);
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

	set->version_from = VERSION_FROM_CONFIG;
	if (config_fact(&set->model.config, STR(FACT_KUBERNETES)))
		return 0;
	set->version_from = src->learnt ? VERSION_FROM_SERVER : VERSION_FROM_FACTS;
	if (src->learnt)
		version = str_of(src->learnt);
	else if (!src->facts || source_fact(src->facts, FACT_KUBERNETES, text, &version.n) < 0)
		return 0;
	if (format_kubernetes.ok(version))
		return name_version(set, version);
	report_message(report, false, NULL,
		       "%s/" FACT_KUBERNETES
		       ": holds no version as in 1.36; the newest release known is taken",
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
	if (src->kubernetes)
		set->version_from = VERSION_FROM_OPTION;
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
