/* SPDX-License-Identifier: Apache-2.0
 * check_gitops.c - who is told what to do in Argo CD, Flux or Fleet, and where that stands.
 */
#include <check.h>

#include "lib/base/cleanup.h"
#include "oke/policy.h"
#include "policy/answer/gitops.h"
#include "tests/unit/suite.h"

#define SA        "system:serviceaccount:"
#define LONG_TEXT 700 /* bytes of a sentence and of a remedy */

static const struct gitops_case {
	const char *user, *says; /* NULL: nothing */
} cases[] = {
	{ SA "argocd:argocd-application-controller", "ignoreDifferences" },
	{ SA "argocd:argo-cd-argocd-application-controller", "ignoreDifferences" },
	{ SA "openshift-gitops:openshift-gitops-argocd-application-controller",
	  "RespectIgnoreDifferences=true" },
	{ SA "kube-system:argocd-manager", "ignoreDifferences" },
	{ SA "flux-system:kustomize-controller",
	  "kustomize.toolkit.fluxcd.io/reconcile: disabled" },
	{ SA "gitops:kustomize-controller", "In Flux: " },
	{ SA "flux-system:helm-controller", "postRenderers" },
	{ SA "cattle-fleet-system:fleet-agent", "diff.comparePatches" },
	{ SA "cattle-fleet-local-system:fleet-agent", "In Fleet: " },
	/* others, and names that look like it */
	{ SA "kube-system:helm-controller", NULL },
	{ SA "shop:helm-controller", NULL },
	{ SA "shop:fleet-agent", NULL },
	{ SA "shop:argocd-manager", NULL },
	{ SA "argocd:argocd-server", NULL },
	{ SA "argocd:argocd-application-controller-2", NULL },
	{ SA "shop:notargocd-application-controller", NULL },
	{ SA "argocd", NULL },
	{ SA "argocd:", NULL },
	{ SA, NULL },
	{ "argocd-application-controller", NULL },
	{ "ocid1.user.oc1..aaaa", NULL },
	{ "system:serviceaccount", NULL },
	{ "", NULL },
};

START_TEST(who_is_told)
{
	const struct gitops_case *c = &cases[_i];
	struct str got = gitops_advice(str_of(c->user));

	if (!c->says)
		ck_assert_msg(got.n == 0, "%s: %.*s", c->user, STR_ARG(got));
	else
		ck_assert_msg(memmem(got.s, got.n, c->says, strlen(c->says)), "%s: %.*s", c->user,
			      STR_ARG(got));
	for (size_t i = 0; i < got.n; i++)
		ck_assert(got.s[i] >= 0x20 && got.s[i] < 0x7f);
}
END_TEST

static struct finding_change replicas[] = { { { "spec.replicas", 13 }, { "3", 1 }, { "5", 1 } } };

static struct str message_for(struct str advice, size_t text, struct arena *arena)
{
	static char wide[LONG_TEXT];
	struct finding f[8];
	struct verdict v = { .action = ACTION_DENY, .findings = f, .advice = advice };

	memset(wide, 'x', sizeof wide);
	v.findings_n = v.findings_all = text ? 8 : 1;
	for (size_t i = 0; i < v.findings_n; i++)
		f[i] = (struct finding){
			.policy = STR("coredns"),
			.rule = STR("scale"),
			.action = ACTION_DENY,
			.sentence = text ? (struct str){ wide, text } : STR("Oracle manages it"),
			.changes = replicas,
			.changes_n = 1,
			.changes_all = 1,
			.remedy = text ? (struct str){ wide, text - i } : STR("do this"),
			.why = STR("https://docs.oracle.com/dns")
		};
	return verdict_message(&v, arena);
}

START_TEST(where_it_stands)
{
	struct str got;
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	got = message_for(STR("In X: leave it"), 0, &arena);
	ck_assert_msg(str_is(got, "Oracle manages it [coredns/scale]\n"
				  "  spec.replicas: 3 -> 5\n"
				  "Instead: do this\n"
				  "In X: leave it\n"
				  "Why: https://docs.oracle.com/dns"),
		      "%.*s", STR_ARG(got));
}
END_TEST

/* However long the remedies are, the line has its room, and the message its limit. */
START_TEST(it_has_its_room)
{
	struct str advice = gitops_advice(STR(SA "argocd:argocd-application-controller")), got;
	scoped(arena_end) struct arena arena;

	arena_init(&arena, 1u << 20);
	got = message_for(advice, LONG_TEXT, &arena);
	ck_assert_uint_le(got.n, MESSAGE_MAX);
	ck_assert_ptr_nonnull(memmem(got.s, got.n, advice.s, advice.n));
	ck_assert_ptr_nonnull(memmem(got.s, got.n, "\nWhy: https", 11));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gitops");
	TCase *tc = tcase_create("gitops");

	tcase_add_loop_test(tc, who_is_told, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_test(tc, where_it_stands);
	tcase_add_test(tc, it_has_its_room);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
