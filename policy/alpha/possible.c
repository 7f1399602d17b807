/* SPDX-License-Identifier: Apache-2.0
 * possible.c - can a request use a feature at all? Asked of every request,
 * before any object is parsed.
 *
 * Of kinds with gated fields it was noted on the way which names their bytes hold (skim.c): where
 * no gated path has all of its names, nothing is left to find; where one has, the text is looked
 * at place by place. Such objects without notes are always looked into. An UPDATE that changes no
 * byte brings nothing that was not there. All others are searched for the few words without which
 * they can hold no use. The API server writes its JSON in one way, so a word stands as it is.
 */
#include "policy/alpha/finder.h"
#include "lib/json/scan.h"

static bool bytes_hold(struct str bytes, const char *word)
{
	return bytes.n && memmem(bytes.s, bytes.n, word, strlen(word)) != NULL;
}

static bool bytes_end(struct str s, struct str tail)
{
	return s.n >= tail.n && str_eq(str_from(s, s.n - tail.n), tail);
}

/* Does one of the words stand before the dot at `at`, and the tail there? */
static bool is_surrounded(struct str bytes, const char *at, const char *const words[2],
			  struct str tail)
{
	struct str before = { bytes.s, (size_t)(at - bytes.s) };

	return str_starts(str_from(bytes, before.n), tail) &&
	       (bytes_end(before, str_of(words[0])) || bytes_end(before, str_of(words[1])));
}

static const char *const key_domains[] = { "alpha.kubernetes", "applyset.kubernetes" };

/*
 * A key of one of the domains that the catalogue's live keys stand in; with config, also the
 * group of a component's configuration. All hold ".io", and little else holds ".i": one pass,
 * since this is most of what a large object costs that no policy concerns.
 */
static bool holds_domain(struct str bytes, bool config)
{
	static const char *const groups[] = { ".config.k8s", "kubeadm.k8s" };
	const char *p = bytes.s, *end = bytes.n ? p + bytes.n : p;

	for (; (p = scan_to_pair(p, end, '.', 'i')); p++)
		if (is_surrounded(bytes, p, key_domains, STR(".io/")) ||
		    (config && is_surrounded(bytes, p, groups, STR(".io"))))
			return true;
	return false;
}

static bool kind_lives(const struct finder *f, struct gvk gvk)
{
	const struct catalogue_kind *k = catalogue_kind(gvk.group, gvk.version, gvk.kind);

	return k && catalogue_nodes[k->root].live & f->bit;
}

bool features_options_possible(const struct finder *f)
{
	struct str options = f->req->options, kind = json_skim(options, STR("kind"));
	struct gvk gvk = { STR("meta.k8s.io"), STR("v1"), kind };
	const struct catalogue_node *root;

	if (kind.n < 2)
		return false;
	gvk.kind = (struct str){ kind.s + 1, kind.n - 2 }; /* without the quotes */
	if (!kind_lives(f, gvk))
		return false;
	root = &catalogue_nodes[catalogue_kind(gvk.group, gvk.version, gvk.kind)->root];
	for (size_t i = 0; i < root->edges_n; i++)
		if (bytes_hold(options, catalogue_text(catalogue_edges[root->edges + i].name)))
			return true;
	return false;
}

static bool is_config(struct gvk gvk)
{
	return str_is(gvk.group, "kubeadm.k8s.io") || bytes_end(gvk.group, STR(".config.k8s.io"));
}

/* Kinds whose uses are other than gated fields. */
static bool kind_may(const struct finder *f, struct gvk gvk)
{
	const struct request *r = f->req;
	bool core = !gvk.group.n;

	if (core && str_is(gvk.kind, "PersistentVolume"))
		return r->operation == OP_UPDATE;
	if (core && str_is(gvk.kind, "Service"))
		return r->operation == OP_CREATE;
	if (str_is(gvk.kind, "CustomResourceDefinition") || str_is(gvk.kind, "APIService"))
		return bytes_hold(r->object, "alpha");
	if (str_is(gvk.kind, "OCINodeClass"))
		return bytes_hold(r->object, "extraArgs");
	return bytes_end(gvk.kind, STR("List")) || is_config(gvk);
}

/* ---- by what was noted ---- */

#define KEY_MAX 400 /* no API server takes a longer key */

/*
 * Is the domain that was noted that of a key which is alpha in this minor? What is longer than a
 * key, or has an escape, may be one.
 */
static bool holds_key(const struct finder *f)
{
	static const enum key_type types[] = { KEY_ANNOTATION, KEY_LABEL, KEY_TAINT };
	struct str bytes = f->req->object, kind = f->req->kind.kind;
	const char *p = bytes.s, *end = p + bytes.n;

	for (; (p = scan_to_pair(p, end, '.', 'i')); p++) {
		const char *from = p, *to, *stop = end - p > KEY_MAX ? p + KEY_MAX : end;

		if (!is_surrounded(bytes, p, key_domains, STR(".io")))
			continue;
		to = scan_to_quote(p, stop);
		while (from > bytes.s && p - from < KEY_MAX && from[-1] != '"' && from[-1] != '\\')
			from--;
		if (to == stop || *to == '\\' || from == bytes.s || from[-1] != '"')
			return true;
		for (size_t i = 0; i < sizeof types / sizeof *types; i++)
			if (catalogue_key((struct str){ from, (size_t)(to - from) }, types[i], kind,
					  f->minor))
				return true;
	}
	return false;
}

static struct json raw_node(struct str raw)
{
	return (struct json){ .type = JSON_STRING,
			      .text = raw.s,
			      .len = (uint32_t)raw.n & 0x1fffffff };
}

/* What may have been dropped: managedFields and what was applied, where they are new. */
static bool dropped_possible(const struct finder *f)
{
	const struct request *r = f->req;
	struct subject s = { .gvk = r->kind };
	struct str meta = json_skim(r->object, STR("metadata"));
	struct str old = json_skim(r->old_object, STR("metadata"));
	struct json now = raw_node(json_skim(meta, STR("managedFields")));
	struct json before = raw_node(json_skim(old, STR("managedFields")));
	struct str key = STR("kubectl.kubernetes.io/last-applied-configuration");
	struct str applied = json_skim(json_skim(meta, STR("annotations")), key);

	if (str_is(r->subresource, "status"))
		return false;
	if (applied.n && !str_eq(applied, json_skim(json_skim(old, STR("annotations")), key)))
		return true;
	return now.len && managed_may_name(f, &s, &now, &before);
}

static bool noted_possible(const struct finder *f)
{
	const struct request *r = f->req;
	const struct object_notes *notes = &r->notes;
	const struct catalogue_kind *kind =
		catalogue_kind(r->kind.group, r->kind.version, r->kind.kind);

	if (!kind || notes->unsure || (notes->domain && holds_key(f)))
		return true;
	if (workload_is(&r->kind) && (notes->flag || rules_possible(f)))
		return true;
	return notes_meet_need(f, notes, kind, str_is(r->subresource, "status")) &&
	       (object_may_hold(f, &catalogue_nodes[kind->root], r->object) || dropped_possible(f));
}

/*
 * In the shape in which an API server sends it, and where an object that cannot be read is answered
 * by a warning at most (policy_judge_envelope): what is not read is then nothing that was refused.
 */
static bool notes_count(const struct request *r)
{
	return r->notes.made && (r->operation == OP_UPDATE) == (r->old_object.n > 0) &&
	       !str_is(r->namespace, "kube-system");
}

static bool object_possible(const struct finder *f)
{
	const struct request *req = f->req;

	if (req->operation != OP_CREATE && req->operation != OP_UPDATE)
		return false;
	if (catalogue_alpha_version(req->request_kind.version) &&
	    catalogue_own_group(req->request_kind.group))
		return true;
	if (request_is_unchanged(req))
		return false;
	if (kind_may(f, req->kind))
		return true;
	if (!workload_is(&req->kind) && !kind_lives(f, req->kind))
		return holds_domain(req->object,
				    !req->kind.group.n && str_is(req->kind.kind, "ConfigMap"));
	return !notes_count(req) || noted_possible(f);
}

bool features_possible(unsigned minor, const struct request *req)
{
	struct finder f = { .req = req };

	f.minor = catalogue_minor(minor ? minor : catalogue_minor_released);
	f.bit = catalogue_bit(f.minor);
	return object_possible(&f) || features_options_possible(&f);
}
