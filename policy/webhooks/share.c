/* SPDX-License-Identifier: Apache-2.0
 * share.c - objects that policies of components and policies of features both ask for: one entry
 * asks for both.
 *
 * Each entry that a request meets makes the API server convert the old and the new object once more
 * for its matchConditions (k8s.io/apiserver pkg/admission/plugin/cel/activation.go, newActivation),
 * and call once more: two entries cost an ordinary write nearly twice what one costs.
 */
#include "policy/webhooks/interest.h"

#include "policy/model/resources.h"

static bool asks_of_same(const struct interest *a, const struct interest *b)
{
	return str_eq(a->group, b->group) && str_eq(a->resource, b->resource);
}

/* Among the first n. */
static bool is_asked_too(const struct interests *asks, size_t n, const struct interest *a)
{
	for (size_t i = 0; i < n; i++)
		if (asks_of_same(&asks->v[i], a))
			return true;
	return false;
}

bool interests_share(struct interests *support, struct interests *alpha)
{
	size_t n = support->n, kept = 0;

	for (size_t i = 0; i < alpha->n; i++) {
		struct interest a = alpha->v[i];

		if (!str_is(a.version, "*") || !is_asked_too(support, n, &a)) {
			alpha->v[kept++] = a;
			continue;
		}
		if (!a.namespace.n && resource_cluster_scoped(a.group, a.resource))
			a.scope = SCOPE_CLUSTER;
		interest_add(support, &a);
	}
	alpha->n = kept;
	return support->n > n;
}

/* ---- keys on objects that are sent for another reason ---- */

/* Of the object wherever it is, whoever asks. */
static unsigned operations_everywhere(const struct interests *asks, const struct interest *a)
{
	unsigned operations = 0;

	for (size_t i = 0; i < asks->n; i++)
		if (!asks->v[i].namespace.n && asks_of_same(&asks->v[i], a))
			operations |= asks->v[i].operations;
	return operations;
}

void interests_share_keys(const struct interests *support, struct interests *keyed)
{
	size_t kept = 0;

	for (size_t i = 0; i < keyed->n; i++) {
		struct interest a = keyed->v[i];

		a.operations &= ~operations_everywhere(support, &a);
		if (a.operations)
			keyed->v[kept++] = a;
	}
	keyed->n = kept;
}
