/* SPDX-License-Identifier: Apache-2.0
 * gates.c - gates switched on in the pods that a workload describes.
 *
 * --feature-gates counts in a container that runs a component of Kubernetes: many
 * other programs have a flag of that name and gates of their own. KUBE_FEATURE_NAME is
 * read by everything that is built on client-go, so it counts in any container.
 */
#include "policy/alpha/finder.h"
#include "lib/json/scan.h"

/* ---- containers ---- */

static void read_arguments(struct finder *f, const struct json *container, struct switches *out)
{
	struct command_line line = { .f = f };

	beside_begin(&line.env, json_get(container, STR("env")));
	line.component = switches_read_by_image(json_str(json_get(container, STR("image"))));
	switches_words(&line, json_get(container, STR("command")), 0);
	switches_words(&line, json_get(container, STR("args")), 1);
	if (line.component)
		switches_said(out, &line);
}

static void find_in_arguments(struct finder *f, const struct json *container,
			      const struct json *old, const struct place *at)
{
	struct place command = place_key(at, STR("command")), args = place_key(at, STR("args"));
	const struct place *places[] = { &command, &args };
	struct switches now, before;

	if (switches_take(f, &now, &before) < 0)
		return;
	read_arguments(f, container, &now);
	if (old)
		read_arguments(f, old, &before);
	switches_report(f, &now, &before, places);
}

#define ENV_PREFIX STR("KUBE_FEATURE_")

static void read_env(struct switches *s, const struct json *entry)
{
	struct str name = json_str(json_get(entry, STR("name")));

	if (str_starts(name, ENV_PREFIX))
		switches_one(s, str_from(name, ENV_PREFIX.n),
			     json_str(json_get(entry, STR("value"))), false, 0);
}

/* One entry at a time: each has a place of its own. */
static void find_in_env(struct finder *f, const struct json *container, const struct json *old,
			const struct place *at)
{
	const struct json *env = json_get(container, STR("env")),
			  *before = json_get(old, STR("env"));
	struct place list = place_key(at, STR("env"));
	struct switches now, was;
	struct beside old_env;
	size_t index = 0;

	beside_begin(&old_env, before);
	if (!env || env->type != JSON_ARRAY || (before && json_shared(before, env)))
		return;
	for (const struct json *e = env->child; e && !f->full; e = e->next, index++) {
		struct place place;
		const struct place *places[] = { &place };

		if (!str_starts(json_str(json_get(e, STR("name"))), ENV_PREFIX))
			continue;
		if (switches_take(f, &now, &was) < 0)
			return;
		place = place_item(&list, e, index);
		read_env(&now, e);
		read_env(&was, beside_step(f, &old_env, &place.step, index));
		switches_report(f, &now, &was, places);
	}
}

/* "feature-gates" or "feature_gates" */
static bool word_mentions_flag(struct str s)
{
	const char *p = s.s, *end = s.n < 13 ? p : p + s.n - 11; /* behind the last "fe" */

	for (; (p = scan_to_pair(p, end, 'f', 'e')); p++)
		if (!memcmp(p, "feature-gates", 13) || !memcmp(p, "feature_gates", 13))
			return true;
	return false;
}

/* Most containers name neither: told without a table of switches. */
static bool mentions_flag(const struct json *words)
{
	if (words && words->type == JSON_ARRAY)
		for (const struct json *w = words->child; w; w = w->next)
			if (word_mentions_flag(json_str(w)))
				return true;
	return false;
}

static void find_in_containers(struct finder *f, const struct pod *pod, struct str name)
{
	const struct json *list = json_get(pod->spec, name), *before = json_get(pod->old, name);
	struct place place_list = place_key(pod->at, name);
	struct beside old;
	size_t index = 0;

	beside_begin(&old, before);
	if (!list || list->type != JSON_ARRAY || (before && json_shared(before, list)))
		return;
	for (const struct json *c = list->child; c && !f->full; c = c->next, index++) {
		struct place place;
		const struct json *was;

		if (beside_shares(&old, c, index))
			continue;
		place = place_item(&place_list, c, index);
		was = beside_step(f, &old, &place.step, index);
		if (mentions_flag(json_get(c, STR("command"))) ||
		    mentions_flag(json_get(c, STR("args"))))
			find_in_arguments(f, c, was, &place);
		find_in_env(f, c, was, &place);
	}
}

/* ---- nodes that Karpenter makes ---- */

static void read_extra_args(struct finder *f, const struct json *args, struct switches *out)
{
	struct command_line line = { .f = f, .component = true };
	struct json one, list = { .type = JSON_ARRAY, .len = 1 };

	if (!args)
		return;
	if (args->type == JSON_OBJECT) { /* {"feature-gates": "A=true"} */
		switches_list(out, json_str(json_get(args, STR("feature-gates"))), false, 0);
	} else if (args->type == JSON_STRING) {
		one = *args;
		one.next = NULL;
		list.child = &one;
		switches_words(&line, &list, 0);
	} else {
		switches_words(&line, args, 0);
	}
	switches_said(out, &line);
}

static const struct json *extra_args(const struct json *object)
{
	return json_get(json_get(json_get(object, STR("spec")), STR("kubeletConfig")),
			STR("extraArgs"));
}

static void find_in_node_class(struct finder *f, const struct subject *s)
{
	struct place spec = place_key(s->at, STR("spec"));
	struct place config = place_key(&spec, STR("kubeletConfig"));
	struct place args = place_key(&config, STR("extraArgs"));
	const struct place *places[] = { &args };
	struct switches now, before;

	if (!extra_args(s->object) || switches_take(f, &now, &before) < 0)
		return;
	read_extra_args(f, extra_args(s->object), &now);
	read_extra_args(f, extra_args(s->old), &before);
	switches_report(f, &now, &before, places);
}

void find_gates(struct finder *f, const struct subject *s)
{
	static const char *const lists[] = { "containers", "initContainers",
					     "ephemeralContainers" };

	if (str_is(s->gvk.kind, "OCINodeClass"))
		find_in_node_class(f, s);
	for (size_t i = 0; s->pod.spec && i < sizeof lists / sizeof *lists; i++)
		find_in_containers(f, &s->pod, str_of(lists[i]));
}
