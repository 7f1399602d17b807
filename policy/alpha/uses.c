/* SPDX-License-Identifier: Apache-2.0
 * uses.c - the list of uses that the parts fill.
 */
#include "policy/alpha/finder.h"

#include <assert.h>

const char *use_kind_name(enum use_kind kind)
{
	static const char *const names[USE_KINDS] = {
		[USE_FIELD] = "field", [USE_VALUE] = "value", [USE_VERSION] = "version",
		[USE_KEY] = "key",     [USE_GATE] = "gate",   [USE_DROPPED] = "dropped",
	};

	assert((size_t)kind < USE_KINDS);
	return names[kind];
}

/* The chain of places, copied: those of a walk live in its frames. */
static const struct place *place_copy(struct finder *f, const struct place *from)
{
	struct place *copy, *p;

	if (!from)
		return NULL;
	if (!(copy = arena_calloc(f->arena, from->depth, sizeof *copy))) {
		f->full = true;
		return NULL;
	}
	for (p = copy; from; from = from->up, p++) {
		*p = *from;
		p->up = from->up ? p + 1 : NULL;
	}
	return copy;
}

struct feature_use *use_add(struct finder *f, enum use_kind kind, unsigned stage,
			    const struct place *place)
{
	struct feature_use *use;

	f->out->all++;
	if (f->full || f->out->n == (f->req->offline ? FEATURE_USES_OFFLINE_MAX : FEATURE_USES_MAX))
		return NULL;
	if (!(use = arena_zalloc(f->arena, sizeof *use))) {
		f->full = true;
		return NULL;
	}
	use->kind = kind;
	use->stage = stage;
	use->minor = f->minor;
	use->newer = f->newer;
	use->place = place_copy(f, place);
	*f->out->last = use;
	f->out->last = &use->next;
	f->out->n++;
	return use;
}

void use_gate(struct feature_use *use, const struct catalogue_gate *gate)
{
	if (use->gates_n == CATALOGUE_GATES)
		return;
	if (!use->gates_n) {
		use->beta = catalogue_since(gate, STAGE_BETA);
		use->ga = catalogue_since(gate, STAGE_GA);
	}
	use->gates[use->gates_n++] = str_of(catalogue_text(gate->name));
}

bool use_allowed(const struct feature_use *use, const struct str *allow, size_t allow_n)
{
	const struct str *names = use->gates_n ? use->gates : &use->what;
	size_t n = use->gates_n ? use->gates_n : 1, held = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < allow_n; k++)
			if (str_eq(names[i], allow[k])) {
				held++;
				break;
			}
	return held == n;
}
