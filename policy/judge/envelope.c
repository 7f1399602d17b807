/* SPDX-License-Identifier: Apache-2.0
 * envelope.c - a verdict without a look at the objects.
 *
 * What gets no verdict passes, with failurePolicy Ignore: a review that does not fit, that
 * cannot be read, or that uses up its memory or its steps would be the way around the guard. The
 * API server writes the envelope before the objects, and it tells who does what to which object.
 * So the answer is the highest action that a rule could reach, had the objects been read.
 */
#include "policy/judge/judge.h"

/* How a policy's or rule's objects fit what the envelope says. */
enum envelope_fit {
	FIT_NO,
	FIT_CONTENT, /* only the object itself would tell: its labels, or a name that is not known
		      */
	FIT_NAME,
};

struct envelope {
	struct judge *j;
	const struct unread *unread;
	const struct rule *rule; /* that reaches the highest action; NULL: none fits */
	struct finding best;     /* what it comes to */
	bool component;          /* a policy that is not about features is concerned */
	bool features;           /* or one that is */
	bool certain; /* the rule that was looked at takes the request, whatever it holds */
};

/* ---- which objects ---- */

static enum envelope_fit envelope_ref_fit(const struct judge *j, const struct object_ref *ref)
{
	bool named = ref->names.n || ref->name_prefix.n;

	if (!ref_may_fit(ref, j->req, &j->names))
		return FIT_NO;
	return named && j->names.n ? FIT_NAME : FIT_CONTENT;
}

static enum envelope_fit envelope_objects_fit(const struct judge *j, const struct object_ref *refs)
{
	enum envelope_fit best = FIT_NO;

	for (; refs && best < FIT_NAME; refs = refs->next) {
		enum envelope_fit fit = envelope_ref_fit(j, refs);

		best = fit > best ? fit : best;
	}
	return best;
}

static enum envelope_fit envelope_weaker(enum envelope_fit a, enum envelope_fit b)
{
	return a < b ? a : b;
}

static bool envelope_any_labels(const struct object_ref *refs)
{
	for (; refs; refs = refs->next)
		if (refs->labels)
			return true;
	return false;
}

/* ---- which rules ---- */

static enum action envelope_lower(enum action a, enum action b)
{
	return a < b ? a : b;
}

/* Most of those are sound, and nothing is lost where one is not: it is left out. */
static bool envelope_reads_documents(const struct rule *rule)
{
	const struct condition *c = rule->when;

	while (c && c->kind != WHEN_BROKEN && c->kind != WHEN_DOUBTFUL)
		c = c->next;
	return c;
}

/* No more than this is said of an object that is known by its content alone. */
static enum action envelope_cap(const struct judge *j, const struct rule *rule,
				enum envelope_fit fit)
{
	if (rule->features || envelope_reads_documents(rule))
		return ACTION_WARN;
	if (fit == FIT_NAME || str_is(j->req->namespace, "kube-system"))
		return ACTION_DENY;
	return ACTION_WARN;
}

/* Would the rule take the request whatever its objects hold? Then none behind it is reached. */
static bool envelope_rule_takes_all(const struct envelope *e, const struct rule *rule,
				    enum envelope_fit fit)
{
	const struct object_ref *refs = rule->objects ? rule->objects : rule->policy->objects;

	return fit == FIT_NAME && !rule->features && rule->operations & e->j->req->operation &&
	       !envelope_any_labels(refs) && rule_needs_no_object(rule) &&
	       (e->j->req->operation != OP_UPDATE || !rule->changed);
}

/* False: no rule behind this one is reached. */
static bool envelope_try_rule(struct envelope *e, const struct rule *rule, enum envelope_fit fit)
{
	struct judge *j = e->j;
	struct finding f = { .policy = rule->policy->name, .rule = rule->name };

	if (!rule_may_fit(j, rule) || !rule_fits_name(j, rule) ||
	    (rule->features && j->req->operation != OP_CREATE && j->req->operation != OP_UPDATE))
		return true;
	if (rule->objects)
		fit = envelope_weaker(fit, envelope_objects_fit(j, rule->objects));
	if (fit == FIT_NO)
		return true;
	e->features = e->features || rule->features;
	e->component = e->component || !rule->features;
	if (judge_decide(j, rule, &f) < 0)
		return false;
	f.action = envelope_lower(f.action, envelope_cap(j, rule, fit));
	if (!e->rule || f.action > e->best.action) {
		e->rule = rule;
		e->best = f;
	}
	return !envelope_rule_takes_all(e, rule, fit);
}

static bool envelope_asked(const struct judge *j, const struct policy *p)
{
	enum policies_part part =
		p->rules && p->rules->features ? POLICIES_ALPHA : POLICIES_SUPPORT;

	return p->active && (j->req->part == POLICIES_ALL || j->req->part == part);
}

/* All policies are gone through: without a name no index leads to them. */
static int envelope_find(struct envelope *e)
{
	struct judge *j = e->j;

	for (const struct policy *p = j->set->model.policies; p; p = p->next) {
		enum envelope_fit fit =
			envelope_asked(j, p) ? envelope_objects_fit(j, p->objects) : FIT_NO;
		const struct rule *r = fit == FIT_NO ? NULL : p->rules;

		j->err->kind = ERR_NONE;
		while (r && envelope_try_rule(e, r, fit))
			r = r->next;
		if (j->err->kind != ERR_NONE)
			return -1;
	}
	return 0;
}

/* ---- the finding ---- */

static bool envelope_does_not_fit(const struct unread *u)
{
	return u->why == UNREAD_LARGE || u->why == UNREAD_ROOM;
}

/* "8.6 MiB", rounded up: what is said to be over a limit is shown so. */
static void envelope_size(size_t bytes, struct text *out)
{
	const size_t mebi = 1u << 20;
	size_t tenths = (10 * bytes + mebi - 1) / mebi;

	if (bytes < 1u << 20)
		text_printf(out, "%zu KiB", (bytes + 1023) / 1024);
	else
		text_printf(out, "%zu.%zu MiB", tenths / 10, tenths % 10);
}

/* "its review has 8.6 MiB, the limit is 8.0 MiB" */
static void envelope_why(const struct unread *u, struct arena *arena, struct text *out)
{
	if (u->why == UNREAD_BROKEN) {
		text_str(out, printable_cut(u->problem, 200, arena));
		text_puts(out, " (in ");
		envelope_size(u->bytes, out);
		text_puts(out, ")");
		return;
	}
	text_puts(out, "its review has ");
	envelope_size(u->bytes, out);
	switch (u->why) {
	case UNREAD_LARGE:
		text_puts(out, ", the limit is ");
		envelope_size(u->limit, out);
		break;
	case UNREAD_ROOM:
		text_puts(out, ", and there was no room for it");
		break;
	case UNREAD_MEMORY:
		text_puts(out, " and takes too much memory");
		break;
	default:
		text_puts(out, " and takes too many steps");
		break;
	}
}

static const struct rule *envelope_rule(const struct unread *u)
{
	static struct policy guard = {
		.name = { "guard", 5 },
		.docs = { "Concepts/contengsupportsharedresponsibilities.htm", 49 }
	};
	static const struct rule large = { .name = { "too-large", 9 },
					   .policy = &guard,
					   .tier = TIER_UNSUPPORTED };
	static const struct rule unreadable = { .name = { "unreadable", 10 },
						.policy = &guard,
						.tier = TIER_UNSUPPORTED };

	return envelope_does_not_fit(u) ? &large : &unreadable;
}

static struct str envelope_remedy(const struct unread *u)
{
	switch (u->why) {
	case UNREAD_BROKEN:
		return STR("Send JSON without repeated keys, nested at most 128 levels deep.");
	case UNREAD_ROOM:
		return STR(
			"Try again in a moment; what has at most 256 KiB in a review, where <, > "
			"and & take six bytes each, is always read.");
	case UNREAD_LARGE:
	case UNREAD_MEMORY:
	case UNREAD_STEPS:
		break;
	}
	return STR(
		"Send it without its large values or long lists; in a review <, > and & take six "
		"bytes each. If the object holds them already, take them out under an exception "
		"for guard/too-large and guard/unreadable.");
}

static struct str envelope_sentence(const struct envelope *e)
{
	struct text t;

	text_init(&t, e->j->arena, 1024);
	text_str(&t, finding_object_words(&e->j->context, e->j->arena));
	text_puts(&t, " cannot be judged: ");
	envelope_why(e->unread, e->j->arena, &t);
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

/* For the audit log: what was not read, and in place of which rule the answer stands. */
static struct str envelope_error(const struct envelope *e)
{
	struct text t;

	text_init(&t, e->j->arena, 1024);
	envelope_why(e->unread, e->j->arena, &t);
	if (e->rule) {
		text_puts(&t, "; judged by the envelope, as ");
		text_str(&t, e->rule->policy->name);
		text_puts(&t, "/");
		text_str(&t, e->rule->name);
	}
	return t.full ? STR("not read") : text_get(&t);
}

/* What nobody sends who means well: of those who are not known `onError` decides. */
static enum action envelope_on_error(const struct envelope *e, enum action a)
{
	const struct judge *j = e->j;
	enum action most = judge_mode_cap(j, ACTION_DENY);

	if (envelope_does_not_fit(e->unread) || !e->component || j->config->on_error != ACTION_DENY)
		return a;
	return most > a ? most : a;
}

static int envelope_found(struct envelope *e)
{
	struct judge *j = e->j;
	const struct rule *guard = envelope_rule(e->unread);
	struct finding f = e->best;
	struct hit taken = { .rule = guard };

	exception_apply(j, guard, &f);
	if (!f.exception.n)
		f.action = envelope_on_error(e, f.action);
	f.policy = guard->policy->name;
	f.rule = guard->name;
	if (f.action == ACTION_ALLOW)
		return 0;
	if (finding_fill(&j->context, &taken, j->arena, &f, j->err) < 0)
		return -1;
	if (!(f.sentence = envelope_sentence(e)).s)
		return err_set(j->err, ERR_LIMIT, JUDGE_OUT_OF_ARENA(j));
	f.remedy = envelope_remedy(e->unread);
	f.command = (struct str){ NULL, 0 };
	return judge_keep(j, &f);
}

int envelope_judge(struct judge *j, const struct unread *unread, struct verdict *out)
{
	struct envelope e = { .j = j, .unread = unread };

	if (envelope_find(&e) < 0)
		return -1;
	out->error = envelope_error(&e);
	out->concerned = e.component;
	judge_step(j, 3, "the objects are not read: %.*s", STR_ARG(out->error));
	if (!e.rule) {
		judge_step(j, 2, "no policy concerns it: allow");
		return 0;
	}
	return envelope_found(&e);
}
