/* SPDX-License-Identifier: Apache-2.0
 * required.c - may a rule be marked failClosed? Only what a dead guard may refuse for
 * hours without harm: objects of a namespace, by exact names, whose writes no controller, node or
 * start of a pod waits for.
 */
#include "policy/validate/validate.h"

#include "policy/model/excluded.h"
#include "policy/model/rule_scope.h"

__attribute__((format(printf, 4, 5))) static void mark_refuse(const struct validation *v,
							      const struct exception_rule *mark,
							      const struct rule *r, const char *fmt,
							      ...)
{
	char text[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	report_message(v->report, true, &mark->origin, "failClosed cannot take \"%.*s/%.*s\": %s",
		       QUOTED(mark->policy), QUOTED(r ? r->name : mark->rule), text);
}

/* Pods, nodes and APIs need these written to start, move or end: a refusal there is an outage. */
static bool is_vital(struct str resource)
{
	static const char *const vital[] = { "apiservices",
					     "certificatesigningrequests",
					     "controllerrevisions",
					     "csinodes",
					     "customresourcedefinitions",
					     "flowschemas",
					     "namespaces",
					     "nodes",
					     "persistentvolumeclaims",
					     "persistentvolumes",
					     "pods",
					     "podtemplates",
					     "priorityclasses",
					     "prioritylevelconfigurations",
					     "replicasets",
					     "resourcequotas",
					     "volumeattachments" };

	for (size_t i = 0; i < sizeof vital / sizeof *vital; i++)
		if (str_is(resource, vital[i]))
			return true;
	return false;
}

static void validate_mark_object(const struct validation *v, const struct exception_rule *mark,
				 const struct rule *r, const struct required_object *o)
{
	const struct target *at = &o->where;

	if (is_vital(at->resource))
		mark_refuse(
			v, mark, r,
			"the cluster cannot run without writes to %.*s; mark rules about what makes "
			"such objects, as in coredns/spec",
			QUOTED(at->resource));
	else if (str_eq(at->namespace, v->model->config.self_namespace))
		mark_refuse(v, mark, r,
			    "its object %.*s is in the guard's own namespace, where a dead "
			    "guard could not be repaired; mark rules about other namespaces",
			    QUOTED(at->resource));
	else if (!at->namespace.n && !resource_cluster_scoped(at->group, at->resource))
		mark_refuse(v, mark, r,
			    "its object %.*s names no namespace, so a dead guard would refuse "
			    "such names everywhere; mark rules whose objects name one",
			    QUOTED(at->resource));
	else if (!o->names.n || o->other->labels)
		mark_refuse(v, mark, r,
			    "its object %.*s has no exact \"names\", so a dead guard would "
			    "refuse writes of objects that nobody named; mark rules whose "
			    "objects have names",
			    QUOTED(at->resource));
}

static void validate_mark_subresources(const struct validation *v,
				       const struct exception_rule *mark, const struct rule *r)
{
	for (size_t i = 0; i < r->subresources.n; i++) {
		struct str s = r->subresources.v[i];

		if (s.n && !str_is(s, "scale") && !str_is(s, "status"))
			mark_refuse(
				v, mark, r,
				"its subresource %.*s is asked for when pods start or are served; "
				"mark rules about the object itself, its scale or status",
				QUOTED(s));
	}
}

static void validate_mark_rule(const struct validation *v, const struct exception_rule *mark,
			       const struct rule *r)
{
	validate_mark_subresources(v, mark, r);
	for (const struct object_ref *o = r->policy->objects; o; o = o->next) {
		const struct object_ref *in = r->objects ? r->objects : o;
		struct required_object object;

		for (; in; in = r->objects ? in->next : NULL)
			if (required_object(o, in, &object) && required_left(r, in) &&
			    !excluded_why(object.where.group, object.where.resource)) {
				size_t before = v->report->errors;

				validate_mark_object(v, mark, r, &object);
				if (v->report->errors > before)
					return; /* one is enough */
			}
	}
}

bool validate_mark_possible(const struct model *model, const struct rule *rule)
{
	struct policy_report silent = { .message = NULL };
	const struct validation v = { .model = model, .report = &silent };
	const struct exception_rule mark = { .policy = rule->policy->name, .rule = rule->name };

	validate_mark_rule(&v, &mark, rule);
	return !silent.errors;
}

/* Of all of a policy those count that can be marked: pods beside their Deployment cannot. */
static bool any_possible(const struct validation *v, const struct policy *p)
{
	for (const struct rule *r = p->rules; r; r = r->next)
		if (!r->features && rule_denies(&v->model->config, r) &&
		    validate_mark_possible(v->model, r))
			return true;
	return false;
}

void validate_mark(const struct validation *v, const struct exception_rule *mark)
{
	const struct policy *p = validate_policy_named(v, mark->policy);
	bool all = str_is(mark->rule, "*"), any = false;

	if (!p || (!all && !validate_rule_named(p, mark->rule))) {
		validate_unknown_rule(v, &mark->origin, mark->policy, mark->rule);
		return;
	}
	if (all && any_possible(v, p))
		return;
	for (const struct rule *r = p->rules; r; r = r->next) {
		if (!all && !str_eq(r->name, mark->rule))
			continue;
		if (r->features || !rule_denies(&v->model->config, r))
			continue;
		any = true;
		validate_mark_rule(v, mark, r);
	}
	if (!any)
		mark_refuse(v, mark, NULL,
			    "%s denies nothing, so a dead guard would refuse what a living one "
			    "lets pass; only rules that deny can be marked",
			    all ? "the policy" : "the rule");
}
