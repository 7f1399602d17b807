/* SPDX-License-Identifier: Apache-2.0
 * match.c - the index of objects.
 *
 * A policy's object stands in the table under (group, resource, namespace, name);
 * one with a prefix or without names under the same without a name, and one
 * without a namespace under the same without a namespace. A request is looked up
 * under each of these few keys, for its resource and for the one that the client
 * used before the API server converted it.
 */
#include "policy/model/match.h"

#include "lib/json/json.h"
#include "policy/model/templates.h"

enum entry_kind {
	ENTRY_NAME,   /* this very name */
	ENTRY_ANY,    /* a prefix, or any name */
	ENTRY_MARKER, /* there are entries of kind ENTRY_NAME in this namespace */
};

struct match_key {
	enum entry_kind kind;
	struct str group, resource, namespace, name;
};

struct match_entry { /* of a key: what it is made of stands in the model */
	struct match_entry *next;
	uint32_t hash;
	enum entry_kind kind;
	const struct object_ref *ref; /* group, resource and namespace */
	const struct str *name;       /* NULL: none */
	struct policy_link {
		const struct policy_link *next;
		const struct policy *policy;
	} policies; /* the first; nearly always the only one */
};

static uint32_t match_key_hash(const struct match_key *key)
{
	uint64_t h = str_hash((uint64_t)key->kind, key->resource);

	h = str_hash(h, key->group);
	h = str_hash(h, key->namespace);
	return (uint32_t)str_hash(h, key->name);
}

static bool entry_is(const struct match_entry *e, uint32_t hash, const struct match_key *key)
{
	return e->hash == hash && e->kind == key->kind &&
	       (e->name ? str_eq(*e->name, key->name) : !key->name.n) &&
	       str_eq(e->ref->namespace, key->namespace) &&
	       str_eq(e->ref->resource, key->resource) && str_eq(e->ref->group, key->group);
}

static struct match_entry *entry_at(const struct match_index *index, uint32_t hash,
				    const struct match_key *key)
{
	struct match_entry *e = index->slots[hash & index->mask];

	while (e && !entry_is(e, hash, key))
		e = e->next;
	return e;
}

static struct match_entry *entry_find(const struct match_index *index, const struct match_key *key)
{
	return entry_at(index, match_key_hash(key), key);
}

static int match_entry_new(struct match_index *index, struct arena *arena, uint32_t hash,
			   const struct match_entry *from)
{
	struct match_entry *e = arena_alloc(arena, sizeof *e);

	if (!e)
		return -1;
	*e = *from;
	e->hash = hash;
	e->next = index->slots[hash & index->mask];
	index->slots[hash & index->mask] = e;
	return 0;
}

static int match_entry_add(struct match_index *index, struct arena *arena,
			   const struct match_entry *add)
{
	const struct match_key key = { add->kind, add->ref->group, add->ref->resource,
				       add->ref->namespace,
				       add->name ? *add->name : (struct str){ NULL, 0 } };
	uint32_t hash = match_key_hash(&key);
	struct match_entry *e = entry_at(index, hash, &key);
	struct policy_link *link;

	if (!e)
		return match_entry_new(index, arena, hash, add);
	if (e->policies.policy == add->policies.policy)
		return 0;
	if (!(link = arena_alloc(arena, sizeof *link)))
		return -1;
	*link = e->policies;
	e->policies = (struct policy_link){ link, add->policies.policy };
	return 0;
}

static int ref_add(struct match_index *index, struct arena *arena, const struct object_ref *ref,
		   const struct policy *policy)
{
	struct match_entry add = { .kind = ENTRY_ANY, .ref = ref, .policies = { NULL, policy } };

	if (!ref->names.n)
		return match_entry_add(index, arena, &add);
	add.kind = ENTRY_MARKER;
	if (match_entry_add(index, arena, &add) < 0)
		return -1;
	add.kind = ENTRY_NAME;
	for (size_t i = 0; i < ref->names.n; i++) {
		add.name = &ref->names.v[i];
		if (match_entry_add(index, arena, &add) < 0)
			return -1;
	}
	return 0;
}

static bool has_feature_rules(const struct policy *p)
{
	return p->rules && p->rules->features;
}

static size_t match_count_keys(const struct model *model)
{
	size_t n = 0;

	for (const struct policy *p = model->policies; p; p = p->next)
		for (const struct object_ref *r = p->objects; r; r = r->next)
			n += r->names.n + 1;
	return n;
}

int match_build(const struct model *model, struct arena *arena, struct match_index *out)
{
	size_t slots = 64, keys = match_count_keys(model);

	while (slots < keys)
		slots *= 2;
	*out = (struct match_index){
		.slots = arena_calloc(arena, slots, sizeof(struct match_entry *)),
		.mask = slots - 1,
		.features = arena_calloc(arena, model->policies_n + 1, sizeof(struct policy *)),
	};
	if (!out->slots || !out->features)
		return -1;
	for (const struct policy *p = model->policies; p; p = p->next) {
		if (!p->active)
			continue;
		if (has_feature_rules(p)) {
			out->features[out->features_n++] = p;
			continue;
		}
		for (const struct object_ref *r = p->objects; r; r = r->next)
			if (ref_add(out, arena, r, p) < 0)
				return -1;
	}
	return 0;
}

/* The request's resource, and the client's own where it is another. */
static size_t resources_of(const struct request *req, const struct gvr *out[2])
{
	out[0] = &req->resource;
	out[1] = &req->request_resource;
	return str_eq(req->resource.group, req->request_resource.group) &&
			       str_eq(req->resource.resource, req->request_resource.resource)
		       ? 1
		       : 2;
}

struct lookup { /* the entries that a request meets */
	const struct match_entry *v[2 * 2 * 4];
	size_t n, policies;
};

static void lookup_entry(const struct match_index *index, const struct match_key *key,
			 struct lookup *out)
{
	const struct match_entry *e = entry_find(index, key);

	if (!e)
		return;
	out->v[out->n++] = e;
	for (const struct policy_link *l = &e->policies; l; l = l->next)
		out->policies++;
}

/* Under one resource and one namespace (or none). */
static void lookup_in(const struct match_index *index, const struct gvr *resource,
		      struct str namespace, const struct match_names *names, struct lookup *out)
{
	struct match_key key = {
		.kind = ENTRY_ANY,
		.group = resource->group,
		.resource = resource->resource,
		.namespace = namespace,
	};

	lookup_entry(index, &key, out);
	key.kind = ENTRY_NAME;
	for (size_t i = 0; i < names->n; i++) {
		key.name = names->v[i];
		lookup_entry(index, &key, out);
	}
}

bool match_by_name(const struct match_index *index, const struct request *req)
{
	const struct gvr *resources[2];
	size_t n = resources_of(req, resources);

	for (size_t i = 0; i < n; i++) {
		struct match_key key = {
			.kind = ENTRY_MARKER,
			.group = resources[i]->group,
			.resource = resources[i]->resource,
		};

		if (entry_find(index, &key))
			return true;
		key.namespace = req->namespace;
		if (req->namespace.n && entry_find(index, &key))
			return true;
	}
	return false;
}

static int policy_order(const void *a, const void *b)
{
	size_t x = (*(const struct policy *const *)a)->number;
	size_t y = (*(const struct policy *const *)b)->number;

	return (x > y) - (x < y);
}

/* The policies of all entries, sorted, each once. */
static int lookup_collect(const struct lookup *found, struct arena *arena, struct candidates *out)
{
	const struct policy **v = arena_calloc(arena, found->policies, sizeof *v);
	size_t n = 0, kept = 0;

	if (!v)
		return -1;
	for (size_t i = 0; i < found->n; i++)
		for (const struct policy_link *l = &found->v[i]->policies; l; l = l->next)
			v[n++] = l->policy;
	qsort(v, n, sizeof *v, policy_order);
	for (size_t i = 0; i < n; i++)
		if (!kept || v[kept - 1] != v[i])
			v[kept++] = v[i];
	*out = (struct candidates){ v, kept };
	return 0;
}

int match_find(const struct match_index *index, const struct request *req,
	       const struct match_names *names, struct arena *arena, struct candidates *out)
{
	const struct gvr *resources[2];
	size_t n = resources_of(req, resources);
	struct lookup found = { .n = 0 };

	for (size_t i = 0; i < n; i++) {
		lookup_in(index, resources[i], (struct str){ NULL, 0 }, names, &found);
		if (req->namespace.n)
			lookup_in(index, resources[i], req->namespace, names, &found);
	}
	*out = (struct candidates){ NULL, 0 };
	return found.policies ? lookup_collect(&found, arena, out) : 0;
}

/* ---- one ref ---- */

static bool is_label(const struct json *object, const struct label *want)
{
	const struct json *labels = json_get(json_get(object, STR("metadata")), STR("labels"));
	const struct json *value = json_get(labels, want->key);

	return value && value->type == JSON_STRING && str_eq(json_str(value), want->value);
}

static bool labels_fit(const struct label *labels, const struct json *object)
{
	if (!object)
		return !labels;
	for (; labels; labels = labels->next)
		if (!is_label(object, labels))
			return false;
	return true;
}

static bool name_fits(const struct object_ref *ref, struct str name)
{
	if (!ref->names.n)
		return str_starts(name, ref->name_prefix);
	for (size_t i = 0; i < ref->names.n; i++)
		if (str_eq(ref->names.v[i], name))
			return true;
	return false;
}

static bool names_fit(const struct object_ref *ref, const struct match_names *names)
{
	if (!ref->names.n && !ref->name_prefix.n)
		return true;
	for (size_t i = 0; i < names->n; i++)
		if (name_fits(ref, names->v[i]))
			return true;
	return false;
}

/* The resource first: refs of one policy differ in it more often than in the group. */
static inline bool resource_fits(const struct object_ref *ref, const struct gvr *r)
{
	return (str_eq(ref->resource, r->resource) || str_is(ref->resource, "*")) &&
	       (str_eq(ref->group, r->group) || str_is(ref->group, "*"));
}

static inline bool place_fits(const struct object_ref *ref, const struct request *req)
{
	if (!resource_fits(ref, &req->resource) && !resource_fits(ref, &req->request_resource))
		return false;
	return !ref->namespace.n || str_eq(ref->namespace, req->namespace);
}

bool ref_may_fit(const struct object_ref *ref, const struct request *req,
		 const struct match_names *names)
{
	return place_fits(ref, req) && (!names->n || names_fit(ref, names));
}

static bool ref_fits(const struct object_ref *ref, const struct request *req,
		     const struct match_names *names, const struct json *new_object,
		     const struct json *old_object)
{
	/* On either: relabelling must not make an object escape. */
	return place_fits(ref, req) && names_fit(ref, names) &&
	       (!ref->labels || labels_fit(ref->labels, pod_of(new_object, ref->pods)) ||
		labels_fit(ref->labels, pod_of(old_object, ref->pods)));
}

const struct object_ref *objects_find(const struct object_ref *refs, const struct request *req,
				      const struct match_names *names,
				      const struct json *new_object, const struct json *old_object)
{
	while (refs && !ref_fits(refs, req, names, new_object, old_object))
		refs = refs->next;
	return refs;
}

bool match_objects_fit(const struct object_ref *refs, const struct request *req,
		       const struct match_names *names, const struct json *new_object,
		       const struct json *old_object)
{
	return objects_find(refs, req, names, new_object, old_object);
}
