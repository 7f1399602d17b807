/* SPDX-License-Identifier: Apache-2.0
 * entries.c - entries: who is asked for what, in which namespaces, under which name.
 *
 * One entry a different table of rules: namespaces for which the same is asked share one. What is
 * asked of no namespace has an entry without a selector: the API server does not look at one for
 * objects without a namespace, and for a Namespace it looks at that one's own labels. A kind that
 * is asked of any namespace and of some by name is a part of their tables and has an entry for all
 * others. So no two entries of a part ever take the same request.
 *
 * An object that both parts ask for is the first one's, whose entries then judge by all policies
 * (share.c). So no two entries judge a request by the same policies, with two exceptions that are
 * rare, and harmless since the API server shows the same warning once: what is asked for by its
 * alpha version, or its alpha key, of a kind that policies of components name in that namespace.
 */
#include "policy/webhooks/interest.h"

const char *webhook_scope_name(enum webhook_scope scope)
{
	static const char *const names[] = {
		[SCOPE_ANY] = "*", [SCOPE_NAMESPACED] = "Namespaced", [SCOPE_CLUSTER] = "Cluster"
	};

	return names[scope];
}

struct build {
	const struct policy_set *set;
	struct arena *arena;
	struct webhooks *out;
	size_t room;
	struct webhook_condition *exempt; /* of all entries that may fail */
	size_t exempt_n;
	bool full;
};

struct webhook_part {
	const char *name, *path;
};

static const struct webhook_part support = { "support", "/validate/support" };
static const struct webhook_part whole = { "support", WEBHOOKS_PATH_WHOLE };
static const struct webhook_part alpha = { "alpha", "/validate/alpha" };
static const struct webhook_part required = { "required", "/validate/support" };

#define DOMAIN ".oke-guard.internal"

/* ---- one entry ---- */

static struct webhook *webhook_entry_add(struct build *b, const struct webhook_part *part)
{
	struct webhooks *all = b->out;
	struct webhook *w, *grown;
	size_t room = b->room ? 2 * b->room : 8;

	if (all->n == b->room) {
		if (!(grown = arena_calloc(b->arena, room, sizeof *grown))) {
			b->full = true;
			return NULL;
		}
		if (all->n)
			memcpy(grown, all->v, all->n * sizeof *grown);
		all->v = grown;
		b->room = room;
	}
	w = &all->v[all->n++];
	*w = (struct webhook){ .path = str_of(part->path),
			       .conditions = b->exempt,
			       .conditions_n = b->exempt_n };
	return w;
}

/* "support", "support-cluster", "default.support" */
static void entry_name(struct build *b, struct webhook *w, struct str before,
		       const struct webhook_part *part, const char *behind)
{
	struct text t;

	text_init(&t, b->arena, 512);
	text_str(&t, before);
	text_puts(&t, before.n ? "." : "");
	text_puts(&t, part->name);
	text_puts(&t, behind);
	text_puts(&t, DOMAIN);
	b->full |= t.full;
	w->name = text_get(&t);
}

/* ---- namespaces ---- */

static int compare_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Those that the asks name, sorted, each once. */
static struct strings namespaces_of(struct build *b, const struct interests *asks)
{
	struct strings s = { arena_calloc(b->arena, asks->n + 1, sizeof *s.v), 0 };
	size_t kept = 0;

	if (!s.v) {
		b->full = true;
		return s;
	}
	for (size_t i = 0; i < asks->n; i++)
		if (asks->v[i].namespace.n)
			s.v[s.n++] = asks->v[i].namespace;
	qsort(s.v, s.n, sizeof *s.v, compare_str);
	for (size_t i = 0; i < s.n; i++)
		if (!kept || !str_eq(s.v[kept - 1], s.v[i]))
			s.v[kept++] = s.v[i];
	s.n = kept;
	return s;
}

/* Is the same kind also asked of namespaces by name? An entry for all would take those twice. */
static bool named_too(const struct interests *all, const struct interest *a)
{
	for (size_t i = 0; a->scope != SCOPE_CLUSTER && i < all->n; i++)
		if (all->v[i].namespace.n && str_eq(all->v[i].group, a->group) &&
		    str_eq(all->v[i].resource, a->resource))
			return true;
	return false;
}

/* What is asked of one namespace: for it by name, and for any. */
static struct interests interests_in(struct build *b, const struct interests *all,
				     struct str namespace)
{
	struct interests in = { .arena = b->arena };

	for (size_t i = 0; i < all->n; i++) {
		struct interest a = all->v[i];

		if (a.namespace.n ? !str_eq(a.namespace, namespace) : !named_too(all, &a))
			continue;
		a.namespace = (struct str){ NULL, 0 };
		a.scope = SCOPE_NAMESPACED;
		interest_add(&in, &a);
	}
	b->full |= in.full;
	return in;
}

/* Of any namespace and of none: what namespaces are asked for by name too, or the rest. */
static struct interests interests_elsewhere(struct build *b, const struct interests *all,
					    bool named)
{
	struct interests in = { .arena = b->arena };

	for (size_t i = 0; i < all->n; i++)
		if (!all->v[i].namespace.n && named_too(all, &all->v[i]) == named)
			interest_add(&in, &all->v[i]);
	b->full |= in.full;
	return in;
}

/* ---- the entries of one part ---- */

static void make_rules(struct build *b, const struct interests *asks, struct webhook *w)
{
	b->full |= w && webhook_rules_of(asks->v, asks->n, b->arena, w) < 0;
}

/* The entry that has the same rules already, from `first` on. */
static struct webhook *entry_like(struct build *b, size_t first, const struct webhook *w)
{
	for (size_t i = first; i < b->out->n; i++)
		if (webhook_rules_equal(&b->out->v[i], w))
			return &b->out->v[i];
	return NULL;
}

static void add_namespaced(struct build *b, const struct webhook_part *part,
			   const struct interests *asks, const struct strings *namespaces)
{
	size_t first = b->out->n;

	for (size_t i = 0; i < namespaces->n && !b->full; i++) {
		struct interests in = interests_in(b, asks, namespaces->v[i]);
		struct webhook made = { .rules = NULL }, *w;

		make_rules(b, &in, &made);
		if (b->full)
			return;
		if (!(w = entry_like(b, first, &made))) {
			if (!(w = webhook_entry_add(b, part)))
				return;
			w->rules = made.rules;
			w->rules_n = made.rules_n;
			w->namespaces.v =
				arena_calloc(b->arena, namespaces->n, sizeof *w->namespaces.v);
			if (!w->namespaces.v) {
				b->full = true;
				return;
			}
		}
		w->namespaces.v[w->namespaces.n++] = namespaces->v[i];
	}
}

static bool namespaces_hold(const struct strings *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_is(list->v[i], s))
			return true;
	return false;
}

/* The one of kube-system, where nearly all is, has the short name and stands first. */
static void name_namespaced(struct build *b, const struct webhook_part *part, size_t first)
{
	for (size_t i = first + 1; i < b->out->n; i++)
		if (namespaces_hold(&b->out->v[i].namespaces, "kube-system")) {
			struct webhook main = b->out->v[i];

			memmove(&b->out->v[first + 1], &b->out->v[first],
				(i - first) * sizeof main);
			b->out->v[first] = main;
		}
	for (size_t i = first; i < b->out->n; i++)
		entry_name(b, &b->out->v[i],
			   i == first ? (struct str){ NULL, 0 } : b->out->v[i].namespaces.v[0],
			   part, "");
}

static void add_elsewhere(struct build *b, const struct webhook_part *part,
			  const struct interests *asks, const struct strings *except,
			  const char *behind)
{
	struct webhook *w;

	if (!asks->n || !(w = webhook_entry_add(b, part)))
		return;
	make_rules(b, asks, w);
	entry_name(b, w, (struct str){ NULL, 0 }, part, behind);
	if (except) {
		w->namespaces = *except;
		w->except_namespaces = true;
	}
}

static void add_part(struct build *b, const struct webhook_part *part, const struct interests *asks)
{
	struct strings namespaces = namespaces_of(b, asks);
	size_t first = b->out->n;
	struct interests in;

	b->full |= asks->full;
	if (b->full)
		return;
	add_namespaced(b, part, asks, &namespaces);
	if (b->full)
		return;
	name_namespaced(b, part, first);
	in = interests_elsewhere(b, asks, false);
	add_elsewhere(b, part, &in, NULL, b->out->n > first ? "-cluster" : "");
	in = interests_elsewhere(b, asks, true);
	add_elsewhere(b, part, &in, &namespaces, "-elsewhere");
}

/* ---- entries with conditions of their own ---- */

static struct webhook *add_special(struct build *b, const struct webhook_part *part,
				   const struct interests *asks, const char *behind)
{
	struct webhook *w;

	b->full |= asks->full;
	if (!asks->n || b->full || !(w = webhook_entry_add(b, part)))
		return NULL;
	make_rules(b, asks, w);
	entry_name(b, w, (struct str){ NULL, 0 }, part, behind);
	return w;
}

/* Controllers write endpoints all the time: those of guarded Services alone are sent. */
static void add_endpoints(struct build *b)
{
	struct interests asks = { .arena = b->arena };
	struct webhook_condition *v;
	struct webhook *w;
	bool anywhere = false;
	size_t n;

	interests_of_endpoints(b->set, &asks);
	if (!(w = add_special(b, &support, &asks, "-endpoints")))
		return;
	for (size_t i = 0; i < asks.n; i++)
		anywhere |= !asks.v[i].namespace.n;
	if (!anywhere)
		w->namespaces = namespaces_of(b, &asks);
	if (!(v = cel_exempt_conditions(b->arena, 1, &n))) {
		b->full = true;
		return;
	}
	v[n] = (struct webhook_condition){ STR("of-a-guarded-service"),
					   endpoints_expression(b->set, b->arena) };
	b->full |= !v[n].expression.s;
	w->conditions = v;
	w->conditions_n = n + 1;
}

static void add_keyed(struct build *b, const struct interests *keyed)
{
	struct webhook *w = add_special(b, &alpha, keyed, "-keys");
	struct webhook_condition *v;
	size_t n;

	if (!w)
		return;
	if (!(v = cel_exempt_conditions(b->arena, 1, &n))) {
		b->full = true;
		return;
	}
	v[n] = (struct webhook_condition){ STR("an-alpha-key"),
					   webhook_keyed_expression(b->set, b->arena) };
	b->full |= !v[n].expression.s;
	w->conditions = v;
	w->conditions_n = n + 1;
}

static void add_required(struct build *b)
{
	struct interests asks = { .arena = b->arena };
	struct webhook *w;

	interests_of_required(b->set, &asks);
	if (!(w = add_special(b, &required, &asks, "")))
		return;
	w->fail = true;
	w->namespaces = namespaces_of(b, &asks);
	w->conditions = required_conditions(b->set, b->arena, &w->conditions_n);
	b->full |= !w->conditions;
}

int webhooks_of(const struct policy_set *set, struct arena *arena, struct webhooks *out,
		struct err *err)
{
	struct build b = { .set = set, .arena = arena, .out = out };
	struct interests of_support = { .arena = arena }, of_alpha = { .arena = arena };
	struct interests keyed = { .arena = arena };
	bool shared;

	*out = (struct webhooks){ NULL, 0 };
	b.exempt = cel_exempt_conditions(arena, 0, &b.exempt_n);
	b.full = !b.exempt;
	interests_of_support(set, &of_support);
	interests_of_alpha(set, &of_alpha, &keyed);
	shared = interests_share(&of_support, &of_alpha);
	if (shared)
		interests_share_keys(&of_support, &keyed);
	add_part(&b, shared ? &whole : &support, &of_support);
	add_endpoints(&b);
	add_required(&b);
	add_part(&b, &alpha, &of_alpha);
	add_keyed(&b, &keyed);
	if (!b.full)
		return 0;
	*out = (struct webhooks){ NULL, 0 };
	return err_set(err, ERR_LIMIT,
		       "the webhook configuration of these policies does not fit in %zu MiB",
		       arena->limit >> 20);
}
