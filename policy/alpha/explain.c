/* SPDX-License-Identifier: Apache-2.0
 * explain.c - all that is known of a gate, or of the gates of a field.
 */
#include <string.h>

#include "policy/alpha/list.h"
#include "lib/base/nearest.h"

#define GATES_PAGE                                                                                 \
	"https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/"
#define FIELD_GATES_MAX 16 /* of fields of one name */

/* ---- shared words ---- */

struct alpha_word alpha_group_version(const struct catalogue_kind *kind)
{
	const char *group = catalogue_text(kind->group);
	struct alpha_word w;

	snprintf(w.s, sizeof w.s, "%s%s%s", group, *group ? "/" : "",
		 catalogue_text(kind->version));
	return w;
}

struct alpha_word alpha_minors(uint32_t minors)
{
	struct alpha_word w = { "" };
	size_t n = 0;

	for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max && n < 100; m++) {
		unsigned from = m;

		if (!(minors & catalogue_bit(m)))
			continue;
		while (m < catalogue_minor_max && minors & catalogue_bit(m + 1))
			m++;
		n += (size_t)snprintf(w.s + n, sizeof w.s - n, "%s1.%u", n ? ", " : "", from);
		if (m > from)
			n += (size_t)snprintf(w.s + n, sizeof w.s - n, "-1.%u", m);
	}
	return w;
}

static const char *effect_name(unsigned effect)
{
	static const char *const names[] = {
		[EFFECT_UNKNOWN] = "",          [EFFECT_DROPPED] = "dropped",
		[EFFECT_REJECTED] = "rejected", [EFFECT_IGNORED] = "ignored",
		[EFFECT_KEPT] = "kept",         [EFFECT_CONFIG] = "",
		[EFFECT_ACCEPTED] = "accepted",
	};

	return effect < sizeof names / sizeof *names ? names[effect] : "";
}

/* ---- JSON ---- */

void alpha_emit_minor(struct emit *e, const char *key, unsigned minor)
{
	char text[16];

	snprintf(text, sizeof text, "1.%u", minor);
	emit_str(e, key, str_of(text));
}

/* "a, b" as a list. */
static void emit_split(struct emit *e, const char *key, const char *list)
{
	emit_list(e, key, true);
	while (*list) {
		size_t n = strcspn(list, ",");

		emit_str(e, NULL, (struct str){ list, n });
		list += n;
		list += strspn(list, ", ");
	}
	emit_end(e);
}

void alpha_emit_gate(struct emit *e, const struct catalogue_gate *g)
{
	char url[64];

	emit_str(e, "name", str_of(catalogue_text(g->name)));
	emit_bool(e, "kubeadm", g->kubeadm);
	emit_list(e, "stages", false);
	for (size_t i = 0; i < g->stages_n; i++) {
		const struct catalogue_stage *s = &catalogue_stages[g->stages + i];

		emit_map(e, NULL, true);
		alpha_emit_minor(e, "from", s->minor);
		emit_str(e, "stage", str_of(catalogue_stage_name((enum stage)s->stage)));
		if (s->on < 2)
			emit_bool(e, "default", s->on);
		emit_bool(e, "locked", s->locked);
		emit_end(e);
	}
	emit_end(e);
	if (g->gone != 255)
		alpha_emit_minor(e, "goneFrom", g->gone);
	emit_split(e, "components", catalogue_text(g->components));
	emit_split(e, "requires", catalogue_text(g->requires));
	if (g->kep) {
		snprintf(url, sizeof url, "https://kep.k8s.io/%u", g->kep);
		emit_str(e, "documentation", str_of(url));
	} else {
		emit_str(e, "documentation", STR(GATES_PAGE));
	}
}

void alpha_emit_field(struct emit *e, const struct catalogue_kind *kind, struct str path,
		      const struct catalogue_leaf *leaf)
{
	emit_map(e, NULL, true);
	emit_str(e, "apiVersion", str_of(alpha_group_version(kind).s));
	emit_str(e, "kind", str_of(catalogue_text(kind->kind)));
	emit_str(e, "path", path);
	if (leaf->value)
		emit_str(e, "value", str_of(catalogue_text(leaf->value)));
	emit_str(e, "versions", str_of(alpha_minors(leaf->minors).s));
	emit_str(e, "alphaIn", str_of(alpha_minors(leaf->alpha).s));
	if (*effect_name(leaf->off))
		emit_str(e, "whileOff", str_of(effect_name(leaf->off)));
	emit_end(e);
}

/* ---- one gate ---- */

struct guarded {
	const struct catalogue_gate *gate;
	struct text *out;
	struct emit *emit;
	size_t n, templates;
};

static bool gate_guards_leaf(const struct catalogue_gate *g, const struct catalogue_leaf *leaf)
{
	for (size_t i = 0; i < leaf->gates_n; i++)
		if (&catalogue_gates[leaf->gates[i]] == g)
			return true;
	return false;
}

/* The same field in the pod template of another kind is not told again. */
static bool in_template(struct str path)
{
	return path.n && memmem(path.s, path.n, "template.spec.", 14);
}

static void guarded_field(void *ctx, const struct catalogue_kind *kind, struct str path,
			  const struct catalogue_leaf *leaf)
{
	struct guarded *w = ctx;
	const char *off = effect_name(leaf->off);

	if (!gate_guards_leaf(w->gate, leaf))
		return;
	if (w->emit) {
		alpha_emit_field(w->emit, kind, path, leaf);
		return;
	}
	if (in_template(path)) {
		w->templates++;
		return;
	}
	text_printf(w->out, "  %-14s %s %s  %.*s%s%s\n", w->n++ ? "" : "Fields",
		    alpha_group_version(kind).s, catalogue_text(kind->kind), STR_ARG(path),
		    leaf->value ? " = " : "", catalogue_text(leaf->value));
	text_printf(w->out, "  %-14s   in %s", "", alpha_minors(leaf->minors).s);
	if (leaf->alpha)
		text_printf(w->out, "; alpha in %s", alpha_minors(leaf->alpha).s);
	if (*off)
		text_printf(w->out, "; while the gate is off: %s", off);
	text_puts(w->out, "\n");
}

static void each_guarded(struct guarded *w)
{
	for (size_t i = 0; i < catalogue_kinds_n; i++)
		catalogue_paths(&catalogue_kinds[i], guarded_field, w);
}

static void apis_of(const struct catalogue_gate *g, struct text *out, struct emit *e)
{
	size_t n = 0;

	for (size_t i = 0; i < catalogue_apis_n; i++) {
		const struct catalogue_api *a = &catalogue_apis[i];

		if ((a->gate == CATALOGUE_NONE || &catalogue_gates[a->gate] != g) &&
		    (a->gate2 == CATALOGUE_NONE || &catalogue_gates[a->gate2] != g))
			continue;
		if (e) {
			emit_map(e, NULL, true);
			emit_str(e, "group", str_of(catalogue_text(a->group)));
			emit_str(e, "version", str_of(catalogue_text(a->version)));
			emit_str(e, "kind", str_of(catalogue_text(a->kind)));
			emit_str(e, "servedIn", str_of(alpha_minors(a->served).s));
			emit_str(e, "replacement", str_of(catalogue_text(a->replacement)));
			emit_end(e);
			continue;
		}
		text_printf(out, "  %-14s %s/%s %s, served in %s%s%s\n", n++ ? "" : "Alpha APIs",
			    catalogue_text(a->group), catalogue_text(a->version),
			    catalogue_text(a->kind), a->served ? alpha_minors(a->served).s : "none",
			    a->replacement ? "; now " : "", catalogue_text(a->replacement));
	}
}

static void say_stage(const struct catalogue_stage *s, struct text *out)
{
	static const char *const on[] = { ", off by default", ", on by default", "" };

	text_printf(out, "%s%s%s", catalogue_stage_name((enum stage)s->stage), on[s->on],
		    s->locked ? ", locked" : "");
}

static void explain_text(const struct alpha_query *q, const struct catalogue_gate *g,
			 struct text *out)
{
	unsigned minor = catalogue_minor(q->minor);
	const struct catalogue_stage *now = catalogue_stage(g, minor);
	struct guarded w = { .gate = g, .out = out };

	text_printf(out, "%s%s\n", catalogue_text(g->name),
		    g->kubeadm ? " (a gate of kubeadm)" : "");
	text_printf(out, "  In 1.%-9u ", minor);
	if (now)
		say_stage(now, out);
	else
		text_puts(out, "not known");
	for (size_t i = 0; i < g->stages_n; i++) {
		text_printf(out, "\n  %-14s 1.%-3u ", i ? "" : "Since",
			    catalogue_stages[g->stages + i].minor);
		say_stage(&catalogue_stages[g->stages + i], out);
	}
	if (g->gone != 255)
		text_printf(out, "\n  %-14s 1.%u: components refuse to start with it", "Gone from",
			    g->gone);
	if (g->components)
		text_printf(out, "\n  %-14s %s", "Components", catalogue_text(g->components));
	if (g->requires)
		text_printf(out, "\n  %-14s %s", "Requires", catalogue_text(g->requires));
	text_puts(out, "\n");
	each_guarded(&w);
	if (w.templates)
		text_printf(out, "  %-14s %zu more in pod templates and the like: -o json\n", "",
			    w.templates);
	apis_of(g, out, NULL);
	text_printf(out, "  %-14s ", "Documentation");
	if (g->kep)
		text_printf(out, "https://kep.k8s.io/%u\n", g->kep);
	else
		text_puts(out, GATES_PAGE "\n");
}

static void explain_json(const struct alpha_query *q, const struct catalogue_gate *g,
			 struct emit *e)
{
	const struct catalogue_stage *now = catalogue_stage(g, catalogue_minor(q->minor));
	struct guarded w = { .gate = g, .emit = e };

	emit_map(e, NULL, false);
	alpha_emit_gate(e, g);
	emit_str(e, "stage",
		 str_of(now ? catalogue_stage_name((enum stage)now->stage) : "unknown"));
	emit_list(e, "fields", false);
	each_guarded(&w);
	emit_end(e);
	emit_list(e, "alphaAPIs", false);
	apis_of(g, NULL, e);
	emit_end(e);
	emit_end(e);
}

/* ---- by the name of a field ---- */

struct explain_search {
	struct str name;
	const struct catalogue_gate *gates[FIELD_GATES_MAX];
	size_t n;
};

static void search_add(struct explain_search *s, const struct catalogue_gate *g)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->gates[i] == g)
			return;
	if (s->n < FIELD_GATES_MAX)
		s->gates[s->n++] = g;
}

/* The last member of a path: "stopSignal" of spec.containers[*].lifecycle.stopSignal. */
static struct str last_of(struct str path)
{
	size_t i;

	while (path.n > 3 && path.s[path.n - 1] == ']')
		path.n -= 3;
	for (i = path.n; i > 0 && path.s[i - 1] != '.'; i--)
		;
	return str_from(path, i);
}

/* The whole path, or its end from a dot on. */
static bool ends_in(struct str path, struct str name)
{
	if (path.n < name.n || !str_eq(str_from(path, path.n - name.n), name))
		return false;
	return path.n == name.n || path.s[path.n - name.n - 1] == '.';
}

static void search_field(void *ctx, const struct catalogue_kind *kind, struct str path,
			 const struct catalogue_leaf *leaf)
{
	struct explain_search *s = ctx;

	(void)kind;
	if (ends_in(path, s->name) || str_eq(last_of(path), s->name))
		for (size_t i = 0; i < leaf->gates_n; i++)
			search_add(s, &catalogue_gates[leaf->gates[i]]);
}

static void search_fields(struct explain_search *s)
{
	for (size_t i = 0; i < catalogue_kinds_n; i++)
		catalogue_paths(&catalogue_kinds[i], search_field, s);
}

static void search_by_name(struct explain_search *s)
{
	const struct catalogue_gate *g = catalogue_gate(s->name, false);

	if (g)
		search_add(s, g);
	if ((g = catalogue_gate(s->name, true)))
		search_add(s, g);
	if (!s->n)
		search_fields(s);
}

bool alpha_explain(const struct alpha_query *q, struct str name, struct text *out)
{
	struct explain_search s = { .name = name };
	struct emit e;

	search_by_name(&s);
	if (!s.n)
		return false;
	if (q->json) {
		emit_init(&e, true, out);
		alpha_emit_minor(&e, "kubernetes", catalogue_minor(q->minor));
		emit_list(&e, "gates", false);
	}
	for (size_t i = 0; i < s.n; i++) {
		if (q->json)
			explain_json(q, s.gates[i], &e);
		else
			explain_text(q, s.gates[i], out);
	}
	if (q->json) {
		emit_end(&e);
		emit_done(&e);
	}
	return true;
}

/* The best of gates and members of paths. */
struct str alpha_nearest(struct str name)
{
	static const struct str none = { NULL, 0 };
	struct nearest near;

	nearest_start(&near, name);
	for (size_t i = 0; i < catalogue_gates_n; i++)
		nearest_try(&near, str_of(catalogue_text(catalogue_gates[i].name)));
	for (size_t i = 0; i < catalogue_nodes_n; i++) {
		const struct catalogue_node *n = &catalogue_nodes[i];

		for (size_t k = 0; k < n->edges_n; k++)
			nearest_try(&near,
				    str_of(catalogue_text(catalogue_edges[n->edges + k].name)));
	}
	return near.best.s ? near.best : none;
}
