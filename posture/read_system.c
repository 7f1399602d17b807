/* SPDX-License-Identifier: Apache-2.0
 * read_system.c - what is kept of kube-system: a line of each pod and endpoint, and revisions of
 * components and ConfigMaps whole.
 */
#include "posture/components.h"

#include "policy/model/identity.h"
#include "policy/model/set.h"

/* "c coredns IMAGE\n": the containers of a pod or template, in the order of the object. */
struct str shape_of(const struct json *spec, struct arena *arena)
{
	static const struct {
		const char *list, *mark;
	} lists[] = { { "initContainers", "i" }, { "containers", "c" } };
	struct text t;

	text_init(&t, arena, 1u << 16);
	for (size_t l = 0; l < 2; l++) {
		const struct json *list = json_get(spec, str_of(lists[l].list));

		if (!list || list->type != JSON_ARRAY)
			continue;
		for (const struct json *c = list->child; c; c = c->next) {
			text_puts(&t, lists[l].mark);
			text_puts(&t, " ");
			text_str(&t, json_str(json_get(c, STR("name"))));
			text_puts(&t, " ");
			text_str(&t, json_str(json_get(c, STR("image"))));
			text_puts(&t, "\n");
		}
	}
	return text_get(&t);
}

static struct str owner_text(const struct item *i)
{
	const struct json *list =
		json_get(json_get(i->root, STR("metadata")), STR("ownerReferences"));
	const struct json *o = list && list->type == JSON_ARRAY ? list->child : NULL;

	while (o && (!json_get(o, STR("controller")) ||
		     json_get(o, STR("controller"))->type != JSON_TRUE))
		o = o->next;
	if (!o)
		return STR("");
	return words_of(i->arena, "%.*s/%.*s", STR_ARG(json_str(json_get(o, STR("kind")))),
			STR_ARG(json_str(json_get(o, STR("name")))));
}

static struct str ephemeral_names(const struct json *spec, struct arena *arena)
{
	const struct json *list = json_get(spec, STR("ephemeralContainers"));
	struct text t;

	text_init(&t, arena, 4096);
	if (list && list->type == JSON_ARRAY)
		for (const struct json *c = list->child; c; c = c->next) {
			text_puts(&t, t.n ? ", " : "");
			text_str(&t, json_str(json_get(c, STR("name"))));
		}
	return text_get(&t);
}

/* A pod that nobody made but a person: as an account that the guard trusts? */
static void judge_bare(struct posture *p, const struct item *i, struct str account)
{
	const struct config *config = &p->set->model.config;
	struct posture_finding f = found_at(i, TIER_UNSUPPORTED);

	if (!account_is_exempt(config, i->namespace, account) &&
	    !account_in_sets(config, i->namespace, account))
		return;
	f.path = STR("spec.serviceAccountName");
	f.to = account;
	f.text =
		words_of(i->arena, "Pod kube-system/%.*s runs as an account that this guard trusts",
			 STR_ARG(i->name));
	f.remedy = STR("give it a service account of its own");
	found_add(p, CHECK_TRUSTED_PODS, &f);
}

int scan_read_pod(struct posture *p, const struct item *i, struct err *err)
{
	const struct json *spec = json_get(i->root, STR("spec"));
	const struct json *labels = json_get(json_get(i->root, STR("metadata")), STR("labels"));
	struct str phase = json_str(json_get(json_get(i->root, STR("status")), STR("phase")));
	struct str owner = owner_text(i), account, names;
	struct system_pod *pod;

	(void)err;
	if (!str_is(i->namespace, "kube-system") || i->deleting || str_is(phase, "Succeeded") ||
	    str_is(phase, "Failed"))
		return 0;
	account = json_str(json_get(spec, STR("serviceAccountName")));
	if (!owner.n && !str_starts(i->name, STR("mirror")))
		judge_bare(p, i, account);
	if (!(pod = arena_zalloc(&p->arena, sizeof *pod))) {
		p->full = true;
		return 0;
	}
	names = ephemeral_names(spec, i->arena);
	*pod = (struct system_pod){
		.next = p->pods,
		.name = keep_str(p, i->name),
		.owner = word_of(p, owner),
		.revision = word_of(p, json_str(json_get(labels, STR("controller-revision-hash")))),
		.shape = word_of(p, shape_of(spec, i->arena)),
		.ephemeral = names.n ? word_of(p, names) : NULL,
		.dns = str_is(json_str(json_get(labels, STR("k8s-app"))), "kube-dns"),
	};
	p->pods = pod;
	p->pods_n++;
	return 0;
}

/* ---- endpoints ---- */

static bool is_ready(const struct json *endpoint)
{
	const struct json *ready = json_get(json_get(endpoint, STR("conditions")), STR("ready"));

	return !ready || ready->type == JSON_TRUE;
}

static void read_dns_endpoint(struct posture *p, const struct item *i, const struct json *endpoint)
{
	const struct json *target = json_get(endpoint, STR("targetRef"));
	struct str namespace = json_str(json_get(target, STR("namespace")));
	bool pod = str_is(json_str(json_get(target, STR("kind"))), "Pod") &&
		   (!namespace.n || str_is(namespace, "kube-system"));
	struct str text =
		words_of(i->arena, "%.*s %.*s", STR_ARG(i->name),
			 STR_ARG(pod ? json_str(json_get(target, STR("name"))) : STR("")));

	word_list_add(p, &p->dns_targets, word_of(p, text));
}

int scan_read_slice(struct posture *p, const struct item *i, struct err *err)
{
	const struct json *labels = json_get(json_get(i->root, STR("metadata")), STR("labels"));
	struct str service = json_str(json_get(labels, STR("kubernetes.io/service-name")));
	const struct json *list = json_get(i->root, STR("endpoints"));
	bool dns = str_is(i->namespace, "kube-system") && str_is(service, "kube-dns");
	size_t ready = 0;

	(void)err;
	if (!service.n || !list || list->type != JSON_ARRAY)
		return 0;
	for (const struct json *e = list->child; e; e = e->next) {
		ready += is_ready(e);
		if (dns)
			read_dns_endpoint(p, i, e);
	}
	p->endpoints += dns;
	if (ready)
		word_list_add(p, &p->backed,
			      word_of(p, words_of(i->arena, "%.*s/%.*s", STR_ARG(i->namespace),
						  STR_ARG(service))));
	return 0;
}

/* ---- what is kept whole: revisions of components, ConfigMaps that were asked for ---- */

static bool owned_by_component(const struct posture *p, const struct item *i)
{
	const struct json *owners =
		json_get(json_get(i->root, STR("metadata")), STR("ownerReferences"));

	if (!owners || owners->type != JSON_ARRAY)
		return false;
	for (const struct json *o = owners->child; o; o = o->next) {
		const struct gvk gvk = { STR("apps"), STR("v1"),
					 json_str(json_get(o, STR("kind"))) };

		if (component_named(p, &gvk, i->namespace, json_str(json_get(o, STR("name")))))
			return true;
	}
	return false;
}

int scan_read_revision(struct posture *p, const struct item *i, struct err *err)
{
	(void)err;
	if (owned_by_component(p, i))
		keep_object(p, &p->revisions, i);
	return 0;
}

/* Of a plain list: that one is there, and nobody knows about the others. */
int scan_read_config(struct posture *p, const struct item *i, struct err *err)
{
	struct named *n;

	(void)err;
	if (!str_is(i->namespace, "kube-system") || !(n = named_find(p, SRC_CONFIGMAPS, i->name)))
		return 0;
	if (p->plain)
		n->got = GOT_WHOLE;
	if (component_named(p, &i->gvk, i->namespace, i->name)) {
		p->managed_seen++;
		p->managed_bare += !i->has_managers;
	}
	if (component_named(p, &i->gvk, i->namespace, i->name) || str_is(i->name, "coredns-custom"))
		keep_object(p, &p->configs, i);
	return 0;
}
