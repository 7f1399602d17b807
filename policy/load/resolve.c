/* SPDX-License-Identifier: Apache-2.0
 * resolve.c - after the last file.
 */
#include "policy/load/resolve.h"

#include "policy/load/documents.h"
#include "policy/load/aliases.h"
#include "policy/model/templates.h"
#include "lib/base/nearest.h"

/* ---- replaces ---- */

static struct policy **builtin_named(struct model *model, struct str name)
{
	struct policy **p = &model->policies;

	while (*p && !((*p)->builtin && str_eq((*p)->name, name)))
		p = &(*p)->next;
	return p;
}

static void nothing_to_replace(const struct model *model, const struct policy *policy,
			       struct policy_report *report)
{
	struct nearest near;

	for (const struct policy *p = model->policies; p; p = p->next)
		if (p != policy && str_eq(p->replaces, policy->replaces)) {
			report_message(report, true, &policy->origin,
				       "\"%.*s\" is replaced twice: %s:%u does so too",
				       QUOTED(policy->replaces), p->origin.file, p->origin.line);
			return;
		}
	nearest_start(&near, policy->replaces);
	for (const struct policy *p = model->policies; p; p = p->next)
		if (p->builtin)
			nearest_try(&near, p->name);
	report_message(report, true, &policy->origin,
		       "no built-in policy is called \"%.*s\", which \"replaces\" names%s%.*s%s",
		       QUOTED(policy->replaces), near.best.s ? ": did you mean \"" : "",
		       QUOTED(near.best), near.best.s ? "\"?" : "");
}

/* The list without p; the one behind it takes its place. */
static void policy_unlink(struct model *model, struct policy **at)
{
	struct policy *p = *at;

	for (const struct rule *r = p->rules; r; r = r->next)
		model->rules_n--;
	model->policies_n--;
	*at = p->next;
	if (!*at)
		model->policies_last = at;
}

static bool is_replaceable(const struct config *config, struct str name)
{
	const struct replaceable *r = config->replaceable;

	while (r && !str_eq(r->name, name))
		r = r->next;
	return r;
}

/* Whoever may write a policy may not, by that alone, take a built-in one out of force. */
static bool may_replace(const struct model *model, const struct policy *p,
			struct policy_report *report)
{
	if (!p->reason.s)
		report_message(report, true, &p->origin,
			       "\"replaces\" needs a \"reason\": it is shown where \"%.*s\" is "
			       "not in force",
			       QUOTED(p->replaces));
	else if (!is_replaceable(&model->config, p->replaces))
		report_message(report, true, &p->origin,
			       "\"%.*s\" may not be replaced: the configuration does not say so; "
			       "add \"replaceable: [%.*s]\" to the spec of the GuardConfig",
			       QUOTED(p->replaces), QUOTED(p->replaces));
	else
		return true;
	return false;
}

static int stand_for(struct policy *p, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, 256);
	text_printf(&t, "%.*s for %.*s", STR_ARG(p->name), STR_ARG(p->replaces));
	p->stands_for = text_get(&t);
	return t.full ? -1 : 0;
}

/* What the last message was about has no place in a set. */
static void mark_unsound(const char **unsound, struct policy_report *report, size_t before,
			 const char *why)
{
	if (report->errors > before)
		*unsound = why;
}

static int resolve_replaces(struct model *model, struct arena *arena, struct policy_report *report)
{
	for (struct policy *p = model->policies; p; p = p->next) {
		struct policy **other;
		size_t before = report->errors;

		if (p->builtin)
			continue;
		if (!p->replaces.s) {
			if (p->reason.s)
				report_message(report, true, &p->origin,
					       "\"reason\" says why a policy \"replaces\" another "
					       "one, and this one does not: leave it out");
		} else if (!*(other = builtin_named(model, p->replaces))) {
			nothing_to_replace(model, p, report);
		} else if (may_replace(model, p, report)) {
			p->replaced = *other;
			policy_unlink(model, other);
			if (stand_for(p, arena) < 0)
				return -1;
		}
		mark_unsound(&p->unsound, report, before, "it cannot replace a built-in policy");
	}
	return 0;
}

/* ---- $self ---- */

#define SELF_NAMESPACE STR("$self.namespace")
#define SELF_RELEASE   STR("$self.release")

static int self_name(struct str *s, struct str release, struct arena *arena)
{
	struct str rest;
	char *p;

	if (!str_starts(*s, SELF_RELEASE))
		return 0;
	rest = str_from(*s, SELF_RELEASE.n);
	if (!(p = arena_alloc(arena, release.n + rest.n + 1)))
		return -1;
	memcpy(p, release.s, release.n);
	memcpy(p + release.n, rest.s, rest.n);
	p[release.n + rest.n] = '\0';
	*s = (struct str){ p, release.n + rest.n };
	return 0;
}

static int self_objects(struct object_ref *o, const struct config *config, struct arena *arena)
{
	for (; o; o = o->next) {
		if (str_eq(o->namespace, SELF_NAMESPACE))
			o->namespace = config->self_namespace;
		for (size_t i = 0; i < o->names.n; i++)
			if (str_eq(o->names.v[i], SELF_NAMESPACE))
				o->names.v[i] = config->self_namespace;
		if (self_name(&o->name_prefix, config->self_release, arena) < 0)
			return -1;
		for (size_t i = 0; i < o->names.n; i++)
			if (self_name(&o->names.v[i], config->self_release, arena) < 0)
				return -1;
	}
	return 0;
}

/* The policy's objects come before its rules, which may have none of their own. */
static int link_policy(struct policy *p, const struct config *config, struct arena *arena)
{
	if (self_objects(p->objects, config, arena) < 0 || pods_expand(p->objects, arena) < 0)
		return -1;
	for (struct rule *r = p->rules; r; r = r->next)
		if (self_objects(r->objects, config, arena) < 0 ||
		    pods_expand(r->objects, arena) < 0 || pods_link(r, arena) < 0)
			return -1;
	return 0;
}

/* A name that is no built-in policy's would allow nothing, and its author would think it did. */
static void check_replaceable(const struct model *model, struct policy_report *report)
{
	for (struct replaceable *r = model->config.replaceable; r; r = r->next) {
		const struct policy *p = model->policies;
		size_t before = report->errors;
		struct nearest near;

		nearest_start(&near, r->name);
		for (; p && !(p->builtin && str_eq(p->name, r->name)); p = p->next)
			if (p->builtin)
				nearest_try(&near, p->name);
		if (!p)
			report_message(report, true, &r->origin,
				       "no built-in policy is called \"%.*s\"%s%.*s%s",
				       QUOTED(r->name), near.best.s ? ": did you mean \"" : "",
				       QUOTED(near.best), near.best.s ? "\"?" : "");
		mark_unsound(&r->unsound, report, before, "no built-in policy has that name");
	}
}

int model_resolve(struct model *model, struct arena *arena, struct policy_report *report)
{
	check_replaceable(model, report);
	if (resolve_replaces(model, arena, report) < 0)
		return -1;
	aliases_resolve(model, report);
	for (struct policy *p = model->policies; p; p = p->next)
		/* The built-in one too: it may have to take its place again. */
		if (link_policy(p, &model->config, arena) < 0 ||
		    (p->replaced && link_policy(p->replaced, &model->config, arena) < 0))
			return -1;
	for (struct exception *e = model->exceptions; e; e = e->next)
		if (self_objects(e->objects, &model->config, arena) < 0)
			return -1;
	return 0;
}

/* ---- beside a set ---- */

static bool is_builtin_of_set(const struct model *model, struct str name)
{
	for (const struct policy *p = model->policies; p; p = p->next)
		if ((p->builtin && str_eq(p->name, name)) ||
		    (p->replaced && str_eq(p->replaced->name, name)))
			return true;
	return false;
}

int model_resolve_added(struct model *model, size_t added, struct arena *arena,
			struct policy_report *report)
{
	struct policy *p = model->policies;

	for (size_t i = 0; i < added; i++, p = p->next) {
		if (p->replaces.n && !is_builtin_of_set(model, p->replaces))
			report_message(report, true, &p->origin,
				       "no built-in policy is called \"%.*s\", which \"replaces\" "
				       "names",
				       QUOTED(p->replaces));
		else if (p->replaces.n)
			may_replace(model, p, report);
		if (link_policy(p, &model->config, arena) < 0)
			return -1;
	}
	for (struct exception *e = model->exceptions; e; e = e->next)
		if (self_objects(e->objects, &model->config, arena) < 0)
			return -1;
	return 0;
}
