/* SPDX-License-Identifier: Apache-2.0
 * alpha.c - what the policies of features ask for: everything that features_*.c can find
 * something in, for the cluster's version, and nothing else. While nobody has told the version,
 * that is any that a cluster may have: the server may know it when the entries were made without
 * it.
 *
 * Their objects are mostly "*", which would send every write of the cluster. Instead each part that
 * finds uses says here where it looks:
 *
 *   gated fields     the kinds of the catalogue that have one in this version
 *   gates            what makes pods, ConfigMaps, Karpenter's node classes
 *   versions         alpha versions of Kubernetes' own groups, by version: `*` of other versions is
 *                    not sent; CustomResourceDefinitions and APIServices, which could make one
 *   keys             the kinds that they stand on
 *
 * Options of a DELETE are not asked for: the API server clears the only gated one, or refuses it,
 * before a webhook would see it.
 */
#include "policy/webhooks/interest.h"

#include "policy/alpha/finder.h"
#include "policy/model/resources.h"
#include "policy/model/excluded.h"

#define ANY_STAGE (FEATURE_ALPHA | FEATURE_BETA_OFF | FEATURE_DEPRECATED)
#define USE(kind) (1u << (kind))
#define WRITTEN   (OP_CREATE | OP_UPDATE)

struct offering {
	const struct policy_set *set;
	struct interests *out;
	uint32_t minors; /* any of these */
};

/* What might use a feature; the rules say whether anybody asks. */
struct offer {
	struct str group, version, resource, subresource;
	unsigned operations, uses, stages;
};

/* ---- who asks ---- */

static bool rule_wants(const struct offering *o, const struct rule *r, const struct offer *f)
{
	unsigned uses;

	if (!r->features || !rule_can_act(&o->set->model.config, r))
		return false;
	uses = r->features->uses ? r->features->uses : USE(USE_KINDS) - 1;
	return r->features->stages & f->stages && uses & f->uses && r->operations & f->operations &&
	       strings_hold(&r->subresources, f->subresource);
}

static void offer_target(struct offering *o, const struct rule *r, const struct offer *f,
			 const struct target *where)
{
	const struct object_ref at = { .group = where->group,
				       .resource = where->resource,
				       .namespace = where->namespace };
	const struct object_ref that = { .group = f->group, .resource = f->resource };
	struct target both;
	struct interest ask = { .version = f->version,
				.operations = r->operations & f->operations };

	if (!targets_meet(&at, &that, &both) || excluded_why(both.group, both.resource))
		return;
	ask.group = both.group;
	ask.resource = interest_resource(o->out, both.resource, f->subresource);
	ask.namespace = both.namespace;
	ask.scope = both.namespace.n ? SCOPE_NAMESPACED : SCOPE_ANY;
	interest_add(o->out, &ask);
}

static void offer_to_rules(struct offering *o, const struct offer *f)
{
	for (size_t i = 0; i < o->set->index.features_n; i++) {
		const struct policy *p = o->set->index.features[i];

		for (const struct rule *r = p->rules; r; r = r->next) {
			if (!rule_wants(o, r, f))
				continue;
			for (const struct object_ref *ref = p->objects; ref; ref = ref->next) {
				const struct object_ref *in = r->objects ? r->objects : ref;
				struct target where;

				for (; in; in = r->objects ? in->next : NULL)
					if (targets_meet(ref, in, &where))
						offer_target(o, r, f, &where);
			}
		}
	}
}

static void offer_object(struct offering *o, const char *group, struct str resource, unsigned uses)
{
	offer_to_rules(o, &(struct offer){ .group = str_of(group),
					   .version = STR("*"),
					   .resource = resource,
					   .operations = WRITTEN,
					   .uses = uses,
					   .stages = ANY_STAGE });
}

/* ---- gated fields ---- */

struct stages { /* bits FEATURE_* of the leaves in these minors */
	uint32_t minors;
	unsigned spec, status;
};

static void add_stages(void *ctx, const struct catalogue_kind *kind, struct str path,
		       const struct catalogue_leaf *leaf)
{
	struct stages *s = ctx;
	unsigned stages = (leaf->alpha & s->minors ? FEATURE_ALPHA : 0) |
			  (leaf->beta_off & s->minors ? FEATURE_BETA_OFF : 0) |
			  (leaf->deprecated & s->minors ? FEATURE_DEPRECATED : 0);

	(void)kind;
	if (str_is(path, "status") || str_starts(path, STR("status.")))
		s->status |= stages;
	else
		s->spec |= stages;
}

/* Kinds that arrive as a subresource of another kind's. */
static const struct {
	const char *group, *kind, *of_group, *of_resource, *subresource;
} inner[] = {
	{ "policy", "Eviction", "", "pods", "eviction" },
	{ "authentication.k8s.io", "TokenRequest", "", "serviceaccounts", "token" },
};

/* Subresources that take the kind itself; of its status, or of all else. */
static const struct {
	const char *kind, *subresource;
	bool status;
} outer[] = {
	{ "", "", false },
	{ "", "status", true },
	{ "Pod", "ephemeralcontainers", false },
	{ "Pod", "resize", false },
	{ "CertificateSigningRequest", "approval", true },
};

static bool offer_inner(struct offering *o, const struct catalogue_kind *kind, unsigned stages)
{
	for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
		if (strcmp(inner[i].kind, catalogue_text(kind->kind)) != 0 ||
		    strcmp(inner[i].group, catalogue_text(kind->group)) != 0)
			continue;
		offer_to_rules(o, &(struct offer){ .group = str_of(inner[i].of_group),
						   .version = STR("*"),
						   .resource = str_of(inner[i].of_resource),
						   .subresource = str_of(inner[i].subresource),
						   .operations = WRITTEN,
						   .uses = USE(USE_FIELD) | USE(USE_VALUE),
						   .stages = stages });
		return true;
	}
	return false;
}

static void offer_fields(struct offering *o, const struct catalogue_kind *kind)
{
	struct stages s = { .minors = o->minors };
	struct str name = str_of(catalogue_text(kind->kind));
	struct offer f = { .group = str_of(catalogue_text(kind->group)),
			   .version = STR("*"),
			   .operations = WRITTEN,
			   .uses = USE(USE_FIELD) | USE(USE_VALUE) | USE(USE_DROPPED) };

	catalogue_paths(kind, add_stages, &s);
	if (kind->where != IN_OBJECT || !(s.spec | s.status) || offer_inner(o, kind, s.spec))
		return;
	f.resource = kind_resource(name, o->out->arena);
	o->out->full |= !f.resource.s;
	for (size_t i = 0; i < sizeof outer / sizeof *outer; i++) {
		if (*outer[i].kind && !str_is(name, outer[i].kind))
			continue;
		f.subresource = str_of(outer[i].subresource);
		f.stages = outer[i].status ? s.status : s.spec;
		offer_to_rules(o, &f);
	}
}

/* ---- gates and gated rules ---- */

static void offer_workloads(struct offering *o)
{
	static const char *const of_pods[] = { "ephemeralcontainers", "resize" };
	struct offer f = { .group = STR(""),
			   .version = STR("*"),
			   .resource = STR("pods"),
			   .operations = OP_UPDATE,
			   .uses = USE(USE_VALUE) | USE(USE_GATE),
			   .stages = ANY_STAGE };
	struct gvk kind;

	for (size_t i = 0; workload_at(i, &kind); i++) {
		struct str resource = kind_resource(kind.kind, o->out->arena);

		o->out->full |= !resource.s;
		offer_object(o, kind.group.s, resource,
			     USE(USE_VALUE) | USE(USE_GATE) | USE(USE_DROPPED));
	}
	for (size_t i = 0; i < sizeof of_pods / sizeof *of_pods; i++) {
		f.subresource = str_of(of_pods[i]);
		offer_to_rules(o, &f);
	}
}

static unsigned offer_stages(const struct offering *o, const struct catalogue_gate *g)
{
	unsigned stages = 0;

	for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++)
		if (o->minors & catalogue_bit(m))
			stages |= catalogue_interest(g, m);
	return stages;
}

/* Rules of policy/catalogue/rules.yaml about kinds that make no pods. */
static void offer_rules(struct offering *o)
{
	static const struct {
		const char *resource, *gate;
		enum operation operation;
	} rules[] = {
		{ "services", "RelaxedServiceNameValidation", OP_CREATE },
		{ "persistentvolumes", "MutablePVNodeAffinity", OP_UPDATE },
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct catalogue_gate *g = catalogue_gate(str_of(rules[i].gate), false);

		offer_to_rules(o, &(struct offer){ .group = STR(""),
						   .version = STR("*"),
						   .resource = str_of(rules[i].resource),
						   .operations = rules[i].operation,
						   .uses = USE(USE_VALUE),
						   .stages = g ? offer_stages(o, g) : 0 });
	}
}

/* ---- versions ---- */

/* Of a group with resources that are never sent, those that are alpha by name. */
static bool group_is_mixed(struct str group)
{
	return str_is(group, "coordination.k8s.io") || str_is(group, "discovery.k8s.io");
}

static void offer_version(struct offering *o, struct str group, struct str version,
			  struct str resource)
{
	offer_to_rules(o, &(struct offer){ .group = group,
					   .version = version,
					   .resource = resource,
					   .operations = WRITTEN,
					   .uses = USE(USE_VERSION),
					   .stages = FEATURE_ALPHA });
}

/* In any group, since the next minor may bring any of them there. */
static void offer_versions(struct offering *o)
{
	static const char *const versions[] = { "v1alpha1", "v1alpha2", "v1alpha3", "v2alpha1" };

	for (size_t g = 0; g < catalogue_groups_n; g++) {
		struct str group = str_of(catalogue_text(catalogue_groups[g]));

		if (!group.n || group_is_mixed(group) || excluded_why(group, STR("*")))
			continue;
		for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
			offer_version(o, group, str_of(versions[i]), STR("*"));
	}
	for (size_t i = 0; i < catalogue_apis_n; i++) {
		const struct catalogue_api *a = &catalogue_apis[i];
		struct str group = str_of(catalogue_text(a->group));

		if (group_is_mixed(group))
			offer_version(o, group, str_of(catalogue_text(a->version)),
				      str_of(catalogue_text(a->resource)));
	}
}

/* ---- keys ---- */

/* What people write of Kubernetes' own kinds, besides what is never sent. */
static const struct {
	const char *group, *resources[12];
} plain[] = {
	{ "",
	  { "configmaps", "limitranges", "namespaces", "nodes", "persistentvolumeclaims",
	    "persistentvolumes", "pods", "replicationcontrollers", "resourcequotas", "secrets",
	    "serviceaccounts", "services" } },
	{ "apiextensions.k8s.io", { "customresourcedefinitions" } },
	{ "apiregistration.k8s.io", { "apiservices" } },
	{ "apps", { "daemonsets", "deployments", "replicasets", "statefulsets" } },
	{ "autoscaling", { "horizontalpodautoscalers" } },
	{ "batch", { "cronjobs", "jobs" } },
	{ "flowcontrol.apiserver.k8s.io", { "flowschemas", "prioritylevelconfigurations" } },
	{ "networking.k8s.io", { "ingressclasses", "ingresses", "networkpolicies" } },
	{ "node.k8s.io", { "runtimeclasses" } },
	{ "policy", { "poddisruptionbudgets" } },
	{ "rbac.authorization.k8s.io",
	  { "clusterrolebindings", "clusterroles", "rolebindings", "roles" } },
	{ "resource.k8s.io", { "deviceclasses", "resourceclaims", "resourceclaimtemplates" } },
	{ "scheduling.k8s.io", { "priorityclasses" } },
	{ "storage.k8s.io",
	  { "csidrivers", "storageclasses", "volumeattachments", "volumeattributesclasses" } },
};
#define PLAIN_GROUPS    (sizeof plain / sizeof *plain)
#define PLAIN_RESOURCES (sizeof plain->resources / sizeof *plain->resources)

static bool key_counts(const struct offering *o, const struct catalogue_key *k)
{
	return k->alpha & o->minors && k->type & (KEY_ANNOTATION | KEY_LABEL | KEY_TAINT);
}

static bool key_anywhere(const struct catalogue_key *k)
{
	return !*catalogue_text(k->used_on);
}

static void offer_key(struct offering *o, const char *group, struct str resource)
{
	struct offer f = { .group = str_of(group),
			   .version = STR("*"),
			   .resource = resource,
			   .operations = WRITTEN,
			   .uses = USE(USE_KEY),
			   .stages = FEATURE_ALPHA };

	offer_to_rules(o, &f);
	f.subresource = STR("status");
	offer_to_rules(o, &f);
}

static void offer_key_on(struct offering *o, struct str resource)
{
	for (size_t g = 0; g < PLAIN_GROUPS; g++)
		for (size_t i = 0; i < PLAIN_RESOURCES && plain[g].resources[i]; i++)
			if (str_is(resource, plain[g].resources[i]))
				offer_key(o, plain[g].group, resource);
}

static void offer_keys(struct offering *o)
{
	for (size_t k = 0; k < catalogue_keys_n; k++) {
		const struct catalogue_key *key = &catalogue_keys[k];
		struct str resource;

		if (!key_counts(o, key) || key_anywhere(key))
			continue;
		resource = kind_resource(str_of(catalogue_text(key->used_on)), o->out->arena);
		if (resource.s)
			offer_key_on(o, resource);
		else
			o->out->full = true;
	}
}

/* ---- keys that may stand anywhere ---- */

static bool any_key_anywhere(const struct offering *o)
{
	for (size_t k = 0; k < catalogue_keys_n; k++)
		if (key_counts(o, &catalogue_keys[k]) && key_anywhere(&catalogue_keys[k]))
			return true;
	return false;
}

/* The operations of this object that are asked for anyway. */
static unsigned operations_asked(const struct interests *asks, const struct interest *ask)
{
	unsigned operations = 0;

	for (size_t i = 0; i < asks->n; i++)
		if (interest_covers(&asks->v[i], ask))
			operations |= asks->v[i].operations;
	return operations;
}

static void offer_keyed(struct offering *o, const struct interests *others)
{
	struct interests all = { .arena = o->out->arena }, *out = o->out;

	o->out = &all;
	for (size_t g = 0; any_key_anywhere(o) && g < PLAIN_GROUPS; g++)
		for (size_t i = 0; i < PLAIN_RESOURCES && plain[g].resources[i]; i++)
			offer_to_rules(o,
				       &(struct offer){ .group = str_of(plain[g].group),
							.version = STR("*"),
							.resource = str_of(plain[g].resources[i]),
							.operations = WRITTEN,
							.uses = USE(USE_KEY),
							.stages = FEATURE_ALPHA });
	for (size_t i = 0; i < all.n; i++) {
		all.v[i].operations &= ~operations_asked(others, &all.v[i]);
		if (all.v[i].operations)
			interest_add(out, &all.v[i]);
	}
	out->full |= all.full;
	o->out = out;
}

static void add_key(struct text *out, const struct catalogue_key *k, const char *map)
{
	if (k->prefix) {
		text_printf(out, "object.metadata.%s.exists(k, k.startsWith(", map);
		cel_quote(out, str_of(catalogue_text(k->key)));
		text_puts(out, "))");
		return;
	}
	cel_quote(out, str_of(catalogue_text(k->key)));
	text_printf(out, " in object.metadata.%s", map);
}

static void add_keys(const struct offering *o, struct text *out, enum key_type type,
		     const char *map)
{
	const char *before = "";

	text_printf(out, "has(object.metadata.%s) && (", map);
	for (size_t k = 0; k < catalogue_keys_n; k++) {
		const struct catalogue_key *key = &catalogue_keys[k];

		if (!key_counts(o, key) || !key_anywhere(key) || !(key->type & (unsigned)type))
			continue;
		text_puts(out, before);
		add_key(out, key, map);
		before = " || ";
	}
	text_puts(out, *before ? ")" : "false)");
}

static struct offering offering_of(const struct policy_set *set, struct interests *out)
{
	struct offering o = { .set = set, .out = out };
	unsigned told = policy_set_told(set), first = told ? told : WEBHOOKS_MINOR_MIN,
		 last = told ? told : catalogue_minor_max;

	for (unsigned m = first; m <= last; m++)
		o.minors |= catalogue_bit(m);
	return o;
}

struct str webhook_keyed_expression(const struct policy_set *set, struct arena *arena)
{
	struct offering o = offering_of(set, NULL);
	struct text t;

	text_init(&t, arena, 64u << 10);
	text_puts(&t, "object != null && has(object.metadata) && ((");
	add_keys(&o, &t, KEY_LABEL, "labels");
	text_puts(&t, ") || (");
	add_keys(&o, &t, KEY_ANNOTATION, "annotations");
	text_puts(&t, "))");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

void interests_of_alpha(const struct policy_set *set, struct interests *out,
			struct interests *keyed)
{
	struct offering o = offering_of(set, out);

	for (size_t i = 0; i < catalogue_kinds_n; i++)
		offer_fields(&o, &catalogue_kinds[i]);
	offer_workloads(&o);
	offer_object(&o, "", STR("configmaps"), USE(USE_GATE));
	offer_object(&o, "oci.oraclecloud.com", STR("ocinodeclasses"), USE(USE_GATE));
	offer_rules(&o);
	offer_object(&o, "apiextensions.k8s.io", STR("customresourcedefinitions"),
		     USE(USE_VERSION));
	offer_object(&o, "apiregistration.k8s.io", STR("apiservices"), USE(USE_VERSION));
	offer_versions(&o);
	offer_keys(&o);
	o.out = keyed;
	offer_keyed(&o, out);
}
