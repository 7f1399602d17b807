/* SPDX-License-Identifier: Apache-2.0
 * judge_nodes.c - worker nodes by pool: version, age, readiness, and what the components need of
 * them. A finding is about a pool, so that 5,000 nodes are a handful of lines.
 */
#include "posture/components.h"

#include "policy/catalogue/versions.h"

#define DAY         86400
#define ROLLING     (7 * DAY)   /* a pool whose youngest node is younger is being rolled */
#define AGED        (180 * DAY) /* an image that is older has missed updates */
#define SETTLES     600         /* seconds that a node may be not ready */
#define SKEW_MAX    3           /* minors that a kubelet may be older */
#define OL7_DROPPED 35          /* from this minor on there are no Oracle Linux 7 images */
#define POOLS_MAX   1024

struct pool {
	const struct word *id, *version; /* one row a pool and version */
	size_t n, bad;
	int64_t eldest, youngest;
	const struct node *example;
};

struct pools {
	struct pool v[POOLS_MAX];
	size_t n;
};

static bool is_worker(const struct node *n)
{
	return !n->is_virtual && !n->deleting;
}

static struct pool *pool_of(struct pools *pools, const struct word *id, const struct word *version,
			    const struct node *n)
{
	size_t i = 0;

	while (i < pools->n && !(pools->v[i].id == id && pools->v[i].version == version))
		i++;
	if (i == POOLS_MAX)
		return NULL;
	if (i == pools->n)
		pools->v[pools->n++] = (struct pool){ id, version, 0, 0, INT64_MAX, 0, n };
	pools->v[i].n++;
	if (n->created && n->created < pools->v[i].eldest)
		pools->v[i].eldest = n->created;
	if (n->created > pools->v[i].youngest)
		pools->v[i].youngest = n->created;
	if (str_cmp(n->name, pools->v[i].example->name) < 0)
		pools->v[i].example = n;
	return &pools->v[i];
}

static struct posture_finding found_pool(const struct pool *pool, enum tier tier, struct str path)
{
	bool pooled = pool->id->text.n;

	return (struct posture_finding){
		.tier = tier,
		.kind = pooled ? STR("NodePool") : STR("Node"),
		.name = pooled ? pool->id->text : pool->example->name,
		.example = pool->example->name,
		.path = path,
		.evidence = "object",
	};
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static const char *are(size_t n)
{
	return n == 1 ? "is" : "are";
}

/* ---- versions ---- */

static void judge_skew_of(struct posture *p, const struct pool *pool, struct arena *arena)
{
	struct posture_finding f = found_pool(pool, TIER_UNSUPPORTED, pool->version->text);
	struct kube_version v;

	if (!p->minor || !kube_version_parse(pool->version->text, &v))
		return;
	f.path = words_of(arena, "kubeletVersion=%.*s", STR_ARG(pool->version->text));
	f.to = pool->version->text;
	f.remedy = STR("upgrade the node pool, then replace its nodes");
	if (pool->id->text.n)
		f.command = STR("oci ce node-pool update --node-pool-id $NODE_POOL "
				"--kubernetes-version $VERSION");
	if (v.minor > p->minor)
		f.text = words_of(arena, "%zu node%s %s newer (1.%u) than the control plane (1.%u)",
				  pool->n, plural(pool->n), are(pool->n), v.minor, p->minor);
	else if (p->minor - v.minor > SKEW_MAX)
		f.text = words_of(arena,
				  "%zu node%s %s at 1.%u, more than %d minors behind the control "
				  "plane (1.%u)",
				  pool->n, plural(pool->n), are(pool->n), v.minor, SKEW_MAX,
				  p->minor);
	else if (p->minor - v.minor == SKEW_MAX) {
		f.tier = TIER_SUPPORTED;
		f.text =
			words_of(arena,
				 "%zu node%s %s at 1.%u, as far behind the control plane (1.%u) as "
				 "may be: upgrade them before it",
				 pool->n, plural(pool->n), are(pool->n), v.minor, p->minor);
	} else {
		return;
	}
	found_add(p, CHECK_NODE_SKEW, &f);
}

static unsigned minor_of(const struct word *version)
{
	struct kube_version v;

	return kube_version_parse(version->text, &v) ? v.minor : 0;
}

/* The first row of a pool whose nodes are of two minors. */
static void judge_mixed_of(struct posture *p, const struct pools *pools, size_t at,
			   struct arena *arena)
{
	const struct pool *pool = &pools->v[at];
	struct posture_finding f = found_pool(pool, TIER_SUPPORTED, STR("kubeletVersion"));
	unsigned low = minor_of(pool->version), high = low;
	int64_t youngest = pool->youngest;

	for (size_t i = 0; i < pools->n; i++) {
		unsigned minor = minor_of(pools->v[i].version);

		if (pools->v[i].id != pool->id || !minor)
			continue;
		if (i < at)
			return; /* told already */
		low = minor < low ? minor : low;
		high = minor > high ? minor : high;
		youngest = pools->v[i].youngest > youngest ? pools->v[i].youngest : youngest;
	}
	if (!pool->id->text.n || low == high || p->now - youngest < ROLLING)
		return;
	f.text = words_of(arena,
			  "nodes of 1.%u and of 1.%u are in this pool, and none is younger "
			  "than 7 days",
			  low, high);
	f.remedy = STR("replace the older nodes: the pool makes them again with its version");
	found_add(p, CHECK_NODE_MIXED, &f);
}

static void judge_versions(struct posture *p, struct pools *pools)
{
	pools->n = 0;
	for (const struct node *n = p->nodes; n; n = n->next)
		if (is_worker(n))
			pool_of(pools, n->pool, n->version, n);
	for (size_t i = 0; i < pools->n; i++) {
		scoped(arena_end) struct arena arena = { .blocks = NULL };

		arena_init(&arena, 1u << 16);
		judge_skew_of(p, &pools->v[i], &arena);
		judge_mixed_of(p, pools, i, &arena);
	}
}

/* ---- age ---- */

static bool is_linux7(struct str os)
{
	return str_starts(os, STR("Oracle Linux Server 7"));
}

static void judge_age_of(struct posture *p, const struct pool *pool)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	bool old = p->minor >= OL7_DROPPED && is_linux7(pool->version->text);
	struct posture_finding f =
		found_pool(pool, old ? TIER_UNSUPPORTED : TIER_SUPPORTED, STR("osImage"));

	arena_init(&arena, 1u << 16);
	f.to = pool->version->text;
	f.remedy = STR("give the node pool a newer image and replace its nodes");
	if (old)
		f.text = words_of(&arena,
				  "%zu node%s run%s Oracle Linux 7, which OKE does not offer "
				  "for 1.%u",
				  pool->n, plural(pool->n), pool->n == 1 ? "s" : "", p->minor);
	else if (pool->eldest != INT64_MAX && p->now - pool->eldest > AGED)
		f.text = words_of(&arena,
				  "the eldest of %zu node%s is %lld days old: its OS image "
				  "has missed that long of updates",
				  pool->n, plural(pool->n),
				  (long long)((p->now - pool->eldest) / DAY));
	else
		return;
	found_add(p, CHECK_NODE_AGE, &f);
}

static void judge_ages(struct posture *p, struct pools *pools)
{
	pools->n = 0;
	for (const struct node *n = p->nodes; n; n = n->next)
		if (is_worker(n))
			pool_of(pools, n->pool, n->os, n);
	for (size_t i = 0; i < pools->n; i++)
		judge_age_of(p, &pools->v[i]);
}

/* ---- health ---- */

static bool is_sick(const struct posture *p, const struct node *n)
{
	return n->told_ready && !n->ready && n->since && p->now - n->since > SETTLES;
}

static void judge_node_health(struct posture *p, struct pools *pools)
{
	static const struct word any = { .text = { "", 0 } };
	size_t untold = 0;

	pools->n = 0;
	for (const struct node *n = p->nodes; n; n = n->next) {
		untold += is_worker(n) && n->told_ready && !n->ready && !n->since;
		if (is_worker(n) && is_sick(p, n))
			pool_of(pools, n->pool, &any, n);
	}
	for (size_t i = 0; i < pools->n; i++) {
		scoped(arena_end) struct arena arena = { .blocks = NULL };
		struct posture_finding f = found_pool(&pools->v[i], TIER_SUPPORTED,
						      STR("status.conditions[type=Ready]"));

		arena_init(&arena, 1u << 16);
		f.text = words_of(&arena,
				  "%zu node%s of it (%.*s for one) %s not been Ready for "
				  "more than 10 minutes",
				  pools->v[i].n, plural(pools->v[i].n),
				  STR_ARG(pools->v[i].example->name),
				  pools->v[i].n == 1 ? "has" : "have");
		found_add(p, CHECK_NODE_HEALTH, &f);
	}
	if (untold)
		outcome_unknown(p, CHECK_NODE_HEALTH,
				"%zu nodes are not ready, and since when is not told", untold);
}

/* ---- what components need of nodes ---- */

static void tell_label(struct posture *p, const struct node *example, size_t n, const char *label)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f = { .tier = TIER_SUPPORTED,
				     .kind = STR("Node"),
				     .name = example->name,
				     .evidence = "object" };

	arena_init(&arena, 1u << 16);
	f.path = words_of(&arena, "metadata.labels[\"%s\"]", label);
	f.text = words_of(&arena, "%zu node%s %s without label %s, which OKE's DaemonSets select",
			  n, plural(n), are(n), label);
	found_add(p, CHECK_NODE_LABELS, &f);
}

static void judge_labels(struct posture *p)
{
	bool proxymux = kept_find(&p->objects, "DaemonSet", "kube-system", STR("proxymux-client"));
	struct {
		const char *label;
		const struct node *example;
		size_t n;
	} missing[] = { { "kubernetes.io/os", NULL, 0 },
			{ "kubernetes.io/arch", NULL, 0 },
			{ "node.info.ds_proxymux_client", NULL, 0 } };

	for (const struct node *n = p->nodes; n; n = n->next) {
		const bool lacks[] = { !n->os_label, !n->arch_label,
				       proxymux && n->managed && !n->proxymux };

		for (size_t i = 0; is_worker(n) && i < 3; i++)
			if (lacks[i]) {
				missing[i].example = n;
				missing[i].n++;
			}
	}
	for (size_t i = 0; i < 3; i++)
		if (missing[i].n)
			tell_label(p, missing[i].example, missing[i].n, missing[i].label);
}

static void tell_network(struct posture *p, const char *kind, struct str name, size_t n,
			 const char *what)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f = { .tier = TIER_SUPPORTED,
				     .kind = str_of(kind),
				     .name = name,
				     .example = name,
				     .path = STR("network"),
				     .evidence = "object" };

	arena_init(&arena, 1u << 16);
	f.text = words_of(&arena, "%zu %s%s %s", n, kind, plural(n), what);
	found_add(p, CHECK_POD_NETWORKS, &f);
}

static void judge_networks(struct posture *p)
{
	struct word_list names = { .v = NULL };
	struct str without = STR(""), stray = STR("");
	size_t without_n = 0, stray_n = 0;

	if (!kept_find(&p->objects, "DaemonSet", "kube-system", STR("vcn-native-ip-cni"))) {
		outcome_not_applicable(p, CHECK_POD_NETWORKS,
				       "VCN-native pod networking is not used");
		return;
	}
	if (p->sources[SRC_NPNS].got != GOT_WHOLE && p->sources[SRC_NPNS].got != GOT_SOME)
		return;
	word_list_sort(&p->npns);
	for (const struct node *n = p->nodes; n; n = n->next) {
		word_list_add(p, &names, word_of(p, n->name));
		if (!is_worker(n) || n->own_network || p->now - n->created < SETTLES ||
		    word_list_finds(&p->npns, n->name))
			continue;
		without = n->name;
		without_n++;
	}
	word_list_sort(&names);
	for (size_t i = 0; i < p->npns.n; i++)
		if (!word_list_finds(&names, p->npns.v[i]->text)) {
			stray = p->npns.v[i]->text;
			stray_n++;
		}
	if (without_n)
		tell_network(p, "Node", without, without_n, "without a NativePodNetwork");
	if (stray_n)
		tell_network(p, "NativePodNetwork", stray, stray_n, "without a node");
}

/* ---- what Oracle can see ---- */

/* Off is a documented choice, unless the configuration says that it is on. */
static bool tell_addon_off(struct posture *p, const char *name, const char *addon)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f = { .tier = TIER_SUPPORTED,
				     .api_version = STR("apps/v1"),
				     .kind = STR("DaemonSet"),
				     .namespace = STR("kube-system"),
				     .name = str_of(name),
				     .evidence = "absent" };

	if (kept_find(&p->objects, "DaemonSet", "kube-system", f.name) ||
	    p->sources[SRC_DAEMONSETS].got != GOT_WHOLE)
		return false;
	if (!str_is(fact_of_addon(p, addon, "managed"), "true"))
		return true;
	arena_init(&arena, 1u << 16);
	f.text = words_of(
		&arena, "the configuration says that add-on %s is on, and it is not there", addon);
	f.command = words_of(&arena,
			     "oci ce cluster install-addon --addon-name %s --cluster-id $CLUSTER",
			     addon);
	found_add(p, CHECK_OBSERVABILITY, &f);
	return true;
}

static void judge_observability(struct posture *p)
{
	size_t no_npd = 0, no_agent = 0;
	bool npd, agent;

	for (const struct node *n = p->nodes; n; n = n->next) {
		no_npd += n->npd_off;
		no_agent += n->observing_off;
	}
	npd = tell_addon_off(p, "oke-node-problem-detector", "NodeProblemDetector");
	agent = tell_addon_off(p, "oke-dataplane-observability-agent", "ObservabilityAgent");
	if (npd && agent)
		outcome_not_applicable(p, CHECK_OBSERVABILITY,
				       "both add-ons are off, a documented choice: nobody tells "
				       "Oracle of sick nodes");
	else if (npd || agent)
		note(p, "add-on %s is off, a documented choice",
		     npd ? "NodeProblemDetector" : "ObservabilityAgent");
	if (no_npd || no_agent)
		note(p,
		     "nodes opt out by their labels: %zu of NodeProblemDetector, %zu of "
		     "ObservabilityAgent",
		     no_npd, no_agent);
}

void scan_judge_nodes(struct posture *p)
{
	static const enum check_id of_nodes[] = { CHECK_NODE_SKEW, CHECK_NODE_MIXED, CHECK_NODE_AGE,
						  CHECK_NODE_HEALTH, CHECK_NODE_LABELS };
	struct pools *pools = arena_zalloc(&p->arena, sizeof *pools);

	if (!pools) {
		p->full = true;
		return;
	}
	judge_versions(p, pools);
	judge_ages(p, pools);
	judge_node_health(p, pools);
	judge_labels(p);
	judge_networks(p);
	judge_observability(p);
	for (size_t i = 0; !p->nodes_n && i < sizeof of_nodes / sizeof *of_nodes; i++)
		if (p->sources[SRC_NODES].got == GOT_WHOLE)
			outcome_not_applicable(p, of_nodes[i], "there are no nodes");
}
