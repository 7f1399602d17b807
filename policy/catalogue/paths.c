/* SPDX-License-Identifier: Apache-2.0
 * paths.c - the tries of the catalogue as paths, for lists and explanations.
 */
#include "policy/catalogue/catalogue.h"

#define DEPTH_MAX 32 /* the deepest trie has about half of it */

struct paths {
	const struct catalogue_kind *kind;
	catalogue_visit *visit;
	void *ctx;
	char path[512];
	const struct catalogue_node *above[DEPTH_MAX];
};

/* A JSON schema leads back to itself: told once. */
static bool leads_back(const struct paths *p, unsigned depth, const struct catalogue_node *node)
{
	for (unsigned i = 0; i < depth; i++)
		if (p->above[i] == node)
			return true;
	return false;
}

static size_t paths_append(struct paths *p, size_t n, const char *sep, const char *name, size_t len)
{
	int more = snprintf(p->path + n, sizeof p->path - n, "%s%.*s", sep, (int)len, name);

	return n + (size_t)more < sizeof p->path ? n + (size_t)more : sizeof p->path - 1;
}

/* Over our own constant table, at most DEPTH_MAX deep. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void paths_walk(struct paths *p, const struct catalogue_node *node, size_t n, unsigned depth)
{
	if (depth == DEPTH_MAX || leads_back(p, depth, node))
		return;
	p->above[depth] = node;
	for (size_t i = 0; i < node->leaves_n; i++)
		p->visit(p->ctx, p->kind, (struct str){ p->path, n },
			 &catalogue_leaves[node->leaves + i]);
	for (size_t i = 0; i < node->edges_n; i++) {
		const struct catalogue_edge *e = &catalogue_edges[node->edges + i];

		paths_walk(p, &catalogue_nodes[e->node],
			   paths_append(p, n, n ? "." : "", catalogue_text(e->name), e->len),
			   depth + 1);
	}
	if (node->item != CATALOGUE_NONE)
		paths_walk(p, &catalogue_nodes[node->item],
			   node->map ? paths_append(p, n, ".", "{*}", 3)
				     : paths_append(p, n, "", "[*]", 3),
			   depth + 1);
}

void catalogue_paths(const struct catalogue_kind *kind, catalogue_visit *visit, void *ctx)
{
	struct paths p = { .kind = kind, .visit = visit, .ctx = ctx };

	paths_walk(&p, &catalogue_nodes[kind->root], 0, 0);
}
