/* SPDX-License-Identifier: Apache-2.0
 * check_catalogue.c - does the compiled table say what the facts say?
 *
 * Reads the facts as they are written (policy/catalogue), from the top of the
 * source tree. matrix.tsv was read from the code of each minor and not from the
 * histories that the table is made of, so that one checks the other.
 */
#include "policy/catalogue/catalogue.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

#define LINE_MAX_BYTES 4096
#define COLUMNS_MAX    24

static FILE *facts(const char *path)
{
	FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "%s: run the tests from the top of the source tree", path);
	return f;
}

/* Cut a line at its tabs; comments are left out. False at the end. */
static bool row_next(FILE *f, char line[LINE_MAX_BYTES], char *column[COLUMNS_MAX], size_t *n)
{
	do {
		if (!fgets(line, LINE_MAX_BYTES, f))
			return false;
	} while (line[0] == '#');
	line[strcspn(line, "\n")] = '\0';
	*n = 0;
	for (char *rest = line; rest && *n < COLUMNS_MAX; (*n)++)
		column[*n] = strsep(&rest, "\t");
	return true;
}

/* A cell of the matrix: "A0", "B1", "G1L", "-". */
static void cell_of(const struct catalogue_stage *s, char out[4])
{
	static const char letters[] = {
		[STAGE_ALPHA] = 'A', [STAGE_BETA] = 'B', [STAGE_GA] = 'G', [STAGE_DEPRECATED] = 'D'
	};
	size_t n = 0;

	if (!s) {
		strcpy(out, "-");
		return;
	}
	out[n++] = letters[s->stage];
	out[n++] = s->on ? '1' : '0';
	if (s->locked)
		out[n++] = 'L';
	out[n] = '\0';
}

START_TEST(stages_equal_matrix)
{
	FILE *f = facts("policy/catalogue/matrix.tsv");
	char line[LINE_MAX_BYTES], head[LINE_MAX_BYTES];
	char *column[COLUMNS_MAX], *minors[COLUMNS_MAX];
	size_t n, minors_n, rows = 0;

	ck_assert(row_next(f, head, minors, &minors_n));
	for (; row_next(f, line, column, &n); rows++) {
		const struct catalogue_gate *g = catalogue_gate(str_of(column[0]), false);

		ck_assert_msg(g != NULL, "%s is not in the table", column[0]);
		ck_assert_uint_eq(n, minors_n);
		for (size_t i = 1; i < n; i++) {
			unsigned minor = catalogue_version(str_of(minors[i]));
			char cell[4];

			cell_of(catalogue_stage(g, minor), cell);
			ck_assert_msg(!strcmp(cell, column[i]), "%s in %s: %s, not %s", column[0],
				      minors[i], cell, column[i]);
		}
	}
	ck_assert_uint_gt(rows, 400);
	fclose(f);
}
END_TEST

/* "1.24-1.26,1.29" to bits, written here a second time. */
static uint32_t bits_of(const char *ranges)
{
	uint32_t bits = 0;

	for (const char *p = ranges; *p; p += *p == ',') {
		char *end;
		long lo, hi;

		p += 2;
		lo = hi = strtol(p, &end, 10);
		if (*end == '-')
			hi = strtol(end + 3, &end, 10);
		for (long m = lo; m <= hi; m++)
			bits |= catalogue_bit((unsigned)m);
		p = end;
	}
	return bits;
}

/* The node at a path such as spec.containers[*].image; NULL: none. */
static const struct catalogue_node *node_at(const struct catalogue_kind *kind, const char *path)
{
	const struct catalogue_node *node = &catalogue_nodes[kind->root];

	ck_assert_ptr_nonnull(path);
	while (*path && node) {
		size_t n;

		if (!strncmp(path, "[*]", 3) || !strncmp(path, "{*}", 3)) {
			ck_assert(node->map == (*path == '{'));
			node = node->item == CATALOGUE_NONE ? NULL : &catalogue_nodes[node->item];
			path += 3;
		} else {
			n = strcspn(path, ".[{");
			node = catalogue_child(node, (struct str){ path, n });
			path += n;
		}
		path += *path == '.';
	}
	return node;
}

static bool leaf_is(const struct catalogue_leaf *leaf, const char *gates, const char *value)
{
	char names[256] = "";

	for (size_t i = 0; i < leaf->gates_n; i++) {
		strcat(names, i ? "," : "");
		strcat(names, catalogue_text(catalogue_gates[leaf->gates[i]].name));
	}
	return !strcmp(names, gates) && !strcmp(catalogue_text(leaf->value), value);
}

static void check_row(char **at, const char *minors, const char *alpha, const char *gates,
		      const char *value)
{
	const struct catalogue_kind *k =
		catalogue_kind(str_of(at[0]), str_of(at[1]), str_of(at[2]));
	const struct catalogue_node *node = k ? node_at(k, at[3]) : NULL;
	bool found = false;

	ck_assert_msg(node != NULL, "%s %s: not in the table", at[2], at[3]);
	for (size_t i = 0; i < node->leaves_n; i++) {
		const struct catalogue_leaf *leaf = &catalogue_leaves[node->leaves + i];

		if (!leaf_is(leaf, gates, value) || leaf->minors != bits_of(minors))
			continue;
		found = true;
		ck_assert_msg(leaf->alpha == bits_of(alpha), "%s %s: alpha in %#x, not %s", at[2],
			      at[3], leaf->alpha, alpha);
		ck_assert((leaf->alpha & (leaf->beta_off | leaf->deprecated)) == 0);
		ck_assert((leaf->alpha & ~node->live) == 0);
	}
	ck_assert_msg(found, "%s %s: %s is not there", at[2], at[3], gates);
}

START_TEST(fields_equal_facts)
{
	FILE *f = facts("policy/catalogue/fields.tsv");
	char line[LINE_MAX_BYTES], *c[COLUMNS_MAX] = { NULL };
	size_t n, rows = 0;

	for (; row_next(f, line, c, &n); rows++)
		check_row(c, c[4], c[5], c[6], "");
	fclose(f);
	ck_assert_uint_gt(rows, 1500);
	f = facts("policy/catalogue/values.tsv");
	for (rows = 0; row_next(f, line, c, &n); rows++)
		check_row(c, c[5], c[6], c[7], c[4]);
	fclose(f);
	ck_assert_uint_gt(rows, 150);
}
END_TEST

/* A leaf is alpha exactly where one of its gates is: the stage never comes from elsewhere. */
START_TEST(leaves_agree_with_gates)
{
	for (size_t i = 0; i < catalogue_leaves_n; i++) {
		const struct catalogue_leaf *leaf = &catalogue_leaves[i];

		/* Policy options of the kubelet move from one gate's group to the next. */
		if (leaf->off == EFFECT_CONFIG)
			continue;
		for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++) {
			bool alpha = false;

			for (size_t g = 0; g < leaf->gates_n; g++)
				alpha |= catalogue_interest(&catalogue_gates[leaf->gates[g]], m) ==
					 FEATURE_ALPHA;
			alpha &= (leaf->minors & catalogue_bit(m)) != 0;
			ck_assert_msg(alpha == ((leaf->alpha & catalogue_bit(m)) != 0),
				      "%s in 1.%u",
				      catalogue_text(catalogue_gates[leaf->gates[0]].name), m);
		}
	}
}
END_TEST

static const struct version_case {
	const char *why, *text;
	unsigned minor;
} versions[] = {
	{ "as configured", "1.36", 36 },
	{ "as /version shows it", "v1.36.2", 36 },
	{ "a vendor's build", "1.31+", 31 },
	{ "another major", "2.1", 0 },
	{ "no minor", "1.", 0 },
	{ "not a number", "1.x", 0 },
	{ "number with a tail", "1.36x", 0 },
	{ "too long", "1.12345", 0 },
	{ "empty", "", 0 },
};

START_TEST(versions_read)
{
	const struct version_case *c = &versions[_i];

	ck_assert_msg(catalogue_version(str_of(c->text)) == c->minor, "%s: %s", c->why, c->text);
}
END_TEST

static const struct group_case {
	const char *why, *group;
	bool own;
} groups[] = {
	{ "built in", "scheduling.k8s.io", true },
	{ "built in, short name", "apps", true },
	{ "built in since 1.37", "lifecycle.k8s.io", true },
	{ "the Gateway API is a project of its own", "gateway.networking.k8s.io", false },
	{ "snapshots are custom resources", "snapshot.storage.k8s.io", false },
	{ "a configuration file's group is not served", "kubeproxy.config.k8s.io", false },
	{ "metrics come from an aggregated server", "metrics.k8s.io", false },
	{ "a customer's", "example.com", false },
};

START_TEST(groups_known)
{
	const struct group_case *c = &groups[_i];

	ck_assert_msg(catalogue_own_group(str_of(c->group)) == c->own, "%s: %s", c->why, c->group);
}
END_TEST

static const struct alpha_version_case {
	const char *version;
	bool alpha;
} alpha_versions[] = {
	{ "v1alpha1", true },  { "v12alpha34", true }, { "v1", false },     { "v1beta1", false },
	{ "v1alpha", false },  { "valpha1", false },   { "alpha1", false }, { "v1alpha1x", false },
	{ "V1alpha1", false }, { "", false },          { "v", false },
};

START_TEST(alpha_versions_by_pattern)
{
	const struct alpha_version_case *c = &alpha_versions[_i];

	ck_assert_msg(catalogue_alpha_version(str_of(c->version)) == c->alpha, "%s", c->version);
}
END_TEST

static const struct key_case {
	const char *why, *key, *kind;
	enum key_type type;
	unsigned minor;
	bool alpha;
} keys[] = {
	{ "read by a plugin", "scheduler.alpha.kubernetes.io/node-selector", "Namespace",
	  KEY_ANNOTATION, 36, true },
	{ "on another kind nothing reads it", "scheduler.alpha.kubernetes.io/node-selector", "Pod",
	  KEY_ANNOTATION, 36, false },
	{ "no label", "scheduler.alpha.kubernetes.io/node-selector", "Namespace", KEY_LABEL, 36,
	  false },
	{ "kubectl's ApplySet, on any kind", "applyset.kubernetes.io/part-of", "ConfigMap",
	  KEY_LABEL, 36, true },
	{ "alpha while its class was", "volumeattributesclass.alpha.kubernetes.io/is-default-class",
	  "VolumeAttributesClass", KEY_ANNOTATION, 29, true },
	{ "gone", "volumeattributesclass.alpha.kubernetes.io/is-default-class",
	  "VolumeAttributesClass", KEY_ANNOTATION, 34, false },
	{ "without effect for years", "scheduler.alpha.kubernetes.io/critical-pod", "Pod",
	  KEY_ANNOTATION, 36, false },
	{ "written by the system", "node.alpha.kubernetes.io/ttl", "Node", KEY_ANNOTATION, 36,
	  false },
	{ "ExternalDNS is no part of Kubernetes", "external-dns.alpha.kubernetes.io/hostname",
	  "Service", KEY_ANNOTATION, 36, false },
	{ "JobSet is no part of Kubernetes", "alpha.jobset.sigs.k8s.io/exclusive-topology", "Job",
	  KEY_ANNOTATION, 36, false },
	{ "an old taint", "node.alpha.kubernetes.io/notReady", "Node", KEY_TAINT, 36, false },
};

START_TEST(keys_known)
{
	const struct key_case *c = &keys[_i];

	ck_assert_msg((catalogue_key(str_of(c->key), c->type, str_of(c->kind), c->minor) != NULL) ==
			      c->alpha,
		      "%s: %s", c->why, c->key);
}
END_TEST

START_TEST(gates_by_name)
{
	const struct catalogue_gate *dra = catalogue_gate(STR("DynamicResourceAllocation"), false);

	ck_assert_ptr_nonnull(dra);
	ck_assert_uint_eq(catalogue_interest(dra, 31), FEATURE_ALPHA);
	ck_assert_uint_eq(catalogue_interest(dra, 33), FEATURE_BETA_OFF);
	ck_assert_uint_eq(catalogue_interest(dra, 34), 0);
	ck_assert_uint_eq(catalogue_since(dra, STAGE_BETA), 32);
	ck_assert_uint_eq(catalogue_since(dra, STAGE_GA), 34);
	ck_assert_ptr_null(catalogue_gate(STR("dynamicresourceallocation"), false));
	ck_assert_ptr_null(catalogue_gate(STR("EtcdLearnerMode"), false));
	ck_assert_ptr_nonnull(catalogue_gate(STR("EtcdLearnerMode"), true));
	for (size_t i = 0; i < catalogue_gates_n; i++) {
		const struct catalogue_gate *g = &catalogue_gates[i];

		ck_assert_ptr_eq(catalogue_gate(str_of(catalogue_text(g->name)), g->kubeadm), g);
	}
}
END_TEST

START_TEST(minors_are_clamped)
{
	ck_assert_uint_eq(catalogue_minor(99), catalogue_minor_max);
	ck_assert_uint_eq(catalogue_minor(3), CATALOGUE_MINOR_MIN);
	ck_assert_uint_eq(catalogue_bit(99), catalogue_bit(catalogue_minor_max));
}
END_TEST

START_TEST(life_cycles)
{
	const struct catalogue_lifecycle *l =
		catalogue_lifecycle(STR("apps"), STR("v1beta2"), STR("DaemonSet"));

	ck_assert_ptr_nonnull(l);
	ck_assert_uint_eq(l->removed, 16);
	ck_assert_str_eq(catalogue_text(l->replacement), "apps/v1 DaemonSet");
	ck_assert_ptr_null(catalogue_lifecycle(STR("apps"), STR("v1"), STR("DaemonSet")));
	ck_assert_ptr_nonnull(catalogue_api(STR("scheduling.k8s.io"), STR("v1alpha2"), STR("")));
	ck_assert_ptr_null(catalogue_api(STR("scheduling.k8s.io"), STR("v1"), STR("")));
}
END_TEST

#define ROWS(t) ((int)(sizeof(t) / sizeof *(t)))

int main(void)
{
	Suite *s = suite_create("catalogue");
	TCase *tc = tcase_create("catalogue");

	tcase_add_test(tc, stages_equal_matrix);
	tcase_add_test(tc, fields_equal_facts);
	tcase_add_test(tc, leaves_agree_with_gates);
	tcase_add_loop_test(tc, versions_read, 0, ROWS(versions));
	tcase_add_loop_test(tc, groups_known, 0, ROWS(groups));
	tcase_add_loop_test(tc, alpha_versions_by_pattern, 0, ROWS(alpha_versions));
	tcase_add_loop_test(tc, keys_known, 0, ROWS(keys));
	tcase_add_test(tc, gates_by_name);
	tcase_add_test(tc, minors_are_clamped);
	tcase_add_test(tc, life_cycles);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
