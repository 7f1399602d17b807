/* SPDX-License-Identifier: Apache-2.0
 * gitops.c - the controllers of Argo CD, Flux and Fleet, by the names that their manifests and
 * charts give them.
 */
#include "policy/answer/gitops.h"

#define ACCOUNT "system:serviceaccount:"
#define IN_ARGO_CD                                                                                  \
	"In Argo CD: leave these fields out of the manifest, or list them under ignoreDifferences " \
	"of the Application, with sync option RespectIgnoreDifferences=true"

/* A release's or instance's name may stand before the account's: "prod-argocd-...". */
static const struct gitops_tool {
	const char *namespace; /* begins so; "": any */
	const char *account;   /* is so, or ends so behind a hyphen */
	const char *advice;
} gitops_tools[] = {
	{ "", "argocd-application-controller", IN_ARGO_CD },
	/* What `argocd cluster add` makes in a cluster that another one's Argo CD manages. */
	{ "kube-system", "argocd-manager", IN_ARGO_CD },
	{ "", "kustomize-controller",
	  "In Flux: leave these fields out of the manifest, or annotate it with "
	  "kustomize.toolkit.fluxcd.io/reconcile: disabled" },
	{ "flux", "helm-controller",
	  "In Flux: leave these fields out of what the HelmRelease renders, by its values or "
	  "postRenderers" },
	{ "cattle-fleet-", "fleet-agent",
	  "In Fleet: leave these fields out of the bundle; diff.comparePatches of fleet.yaml keeps "
	  "them from being shown as modified" },
};

static bool gitops_ends(struct str name, struct str end)
{
	if (name.n < end.n || !str_eq(str_from(name, name.n - end.n), end))
		return false;
	return name.n == end.n || name.s[name.n - end.n - 1] == '-';
}

struct str gitops_advice(struct str user)
{
	struct str namespace, name;
	const char *colon;

	if (!str_starts(user, STR(ACCOUNT)))
		return STR("");
	namespace = str_from(user, sizeof ACCOUNT - 1);
	colon = namespace.n ? memchr(namespace.s, ':', namespace.n) : NULL;
	if (!colon)
		return STR("");
	namespace.n = (size_t)(colon - namespace.s);
	name = str_from(user, (size_t)(colon + 1 - user.s));
	for (size_t i = 0; i < sizeof gitops_tools / sizeof *gitops_tools; i++)
		if (str_starts(namespace, str_of(gitops_tools[i].namespace)) &&
		    gitops_ends(name, str_of(gitops_tools[i].account)))
			return str_of(gitops_tools[i].advice);
	return STR("");
}
