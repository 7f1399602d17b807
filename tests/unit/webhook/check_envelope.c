/* SPDX-License-Identifier: Apache-2.0
 * check_envelope.c - a verdict for a review of which the beginning is there alone, wherever it is
 * cut off, and the highest action that a rule could reach for it.
 */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "webhook/handler.h"
#include "tests/unit/suite.h"

#define NOW      1795392000 /* 2026-11-23 */
#define CUSTOMER "ocid1.user.oc1..a"
#define UNKNOWN  "somebody"
#define EXEMPT   "system:kube-scheduler"

static struct policy_set *set;
static struct arena arena;

static void setup(void)
{
	ck_assert_ptr_nonnull(set = policy_set_new(NULL, &(struct policy_report){ 0 }));
	arena_init(&arena, 8u << 20);
}

static void teardown(void)
{
	policy_set_unref(set);
	arena_done(&arena);
}

struct asked {
	const char *group, *resource, *kind, *sub, *name, *namespace, *operation, *user;
};

#define DEPLOYMENT "apps", "deployments", "Deployment"
#define POD        "", "pods", "Pod"
#define CONFIG_MAP "", "configmaps", "ConfigMap"
#define SECRET     "", "secrets", "Secret"

/* Up to the objects; object_name is what the old object, or on CREATE the object, is called. */
static struct str review_head(const struct asked *q, const char *object_name)
{
	bool created = !strcmp(q->operation, "CREATE"), removed = !strcmp(q->operation, "DELETE");
	struct text t;

	text_init(&t, &arena, 1u << 20);
	text_printf(
		&t,
		"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
		"\"uid\":\"u\",\"kind\":{\"group\":\"%s\",\"version\":\"v1\",\"kind\":\"%s\"},",
		q->group, q->kind);
	text_printf(&t,
		    "\"resource\":{\"group\":\"%s\",\"version\":\"v1\",\"resource\":\"%s\"},"
		    "\"subResource\":\"%s\",",
		    q->group, q->resource, q->sub ? q->sub : "");
	if (*q->name)
		text_printf(&t, "\"name\":\"%s\",", q->name);
	text_printf(&t,
		    "\"namespace\":\"%s\",\"operation\":\"%s\",\"userInfo\":{\"username\":\"%s\","
		    "\"groups\":[\"system:authenticated\"]},\"object\":",
		    q->namespace, q->operation, q->user);
	if (removed)
		text_puts(&t, "null,\"oldObject\":");
	text_printf(&t,
		    "{\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"labels\":{\"a\":\"%s",
		    object_name, created ? "c" : "u");
	return text_get(&t);
}

static void judge(const struct policy_set *by, enum policies_part part, struct str head,
		  struct answer *a)
{
	const struct unread unread = { .why = UNREAD_LARGE, .bytes = 9u << 20, .limit = 8u << 20 };

	handler_answer_unread(by, part, head, &unread, NOW, &arena, NULL, a);
}

static const struct envelope_case {
	const char *why;
	struct asked asked;
	enum policies_part part;
	enum action want;
} cases[] = {
	{ "a named object",
	  { DEPLOYMENT, 0, "coredns", "kube-system", "UPDATE", CUSTOMER },
	  POLICIES_ALL,
	  ACTION_DENY },
	{ "its status",
	  { DEPLOYMENT, "status", "coredns", "kube-system", "UPDATE", CUSTOMER },
	  POLICIES_ALL,
	  ACTION_DENY },
	{ "removed",
	  { DEPLOYMENT, 0, "coredns", "kube-system", "DELETE", CUSTOMER },
	  POLICIES_SUPPORT,
	  ACTION_DENY },
	{ "removed with others",
	  { DEPLOYMENT, 0, "", "kube-system", "DELETE", CUSTOMER },
	  POLICIES_SUPPORT,
	  ACTION_DENY },
	{ "an unknown identity is warned at most",
	  { DEPLOYMENT, 0, "coredns", "kube-system", "DELETE", UNKNOWN },
	  POLICIES_ALL,
	  ACTION_WARN },
	{ "an exempt one is let pass",
	  { DEPLOYMENT, 0, "coredns", "kube-system", "DELETE", EXEMPT },
	  POLICIES_ALL,
	  ACTION_ALLOW },
	{ "another object of its kind",
	  { DEPLOYMENT, 0, "web", "kube-system", "DELETE", CUSTOMER },
	  POLICIES_ALL,
	  ACTION_ALLOW },
	{ "another namespace",
	  { DEPLOYMENT, 0, "coredns", "shop", "DELETE", CUSTOMER },
	  POLICIES_ALL,
	  ACTION_ALLOW },
	{ "known by its content, of no namespace",
	  { "flowcontrol.apiserver.k8s.io", "flowschemas", "FlowSchema", 0, "f", "", "UPDATE",
	    CUSTOMER },
	  POLICIES_SUPPORT,
	  ACTION_WARN },
	{ "known by its content, in kube-system",
	  { POD, 0, "p", "kube-system", "CREATE", CUSTOMER },
	  POLICIES_SUPPORT,
	  ACTION_DENY },
	{ "features: a warning at most",
	  { DEPLOYMENT, 0, "coredns", "kube-system", "UPDATE", CUSTOMER },
	  POLICIES_ALPHA,
	  ACTION_WARN },
	{ "what is removed uses none",
	  { DEPLOYMENT, 0, "coredns", "kube-system", "DELETE", CUSTOMER },
	  POLICIES_ALPHA,
	  ACTION_ALLOW },
	{ "what nobody guards",
	  { SECRET, 0, "s", "shop", "UPDATE", CUSTOMER },
	  POLICIES_SUPPORT,
	  ACTION_ALLOW },
	{ "what nobody guards, removed",
	  { SECRET, 0, "s", "shop", "DELETE", CUSTOMER },
	  POLICIES_ALL,
	  ACTION_ALLOW },
};

START_TEST(highest_action)
{
	const struct envelope_case *c = &cases[_i];
	const char *name = *c->asked.name ? c->asked.name : "coredns";
	struct answer a;

	judge(set, c->part, review_head(&c->asked, name), &a);
	ck_assert_msg(a.decided, "%s: %s", c->why, a.body);
	ck_assert_msg(a.verdict.action == c->want, "%s: %s, not %s", c->why,
		      action_name(a.verdict.action), action_name(c->want));
	if (strcmp(c->asked.user, EXEMPT) != 0)
		ck_assert_msg(a.verdict.error.n > 0, "%s: no trace of it", c->why);
	answer_done(&a);
}
END_TEST

/* Which of the reasons are counted as too large. */
START_TEST(what_is_too_large)
{
	static const struct asked asked = { DEPLOYMENT, 0, "", "kube-system", "DELETE", CUSTOMER };
	static const bool large[] = {
		[UNREAD_LARGE] = true, [UNREAD_ROOM] = true, [UNREAD_STEPS] = false
	};

	for (size_t why = 0; why < sizeof large / sizeof *large; why++) {
		const struct unread unread = { .why = (enum unread_why)why };
		struct answer a;

		handler_answer_unread(set, POLICIES_ALL, review_head(&asked, "coredns"), &unread,
				      NOW, &arena, NULL, &a);
		ck_assert_msg(a.decided && a.large == large[why], "%zu", why);
		answer_done(&a);
	}
}
END_TEST

/* A request without a name: that of the object, which stands at its beginning, is looked at. */
static const struct own_name_case {
	struct asked asked;
	const char *object;
	enum action want;
} own_names[] = {
	{ { DEPLOYMENT, 0, "", "kube-system", "DELETE", CUSTOMER }, "coredns", ACTION_DENY },
	{ { DEPLOYMENT, 0, "", "kube-system", "DELETE", CUSTOMER }, "web", ACTION_ALLOW },
	{ { CONFIG_MAP, 0, "", "kube-system", "CREATE", CUSTOMER }, "coredns", ACTION_WARN },
	{ { CONFIG_MAP, 0, "", "kube-system", "CREATE", CUSTOMER }, "web", ACTION_ALLOW },
};

START_TEST(its_own_name_tells)
{
	const struct own_name_case *c = &own_names[_i];
	struct answer a;

	judge(set, POLICIES_SUPPORT, review_head(&c->asked, c->object), &a);
	ck_assert_msg(a.verdict.action == c->want, "%s %s: %s, not %s", c->asked.operation,
		      c->object, action_name(a.verdict.action), action_name(c->want));
	answer_done(&a);
}
END_TEST

/* Wherever it is cut off: no review, or the verdict; once the identity is known the right one. */
START_TEST(any_cut)
{
	const struct asked asked = { DEPLOYMENT, 0, "coredns", "kube-system", "UPDATE", CUSTOMER };
	struct str head = review_head(&asked, "coredns");
	const char *user = memmem(head.s, head.n, CUSTOMER "\"", sizeof CUSTOMER);
	size_t known = (size_t)(user - head.s) + sizeof CUSTOMER;

	for (size_t n = 0; n <= head.n; n++) {
		struct answer a;

		judge(set, POLICIES_ALL, (struct str){ head.s, n }, &a);
		ck_assert_msg(a.decided || n < known, "%zu of %zu: %s", n, head.n, a.body);
		ck_assert(!a.decided || a.verdict.action >= ACTION_WARN);
		ck_assert(n < known || a.verdict.action == ACTION_DENY);
		answer_done(&a);
	}
}
END_TEST

START_TEST(how_much_is_kept)
{
	const struct asked asked = { DEPLOYMENT, 0, "", "kube-system", "DELETE", CUSTOMER };
	struct str head = review_head(&asked, "coredns");
	struct text t;
	size_t kept;

	ck_assert_uint_eq(review_head_size(head), 0);
	text_init(&t, &arena, 1u << 20);
	text_str(&t, head);
	for (int i = 0; i < 1000; i++)
		text_puts(&t, "xxxxxxxxxx");
	kept = review_head_size(text_get(&t));
	ck_assert_uint_gt(kept, head.n);
	ck_assert_uint_lt(kept, head.n + 5000);
	ck_assert_uint_eq(review_head_size((struct str){ NULL, 0 }), 0);
}
END_TEST

/* Each step of the decision counts: mode, override, and exceptions for the rule or the guard's own.
 */
static const struct config_case {
	const char *why, *text;
	enum action want;
} configs[] = {
	{ "mode warn", "  mode: warn\n", ACTION_WARN },
	{ "mode audit", "  mode: audit\n", ACTION_AUDIT },
	{ "tiers", "  tiers: {unsupported: warn}\n", ACTION_WARN },
	{ "one override of many rules",
	  "  overrides: [{rule: coredns/spec, action: warn, reason: x}]\n", ACTION_DENY },
	{ "none", "  mode: enforce\n", ACTION_DENY },
};

START_TEST(by_configuration)
{
	const struct config_case *c = &configs[_i];
	const struct asked asked = { DEPLOYMENT, 0, "coredns", "kube-system", "UPDATE", CUSTOMER };
	char path[] = "/tmp/check-envelope-XXXXXX";
	int fd = mkstemp(path);
	scoped(file_end) FILE *f = fdopen(fd, "w");
	struct policy_source source = { .config = path };
	struct policy_set *other;
	struct answer a;

	fprintf(f,
		"apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: default}\n"
		"spec:\n%s",
		c->text);
	fflush(f);
	other = policy_set_new(&source, &(struct policy_report){ 0 });
	unlink(path);
	ck_assert_msg(other, "%s: does not load", c->why);
	judge(other, POLICIES_SUPPORT, review_head(&asked, "coredns"), &a);
	ck_assert_msg(a.decided && a.verdict.action == c->want, "%s: %s", c->why, a.body);
	answer_done(&a);
	policy_set_unref(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("envelope");
	TCase *tc = tcase_create("envelope");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, highest_action, 0, sizeof cases / sizeof *cases);
	tcase_add_test(tc, what_is_too_large);
	tcase_add_loop_test(tc, its_own_name_tells, 0, sizeof own_names / sizeof *own_names);
	tcase_add_test(tc, any_cut);
	tcase_add_test(tc, how_much_is_kept);
	tcase_add_loop_test(tc, by_configuration, 0, sizeof configs / sizeof *configs);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
