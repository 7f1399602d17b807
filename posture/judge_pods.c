/* SPDX-License-Identifier: Apache-2.0
 * judge_pods.c - running pods of components against the templates that they were made from.
 *
 * Pods are many and their shapes are few: each pair of shape and revision is compared once, and
 * told once for its workload, with how many pods there are.
 */
#include "posture/components.h"

#define OBJECT_MEMORY (64u << 20)
#define SHAPES_MAX    512

struct seen_shape {
	const struct word *owner, *revision, *shape, *ephemeral;
	size_t n;
	struct str example;
};

struct shapes {
	struct seen_shape v[SHAPES_MAX];
	size_t n;
};

static void shape_count(struct shapes *s, const struct system_pod *pod)
{
	size_t i = 0;

	while (i < s->n && !(s->v[i].owner == pod->owner && s->v[i].revision == pod->revision &&
			     s->v[i].shape == pod->shape && s->v[i].ephemeral == pod->ephemeral))
		i++;
	if (i == SHAPES_MAX)
		return;
	if (i == s->n)
		s->v[s->n++] =
			(struct seen_shape){ pod->owner, pod->revision, pod->shape, pod->ephemeral,
					     0,          pod->name };
	s->v[i].n++;
}

/* ---- the template of a pod ---- */

static struct str first_owner(const struct json *metadata)
{
	const struct json *owners = json_get(metadata, STR("ownerReferences"));

	return owners && owners->type == JSON_ARRAY && owners->child
		       ? json_str(json_get(owners->child, STR("name")))
		       : STR("");
}

/* "ReplicaSet/coredns-5d7" names its revision; of a DaemonSet the label does. */
static const struct kept *revision_of(const struct posture *p, const struct seen_shape *s,
				      struct arena *arena)
{
	bool replicaset = str_starts(s->owner->text, STR("ReplicaSet/"));
	bool daemonset = str_starts(s->owner->text, STR("DaemonSet/"));
	struct str name = replicaset ? str_from(s->owner->text, 11) : STR("");

	for (const struct kept *k = p->revisions.first; k; k = k->next) {
		const struct json *metadata;

		if (replicaset && str_is(k->gvk.kind, "ReplicaSet") && str_eq(k->name, name))
			return k;
		if (!daemonset || !str_is(k->gvk.kind, "ControllerRevision"))
			continue;
		metadata = json_get(kept_parse(k, false, arena), STR("metadata"));
		if (str_eq(json_str(json_get(json_get(metadata, STR("labels")),
					     STR("controller-revision-hash"))),
			   s->revision->text) &&
		    str_eq(first_owner(metadata), str_from(s->owner->text, 10)))
			return k;
	}
	return NULL;
}

static const struct kept *workload_of(const struct posture *p, const struct seen_shape *s,
				      const struct kept *revision, struct arena *arena)
{
	if (str_starts(s->owner->text, STR("DaemonSet/")))
		return kept_find(&p->objects, "DaemonSet", "kube-system",
				 str_from(s->owner->text, 10));
	if (!revision)
		return NULL;
	return kept_find(
		&p->objects, "Deployment", "kube-system",
		first_owner(json_get(kept_parse(revision, false, arena), STR("metadata"))));
}

static const struct json *template_spec(const struct kept *revision, struct arena *arena)
{
	const struct json *root = kept_parse(revision, false, arena);

	if (str_is(revision->gvk.kind, "ControllerRevision"))
		root = json_get(root, STR("data"));
	return json_get(json_get(json_get(root, STR("spec")), STR("template")), STR("spec"));
}

/* ---- differences ---- */

struct shape_line { /* "c coredns IMAGE" */
	struct str mark, name, image;
};

static bool next_line(struct str *rest, struct shape_line *out)
{
	const char *end = rest->n ? memchr(rest->s, '\n', rest->n) : NULL;
	struct str line;
	const char *space;

	if (!end)
		return false;
	line = (struct str){ rest->s, (size_t)(end - rest->s) };
	*rest = str_from(*rest, line.n + 1);
	out->mark = (struct str){ line.s, line.n ? 1 : 0 };
	line = str_from(line, line.n < 2 ? line.n : 2);
	space = line.n ? memchr(line.s, ' ', line.n) : NULL;
	out->name = (struct str){ line.s, space ? (size_t)(space - line.s) : line.n };
	out->image = str_from(line, space ? out->name.n + 1 : line.n);
	return true;
}

static bool find_line(struct str shape, const struct shape_line *wanted, struct shape_line *out)
{
	while (next_line(&shape, out))
		if (str_eq(out->name, wanted->name) && str_eq(out->mark, wanted->mark))
			return true;
	return false;
}

static void tell_pods(struct posture *p, const struct kept *workload, const struct seen_shape *s,
		      struct str path, struct str from, struct str to, const char *what,
		      struct arena *arena)
{
	struct posture_finding f = found_kept(workload, arena, TIER_UNSUPPORTED);

	f.path = path;
	f.from = from;
	f.to = to;
	f.text = words_of(arena, "%zu pod%s of %.*s kube-system/%.*s, %.*s for one: %s", s->n,
			  s->n == 1 ? "" : "s", STR_ARG(workload->gvk.kind),
			  STR_ARG(workload->name), STR_ARG(s->example), what);
	f.remedy = STR("delete the pod: its controller makes a new one");
	f.command = s->n == 1 ? words_of(arena, "kubectl -n kube-system delete pod %.*s",
					 STR_ARG(s->example))
			      : STR("");
	found_add(p, CHECK_PODS, &f);
}

static void compare_shapes(struct posture *p, const struct kept *workload,
			   const struct seen_shape *s, struct str template, struct arena *arena)
{
	struct str rest = s->shape->text;
	struct shape_line have, want;

	while (next_line(&rest, &have)) {
		struct str path = words_of(arena, "pods.spec.%s[name=%.*s]",
					   str_is(have.mark, "i") ? "initContainers" : "containers",
					   STR_ARG(have.name));

		if (!find_line(template, &have, &want))
			tell_pods(p, workload, s, path, STR(""), have.image,
				  "a container that the template does not have", arena);
		else if (!str_eq(have.image, want.image))
			tell_pods(p, workload, s, words_of(arena, "%.*s.image", STR_ARG(path)),
				  want.image, have.image, "another image than the template's",
				  arena);
	}
}

static void judge_shape(struct posture *p, const struct seen_shape *s, size_t *untold)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	const struct kept *revision, *workload;

	arena_init(&arena, OBJECT_MEMORY);
	revision = revision_of(p, s, &arena);
	workload = workload_of(p, s, revision, &arena);
	if (!workload)
		return;
	if (s->ephemeral)
		tell_pods(p, workload, s, STR("pods.spec.ephemeralContainers"), STR(""),
			  s->ephemeral->text, "ephemeral containers were added", &arena);
	if (!revision) {
		*untold += s->n;
		return;
	}
	compare_shapes(p, workload, s, shape_of(template_spec(revision, &arena), &arena), &arena);
}

void scan_judge_pods(struct posture *p)
{
	struct shapes *shapes = arena_zalloc(&p->arena, sizeof *shapes);
	size_t untold = 0;

	if (!shapes) {
		p->full = true;
		return;
	}
	for (const struct system_pod *pod = p->pods; pod; pod = pod->next)
		shape_count(shapes, pod);
	for (size_t i = 0; i < shapes->n; i++)
		judge_shape(p, &shapes->v[i], &untold);
	if (untold)
		outcome_unknown(p, CHECK_PODS,
				"of %zu pods the revision that they were made from is gone",
				untold);
}
