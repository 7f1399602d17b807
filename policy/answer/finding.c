/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/answer/finding.h"

#include "policy/answer/redact.h"
#include "policy/answer/remedy.h"
#include "policy/model/rule_scope.h"
#include "policy/object/corefile.h"

#define NAME_MAX_SHOWN  40
#define PATH_MAX_SHOWN  120
#define VALUE_MAX_SHOWN 80
#define VALUE_PRINTED                                                                              \
	1024 /* bytes of a list or object in which the first difference is looked for */
#define DOCS_MAX_SHOWN 200
#define SENTENCE_MAX   300  /* of a rule's own message */
#define PROBLEM_MAX    1024 /* of what a condition found, before the sentence is cut */

/* ---- the first line ---- */

struct str finding_object_words(const struct context *o, struct arena *arena)
{
	struct str kind = printable_middle(o->kind, NAME_MAX_SHOWN, arena);
	/* The review of a namespace names it twice. */
	bool twice = str_is(o->req->resource.resource, "namespaces");
	struct str namespace =
		printable_middle(twice ? STR("") : o->namespace, NAME_MAX_SHOWN, arena);
	struct str name = printable_middle(o->name, NAME_MAX_SHOWN, arena);
	struct text t;

	text_init(&t, arena, 4 * NAME_MAX_SHOWN);
	text_str(&t, kind);
	if (namespace.n || name.n)
		text_puts(&t, " ");
	text_str(&t, namespace);
	if (namespace.n)
		text_puts(&t, "/");
	text_str(&t, name);
	if (t.full || !kind.s || !namespace.s || !name.s)
		return (struct str){ NULL, 0 };
	return text_get(&t);
}

static const char *finding_doing(const struct request *req)
{
	switch (req->operation) {
	case OP_CREATE:
		return req->subresource.n ? "changing" : "creating";
	case OP_DELETE:
		return "removing";
	case OP_CONNECT:
		return "connecting to";
	case OP_UPDATE:
		break;
	}
	return str_is(req->subresource, "scale") ? "scaling" : "changing";
}

static size_t finding_written(const struct written_faults *w, bool broken, struct text *out)
{
	if (!w)
		return 0;
	text_str(out, broken ? w->first_broken : w->first_doubtful);
	return broken ? w->broken : w->doubtful;
}

/* What stands in the way of CoreDNS, or of the guard, as the rule's condition found it. */
static void finding_problem(const struct context *o, const struct rule *rule, struct arena *arena,
			    struct text *out)
{
	struct text first;
	size_t n = 0;

	text_init(&first, arena, PROBLEM_MAX);
	for (const struct condition *c = rule->when; c; c = c->next)
		if (c->kind == WHEN_DNS_PROBLEM)
			n = corefile_problems(json_get(o->object, STR("data")), &first);
		else if (c->kind == WHEN_BROKEN || c->kind == WHEN_DOUBTFUL)
			n = finding_written(o->written, c->kind == WHEN_BROKEN, &first);
	text_str(out, text_get(&first));
	if (n > 1)
		text_printf(out, " (and %zu more)", n - 1);
}

/* A rule's message, with what stands for $object and $problem. */
static struct str own_sentence(const struct context *o, const struct rule *rule, struct str object,
			       struct arena *arena)
{
	struct str message = rule->message;
	struct text t;

	text_init(&t, arena, 8192);
	while (message.n) {
		size_t taken = 1;

		if (str_starts(message, STR("$object"))) {
			text_str(&t, object);
			taken = strlen("$object");
		} else if (str_starts(message, STR("$problem"))) {
			finding_problem(o, rule, arena, &t);
			taken = strlen("$problem");
		} else {
			text_add(&t, message.s, 1);
		}
		message = str_from(message, taken);
	}
	return t.s ? printable_cut(text_get(&t), SENTENCE_MAX, arena) : (struct str){ NULL, 0 };
}

static struct str finding_path_words(const struct place *place, struct arena *arena);

/* "spec.hostUsers uses UserNamespacesSupport, alpha in 1.28 (beta since 1.30); ..." */
static struct str use_words(const struct hit *taken, struct arena *arena)
{
	struct str path = finding_path_words(taken->use->place, arena);
	struct text t;

	text_init(&t, arena, PATH_MAX_SHOWN + SENTENCE_MAX);
	if (path.s)
		use_sentence(taken->use, path, taken->changes_n - 1, &t);
	return t.full || !path.s ? (struct str){ NULL, 0 } : text_get(&t);
}

/* Of a policy that is not Oracle's: it speaks for itself. */
static void sentence_of_others(const struct context *o, const struct policy *p, struct str object,
			       enum action action, struct text *t)
{
	text_printf(t, "policy %.*s", STR_ARG(p->name));
	if (p->owner.n)
		text_printf(t, " of %.*s", STR_ARG(p->owner));
	text_printf(t, " %s %s ",
		    action == ACTION_WARN    ? "warns of"
		    : action == ACTION_AUDIT ? "notes"
					     : "refuses",
		    finding_doing(o->req));
	text_str(t, object);
}

static void sentence_of_oracle(const struct context *o, enum tier tier, struct str object,
			       struct text *t)
{
	if (tier == TIER_UNSUPPORTED)
		text_puts(t, "Oracle manages ");
	text_str(t, object);
	if (tier == TIER_UNSUPPORTED) {
		text_puts(t, "; ");
		text_puts(t, finding_doing(o->req));
		text_puts(t, " it makes the cluster unsupported");
	} else {
		text_puts(t, tier == TIER_BEST_EFFORT
				     ? " is part of OKE; after this change Oracle gives "
				       "best-effort support"
				     : " is part of OKE; Oracle supports this change, "
				       "a policy of this cluster restricts it");
	}
}

static struct str finding_sentence(const struct context *o, const struct hit *taken,
				   enum action action, struct arena *arena)
{
	const struct rule *rule = taken->rule;
	struct str object = finding_object_words(o, arena);
	struct text t;

	if (!object.s)
		return object;
	if (rule->message.n)
		return own_sentence(o, rule, object, arena);
	if (taken->use)
		return use_words(taken, arena);
	text_init(&t, arena, SENTENCE_MAX);
	if (str_is(rule->policy->owner, OWNER_ORACLE))
		sentence_of_oracle(o, rule->tier, object, &t);
	else
		sentence_of_others(o, rule->policy, object, action, &t);
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

/* ---- the changed fields ---- */

/* One side of a change, on its way to at most VALUE_MAX_SHOWN bytes. */
struct side {
	struct str raw; /* a string's own text, else the value printed */
	bool quoted;
};

static struct side side_of(const struct json *value, struct str key, struct arena *arena)
{
	struct text t;

	if (value->type == JSON_STRING)
		return (struct side){ json_str(value), true };
	text_init(&t, arena, VALUE_PRINTED);
	redact_print(value, key, &t);
	return (struct side){ text_get(&t), false };
}

static bool is_hidden_text(const struct json *value, struct str key)
{
	return value && value->type == JSON_STRING && redact_text(key, json_str(value));
}

/* What one side hides, the other must not tell. */
static bool change_is_hidden(const struct context *o, const struct change *c, struct str key)
{
	const struct redact_side sides[] = { { o->old, c->from }, { o->object, c->to } };

	return redact_place(o->req, c->place, sides) || is_hidden_text(c->from, key) ||
	       is_hidden_text(c->to, key);
}

static size_t common_prefix(struct str a, struct str b)
{
	size_t i = 0;

	while (i < a.n && i < b.n && a.s[i] == b.s[i])
		i++;
	return i;
}

/* Does s[at..] begin in the middle of a character, or of an escape that was printed? */
static bool is_within_character(const struct side *side, size_t at)
{
	struct str s = side->raw;

	if (side->quoted)
		return at < s.n && ((unsigned char)s.s[at] & 0xc0) == 0x80;
	for (size_t back = 1; back <= at && back < 12; back++)
		if (s.s[at - back] == '\\')
			return true;
	return false;
}

/*
 * Two long texts mostly begin the same (a Corefile): what is shown begins a
 * little before the first difference.
 */
static size_t side_window(const struct side *from, const struct side *to)
{
	const size_t lead = 24;
	size_t at;

	if (from->raw.n <= VALUE_MAX_SHOWN - 2 && to->raw.n <= VALUE_MAX_SHOWN - 2)
		return 0;
	at = common_prefix(from->raw, to->raw);
	if (at <= VALUE_MAX_SHOWN / 2 || from->quoted != to->quoted)
		return 0;
	/* Up to here both are the same. */
	for (at -= lead; at && is_within_character(from, at); at--)
		;
	return at;
}

static struct str side_words(const struct side *side, size_t start, struct arena *arena)
{
	const char *quote = side->quoted ? "\"" : "", *lead = start ? "..." : "";
	size_t room = VALUE_MAX_SHOWN - 2 * strlen(quote) - strlen(lead);
	struct str rest = str_from(side->raw, start);
	struct text inside, t;

	/* An escape takes at most 12 bytes: what of `rest` is beyond that is cut anyway. */
	text_init(&inside, arena, 12 * VALUE_MAX_SHOWN);
	if (side->quoted)
		json_escape(
			(struct str){ rest.s, rest.n < VALUE_MAX_SHOWN ? rest.n : VALUE_MAX_SHOWN },
			&inside);
	else
		text_add(&inside, rest.s,
			 rest.n < VALUE_MAX_SHOWN * 2 ? rest.n : VALUE_MAX_SHOWN * 2);
	rest = text_get(&inside);
	text_init(&t, arena, VALUE_MAX_SHOWN);
	text_puts(&t, quote);
	text_puts(&t, lead);
	if (rest.n > room || (side->quoted && side->raw.n - start > VALUE_MAX_SHOWN)) {
		text_add(&t, rest.s, printable_fit(rest, room - 3));
		text_puts(&t, "...");
	} else {
		text_str(&t, rest);
	}
	text_puts(&t, quote);
	return inside.full || t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

static int change_values(const struct context *o, const struct change *c, struct arena *arena,
			 struct finding_change *out)
{
	const struct place *p = c->place;
	struct str key = p && p->step.kind == STEP_KEY ? p->step.key : STR("");
	struct side from = { .quoted = false }, to = from;
	size_t start = 0;

	out->from = c->from ? STR(NOT_SHOWN) : STR("(none)");
	out->to = c->to ? STR(NOT_SHOWN) : STR("(none)");
	if (!c->from && !c->to) { /* [order] */
		out->from = STR("(as it was)");
		out->to = STR("(another order)");
		return 0;
	}
	if (change_is_hidden(o, c, key))
		return 0;
	if (c->from)
		from = side_of(c->from, key, arena);
	if (c->to)
		to = side_of(c->to, key, arena);
	if (c->from && c->to)
		start = side_window(&from, &to);
	if (c->from)
		out->from = side_words(&from, start, arena);
	if (c->to)
		out->to = side_words(&to, start, arena);
	return out->from.s && out->to.s ? 0 : -1;
}

static struct str finding_path_words(const struct place *place, struct arena *arena)
{
	struct text t;

	if (!place)
		return STR("(the object)");
	text_init(&t, arena, 4096);
	place_print(place, &t);
	return t.s ? printable_middle(text_get(&t), PATH_MAX_SHOWN, arena)
		   : (struct str){ NULL, 0 };
}

/* What a change means to whoever reads of it: the content, the template's labels, the object's. */
enum { RANK_CONTENT, RANK_TEMPLATE, RANK_METADATA, RANK_STATUS, RANKS };

#define RANK_DEPTH 3

/* The steps to the change, from the root: "spec", "template", "metadata"; absent ones are empty. */
static void change_steps(const struct change *c, struct str out[RANK_DEPTH])
{
	for (size_t i = 0; i < RANK_DEPTH; i++)
		out[i] = STR("");
	for (const struct place *p = change_above(c, RANK_DEPTH); p; p = p->up)
		if (p->depth && p->depth <= RANK_DEPTH && p->step.kind == STEP_KEY)
			out[p->depth - 1] = p->step.key;
}

static int change_rank(const struct change *c)
{
	struct str steps[RANK_DEPTH];

	change_steps(c, steps);
	if (str_is(steps[0], "metadata"))
		return RANK_METADATA;
	if (str_is(steps[0], "status"))
		return RANK_STATUS;
	return str_is(steps[1], "template") && str_is(steps[2], "metadata") ? RANK_TEMPLATE
									    : RANK_CONTENT;
}

/* The first n, the most important ones first, else in their order. */
static void changes_choose(const struct hit *taken, size_t n, const struct change *out[])
{
	size_t chosen = 0;

	for (int rank = 0; rank < RANKS; rank++)
		for (size_t i = 0; i < taken->changes_n && chosen < n; i++)
			if (change_rank(taken->changes[i]) == rank)
				out[chosen++] = taken->changes[i];
}

static int changes_fill(const struct context *o, const struct hit *taken, struct arena *arena,
			struct finding *out)
{
	size_t n = taken->changes_n < FINDING_CHANGES ? taken->changes_n : FINDING_CHANGES;
	const struct change *chosen[FINDING_CHANGES];

	out->changes_all = taken->changes_n;
	out->changes_n = n;
	out->changes = n ? arena_calloc(arena, n, sizeof *out->changes) : NULL;
	if (n && !out->changes)
		return -1;
	changes_choose(taken, n, chosen);
	for (size_t i = 0; i < n; i++) {
		struct finding_change *change = &out->changes[i];

		change->path = finding_path_words(chosen[i]->place, arena);
		if (!change->path.s || change_values(o, chosen[i], arena, change) < 0)
			return -1;
	}
	return 0;
}

static struct str finding_link(struct str page, struct arena *arena)
{
	struct text t;

	if (!page.n)
		return STR("");
	text_init(&t, arena, 4096);
	if (!str_starts(page, STR("https://")))
		text_puts(&t, DOCS_BASE);
	text_str(&t, page);
	return t.s ? printable_cut(text_get(&t), DOCS_MAX_SHOWN, arena) : (struct str){ NULL, 0 };
}

int finding_fill(const struct context *context, const struct hit *taken, struct arena *arena,
		 struct finding *out, struct err *err)
{
	const struct rule *rule = taken->rule;

	out->sentence = finding_sentence(context, taken, out->action, arena);
	out->why = finding_link(rule_why(rule), arena);
	out->docs = finding_link(rule_how(rule), arena);
	if (!out->sentence.s || !out->why.s || !out->docs.s ||
	    changes_fill(context, taken, arena, out) < 0)
		return err_set(err, ERR_LIMIT, "no memory left for the finding's text");
	return remedy_fill(context, taken, arena, out, err);
}
