/* SPDX-License-Identifier: Apache-2.0
 * build.c - build a set of policies whole, or not at all.
 *
 * What depends on the configuration alone is decided here, once: which policies
 * and rules the facts and the identities leave active, and which override a rule is under.
 */
#include "policy/model/set.h"

#include <time.h>

#include "policy/catalogue/catalogue.h"
#include "policy/load/formats.h"
#include "policy/load/documents.h"
#include "policy/load/leave_out.h"
#include "policy/load/source.h"
#include "policy/model/identity.h"
#include "policy/model/rule_scope.h"
#include "policy/validate/validate.h"

#define LEAVE_OUT_TURNS 64 /* each takes out at least one of what another one needs */
#define TORN_TRIES      10
#define TORN_PAUSE_NS   20000000

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

/* Nothing raises what stands in for a replacement that is unsound. */
static void lower_rules(struct policy *p)
{
	for (struct rule *r = p->rules; r; r = r->next) {
		if (!r->has_action || r->action > ACTION_WARN)
			r->action = ACTION_WARN;
		r->has_action = true;
		if (r->override && r->override->action > ACTION_WARN)
			r->override = NULL;
	}
}

static bool is_lowered(const struct model *model, const struct policy *p)
{
	const struct lowered *l = p->builtin ? model->lowered : NULL;

	while (l && !str_eq(l->name, p->name))
		l = l->next;
	return l;
}

static void set_activate(struct model *model)
{
	size_t number = 0;

	for (struct policy *p = model->policies; p; p = p->next) {
		p->number = number++;
		p->active = facts_hold(p->applies_to, &model->config, true);
		for (struct rule *r = p->rules; r; r = r->next) {
			r->active = facts_hold(r->cluster, &model->config, false) &&
				    (!r->not_identities.n ||
				     identity_sets_filled(&model->config, &r->not_identities));
			r->override = rule_override(&model->config, r);
		}
		if (is_lowered(model, p))
			lower_rules(p);
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

/* What is left out may be what something else needs: again, until nothing is unsound. */
static int leave_out_all(struct policy_set *set, struct policy_report *report, bool *again)
{
	if (leave_out_unsound(&set->model, &set->arena) < 0)
		return -1;
	for (size_t i = 0; i < LEAVE_OUT_TURNS; i++) {
		if (model_validate(&set->model, &set->arena, report) == 0)
			return 0;
		*again = true; /* warnings were told */
		if (leave_out_unsound(&set->model, &set->arena) < 0)
			return -1;
	}
	return -1;
}

/* Nobody knows what was not read for want of memory: a mode, an exempt identity. */
static void leave_out_unread(struct policy_set *set)
{
	leave_out_mode(&set->model);
	leave_out(&set->model, &set->arena, NULL, "all files",
		  "out of memory while they were read");
}

static int set_fill(struct policy_set *set, const struct policy_source *src,
		    struct policy_report *report, bool *again)
{
	size_t errors = report->errors;

	if (model_load(src, &set->arena, &set->model, report) < 0)
		return -1;
	if (src->lenient ? leave_out_all(set, report, again) < 0
			 : report->errors > errors ||
				   model_validate(&set->model, &set->arena, report) < 0)
		return -1;
	if ((src->kubernetes && name_version(set, str_of(src->kubernetes)) < 0) ||
	    (!src->kubernetes && learn_version(set, src, report) < 0)) {
		report_message(report, true, NULL, "out of memory");
		return -1;
	}
	if (src->kubernetes)
		set->version_from = VERSION_FROM_OPTION;
	if (src->lenient && set->arena.full)
		leave_out_unread(set);
	set_activate(&set->model);
	if (match_build(&set->model, &set->arena, &set->index) == 0)
		return 0;
	report_message(report, true, NULL, "out of memory: %u MiB are not enough for the policies",
		       SET_ARENA_MAX >> 20);
	return -1;
}

/* ---- one state of all files ---- */

/* Messages of a try: they are told when it counts. */
struct told {
	struct policy_report report; /* the one that keeps them */
	struct told_message {
		struct told_message *next;
		bool error;
		char text[];
	} * first, **last;
	bool again; /* what is validated once more: its warnings were told */
};

static void told_keep(void *ctx, bool error, const char *text)
{
	struct told *t = ctx;
	size_t n = strlen(text) + 1;
	struct told_message *m = t->again && !error ? NULL : malloc(sizeof *m + n);

	if (!m)
		return;
	m->next = NULL;
	m->error = error;
	memcpy(m->text, text, n);
	*t->last = m;
	t->last = &m->next;
}

static void told_begin(struct told *t)
{
	*t = (struct told){ .report = { .message = told_keep, .ctx = t }, .last = &t->first };
}

/* To NULL: they are forgotten. */
static void told_end(struct told *t, struct policy_report *to)
{
	while (t->first) {
		struct told_message *m = t->first;

		t->first = m->next;
		if (to && to->message)
			to->message(to->ctx, m->error, m->text);
		free(m);
	}
	if (!to)
		return;
	to->errors += t->report.errors;
	to->warnings += t->report.warnings;
}

static struct policy_set *set_empty(struct policy_report *report)
{
	struct policy_set *set = calloc(1, sizeof *set);

	if (!set) {
		report_message(report, true, NULL, "out of memory");
		return NULL;
	}
	shared_init(&set->shared, set_free);
	arena_init(&set->arena, SET_ARENA_MAX);
	return set;
}

static uint64_t files_mark(const struct policy_source *src)
{
	struct policy_source files = *src;
	struct policy_mark mark;

	files.facts = NULL;
	policy_source_mark(&files, true, &mark);
	return mark.contents;
}

static struct policy_set *set_try(const struct policy_source *src, struct told *told)
{
	struct policy_set *set = set_empty(&told->report);

	if (set && set_fill(set, src, &told->report, &told->again) < 0) {
		policy_set_unref(set);
		return NULL;
	}
	return set;
}

struct policy_set *policy_set_bare(struct policy_report *report)
{
	static const struct policy_source bare = { .lenient = true };
	struct told told;
	struct policy_set *set;

	told_begin(&told);
	if ((set = set_try(&bare, &told)))
		leave_out_unread(set);
	told_end(&told, report);
	return set;
}

struct policy_set *policy_set_new(const struct policy_source *src, struct policy_report *report)
{
	static const struct policy_source builtin_only;
	static const struct timespec pause = { .tv_nsec = TORN_PAUSE_NS };
	struct policy_set *set;

	src = src ? src : &builtin_only;
	for (unsigned try = 1;; try++) {
		struct policy_mark before, after;
		struct told told;

		policy_source_mark(src, false, &before);
		told_begin(&told);
		set = set_try(src, &told);
		if (set)
			set->files = files_mark(src);
		policy_source_mark(src, false, &after);
		if (before.identity == after.identity) {
			told_end(&told, report);
			break;
		}
		/* A part may be of the files as they were: none of it is told, or counts. */
		told_end(&told, NULL);
		policy_set_unref(set);
		set = NULL;
		if (try == TORN_TRIES) {
			report_message(report, true, NULL,
				       "the files change while they are read, %d times in a row",
				       TORN_TRIES);
			break;
		}
		nanosleep(&pause, NULL);
	}
	return set;
}
