/*
 * rules.c - does a rule fit a request, and does it cover a change?
 *
 * A rule fits when all that it names hold. What can be told from the envelope
 * alone comes first, so that most requests are answered without reading an object.
 */
#include "policy/judge/judge.h"

#include "policy/model/rule_scope.h"
#include "policy/object/corefile.h"

static bool in_any_set(const struct judge *j, const struct strings *sets)
{
	for (size_t i = 0; i < sets->n; i++)
		if (identity_in_set(&j->id, sets->v[i]))
			return true;
	return false;
}

bool rule_may_fit(const struct judge *j, const struct rule *rule)
{
	if (!rule->active || !(rule->operations & j->req->operation))
		return false;
	if (!strings_hold(&rule->subresources, j->req->subresource) &&
	    !strings_hold(&rule->subresources, j->req->request_subresource))
		return false;
	if (rule->identities.n && !in_any_set(j, &rule->identities))
		return false;
	return !rule->not_identities.n || (identity_sets_filled(j->config, &rule->not_identities) &&
					   !in_any_set(j, &rule->not_identities));
}

/* ---- when ---- */

struct scalar_test {
	const struct judge *j;
	const struct condition *condition;
};

static struct str rule_scalar_text(const struct json *v)
{
	switch (v->type) {
	case JSON_TRUE:
		return STR("true");
	case JSON_FALSE:
		return STR("false");
	default:
		return json_str(v);
	}
}

static bool value_in(const struct json *v, void *ctx)
{
	const struct scalar_test *t = ctx;
	const struct condition *c = t->condition;
	struct str s = rule_scalar_text(v), namespace = t->j->context.namespace;

	if (!s.s)
		return false;
	if (c->in_exempt_accounts && account_is_exempt(t->j->config, namespace, s))
		return true;
	if (c->in_set_accounts && account_in_sets(t->j->config, namespace, s))
		return true;
	return strings_hold(&c->in, s);
}

static bool value_exists(const struct json *v, void *ctx)
{
	(void)v;
	(void)ctx;
	return true;
}

static bool has_dns_problem(const struct json *v, void *ctx)
{
	(void)ctx;
	return corefile_problems(v, NULL) > 0;
}

/* The path "$name": the object's name in the request. */
static bool is_name_path(const struct path *path)
{
	return path->n == 1 && path->steps[0].kind == STEP_KEY &&
	       str_is(path->steps[0].key, "$name");
}

static bool condition_holds(const struct judge *j, const struct condition *c)
{
	const struct json *root = j->req->operation == OP_DELETE ? j->old : j->object;
	struct scalar_test test = { j, c };
	struct json name = { .type = JSON_STRING };

	if (is_name_path(&c->path)) {
		name.text = j->context.name.s;
		name.len = (uint32_t)j->context.name.n & 0x1fffffff;
		if (c->kind == WHEN_IN)
			return value_in(&name, &test);
		return (c->kind == WHEN_EXISTS) == (j->context.name.n > 0);
	}
	if (c->kind == WHEN_IN)
		return path_any(&c->path, root, value_in, &test);
	if (c->kind == WHEN_DNS_PROBLEM || c->kind == WHEN_DNS_SOUND)
		return (c->kind == WHEN_DNS_PROBLEM) ==
		       path_any(&c->path, root, has_dns_problem, NULL);
	return (c->kind == WHEN_EXISTS) == path_any(&c->path, root, value_exists, NULL);
}

bool rule_fits(const struct judge *j, const struct rule *rule)
{
	if (rule->objects &&
	    !match_objects_fit(rule->objects, j->req, &j->names, j->object, j->old))
		return false;
	for (const struct condition *c = rule->when; c; c = c->next)
		if (!condition_holds(j, c))
			return false;
	return true;
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

static bool changed_covers(const struct changed *c, const struct place *place)
{
	const struct place *top = place, *second = NULL;

	if (c->kind == CHANGED_PATH)
		return path_covers(&c->path, place);
	if (!place)
		return c->kind == CHANGED_CONTENT; /* the object as a whole */
	while (top->depth > 1) {
		second = top;
		top = top->up;
	}
	return c->kind == CHANGED_METADATA ? in_metadata(top, second) : in_content(top);
}

bool rule_covers(const struct rule *rule, const struct change *change)
{
	const struct changed *c = rule->changed;

	while (c && !changed_covers(c, change->place))
		c = c->next;
	return !rule->changed || c;
}
