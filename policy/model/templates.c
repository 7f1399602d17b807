/* SPDX-License-Identifier: Apache-2.0
 * templates.c - the kinds that make pods, and where the pod stands in each.
 */
#include "policy/model/templates.h"

#define KEYS_MAX 4

static const char *const view_keys[POD_VIEWS][KEYS_MAX + 1] = {
	[POD_TEMPLATE] = { "spec", "template" },
	[POD_BARE] = { "template" },
	[POD_CRON] = { "spec", "jobTemplate", "spec", "template" },
};

/* Kubernetes' own kinds; the first is the one that the entry itself stands for. */
static const struct {
	const char *group, *resource;
	enum pod_view view;
} makers[] = {
	{ "", "pods", POD_ITSELF },
	{ "", "podtemplates", POD_BARE },
	{ "", "replicationcontrollers", POD_TEMPLATE },
	{ "apps", "daemonsets", POD_TEMPLATE },
	{ "apps", "deployments", POD_TEMPLATE },
	{ "apps", "replicasets", POD_TEMPLATE },
	{ "apps", "statefulsets", POD_TEMPLATE },
	{ "batch", "cronjobs", POD_CRON },
	{ "batch", "jobs", POD_TEMPLATE },
};
#define MAKERS (sizeof makers / sizeof *makers)

const struct json *pod_of(const struct json *object, enum pod_view view)
{
	for (size_t i = 0; view_keys[view][i] && object; i++)
		object = json_get(object, str_of(view_keys[view][i]));
	return object;
}

int pods_expand(struct object_ref *refs, struct arena *arena)
{
	for (struct object_ref *o = refs; o; o = o->next) {
		struct object_ref *last = o;

		if (o->pods == POD_NONE || o->implied)
			continue;
		for (size_t i = 1; i < MAKERS; i++) {
			struct object_ref *more = arena_alloc(arena, sizeof *more);

			if (!more)
				return -1;
			*more = *o;
			more->group = str_of(makers[i].group);
			more->resource = str_of(makers[i].resource);
			more->pods = makers[i].view;
			more->implied = true;
			more->next = last->next;
			last->next = more;
			last = more;
		}
		o = last;
	}
	return 0;
}

/* ---- paths below a view ---- */

static size_t keys_of(enum pod_view view)
{
	size_t n = 0;

	while (view_keys[view][n])
		n++;
	return n;
}

static int path_in_view(const struct path *path, enum pod_view view, struct arena *arena,
			struct path *out)
{
	size_t n = keys_of(view);
	struct step *steps = arena_calloc(arena, n + path->n, sizeof *steps);

	if (!steps)
		return -1;
	for (size_t i = 0; i < n; i++)
		steps[i] = (struct step){ .kind = STEP_KEY, .key = str_of(view_keys[view][i]) };
	memcpy(steps + n, path->steps, path->n * sizeof *steps);
	*out = (struct path){ steps, n + path->n };
	return 0;
}

static int changed_views(struct changed *c, struct arena *arena)
{
	struct path *views = arena_calloc(arena, POD_VIEWS, sizeof *views);

	if (!views)
		return -1;
	for (int v = POD_NONE; v < POD_VIEWS; v++)
		if (path_in_view(&c->path, (enum pod_view)v, arena, &views[v]) < 0)
			return -1;
	c->views = views;
	return 0;
}

static int made_so_add(struct rule *rule, const struct path *path, struct arena *arena)
{
	struct changed *c = arena_zalloc(arena, sizeof *c);

	if (!c)
		return -1;
	c->kind = CHANGED_PATH;
	c->path = *path;
	c->next = rule->made_so;
	rule->made_so = c;
	return changed_views(c, arena);
}

static bool labels_asked(const struct rule *rule)
{
	const struct object_ref *o = rule->objects ? rule->objects : rule->policy->objects;

	while (o && !(o->pods != POD_NONE && o->labels))
		o = o->next;
	return o;
}

/* What the rule asks about: an UPDATE that makes it so changes one of these. */
static int made_so(struct rule *rule, struct arena *arena)
{
	static struct step steps[] = { { .kind = STEP_KEY, .key = { "metadata", 8 } },
				       { .kind = STEP_KEY, .key = { "labels", 6 } } };
	static const struct path labels = { steps, 2 };

	for (const struct condition *c = rule->when; c; c = c->next)
		if (!str_starts(c->path.steps[0].key, STR("$")) &&
		    made_so_add(rule, &c->path, arena) < 0)
			return -1;
	return labels_asked(rule) ? made_so_add(rule, &labels, arena) : 0;
}

int pods_link(struct rule *rule, struct arena *arena)
{
	const struct object_ref *o = rule->objects ? rule->objects : rule->policy->objects;

	while (o && o->pods == POD_NONE)
		o = o->next;
	if (!o)
		return 0;
	rule->pods = true;
	for (struct changed *c = rule->changed; c; c = c->next)
		if (c->kind == CHANGED_PATH && changed_views(c, arena) < 0)
			return -1;
	return rule->operations & OP_CREATE && !(rule->operations & OP_UPDATE)
		       ? made_so(rule, arena)
		       : 0;
}

/* ---- places ---- */

static const struct place *place_at(const struct place *place, unsigned depth)
{
	while (place && place->depth > depth)
		place = place->up;
	return place && place->depth == depth ? place : NULL;
}

bool pods_step(const struct place *place, enum pod_view view, const struct place **top,
	       const struct place **second)
{
	unsigned n = (unsigned)keys_of(view);

	for (unsigned i = 0; i < n; i++) {
		const struct place *at = place_at(place, i + 1);

		if (!at || at->step.kind != STEP_KEY || !str_is(at->step.key, view_keys[view][i]))
			return false;
	}
	*top = place_at(place, n + 1);
	*second = place_at(place, n + 2);
	return true;
}

unsigned pods_operations(const struct rule *rule, const struct object_ref *ref)
{
	return rule->operations |
	       (ref->pods != POD_NONE && rule->operations & OP_CREATE ? OP_UPDATE : 0u);
}
