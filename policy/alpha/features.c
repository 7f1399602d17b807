/*
 * features.c - from a request to the objects in it, and all parts over each.
 */
#include "policy/alpha/features.h"

#include <assert.h>

#include "policy/alpha/finder.h"

const char *use_kind_name(enum use_kind kind)
{
	static const char *const names[USE_KINDS] = {
		[USE_FIELD] = "field", [USE_VALUE] = "value", [USE_VERSION] = "version",
		[USE_KEY] = "key",     [USE_GATE] = "gate",   [USE_DROPPED] = "dropped",
	};

	assert((size_t)kind < USE_KINDS);
	return names[kind];
}

/* ---- recording ---- */

/* The chain of places, copied: those of a walk live in its frames. */
static const struct place *place_copy(struct finder *f, const struct place *from)
{
	struct place *copy, *p;

	if (!from)
		return NULL;
	if (!(copy = arena_calloc(f->arena, from->depth, sizeof *copy))) {
		f->full = true;
		return NULL;
	}
	for (p = copy; from; from = from->up, p++) {
		*p = *from;
		p->up = from->up ? p + 1 : NULL;
	}
	return copy;
}

struct feature_use *use_add(struct finder *f, enum use_kind kind, unsigned stage,
			    const struct place *place)
{
	struct feature_use *use;

	f->out->all++;
	if (f->full || f->out->n == (f->req->offline ? FEATURE_USES_OFFLINE_MAX : FEATURE_USES_MAX))
		return NULL;
	if (!(use = arena_zalloc(f->arena, sizeof *use))) {
		f->full = true;
		return NULL;
	}
	use->kind = kind;
	use->stage = stage;
	use->minor = f->minor;
	use->place = place_copy(f, place);
	*f->out->last = use;
	f->out->last = &use->next;
	f->out->n++;
	return use;
}

void use_gate(struct feature_use *use, const struct catalogue_gate *gate)
{
	if (use->gates_n == CATALOGUE_GATES)
		return;
	if (!use->gates_n) {
		use->beta = catalogue_since(gate, STAGE_BETA);
		use->ga = catalogue_since(gate, STAGE_GA);
	}
	use->gates[use->gates_n++] = str_of(catalogue_text(gate->name));
}

bool use_allowed(const struct feature_use *use, const struct str *allow, size_t allow_n)
{
	const struct str *names = use->gates_n ? use->gates : &use->what;
	size_t n = use->gates_n ? use->gates_n : 1, held = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < allow_n; k++)
			if (str_eq(names[i], allow[k])) {
				held++;
				break;
			}
	return held == n;
}

/* ---- places ---- */

/* Lists that Kubernetes does not merge by name, among those that hold anything gated. */
static struct str item_merge_key(const struct place *list)
{
	static const char *const lists[][2] = { { "volumeMounts", "mountPath" },
						{ "volumeDevices", "devicePath" },
						{ "topologySpreadConstraints", "topologyKey" } };

	for (size_t i = 0; list && i < sizeof lists / sizeof *lists; i++)
		if (list->step.kind == STEP_KEY && str_is(list->step.key, lists[i][0]))
			return str_of(lists[i][1]);
	return STR("name");
}

struct place place_item(const struct place *list, const struct json *item, size_t index)
{
	struct place place = { list,
			       { .kind = STEP_INDEX, .index = index },
			       list ? list->depth + 1 : 1 };
	struct str key = item_merge_key(list);
	const struct json *value = item->type == JSON_OBJECT ? json_get(item, key) : NULL;

	if (value && value->type == JSON_STRING)
		place.step =
			(struct step){ .kind = STEP_ITEM, .key = key, .value = json_str(value) };
	return place;
}

static bool step_same(const struct step *a, const struct step *b)
{
	return a->kind == b->kind && a->index == b->index && str_eq(a->key, b->key) &&
	       str_eq(a->value, b->value);
}

bool place_same(const struct place *a, const struct place *b)
{
	while (a && b && step_same(&a->step, &b->step)) {
		a = a->up;
		b = b->up;
	}
	return !a && !b;
}

static bool item_is(const struct json *item, const struct step *step)
{
	return item->type == JSON_OBJECT &&
	       str_eq(json_str(json_get(item, step->key)), step->value);
}

const struct json *item_find(const struct json *list, const struct step *step)
{
	const struct json *item = list && list->type == JSON_ARRAY ? list->child : NULL;
	size_t index = step->index;

	if (step->kind == STEP_INDEX) {
		while (item && index--)
			item = item->next;
		return item;
	}
	while (item && !item_is(item, step))
		item = item->next;
	return item;
}

const struct json *item_find_budgeted(struct finder *f, const struct json *list,
				      const struct step *step, size_t index)
{
	size_t cost = list && list->type == JSON_ARRAY ? list->len : 0;
	const struct json *item = cost ? list->child : NULL;

	if (!cost || f->budget < cost)
		return NULL;
	f->budget -= cost;
	while (item && index--)
		item = item->next;
	return item && step->kind == STEP_ITEM && item_is(item, step) ? item
								      : item_find(list, step);
}

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
	struct finder f = { .req = req, .arena = arena, .out = out, .budget = FINDER_BUDGET };
	struct subject s = { .gvk = req->kind, .object = object, .old = old };

	*out = (struct feature_uses){ .last = &out->first };
	f.minor = catalogue_minor(minor ? minor : catalogue_minor_max);
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
	struct finder f = { .req = req, .arena = arena, .out = out, .named = true };
	struct subject s = { .gvk = req->kind, .object = object };

	*out = (struct feature_uses){ .last = &out->first };
	f.minor = catalogue_minor_max;
	f.bit = catalogue_bit(f.minor);
	if (object && object->type == JSON_OBJECT)
		find_in_object(&f, &s);
	if (f.full)
		return err_set(err, ERR_LIMIT, "the request's memory (%zu MiB) is used up",
			       arena->limit >> 20);
	return 0;
}
