/* SPDX-License-Identifier: Apache-2.0
 * workload.c - the kinds that make pods, and where the pod's spec stands in each.
 */
#include "policy/alpha/finder.h"

static const struct workload {
	const char *group, *kind;
	const char *path[POD_SPEC_STEPS];
} workloads[] = {
	{ "", "Pod", { "spec" } },
	{ "", "PodTemplate", { "template", "spec" } },
	{ "", "ReplicationController", { "spec", "template", "spec" } },
	{ "apps", "DaemonSet", { "spec", "template", "spec" } },
	{ "apps", "Deployment", { "spec", "template", "spec" } },
	{ "apps", "ReplicaSet", { "spec", "template", "spec" } },
	{ "apps", "StatefulSet", { "spec", "template", "spec" } },
	{ "batch", "CronJob", { "spec", "jobTemplate", "spec", "template", "spec" } },
	{ "batch", "Job", { "spec", "template", "spec" } },
};

static const struct workload *workload_of(const struct gvk *gvk)
{
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
		if (str_is(gvk->kind, workloads[i].kind) && str_is(gvk->group, workloads[i].group))
			return &workloads[i];
	return NULL;
}

bool workload_is(const struct gvk *gvk)
{
	return workload_of(gvk) != NULL;
}

bool workload_at(size_t i, struct gvk *out)
{
	if (i >= sizeof workloads / sizeof *workloads)
		return false;
	*out = (struct gvk){ .group = str_of(workloads[i].group),
			     .kind = str_of(workloads[i].kind) };
	return true;
}

static const struct json *workload_below(const struct json *object, const struct workload *w)
{
	for (size_t i = 0; i < POD_SPEC_STEPS && w->path[i] && object; i++)
		object = json_get(object, str_of(w->path[i]));
	return object && object->type == JSON_OBJECT ? object : NULL;
}

void workload_find_pod(struct subject *s, struct place steps[POD_SPEC_STEPS])
{
	const struct workload *w = workload_of(&s->gvk);

	if (!w || !(s->pod.spec = workload_below(s->object, w)))
		return;
	s->pod.old = workload_below(s->old, w);
	s->pod.at = s->at;
	for (size_t i = 0; i < POD_SPEC_STEPS && w->path[i]; i++) {
		steps[i] = place_key(s->pod.at, str_of(w->path[i]));
		s->pod.at = &steps[i];
	}
}
