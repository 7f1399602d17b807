/* SPDX-License-Identifier: Apache-2.0
 * config.c - configuration of Kubernetes' components: featureGates, extra
 * arguments, and settings that need a gate.
 *
 * Such files stand in ConfigMaps under any key, as YAML or JSON, or are judged by
 * themselves. What is none by its apiVersion is left alone: many other programs have
 * a map of that name. A text that cannot be read is no configuration either; the
 * component would refuse it.
 */
#include "policy/alpha/finder.h"
#include "lib/base/cleanup.h"
#include "lib/yaml/to_json.h"

/*
 * Who writes more than this is not judged by halves: the finder is full then. An API server takes
 * 1 MiB for a whole ConfigMap.
 */
#define CONFIG_MAX       (1u << 20) /* bytes of one file */
#define CONFIG_DEPTH     32
#define CONFIG_DOCUMENTS 32
#define CONFIG_FILES     64 /* of one ConfigMap */

/* ---- one document ---- */

static bool of_group(const struct json *doc, struct str group)
{
	struct str version = json_str(json_get(doc, STR("apiVersion")));

	return version.n > group.n && str_starts(version, group) && version.s[group.n] == '/';
}

/* Arguments of a component: a map, or (from v1beta4 on) a list of name and value. */
static void read_args(struct switches *out, const struct json *args)
{
	if (!args)
		return;
	switches_list(out, json_str(json_get(args, STR("feature-gates"))), false, 0);
	if (args->type == JSON_ARRAY)
		for (const struct json *a = args->child; a; a = a->next)
			if (str_is(json_str(json_get(a, STR("name"))), "feature-gates"))
				switches_list(out, json_str(json_get(a, STR("value"))), false, 0);
}

static void read_kubeadm(struct switches *out, const struct json *doc)
{
	static const char *const parts[] = { "apiServer", "controllerManager", "scheduler" };

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		read_args(out, json_get(json_get(doc, str_of(parts[i])), STR("extraArgs")));
	read_args(out, json_get(json_get(doc, STR("nodeRegistration")), STR("kubeletExtraArgs")));
	switches_map(out, json_get(doc, STR("featureGates")), true, 0);
}

static void read_switches(struct switches *out, const struct json *doc)
{
	if (of_group(doc, STR("kubeadm.k8s.io")))
		read_kubeadm(out, doc);
	else if (of_group(doc, STR("kubelet.config.k8s.io")) ||
		 of_group(doc, STR("kubeproxy.config.k8s.io")))
		switches_map(out, json_get(doc, STR("featureGates")), false, 0);
}

/* Arguments of a scheduler plugin are a kind of their own. */
static void find_in_plugins(struct finder *f, const struct json *profile, const struct json *old,
			    const struct place *at)
{
	const struct json *plugins = json_get(profile, STR("pluginConfig"));
	struct place list = place_key(at, STR("pluginConfig"));
	struct beside before;
	size_t index = 0;

	beside_begin(&before, json_get(old, STR("pluginConfig")));
	if (!plugins || plugins->type != JSON_ARRAY)
		return;
	for (const struct json *p = plugins->child; p; p = p->next, index++) {
		struct place item = place_item(&list, p, index);
		struct place args = place_key(&item, STR("args"));
		struct subject s = { .gvk = { STR("kubescheduler.config.k8s.io"), STR("v1"),
					      STR("VolumeBindingArgs") },
				     .object = json_get(p, STR("args")),
				     .at = &args };

		if (!finder_step(f, 1) ||
		    !str_is(json_str(json_get(p, STR("name"))), "VolumeBinding"))
			continue;
		s.old = json_get(beside_step(f, &before, &item.step, index), STR("args"));
		find_fields(f, &s);
	}
}

static void find_in_profiles(struct finder *f, const struct subject *s)
{
	const struct json *profiles = json_get(s->object, STR("profiles"));
	struct place list = place_key(s->at, STR("profiles"));
	struct beside before;
	size_t index = 0;

	beside_begin(&before, json_get(s->old, STR("profiles")));
	if (!of_group(s->object, STR("kubescheduler.config.k8s.io")) || !profiles ||
	    profiles->type != JSON_ARRAY)
		return;
	for (const struct json *p = profiles->child; p && !f->full; p = p->next, index++) {
		struct place item = { &list,
				      { .kind = STEP_INDEX, .index = index },
				      list.depth + 1 };

		find_in_plugins(f, p, beside_step(f, &before, &item.step, index), &item);
	}
}

static void find_in_document(struct finder *f, const struct subject *s)
{
	struct place gates = place_key(s->at, STR("featureGates"));
	const struct place *places[] = { s->at ? s->at : &gates };
	struct switches now, before;

	if (switches_take(f, &now, &before) < 0)
		return;
	read_switches(&now, s->object);
	if (s->old)
		read_switches(&before, s->old);
	switches_report(f, &now, &before, places);
	find_in_profiles(f, s);
}

/* ---- ConfigMaps ---- */

static bool may_be_config(struct str text)
{
	return text.n && (memmem(text.s, text.n, ".config.k8s.io/", 15) ||
			  memmem(text.s, text.n, "kubeadm.k8s.io/", 15));
}

struct documents {
	struct json *v[CONFIG_DOCUMENTS];
	size_t n;
};

static void ignore_problem(void *ctx, struct yaml_place at, const char *text)
{
	(void)ctx;
	(void)at;
	(void)text;
}

/*
 * As the component reads it; but what it might refuse is no reason here to look away, so nothing
 * is refused for what it says.
 */
static void read_document(struct finder *f, const struct yaml_node *root, struct documents *out)
{
	static const struct yaml_limits limits = { .visits = FINDER_CONFIG_NODES,
						   .depth = CONFIG_DEPTH,
						   .lenient = true };
	struct err err = { .kind = ERR_NONE };
	struct yaml_converter c = {
		.limits = &limits, .arena = f->arena, .visits = f->json_nodes, .err = &err
	};
	struct json *doc = yaml_node_to_nodes(&c, root);

	finder_step(f, f->json_nodes - c.visits);
	f->json_nodes = c.visits;
	/* More of it than is read may hide something; what is no YAML is no configuration. */
	f->full |= c.full || err.kind == ERR_LIMIT;
	if (doc && doc->type == JSON_OBJECT)
		out->v[out->n++] = doc;
}

static void read_documents(struct finder *f, struct str text, struct documents *out)
{
	struct yaml_input input = { .text = text };
	struct yaml_options options = { .depth = CONFIG_DEPTH,
					.bytes = CONFIG_MAX + 1,
					.nodes = &f->yaml_nodes,
					.problem = ignore_problem,
					.last = true };
	scoped(yaml_stream_end) struct yaml_stream *stream = NULL;
	struct yaml_node *root;
	struct err err = { .kind = ERR_NONE };
	int more = 0;

	out->n = 0;
	if (!may_be_config(text) || !finder_step(f, arena_bytes(4 * text.n)))
		return;
	if (text.n > CONFIG_MAX || !(stream = yaml_stream_new(&input, &options))) {
		f->full = true;
		return;
	}
	while (out->n < CONFIG_DOCUMENTS &&
	       (more = yaml_stream_next(stream, f->arena, &root, &err)) == 1)
		read_document(f, root, out);
	if (more == 1 || (more < 0 && err.kind != ERR_SYNTAX))
		f->full = true;
}

/* The same document before: by its kind, since files have no other name for it. */
static const struct json *document_of(const struct documents *docs, const struct json *like)
{
	for (size_t i = 0; i < docs->n; i++)
		if (str_eq(json_str(json_get(docs->v[i], STR("kind"))),
			   json_str(json_get(like, STR("kind")))))
			return docs->v[i];
	return NULL;
}

static void find_in_file(struct finder *f, struct str now, struct str before,
			 const struct place *at)
{
	struct documents docs, old;

	read_documents(f, now, &docs);
	if (!docs.n)
		return;
	read_documents(f, before, &old);
	for (size_t i = 0; i < docs.n; i++) {
		struct subject s = { .object = docs.v[i],
				     .old = document_of(&old, docs.v[i]),
				     .at = at };
		struct str version = json_str(json_get(s.object, STR("apiVersion")));
		const char *slash = version.n ? memchr(version.s, '/', version.n) : NULL;

		if (!slash)
			continue;
		s.gvk.group = (struct str){ version.s, (size_t)(slash - version.s) };
		s.gvk.version = str_from(version, s.gvk.group.n + 1);
		s.gvk.kind = json_str(json_get(s.object, STR("kind")));
		find_fields(f, &s);
		find_in_document(f, &s);
	}
}

static void find_in_config_map(struct finder *f, const struct subject *s)
{
	const struct json *data = json_get(s->object, STR("data"));
	const struct json *old = json_get(s->old, STR("data"));
	struct place at = place_key(s->at, STR("data"));
	struct beside olds;
	size_t files = 0;

	beside_begin(&olds, old);
	if (!data || data->type != JSON_OBJECT)
		return;
	for (const struct json *m = data->child; m && !f->full; m = m->next) {
		struct place place = place_key(&at, json_key(m));
		struct str before;

		if (!may_be_config(json_str(m)))
			continue;
		if (files++ == CONFIG_FILES) {
			f->full = true;
			return;
		}
		before = json_str(beside_member(f, &olds, data, json_key(m)));
		if (!before.s || !str_eq(before, json_str(m)))
			find_in_file(f, json_str(m), before, &place);
	}
}

void find_config(struct finder *f, const struct subject *s)
{
	static const struct str suffix = { ".config.k8s.io", 14 };

	if (!s->gvk.group.n && str_is(s->gvk.kind, "ConfigMap"))
		find_in_config_map(f, s);
	else if (str_is(s->gvk.group, "kubeadm.k8s.io") ||
		 (s->gvk.group.n > suffix.n &&
		  str_eq(str_from(s->gvk.group, s->gvk.group.n - suffix.n), suffix)))
		find_in_document(f, s);
}
