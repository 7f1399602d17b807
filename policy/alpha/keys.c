/* SPDX-License-Identifier: Apache-2.0
 * keys.c - alpha API versions, and alpha annotations, labels and taints.
 *
 * Both by the tables alone: external-dns.alpha.kubernetes.io and
 * gateway.networking.k8s.io/v1alpha2 look alike, and are other people's.
 */
#include "policy/alpha/finder.h"

/* ---- keys ---- */

static void key_found(struct finder *f, const struct catalogue_key *key, const struct place *place,
		      const struct json *value)
{
	struct feature_use *use = use_add(f, USE_KEY, FEATURE_ALPHA, place);

	if (!use)
		return;
	use->what = str_of(catalogue_text(key->key));
	use->value = value;
	if (key->gate)
		use->gates[use->gates_n++] = str_of(catalogue_text(key->gate));
	if (key->instead)
		use->replacement = str_of(catalogue_text(key->instead));
}

static void find_in_map(struct finder *f, const struct subject *s, const struct place *metadata,
			struct str name, enum key_type type)
{
	const struct json *map = json_get(json_get(s->object, STR("metadata")), name);
	const struct json *old = json_get(json_get(s->old, STR("metadata")), name);
	struct place at = place_key(metadata, name);
	struct beside before;

	beside_begin(&before, old);
	if (!map || map->type != JSON_OBJECT || (old && json_shared(old, map)))
		return;
	for (const struct json *m = map->child; m; m = m->next) {
		const struct catalogue_key *key =
			catalogue_key(json_key(m), type, s->gvk.kind, f->minor);
		struct place place = place_key(&at, json_key(m));

		if (key && !json_equal(beside_member(f, &before, map, json_key(m)), m))
			key_found(f, key, &place, m);
	}
}

static void find_taints(struct finder *f, const struct subject *s)
{
	const struct json *taints = json_get(json_get(s->object, STR("spec")), STR("taints"));
	const struct json *old = json_get(json_get(s->old, STR("spec")), STR("taints"));
	struct place spec = place_key(s->at, STR("spec")), at = place_key(&spec, STR("taints"));
	struct beside before;
	size_t index = 0;

	beside_begin(&before, old);
	if (!str_is(s->gvk.kind, "Node") || !taints || taints->type != JSON_ARRAY)
		return;
	for (const struct json *t = taints->child; t; t = t->next, index++) {
		struct str name = json_str(json_get(t, STR("key")));
		const struct catalogue_key *key =
			catalogue_key(name, KEY_TAINT, s->gvk.kind, f->minor);
		struct place place = place_item(&at, t, index);

		if (key && !beside_named(f, &before, STR("key"), name, index))
			key_found(f, key, &place, t);
	}
}

void find_keys(struct finder *f, const struct subject *s)
{
	struct place metadata = place_key(s->at, STR("metadata"));

	find_in_map(f, s, &metadata, STR("annotations"), KEY_ANNOTATION);
	find_in_map(f, s, &metadata, STR("labels"), KEY_LABEL);
	find_taints(f, s);
}

/* ---- versions ---- */

/* The gate that guards a kind in the minor. */
static const struct catalogue_gate *api_gate(const struct catalogue_api *api, unsigned minor)
{
	uint16_t gate = minor >= api->gate2_from ? api->gate2 : api->gate;

	return gate == CATALOGUE_NONE ? NULL : &catalogue_gates[gate];
}

static void version_found(struct finder *f, const struct place *place, struct gvk gvk)
{
	/* An APIService serves all kinds of a version, which have not one gate. */
	const struct catalogue_api *api =
		gvk.kind.n ? catalogue_api(gvk.group, gvk.version, gvk.kind) : NULL;
	const struct catalogue_gate *gate = api ? api_gate(api, f->minor) : NULL;
	struct feature_use *use = use_add(f, USE_VERSION, FEATURE_ALPHA, place);
	struct text what;

	if (!use)
		return;
	text_init(&what, f->arena, 512);
	text_printf(&what, "%.*s/%.*s", STR_ARG(gvk.group), STR_ARG(gvk.version));
	use->what = text_get(&what);
	if (gate)
		use_gate(use, gate);
	if (api && api->replacement_from) {
		use->replacement = str_of(catalogue_text(api->replacement));
		use->replacement_from = api->replacement_from;
	}
}

static bool own_alpha(struct str group, struct str version)
{
	return catalogue_alpha_version(version) && catalogue_own_group(group);
}

/* An UPDATE uses the version for more than its labels when it changes what the kind is for. */
static bool changes_content(struct finder *f, const struct subject *s)
{
	return !s->old || s->object->len < s->old->len || !same_content(f, s, false);
}

/* By what the client used: the object itself may arrive converted. */
static void find_own_version(struct finder *f, const struct subject *s)
{
	struct gvk gvk = s->at ? s->gvk : f->req->request_kind;
	struct place place = place_key(s->at, STR("apiVersion"));

	if (!gvk.kind.n)
		gvk = s->gvk;
	if (!s->status && own_alpha(gvk.group, gvk.version) && changes_content(f, s))
		version_found(f, &place, gvk);
}

/* A CustomResourceDefinition in one of Kubernetes' own groups: an alpha API by hand. */
static void find_crd_versions(struct finder *f, const struct subject *s)
{
	const struct json *spec = json_get(s->object, STR("spec"));
	const struct json *versions = json_get(spec, STR("versions"));
	const struct json *before = json_get(json_get(s->old, STR("spec")), STR("versions"));
	struct place at_spec = place_key(s->at, STR("spec"));
	struct place at = place_key(&at_spec, STR("versions"));
	struct gvk gvk = { .group = json_str(json_get(spec, STR("group"))) };
	struct beside old;
	size_t index = 0;

	if (!versions || versions->type != JSON_ARRAY || !catalogue_own_group(gvk.group))
		return;
	gvk.kind = json_str(json_get(json_get(spec, STR("names")), STR("kind")));
	beside_begin(&old, before);
	for (const struct json *v = versions->child; v; v = v->next, index++) {
		struct place place = place_item(&at, v, index);

		gvk.version = json_str(json_get(v, STR("name")));
		if (own_alpha(gvk.group, gvk.version) && !beside_step(f, &old, &place.step, index))
			version_found(f, &place, gvk);
	}
}

static void find_apiservice_version(struct finder *f, const struct subject *s)
{
	const struct json *spec = json_get(s->object, STR("spec"));
	const struct json *before = json_get(s->old, STR("spec"));
	struct gvk gvk = { .group = json_str(json_get(spec, STR("group"))),
			   .version = json_str(json_get(spec, STR("version"))) };
	struct place at_spec = place_key(s->at, STR("spec"));
	struct place place = place_key(&at_spec, STR("version"));

	if (!own_alpha(gvk.group, gvk.version))
		return;
	if (!str_eq(json_str(json_get(before, STR("version"))), gvk.version))
		version_found(f, &place, gvk);
}

void find_versions(struct finder *f, const struct subject *s)
{
	find_own_version(f, s);
	if (s->status)
		return;
	if (str_is(s->gvk.kind, "CustomResourceDefinition") &&
	    str_is(s->gvk.group, "apiextensions.k8s.io"))
		find_crd_versions(f, s);
	if (str_is(s->gvk.kind, "APIService") && str_is(s->gvk.group, "apiregistration.k8s.io"))
		find_apiservice_version(f, s);
}
