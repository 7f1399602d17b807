/* SPDX-License-Identifier: Apache-2.0
 * compare.c - a live ValidatingWebhookConfiguration against the wanted entries, in words.
 *
 * What the API server fills in counts as its default: scope *, port 443, timeout 10, failurePolicy
 * Fail, matchPolicy Equivalent, an empty selector. A live rule may say the same in other rows or
 * with a star: each wanted request is looked up for itself.
 */
#include "policy/webhooks/print.h"

#include "lib/json/json.h"
#include "lib/base/printable.h"
#include "lib/base/base64.h"

#define QUOTED_MAX 120   /* bytes of a live value in a message */
#define ROWS_MAX   10000 /* of one live rule: groups times versions times resources */

struct comparison {
	struct arena *arena;
	struct webhooks_report *report;
	const struct webhook_target *target;
	const struct webhook *wanted;
	const struct json *live; /* the entry of that name */
};

__attribute__((format(printf, 3, 4))) static void
compare_say(const struct comparison *c, enum webhooks_effect effect, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	int n = snprintf(text, sizeof text, "%.*s: ", STR_ARG(c->wanted->name));

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
	va_end(ap);
	c->report->differences++;
	c->report->blind += effect == WEBHOOKS_BLIND;
	c->report->locks += effect == WEBHOOKS_LOCKS;
	c->report->difference(c->report->ctx, effect, text);
}

/* An entry that asks more than the wanted one, and refuses while nobody answers, is a danger. */
static enum webhooks_effect compare_wider(const struct comparison *c)
{
	const struct json *live = json_get(c->live, STR("failurePolicy"));

	return !live || str_is(json_str(live), "Fail") ? WEBHOOKS_LOCKS : WEBHOOKS_MORE;
}

/* A live text, fit to be shown; `absent` where there is none. */
static struct str compare_quoted(const struct comparison *c, const struct json *value,
				 const char *absent)
{
	struct str s = json_str(value);

	return s.s ? printable_cut(s, QUOTED_MAX, c->arena) : str_of(absent);
}

static const struct json *first_of_array(const struct json *list)
{
	return list && list->type == JSON_ARRAY ? list->child : NULL;
}

static bool list_has_text(const struct json *list, struct str s)
{
	for (const struct json *j = first_of_array(list); j; j = j->next)
		if (j->type == JSON_STRING && str_eq(json_str(j), s))
			return true;
	return false;
}

/* ---- single values ---- */

static void compare_text(const struct comparison *c, const char *key, const char *fallback,
			 const char *want, enum webhooks_effect effect)
{
	const struct json *live = json_get(c->live, str_of(key));

	if (!str_is(live ? json_str(live) : str_of(fallback), want))
		compare_say(c, effect, "%s is %.*s, not %s", key,
			    STR_ARG(compare_quoted(c, live, fallback)), want);
}

static void compare_number(const struct comparison *c, const struct json *live, const char *key,
			   unsigned fallback, unsigned want, enum webhooks_effect effect)
{
	char wanted[16], absent[16];

	snprintf(wanted, sizeof wanted, "%u", want);
	snprintf(absent, sizeof absent, "%u", fallback);
	if (!str_is(live ? json_str(live) : str_of(absent), wanted))
		compare_say(c, effect, "%s is %.*s, not %s", key,
			    STR_ARG(compare_quoted(c, live, absent)), wanted);
}

static void compare_address(const struct comparison *c)
{
	const struct json *client = json_get(c->live, STR("clientConfig"));
	const struct json *service = json_get(client, STR("service"));
	const struct {
		const char *key;
		struct str want;
	} parts[] = { { "namespace", c->target->namespace },
		      { "name", c->target->service },
		      { "path", c->wanted->path } };

	if (!service) {
		compare_say(c, WEBHOOKS_BLIND, "is sent to %.*s, not to Service %.*s/%.*s",
			    STR_ARG(compare_quoted(c, json_get(client, STR("url")), "nothing")),
			    STR_ARG(c->target->namespace), STR_ARG(c->target->service));
		return;
	}
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const struct json *live = json_get(service, str_of(parts[i].key));

		if (!str_eq(json_str(live), parts[i].want))
			compare_say(c, WEBHOOKS_BLIND, "the service's %s is %.*s, not %.*s",
				    parts[i].key, STR_ARG(compare_quoted(c, live, "empty")),
				    STR_ARG(parts[i].want));
	}
	compare_number(c, json_get(service, STR("port")), "the service's port", 443,
		       webhooks_port(c->target), WEBHOOKS_BLIND);
}

/* Bytes of PEM; no value of it is shown, since nobody reads it. */
static int compare_bundle(const struct comparison *c)
{
	const struct json *client = json_get(c->live, STR("clientConfig"));
	struct str live = json_str(json_get(client, STR("caBundle"))), want;

	if (!c->target->ca_bundle.n)
		return 0;
	want = base64_encode(c->target->ca_bundle, c->arena);
	if (!want.s)
		return -1;
	if (!live.n)
		compare_say(c, WEBHOOKS_BLIND,
			    "has no caBundle: the API server does not trust the certificate");
	else if (!str_eq(live, want))
		compare_say(c, WEBHOOKS_BLIND, "caBundle is another one");
	return 0;
}

/* ---- selectors ---- */

static bool is_empty_selector(const struct json *object)
{
	for (const struct json *m = object && object->type == JSON_OBJECT ? object->child : NULL; m;
	     m = m->next)
		if (m->child)
			return false;
	return true;
}

/* The one expression of a selector that is like ours; NULL: it is another. */
static const struct json *own_expression(const struct comparison *c, const struct json *selector)
{
	const struct json *e = first_of_array(json_get(selector, STR("matchExpressions")));
	const char *in = c->wanted->except_namespaces ? "NotIn" : "In";

	if (!e || e->next || !is_empty_selector(json_get(selector, STR("matchLabels"))) ||
	    !str_is(json_str(json_get(e, STR("key"))), WEBHOOKS_NAMESPACE_LABEL) ||
	    !str_is(json_str(json_get(e, STR("operator"))), in))
		return NULL;
	return e;
}

static void compare_namespaces(const struct comparison *c, const struct json *values)
{
	const struct strings *want = &c->wanted->namespaces;
	bool except = c->wanted->except_namespaces;

	for (size_t i = 0; i < want->n; i++)
		if (!list_has_text(values, want->v[i]))
			compare_say(c, except ? compare_wider(c) : WEBHOOKS_BLIND,
				    "namespaceSelector %s namespace %.*s",
				    except ? "does not leave out" : "leaves out",
				    STR_ARG(want->v[i]));
	for (const struct json *v = first_of_array(values); v; v = v->next)
		if (!strings_hold(want, json_str(v)))
			compare_say(c, except ? WEBHOOKS_BLIND : compare_wider(c),
				    "namespaceSelector %s namespace %.*s",
				    except ? "leaves out" : "also takes",
				    STR_ARG(compare_quoted(c, v, "")));
}

static void compare_selectors(const struct comparison *c)
{
	const struct json *selector = json_get(c->live, STR("namespaceSelector"));
	const struct json *own;

	if (!is_empty_selector(json_get(c->live, STR("objectSelector"))))
		compare_say(c, WEBHOOKS_BLIND, "objectSelector leaves out objects by their labels");
	if (!c->wanted->namespaces.n) {
		if (!is_empty_selector(selector))
			compare_say(c, WEBHOOKS_BLIND, "namespaceSelector leaves out namespaces");
		return;
	}
	if (is_empty_selector(selector))
		compare_say(c, compare_wider(c),
			    "has no namespaceSelector: objects of all namespaces are sent");
	else if (!(own = own_expression(c, selector)))
		compare_say(c, WEBHOOKS_BLIND,
			    "namespaceSelector goes by something else than namespaces' names");
	else
		compare_namespaces(c, json_get(own, STR("values")));
}

/* ---- rules ---- */

struct request_kind { /* one of the requests that a rule sends */
	struct str group, version, resource;
	unsigned operations;
	enum webhook_scope scope;
};

/* "deployments/scale" by itself, by "*" for one without a part behind the slash, or by a part. */
static bool resource_takes(struct str rule, struct str resource)
{
	const char *a = rule.n ? memchr(rule.s, '/', rule.n) : NULL;
	const char *b = resource.n ? memchr(resource.s, '/', resource.n) : NULL;
	struct str rule_main = { rule.s, a ? (size_t)(a - rule.s) : rule.n };
	struct str main = { resource.s, b ? (size_t)(b - resource.s) : resource.n };
	struct str rule_sub = a ? str_from(rule, rule_main.n + 1) : STR("");
	struct str sub = b ? str_from(resource, main.n + 1) : STR("");

	return (str_is(rule_main, "*") || str_eq(rule_main, main)) &&
	       (str_is(rule_sub, "*") || str_eq(rule_sub, sub));
}

static bool list_takes(const struct json *list, struct str s)
{
	return list_has_text(list, STR("*")) || list_has_text(list, s);
}

static unsigned live_operations(const struct json *rule)
{
	static const enum operation all[] = { OP_CREATE, OP_UPDATE, OP_DELETE, OP_CONNECT };
	const struct json *list = json_get(rule, STR("operations"));
	unsigned operations = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (list_takes(list, str_of(operation_name(all[i]))))
			operations |= (unsigned)all[i];
	return operations;
}

static bool live_scope_takes(const struct json *rule, enum webhook_scope scope)
{
	struct str live = json_str(json_get(rule, STR("scope")));

	return !live.n || str_is(live, "*") || str_is(live, webhook_scope_name(scope));
}

/* Operations of the request that the live rules do not send. */
static unsigned unsent_by_live(const struct comparison *c, const struct request_kind *r)
{
	unsigned left = r->operations;

	for (const struct json *rule = first_of_array(json_get(c->live, STR("rules"))); rule;
	     rule = rule->next) {
		const struct json *resource = first_of_array(json_get(rule, STR("resources")));

		while (resource && !resource_takes(json_str(resource), r->resource))
			resource = resource->next;
		if (resource && live_scope_takes(rule, r->scope) &&
		    list_takes(json_get(rule, STR("apiGroups")), r->group) &&
		    list_takes(json_get(rule, STR("apiVersions")), r->version))
			left &= ~live_operations(rule);
	}
	return left;
}

static unsigned unsent_by_wanted(const struct comparison *c, const struct request_kind *r)
{
	unsigned left = r->operations;

	for (size_t i = 0; i < c->wanted->rules_n; i++) {
		const struct webhook_rule *rule = &c->wanted->rules[i];
		size_t k = 0;

		while (k < rule->resources.n && !resource_takes(rule->resources.v[k], r->resource))
			k++;
		if (k < rule->resources.n &&
		    (strings_hold(&rule->groups, r->group) ||
		     strings_hold(&rule->groups, STR("*"))) &&
		    (strings_hold(&rule->versions, r->version) ||
		     strings_hold(&rule->versions, STR("*"))))
			left &= ~rule->operations;
	}
	return left;
}

static void say_rule(const struct comparison *c, bool blind, const struct request_kind *r)
{
	static const enum operation all[] = { OP_CREATE, OP_UPDATE, OP_DELETE, OP_CONNECT };
	char operations[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (r->operations & (unsigned)all[i])
			n += (size_t)snprintf(operations + n, sizeof operations - n, "%s%s",
					      n ? ", " : "", operation_name(all[i]));
	compare_say(
		c, blind ? WEBHOOKS_BLIND : WEBHOOKS_MORE, "%s %s of %.*s/%.*s (version %.*s)%s",
		blind ? "no rule sends" : "a rule sends", operations,
		STR_ARG(r->group.n ? printable_cut(r->group, QUOTED_MAX, c->arena) : STR("core")),
		STR_ARG(printable_cut(r->resource, QUOTED_MAX, c->arena)),
		STR_ARG(printable_cut(r->version, QUOTED_MAX, c->arena)),
		blind ? "" : ", which no policy needs");
}

static void compare_wanted_rule(const struct comparison *c, const struct webhook_rule *rule)
{
	for (size_t g = 0; g < rule->groups.n; g++)
		for (size_t v = 0; v < rule->versions.n; v++)
			for (size_t i = 0; i < rule->resources.n; i++) {
				struct request_kind r = { rule->groups.v[g], rule->versions.v[v],
							  rule->resources.v[i], rule->operations,
							  rule->scope };

				if ((r.operations = unsent_by_live(c, &r)))
					say_rule(c, true, &r);
			}
}

static size_t live_rows(const struct json *rule)
{
	static const char *const columns[] = { "apiGroups", "apiVersions", "resources" };
	size_t rows = 1;

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		const struct json *list = json_get(rule, str_of(columns[i]));

		rows *= list && list->len < ROWS_MAX ? list->len : ROWS_MAX;
	}
	return rows;
}

static void compare_live_rule(const struct comparison *c, const struct json *rule)
{
	if (live_rows(rule) >= ROWS_MAX) {
		compare_say(c, WEBHOOKS_MORE, "a rule sends more than any policy needs");
		return;
	}
	for (const struct json *g = first_of_array(json_get(rule, STR("apiGroups"))); g;
	     g = g->next)
		for (const struct json *v = first_of_array(json_get(rule, STR("apiVersions"))); v;
		     v = v->next)
			for (const struct json *i =
				     first_of_array(json_get(rule, STR("resources")));
			     i; i = i->next) {
				struct request_kind r = { json_str(g), json_str(v), json_str(i),
							  live_operations(rule), SCOPE_ANY };

				if ((r.operations = unsent_by_wanted(c, &r)))
					say_rule(c, false, &r);
			}
}

static void compare_rules(const struct comparison *c)
{
	for (size_t i = 0; i < c->wanted->rules_n; i++)
		compare_wanted_rule(c, &c->wanted->rules[i]);
	for (const struct json *r = first_of_array(json_get(c->live, STR("rules"))); r; r = r->next)
		compare_live_rule(c, r);
}

/* ---- conditions ---- */

static const struct webhook_condition *condition_like(const struct webhook *w,
						      const struct json *live)
{
	for (size_t i = 0; i < w->conditions_n; i++)
		if (str_eq(json_str(json_get(live, STR("expression"))),
			   w->conditions[i].expression))
			return &w->conditions[i];
	return NULL;
}

static void compare_conditions(const struct comparison *c)
{
	const struct json *list = first_of_array(json_get(c->live, STR("matchConditions")));

	for (size_t i = 0; i < c->wanted->conditions_n; i++) {
		const struct json *live = list;

		while (live && condition_like(c->wanted, live) != &c->wanted->conditions[i])
			live = live->next;
		if (!live)
			compare_say(c, compare_wider(c),
				    "matchCondition %.*s is missing: more is sent than needed",
				    STR_ARG(c->wanted->conditions[i].name));
	}
	for (const struct json *live = list; live; live = live->next)
		if (!condition_like(c->wanted, live))
			compare_say(c, WEBHOOKS_BLIND, "matchCondition %.*s leaves out more",
				    STR_ARG(compare_quoted(c, json_get(live, STR("name")),
							   "without a name")));
}

/* ---- the whole ---- */

static int compare_entry(const struct comparison *c)
{
	const struct json *versions = json_get(c->live, STR("admissionReviewVersions"));

	compare_text(c, "failurePolicy", "Fail", c->wanted->fail ? "Fail" : "Ignore",
		     c->wanted->fail ? WEBHOOKS_MORE : compare_wider(c));
	compare_text(c, "matchPolicy", "Equivalent", "Equivalent", WEBHOOKS_BLIND);
	compare_text(c, "sideEffects", "None", "None", WEBHOOKS_BLIND);
	compare_number(c, json_get(c->live, STR("timeoutSeconds")), "timeoutSeconds", 10,
		       WEBHOOKS_TIMEOUT, WEBHOOKS_MORE);
	if (!list_has_text(versions, STR("v1")))
		compare_say(c, WEBHOOKS_BLIND, "admissionReviewVersions lacks v1");
	compare_address(c);
	if (compare_bundle(c) < 0)
		return -1;
	compare_selectors(c);
	compare_rules(c);
	compare_conditions(c);
	return 0;
}

static const struct json *entry_named(const struct json *list, struct str name)
{
	const struct json *e = list;

	while (e && !str_eq(json_str(json_get(e, STR("name"))), name))
		e = e->next;
	return e;
}

/* Entries that are sent to us, and that no policy needs. */
static void compare_others(struct comparison *c, const struct webhooks *wanted,
			   const struct json *list)
{
	for (const struct json *e = list; e; e = e->next) {
		const struct json *service =
			json_get(json_get(e, STR("clientConfig")), STR("service"));
		struct webhook other = { .name = compare_quoted(c, json_get(e, STR("name")),
								"an entry") };
		size_t i = 0;

		while (i < wanted->n &&
		       !str_eq(wanted->v[i].name, json_str(json_get(e, STR("name")))))
			i++;
		if (i < wanted->n ||
		    !str_eq(json_str(json_get(service, STR("name"))), c->target->service) ||
		    !str_eq(json_str(json_get(service, STR("namespace"))), c->target->namespace))
			continue;
		c->wanted = &other;
		c->live = e;
		compare_say(c, compare_wider(c), "no policy needs this entry");
	}
}

int webhooks_compare(const struct webhooks *wanted, const struct webhook_target *target,
		     struct str live, struct arena *arena, struct webhooks_report *report,
		     struct err *err)
{
	const struct json *root = json_parse(live, NULL, arena, err), *list;
	struct comparison c = { .arena = arena, .report = report, .target = target };

	if (!root)
		return err_in(err, "the live webhook configuration");
	if (root->type != JSON_OBJECT ||
	    !str_is(json_str(json_get(root, STR("kind"))), "ValidatingWebhookConfiguration"))
		return err_set(err, ERR_SYNTAX,
			       "the live object is no ValidatingWebhookConfiguration");
	list = first_of_array(json_get(root, STR("webhooks")));
	for (size_t i = 0; i < wanted->n; i++) {
		c.wanted = &wanted->v[i];
		c.live = entry_named(list, c.wanted->name);
		if (!c.live)
			compare_say(&c, WEBHOOKS_BLIND, "the entry is missing");
		else if (compare_entry(&c) < 0)
			return err_set(err, ERR_LIMIT, "the caBundle does not fit in %zu MiB",
				       arena->limit >> 20);
	}
	compare_others(&c, wanted, list);
	return 0;
}
