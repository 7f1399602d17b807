/* SPDX-License-Identifier: Apache-2.0
 * check_share.c - entries that ask for policies of components and of features at once: whatever
 * either of them asks for alone is asked for together, under conditions that are no narrower, and
 * an ordinary request meets one entry.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "oke/webhooks.h"
#include "policy/catalogue/catalogue.h"
#include "policy/model/resources.h"
#include "tests/unit/judged.h"
#include "tests/unit/suite.h"

#define ALPHA  "policy/builtin/alpha.yaml"
#define CONFIG "/tmp/oke-guard-share-XXXXXX"
#define EXTRA  "/tmp/oke-guard-extra-XXXXXX"

enum part { SUPPORT = 1, FEATURES = 2 };

struct made {
	struct policy_set *set;
	struct arena arena;
	struct webhooks all;
};

static void made_end(struct made *m)
{
	policy_set_unref(m->set);
	arena_end(&m->arena);
}

/* ---- sets ---- */

static void write_all(int fd, const char *text)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

static void make_set(const struct policy_source *src, struct made *out)
{
	struct policy_report report;
	struct judged_said said;
	struct err err;
	char *text;

	said_start(&said, &report);
	out->set = policy_set_new(src, &report);
	text = said_end(&said);
	ck_assert_msg(out->set, "%s", text);
	free(text);
	arena_init(&out->arena, MEMORY);
	ck_assert_int_eq(webhooks_of(out->set, &out->arena, &out->all, &err), 0);
}

/* extra: rules of one more policy of features, or NULL. */
static void make(unsigned parts, const char *spec, const char *extra, struct made *out)
{
	char config[] = CONFIG, more[] = EXTRA, text[2048];
	const char *paths[2];
	struct policy_source src = { .paths = paths,
				     .config = config,
				     .no_builtin = parts == FEATURES };

	snprintf(text, sizeof text,
		 "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: g}\n"
		 "spec: {%s%s}\n",
		 spec,
		 parts == SUPPORT ? ", overrides: [{rule: alpha/*, action: allow, reason: alone}]"
				  : "");
	write_all(mkstemp(config), text);
	snprintf(text, sizeof text,
		 "apiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: p}\n"
		 "spec:\n  title: t\n  docs: https://example.com/\n%s\n",
		 extra ? extra : "");
	write_all(mkstemp(more), text);
	if (parts == FEATURES)
		paths[src.paths_n++] = ALPHA;
	if (extra && parts & FEATURES)
		paths[src.paths_n++] = more;
	make_set(&src, out);
	unlink(config);
	unlink(more);
}

/* ---- requests ---- */

struct point {
	struct str group, version, resource, namespace; /* none: of the cluster */
	unsigned operation;
};

static bool list_takes(const struct strings *list, struct str s)
{
	bool below = memchr(s.s, '/', s.n);

	return strings_hold(list, s) || (!below && strings_hold(list, STR("*")));
}

static bool rule_takes(const struct webhook_rule *r, const struct point *p)
{
	enum webhook_scope scope = p->namespace.n ? SCOPE_NAMESPACED : SCOPE_CLUSTER;

	return strings_hold(&r->groups, p->group) && list_takes(&r->versions, p->version) &&
	       list_takes(&r->resources, p->resource) && r->operations & p->operation &&
	       (r->scope == SCOPE_ANY || r->scope == scope);
}

/* As the API server does: it looks at no selector for what has no namespace. */
static bool entry_takes(const struct webhook *w, const struct point *p)
{
	if (p->namespace.n && w->namespaces.n &&
	    strings_hold(&w->namespaces, p->namespace) == w->except_namespaces)
		return false;
	for (size_t i = 0; i < w->rules_n; i++)
		if (rule_takes(&w->rules[i], p))
			return true;
	return false;
}

static unsigned judges(const struct webhook *w)
{
	if (str_is(w->path, "/validate"))
		return SUPPORT | FEATURES;
	if (str_is(w->path, "/validate/support"))
		return SUPPORT;
	ck_assert(str_is(w->path, "/validate/alpha"));
	return FEATURES;
}

static bool is_of_keys(const struct webhook *w)
{
	return str_starts(w->name, STR("alpha-keys."));
}

/* How many entries of that part take it, those of alpha keys apart. */
static size_t takers(const struct webhooks *all, const struct point *p, unsigned part)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += judges(&all->v[i]) & part && !is_of_keys(&all->v[i]) && !all->v[i].fail &&
		     entry_takes(&all->v[i], p);
	return n;
}

/* Under the conditions of `alone`, or fewer: all have those of exempt identities. */
static bool taken_as_well(const struct webhooks *all, const struct point *p, unsigned part,
			  const struct webhook *alone)
{
	for (size_t i = 0; i < all->n; i++)
		if (judges(&all->v[i]) & part && all->v[i].conditions_n <= alone->conditions_n &&
		    entry_takes(&all->v[i], p))
			return true;
	return false;
}

/* ---- every request that an entry takes ---- */

struct walk {
	const struct webhooks *together;
	const struct webhook *w; /* whose requests */
	unsigned part;
	void (*look)(struct walk *walk, const struct point *p);
	size_t seen;
};

static void walk_place(struct walk *walk, struct point p, struct str namespace)
{
	p.namespace = namespace;
	if (entry_takes(walk->w, &p))
		walk->look(walk, &p);
}

static void walk_places(struct walk *walk, const struct point *p)
{
	const struct webhooks *all = walk->together;

	walk_place(walk, *p, STR("shop"));
	walk_place(walk, *p, STR(""));
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->v[i].namespaces.n; k++)
			walk_place(walk, *p, all->v[i].namespaces.v[k]);
}

static void walk_operations(struct walk *walk, struct point p, unsigned operations)
{
	for (p.operation = 1; p.operation <= operations; p.operation <<= 1)
		if (p.operation & operations)
			walk_places(walk, &p);
}

static void walk_rule(struct walk *walk, const struct webhook_rule *r)
{
	for (size_t g = 0; g < r->groups.n; g++)
		for (size_t v = 0; v < r->versions.n; v++)
			for (size_t k = 0; k < r->resources.n; k++)
				walk_operations(walk,
						(struct point){ .group = r->groups.v[g],
								.version = r->versions.v[v],
								.resource = r->resources.v[k] },
						r->operations);
}

static void walk_all(struct walk *walk, const struct webhooks *of)
{
	for (size_t i = 0; i < of->n; i++) {
		walk->w = &of->v[i];
		for (size_t k = 0; k < of->v[i].rules_n; k++)
			walk_rule(walk, &of->v[i].rules[k]);
	}
}

#define POINT "%.*s %.*s %.*s in '%.*s', operation %u, of %.*s"
#define POINT_ARG(p, w)                                                                            \
	STR_ARG((p)->group), STR_ARG((p)->version), STR_ARG((p)->resource),                        \
		STR_ARG((p)->namespace), (p)->operation, STR_ARG((w)->name)

static void must_be_taken(struct walk *walk, const struct point *p)
{
	if (p->namespace.n && resource_cluster_scoped(p->group, p->resource))
		return;
	walk->seen++;
	ck_assert_msg(taken_as_well(walk->together, p, walk->part, walk->w), POINT " is not sent",
		      POINT_ARG(p, walk->w));
}

static void must_meet_one(struct walk *walk, const struct point *p)
{
	if (walk->w->fail || is_of_keys(walk->w) || !str_is(p->version, "*"))
		return;
	walk->seen++;
	ck_assert_msg(takers(walk->together, p, SUPPORT | FEATURES) == 1,
		      POINT " meets two entries", POINT_ARG(p, walk->w));
}

/* ---- tests ---- */

static const struct {
	const char *config, *extra;
} sets[] = {
	{ "mode: enforce", NULL },
	{ "mode: enforce, failClosed: [coredns/*]", NULL },
	{ "mode: enforce, cluster: {cni: vcn-native}", NULL },
	{ "mode: enforce, identities: {exempt: {serviceAccounts: [flux/f, a/b]}}", NULL },
	{ "mode: enforce",
	  "  objects: [{group: apps, resource: deployments, namespace: a}, {group: \"\", resource: "
	  "secrets, namespace: kube-system}, {group: \"\", resource: nodes, namespace: a}]\n"
	  "  rules: [{name: f, operations: [CREATE, UPDATE], features: {stages: [alpha]}, tier: "
	  "unsupported}]" },
};
#define SETS (sizeof sets / sizeof *sets)
/* Nobody told the version, and each that entries are made for. */
#define VERSIONS ((size_t)(catalogue_minor_max - WEBHOOKS_MINOR_MIN + 2))

static void config_of(int i, char *text, size_t n)
{
	const char *spec = sets[(size_t)i / VERSIONS].config;
	size_t version = (size_t)i % VERSIONS;
	const char *cluster = strstr(spec, "cluster: {");

	if (!version)
		snprintf(text, n, "%s", spec);
	else if (cluster)
		snprintf(text, n, "%.*skubernetes: \"1.%zu\", %s", (int)(cluster - spec + 10), spec,
			 version + WEBHOOKS_MINOR_MIN - 1, cluster + 10);
	else
		snprintf(text, n, "%s, cluster: {kubernetes: \"1.%zu\"}", spec,
			 version + WEBHOOKS_MINOR_MIN - 1);
}

START_TEST(nothing_is_lost)
{
	const char *extra = sets[(size_t)_i / VERSIONS].extra;
	scoped(made_end) struct made both = { 0 };
	struct walk walk = { .together = &both.all, .look = must_be_taken };
	char config[512];

	config_of(_i, config, sizeof config);
	make(SUPPORT | FEATURES, config, extra, &both);
	for (unsigned part = SUPPORT; part <= FEATURES; part++) {
		scoped(made_end) struct made alone = { 0 };

		walk.seen = 0;
		if (part == FEATURES && strstr(config, "failClosed"))
			continue; /* of a policy that is not loaded then */
		make(part, config, extra, &alone);
		for (size_t i = 0; i < alone.all.n; i++)
			ck_assert_uint_eq(judges(&alone.all.v[i]), part);
		walk.part = part;
		walk_all(&walk, &alone.all);
		ck_assert_uint_gt(walk.seen, 100);
	}
}
END_TEST

START_TEST(nothing_meets_two_entries)
{
	scoped(made_end) struct made both = { 0 };
	struct walk walk = { .together = &both.all, .look = must_meet_one };
	char config[512];

	config_of(_i, config, sizeof config);
	make(SUPPORT | FEATURES, config, sets[(size_t)_i / VERSIONS].extra, &both);
	walk_all(&walk, &both.all);
	ck_assert_uint_gt(walk.seen, 400);
}
END_TEST

/* What people write most is judged whole by the one entry that it meets. */
START_TEST(an_ordinary_write_meets_one)
{
	const struct point written[] = {
		{ STR("apps"), STR("v1"), STR("deployments"), STR("shop"), OP_UPDATE },
		{ STR("apps"), STR("v1"), STR("deployments"), STR("shop"), OP_CREATE },
		{ STR("apps"), STR("v1"), STR("statefulsets"), STR("shop"), OP_UPDATE },
		{ STR(""), STR("v1"), STR("pods"), STR("shop"), OP_CREATE },
		{ STR(""), STR("v1"), STR("configmaps"), STR("shop"), OP_UPDATE },
		{ STR("apps"), STR("v1"), STR("deployments"), STR("kube-system"), OP_UPDATE },
		{ STR(""), STR("v1"), STR("nodes"), STR(""), OP_UPDATE },
		{ STR(""), STR("v1"), STR("namespaces"), STR(""), OP_UPDATE },
	};
	scoped(made_end) struct made both = { 0 };

	make(SUPPORT | FEATURES, "mode: enforce", NULL, &both);
	for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
		const struct point *p = &written[i];
		size_t met = 0, whole = 0;

		for (size_t k = 0; k < both.all.n; k++)
			if (entry_takes(&both.all.v[k], p)) {
				met++;
				whole += judges(&both.all.v[k]) == (SUPPORT | FEATURES);
			}
		ck_assert_msg(met == 1 && whole == 1, "%.*s meets %zu", STR_ARG(p->resource), met);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("share");
	TCase *t = tcase_create("share");

	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, nothing_is_lost, 0, (int)(SETS * VERSIONS));
	tcase_add_loop_test(t, nothing_meets_two_entries, 0, (int)(SETS * VERSIONS));
	tcase_add_test(t, an_ordinary_write_meets_one);
	suite_add_tcase(s, t);
	return run_suite(s);
}
