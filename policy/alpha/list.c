/* SPDX-License-Identifier: Apache-2.0
 * list.c - the gates of a stage, and the fields of a kind that they guard.
 */
#include "policy/alpha/list.h"

#include <string.h>

#include "lib/base/nearest.h"

unsigned alpha_version(struct str text)
{
	return catalogue_version(text);
}

unsigned alpha_newest(void)
{
	return catalogue_minor_max;
}

unsigned alpha_released(void)
{
	return catalogue_minor_released;
}

const char *alpha_preliminary(void)
{
	return catalogue_preliminary;
}

unsigned alpha_oldest(void)
{
	return CATALOGUE_MINOR_MIN;
}

bool alpha_kind(struct str kind, struct str *near)
{
	struct nearest n;

	nearest_start(&n, kind);
	for (size_t i = 0; i < catalogue_kinds_n; i++) {
		struct str known = str_of(catalogue_text(catalogue_kinds[i].kind));

		if (str_eq(kind, known))
			return true;
		nearest_try(&n, known);
	}
	*near = n.best;
	return false;
}

/* Is the gate in that stage in the minor? */
static bool in_stage(const struct catalogue_gate *g, const struct alpha_query *q)
{
	const struct catalogue_stage *s = catalogue_stage(g, catalogue_minor(q->minor));

	return s && str_is(q->stage, catalogue_stage_name((enum stage)s->stage));
}

/* ---- fields of a kind ---- */

struct list_fields {
	const struct alpha_query *q;
	const struct catalogue_gate *gate; /* NULL: any of that stage */
	uint32_t bit;
	size_t n;
	struct text *out; /* one of them, or neither: then they are only counted */
	struct emit *emit;
};

static const struct catalogue_gate *list_gate_of(const struct list_fields *f,
						 const struct catalogue_leaf *leaf)
{
	for (size_t i = 0; i < leaf->gates_n; i++) {
		const struct catalogue_gate *g = &catalogue_gates[leaf->gates[i]];

		if (f->gate ? g == f->gate : in_stage(g, f->q))
			return g;
	}
	return NULL;
}

static void list_field(void *ctx, const struct catalogue_kind *kind, struct str path,
		       const struct catalogue_leaf *leaf)
{
	struct list_fields *f = ctx;
	const struct catalogue_gate *g = list_gate_of(f, leaf);

	if (!g || !(leaf->minors & f->bit))
		return;
	f->n++;
	if (f->out)
		text_printf(f->out, "%-42s  %s %s  %.*s%s%s\n", catalogue_text(g->name),
			    alpha_group_version(kind).s, catalogue_text(kind->kind), STR_ARG(path),
			    leaf->value ? " = " : "", catalogue_text(leaf->value));
	if (f->emit)
		alpha_emit_field(f->emit, kind, path, leaf);
}

static void each_kind(struct list_fields *f)
{
	for (size_t i = 0; i < catalogue_kinds_n; i++)
		if (!f->q->kind.n || str_is(f->q->kind, catalogue_text(catalogue_kinds[i].kind)))
			catalogue_paths(&catalogue_kinds[i], list_field, f);
}

static size_t fields_n(const struct alpha_query *q, const struct catalogue_gate *g)
{
	struct list_fields f = { .q = q, .gate = g, .bit = catalogue_bit(q->minor) };

	each_kind(&f);
	return f.n;
}

/* ---- the list ---- */

static bool is_listed(const struct alpha_query *q, const struct catalogue_gate *g)
{
	return !g->kubeadm && in_stage(g, q) && (!q->kind.n || fields_n(q, g));
}

static void list_json(const struct alpha_query *q, struct text *out)
{
	struct emit e;

	emit_init(&e, true, out);
	alpha_emit_minor(&e, "kubernetes", catalogue_minor(q->minor));
	emit_str(&e, "stage", q->stage);
	emit_list(&e, "gates", false);
	for (size_t i = 0; i < catalogue_gates_n; i++) {
		const struct catalogue_gate *g = &catalogue_gates[i];
		struct list_fields f = { q, g, catalogue_bit(q->minor), 0, NULL, &e };

		if (!is_listed(q, g))
			continue;
		emit_map(&e, NULL, false);
		alpha_emit_gate(&e, g);
		emit_list(&e, "fields", false);
		each_kind(&f);
		emit_end(&e);
		emit_end(&e);
	}
	emit_end(&e);
	emit_done(&e);
}

static void minor_words(char out[8], unsigned minor)
{
	if (minor)
		snprintf(out, 8, "1.%u", minor % 1000);
	else
		strcpy(out, "-");
}

static void list_gates(const struct alpha_query *q, struct text *out)
{
	text_printf(out, "%-42s  %5s  %5s  %5s  %6s  %s\n", "GATE", "ALPHA", "BETA", "GA", "FIELDS",
		    "COMPONENTS");
	for (size_t i = 0; i < catalogue_gates_n; i++) {
		const struct catalogue_gate *g = &catalogue_gates[i];
		char alpha[8], beta[8], ga[8];

		if (!is_listed(q, g))
			continue;
		minor_words(alpha, catalogue_since(g, STAGE_ALPHA));
		minor_words(beta, catalogue_since(g, STAGE_BETA));
		minor_words(ga, catalogue_since(g, STAGE_GA));
		text_printf(out, "%-42s  %5s  %5s  %5s  %6zu  %s\n", catalogue_text(g->name), alpha,
			    beta, ga, fields_n(q, g), catalogue_text(g->components));
	}
}

void alpha_list(const struct alpha_query *q, struct text *out)
{
	struct list_fields f = { .q = q, .bit = catalogue_bit(q->minor), .out = out };

	if (q->json) {
		list_json(q, out);
	} else if (q->kind.n) {
		text_printf(out, "%-42s  %s\n", "GATE", "FIELD");
		each_kind(&f);
	} else {
		list_gates(q, out);
	}
}
