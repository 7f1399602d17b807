/* SPDX-License-Identifier: Apache-2.0
 * judge_dns.c - CoreDNS and the network: what customers add to it, where its Service leads, and who
 * else makes the network.
 */
#include "posture/components.h"
#include "posture/timeline.h"

#include "policy/object/corefile.h"
#include "policy/object/path.h"

#define OBJECT_MEMORY (64u << 20)

/* ---- coredns-custom ---- */

/* All that is wrong with a key is one finding. */
struct custom_report {
	struct posture *p;
	const struct kept *k;
	struct arena *arena;
	struct str key;
	struct text faults;
};

static void tell_key(struct custom_report *r)
{
	struct posture_finding f = found_kept(r->k, r->arena, TIER_SUPPORTED);

	if (!r->faults.n)
		return;
	f.path = words_of(r->arena, "data[\"%.*s\"]", STR_ARG(r->key));
	f.text = words_of(r->arena, "the next CoreDNS pod ends instead of starting: %.*s",
			  STR_ARG(text_get(&r->faults)));
	found_add(r->p, CHECK_COREDNS_CUSTOM, &f);
}

static void custom_problem(void *ctx, const struct corefile_problem *problem)
{
	struct custom_report *r = ctx;

	if (!str_eq(problem->key, r->key)) {
		tell_key(r);
		r->key = problem->key;
		text_init(&r->faults, r->arena, 500);
	}
	if (problem->unread) {
		note(r->p, "ConfigMap kube-system/coredns-custom: key %.*s %s",
		     STR_ARG(printable_cut(r->key, 80, r->arena)), problem->what);
		return;
	}
	text_puts(&r->faults, r->faults.n ? "; " : "");
	corefile_problem_print(problem, &r->faults);
}

static void judge_custom(struct posture *p)
{
	const struct kept *k =
		kept_find(&p->configs, "ConfigMap", "kube-system", STR("coredns-custom"));
	const struct named *asked = named_find(p, SRC_CONFIGMAPS, STR("coredns-custom"));
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct custom_report r = { .p = p, .arena = &arena };

	if (!k && asked && asked->got == GOT_MISSING)
		outcome_not_applicable(p, CHECK_COREDNS_CUSTOM,
				       "there is no ConfigMap coredns-custom");
	if (!k)
		return;
	arena_init(&arena, OBJECT_MEMORY);
	r.k = k;
	text_init(&r.faults, &arena, 500);
	corefile_problems_each(json_get(kept_parse(k, false, &arena), STR("data")), custom_problem,
			       &r);
	tell_key(&r);
}

/* ---- endpoints of kube-dns ---- */

/* Pods come and go between two requests: one that is not in the list may be CoreDNS's next. */
static bool may_be_dns_pod(const struct posture *p, struct str name)
{
	for (const struct system_pod *pod = p->pods; pod; pod = pod->next)
		if (str_eq(pod->name, name))
			return pod->dns;
	return true;
}

static void judge_endpoints(struct posture *p)
{
	if (p->sources[SRC_PODS].got != GOT_WHOLE && p->sources[SRC_PODS].got != GOT_SOME)
		return;
	for (size_t i = 0; i < p->dns_targets.n && i < 1000; i++) {
		scoped(arena_end) struct arena arena = { .blocks = NULL };
		struct str text = p->dns_targets.v[i]->text, slice, target;
		const char *space = memchr(text.s, ' ', text.n);
		struct posture_finding f = { .tier = TIER_UNSUPPORTED,
					     .api_version = STR("discovery.k8s.io/v1"),
					     .kind = STR("EndpointSlice"),
					     .namespace = STR("kube-system"),
					     .evidence = "object" };

		if (!space)
			continue;
		arena_init(&arena, 1u << 16);
		slice = (struct str){ text.s, (size_t)(space - text.s) };
		target = str_from(text, slice.n + 1);
		if (target.n && may_be_dns_pod(p, target))
			continue;
		f.name = slice;
		f.path = words_of(&arena, "endpoints[targetRef.name=%.*s]", STR_ARG(target));
		f.text = words_of(&arena,
				  "Service kube-dns leads to %s%.*s, which is no pod of "
				  "CoreDNS",
				  target.n ? "pod " : "an address", STR_ARG(target));
		found_add(p, CHECK_DNS_ENDPOINTS, &f);
	}
	if (!p->endpoints && p->sources[SRC_SLICES].got == GOT_WHOLE)
		outcome_not_applicable(p, CHECK_DNS_ENDPOINTS,
				       "Service kube-dns has no EndpointSlice");
}

/* ---- customised ConfigMaps ---- */

static bool somebody_wrote(const struct posture *p, const struct kept *k, struct str *who,
			   struct arena *arena)
{
	struct owners owners;
	static const struct place data = { NULL, { .kind = STEP_KEY, .key = { "data", 4 } }, 1 };
	const struct owner *o;

	owners_read(kept_parse(k, true, arena), &owners);
	o = owners_last(&owners, p->installer, &data);
	*who = o ? o->manager : STR("");
	return o;
}

static void judge_customised(struct posture *p, const char *name, const char *addon,
			     const char *key)
{
	const struct kept *k = kept_find(&p->configs, "ConfigMap", "kube-system", str_of(name));
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f;
	struct posture_fact fact = { .value = STR("true") };
	bool declared = str_is(fact_of_addon(p, addon, key), "true"), written;
	struct str who;

	if (!k || !k->has_managers || !p->installer.n)
		return;
	arena_init(&arena, OBJECT_MEMORY);
	written = somebody_wrote(p, k, &who, &arena);
	f = found_kept(k, &arena, TIER_SUPPORTED);
	f.path = STR("data");
	if (written) {
		fact.name = keep_str(p, words_of(&arena, "addons.%s.%s", addon, key));
		fact.configured = fact_of_addon(p, addon, key);
		fact.evidence =
			keep_str(p, words_of(&arena,
					     "ConfigMap kube-system/%s, last "
					     "written by %.*s; true only if the "
					     "add-on's argument says so",
					     name, STR_ARG(printable_cut(who, 80, &arena))));
		fact.comment = !declared;
		fact_add(p, &fact);
	} else if (declared) {
		f.text = words_of(&arena,
				  "the configuration says that ConfigMap %s is customised "
				  "(addons.%s.%s), and nobody but OKE has written it",
				  name, addon, key);
		f.remedy = STR("take the fact out of the configuration: it takes the ConfigMap out "
			       "of guard");
		found_add(p, CHECK_CONFIGURATION, &f);
	}
}

/* ---- other networks ---- */

static const struct network {
	const char *image, *name;
	bool chained; /* documented, or sampled by Oracle, beside the VCN-native CNI */
} networks[] = {
	{ "calico/node", "Calico", true },
	{ "cilium/cilium", "Cilium", true },
	{ "weaveworks/weave", "Weave", false },
	{ "cloudnativelabs/kube-router", "kube-router", false },
	{ "antrea/antrea", "Antrea", false },
};

static bool image_names(struct str image, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= image.n; i++)
		if (!memcmp(image.s + i, part, n) && (!i || image.s[i - 1] == '/') &&
		    (i + n == image.n || image.s[i + n] == ':' || image.s[i + n] == '@'))
			return true;
	return false;
}

void scan_read_networking(struct posture *p, const struct item *i)
{
	const struct json *list = json_get(pod_spec_of(i->root), STR("containers"));

	if (!str_is(i->gvk.kind, "DaemonSet") || !list || list->type != JSON_ARRAY)
		return;
	for (const struct json *c = list->child; c; c = c->next)
		for (size_t n = 0; n < sizeof networks / sizeof *networks; n++)
			if (image_names(json_str(json_get(c, STR("image"))), networks[n].image))
				word_list_add(p, &p->networks,
					      word_of(p, words_of(i->arena, "%zu %.*s/%.*s", n,
								  STR_ARG(i->namespace),
								  STR_ARG(i->name))));
}

static void tell_conflict(struct posture *p, const struct network *n, struct str name)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	const char *slash = memchr(name.s, '/', name.n);
	struct posture_finding f = { .tier = TIER_UNSUPPORTED,
				     .api_version = STR("apps/v1"),
				     .kind = STR("DaemonSet"),
				     .path = STR("cni"),
				     .evidence = "object" };

	arena_init(&arena, 1u << 16);
	f.namespace = (struct str){ name.s, slash ? (size_t)(slash - name.s) : 0 };
	f.name = str_from(name, slash ? f.namespace.n + 1 : 0);
	f.text = words_of(&arena, "%s runs beside flannel: Oracle supports one CNI", n->name);
	found_add(p, CHECK_NETWORKING, &f);
}

static void judge_networking(struct posture *p)
{
	bool flannel = kept_find(&p->objects, "DaemonSet", "kube-system", STR("kube-flannel-ds"));

	for (size_t i = 0; i < p->networks.n; i++) {
		struct str text = p->networks.v[i]->text;
		const struct network *n = &networks[text.s[0] - '0'];

		if (flannel)
			tell_conflict(p, n, str_from(text, 2));
		else
			note(p, "%s is installed (DaemonSet %.*s)", n->name,
			     STR_ARG(str_from(text, 2)));
	}
}

void scan_judge_dns(struct posture *p)
{
	judge_custom(p);
	judge_endpoints(p);
	judge_customised(p, "coredns", "CoreDNS", "customizeCoreDNSConfigMap");
	judge_customised(p, "kube-proxy", "KubeProxy", "customizeKubeProxyConfigMap");
	judge_networking(p);
}
