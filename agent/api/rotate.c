/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/rotate.h"

#include <stdlib.h>
#include <string.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "lib/base/time.h"

#define FACTS_MEMORY (4u << 20) /* of one bundle that is looked at */
#define ALL_FAULTS   (~0u)

const struct store_part_def store_parts[PARTS_N] = {
	[PART_CERT] = { "tls.crt", false, false },
	[PART_KEY] = { "tls.key", false, true },
	[PART_CA] = { "ca.crt", false, false },
	[PART_NEXT_CERT] = { "next.crt", false, false },
	[PART_NEXT_KEY] = { "next.key", false, true },
	[PART_NEXT_CA] = { "next-ca.crt", false, false },
	[PART_PREVIOUS_CA] = { "previous-ca.crt", false, false },
	[PART_TRUSTED_SINCE] = { "oke-guard.internal/trusted-since", true, false },
	[PART_TRUSTED_BY] = { "oke-guard.internal/trusted-by", true, false },
	[PART_SERVED_SINCE] = { "oke-guard.internal/served-since", true, false },
};

static const char *const step_names[ROTATE_STEPS_N] = {
	[ROTATE_STEADY] = "steady",
	[ROTATE_FIRST] = "first",
	[ROTATE_ADOPT] = "adopt",
	[ROTATE_ISSUE] = "issue",
	[ROTATE_WRITE] = "write",
	[ROTATE_TRUSTED] = "trusted",
	[ROTATE_WAIT_TRUSTED] = "wait-trusted",
	[ROTATE_SWAP] = "swap",
	[ROTATE_SERVED] = "served",
	[ROTATE_WAIT_SERVED] = "wait-served",
	[ROTATE_DROP] = "drop",
	[ROTATE_TIDY] = "tidy",
	[ROTATE_TAKE] = "take",
	[ROTATE_WAIT_PAIR] = "wait-pair",
};

const char *rotate_step_name(enum rotate_step s)
{
	return step_names[s];
}

/* ---- times in annotations ---- */

/* 0: it is no time. */
static int64_t rotate_parse_date(struct str s)
{
	int64_t t;

	return time_parse(s, &t) ? t : 0;
}

/* A time of the past; one of the future was written under another clock: 0, note it again. */
static int64_t rotate_parse_since(struct str s, int64_t now)
{
	int64_t t = rotate_parse_date(s);

	return t > now ? 0 : t;
}

static struct str rotate_print_date(int64_t t, struct arena *arena)
{
	char date[TIME_TEXT];

	time_print(t, date);
	return str_copy(arena, str_of(date));
}

/* ---- the bundle ---- */

/* 1: it is; 0: it is not, or nothing; -1: memory ran out. */
static int certificates_there(struct str pem)
{
	scoped(arena_end) struct arena arena;
	struct certificate *list;
	struct err err;
	size_t n;

	arena_init(&arena, FACTS_MEMORY);
	if (!pem.n)
		return 0;
	/* Twice, as in rotate_look_at. */
	for (int i = 0; i < 2; i++)
		if (certificates_parse(pem, &arena, &list, &n, &err) == 0)
			return 1;
	return err.kind == ERR_NOMEM ? -1 : 0;
}

struct str rotate_bundle(const struct store *s, struct arena *arena)
{
	static const enum store_part order[] = { PART_PREVIOUS_CA, PART_CA, PART_NEXT_CA };
	struct text t;

	text_init(&t, arena, 3 * CERTS_FILE_MAX);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct str pem = s->part[order[i]];
		int there = certificates_there(pem);

		if (there < 0) /* a CA that is trusted must not fall out of the bundle */
			return (struct str){ NULL, 0 };
		if (!there || (t.n && memmem(t.s, t.n, pem.s, pem.n)))
			continue;
		text_str(&t, pem);
		if (pem.s[pem.n - 1] != '\n')
			text_puts(&t, "\n");
	}
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

/* ---- what the pairs are worth ---- */

struct rotate_pair {
	unsigned faults; /* a bit each of enum keypair_fault_kind; 0: it can be served */
	int64_t from, to;
	char why[256]; /* the gravest */
	bool ran_out;  /* memory did: the rest means nothing */
};

static void rotate_keypair_end(struct keypair **kp)
{
	keypair_unref(*kp);
}

static struct rotate_pair rotate_look_once(struct str cert, struct str key, struct str ca,
					   const struct rotate_order *order)
{
	struct keypair_want want = {
		.now = order->now, .names = order->names, .names_n = order->names_n, .ca = ca
	};
	struct keypair_fault faults[KEYPAIR_FAULTS_MAX];
	struct rotate_pair pair = { .faults = ALL_FAULTS };
	struct err err;
	scoped(rotate_keypair_end) struct keypair *kp =
		cert.n && key.n ? keypair_parse(cert, key, &err) : NULL;
	size_t n = kp ? keypair_faults(kp, &want, faults) : 0;

	if (!kp) {
		snprintf(pair.why, sizeof pair.why, "%.200s",
			 cert.n && key.n ? err.msg : "certificate or key is missing");
		pair.ran_out = cert.n && key.n && err.kind == ERR_NOMEM;
		return pair;
	}
	pair = (struct rotate_pair){ .from = keypair_not_before(kp), .to = keypair_not_after(kp) };
	for (size_t i = 0; i < n && i < KEYPAIR_FAULTS_MAX; i++)
		pair.faults |= 1u << faults[i].kind;
	pair.ran_out = pair.faults & 1u << FAULT_MEMORY;
	if (n)
		snprintf(pair.why, sizeof pair.why, "%s", faults[0].text);
	if (!ca.n) {
		pair.faults |= 1u << FAULT_CHAIN;
		snprintf(pair.why, sizeof pair.why, "ca.crt is missing");
	}
	return pair;
}

/* OpenSSL does not always say that memory ran out: what seems to be of no use is looked at again.
 */
static struct rotate_pair rotate_look_at(struct str cert, struct str key, struct str ca,
					 const struct rotate_order *order)
{
	struct rotate_pair pair = rotate_look_once(cert, key, ca, order), again;

	if (!pair.faults || pair.ran_out)
		return pair;
	again = rotate_look_once(cert, key, ca, order);
	again.ran_out |= again.faults && again.faults != pair.faults;
	return again;
}

static struct rotate_pair rotate_current_of(const struct store *s, struct str ca,
					    const struct rotate_order *o)
{
	return rotate_look_at(s->part[PART_CERT], s->part[PART_KEY], ca, o);
}

static struct rotate_pair rotate_source_of(const struct rotate_order *o)
{
	struct str const *p = o->source->part;

	return rotate_look_at(p[PART_CERT], p[PART_KEY], p[PART_CA], o);
}

/* Does the source hold another pair, or another CA, than what is served? */
static bool rotate_source_differs(const struct store *s, const struct store *source)
{
	return !str_eq(source->part[PART_CERT], s->part[PART_CERT]) ||
	       !str_eq(source->part[PART_KEY], s->part[PART_KEY]) ||
	       !str_eq(source->part[PART_CA], s->part[PART_CA]);
}

static struct rotate_pair rotate_next_of(const struct store *s, const struct rotate_order *o)
{
	return rotate_look_at(s->part[PART_NEXT_CERT], s->part[PART_NEXT_KEY],
			      s->part[PART_NEXT_CA], o);
}

/* ---- the plan ---- */

/* All that is looked at. */
struct rotate_view {
	const struct store *s;
	const struct in_force *f;
	const struct rotate_order *o;
	struct rotate_pair current, next, source;
	struct rotate_pair adopted; /* the current pair with the CAs in force in ca.crt's place */
	bool good, due;             /* the current pair */
	bool makes;                 /* a next pair can be had */
	bool next_good, next_anything; /* the next: worth serving; there at all */
};

static void rotate_take_view(struct rotate_view *v)
{
	v->current = rotate_current_of(v->s, v->s->part[PART_CA], v->o);
	v->next = rotate_next_of(v->s, v->o);
	v->adopted = (struct rotate_pair){ .faults = ALL_FAULTS };
	if (v->current.faults == 1u << FAULT_CHAIN && v->f->bundle.n)
		v->adopted = rotate_current_of(v->s, v->f->bundle, v->o);
	v->good = !v->current.faults;
	v->source = (struct rotate_pair){ 0 };
	if (v->o->source) {
		v->source = rotate_source_of(v->o);
		v->makes = !v->source.faults;
		v->due = v->makes && rotate_source_differs(v->s, v->o->source);
		v->next_good = !v->next.faults; /* how long before its end is its maker's affair */
	} else {
		v->makes = true;
		v->due = certs_due(v->current.from, v->current.to, v->o->now);
		v->next_good = !v->next.faults && !certs_due(v->next.from, v->next.to, v->o->now);
	}
	v->next_anything = v->s->part[PART_NEXT_CERT].n || v->s->part[PART_NEXT_KEY].n ||
			   v->s->part[PART_NEXT_CA].n;
}

static int64_t rotate_min_time(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * A pair that is about to expire has to go while kubelets still have the overlap's time to bring
 * the next one; one that is of no use is not waited for.
 */
static int64_t rotate_swap_at(const struct rotate_view *v, int64_t since)
{
	int64_t wait = v->o->overlap;

	if (v->good)
		wait = rotate_min_time(wait, v->current.to - v->o->overlap - since);
	else
		wait = 0;
	if (wait < ROTATE_SHORT)
		wait = rotate_min_time(ROTATE_SHORT, v->o->overlap);
	return since + wait;
}

static enum rotate_step rotate_plan_next(const struct rotate_view *v, int64_t *at)
{
	int64_t since = rotate_parse_since(v->s->part[PART_TRUSTED_SINCE], v->o->now);

	/* A wait counts for the configuration that was read back, and for no other. */
	if (!since || !str_eq(v->s->part[PART_TRUSTED_BY], v->f->state))
		return ROTATE_TRUSTED;
	*at = rotate_swap_at(v, since);
	return v->o->now < *at ? ROTATE_WAIT_TRUSTED : ROTATE_SWAP;
}

static enum rotate_step rotate_plan_previous(const struct rotate_view *v, int64_t *at)
{
	int64_t since = rotate_parse_since(v->s->part[PART_SERVED_SINCE], v->o->now);

	if (!since)
		return ROTATE_SERVED;
	*at = since + v->o->overlap;
	return v->o->now < *at ? ROTATE_WAIT_SERVED : ROTATE_DROP;
}

/* Who trusts what is served now trusts the source's pair just as well. */
static bool rotate_is_same_ca(const struct rotate_view *v)
{
	return v->good && v->o->source && str_eq(v->o->source->part[PART_CA], v->s->part[PART_CA]);
}

static enum rotate_step rotate_plan_step(const struct rotate_view *v, int64_t *at)
{
	if (!v->good &&
	    !v->adopted.faults) /* only ca.crt is wrong, and what is in force would do */
		return ROTATE_ADOPT;
	if (!v->good && !v->f->bundle.n && v->makes)
		return ROTATE_FIRST;
	if (!v->good && !v->next_good)
		return v->makes ? ROTATE_ISSUE : ROTATE_WAIT_PAIR;
	if (!v->f->wanted)
		return ROTATE_WRITE;
	if (v->next_good)
		return rotate_plan_next(v, at);
	if (v->s->part[PART_PREVIOUS_CA].n)
		return rotate_plan_previous(v, at);
	if (v->due)
		return rotate_is_same_ca(v) ? ROTATE_TAKE : ROTATE_ISSUE;
	return v->next_anything ? ROTATE_TIDY : ROTATE_STEADY;
}

void rotate_plan(const struct store *s, const struct in_force *f, const struct rotate_order *order,
		 struct rotate_plan *out)
{
	struct rotate_view v = { .s = s, .f = f, .o = order };

	rotate_take_view(&v);
	*out = (struct rotate_plan){ .good = v.good,
				     .ran_out = v.current.ran_out || v.next.ran_out ||
						v.adopted.ran_out || v.source.ran_out };
	if (v.current.faults != ALL_FAULTS) {
		out->expires = v.current.to;
		out->renew = order->source ? 0 : certs_renew_at(v.current.from, v.current.to);
	}
	memcpy(out->why, v.current.why, sizeof out->why);
	memcpy(out->why_source, v.source.why, sizeof out->why_source);
	out->step = rotate_plan_step(&v, &out->at);
}

/* ---- the steps ---- */

static void rotate_drop(struct store *s, const enum store_part *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->part[list[i]] = (struct str){ NULL, 0 };
}

static void rotate_drop_next(struct store *s)
{
	static const enum store_part list[] = { PART_NEXT_CERT, PART_NEXT_KEY, PART_NEXT_CA,
						PART_TRUSTED_SINCE, PART_TRUSTED_BY };

	rotate_drop(s, list, sizeof list / sizeof *list);
}

static void rotate_drop_previous(struct store *s)
{
	static const enum store_part list[] = { PART_PREVIOUS_CA, PART_SERVED_SINCE };

	rotate_drop(s, list, sizeof list / sizeof *list);
}

/* Another's pair, into the three parts that begin with first. */
static void rotate_take(struct store *s, enum store_part first, const struct store *source)
{
	s->part[first] = source->part[PART_CERT];
	s->part[first + 1] = source->part[PART_KEY];
	s->part[first + 2] = source->part[PART_CA];
}

/* A new CA and a pair of it, or the source's, into the three parts that begin with first. */
static int rotate_issue(struct store *s, enum store_part first, const struct rotate_order *o,
			struct arena *arena, struct err *err)
{
	struct certs_order order = { .names = o->names,
				     .names_n = o->names_n,
				     .algorithm = CERTS_P256,
				     .days = ROTATE_DAYS,
				     .now = o->now };
	struct certs_issued issued;

	if (o->source) {
		rotate_take(s, first, o->source);
		return 0;
	}
	if (certs_issue(&order, &issued, err) < 0)
		return -1;
	s->part[first] = str_copy(arena, str_of(issued.cert));
	s->part[first + 1] = str_copy(arena, str_of(issued.key));
	s->part[first + 2] = str_copy(arena, str_of(issued.ca));
	certs_issued_done(&issued);
	return s->part[first].s && s->part[first + 1].s && s->part[first + 2].s ? 0
										: err_nomem(err);
}

static int rotate_apply_first(const struct rotate_order *o, struct arena *arena, struct store *s,
			      struct err *err)
{
	rotate_drop_next(s);
	rotate_drop_previous(s);
	return rotate_issue(s, PART_CERT, o, arena, err);
}

/*
 * Where the current pair is of no use, replicas may still serve an older one from memory: what is
 * trusted now stays trusted until they have the new one.
 */
static int rotate_apply_issue(const struct in_force *f, const struct rotate_order *o, bool good,
			      struct arena *arena, struct store *s, struct err *err)
{
	rotate_drop_next(s);
	if (!good) {
		rotate_drop_previous(s);
		if (certificates_there(f->bundle) > 0)
			s->part[PART_PREVIOUS_CA] = f->bundle;
	}
	return rotate_issue(s, PART_NEXT_CERT, o, arena, err);
}

static int rotate_note(struct store *s, enum store_part which, int64_t now, struct arena *arena,
		       struct err *err)
{
	s->part[which] = rotate_print_date(now, arena);
	return s->part[which].s ? 0 : err_nomem(err);
}

/* Since when it is served is noted when this was read back: a write may take long to arrive. */
static void rotate_apply_swap(bool good, struct store *s)
{
	if (good || !s->part[PART_PREVIOUS_CA].n)
		s->part[PART_PREVIOUS_CA] = s->part[PART_CA];
	s->part[PART_CERT] = s->part[PART_NEXT_CERT];
	s->part[PART_KEY] = s->part[PART_NEXT_KEY];
	s->part[PART_CA] = s->part[PART_NEXT_CA];
	s->part[PART_SERVED_SINCE] = (struct str){ NULL, 0 };
	rotate_drop_next(s);
}

int rotate_apply(const struct store *s, const struct in_force *f, const struct rotate_order *o,
		 const struct rotate_plan *plan, struct arena *arena, struct store *out,
		 struct err *err)
{
	struct store next = *s;
	int r = 0;

	switch (plan->step) {
	case ROTATE_FIRST:
		r = rotate_apply_first(o, arena, &next, err);
		break;
	case ROTATE_ADOPT:
		next.part[PART_CA] = f->bundle;
		break;
	case ROTATE_ISSUE:
		r = rotate_apply_issue(f, o, plan->good, arena, &next, err);
		break;
	case ROTATE_TRUSTED:
		next.part[PART_TRUSTED_BY] = f->state;
		r = rotate_note(&next, PART_TRUSTED_SINCE, o->now, arena, err);
		break;
	case ROTATE_SWAP:
		rotate_apply_swap(plan->good, &next);
		break;
	case ROTATE_SERVED:
		r = rotate_note(&next, PART_SERVED_SINCE, o->now, arena, err);
		break;
	case ROTATE_DROP:
		rotate_drop_previous(&next);
		break;
	case ROTATE_TIDY:
		rotate_drop_next(&next);
		break;
	case ROTATE_TAKE:
		rotate_drop_next(&next);
		rotate_take(&next, PART_CERT, o->source);
		break;
	default: /* the Secret stays as it is */
		break;
	}
	if (r == 0)
		*out = next;
	return r;
}
