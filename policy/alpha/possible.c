/* SPDX-License-Identifier: Apache-2.0
 * possible.c - can a request use a feature at all? Asked of every request,
 * before any object is parsed.
 *
 * Kinds with gated fields, pods and what makes pods are always looked into. All other
 * objects are searched for the few words without which they can hold no use. The
 * API server writes its JSON in one way, so a word stands as it is.
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

/*
 * A key of one of the domains that the catalogue's live keys stand in; with config, also the
 * group of a component's configuration. All hold ".io", and little else holds ".i": one pass,
 * since this is most of what a large object costs that no policy concerns.
 */
static bool holds_domain(struct str bytes, bool config)
{
	static const char *const domains[] = { "alpha.kubernetes", "applyset.kubernetes" };
	static const char *const groups[] = { ".config.k8s", "kubeadm.k8s" };
	const char *p = bytes.s, *end = bytes.n ? p + bytes.n : p;

	for (; (p = scan_to_pair(p, end, '.', 'i')); p++)
		if (is_surrounded(bytes, p, domains, STR(".io/")) ||
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
	return bytes_end(gvk.kind, STR("List")) || is_config(gvk) || workload_is(&gvk);
}

bool features_possible(unsigned minor, const struct request *req)
{
	struct finder f = { .req = req };

	f.minor = catalogue_minor(minor ? minor : catalogue_minor_released);
	f.bit = catalogue_bit(f.minor);
	if (features_options_possible(&f))
		return true;
	if (req->operation != OP_CREATE && req->operation != OP_UPDATE)
		return false;
	if (catalogue_alpha_version(req->request_kind.version) &&
	    catalogue_own_group(req->request_kind.group))
		return true;
	return kind_lives(&f, req->kind) || kind_may(&f, req->kind) ||
	       holds_domain(req->object, !req->kind.group.n && str_is(req->kind.kind, "ConfigMap"));
}
