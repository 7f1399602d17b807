/* SPDX-License-Identifier: Apache-2.0
 * timeline.c - the pod templates that a Deployment or DaemonSet has had, oldest first.
 *
 * By revision number, not by time: a roll-back numbers an old ReplicaSet anew. The numbers that it
 * had before stand in an annotation, so it takes its place again; of a DaemonSet the eldest
 * ControllerRevision does.
 */
#include "posture/components.h"
#include "posture/timeline.h"

#define OBJECT_MEMORY (96u << 20) /* of one object, read again */

static int64_t number_of(struct str s)
{
	int64_t v = 0;

	for (size_t i = 0; i < s.n && i < 12; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return v;
		v = 10 * v + (s.s[i] - '0');
	}
	return v;
}

static void take_member(const struct json *object, const char *key)
{
	struct json *o = (struct json *)object;

	if (!o || o->type != JSON_OBJECT)
		return;
	for (struct json **at = &o->child; *at; at = &(*at)->next)
		if (str_is(json_key(*at), key)) {
			*at = (*at)->next;
			o->len--;
			return;
		}
}

/* What the controllers add to a template. */
static const struct json *template_plain(const struct json *template)
{
	const struct json *metadata = json_get(template, STR("metadata"));

	take_member(template, "$patch");
	take_member(json_get(metadata, STR("labels")), "pod-template-hash");
	take_member(metadata, "creationTimestamp");
	return template;
}

static void timeline_put(struct timeline *t, const struct revision *r)
{
	size_t at = t->n;

	if (t->n == REVISIONS_MAX || !r->template)
		return;
	while (at && t->v[at - 1].number > r->number)
		at--;
	memmove(&t->v[at + 1], &t->v[at], (t->n - at) * sizeof *t->v);
	t->v[at] = *r;
	t->n++;
}

/* "1,3": the numbers that it had before. */
static void put_history(struct timeline *t, struct revision r, struct str history)
{
	for (size_t i = 0; i < history.n;) {
		size_t end = i;

		while (end < history.n && history.s[end] != ',')
			end++;
		r.number = number_of((struct str){ history.s + i, end - i });
		if (r.number)
			timeline_put(t, &r);
		i = end + 1;
	}
}

static void put_replicaset(struct timeline *t, const struct kept *k, const struct json *root)
{
	const struct json *annotations =
		json_get(json_get(root, STR("metadata")), STR("annotations"));
	struct revision r = { .created = k->created, .name = k->name };

	r.number = number_of(
		json_str(json_get(annotations, STR("deployment.kubernetes.io/revision"))));
	r.template = template_plain(json_get(json_get(root, STR("spec")), STR("template")));
	r.oracle = images_are_oracle(json_get(r.template, STR("spec")));
	put_history(
		t, r,
		json_str(json_get(annotations, STR("deployment.kubernetes.io/revision-history"))));
	timeline_put(t, &r);
}

static void put_controller_revision(struct timeline *t, const struct kept *k,
				    const struct json *root)
{
	const struct json *spec = json_get(json_get(root, STR("data")), STR("spec"));
	struct revision r = { .created = k->created,
			      .name = k->name,
			      .number = number_of(json_str(json_get(root, STR("revision")))),
			      .template = template_plain(json_get(spec, STR("template"))) };

	r.oracle = images_are_oracle(json_get(r.template, STR("spec")));
	timeline_put(t, &r);
}

/* The eldest ControllerRevision was the first, whatever its number is by now. */
static void put_eldest(struct timeline *t)
{
	size_t eldest = 0;

	for (size_t i = 1; i < t->n; i++)
		if (t->v[i].created < t->v[eldest].created)
			eldest = i;
	if (t->n && eldest) {
		struct revision r = t->v[eldest];

		r.number = 0;
		timeline_put(t, &r);
	}
}

static bool is_owned(const struct json *root, const struct kept *object)
{
	const struct json *owners =
		json_get(json_get(root, STR("metadata")), STR("ownerReferences"));

	if (!owners || owners->type != JSON_ARRAY)
		return false;
	for (const struct json *o = owners->child; o; o = o->next)
		if (str_eq(json_str(json_get(o, STR("kind"))), object->gvk.kind) &&
		    str_eq(json_str(json_get(o, STR("name"))), object->name) &&
		    (!object->uid.n || str_eq(json_str(json_get(o, STR("uid"))), object->uid)))
			return true;
	return false;
}

int timeline_of(struct posture *p, const struct kept *object, const struct json *root,
		struct arena *arena, struct timeline *out)
{
	bool deployment = str_is(object->gvk.kind, "Deployment");
	struct revision now = { .number = INT64_MAX, .name = object->name };

	*out = (struct timeline){ .n = 0 };
	for (const struct kept *k = p->revisions.first; k; k = k->next) {
		const struct json *revision;

		if (str_is(k->gvk.kind, "ReplicaSet") != deployment)
			continue;
		if (!(revision = kept_parse(k, false, arena)))
			return -1;
		if (!is_owned(revision, object))
			continue;
		if (deployment)
			put_replicaset(out, k, revision);
		else
			put_controller_revision(out, k, revision);
	}
	if (!deployment)
		put_eldest(out);
	out->complete =
		out->n && (out->v[0].number <= 1 || (object->created && out->v[0].created &&
						     out->v[0].created - object->created <= 60));
	now.template = template_plain(json_get(json_get(root, STR("spec")), STR("template")));
	now.oracle = images_are_oracle(json_get(now.template, STR("spec")));
	timeline_put(out, &now);
	return 0;
}

/* ---- who installed it ---- */

/*
 * Oracle does not publish it. Of a workload it is the owner of spec.selector, which cannot change
 * (the owner of the image is the first thing that kubectl set image changes); of a kind without
 * one, of the earliest entry. Workloads whose images are not Oracle's have no voice.
 */
struct vote {
	struct str manager;
	size_t n;
};
#define VOTES_MAX 32

static void vote(struct vote votes[VOTES_MAX], size_t *n, struct str manager)
{
	size_t i = 0;

	while (i < *n && !str_eq(votes[i].manager, manager))
		i++;
	if (i == VOTES_MAX)
		return;
	if (i == *n)
		votes[(*n)++] = (struct vote){ manager, 0 };
	votes[i].n++;
}

bool installer_has_selector(const struct kept *k)
{
	return str_is(k->gvk.kind, "Deployment") || str_is(k->gvk.kind, "DaemonSet");
}

const struct owner *installer_of(const struct kept *k, struct arena *arena, struct owners *owners,
				 const struct json **root)
{
	const struct owner *o;

	*root = kept_parse(k, true, arena);
	if (!*root)
		return NULL;
	owners_read(*root, owners);
	o = owners_installer(owners, installer_has_selector(k));
	/* Who made an object that holds nothing but its name leaves no entry: this one came later.
	 */
	if (o && !installer_has_selector(k) && k->created && o->time > k->created + BOOTSTRAP)
		return NULL;
	return o;
}

/* Names that customers' tools write under too: the installer's writes cannot be told from theirs.
 */
static bool is_human_tool(struct str manager)
{
	return str_starts(manager, STR("kubectl"));
}

void drift_find_installer(struct posture *p)
{
	struct vote votes[VOTES_MAX];
	size_t n = 0, best = 0;

	if (p->options.installer) {
		p->installer = str_of(p->options.installer);
		return;
	}
	for (const struct kept *k = p->objects.first; k; k = k->next) {
		scoped(arena_end) struct arena arena = { .blocks = NULL };
		struct owners owners;
		const struct owner *o;
		const struct json *root;

		arena_init(&arena, OBJECT_MEMORY);
		if ((o = installer_of(k, &arena, &owners, &root)) &&
		    (!installer_has_selector(k) || images_are_oracle(pod_spec_of(root))))
			vote(votes, &n, keep_str(p, o->manager));
	}
	for (size_t i = 1; i < n; i++)
		if (votes[i].n > votes[best].n)
			best = i;
	if (n)
		p->installer = votes[best].manager;
	p->installer_human = is_human_tool(p->installer);
}
