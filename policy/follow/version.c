/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/follow/version.h"

#include "lib/base/version.h"

void policy_version_log(const struct policy_set *set, struct log_line *l)
{
	struct policy_version v;
	char minor[16];

	policy_set_version(set, &v);
	snprintf(minor, sizeof minor, "1.%u", v.judged);
	log_text(l, "kubernetes", minor);
	log_text(l, "kubernetesFrom", version_from_name(v.from));
	if (v.told && v.told != v.judged) {
		snprintf(minor, sizeof minor, "1.%u", v.told);
		log_text(l, "kubernetesCluster", minor);
	}
	snprintf(minor, sizeof minor, "1.%u", v.newest);
	log_text(l, "kubernetesNewest", minor);
}

void policy_version_metrics(const struct policy_version *v, FILE *f)
{
	metrics_head(
		f, "oke_guard_build_info", "gauge",
		"Always 1: the version of the program, and the newest release of Kubernetes it knows.");
	fprintf(f, "oke_guard_build_info{version=\"%s\",kubernetes_newest=\"1.%u\"} 1\n",
		OKE_GUARD_VERSION, v->newest);
	metrics_head(
		f, "oke_guard_kubernetes_minor", "gauge",
		"The minor version of Kubernetes that features are judged by, by who told it.");
	fprintf(f, "oke_guard_kubernetes_minor{from=\"%s\"} %u\n", version_from_name(v->from),
		v->judged);
	metrics_value(f, "oke_guard_kubernetes_cluster_minor", "gauge",
		      "The cluster's minor version, as it was told; 0: nobody told it.", v->told);
	metrics_value(
		f, "oke_guard_kubernetes_newest_minor", "gauge",
		"The newest minor version of Kubernetes that is known, perhaps as of a pre-release.",
		v->preliminary ? v->preliminary : v->newest);
}
