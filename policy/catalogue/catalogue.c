/* SPDX-License-Identifier: Apache-2.0
 * catalogue.c - looking things up in the compiled table of alpha features.
 *
 * The tables are sorted by the script that makes them; all lookups are binary
 * searches or short scans, and none allocates.
 */
#include "policy/catalogue/catalogue.h"

#include <assert.h>

#include "oke/policy.h"

static struct str catalogue_string(uint32_t offset)
{
	return str_of(catalogue_text(offset));
}

unsigned catalogue_minor(unsigned minor)
{
	if (minor < CATALOGUE_MINOR_MIN)
		return CATALOGUE_MINOR_MIN;
	return minor > catalogue_minor_max ? catalogue_minor_max : minor;
}

uint32_t catalogue_bit(unsigned minor)
{
	return UINT32_C(1) << (catalogue_minor(minor) - CATALOGUE_MINOR_MIN);
}

const struct catalogue_gate *catalogue_gate(struct str name, bool kubeadm)
{
	size_t lo = 0, hi = catalogue_gates_n;

	while (lo < hi) { /* components' gates stand before kubeadm's, each sorted */
		const struct catalogue_gate *g = &catalogue_gates[lo + (hi - lo) / 2];
		int order = g->kubeadm != kubeadm ? (kubeadm ? 1 : -1)
						  : str_cmp(name, catalogue_string(g->name));

		if (!order)
			return g;
		if (order < 0)
			hi = (size_t)(g - catalogue_gates);
		else
			lo = (size_t)(g - catalogue_gates) + 1;
	}
	return NULL;
}

const struct catalogue_stage *catalogue_stage(const struct catalogue_gate *gate, unsigned minor)
{
	const struct catalogue_stage *found = NULL;

	if (minor < gate->from || minor >= gate->gone)
		return NULL;
	for (size_t i = 0; i < gate->stages_n; i++) {
		const struct catalogue_stage *s = &catalogue_stages[gate->stages + i];

		if (s->minor <= minor)
			found = s;
	}
	return found;
}

unsigned catalogue_interest(const struct catalogue_gate *gate, unsigned minor)
{
	const struct catalogue_stage *s = catalogue_stage(gate, minor);

	if (!s)
		return 0;
	switch ((enum stage)s->stage) {
	case STAGE_ALPHA:
		return FEATURE_ALPHA;
	case STAGE_BETA:
		return s->on == 0 ? FEATURE_BETA_OFF : 0;
	case STAGE_DEPRECATED:
		return FEATURE_DEPRECATED;
	case STAGE_UNKNOWN:
	case STAGE_GA:
		break;
	}
	return 0;
}

unsigned catalogue_since(const struct catalogue_gate *gate, enum stage stage)
{
	for (size_t i = 0; i < gate->stages_n; i++)
		if (catalogue_stages[gate->stages + i].stage == stage)
			return catalogue_stages[gate->stages + i].minor;
	return 0;
}

const char *catalogue_stage_name(enum stage stage)
{
	static const char *const names[] = {
		[STAGE_UNKNOWN] = "unknown",
		[STAGE_ALPHA] = "alpha",
		[STAGE_BETA] = "beta",
		[STAGE_GA] = "ga",
		[STAGE_DEPRECATED] = "deprecated",
	};

	assert((size_t)stage < sizeof names / sizeof *names);
	return names[stage];
}

/* The order of the tables of kinds: group, kind, version. */
static int kind_cmp(const struct gvk *want, uint32_t group, uint32_t kind, uint32_t version)
{
	int order = str_cmp(want->group, catalogue_string(group));

	if (!order)
		order = str_cmp(want->kind, catalogue_string(kind));
	return order ? order : str_cmp(want->version, catalogue_string(version));
}

const struct catalogue_kind *catalogue_kind(struct str group, struct str version, struct str kind)
{
	struct gvk want = { group, version, kind };
	size_t lo = 0, hi = catalogue_kinds_n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct catalogue_kind *k = &catalogue_kinds[mid];
		int order = kind_cmp(&want, k->group, k->kind, k->version);

		if (!order)
			return k;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

const struct catalogue_lifecycle *catalogue_lifecycle(struct str group, struct str version,
						      struct str kind)
{
	struct gvk want = { group, version, kind };
	size_t lo = 0, hi = catalogue_lifecycles_n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct catalogue_lifecycle *l = &catalogue_lifecycles[mid];
		int order = kind_cmp(&want, l->group, l->kind, l->version);

		if (!order)
			return l;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* By bytes, then by length: the order of the edges. */
static int edge_cmp(struct str name, const struct catalogue_edge *e)
{
	size_t n = name.n < e->len ? name.n : e->len;
	int order = n ? memcmp(name.s, catalogue_text(e->name), n) : 0;

	return order ? order : (name.n > e->len) - (name.n < e->len);
}

const struct catalogue_node *catalogue_child(const struct catalogue_node *node, struct str name)
{
	const struct catalogue_edge *edges = catalogue_edges + node->edges;
	size_t lo = 0, hi = node->edges_n;

	if (!name.n || !(node->names & catalogue_name_bit(name)))
		return NULL;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = edge_cmp(name, &edges[mid]);

		if (!order)
			return &catalogue_nodes[edges[mid].node];
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

bool catalogue_own_group(struct str group)
{
	for (size_t i = 0; i < catalogue_groups_n; i++)
		if (str_eq(group, catalogue_string(catalogue_groups[i])))
			return true;
	return false;
}

static size_t version_digits(struct str s, size_t from)
{
	size_t n = from;

	while (n < s.n && s.s[n] >= '0' && s.s[n] <= '9')
		n++;
	return n - from;
}

bool catalogue_alpha_version(struct str version)
{
	size_t major, minor;

	if (!version.n || version.s[0] != 'v' || !(major = version_digits(version, 1)))
		return false;
	if (!str_starts(str_from(version, 1 + major), STR("alpha")))
		return false;
	minor = version_digits(version, 1 + major + 5);
	return minor && 1 + major + 5 + minor == version.n;
}

const struct catalogue_api *catalogue_api(struct str group, struct str version, struct str kind)
{
	for (size_t i = 0; i < catalogue_apis_n; i++) {
		const struct catalogue_api *a = &catalogue_apis[i];

		if (str_eq(version, catalogue_string(a->version)) &&
		    str_eq(group, catalogue_string(a->group)) &&
		    (!kind.n || str_eq(kind, catalogue_string(a->kind))))
			return a;
	}
	return NULL;
}

const struct catalogue_key *catalogue_key(struct str key, enum key_type type, struct str kind,
					  unsigned minor)
{
	uint32_t bit = catalogue_bit(minor);

	for (size_t i = 0; i < catalogue_keys_n && catalogue_keys[i].alpha; i++) {
		const struct catalogue_key *k = &catalogue_keys[i];
		struct str used_on = catalogue_string(k->used_on);

		if (!(k->alpha & bit) || k->type != type || (used_on.n && !str_eq(used_on, kind)))
			continue;
		if (k->prefix ? str_starts(key, catalogue_string(k->key))
			      : str_eq(key, catalogue_string(k->key)))
			return k;
	}
	return NULL;
}

#define MINOR_DIGITS 3 /* 1.999 */

unsigned catalogue_version(struct str version)
{
	struct str s = version.n && version.s[0] == 'v' ? str_from(version, 1) : version;
	size_t n;
	unsigned minor = 0;

	if (!str_starts(s, STR("1.")))
		return 0;
	n = version_digits(s, 2);
	if (!n || n > MINOR_DIGITS)
		return 0;
	if (2 + n < s.n && !memchr(".+-", s.s[2 + n], 3))
		return 0;
	for (size_t i = 0; i < n; i++)
		minor = minor * 10 + (unsigned)(s.s[2 + i] - '0');
	return minor;
}
