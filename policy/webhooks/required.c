/* SPDX-License-Identifier: Apache-2.0
 * required.c - rules that the configuration marks failClosed: the one entry whose failure
 * refuses.
 *
 * A guard that is dead then refuses exactly these: requests of customers, positively matched, for
 * the named objects and operations of the marked rules. Its matchConditions say so; a condition
 * that fails to evaluate would refuse too, so nothing is touched that may be absent. What must
 * never wait for a guard cannot be marked (validate/required.c).
 */
#include "policy/webhooks/interest.h"

#include "policy/model/excluded.h"
#include "policy/validate/validate.h"

#define EXPRESSION_MAX (64u << 10) /* bytes; the API server takes 100,000 characters */

static bool mark_names_rule(const struct exception_rule *mark, const struct rule *r)
{
	return str_eq(mark->policy, r->policy->name) &&
	       (str_is(mark->rule, "*") || str_eq(mark->rule, r->name));
}

static bool is_required(const struct model *model, const struct rule *r)
{
	const struct config *c = &model->config;
	const struct exception_rule *m = c->fail_closed;

	while (m && !mark_names_rule(m, r))
		m = m->next;
	return m && rule_can_act(c, r) && !r->features && rule_denies(c, r) &&
	       validate_mark_possible(model, r);
}

/* ---- the objects ---- */

typedef void required_visit(void *ctx, const struct rule *r, const struct required_object *o);

static void visit_rule(const struct rule *r, required_visit *visit, void *ctx)
{
	for (const struct object_ref *o = r->policy->objects; o; o = o->next) {
		const struct object_ref *in = r->objects ? r->objects : o;
		struct required_object object;

		for (; in; in = r->objects ? in->next : NULL)
			if (required_object(o, in, &object) && required_left(r, in) &&
			    !excluded_why(object.where.group, object.where.resource))
				visit(ctx, r, &object);
	}
}

static void visit_all(const struct policy_set *set, required_visit *visit, void *ctx)
{
	for (const struct policy *p = set->model.policies; p; p = p->next)
		for (const struct rule *r = p->rules; r; r = r->next)
			if (is_required(&set->model, r))
				visit_rule(r, visit, ctx);
}

static void add_interests(void *ctx, const struct rule *r, const struct required_object *o)
{
	struct interests *out = ctx;
	struct interest ask = { .group = o->where.group,
				.version = STR("*"),
				.namespace = o->where.namespace,
				.scope = o->where.namespace.n ? SCOPE_NAMESPACED : SCOPE_CLUSTER,
				.operations = r->operations };

	for (size_t i = 0; i < r->subresources.n; i++) {
		if (!target_has(&o->where, r->subresources.v[i]))
			continue;
		ask.resource = interest_resource(out, o->where.resource, r->subresources.v[i]);
		interest_add(out, &ask);
	}
}

void interests_of_required(const struct policy_set *set, struct interests *out)
{
	visit_all(set, add_interests, out);
}

/* ---- the condition on them ---- */

struct terms {
	struct arena *arena;
	struct text all;
	struct str *seen;
	size_t n, room;
	bool full;
};

static bool term_is_new(struct terms *t, struct str term)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->seen[i], term))
			return false;
	if (t->n == t->room) {
		t->full = true; /* as many as the text may hold */
		return false;
	}
	t->seen[t->n++] = term;
	return true;
}

static void add_operations(struct text *out, unsigned operations)
{
	static const enum operation all[] = { OP_CREATE, OP_UPDATE, OP_DELETE, OP_CONNECT };
	const char *before = "";

	text_puts(out, "request.operation in [");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (operations & all[i]) {
			text_puts(out, before);
			cel_quote(out, str_of(operation_name(all[i])));
			before = ", ";
		}
	text_puts(out, "]");
}

static void add_names(struct text *out, const struct required_object *o)
{
	const char *before = "";

	text_puts(out, "name in [");
	for (size_t i = 0; i < o->names.n; i++)
		if (ref_names(o->other, o->names.v[i])) {
			text_puts(out, before);
			cel_quote(out, o->names.v[i]);
			before = ", ";
		}
	text_puts(out, "]");
}

/* false: the object has none of them. */
static bool add_subresources(struct text *out, const struct rule *r, const struct target *where)
{
	const char *before = "";

	text_puts(out, "(has(request.subResource) ? request.subResource : '') in [");
	for (size_t i = 0; i < r->subresources.n; i++)
		if (target_has(where, r->subresources.v[i])) {
			text_puts(out, before);
			cel_quote(out, r->subresources.v[i]);
			before = ", ";
		}
	text_puts(out, "]");
	return *before;
}

static void add_term(void *ctx, const struct rule *r, const struct required_object *o)
{
	struct terms *terms = ctx;
	struct text t;

	text_init(&t, terms->arena, EXPRESSION_MAX);
	text_puts(&t, "(request.resource.group == ");
	cel_quote(&t, o->where.group);
	text_puts(&t, " && request.resource.resource == ");
	cel_quote(&t, o->where.resource);
	text_puts(&t, " && ");
	if (!add_subresources(&t, r, &o->where))
		return;
	text_puts(&t, " && ");
	add_operations(&t, r->operations);
	text_puts(&t, " && (has(request.namespace) ? request.namespace : '') == ");
	cel_quote(&t, o->where.namespace);
	text_puts(&t, " && ");
	add_names(&t, o);
	text_puts(&t, ")");
	terms->full |= t.full;
	if (!term_is_new(terms, text_get(&t)))
		return;
	text_puts(&terms->all, terms->n > 1 ? " || " : "");
	text_str(&terms->all, text_get(&t));
}

static bool objects_condition(const struct policy_set *set, struct arena *arena,
			      struct webhook_condition *out)
{
	enum { TERMS_MAX = 512 };
	struct terms t = { .arena = arena, .room = TERMS_MAX };

	if (!(t.seen = arena_calloc(arena, TERMS_MAX, sizeof *t.seen)))
		return false;
	text_init(&t.all, arena, EXPRESSION_MAX);
	text_puts(&t.all, cel_by_name);
	visit_all(set, add_term, &t);
	text_puts(&t.all, ")");
	*out = (struct webhook_condition){ STR("a-named-object"), text_get(&t.all) };
	return !t.full && !t.all.full;
}

/* ---- the conditions on who it is ---- */

/* x in ['a'] || x.startsWith('b') */
static void add_patterns(struct text *out, const struct name_pattern *p, const char *of)
{
	for (const char *before = ""; p; p = p->next, before = " || ") {
		text_printf(out, "%s%s", before, of);
		text_puts(out, p->prefix ? ".startsWith(" : " == (");
		cel_quote(out, p->text);
		text_puts(out, ")");
	}
}

static void add_users(struct text *out, const struct name_pattern *users)
{
	if (!users)
		return;
	text_puts(out, " || (has(request.userInfo.username) && (");
	add_patterns(out, users, "request.userInfo.username");
	text_puts(out, "))");
}

static void add_groups(struct text *out, const struct name_pattern *groups)
{
	if (!groups)
		return;
	text_puts(out, " || (has(request.userInfo.groups) && request.userInfo.groups.exists(g, ");
	add_patterns(out, groups, "g");
	text_puts(out, "))");
}

static void add_account_term(struct text *out, const struct service_account *a)
{
	text_printf(out, "'system:serviceaccount:%.*s:%.*s'", STR_ARG(a->namespace),
		    STR_ARG(a->name));
}

/* with_group: as for exemptions, the group proves the name. */
static void add_accounts(struct text *out, const struct service_account *a, bool with_group)
{
	for (; a; a = a->next) {
		text_puts(out,
			  " || (has(request.userInfo.username) && request.userInfo.username == ");
		add_account_term(out, a);
		if (with_group)
			text_printf(out,
				    " && has(request.userInfo.groups) && "
				    "'system:serviceaccounts:%.*s' in request.userInfo.groups",
				    STR_ARG(a->namespace));
		text_puts(out, ")");
	}
}

static bool exempted_condition(const struct config *c, struct arena *arena,
			       struct webhook_condition *out)
{
	struct text t;

	text_init(&t, arena, EXPRESSION_MAX);
	text_puts(&t, "!(false");
	add_users(&t, c->exempt.users);
	add_groups(&t, c->exempt.groups);
	add_accounts(&t, c->exempt.accounts, true);
	text_puts(&t, ")");
	*out = (struct webhook_condition){ STR("not-exempted"), text_get(&t) };
	return !t.full;
}

static bool customer_condition(const struct config *c, struct arena *arena,
			       struct webhook_condition *out)
{
	static const char split[] = "request.userInfo.username.split(':')";
	struct text t;

	text_init(&t, arena, EXPRESSION_MAX);
	text_puts(&t, "false");
	add_users(&t, c->customer.users);
	add_groups(&t, c->customer.groups);
	add_accounts(&t, c->customer.accounts, false);
	text_puts(&t, " || (has(request.userInfo.username) && "
		      "request.userInfo.username.startsWith('system:serviceaccount:') && ");
	text_printf(&t, "%s.size() == 4 && %s[2] != '' && %s[3] != '' && !(%s[2] in ", split, split,
		    split, split);
	cel_list(&t, c->customer_except_namespaces.v, c->customer_except_namespaces.n);
	text_puts(&t, "))");
	*out = (struct webhook_condition){ STR("a-customer"), text_get(&t) };
	return !t.full;
}

struct webhook_condition *required_conditions(const struct policy_set *set, struct arena *arena,
					      size_t *n)
{
	const struct config *c = &set->model.config;
	struct webhook_condition *v = cel_exempt_conditions(arena, 3, n);

	if (!v)
		return NULL;
	if (c->exempt.users || c->exempt.groups || c->exempt.accounts) {
		if (!exempted_condition(c, arena, &v[*n]))
			return NULL;
		(*n)++;
	}
	if (!customer_condition(c, arena, &v[*n]) || !objects_condition(set, arena, &v[*n + 1]))
		return NULL;
	*n += 2;
	return v;
}
