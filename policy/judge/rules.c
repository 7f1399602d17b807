/* SPDX-License-Identifier: Apache-2.0
 * rules.c - does a rule fit a request, and does it cover a change?
 *
 * A rule fits when all that it names hold. What can be told from the envelope
 * alone comes first, so that most requests are answered without reading an object.
 */
#include "policy/judge/judge.h"

#include "policy/judge/when.h"
#include "policy/model/rule_scope.h"
#include "policy/model/templates.h"

static bool in_any_set(const struct judge *j, const struct strings *sets)
{
	for (size_t i = 0; i < sets->n; i++)
		if (identity_in_set(&j->id, sets->v[i]))
			return true;
	return false;
}

bool rule_may_fit(const struct judge *j, const struct rule *rule)
{
	bool made_so = j->req->operation == OP_UPDATE && rule->made_so;

	if (!rule->active || (!(rule->operations & j->req->operation) && !made_so))
		return false;
	if (!strings_hold(&rule->subresources, j->req->subresource) &&
	    !strings_hold(&rule->subresources, j->req->request_subresource))
		return false;
	if (rule->identities.n && !in_any_set(j, &rule->identities))
		return false;
	return !rule->not_identities.n || !in_any_set(j, &rule->not_identities);
}

/* ---- objects and conditions ---- */

static const struct object_ref *refs_of(const struct rule *rule)
{
	return rule->objects ? rule->objects : rule->policy->objects;
}

static bool conditions_hold(const struct judge *j, const struct rule *rule,
			    const struct json *object, enum pod_view view)
{
	for (const struct condition *c = rule->when; c; c = c->next)
		if (!when_holds(j, c, object, view))
			return false;
	return true;
}

/* Of a rule about pods: is it so in this object, whatever the other one is? */
static bool is_so(const struct judge *j, const struct rule *rule, const struct json *object,
		  enum pod_view *view)
{
	const struct object_ref *ref =
		objects_find(refs_of(rule), j->req, &j->names, object, object);

	if (!ref || ref->pods == POD_NONE)
		return false;
	*view = ref->pods;
	return conditions_hold(j, rule, object, ref->pods);
}

static bool is_made_so(const struct judge *j, const struct rule *rule, struct rule_fit *fit)
{
	enum pod_view old;

	*fit = (struct rule_fit){ .made_so = true };
	return is_so(j, rule, j->object, &fit->view) && !is_so(j, rule, j->old, &old);
}

bool rule_fits(const struct judge *j, const struct rule *rule, struct rule_fit *fit)
{
	const struct json *object = j->req->operation == OP_DELETE ? j->old : j->object;
	const struct object_ref *ref;

	*fit = (struct rule_fit){ .view = POD_NONE };
	if (!(rule->operations & j->req->operation))
		return is_made_so(j, rule, fit);
	if (rule->objects || rule->pods) {
		if (!(ref = objects_find(refs_of(rule), j->req, &j->names, j->object, j->old)))
			return false;
		fit->view = ref->pods;
	}
	return conditions_hold(j, rule, object, fit->view);
}

bool rule_fits_name(const struct judge *j, const struct rule *rule)
{
	for (const struct condition *c = rule->when; c; c = c->next)
		if (when_is_name(c) && j->names.n && !when_holds(j, c, NULL, POD_NONE))
			return false;
	return true;
}

bool rule_needs_no_object(const struct rule *rule)
{
	const struct condition *c = rule->when;

	while (c && when_is_name(c))
		c = c->next;
	return !c;
}

/* ---- changed ---- */

static bool in_metadata(const struct place *top, const struct place *second)
{
	if (top->step.kind != STEP_KEY || !str_is(top->step.key, "metadata"))
		return false;
	if (!second)
		return true; /* metadata as a whole */
	return second->step.kind == STEP_KEY && rule_metadata_holds(second->step.key);
}

static bool in_content(const struct place *top)
{
	return top->step.kind != STEP_KEY ||
	       (!str_is(top->step.key, "metadata") && !str_is(top->step.key, "status"));
}

static bool changed_covers(const struct changed *c, const struct change *change, enum pod_view view)
{
	const struct path *path = c->views ? &c->views[view] : &c->path;
	const struct place *top = NULL, *second = NULL;

	if (c->kind == CHANGED_PATH)
		return path_covers(path, change_above(change, path->n));
	if (!pods_step(change_above(change, CHANGE_NEAR), view, &top, &second))
		return false;
	if (!top)
		return c->kind == CHANGED_CONTENT; /* the object as a whole */
	return c->kind == CHANGED_METADATA ? in_metadata(top, second) : in_content(top);
}

/* Of what the rule asks about: what lies there, below it or above it. */
static bool makes_so(const struct rule *rule, const struct change *change, enum pod_view view)
{
	for (const struct changed *c = rule->made_so; c; c = c->next) {
		const struct path *path = &c->views[view];
		const struct place *place = change_above(change, path->n);

		if (path_covers(path, place) || path_below(path, place))
			return true;
	}
	return false;
}

bool rule_covers(const struct rule *rule, const struct change *change, const struct rule_fit *fit)
{
	const struct changed *c = rule->changed;

	if (fit->made_so)
		return makes_so(rule, change, fit->view);
	while (c && !changed_covers(c, change, fit->view))
		c = c->next;
	return !rule->changed || c;
}
