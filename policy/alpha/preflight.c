/* SPDX-License-Identifier: Apache-2.0
 * preflight.c - two minors, the uses of features in each, and what the catalogue says of
 * API versions and gates in between.
 */
#include "policy/alpha/preflight.h"

#include <assert.h>

#include "policy/alpha/use_set.h"
#include "lib/base/printable.h"

#define TEXT_MAX       1024
#define PATH_MAX_SHOWN 200

struct preflight_search {
	unsigned from, to;
	const struct request *req;
	struct arena *arena;
	struct preflight *v;
	size_t n, room;
	bool full;
};

const char *preflight_name(enum preflight_kind kind)
{
	static const char *const names[PREFLIGHT_KINDS] = {
		[PREFLIGHT_REMOVED] = "removed", [PREFLIGHT_DEPRECATED] = "deprecated",
		[PREFLIGHT_ALPHA] = "alpha",     [PREFLIGHT_ALPHA_FREE] = "alpha-free",
		[PREFLIGHT_ALLOWED] = "allowed",
	};

	assert((size_t)kind < PREFLIGHT_KINDS);
	return names[kind];
}

static struct preflight *preflight_add(struct preflight_search *s, enum preflight_kind kind)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 8;
		struct preflight *grown = arena_calloc(s->arena, room, sizeof *grown);

		if (!grown) {
			s->full = true;
			return NULL;
		}
		if (s->n)
			memcpy(grown, s->v, s->n * sizeof *grown);
		s->v = grown;
		s->room = room;
	}
	s->v[s->n] = (struct preflight){ .kind = kind };
	return &s->v[s->n++];
}

static struct str preflight_path_words(struct preflight_search *s, const struct place *place)
{
	struct text t;

	if (!place)
		return STR("");
	text_init(&t, s->arena, 8192);
	place_print(place, &t);
	return printable_middle(text_get(&t), PATH_MAX_SHOWN, s->arena);
}

/* ---- API versions ---- */

static struct str api_words(struct preflight_search *s, struct text *t)
{
	const struct gvk *k = &s->req->kind;

	text_init(t, s->arena, TEXT_MAX);
	text_str(t, printable_cut(k->group, 120, s->arena));
	text_puts(t, k->group.n ? "/" : "");
	text_str(t, printable_cut(k->version, 60, s->arena));
	text_puts(t, " ");
	text_str(t, printable_cut(k->kind, 80, s->arena));
	return text_get(t);
}

static void preflight_add_api(struct preflight_search *s, enum preflight_kind kind,
			      const char *what, uint32_t replacement)
{
	struct preflight *p = preflight_add(s, kind);
	struct text t, remedy;

	if (!p)
		return;
	api_words(s, &t);
	text_printf(&t, " is %s", what);
	text_init(&remedy, s->arena, TEXT_MAX);
	if (*catalogue_text(replacement)) {
		text_puts(&remedy, "use ");
		text_puts(&remedy, catalogue_text(replacement));
	} else if (kind == PREFLIGHT_REMOVED) {
		text_puts(&remedy, "take it out: no stable version of this kind is known");
	}
	p->message = text_get(&t);
	p->remedy = text_get(&remedy);
	s->full = s->full || t.full || remedy.full;
}

/*
 * The first minor that does not serve it any more; 255: none that is known. Which minors serve an
 * alpha version was seen; what was announced of its end counts where nothing was.
 */
static unsigned api_end(const struct catalogue_api *api, const struct catalogue_lifecycle *l)
{
	unsigned announced = l ? l->removed : 255, last;

	if (!api || !api->served)
		return announced;
	last = CATALOGUE_MINOR_MIN + 31 - (unsigned)__builtin_clz(api->served);
	if (last < catalogue_minor_max)
		return last + 1;
	return announced > last ? announced : 255;
}

/* One of both is there. */
static uint32_t api_replacement(const struct catalogue_api *api,
				const struct catalogue_lifecycle *l)
{
	return api && (!l || *catalogue_text(api->replacement)) ? api->replacement : l->replacement;
}

static void find_api(struct preflight_search *s)
{
	const struct gvk *k = &s->req->kind;
	const struct catalogue_lifecycle *l = catalogue_lifecycle(k->group, k->version, k->kind);
	const struct catalogue_api *api = catalogue_api(k->group, k->version, k->kind);
	unsigned end = api_end(api, l);
	char what[120];

	if (end <= s->to) {
		snprintf(what, sizeof what, "no longer served since Kubernetes 1.%u", end);
		preflight_add_api(s, PREFLIGHT_REMOVED, what, api_replacement(api, l));
	} else if (l && l->deprecated <= s->to) {
		int n = snprintf(what, sizeof what, "deprecated since Kubernetes 1.%u",
				 l->deprecated);

		if (end != 255)
			snprintf(what + n, sizeof what - (size_t)n, "; it goes in 1.%u", end);
		preflight_add_api(s, PREFLIGHT_DEPRECATED, what, l->replacement);
	}
}

/* ---- features ---- */

/* The gate by which the use is alpha: components' gates come first. */
static const struct catalogue_gate *preflight_gate_of(const struct feature_use *use)
{
	const struct catalogue_gate *g = use->gates_n ? catalogue_gate(use->gates[0], false) : NULL;

	return g || !use->gates_n ? g : catalogue_gate(use->gates[0], true);
}

static struct preflight *preflight_add_use(struct preflight_search *s, enum preflight_kind kind,
					   const struct feature_use *use, struct text *message)
{
	struct preflight *p = preflight_add(s, kind);

	if (!p)
		return NULL;
	p->place = use->place;
	p->path = preflight_path_words(s, use->place);
	p->gate = use->gates_n ? use->gates[0] : STR("");
	text_init(message, s->arena, TEXT_MAX);
	text_str(message, p->path.n ? p->path : STR("(the object)"));
	return p;
}

static void preflight_say(struct preflight_search *s, struct preflight *p,
			  const struct text *message, const char *remedy)
{
	p->message = text_get(message);
	p->remedy = str_of(remedy);
	s->full = s->full || message->full;
}

/* What was alpha is something else: beta, generally available, or no more. */
static void preflight_add_left_alpha(struct preflight_search *s, const struct feature_use *use)
{
	const struct catalogue_gate *g = preflight_gate_of(use);
	const struct catalogue_stage *stage = g ? catalogue_stage(g, s->to) : NULL;
	unsigned ga = g ? catalogue_since(g, STAGE_GA) : 0;
	struct preflight *p;
	struct text t;

	if (!g || use->kind == USE_VERSION) /* find_api tells it */
		return;
	if ((ga && ga <= s->to) || (stage && stage->stage == STAGE_GA)) {
		if ((p = preflight_add_use(s, PREFLIGHT_ALLOWED, use, &t))) {
			text_printf(&t, ": %.*s is generally available since 1.%u",
				    STR_ARG(p->gate), ga);
			preflight_say(s, p, &t, "Nothing needs to be done for it.");
		}
	} else if (stage && stage->stage == STAGE_BETA) {
		if ((p = preflight_add_use(s, PREFLIGHT_ALPHA_FREE, use, &t))) {
			text_printf(&t, ": %.*s is beta since 1.%u%s", STR_ARG(p->gate),
				    catalogue_since(g, STAGE_BETA),
				    stage->on == 0 ? ", off by default" : "");
			preflight_say(
				s, p, &t,
				stage->on == 0
					? "It has an effect only where its gate is switched on."
					: "Nothing needs to be done for it.");
		}
	} else if ((p = preflight_add_use(s, stage ? PREFLIGHT_DEPRECATED : PREFLIGHT_REMOVED, use,
					  &t))) {
		text_printf(&t, ": %.*s is %s in 1.%u", STR_ARG(p->gate),
			    stage ? "deprecated" : "withdrawn", s->to);
		preflight_say(s, p, &t, "take it out");
	}
}

static void preflight_add_new_alpha(struct preflight_search *s, const struct feature_use *use)
{
	struct preflight *p;
	struct text t;

	if (!(p = preflight_add_use(s, PREFLIGHT_ALPHA, use, &t)))
		return;
	if (p->gate.n)
		text_printf(&t, ": %.*s is alpha in 1.%u, and 1.%u does not know it",
			    STR_ARG(p->gate), s->to, s->from);
	else
		text_printf(&t, " is alpha in 1.%u, and not in 1.%u", s->to, s->from);
	preflight_say(s, p, &t, "take it out: Oracle does not support alpha features");
}

/* The uses of one minor that the other one does not have. */
static int find_left(struct preflight_search *s, const struct feature_uses *uses,
		     const struct feature_uses *others,
		     void (*add)(struct preflight_search *s, const struct feature_use *use),
		     struct err *err)
{
	struct use_set set;

	if (use_set_of(others, s->arena, &set, err) < 0)
		return -1;
	for (const struct feature_use *u = uses->first; u; u = u->next)
		if (u->stage == FEATURE_ALPHA && !use_set_has(&set, u))
			add(s, u);
	return 0;
}

static int find_uses(struct preflight_search *s, const struct json *object, struct err *err)
{
	struct feature_uses before, after;

	if (features_find(s->from, s->req, object, NULL, s->arena, &before, err) < 0 ||
	    features_find(s->to, s->req, object, NULL, s->arena, &after, err) < 0)
		return -1;
	if (find_left(s, &before, &after, preflight_add_left_alpha, err) < 0)
		return -1;
	return find_left(s, &after, &before, preflight_add_new_alpha, err);
}

/* ---- gates that are named by hand ---- */

/* An environment variable KUBE_FEATURE_X of no gate's name is only passed over. */
static bool in_environment(const struct feature_use *use)
{
	return use->place && use->place->step.kind == STEP_ITEM &&
	       str_starts(use->place->step.value, STR("KUBE_FEATURE_"));
}

/* A component that is given the name of a gate it does not know does not start. */
static int find_gone_gates(struct preflight_search *s, const struct json *object, struct err *err)
{
	struct feature_uses named;

	if (features_named(s->req, object, s->arena, &named, err) < 0)
		return -1;
	for (const struct feature_use *u = named.first; u; u = u->next) {
		const struct catalogue_gate *g = preflight_gate_of(u);
		struct preflight *p;
		struct text t;

		if (u->kind != USE_GATE || u->stage || !g || in_environment(u) ||
		    g->from > s->from || g->gone > s->to)
			continue;
		if (!(p = preflight_add_use(s, PREFLIGHT_REMOVED, u, &t)))
			continue;
		text_printf(&t,
			    " names gate %.*s, which Kubernetes 1.%u no longer knows: a component "
			    "that is given its name does not start",
			    STR_ARG(p->gate), g->gone);
		preflight_say(s, p, &t, "take the gate out before the upgrade");
	}
	return 0;
}

int preflight_find(unsigned from, unsigned to, const struct request *req, struct arena *arena,
		   struct preflight **out, size_t *n, struct err *err)
{
	struct preflight_search s = { .from = from, .to = to, .req = req, .arena = arena };
	struct err unreadable = { .kind = ERR_NONE };
	const struct json *object = json_parse(req->object, NULL, arena, &unreadable);

	find_api(&s);
	if (object && (find_uses(&s, object, err) < 0 || find_gone_gates(&s, object, err) < 0))
		return -1;
	if (s.full)
		return err_set(err, ERR_LIMIT, "the object's memory (%zu MiB) is used up",
			       arena->limit >> 20);
	*out = s.v;
	*n = s.n;
	return 0;
}
