/* SPDX-License-Identifier: Apache-2.0
 * when.c - one condition, on one object.
 */
#include "policy/judge/when.h"

#include "policy/judge/lost.h"
#include "policy/judge/selector.h"
#include "policy/judge/subject.h"
#include "policy/judge/written.h"
#include "policy/model/quantity.h"
#include "policy/model/templates.h"
#include "policy/object/corefile.h"

struct value_test {
	const struct judge *j;
	const struct condition *condition;
	size_t seen, held;
};

static struct str scalar(const struct json *v)
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

/* ---- questions ---- */

static bool is_account(const struct judge *j, unsigned specials, struct str name)
{
	struct str namespace = j->context.namespace;

	if (!name.s)
		return false;
	if (specials & SPECIAL_EXEMPT_ACCOUNT && account_is_exempt(j->config, namespace, name))
		return true;
	if (specials & SPECIAL_SET_ACCOUNT && account_in_sets(j->config, namespace, name))
		return true;
	return specials & SPECIAL_GUARD_ACCOUNT && account_of_guard(j->config, namespace, name);
}

static bool is_dns_ip(const struct judge *j, struct str s)
{
	const struct fact *f = j->config->facts;

	while (f && !str_is(f->name, "dnsIP"))
		f = f->next;
	return f && str_eq(f->value, s);
}

static bool special_holds(const struct judge *j, const struct condition *c, const struct json *v)
{
	struct str s = scalar(v);

	if (is_account(j, c->specials, s))
		return true;
	if (c->specials & SPECIAL_DNS_IP && s.s && is_dns_ip(j, s))
		return true;
	return c->specials & ~(unsigned)(SPECIAL_ACCOUNTS | SPECIAL_DNS_IP) &&
	       subject_is(j, c->specials, v);
}

static bool is_in(const struct judge *j, const struct condition *c, const struct json *v)
{
	struct str s = scalar(v);

	return (c->specials && special_holds(j, c, v)) || (s.s && strings_hold(&c->in, s));
}

/* ---- numbers ---- */

static bool compares(const struct condition *c, struct str s)
{
	double value, bound;

	if (!s.s || !quantity_read(s, &value) || !quantity_read(c->in.v[0], &bound))
		return false;
	return c->kind == WHEN_AT_LEAST ? value >= bound : value <= bound;
}

/* ---- one value ---- */

static bool ends(struct str s, struct str end)
{
	return s.n >= end.n && str_eq(str_from(s, s.n - end.n), end);
}

static bool value_holds(const struct judge *j, const struct condition *c, const struct json *v)
{
	struct str s = scalar(v);

	switch (c->kind) {
	case WHEN_IN:
		return is_in(j, c, v);
	case WHEN_NOT_IN:
		return !is_in(j, c, v);
	case WHEN_PREFIX:
		return s.s && str_starts(s, c->in.v[0]);
	case WHEN_SUFFIX:
		return s.s && ends(s, c->in.v[0]);
	case WHEN_AT_LEAST:
	case WHEN_AT_MOST:
		return compares(c, s);
	case WHEN_SELECTS:
		return selector_takes(j, c, v);
	default:
		return true;
	}
}

/* Stops at the value that decides. */
static bool value_visit(const struct json *v, void *ctx)
{
	struct value_test *t = ctx;
	bool holds = value_holds(t->j, t->condition, v);

	t->seen++;
	t->held += holds;
	return t->condition->every ? !holds : holds;
}

static bool values_hold(const struct judge *j, const struct condition *c, const struct json *root)
{
	struct value_test t = { .j = j, .condition = c };

	path_any(&c->path, root, value_visit, &t);
	if (c->kind == WHEN_ABSENT)
		return !t.seen;
	/* A selector that is not there takes all. */
	if (c->kind == WHEN_SELECTS && !t.seen)
		return root && selector_takes(j, c, NULL);
	return c->every ? t.seen && t.held == t.seen : t.held > 0;
}

/* The path "$name": the object's name in the request. */
static bool is_name_path(const struct path *path)
{
	return path->n == 1 && path->steps[0].kind == STEP_KEY &&
	       str_is(path->steps[0].key, "$name");
}

bool when_is_name(const struct condition *c)
{
	return is_name_path(&c->path);
}

static bool name_holds(const struct judge *j, const struct condition *c)
{
	struct json name = { .type = JSON_STRING };

	name.text = j->context.name.s;
	name.len = (uint32_t)j->context.name.n & 0x1fffffff;
	if (c->kind == WHEN_EXISTS || c->kind == WHEN_ABSENT)
		return (c->kind == WHEN_EXISTS) == (j->context.name.n > 0);
	return value_holds(j, c, &name);
}

static bool has_dns_problem(const struct json *v, void *ctx)
{
	(void)ctx;
	return corefile_problems(v, NULL) > 0;
}

bool when_holds(const struct judge *j, const struct condition *c, const struct json *object,
		enum pod_view view)
{
	const struct json *root = pod_of(c->of_old ? j->old : object, view);

	if (is_name_path(&c->path))
		return name_holds(j, c);
	if (c->kind == WHEN_LOST)
		return lost_any(j, &c->path, pod_of(j->old, view), pod_of(j->object, view));
	if (c->kind == WHEN_DNS_PROBLEM || c->kind == WHEN_DNS_SOUND)
		return (c->kind == WHEN_DNS_PROBLEM) ==
		       path_any(&c->path, root, has_dns_problem, NULL);
	if (c->kind == WHEN_BROKEN || c->kind == WHEN_DOUBTFUL)
		return written_holds(j, c->kind == WHEN_BROKEN);
	return values_hold(j, c, root);
}
