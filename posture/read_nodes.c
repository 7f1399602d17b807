/* SPDX-License-Identifier: Apache-2.0
 * read_nodes.c - nodes and NativePodNetworks. Nodes come as rows of a table with their metadata: a
 * tenth of the bytes of the objects. A row does not say since when a node is not ready, so those
 * few are asked for one by one.
 */
#include "posture/scan.h"

#define ASK_NODES_MAX 50 /* that are not ready */

static struct str label_of(const struct item *i, const char *key)
{
	return json_str(
		json_get(json_get(json_get(i->root, STR("metadata")), STR("labels")), str_of(key)));
}

static struct str annotation_of(const struct item *i, const char *key)
{
	return json_str(json_get(json_get(json_get(i->root, STR("metadata")), STR("annotations")),
				 str_of(key)));
}

static bool has_label(const struct item *i, const char *key)
{
	return json_get(json_get(json_get(i->root, STR("metadata")), STR("labels")), str_of(key));
}

static struct str info_of(const struct item *i, const char *key)
{
	return json_str(
		json_get(json_get(json_get(i->root, STR("status")), STR("nodeInfo")), str_of(key)));
}

static void read_condition(struct node *n, const struct item *i)
{
	const struct json *list = json_get(json_get(i->root, STR("status")), STR("conditions"));

	if (!list || list->type != JSON_ARRAY)
		return;
	for (const struct json *c = list->child; c; c = c->next) {
		if (!str_is(json_str(json_get(c, STR("type"))), "Ready"))
			continue;
		n->told_ready = true;
		n->ready = str_is(json_str(json_get(c, STR("status"))), "True");
		if (!time_parse(json_str(json_get(c, STR("lastTransitionTime"))), &n->since))
			n->since = 0;
	}
}

static bool holds(struct str s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.n; i++)
		if (!memcmp(s.s + i, word, n) && (!i || s.s[i - 1] == ',') &&
		    (i + n == s.n || s.s[i + n] == ','))
			return true;
	return false;
}

static void read_status(struct posture *p, struct node *n, const struct item *i)
{
	const struct json *cordoned =
		json_get(json_get(i->root, STR("spec")), STR("unschedulable"));

	if (!i->row) {
		n->version = word_of(p, info_of(i, "kubeletVersion"));
		n->os = word_of(p, info_of(i, "osImage"));
		n->cordoned = cordoned && cordoned->type == JSON_TRUE;
		read_condition(n, i);
		return;
	}
	n->version = word_of(p, i->row->version);
	n->os = word_of(p, i->row->os);
	n->told_ready = i->row->status.n;
	n->ready = holds(i->row->status, "Ready");
	n->cordoned = holds(i->row->status, "SchedulingDisabled");
	if (n->told_ready && !n->ready && p->nodes_asked < ASK_NODES_MAX) {
		p->nodes_asked++;
		named_add(p, SRC_NODES, NULL, i->name, (struct str){ NULL, 0 });
	}
}

static void read_labels(struct posture *p, struct node *n, const struct item *i)
{
	struct str pool = annotation_of(i, "oci.oraclecloud.com/node-pool-id");

	if (!pool.n)
		pool = annotation_of(i, "oci.oraclecloud.com/virtual-node-pool-id");
	n->pool = word_of(p, pool);
	n->is_virtual = has_label(i, "node-role.kubernetes.io/virtual-node");
	n->managed = str_is(label_of(i, "oci.oraclecloud.com/node.info.managed"), "true");
	n->byon = str_is(label_of(i, "oci.oraclecloud.com/node.info.byon"), "true");
	n->os_label = str_is(label_of(i, "kubernetes.io/os"), "linux") ||
		      str_is(label_of(i, "kubernetes.io/os"), "windows");
	n->arch_label = has_label(i, "kubernetes.io/arch");
	n->proxymux = str_is(label_of(i, "node.info.ds_proxymux_client"), "true");
	n->own_network = str_is(label_of(i, "oci.oraclecloud.com/custom-k8s-networking"), "true");
	n->observing_off =
		str_is(label_of(i, "oci.oraclecloud.com/oke-observability-agent-enabled"), "false");
	n->npd_off = str_is(label_of(i, "oci.oraclecloud.com/oke-node-problem-detector-enabled"),
			    "false");
}

/* The whole object of a node that a row told of. */
static bool complete_node(struct posture *p, const struct item *i)
{
	if (!p->streamed || i->row || !named_find(p, SRC_NODES, i->name))
		return false;
	for (struct node *n = p->nodes; n; n = n->next)
		if (str_eq(n->name, i->name)) {
			read_condition(n, i);
			return true;
		}
	return false;
}

int scan_read_node(struct posture *p, const struct item *i, struct err *err)
{
	struct node *n;

	(void)err;
	if (complete_node(p, i))
		return 0;
	if (!(n = arena_zalloc(&p->arena, sizeof *n))) {
		p->full = true;
		return 0;
	}
	*n = (struct node){ .next = p->nodes,
			    .name = keep_str(p, i->name),
			    .created = i->created,
			    .deleting = i->deleting };
	read_labels(p, n, i);
	read_status(p, n, i);
	p->nodes = n;
	p->nodes_n++;
	return 0;
}

int scan_read_pod_network(struct posture *p, const struct item *i, struct err *err)
{
	(void)err;
	word_list_add(p, &p->npns, word_of(p, i->name));
	return 0;
}
