/* SPDX-License-Identifier: Apache-2.0
 * judge_components.c - each component as it stands: is it there, does it run, with whose images,
 * is it OKE's at all?
 */
#include "posture/components.h"
#include "posture/timeline.h"

#include "policy/catalogue/versions.h"

#define OBJECT_MEMORY (64u << 20)
#define SETTLES       600 /* seconds that a component may be unavailable */

static bool is_complete(const struct posture *p, int source)
{
	return p->sources[source].got == GOT_WHOLE || p->sources[source].got == GOT_SOME;
}

static int source_of_component(const struct component *c)
{
	return !strcmp(c->kind, "Deployment") ? SRC_DEPLOYMENTS : SRC_DAEMONSETS;
}

/* Of plain lists nobody knows whether they are whole: only if other components are in them. */
static bool absence_counts(const struct posture *p, int source)
{
	if (p->sources[source].got == GOT_WHOLE)
		return true;
	if (p->sources[source].got != GOT_SOME)
		return false;
	for (const struct kept *k = p->objects.first; k; k = k->next)
		if (source_of_kind(k->gvk.group, k->gvk.kind) == source)
			return true;
	return false;
}

static struct kept *kept_component(const struct posture *p, const struct component *c)
{
	return kept_find(&p->objects, c->kind, c->namespace, str_of(c->name));
}

static bool is_switched_off(const struct posture *p, const struct component *c)
{
	return c->addon && str_is(fact_of_addon(p, c->addon, "managed"), "false");
}

static struct posture_finding found_missing(const char *api, const char *kind, const char *name,
					    struct arena *arena)
{
	return (struct posture_finding){
		.tier = TIER_UNSUPPORTED,
		.evidence = "absent",
		.api_version = str_of(api),
		.kind = str_of(kind),
		.namespace = STR("kube-system"),
		.name = str_of(name),
		.text = words_of(arena, "%s kube-system/%s is not there", kind, name),
	};
}

static void install_again(const struct component *c, struct posture_finding *f, struct arena *arena)
{
	if (!c || !c->addon) {
		f->remedy = STR("ask Oracle Support: no add-on that oke-guard knows brings it");
		return;
	}
	f->remedy = STR("let OKE put it back");
	f->command = words_of(arena,
			      "oci ce cluster install-addon --addon-name %s --cluster-id $CLUSTER "
			      "--is-override-existing true",
			      c->addon);
}

/* ---- missing ---- */

static void judge_essential(struct posture *p, const struct component *c)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f;

	if (c->class != COMPONENT_ESSENTIAL || is_switched_off(p, c) || kept_component(p, c) ||
	    !absence_counts(p, source_of_component(c)))
		return;
	arena_init(&arena, 1u << 16);
	f = found_missing("apps/v1", c->kind, c->name, &arena);
	install_again(c, &f, &arena);
	found_add(p, CHECK_MISSING, &f);
}

static void judge_cni(struct posture *p)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f;
	size_t n = 0;

	for (size_t i = 0; i < COMPONENTS_N; i++)
		n += components[i].class == COMPONENT_CNI && kept_component(p, &components[i]);
	if (n == 1 || str_is(fact_of(p, "cni"), "custom") || !absence_counts(p, SRC_DAEMONSETS))
		return;
	arena_init(&arena, 1u << 16);
	f = found_missing("apps/v1", "DaemonSet", n ? "vcn-native-ip-cni" : "kube-flannel-ds",
			  &arena);
	f.path = STR("cni");
	f.text = n ? STR("both of OKE's CNIs are installed, kube-flannel-ds and vcn-native-ip-cni")
		   : STR("neither of OKE's CNIs is there, kube-flannel-ds or vcn-native-ip-cni; if "
			 "you replaced it as Oracle's page describes, say cni: custom in the "
			 "configuration");
	f.evidence = n ? "object" : "absent";
	found_add(p, CHECK_MISSING, &f);
}

/* "DaemonSet kube-system/kube-flannel-ds" wants it: its add-on brings it. */
static const struct component *component_wanting(const struct named *n)
{
	const char *slash = n->wanted_by.n ? memchr(n->wanted_by.s, '/', n->wanted_by.n) : NULL;
	struct str name = str_from(n->wanted_by,
				   slash ? (size_t)(slash - n->wanted_by.s) + 1 : n->wanted_by.n);

	for (size_t i = 0; i < COMPONENTS_N; i++)
		if (str_is(name, components[i].name))
			return &components[i];
	return NULL;
}

static void judge_config_missing(struct posture *p, const struct named *n)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f;
	char name[260];
	bool coredns = str_is(n->name, "coredns");

	if (n->source != SRC_CONFIGMAPS || n->got != GOT_MISSING)
		return;
	if (!n->wanted_by.n &&
	    !(coredns && kept_find(&p->objects, "Deployment", "kube-system", STR("coredns"))))
		return;
	arena_init(&arena, 1u << 16);
	snprintf(name, sizeof name, "%.*s", STR_ARG(n->name));
	f = found_missing("v1", "ConfigMap", name, &arena);
	if (n->wanted_by.n)
		f.text =
			words_of(&arena,
				 "ConfigMap kube-system/%s is not there; the next pod of %.*s does "
				 "not start without it",
				 name, STR_ARG(n->wanted_by));
	install_again(coredns ? &components[0] : component_wanting(n), &f, &arena);
	found_add(p, CHECK_MISSING, &f);
}

static void judge_dns_service(struct posture *p)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct posture_finding f;

	if (p->sources[SRC_SERVICES].got != GOT_WHOLE || is_switched_off(p, &components[0]) ||
	    kept_find(&p->objects, "Service", "kube-system", STR("kube-dns")))
		return;
	arena_init(&arena, 1u << 16);
	f = found_missing("v1", "Service", "kube-dns", &arena);
	install_again(&components[0], &f, &arena);
	found_add(p, CHECK_MISSING, &f);
}

/* ---- images ---- */

/* Only of what is OKE's beyond doubt: add-ons may be documented software of the customer's own. */
static bool images_matter(const struct posture *p, const struct component *c)
{
	if (!c || is_switched_off(p, c))
		return false;
	return c->class != COMPONENT_ADDON ||
	       str_is(fact_of_addon(p, c->addon ? c->addon : "", "managed"), "true");
}

/* Drift tells it with the old value. */
static bool drift_tells(const struct posture *p, const struct kept *k, struct str path)
{
	for (const struct found *f = p->found[CHECK_DRIFT].first; f; f = f->next)
		if (str_eq(f->f.name, k->name) && str_eq(f->f.kind, k->gvk.kind) &&
		    str_starts(path, f->f.path))
			return true;
	return false;
}

static void judge_container(struct posture *p, const struct kept *k, const char *list,
			    const struct json *container, struct arena *arena)
{
	struct str name = json_str(json_get(container, STR("name")));
	struct str image = json_str(json_get(container, STR("image")));
	struct posture_finding f = found_kept(k, arena, TIER_UNSUPPORTED);
	const struct component *c = component_of(k->gvk.kind, k->namespace, k->name);

	f.path = words_of(arena, "spec.template.spec.%s[name=%.*s].image", list, STR_ARG(name));
	if (image_is_oracle(image) || drift_tells(p, k, f.path))
		return;
	f.to = image;
	f.evidence = "image";
	f.text = words_of(arena, "Oracle manages %.*s %.*s/%.*s, and this image is not Oracle's",
			  STR_ARG(k->gvk.kind), STR_ARG(k->namespace), STR_ARG(k->name));
	install_again(c, &f, arena);
	found_add(p, CHECK_IMAGE, &f);
}

static void judge_images(struct posture *p, const struct kept *k, const struct json *root,
			 struct arena *arena)
{
	static const char *const lists[] = { "initContainers", "containers" };

	for (size_t l = 0; l < 2; l++) {
		const struct json *list = json_get(pod_spec_of(root), str_of(lists[l]));

		if (list && list->type == JSON_ARRAY)
			for (const struct json *c = list->child; c; c = c->next)
				judge_container(p, k, lists[l], c, arena);
	}
}

/* ---- health ---- */

static long count_of(const struct json *status, const char *key)
{
	struct str s = json_str(json_get(status, str_of(key)));
	long v = 0;

	for (size_t i = 0; i < s.n && i < 9 && s.s[i] >= '0' && s.s[i] <= '9'; i++)
		v = 10 * v + (s.s[i] - '0');
	return v;
}

/* Since when a Deployment has not been Available; 0: it is, or that is not told. */
static int64_t unavailable_since(const struct json *status)
{
	const struct json *list = json_get(status, STR("conditions"));
	int64_t since;

	if (!list || list->type != JSON_ARRAY)
		return 0;
	for (const struct json *c = list->child; c; c = c->next)
		if (str_is(json_str(json_get(c, STR("type"))), "Available") &&
		    !str_is(json_str(json_get(c, STR("status"))), "True") &&
		    time_parse(json_str(json_get(c, STR("lastTransitionTime"))), &since))
			return since;
	return 0;
}

static void judge_health(struct posture *p, const struct kept *k, const struct json *root,
			 struct arena *arena)
{
	bool deployment = str_is(k->gvk.kind, "Deployment");
	const struct json *status = json_get(root, STR("status"));
	long want = deployment ? count_of(json_get(root, STR("spec")), "replicas")
			       : count_of(status, "desiredNumberScheduled");
	long ready = count_of(status, deployment ? "readyReplicas" : "numberReady");
	struct posture_finding f = found_kept(k, arena, TIER_SUPPORTED);
	int64_t since = deployment ? unavailable_since(status) : k->created;

	if (!status || ready >= want || !since || p->now - since < SETTLES)
		return;
	/* A DaemonSet does not say since when: a few nodes may just be coming, or it is rolled out.
	 */
	if (!deployment && (count_of(status, "updatedNumberScheduled") < want ||
			    (ready > 0 && 10 * ready >= 9 * want)))
		return;
	f.path = STR("status");
	f.text = words_of(arena, "%.*s %.*s/%.*s: %ld of %ld pods are ready", STR_ARG(k->gvk.kind),
			  STR_ARG(k->namespace), STR_ARG(k->name), ready, want);
	f.time = deployment ? since : 0;
	found_add(p, CHECK_HEALTH, &f);
}

/* ---- versions ---- */

/* "iad.ocir.io/x/oke-public-kube-proxy:v1.36.1-oke.2" -> 1.36; false: by digest alone. */
static bool tag_version(struct str image, struct kube_version *out)
{
	size_t at = image.n, end = image.n;

	for (size_t i = 0; i < image.n; i++)
		if (image.s[i] == '@')
			end = i;
	for (size_t i = 0; i < end; i++) {
		if (image.s[i] == ':')
			at = i + 1;
		if (image.s[i] == '/')
			at = image.n;
	}
	return at < end && kube_version_parse((struct str){ image.s + at, end - at }, out);
}

static void judge_proxy_version(struct posture *p, const struct kept *k, const struct json *root,
				struct arena *arena)
{
	const struct json *list = json_get(pod_spec_of(root), STR("containers"));
	struct str image = list && list->type == JSON_ARRAY
				   ? json_str(json_get(list->child, STR("image")))
				   : STR("");
	struct posture_finding f = found_kept(k, arena, TIER_UNSUPPORTED);
	struct kube_version v;

	if (!p->minor)
		return;
	if (!tag_version(image, &v)) {
		outcome_unknown(p, CHECK_ADDON_VERSIONS,
				"kube-proxy's image names no version (a digest alone); ask `oci ce "
				"cluster get-addon --addon-name KubeProxy --cluster-id $CLUSTER`");
		return;
	}
	if (v.minor <= p->minor && p->minor - v.minor <= 3)
		return;
	f.path = STR("spec.template.spec.containers[name=kube-proxy].image");
	f.to = image;
	f.text = words_of(arena,
			  "kube-proxy 1.%u does not fit Kubernetes 1.%u: it may be at most "
			  "three minors older, and not newer",
			  v.minor, p->minor);
	f.remedy = STR("update the add-on to a version for this control plane");
	f.command = STR("oci ce addon-option list --kubernetes-version $VERSION --addon-name "
			"KubeProxy");
	found_add(p, CHECK_ADDON_VERSIONS, &f);
}

/* ---- origin ---- */

enum addon_origin { ORIGIN_OKE, ORIGIN_OWN, ORIGIN_UNKNOWN };

static enum addon_origin origin_of(const struct posture *p, const struct json *root,
				   struct str *installer, struct owners *owners)
{
	const struct owner *o;

	owners_read(root, owners);
	o = owners_installer(owners, true);
	*installer = o ? o->manager : STR("");
	if (!images_are_oracle(pod_spec_of(root)))
		return installer->n && str_eq(*installer, p->installer) ? ORIGIN_UNKNOWN
									: ORIGIN_OWN;
	return !o || str_eq(*installer, p->installer) ? ORIGIN_OKE : ORIGIN_UNKNOWN;
}

static void add_origin(struct posture *p, const struct component *c, const struct kept *k,
		       const struct json *root, enum addon_origin origin, struct str installer,
		       struct arena *arena)
{
	static const char *const values[] = { "true", "false", "?" };
	struct posture_fact f = { .value = str_of(values[origin]) };
	struct str by = installer.n ? words_of(arena, ", installed by %.*s",
					       STR_ARG(printable_cut(installer, 80, arena)))
				    : STR("");

	f.name = keep_str(p, words_of(arena, "addons.%s.managed", c->addon));
	f.configured = fact_of_addon(p, c->addon, "managed");
	f.evidence = keep_str(
		p, words_of(arena, "%s %.*s/%s: %s%.*s", c->kind, STR_ARG(k->namespace), c->name,
			    images_are_oracle(pod_spec_of(root)) ? "images are Oracle's"
								 : "images are not Oracle's",
			    STR_ARG(by)));
	f.comment = origin == ORIGIN_UNKNOWN;
	fact_add(p, &f);
}

static void judge_origin(struct posture *p, const struct component *c, const struct kept *k,
			 const struct json *root, struct arena *arena)
{
	struct owners owners;
	struct str installer;
	enum addon_origin origin = origin_of(p, root, &installer, &owners);
	struct posture_finding f = found_kept(k, arena, TIER_SUPPORTED);
	struct str said = c->addon ? fact_of_addon(p, c->addon, "managed") : STR("");

	if (!c->addon)
		return;
	add_origin(p, c, k, root, origin, installer, arena);
	f.path = STR("origin");
	if (origin == ORIGIN_OWN && str_is(said, "true"))
		f.text = words_of(arena,
				  "the configuration says that OKE manages add-on %s; its "
				  "images are not Oracle's",
				  c->addon);
	else if (origin == ORIGIN_OKE && str_is(said, "false"))
		f.text = words_of(arena,
				  "the configuration says that add-on %s is your own; its "
				  "images are Oracle's",
				  c->addon);
	else
		return;
	found_add(p, CHECK_ORIGIN, &f);
}

/* ---- all of it ---- */

static void judge_component(struct posture *p, const struct kept *k)
{
	const struct component *c = component_of(k->gvk.kind, k->namespace, k->name);
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	const struct json *root;

	arena_init(&arena, OBJECT_MEMORY);
	if (!(root = kept_parse(k, true, &arena))) {
		p->full = true;
		return;
	}
	if (images_matter(p, c))
		judge_images(p, k, root, &arena);
	if (c && (c->class != COMPONENT_ADDON || images_matter(p, c)))
		judge_health(p, k, root, &arena);
	if (str_is(k->name, "kube-proxy") && str_is(k->gvk.kind, "DaemonSet"))
		judge_proxy_version(p, k, root, &arena);
	if (c)
		judge_origin(p, c, k, root, &arena);
}

/* OKE's own surroundings are no finding: the installer wrote them. */
static void forgive(struct posture *p, enum check_id id)
{
	struct found_list *list = &p->found[id];
	struct found **at = &list->first;

	if (!p->installer.n || p->installer_human)
		return;
	while (*at) {
		struct found *f = *at;

		if (!str_eq(f->f.tool, p->installer)) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		list->all--;
		list->kept--;
		if (!f->f.accepted)
			list->counted[f->f.tier]--;
	}
}

void scan_judge_components(struct posture *p)
{
	for (const struct kept *k = p->objects.first; k; k = k->next)
		if (str_is(k->gvk.kind, "Deployment") || str_is(k->gvk.kind, "DaemonSet"))
			judge_component(p, k);
	for (size_t i = 0; i < COMPONENTS_N; i++)
		judge_essential(p, &components[i]);
	judge_cni(p);
	for (const struct named *n = p->named; n; n = n->next)
		judge_config_missing(p, n);
	judge_dns_service(p);
	if (!kept_find(&p->objects, "DaemonSet", "kube-system", STR("kube-proxy")) &&
	    is_complete(p, SRC_DAEMONSETS))
		outcome_not_applicable(p, CHECK_ADDON_VERSIONS, "there is no DaemonSet kube-proxy");
	forgive(p, CHECK_AUTOSCALERS);
	forgive(p, CHECK_SURROUNDINGS);
	forgive(p, CHECK_IMPERSONATION);
}
