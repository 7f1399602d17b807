/* SPDX-License-Identifier: Apache-2.0
 * manifest.c - from documents to objects: Lists are taken apart, what is no object of
 * Kubernetes is passed over.
 */
#include "policy/manifest/manifest.h"

#include <stdlib.h>

#include "policy/manifest/ways.h"
#include "policy/manifest/read.h"

#define OBJECT_MEMORY_MAX (64u << 20) /* of one object on its way to JSON */

struct manifest_list { /* a List whose items are being given */
	const struct yaml_node *next;
	struct gvk of; /* what an item is that does not say it */
};

struct manifest {
	struct manifest_options options;
	struct manifest_read read;
	struct arena arena;        /* of the document */
	struct arena object_arena; /* of the last object */
	struct yaml_converter converter;
	struct err err;
	unsigned documents, others, numbered;
	bool ended;

	struct manifest_list lists[MANIFEST_LISTS_MAX];
	size_t depth;
	const struct yaml_node *object; /* the last */
	struct ways *ways;              /* into it */
};

static const struct yaml_limits manifest_limits = { .bytes = MANIFEST_OBJECT_MAX,
						    .visits = MANIFEST_VISITS_MAX,
						    .depth = MANIFEST_DEPTH_MAX };

struct manifest *manifest_new(const struct yaml_input *input,
			      const struct manifest_options *options)
{
	struct manifest *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->options = *options;
	manifest_read_init(&m->read, input);
	arena_init(&m->arena, MANIFEST_MEMORY_MAX);
	arena_init(&m->object_arena, OBJECT_MEMORY_MAX);
	m->converter = (struct yaml_converter){ .limits = &manifest_limits,
						.arena = &m->object_arena,
						.err = &m->err };
	if (!(m->ways = ways_new(OBJECT_MEMORY_MAX, &manifest_limits))) {
		free(m);
		return NULL;
	}
	return m;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	manifest_read_done(&m->read);
	arena_done(&m->arena);
	arena_done(&m->object_arena);
	ways_free(m->ways);
	free(m);
}

unsigned manifest_documents(const struct manifest *m)
{
	return m->documents;
}

unsigned manifest_others(const struct manifest *m)
{
	return m->others;
}

static void manifest_tell(struct manifest *m, unsigned line, const char *text)
{
	const struct manifest_problem problem = { m->numbered, line, text };

	if (m->options.problem)
		m->options.problem(m->options.ctx, &problem);
}

/* The object that is being read cannot be given. */
static void manifest_tell_failed(struct manifest *m)
{
	manifest_tell(m, manifest_read_line(&m->read, m->converter.line), m->err.msg);
}

/* ---- what a mapping is ---- */

static struct gvk manifest_gvk(struct str api_version, struct str kind)
{
	const char *slash = api_version.n ? memchr(api_version.s, '/', api_version.n) : NULL;
	struct gvk gvk = { STR(""), api_version, kind };

	if (slash) {
		gvk.group = (struct str){ api_version.s, (size_t)(slash - api_version.s) };
		gvk.version = str_from(api_version, gvk.group.n + 1);
	}
	return gvk;
}

/* False: it does not say it, and `given` is none either. */
static bool manifest_identify(const struct yaml_members *members, const struct gvk *given,
			      struct gvk *out)
{
	struct str version = yaml_member_text(members, STR("apiVersion"));
	struct str kind = yaml_member_text(members, STR("kind"));

	*out = version.n ? manifest_gvk(version, kind) : *given;
	out->kind = kind.n ? kind : given->kind;
	return out->version.n && out->kind.n;
}

static const struct yaml_node *manifest_items_of(const struct yaml_members *members,
						 const struct gvk *gvk)
{
	const struct yaml_member *items = yaml_member_find(members, STR("items"));
	const struct yaml_node *list = items ? yaml_deref((struct yaml_node *)items->value) : NULL;

	if (!list || list->kind != YAML_SEQUENCE || gvk->kind.n < 4 ||
	    !str_is(str_from(gvk->kind, gvk->kind.n - 4), "List"))
		return NULL;
	return list;
}

/* kustomize's own files look like objects, and are none. */
static bool is_kustomize(const struct gvk *gvk)
{
	return str_is(gvk->group, "kustomize.config.k8s.io");
}

/* As it is written, whatever else is wrong with it. */
static bool claims_to_be_object(const struct yaml_node *map)
{
	bool version = false, kind = false;

	for (const struct yaml_node *v = map->child; v; v = v->next) {
		const struct yaml_node *key = yaml_deref(v->key);

		version = version || str_is(key->text, "apiVersion");
		kind = kind || str_is(key->text, "kind");
	}
	return version && kind;
}

static void metadata_of(struct manifest *m, const struct yaml_members *members,
			struct manifest_object *out)
{
	const struct yaml_member *metadata = yaml_member_find(members, STR("metadata"));
	const struct yaml_node *map =
		metadata ? yaml_deref((struct yaml_node *)metadata->value) : NULL;
	struct yaml_members inner;

	if (!map || map->kind != YAML_MAPPING || yaml_members_of(&m->converter, map, &inner) < 0)
		return;
	out->name = yaml_member_text(&inner, STR("name"));
	out->namespace = yaml_member_text(&inner, STR("namespace"));
}

enum given { GIVEN_NONE, GIVEN_OBJECT, GIVEN_LIST, GIVEN_FAILED };

static int manifest_open_list(struct manifest *m, const struct yaml_node *at,
			      const struct yaml_node *items, struct gvk of)
{
	if (m->depth == MANIFEST_LISTS_MAX) {
		m->converter.line = at->line;
		return err_set(&m->err, ERR_LIMIT, "Lists stand more than %d deep in Lists",
			       MANIFEST_LISTS_MAX);
	}
	of.kind.n -= 4;
	if (!of.kind.n) /* kind: List; its items say what they are */
		of = (struct gvk){ .group = { NULL, 0 } };
	m->lists[m->depth++] = (struct manifest_list){ items->child, of };
	return 0;
}

static enum given manifest_give(struct manifest *m, const struct yaml_node *node,
				const struct gvk *given, struct manifest_object *out)
{
	const struct yaml_node *map = yaml_deref((struct yaml_node *)node), *items;
	struct yaml_members members;

	arena_init_again(&m->object_arena, OBJECT_MEMORY_MAX);
	if (map->kind != YAML_MAPPING)
		return GIVEN_NONE;
	if (yaml_members_of(&m->converter, map, &members) < 0)
		return given->version.n || claims_to_be_object(map) ? GIVEN_FAILED : GIVEN_NONE;
	*out = (struct manifest_object){ .document = m->numbered };
	if (!manifest_identify(&members, given, &out->gvk) || is_kustomize(&out->gvk))
		return GIVEN_NONE;
	if ((items = manifest_items_of(&members, &out->gvk)))
		return manifest_open_list(m, map, items, out->gvk) < 0 ? GIVEN_FAILED : GIVEN_LIST;
	metadata_of(m, &members, out);
	if (yaml_node_to_json(&m->converter, map, &out->json) < 0)
		return GIVEN_FAILED;
	out->line = manifest_read_line(&m->read, map->line);
	m->object = map;
	return GIVEN_OBJECT;
}

/* ---- documents ---- */

static bool is_empty_root(const struct yaml_node *root)
{
	return root->kind == YAML_SCALAR && root->plain && !root->text.n;
}

static void manifest_tell_repeats(struct manifest *m)
{
	for (size_t i = 0; i < m->read.repeats_n; i++)
		manifest_tell(m, manifest_read_line(&m->read, m->read.repeats[i].line),
			      m->read.repeats[i].text);
}

/* A document is at hand. Keys that repeat only matter in what is an object. */
static bool manifest_take_document(struct manifest *m, const struct yaml_node *root,
				   struct manifest_object *out)
{
	static const struct gvk none;
	enum given given;

	m->documents++;
	m->converter.visits = MANIFEST_VISITS_MAX;
	given = manifest_give(m, root, &none, out);
	if (given == GIVEN_NONE)
		m->others++;
	else if (m->read.repeats_n)
		manifest_tell_repeats(m);
	else if (given == GIVEN_FAILED)
		manifest_tell_failed(m);
	if (m->read.repeats_n)
		m->depth = 0;
	return given == GIVEN_OBJECT && !m->read.repeats_n;
}

static bool manifest_next_document(struct manifest *m, struct manifest_object *out)
{
	struct yaml_node *root;
	unsigned line = 0;
	int got;

	while (!m->ended) {
		arena_init_again(&m->object_arena, OBJECT_MEMORY_MAX);
		arena_init_again(&m->arena, MANIFEST_MEMORY_MAX);
		m->numbered++;
		got = manifest_read_next(&m->read, &m->arena, &root, &line, &m->err);
		if (got < 0)
			manifest_tell(m, line, m->err.msg);
		m->ended = got <= 0;
		if (!m->ended && !is_empty_root(root) && manifest_take_document(m, root, out))
			return true;
		if (m->depth)
			return false; /* a List: its items are next */
	}
	return false;
}

static bool manifest_next_item(struct manifest *m, struct manifest_object *out)
{
	struct manifest_list *top = &m->lists[m->depth - 1];
	const struct yaml_node *item = top->next;

	if (!item) {
		m->depth--;
		return false;
	}
	top->next = item->next;
	switch (manifest_give(m, item, &top->of, out)) {
	case GIVEN_OBJECT:
		return true;
	case GIVEN_FAILED:
		manifest_tell_failed(m);
		if (m->err.kind == ERR_LIMIT) /* not the same again for a million items */
			m->depth = 0;
		return false;
	case GIVEN_NONE:
		manifest_tell(m, manifest_read_line(&m->read, item->line),
			      "an item of a List without apiVersion and kind");
		return false;
	case GIVEN_LIST:
		break;
	}
	return false;
}

bool manifest_next(struct manifest *m, struct manifest_object *out)
{
	m->object = NULL;
	ways_forget(m->ways);
	while (m->depth || !m->ended)
		if (m->depth ? manifest_next_item(m, out) : manifest_next_document(m, out))
			return true;
	return false;
}

unsigned manifest_line(const struct manifest *m, const struct place *place)
{
	const struct yaml_node *node = m->object;
	unsigned line;

	if (!node)
		return 0;
	node = ways_node(m->ways, node, place);
	line = node->key && node != m->object ? node->key->line : node->line;
	return manifest_read_line(&m->read, line);
}
