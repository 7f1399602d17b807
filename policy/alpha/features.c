/* SPDX-License-Identifier: Apache-2.0
 * features.c - from a request to the objects in it, and all parts over each.
 */
#include "policy/alpha/features.h"

#include "policy/alpha/finder.h"

/* ---- the objects of a request ---- */

static void find_in_object(struct finder *f, struct subject *s)
{
	struct place steps[POD_SPEC_STEPS];

	workload_find_pod(s, steps);
	if (f->named) {
		find_gates(f, s);
		find_config(f, s);
		return;
	}
	find_versions(f, s);
	find_fields(f, s);
	find_rules(f, s);
	find_keys(f, s);
	if (s->status)
		return;
	find_gates(f, s);
	find_config(f, s);
	/* What a version that is not known drops, and what it keeps, is not known either. */
	if (!f->newer)
		find_dropped(f, s);
}

/* "apps/v1" and "Deployment" as the object itself says; what it does not say, as given. */
static struct gvk object_gvk(const struct json *object, struct gvk given)
{
	struct str version = json_str(json_get(object, STR("apiVersion")));
	struct str kind = json_str(json_get(object, STR("kind")));
	const char *slash = version.n ? memchr(version.s, '/', version.n) : NULL;

	if (kind.n)
		given.kind = kind;
	if (!version.n)
		return given;
	given.group = (struct str){ "", 0 };
	given.version = version;
	if (slash) {
		given.group = (struct str){ version.s, (size_t)(slash - version.s) };
		given.version = str_from(version, given.group.n + 1);
	}
	return given;
}

/* PodList holds Pods, a List anything that says what it is. */
static bool is_object_list(const struct subject *s)
{
	const struct json *items = json_get(s->object, STR("items"));

	return s->gvk.kind.n >= 4 && str_is(str_from(s->gvk.kind, s->gvk.kind.n - 4), "List") &&
	       items && items->type == JSON_ARRAY;
}

static void find_in_list(struct finder *f, const struct subject *list)
{
	const struct json *items = json_get(list->object, STR("items"));
	struct place at = place_key(list->at, STR("items"));
	struct gvk of = list->gvk;
	size_t index = 0;

	of.kind.n -= 4;
	for (const struct json *i = items->child; i && !f->full; i = i->next, index++) {
		struct place place = { &at, { .kind = STEP_INDEX, .index = index }, at.depth + 1 };
		struct subject s = { .object = i, .at = &place };

		if (i->type != JSON_OBJECT)
			continue;
		s.gvk = object_gvk(i, of);
		find_in_object(f, &s);
	}
}

/* What came with the request: DeleteOptions and their like. */
static void find_in_options(struct finder *f)
{
	struct subject s = { .gvk = { STR("meta.k8s.io"), STR("v1"), { NULL, 0 } } };
	struct place at = place_key(NULL, STR("options"));
	struct err ignored;

	if (!features_options_possible(f))
		return;
	s.object = json_parse(f->req->options, NULL, f->arena, &ignored);
	f->full = f->full || f->arena->full;
	if (!s.object || s.object->type != JSON_OBJECT)
		return;
	s.gvk.kind = json_str(json_get(s.object, STR("kind")));
	s.at = &at;
	find_fields(f, &s);
}

int features_find(unsigned minor, const struct request *req, const struct json *object,
		  const struct json *old, struct arena *arena, struct feature_uses *out,
		  struct err *err)
{
	struct finder f = { .req = req,
			    .arena = arena,
			    .out = out,
			    .yaml_nodes = FINDER_CONFIG_NODES,
			    .json_nodes = FINDER_CONFIG_NODES };
	struct subject s = { .gvk = req->kind, .object = object, .old = old };

	*out = (struct feature_uses){ .last = &out->first };
	f.minor = catalogue_minor(minor ? minor : catalogue_minor_released);
	f.newer = minor > catalogue_minor_max ? minor : 0;
	f.bit = catalogue_bit(f.minor);
	s.status = str_is(req->subresource, "status");
	if (req->operation == OP_CREATE || req->operation == OP_UPDATE) {
		if (object && object->type == JSON_OBJECT && is_object_list(&s))
			find_in_list(&f, &s);
		else if (object && object->type == JSON_OBJECT)
			find_in_object(&f, &s);
	}
	find_in_options(&f);
	if (f.full)
		return err_set(err, ERR_LIMIT, "the request's memory (%zu MiB) is used up",
			       arena->limit >> 20);
	return 0;
}

int features_named(const struct request *req, const struct json *object, struct arena *arena,
		   struct feature_uses *out, struct err *err)
{
	struct finder f = { .req = req,
			    .arena = arena,
			    .out = out,
			    .named = true,
			    .yaml_nodes = FINDER_CONFIG_NODES,
			    .json_nodes = FINDER_CONFIG_NODES };
	struct subject s = { .gvk = req->kind, .object = object };

	*out = (struct feature_uses){ .last = &out->first };
	f.minor = catalogue_minor_released;
	f.bit = catalogue_bit(f.minor);
	if (object && object->type == JSON_OBJECT)
		find_in_object(&f, &s);
	if (f.full)
		return err_set(err, ERR_LIMIT, "the request's memory (%zu MiB) is used up",
			       arena->limit >> 20);
	return 0;
}
