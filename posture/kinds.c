/* SPDX-License-Identifier: Apache-2.0
 * kinds.c - from an object to its reader, and from a request's path to a kind.
 */
#include "posture/scan.h"

#include "lib/base/cleanup.h"
#include "lib/base/time.h"

#define ITEM_MEMORY (128u << 20) /* of one object: its nodes, and the judgement */

static const struct {
	const char *group, *kind;
	int (*read)(struct posture *p, const struct item *i, struct err *err);
} readers[] = {
	{ "apps", "Deployment", scan_read_workload },
	{ "apps", "DaemonSet", scan_read_workload },
	{ "apps", "StatefulSet", scan_read_workload },
	{ "batch", "CronJob", scan_read_workload },
	{ "batch", "Job", scan_read_workload },
	{ "apps", "ReplicaSet", scan_read_revision },
	{ "apps", "ControllerRevision", scan_read_revision },
	{ "", "Pod", scan_read_pod },
	{ "", "Node", scan_read_node },
	{ "", "ConfigMap", scan_read_config },
	{ "", "Service", scan_read_plain },
	{ "", "ServiceAccount", scan_read_plain },
	{ "storage.k8s.io", "StorageClass", scan_read_plain },
	{ "storage.k8s.io", "CSIDriver", scan_read_plain },
	{ "", "PersistentVolume", scan_read_plain },
	{ "discovery.k8s.io", "EndpointSlice", scan_read_slice },
	{ "rbac.authorization.k8s.io", "ClusterRole", scan_read_role },
	{ "rbac.authorization.k8s.io", "Role", scan_read_role },
	{ "rbac.authorization.k8s.io", "ClusterRoleBinding", scan_read_binding },
	{ "rbac.authorization.k8s.io", "RoleBinding", scan_read_binding },
	{ "admissionregistration.k8s.io", "ValidatingWebhookConfiguration", scan_read_webhooks },
	{ "admissionregistration.k8s.io", "MutatingWebhookConfiguration", scan_read_webhooks },
	{ "admissionregistration.k8s.io", "ValidatingAdmissionPolicy", scan_read_admission_policy },
	{ "admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding",
	  scan_read_admission_policy },
	{ "admissionregistration.k8s.io", "MutatingAdmissionPolicy", scan_read_admission_policy },
	{ "policy", "PodDisruptionBudget", scan_read_budget },
	{ "autoscaling", "HorizontalPodAutoscaler", scan_read_autoscaler },
	{ "autoscaling.k8s.io", "VerticalPodAutoscaler", scan_read_autoscaler },
	{ "keda.sh", "ScaledObject", scan_read_autoscaler },
	{ "", "ResourceQuota", scan_read_surrounding },
	{ "", "LimitRange", scan_read_surrounding },
	{ "networking.k8s.io", "NetworkPolicy", scan_read_surrounding },
	{ "", "Namespace", scan_read_surrounding },
	{ "flowcontrol.apiserver.k8s.io", "FlowSchema", scan_read_surrounding },
	{ "oci.oraclecloud.com", "NativePodNetwork", scan_read_pod_network },
};

/* ---- paths ---- */

static struct str next_part(struct str *rest)
{
	const char *slash = rest->n ? memchr(rest->s, '/', rest->n) : NULL;
	struct str part = { rest->s, slash ? (size_t)(slash - rest->s) : rest->n };

	*rest = str_from(*rest, slash ? part.n + 1 : part.n);
	return part;
}

static struct str without_query(struct str path)
{
	const char *mark = path.n ? memchr(path.s, '?', path.n) : NULL;

	return mark ? (struct str){ path.s, (size_t)(mark - path.s) } : path;
}

/* "/apis/apps/v1/namespaces/kube-system/deployments/coredns" */
bool kinds_of_path(struct str path, struct gvk *out, struct str *namespace, struct str *name)
{
	struct str rest = without_query(path), part, resource;
	int source;

	next_part(&rest);
	part = next_part(&rest);
	*out = (struct gvk){ .group = STR("") };
	*namespace = *name = (struct str){ NULL, 0 };
	if (str_is(part, "apis"))
		out->group = next_part(&rest);
	else if (!str_is(part, "api"))
		return false;
	out->version = next_part(&rest);
	resource = next_part(&rest);
	if (str_is(resource, "namespaces") && rest.n) {
		*namespace = next_part(&rest);
		if (rest.n)
			resource = next_part(&rest);
		else
			*name = *namespace; /* the Namespace itself */
	}
	if (rest.n)
		*name = next_part(&rest);
	if ((source = source_of(out->group, resource)) < 0)
		return false;
	out->kind = str_of(sources[source].kind);
	return true;
}

/* ---- objects ---- */

static bool item_fill(struct item *i)
{
	const struct json *m = json_get(i->root, STR("metadata"));
	struct str created = json_str(json_get(m, STR("creationTimestamp")));

	if (i->root->type != JSON_OBJECT || !m || m->type != JSON_OBJECT)
		return false;
	i->namespace = json_str(json_get(m, STR("namespace")));
	i->name = json_str(json_get(m, STR("name")));
	i->uid = json_str(json_get(m, STR("uid")));
	i->deleting = json_str(json_get(m, STR("deletionTimestamp"))).n;
	i->has_managers = json_get(m, STR("managedFields"));
	if (!time_parse(created, &i->created))
		i->created = 0;
	return i->name.n;
}

static int item_read(struct posture *p, struct item *i, struct err *err)
{
	int source = source_of_kind(i->gvk.group, i->gvk.kind);

	if (source < 0 || !item_fill(i))
		return 0;
	p->sources[source].items++;
	for (size_t n = 0; n < sizeof readers / sizeof *readers; n++)
		if (str_is(i->gvk.group, readers[n].group) && str_is(i->gvk.kind, readers[n].kind))
			return readers[n].read(p, i, err);
	return 0;
}

static int item_of(struct posture *p, const struct gvk *gvk, struct str json,
		   const struct table_row *row, struct err *err)
{
	static const struct json_opaque opaque = { { "metadata", 8 }, { "managedFields", 13 } };
	const struct json_limits limits = { .opaque = &opaque };
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct item i = { .gvk = *gvk, .text = json, .arena = &arena, .row = row };

	arena_init(&arena, ITEM_MEMORY);
	if (!(i.root = json_parse(json, &limits, &arena, err)))
		return err->kind == ERR_NOMEM ? -1 : 0; /* no object of an API server */
	return item_read(p, &i, err);
}

int kinds_read(struct posture *p, const struct gvk *gvk, struct str json, struct err *err)
{
	return item_of(p, gvk, json, NULL, err);
}

int kinds_read_row(struct posture *p, const struct gvk *gvk, struct str json,
		   const struct table_row *row, struct err *err)
{
	return item_of(p, gvk, json, row, err);
}

/* What `kubectl version -o json` and `kubectl get --raw /apis` print. */
static int read_server(struct posture *p, struct str json, struct err *err)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	const struct json *root;

	arena_init(&arena, ITEM_MEMORY);
	if (!(root = json_parse(json, NULL, &arena, err)))
		return err->kind == ERR_NOMEM ? -1 : 0;
	return json_get(root, STR("groups")) ? scan_read_apis(p, root) : scan_read_version(p, root);
}

/* A plain list: nobody knows whether it was whole. */
int posture_object(struct posture *p, const struct gvk *gvk, struct str json, struct err *err)
{
	int source = source_of_kind(gvk->group, gvk->kind);

	p->plain = true;
	p->items++;
	if (!gvk->kind.n || str_is(gvk->kind, "APIGroupList"))
		return read_server(p, json, err);
	if (source < 0)
		return 0;
	if (p->sources[source].got == GOT_NOTHING)
		p->sources[source].got = GOT_SOME;
	return kinds_read(p, gvk, json, err);
}
