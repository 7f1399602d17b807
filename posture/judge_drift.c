/* SPDX-License-Identifier: Apache-2.0
 * judge_drift.c - what was changed on a component since OKE installed it, from what the cluster
 * itself remembers.
 *
 * Two sources, which complete each other. Revisions hold earlier pod templates: old and new value.
 * managedFields names who owns a place: the tool, and the time of its last write. A place is drift
 * only where the installer does not own it any more: Oracle's own upgrades, a restart, and an apply
 * of the same values are none. Each drifted place is judged by the policies as an UPDATE of it.
 */
#include "posture/components.h"
#include "posture/timeline.h"

#include "policy/object/diff.h"

#define OBJECT_MEMORY (96u << 20) /* of one object and its revisions, read again */
#define JUDGED_MAX    256         /* places of one object */
#define JUDGE_MEMORY  (64u << 20)

struct drift {
	struct posture *p;
	const struct kept *object;
	const struct json *root;
	struct owners owners;
	struct str installer;
	struct timeline timeline;
	struct change_list templates; /* from the eldest template to that of now */
	struct arena *arena;
	const struct owner *owner; /* whose places are being walked */
	size_t told, more, judged;
	enum {
		SCALED_BY_ANYBODY,
		SCALED_ONCE,
		SCALED_NOW
	} autoscaled; /* by OKE's autoscaler of CoreDNS */
	bool unclear;
};

/* ---- one place ---- */

static struct request request_of_drift(const struct drift *d, struct str subresource,
				       const struct change_list *changes)
{
	int source = source_of_kind(d->object->gvk.group, d->object->gvk.kind);
	struct request req = { .operation = OP_UPDATE,
			       .kind = d->object->gvk,
			       .request_kind = d->object->gvk,
			       .resource = { d->object->gvk.group, d->object->gvk.version,
					     str_of(sources[source].resource) },
			       .subresource = subresource,
			       .request_subresource = subresource,
			       .namespace = d->object->namespace,
			       .name = d->object->name,
			       .object = d->object->text,
			       .old_object = d->object->text,
			       .stored = true,
			       .changes = changes,
			       .part = POLICIES_SUPPORT };

	req.request_resource = req.resource;
	return req;
}

/* A roll-out back is the way only where it takes back nothing else. */
static struct str undo_command(const struct drift *d, size_t base, struct arena *arena)
{
	const struct revision *r = &d->timeline.v[base];
	bool deployment = str_is(d->object->gvk.kind, "Deployment");

	if (r->number <= 0 || r->number == INT64_MAX)
		return STR("");
	return words_of(arena, "kubectl -n %.*s rollout undo %s/%.*s --to-revision=%lld",
			STR_ARG(d->object->namespace), deployment ? "deployment" : "daemonset",
			STR_ARG(d->object->name), (long long)r->number);
}

struct drift_told {
	const struct change *change;
	const struct owner *owner; /* NULL: not known */
	const char *evidence;
	bool has_from;
	bool unknown_origin, untracked;
	struct str undo;
};

static void tell_drift(struct drift *d, const struct drift_told *t, const struct finding *f,
		       struct arena *arena)
{
	struct posture_finding out = found_kept(d->object, arena, f->tier);

	found_fill(f, arena, &out);
	out.evidence = t->evidence;
	if (f->changes_n) {
		out.from = t->has_from ? f->changes[0].from : STR("");
		out.to = f->changes[0].to;
	}
	if (t->owner) {
		out.tool = t->owner->manager;
		out.time = t->owner->time;
	}
	if (t->unknown_origin) {
		out.tier = f->tier == TIER_UNSUPPORTED ? TIER_BEST_EFFORT : f->tier;
		out.text = words_of(arena,
				    "%.*s %.*s/%.*s is not what it was, and nothing in the cluster "
				    "says who changed it",
				    STR_ARG(d->object->gvk.kind), STR_ARG(d->object->namespace),
				    STR_ARG(d->object->name));
	}
	if (t->untracked) {
		out.tier = f->tier == TIER_UNSUPPORTED ? TIER_BEST_EFFORT : f->tier;
		out.text =
			words_of(arena,
				 "%.*s %.*s/%.*s has an owner, and nothing in the cluster says who "
				 "gave it; when the owner goes, it goes too",
				 STR_ARG(d->object->gvk.kind), STR_ARG(d->object->namespace),
				 STR_ARG(d->object->name));
	}
	if (t->undo.n) {
		out.remedy = STR("put it back:");
		out.command = t->undo;
	}
	found_add(d->p, CHECK_DRIFT, &out);
}

/* Judged by the policies as an UPDATE of that place alone. */
static void judge_place(struct drift *d, const struct drift_told *t)
{
	struct change change = *t->change;
	const struct change_list changes = { &change, &change.next, 1 };
	bool scale = t->owner && str_is(t->owner->subresource, "scale");
	struct request req = request_of_drift(d, scale ? STR("scale") : STR(""), &changes);
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct err err = { .kind = ERR_NONE };
	struct verdict v;

	if (d->told >= POSTURE_PATHS_MAX || d->judged++ >= JUDGED_MAX) {
		d->more++; /* each is a judgement of the whole object */
		return;
	}
	change.next = NULL;
	arena_init(&arena, JUDGE_MEMORY);
	if (policy_judge(d->p->set, &req, d->p->now, &arena, NULL, &v, &err) < 0) {
		d->unclear = true;
		return;
	}
	for (size_t i = 0; i < v.findings_n; i++) {
		d->told++;
		tell_drift(d, t, &v.findings[i], &arena);
	}
}

/* ---- source 1: revisions ---- */

static const struct place spec_place = { NULL, { .kind = STEP_KEY, .key = { "spec", 4 } }, 1 };
static const struct place template_place = { &spec_place,
					     { .kind = STEP_KEY, .key = { "template", 8 } },
					     2 };

/* Below spec.template. NOLINTNEXTLINE(misc-no-recursion): as deep as the place that it copies */
static const struct place *below_template(const struct place *place, struct arena *arena)
{
	struct place *copy;

	if (!place)
		return &template_place;
	if (!(copy = arena_zalloc(arena, sizeof *copy)))
		return NULL;
	*copy = *place;
	copy->up = below_template(place->up, arena);
	copy->depth = place->depth + 2;
	return copy->up ? copy : NULL;
}

static const struct json *value_at(const struct drift *d, size_t revision,
				   const struct place *place)
{
	return place_value(d->timeline.v[revision].template, place);
}

static bool step_changes(const struct drift *d, size_t step, const struct place *place)
{
	return !json_equal(value_at(d, step, place), value_at(d, step + 1, place));
}

/*
 * Was the installer's last write just before that, and nobody else's? Controllers make a revision
 * within a moment of what they see.
 */
static bool installer_wrote(const struct drift *d, int64_t revised)
{
	const int64_t moment = 5; /* seconds */
	bool wrote = false;

	for (size_t i = 0; i < d->owners.n; i++) {
		const struct owner *o = &d->owners.v[i];

		if (!o->time || o->time > revised || revised - o->time > moment)
			continue;
		if (!str_eq(o->manager, d->installer))
			return false;
		wrote = true;
	}
	return wrote;
}

/*
 * Oracle's: every image stays Oracle's, and something that the step changed is the installer's
 * now. A step whose image was changed again by somebody else is told by the image that it took, one
 * of which nothing is the installer's any more by the time of his last write.
 */
static bool step_is_installers(const struct drift *d, size_t step)
{
	struct change_list changes;
	struct err ignored;
	bool image = false;

	if (!d->timeline.v[step + 1].oracle ||
	    diff_objects(d->timeline.v[step].template, d->timeline.v[step + 1].template, d->arena,
			 &changes, &ignored) < 0)
		return false;
	for (const struct change *c = changes.first; c; c = c->next) {
		const struct place *place = below_template(c->place, d->arena);

		if (place && owners_cover(&d->owners, d->installer, place))
			return true;
		image = image || (c->place && c->place->step.kind == STEP_KEY &&
				  str_is(c->place->step.key, "image") && c->from && c->to);
	}
	return (image && step + 2 < d->timeline.n) ||
	       installer_wrote(d, d->timeline.v[step + 1].created);
}

/* The last revision whose value at the place is the installer's. */
static size_t base_of(const struct drift *d, const struct place *place)
{
	size_t base = d->timeline.n - 1;

	for (size_t step = d->timeline.n - 1; step-- > 0;) {
		if (!step_changes(d, step, place))
			continue;
		if (step_is_installers(d, step))
			break;
		base = step;
	}
	return base;
}

/* Does all that changed since then belong to others? Then a roll-out back is exact. */
static bool undo_is_exact(const struct drift *d, size_t base)
{
	struct change_list changes;
	struct err ignored;

	if (diff_objects(d->timeline.v[base].template, d->timeline.v[d->timeline.n - 1].template,
			 d->arena, &changes, &ignored) < 0)
		return false;
	for (const struct change *c = changes.first; c; c = c->next) {
		const struct place *place = below_template(c->place, d->arena);

		if (!place || owners_cover(&d->owners, d->installer, place))
			return false;
	}
	return true;
}

static void judge_template_change(struct drift *d, const struct change *c)
{
	const struct place *place = below_template(c->place, d->arena);
	size_t base = base_of(d, c->place), last = d->timeline.n - 1;
	struct change change = { .place = place,
				 .from = value_at(d, base, c->place),
				 .to = value_at(d, last, c->place) };
	struct drift_told t = { .change = &change, .evidence = "revision", .has_from = true };

	if (!place || base == last || json_equal(change.from, change.to) ||
	    owners_cover(&d->owners, d->installer, place))
		return;
	t.owner = owners_last(&d->owners, d->installer, place);
	t.unknown_origin = !t.owner && !d->owners.n;
	if (!t.owner && d->owners.n && change.to)
		t.unknown_origin = true;
	/* What was taken away has no owner; who took it wrote last. */
	if (undo_is_exact(d, base))
		t.undo = undo_command(d, base, d->arena);
	judge_place(d, &t);
}

static void judge_revisions(struct drift *d)
{
	const struct timeline *t = &d->timeline;
	struct err ignored;

	if (t->n < 2 || !t->v[0].oracle)
		return;
	if (diff_objects(t->v[0].template, t->v[t->n - 1].template, d->arena, &d->templates,
			 &ignored) < 0) {
		d->unclear = true;
		return;
	}
	for (const struct change *c = d->templates.first; c; c = c->next)
		judge_template_change(d, c);
}

/* ---- source 2: owners ---- */

static bool key_is(const struct place *place, unsigned depth, const char *key)
{
	while (place && place->depth > depth)
		place = place->up;
	return place && place->depth == depth && place->step.kind == STEP_KEY &&
	       str_is(place->step.key, key);
}

/* Written by the controllers of Kubernetes, whatever they call themselves. */
static bool by_controllers(const struct place *place)
{
	if (!key_is(place, 1, "metadata") || !key_is(place, 2, "annotations"))
		return false;
	while (place->depth > 3)
		place = place->up;
	return str_starts(place->step.key, STR("deployment.kubernetes.io/")) ||
	       str_is(place->step.key, "deprecated.daemonset.template.generation") ||
	       str_is(place->step.key, "kubectl.kubernetes.io/last-applied-configuration");
}

static bool in_template(const struct place *place)
{
	return key_is(place, 1, "spec") && key_is(place, 2, "template");
}

/* Is the present value that of the eldest template, which is the installer's? Then nothing of the
   write is left. */
static bool value_is_installers(const struct drift *d, const struct place *place)
{
	const struct timeline *t = &d->timeline;
	const struct json *whole;
	struct json spec = { .type = JSON_OBJECT }, template;

	if (t->n < 2 || !t->complete || !t->v[0].oracle || !in_template(place))
		return false;
	/* {"spec": {"template": T}}, so that the place can be looked up in it */
	template = *t->v[0].template;
	template.next = NULL;
	template.key = "template";
	template.key_len = 8;
	spec.child = &template;
	spec.len = 1;
	spec.key = "spec";
	spec.key_len = 4;
	{
		struct json root = { .type = JSON_OBJECT, .len = 1 };

		root.child = &spec;
		whole = place_value(&root, place);
	}
	return json_equal(whole, place_value(d->root, place));
}

/* Told by its revisions already, above or below. */
static bool told_by_revision(const struct drift *d, const struct place *place)
{
	for (const struct change *c = d->templates.first; c; c = c->next) {
		const struct place *told = below_template(c->place, d->arena), *a = told,
				   *b = place;

		while (a && b && a->depth > b->depth)
			a = a->up;
		while (a && b && b->depth > a->depth)
			b = b->up;
		while (a && b && a->step.kind == b->step.kind && str_eq(a->step.key, b->step.key) &&
		       str_eq(a->step.value, b->step.value)) {
			a = a->up;
			b = b->up;
		}
		if (told && !a && !b)
			return true;
	}
	return false;
}

static bool is_replicas(const struct place *place)
{
	return place->depth == 2 && key_is(place, 1, "spec") && key_is(place, 2, "replicas");
}

/*
 * While it runs the number is its own. Once it is stopped what it wrote last stays, and a scale has
 * no time: only the writer's name tells it from a person's.
 */
static bool scaled_by_autoscaler(struct drift *d)
{
	bool stopped =
		d->autoscaled == SCALED_ONCE &&
		(str_is(d->owner->manager, "cluster-proportional-autoscaler") ||
		 str_is(d->owner->manager, "kube-controller-manager")); /* an HPA's, told itself */

	if (stopped)
		note(d->p, "CoreDNS keeps the number of replicas that an autoscaler wrote last: "
			   "kube-dns-autoscaler is scaled to 0");
	return stopped || d->autoscaled == SCALED_NOW;
}

static void judge_owned(void *ctx, const struct place *place)
{
	struct drift *d = ctx;
	struct change change = { .place = place, .to = place_value(d->root, place) };
	struct drift_told t = { .change = &change, .owner = d->owner, .evidence = "owner" };

	if (!change.to || by_controllers(place) ||
	    owners_last(&d->owners, d->installer, place) != d->owner)
		return;
	if (in_template(place) && (told_by_revision(d, place) || value_is_installers(d, place)))
		return;
	if (is_replicas(place) && scaled_by_autoscaler(d))
		return;
	judge_place(d, &t);
}

/* A Scale to 0 leaves spec.replicas out, so nobody owns it afterwards; and 0 is no default. */
static void judge_scaled_away(struct drift *d)
{
	static const struct place replicas = { &spec_place,
					       { .kind = STEP_KEY, .key = { "replicas", 8 } },
					       2 };
	static const struct owner scaler = { .subresource = { "scale", 5 } };
	struct change change = { .place = &replicas, .to = place_value(d->root, &replicas) };
	struct drift_told t = { .change = &change, .owner = &scaler, .evidence = "owner" };

	if (!str_is(json_str(change.to), "0") ||
	    owners_last(&d->owners, (struct str){ NULL, 0 }, &replicas))
		return;
	judge_place(d, &t);
}

static void judge_owners(struct drift *d)
{
	for (size_t i = 0; i < d->owners.n; i++) {
		d->owner = &d->owners.v[i];
		if (str_eq(d->owner->manager, d->installer))
			continue;
		/* Its installation was not over yet. */
		if (d->owner->time && d->object->created &&
		    d->owner->time <= d->object->created + BOOTSTRAP)
			continue;
		if (owner_each(d->owner, &d->owners, d->installer, d->arena, judge_owned, d) < 0)
			d->unclear = true;
	}
}

/* ---- one object ---- */

/* CoreDNS is scaled by kube-dns-autoscaler. */
static void find_autoscaler(struct drift *d)
{
	const struct kept *k =
		kept_find(&d->p->objects, "Deployment", "kube-system", STR("kube-dns-autoscaler"));
	const struct json *root = k ? kept_parse(k, false, d->arena) : NULL;
	const struct json *replicas = json_get(json_get(root, STR("spec")), STR("replicas"));

	if (root && str_is(d->object->name, "coredns") && str_is(d->object->gvk.kind, "Deployment"))
		d->autoscaled =
			replicas && str_is(json_str(replicas), "0") ? SCALED_ONCE : SCALED_NOW;
}

/* Somebody else's: an add-on's name that the customer's own installation has. */
static bool is_customers(const struct drift *d)
{
	const struct component *c =
		component_of(d->object->gvk.kind, d->object->namespace, d->object->name);

	return c && c->class == COMPONENT_ADDON &&
	       (!str_eq(d->installer, d->p->installer) || !images_are_oracle(pod_spec_of(d->root)));
}

/*
 * An object that was made of nothing but its name (an account) has no managedFields, and gets none
 * by later writes. An owner that it has by now is said, and that nobody knows by whom.
 */
static void judge_untracked(struct drift *d)
{
	static const struct place metadata = { NULL,
					       { .kind = STEP_KEY, .key = { "metadata", 8 } },
					       1 },
				  owners = { &metadata,
					     { .kind = STEP_KEY, .key = { "ownerReferences", 15 } },
					     2 };
	struct change change = { .place = &owners, .to = place_value(d->root, &owners) };
	struct drift_told t = { .change = &change, .evidence = "object", .untracked = true };

	if (change.to && change.to->type == JSON_ARRAY && change.to->len)
		judge_place(d, &t);
}

static void judge_object(struct posture *p, const struct kept *k, size_t *unclear)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct drift d = { .p = p, .object = k, .arena = &arena };
	const struct owner *o;

	arena_init(&arena, OBJECT_MEMORY);
	o = installer_of(k, &arena, &d.owners, &d.root);
	if (!d.root) {
		++*unclear;
		return;
	}
	d.installer = o ? o->manager : p->installer;
	/* Recreated by hand, but with OKE's images: what the majority says counts for the rest. */
	if (o && owners_cover(&d.owners, p->installer, &spec_place))
		d.installer = p->installer;
	if (!d.owners.n)
		judge_untracked(&d);
	if (!d.owners.n || is_customers(&d))
		return;
	if (!str_eq(d.installer, p->installer) && !str_starts(k->name, STR("system:")))
		note(p, "%.*s %.*s%s%.*s was installed by %.*s, most other components by %.*s",
		     STR_ARG(k->gvk.kind), STR_ARG(k->namespace), k->namespace.n ? "/" : "",
		     STR_ARG(k->name), STR_ARG(printable_cut(d.installer, 80, &arena)),
		     STR_ARG(printable_cut(p->installer, 80, &arena)));
	find_autoscaler(&d);
	if (installer_has_selector(k)) {
		if (timeline_of(p, k, d.root, &arena, &d.timeline) < 0)
			d.unclear = true;
		judge_revisions(&d);
	}
	judge_owners(&d);
	judge_scaled_away(&d);
	if (d.more)
		note(p, "%.*s %.*s: %zu further places have another owner", STR_ARG(k->gvk.kind),
		     STR_ARG(k->name), d.more);
	*unclear += d.unclear;
}

void scan_judge_drift(struct posture *p)
{
	size_t unclear = 0;

	drift_find_installer(p);
	if (!p->objects.n)
		return;
	if (p->managed_bare == p->managed_seen) {
		outcome_unknown(p, CHECK_DRIFT,
				"dumped without managedFields: kubectl get needs "
				"--show-managed-fields");
		return;
	}
	for (const struct kept *k = p->objects.first; k; k = k->next)
		judge_object(p, k, &unclear);
	for (const struct kept *k = p->configs.first; k; k = k->next)
		if (component_named(p, &k->gvk, k->namespace, k->name))
			judge_object(p, k, &unclear);
	if (p->installer_human)
		outcome_unknown(p, CHECK_DRIFT,
				"OKE's components were installed as %.*s, a name that your own "
				"tools use too: their writes cannot be told apart",
				STR_ARG(p->installer));
	else if (unclear)
		outcome_unknown(p, CHECK_DRIFT, "%zu objects could not be judged within %u MiB",
				unclear, JUDGE_MEMORY >> 20);
}
