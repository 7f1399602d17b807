/* SPDX-License-Identifier: Apache-2.0
 * check_learn_show.c - whom `learn show` warns of.
 */
#include "cli/learn_show.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

static const struct objection_row {
	const char *user;
	enum identity_class class;
	const char *says; /* NULL: nothing */
} objections[] = {
	{ "oke-addon-manager", IDENTITY_UNKNOWN, NULL },
	{ "system:serviceaccount:kube-system:oke-addon", IDENTITY_UNKNOWN, NULL },
	{ "ocid1.cluster.oc1..aaaa", IDENTITY_UNKNOWN, NULL },
	{ "decide", IDENTITY_UNKNOWN, NULL }, /* "ci" and "cd" only as words */
	{ "ocid1.user.oc1..aaaa", IDENTITY_UNKNOWN, "a person" },
	{ "ocid1.saml2idp.oc1..aaaa/jo", IDENTITY_UNKNOWN, "a person" },
	{ "oidc:jo@example.com", IDENTITY_UNKNOWN, "a person" },
	{ "ocid1.instance.oc1..aaaa", IDENTITY_UNKNOWN, "everything that runs there" },
	{ "system:masters", IDENTITY_UNKNOWN, "administrator" },
	{ "oke-masters-admin", IDENTITY_UNKNOWN, "administrator" },
	{ "kubernetes-admin", IDENTITY_UNKNOWN, "administrator" },
	{ "system:anonymous", IDENTITY_UNKNOWN, "administrator" },
	{ "system:node:10.0.0.1", IDENTITY_UNKNOWN, "node" },
	{ "system:serviceaccount:argocd:argocd-application-controller", IDENTITY_UNKNOWN,
	  "CI or delivery" },
	{ "gitlab-runner", IDENTITY_UNKNOWN, "CI or delivery" },
	{ "Jenkins", IDENTITY_UNKNOWN, "CI or delivery" },
	{ "team/ci", IDENTITY_UNKNOWN, "CI or delivery" },
	{ "system:serviceaccount:shop:web", IDENTITY_UNKNOWN, "outside kube-system" },
	{ "system:serviceaccount:kube-system:default", IDENTITY_UNKNOWN, "default account" },
	{ "system:serviceaccount:kube-system:Upper", IDENTITY_UNKNOWN, "exactly" },
	{ "system:serviceaccount:x", IDENTITY_UNKNOWN, "exactly" },
	{ "anybody*", IDENTITY_UNKNOWN, "exactly" },
	{ "caf\xc3\xa9", IDENTITY_UNKNOWN, "exactly" },
	{ "oke-addon-manager", IDENTITY_CUSTOMER, "a customer" },
};

START_TEST(objection)
{
	const struct objection_row *r = &objections[_i];
	const char *says = learn_objection(str_of(r->user), r->class);

	if (r->says)
		ck_assert_msg(says && strstr(says, r->says), "%s: %s", r->user,
			      says ? says : "(nothing)");
	else
		ck_assert_msg(!says, "%s: %s", r->user, says);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("learn show");
	TCase *c = tcase_create("objections");

	tcase_add_loop_test(c, objection, 0, sizeof objections / sizeof *objections);
	suite_add_tcase(s, c);
	return run_suite(s);
}
