/* SPDX-License-Identifier: Apache-2.0
 * changes.c - what an UPDATE changes, less what never counts.
 *
 * The comparison itself (diff.c) is blind to meaning; this file knows which
 * changes the API server makes by itself, and which change nothing.
 */
#include "policy/judge/judge.h"

/* The step at this depth (1: below the root) of a place that is at least as deep. */
static const struct step *step_at(const struct place *place, unsigned depth)
{
	while (place && place->depth > depth)
		place = place->up;
	return place && place->depth == depth ? &place->step : NULL;
}

static bool is_key_at(const struct place *place, unsigned depth, const char *key)
{
	const struct step *s = step_at(place, depth);

	return s && s->kind == STEP_KEY && str_is(s->key, key);
}

/* Members of metadata that the API server writes. */
static const char *const server_metadata[] = { "managedFields", "resourceVersion", "generation" };

/* Annotations in which clients and controllers note what they did: nothing acts on them. */
static const char *const noted[] = {
	"kubectl.kubernetes.io/last-applied-configuration",
	"kubernetes.io/change-cause",
	"deployment.kubernetes.io/revision",
};

static bool by_server(const struct judge *j, const struct place *place)
{
	for (size_t i = 0; i < sizeof server_metadata / sizeof *server_metadata; i++)
		if (is_key_at(place, 2, server_metadata[i]))
			return true;
	if (!is_key_at(place, 2, "annotations"))
		return false;
	for (size_t i = 0; i < sizeof noted / sizeof *noted; i++)
		if (is_key_at(place, 3, noted[i]))
			return true;
	return str_is(j->req->resource.resource, "daemonsets") &&
	       is_key_at(place, 3, "deprecated.daemonset.template.generation");
}

/*
 * Is it the list of finalizers, and are those that are left what was there before, in that
 * order? Who takes one out leaves the others as they stand.
 */
static bool removes_finalizers(const struct judge *j, const struct change *c)
{
	const struct json *old;

	if (!c->place || c->place->depth != 2 || !is_key_at(c->place, 2, "finalizers"))
		return false;
	if (!c->from || c->from->type != JSON_ARRAY)
		return false;
	if (!c->to)
		return true;
	if (c->to->type != JSON_ARRAY || c->to->len >= c->from->len)
		return false;
	old = c->from->child;
	for (const struct json *i = c->to->child; i; i = i->next, old = old->next) {
		while (old && !json_equal_steps(old, i, &j->arena->steps))
			old = old->next;
		if (!old)
			return false;
	}
	return true;
}

/* Lists whose order has no meaning. */
static const char *const unordered[] = { "containers", "volumes", "ports" };

static bool only_reorders(const struct place *place)
{
	if (!place || place->step.kind != STEP_ORDER || !place->up)
		return false;
	for (size_t i = 0; i < sizeof unordered / sizeof *unordered; i++)
		if (is_key_at(place, place->up->depth, unordered[i]))
			return true;
	return false;
}

/* A write of the status subresource carries metadata and an old spec that is dropped. */
static bool change_counts(const struct judge *j, const struct change *c)
{
	const struct place *place = change_above(c, 3);
	bool metadata = is_key_at(place, 1, "metadata");

	if (str_is(j->req->subresource, "status") && !metadata)
		return false;
	if (metadata && (by_server(j, place) || removes_finalizers(j, c)))
		return false;
	return !only_reorders(c->place);
}

/* A third of an object's bytes: taken out before the comparison, since it never counts. */
static void drop_managed_fields(struct json *object)
{
	struct json *metadata = (struct json *)json_get(object, STR("metadata")), **at;

	if (!metadata || metadata->type != JSON_OBJECT)
		return;
	for (at = &metadata->child; *at; at = &(*at)->next)
		if (str_is(json_key(*at), "managedFields")) {
			*at = (*at)->next;
			metadata->len--;
			return;
		}
}

static struct json *changes_add_member(struct judge *j, struct json *object, const char *key,
				       enum json_type type)
{
	struct json *m = arena_zalloc(j->arena, sizeof *m);

	if (!m)
		return NULL;
	*m = (struct json){ .next = object->child, .key = key, .key_len = (uint32_t)strlen(key) };
	m->type = type;
	object->child = m;
	object->len++;
	return m;
}

/*
 * A Scale to 0 leaves spec.replicas out (autoscaling/v1 Scale, omitempty), and may leave out the
 * spec that holds nothing else (omitzero).
 */
static int fill_replicas(struct judge *j, struct json *scale)
{
	struct json *spec = (struct json *)json_get(scale, STR("spec")), *zero;

	if (!scale || scale->type != JSON_OBJECT)
		return 0;
	if (!spec && !(spec = changes_add_member(j, scale, "spec", JSON_OBJECT)))
		return err_set(j->err, ERR_LIMIT, "the request's memory is used up");
	if (spec->type != JSON_OBJECT || json_get(spec, STR("replicas")))
		return 0;
	if (!(zero = changes_add_member(j, spec, "replicas", JSON_NUMBER)))
		return err_set(j->err, ERR_LIMIT, "the request's memory is used up");
	zero->text = "0";
	zero->len = 1;
	return 0;
}

/* Where nothing of the metadata changed the comparison leaves it out by itself. */
static bool shares_metadata(const struct judge *j)
{
	const struct json *new = json_get(j->object, STR("metadata"));
	const struct json *old = json_get(j->old, STR("metadata"));

	return old && new &&json_shared(new, old);
}

/* All changes there are, before any is left out. */
static int changes_compare(struct judge *j, struct change_list *out)
{
	if (!shares_metadata(j)) {
		drop_managed_fields(j->object);
		drop_managed_fields(j->old);
	}
	if (str_is(j->req->subresource, "scale") &&
	    (fill_replicas(j, j->object) < 0 || fill_replicas(j, j->old) < 0))
		return -1;
	return diff_objects(j->old, j->object, j->arena, out, j->err);
}

int changes_find(struct judge *j, struct changes *out)
{
	struct change_list all;

	if (j->req->changes)
		all = *j->req->changes;
	else if (changes_compare(j, &all) < 0)
		return -1;
	*out = (struct changes){ arena_calloc(j->arena, all.n, sizeof *out->v), 0 };
	if (!out->v)
		return err_set(j->err, ERR_LIMIT, "no memory left for the list of changes");
	for (const struct change *c = all.first; c; c = c->next)
		if (change_counts(j, c))
			out->v[out->n++] = c;
	return 0;
}
