/* SPDX-License-Identifier: Apache-2.0
 * results.c - findings as they are made, and one outcome for each check at the end.
 */
#include "posture/scan.h"

#include "policy/object/path.h"

#define TEXT_SHOWN  600
#define NAME_SHOWN  253
#define PATH_SHOWN  400
#define VALUE_SHOWN 120

/* ---- keys ---- */

static uint64_t mix(uint64_t h, struct str s)
{
	return str_hash(h ^ 0x9e3779b97f4a7c15u, s) * 31 + 7;
}

uint64_t posture_key(struct str check, struct str kind, struct str namespace, struct str name,
		     struct str path)
{
	uint64_t h = mix(mix(mix(mix(mix(1, check), kind), namespace), name), path);

	return h ? h : 1;
}

/* ---- a finding ---- */

static struct str printable(struct posture *p, struct arena *arena, struct str s, size_t max)
{
	struct str words = printable_cut(s, max, arena);

	return s.n ? keep_str(p, words.s ? words : STR("?")) : STR("");
}

static void finding_keep(struct posture *p, const struct posture_finding *from, struct arena *arena,
			 struct posture_finding *to)
{
	*to = *from;
	to->api_version = printable(p, arena, from->api_version, NAME_SHOWN);
	to->kind = printable(p, arena, from->kind, NAME_SHOWN);
	to->namespace = printable(p, arena, from->namespace, NAME_SHOWN);
	to->name = printable(p, arena, from->name, NAME_SHOWN);
	to->uid = printable(p, arena, from->uid, 64);
	to->example = printable(p, arena, from->example, NAME_SHOWN);
	to->path = printable(p, arena, from->path, PATH_SHOWN);
	to->from = printable(p, arena, from->from, VALUE_SHOWN);
	to->to = printable(p, arena, from->to, VALUE_SHOWN);
	to->tool = printable(p, arena, from->tool, 80);
	to->rule = printable(p, arena, from->rule, 160);
	to->text = printable(p, arena, from->text, TEXT_SHOWN);
	to->remedy = printable(p, arena, from->remedy, TEXT_SHOWN);
	to->command = keep_str(p, from->command); /* a command is whole or none */
	to->docs = printable(p, arena, from->docs, 200);
	to->exception = printable(p, arena, from->exception, 160);
}

void found_add(struct posture *p, enum check_id id, const struct posture_finding *f)
{
	struct found_list *list = &p->found[id];
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct found *new;

	if (!scan_asks(p, id))
		return;
	list->all++;
	if (!f->accepted)
		list->counted[f->tier]++;
	if (list->kept == POSTURE_FINDINGS_MAX)
		return;
	if (!(new = arena_zalloc(&p->arena, sizeof *new))) {
		p->full = true;
		return;
	}
	arena_init(&arena, 1u << 18);
	finding_keep(p, f, &arena, &new->f);
	new->f.check = posture_check_at(id);
	if (!new->f.remedy.n && !new->f.command.n)
		new->f.remedy = str_of(new->f.check->remedy);
	if (!new->f.docs.n &&new->f.check->docs)
		new->f.docs = str_of(new->f.check->docs);
	if (!new->f.evidence)
		new->f.evidence = "object";
	new->f.key = posture_key(str_of(new->f.check->id), new->f.kind, new->f.namespace,
				 new->f.name, new->f.path);
	if (!list->last)
		list->last = &list->first;
	*list->last = new;
	list->last = &new->next;
	list->kept++;
}

struct posture_finding found_of(const struct gvk *gvk, struct str namespace, struct str name,
				struct str uid, struct arena *arena, enum tier tier)
{
	struct text version;

	text_init(&version, arena, 600);
	text_str(&version, gvk->group);
	text_puts(&version, gvk->group.n ? "/" : "");
	text_str(&version, gvk->version);
	return (struct posture_finding){ .tier = tier,
					 .api_version = text_get(&version),
					 .kind = gvk->kind,
					 .namespace = namespace,
					 .name = name,
					 .uid = uid };
}

struct posture_finding found_at(const struct item *i, enum tier tier)
{
	return found_of(&i->gvk, i->namespace, i->name, i->uid, i->arena, tier);
}

struct posture_finding found_kept(const struct kept *k, struct arena *arena, enum tier tier)
{
	return found_of(&k->gvk, k->namespace, k->name, k->uid, arena, tier);
}

struct str words_of(struct arena *arena, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	return str_copy(arena, str_of(line));
}

/* ---- of a verdict ---- */

static struct str rule_words(const struct finding *f, struct arena *arena)
{
	return words_of(arena, "%.*s/%.*s", STR_ARG(f->policy), STR_ARG(f->rule));
}

/* What an override or an exception made of it: below warn it no longer counts; and an exception
   that is in force has a ticket. */
static bool is_accepted(const struct finding *f)
{
	return f->exception.n || f->action < ACTION_WARN;
}

static struct str accepted_by(const struct finding *f, struct arena *arena)
{
	if (f->exception.n)
		return words_of(arena, "exception %.*s (%.*s)", STR_ARG(f->exception),
				STR_ARG(f->ticket));
	return f->override.n ? words_of(arena, "override %.*s", STR_ARG(f->override)) : STR("");
}

static struct str place_words(const struct place *place, struct arena *arena)
{
	struct text t;

	if (!place)
		return STR("");
	text_init(&t, arena, 1u << 14);
	place_print(place, &t);
	return text_get(&t);
}

void found_fill(const struct finding *f, struct arena *arena, struct posture_finding *out)
{
	out->tier = f->tier;
	out->accepted = is_accepted(f);
	out->exception = accepted_by(f, arena);
	out->path = place_words(f->place, arena);
	out->rule = rule_words(f, arena);
	out->text = f->sentence;
	out->remedy = f->remedy;
	out->command = f->command;
	out->docs = f->docs;
}

/* ---- outcomes ---- */

__attribute__((format(printf, 2, 0))) static struct str reason_of(struct posture *p,
								  const char *fmt, va_list ap)
{
	char line[700];

	vsnprintf(line, sizeof line, fmt, ap);
	return keep_str(p, str_of(line));
}

void outcome_unknown(struct posture *p, enum check_id id, const char *fmt, ...)
{
	va_list ap;

	if (p->outcomes[id].result != POSTURE_PASS)
		return;
	va_start(ap, fmt);
	p->outcomes[id].result = POSTURE_UNKNOWN;
	p->outcomes[id].reason = reason_of(p, fmt, ap);
	va_end(ap);
}

void outcome_not_applicable(struct posture *p, enum check_id id, const char *why)
{
	if (p->outcomes[id].result != POSTURE_PASS)
		return;
	p->outcomes[id].result = POSTURE_NOT_APPLICABLE;
	p->outcomes[id].reason = keep_str(p, str_of(why));
}

static int finding_order(const void *a, const void *b)
{
	const struct posture_finding *x = a, *y = b;
	int order;

	if (x->accepted != y->accepted)
		return x->accepted ? 1 : -1;
	if (x->tier != y->tier)
		return x->tier > y->tier ? -1 : 1;
	if ((order = str_cmp(x->namespace, y->namespace)) || (order = str_cmp(x->kind, y->kind)) ||
	    (order = str_cmp(x->name, y->name)))
		return order;
	return str_cmp(x->path, y->path);
}

static void outcome_findings(struct posture *p, struct posture_outcome *o,
			     const struct found_list *list)
{
	o->findings = list->all;
	o->v = arena_calloc(&p->arena, list->kept + 1, sizeof *o->v);
	if (!o->v) {
		p->full = true;
		return;
	}
	for (const struct found *f = list->first; f; f = f->next)
		o->v[o->kept++] = f->f;
	if (o->kept)
		qsort(o->v, o->kept, sizeof *o->v, finding_order);
	for (int tier = 0; tier < 3; tier++) {
		o->counted[tier] = list->counted[tier];
		if (list->counted[tier])
			o->tier = (enum tier)tier;
	}
}

/* What was needed and is not there; the judgement before may know better. */
static void outcome_sources(struct posture *p, enum check_id id)
{
	struct posture_outcome *o = &p->outcomes[id];
	int lack = sources_lack(p, check_needs(id));

	if (lack < 0 || o->result != POSTURE_PASS)
		return;
	o->reason = source_reason(p, lack);
	o->no_right = p->sources[lack].got == GOT_DENIED || named_denied(p, lack);
	o->result = POSTURE_UNKNOWN;
}

void outcome_conclude(struct posture *p, enum check_id id)
{
	struct posture_outcome *o = &p->outcomes[id];

	o->check = posture_check_at(id);
	if (o->check->elsewhere) {
		o->result = POSTURE_NOT_CHECKABLE;
		o->reason = str_of(o->check->elsewhere);
	}
	outcome_sources(p, id);
	if (!p->found[id].all)
		return;
	outcome_findings(p, o, &p->found[id]);
	if (o->result != POSTURE_UNKNOWN)
		o->reason = STR("");
	o->result = POSTURE_FINDING; /* what was found counts, even where more may be hidden */
}
