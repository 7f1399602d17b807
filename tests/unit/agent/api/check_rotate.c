/* SPDX-License-Identifier: Apache-2.0
 * check_rotate.c - from every state the one right step; and at no moment, whatever lags, is a
 * certificate served that an API server does not trust.
 */
#include "agent/api/rotate.h"

#include <check.h>
#include <stdlib.h>

#include "oke/certs.h"
#include "lib/base/time.h"
#include "tests/unit/suite.h"

#define MINUTE  60
#define DAY     86400
#define NOW     1800000000
#define OVERLAP 120
#define LAG_API 30 /* seconds for which an API server may still use an older caBundle */
#define LAG_POD 90 /* ... and a replica an older certificate: kubelet's refresh */
#define MEMORY  (512u << 20)

static const char *const names[] = { "oke-guard.oke-guard.svc",
				     "oke-guard.oke-guard.svc.cluster.local",
				     "oke-guard.oke-guard" };
static const char *const other_names[] = { "guard.elsewhere.svc" };

static struct arena arena; /* of one test: Check forks for each */

static struct str copy(struct str s)
{
	struct str c = s.s ? str_copy(&arena, s) : s;

	ck_assert(!s.s || c.s);
	return c;
}

struct rotate_test_pair {
	struct str cert, key, ca;
};

static struct rotate_test_pair issue_for(const char *const *for_names, size_t n, int64_t at,
					 unsigned days)
{
	struct certs_order order = {
		.names = for_names, .names_n = n, .algorithm = CERTS_P256, .days = days, .now = at
	};
	struct certs_issued made;
	struct err err;
	struct rotate_test_pair p;

	ck_assert_msg(certs_issue(&order, &made, &err) == 0, "%s", err.msg);
	p = (struct rotate_test_pair){ copy(str_of(made.cert)), copy(str_of(made.key)),
				       copy(str_of(made.ca)) };
	certs_issued_done(&made);
	return p;
}

static struct rotate_test_pair issue(int64_t at)
{
	return issue_for(names, 3, at, ROTATE_DAYS);
}

static struct rotate_order order_at(int64_t now)
{
	return (struct rotate_order){
		.names = names, .names_n = 3, .overlap = OVERLAP, .now = now
	};
}

static struct str date(int64_t t)
{
	char z[TIME_TEXT];

	time_print(t, z);
	return copy(str_of(z));
}

/* ---- each state, its step ---- */

enum pair_kind {
	NONE,
	FRESH,
	DUE,
	EXPIRED,
	FUTURE,      /* not valid yet */
	NEAR_END,    /* expires within three minutes */
	OTHER_NAMES, /* the service was renamed */
	NO_KEY,
	WRONG_KEY,
	HALF, /* cut off in the middle */
	PAIR_KINDS
};

struct state_case {
	const char *why;
	enum pair_kind current, next;
	const char *ca;     /* "own" (default), "none", "junk", "other" */
	const char *bundle; /* what is in force: letters c(urrent), n(ext), o(ther), j(unk) */
	bool wanted;
	const char *trusted; /* since: "" no note, "now", "then" (over), "future", "else" (state) */
	bool previous;
	const char *served;
	enum rotate_step want;
};

static const struct state_case states[] = {
	{ "an empty Secret, nobody trusts anybody", NONE, NONE, "none", "", false, "", false, "",
	  ROTATE_FIRST },
	{ "the pair is there: now the configuration", FRESH, NONE, "own", "", false, "", false, "",
	  ROTATE_WRITE },
	{ "all is well", FRESH, NONE, "own", "c", true, "", false, "", ROTATE_STEADY },
	{ "somebody has edited the configuration", FRESH, NONE, "own", "o", false, "", false, "",
	  ROTATE_WRITE },
	{ "two thirds are over", DUE, NONE, "own", "c", true, "", false, "", ROTATE_ISSUE },
	{ "due, but what is in force comes first", DUE, NONE, "own", "o", false, "", false, "",
	  ROTATE_WRITE },
	{ "the next pair is there", DUE, FRESH, "own", "c", false, "", false, "", ROTATE_WRITE },
	{ "both are written: read back", DUE, FRESH, "own", "cn", true, "", false, "",
	  ROTATE_TRUSTED },
	{ "the wait goes on", DUE, FRESH, "own", "cn", true, "now", false, "",
	  ROTATE_WAIT_TRUSTED },
	{ "the wait is over", DUE, FRESH, "own", "cn", true, "then", false, "", ROTATE_SWAP },
	{ "the note is of another configuration: begin to wait anew", DUE, FRESH, "own", "cn", true,
	  "else", false, "", ROTATE_TRUSTED },
	{ "the note is of the future: the clock went back", DUE, FRESH, "own", "cn", true, "future",
	  false, "", ROTATE_TRUSTED },
	{ "the note is no time", DUE, FRESH, "own", "cn", true, "junk", false, "", ROTATE_TRUSTED },
	{ "edited while waiting: heal before anything else", DUE, FRESH, "own", "c", false, "then",
	  false, "", ROTATE_WRITE },
	{ "swapped: replicas still take it up", FRESH, NONE, "own", "co", true, "", true, "now",
	  ROTATE_WAIT_SERVED },
	{ "all replicas have it", FRESH, NONE, "own", "co", true, "", true, "then", ROTATE_DROP },
	{ "swapped, the note was lost", FRESH, NONE, "own", "co", true, "", true, "",
	  ROTATE_SERVED },
	{ "swapped, the note is of the future", FRESH, NONE, "own", "co", true, "", true, "future",
	  ROTATE_SERVED },
	{ "dropped: the configuration follows", FRESH, NONE, "own", "co", false, "", false, "",
	  ROTATE_WRITE },
	{ "due again with an old previous CA: that goes first", DUE, NONE, "own", "co", true, "",
	  true, "then", ROTATE_DROP },
	{ "the agent slept: the next pair is stale", DUE, DUE, "own", "cn", true, "then", false, "",
	  ROTATE_ISSUE },
	{ "... or expired", DUE, EXPIRED, "own", "cn", true, "then", false, "", ROTATE_ISSUE },
	{ "the next pair is cut short", DUE, HALF, "own", "c", true, "", false, "", ROTATE_ISSUE },
	{ "the next pair is junk and not needed", FRESH, HALF, "own", "c", true, "", false, "",
	  ROTATE_TIDY },
	{ "the next pair is stale and not needed", FRESH, DUE, "own", "cn", true, "", false, "",
	  ROTATE_TIDY },
	{ "a rotation that somebody began by hand", FRESH, FRESH, "own", "cn", true, "then", false,
	  "", ROTATE_SWAP },
	{ "expired, nothing next", EXPIRED, NONE, "own", "c", true, "", false, "", ROTATE_ISSUE },
	{ "expired: only a short wait", EXPIRED, FRESH, "own", "cn", true, "short", false, "",
	  ROTATE_SWAP },
	{ "expires in three minutes: only a short wait", NEAR_END, FRESH, "own", "cn", true,
	  "short", false, "", ROTATE_WAIT_TRUSTED },
	{ "not valid yet", FUTURE, NONE, "own", "c", true, "", false, "", ROTATE_ISSUE },
	{ "the service was renamed", OTHER_NAMES, NONE, "own", "c", true, "", false, "",
	  ROTATE_ISSUE },
	{ "the Secret was emptied, replicas still serve", NONE, NONE, "none", "c", false, "", false,
	  "", ROTATE_ISSUE },
	{ "the key is gone", NO_KEY, NONE, "own", "c", true, "", false, "", ROTATE_ISSUE },
	{ "the key is another's", WRONG_KEY, NONE, "own", "c", true, "", false, "", ROTATE_ISSUE },
	{ "the certificate is cut short", HALF, NONE, "own", "c", true, "", false, "",
	  ROTATE_ISSUE },
	{ "ca.crt is gone, what is in force knows it", FRESH, NONE, "none", "c", false, "", false,
	  "", ROTATE_ADOPT },
	{ "ca.crt is junk, what is in force knows it", FRESH, NONE, "junk", "oc", false, "", false,
	  "", ROTATE_ADOPT },
	{ "ca.crt is another's, what is in force too", FRESH, NONE, "other", "o", true, "", false,
	  "", ROTATE_ISSUE },
	{ "ca.crt is gone, what is in force is junk", FRESH, NONE, "none", "j", false, "", false,
	  "", ROTATE_ISSUE },
	{ "ca.crt is gone, nobody trusts anybody", FRESH, NONE, "none", "", false, "", false, "",
	  ROTATE_FIRST },
	{ "broken, the next one is good: write it", HALF, FRESH, "own", "c", false, "", false, "",
	  ROTATE_WRITE },
	{ "broken, the next one is trusted", NONE, FRESH, "none", "cn", true, "short", true, "",
	  ROTATE_SWAP },
	{ "broken, and nothing in force: the next one is thrown away", HALF, FRESH, "own", "",
	  false, "", false, "", ROTATE_FIRST },
};

static struct rotate_test_pair pair_of(enum pair_kind kind)
{
	struct rotate_test_pair p = { 0 };

	switch (kind) {
	case NONE:
	case PAIR_KINDS:
		break;
	case FRESH:
		return issue(NOW - DAY);
	case DUE:
		return issue(NOW - 250 * DAY);
	case EXPIRED:
		return issue(NOW - 366 * DAY);
	case NEAR_END:
		return issue(NOW - ROTATE_DAYS * DAY + 3 * MINUTE);
	case FUTURE:
		return issue(NOW + DAY);
	case OTHER_NAMES:
		return issue_for(other_names, 1, NOW - DAY, ROTATE_DAYS);
	case NO_KEY:
		p = issue(NOW - DAY);
		p.key = (struct str){ NULL, 0 };
		break;
	case WRONG_KEY:
		p = issue(NOW - DAY);
		p.key = issue(NOW - DAY).key;
		break;
	case HALF:
		p = issue(NOW - DAY);
		p.cert.n /= 2;
		break;
	}
	return p;
}

static struct str since_of(const char *word)
{
	return !strcmp(word, "now")      ? date(NOW - 5)
	       : !strcmp(word, "short")  ? date(NOW - ROTATE_SHORT)
	       : !strcmp(word, "then")   ? date(NOW - OVERLAP)
	       : !strcmp(word, "else")   ? date(NOW - OVERLAP)
	       : !strcmp(word, "future") ? date(NOW + 1)
	       : !strcmp(word, "junk")   ? STR("2026-11-22")
					 : (struct str){ NULL, 0 };
}

START_TEST(a_state_has_one_step)
{
	const struct state_case *c = &states[_i];
	struct rotate_order order = order_at(NOW);
	struct rotate_test_pair current, next, other;
	struct store s = { 0 };
	struct in_force f = { .state = STR("uid/7"), .wanted = c->wanted };
	struct rotate_plan plan;
	struct text bundle;

	arena_init(&arena, MEMORY);
	text_init(&bundle, &arena, 1 << 20);
	current = pair_of(c->current);
	next = pair_of(c->next);
	other = issue(NOW - 2 * DAY);
	for (const char *b = c->bundle; *b; b++)
		text_str(&bundle, *b == 'c'   ? (current.ca.n ? current.ca : other.ca)
				  : *b == 'n' ? next.ca
				  : *b == 'o' ? other.ca
					      : STR("no certificate\n"));
	f.bundle = text_get(&bundle);
	s.part[PART_CERT] = current.cert;
	s.part[PART_KEY] = current.key;
	s.part[PART_CA] = !strcmp(c->ca, "own")     ? current.ca
			  : !strcmp(c->ca, "junk")  ? STR("junk")
			  : !strcmp(c->ca, "other") ? other.ca
						    : (struct str){ NULL, 0 };
	s.part[PART_NEXT_CERT] = next.cert;
	s.part[PART_NEXT_KEY] = next.key;
	s.part[PART_NEXT_CA] = next.ca;
	s.part[PART_TRUSTED_SINCE] = since_of(c->trusted);
	s.part[PART_TRUSTED_BY] = strcmp(c->trusted, "else") ? f.state : STR("uid/6");
	if (c->previous)
		s.part[PART_PREVIOUS_CA] = other.ca;
	s.part[PART_SERVED_SINCE] = since_of(c->served);
	rotate_plan(&s, &f, &order, &plan);
	ck_assert_msg(plan.step == c->want, "%s: '%s', not '%s'", c->why,
		      rotate_step_name(plan.step), rotate_step_name(c->want));
	arena_done(&arena);
}
END_TEST

/* ---- the same, where pairs are another's ---- */

struct source_case {
	const char *why;
	enum pair_kind current, next, source; /* FRESH: each another one */
	const char
		*source_is; /* "" its own, "current", "next", "renewed": another of current's CA */
	const char *bundle; /* what is in force: c, n, s(ource) */
	bool wanted;
	const char *trusted;
	bool previous;
	const char *served;
	enum rotate_step want;
};

static const struct source_case sources[] = {
	{ "nothing anywhere", NONE, NONE, NONE, "", "", false, "", false, "", ROTATE_WAIT_PAIR },
	{ "the first one, and nobody trusts anybody", NONE, NONE, FRESH, "", "", false, "", false,
	  "", ROTATE_FIRST },
	{ "the first one, and something is trusted", NONE, NONE, FRESH, "", "s", false, "", false,
	  "", ROTATE_ISSUE },
	{ "it is served", FRESH, NONE, FRESH, "current", "c", true, "", false, "", ROTATE_STEADY },
	{ "another one: it is not shown yet", FRESH, NONE, FRESH, "", "c", true, "", false, "",
	  ROTATE_ISSUE },
	{ "... and is to be trusted", FRESH, FRESH, FRESH, "next", "c", false, "", false, "",
	  ROTATE_WRITE },
	{ "... is trusted", FRESH, FRESH, FRESH, "next", "cn", true, "", false, "",
	  ROTATE_TRUSTED },
	{ "... since a moment", FRESH, FRESH, FRESH, "next", "cn", true, "now", false, "",
	  ROTATE_WAIT_TRUSTED },
	{ "... for long enough", FRESH, FRESH, FRESH, "next", "cn", true, "then", false, "",
	  ROTATE_SWAP },
	{ "the old one's CA stays", FRESH, NONE, FRESH, "current", "co", true, "", true, "now",
	  ROTATE_WAIT_SERVED },
	{ "... and goes", FRESH, NONE, FRESH, "current", "co", true, "", true, "then",
	  ROTATE_DROP },
	{ "another one of the same CA: at once", FRESH, NONE, FRESH, "renewed", "c", true, "",
	  false, "", ROTATE_TAKE },
	{ "... once the entries are right", FRESH, NONE, FRESH, "renewed", "c", false, "", false,
	  "", ROTATE_WRITE },
	{ "... once the old one's CA is gone", FRESH, NONE, FRESH, "renewed", "co", true, "", true,
	  "now", ROTATE_WAIT_SERVED },
	{ "... not where what is served cannot be", EXPIRED, NONE, FRESH, "", "c", true, "", false,
	  "", ROTATE_ISSUE },
	{ "a third one does not begin the wait anew", FRESH, FRESH, FRESH, "", "cn", true, "then",
	  false, "", ROTATE_SWAP },
	{ "a third one waits until the first has gone", FRESH, NONE, FRESH, "", "co", true, "",
	  true, "now", ROTATE_WAIT_SERVED },
	{ "two thirds of a life are no reason", DUE, NONE, DUE, "current", "c", true, "", false, "",
	  ROTATE_STEADY },
	{ "... and none to refuse one", FRESH, DUE, DUE, "next", "cn", true, "then", false, "",
	  ROTATE_SWAP },
	{ "the source is gone", FRESH, NONE, NONE, "", "c", true, "", false, "", ROTATE_STEADY },
	{ "the source is gone, entries differ", FRESH, NONE, NONE, "", "c", false, "", false, "",
	  ROTATE_WRITE },
	{ "the source is gone, its last pair was taken", FRESH, FRESH, NONE, "", "cn", true, "then",
	  false, "", ROTATE_SWAP },
	{ "the source is cut", FRESH, NONE, HALF, "", "c", true, "", false, "", ROTATE_STEADY },
	{ "the source has no key", FRESH, NONE, NO_KEY, "", "c", true, "", false, "",
	  ROTATE_STEADY },
	{ "the source has another's key", FRESH, NONE, WRONG_KEY, "", "c", true, "", false, "",
	  ROTATE_STEADY },
	{ "the source has expired", FRESH, NONE, EXPIRED, "", "c", true, "", false, "",
	  ROTATE_STEADY },
	{ "the source is not valid yet", FRESH, NONE, FUTURE, "", "c", true, "", false, "",
	  ROTATE_STEADY },
	{ "the source is for another service", FRESH, NONE, OTHER_NAMES, "", "c", true, "", false,
	  "", ROTATE_STEADY },
	{ "both have expired: what is trusted stays so", EXPIRED, NONE, EXPIRED, "current", "c",
	  true, "", false, "", ROTATE_WAIT_PAIR },
	{ "emptied, and the source is gone", NONE, NONE, NONE, "", "c", false, "", false, "",
	  ROTATE_WAIT_PAIR },
	{ "expired: the source has a new one", EXPIRED, NONE, FRESH, "", "c", true, "", false, "",
	  ROTATE_ISSUE },
	{ "what was next is cut, and the source is gone", FRESH, HALF, NONE, "", "c", true, "",
	  false, "", ROTATE_TIDY },
	{ "what was next is cut", FRESH, HALF, FRESH, "", "c", true, "", false, "", ROTATE_ISSUE },
	{ "what was next is cut, and the source is served", FRESH, HALF, FRESH, "current", "c",
	  true, "", false, "", ROTATE_TIDY },
};

static void put_pair(struct store *s, enum store_part first, const struct rotate_test_pair *p)
{
	s->part[first] = p->cert;
	s->part[first + 1] = p->key;
	s->part[first + 2] = p->ca;
}

/* What the step changes is what may be changed: a pair is served no sooner than it is trusted. */
static void is_the_sources(const struct source_case *c, const struct store *after,
			   const struct rotate_test_pair *source)
{
	enum store_part first = c->want == ROTATE_ISSUE ? PART_NEXT_CERT : PART_CERT;

	ck_assert_msg(str_eq(after->part[first], source->cert) &&
			      str_eq(after->part[first + 1], source->key) &&
			      str_eq(after->part[first + 2], source->ca),
		      "%s: not the source's pair", c->why);
}

START_TEST(a_state_with_a_source_has_one_step)
{
	const struct source_case *c = &sources[_i];
	struct rotate_order order = order_at(NOW);
	struct rotate_test_pair current, next, other, pair;
	struct store s = { 0 }, source = { 0 }, after;
	struct in_force f = { .state = STR("uid/7"), .wanted = c->wanted };
	struct rotate_plan plan;
	struct text bundle;
	struct err err;

	arena_init(&arena, MEMORY);
	text_init(&bundle, &arena, 1 << 20);
	current = pair_of(c->current);
	next = pair_of(c->next);
	other = issue(NOW - 2 * DAY);
	pair = !strcmp(c->source_is, "current") ? current
	       : !strcmp(c->source_is, "next")  ? next
						: pair_of(c->source);
	if (!strcmp(c->source_is, "renewed")) {
		struct text renewed;

		pair = current;
		text_init(&renewed, &arena, current.cert.n + 2);
		text_str(&renewed, current.cert);
		text_puts(&renewed, "\n"); /* as good as any other text */
		pair.cert = text_get(&renewed);
	}
	for (const char *b = c->bundle; *b; b++)
		text_str(&bundle, *b == 'c'   ? (current.ca.n ? current.ca : other.ca)
				  : *b == 'n' ? next.ca
				  : *b == 's' ? pair.ca
					      : other.ca);
	f.bundle = text_get(&bundle);
	put_pair(&s, PART_CERT, &current);
	put_pair(&s, PART_NEXT_CERT, &next);
	put_pair(&source, PART_CERT, &pair);
	s.part[PART_TRUSTED_SINCE] = since_of(c->trusted);
	s.part[PART_TRUSTED_BY] = f.state;
	if (c->previous)
		s.part[PART_PREVIOUS_CA] = other.ca;
	s.part[PART_SERVED_SINCE] = since_of(c->served);
	order.source = &source;
	rotate_plan(&s, &f, &order, &plan);
	ck_assert_msg(plan.step == c->want, "%s: '%s', not '%s'", c->why,
		      rotate_step_name(plan.step), rotate_step_name(c->want));
	ck_assert_int_eq(plan.renew, 0);
	ck_assert_msg(!*plan.why_source == (c->source == FRESH || c->source == DUE), "%s: '%s'",
		      c->why, plan.why_source);
	ck_assert_int_eq(rotate_apply(&s, &f, &order, &plan, &arena, &after, &err), 0);
	if (c->want == ROTATE_FIRST || c->want == ROTATE_ISSUE || c->want == ROTATE_TAKE)
		is_the_sources(c, &after, &pair);
	if (c->want == ROTATE_WAIT_PAIR)
		for (int i = 0; i < PARTS_N; i++)
			ck_assert(str_eq(after.part[i], s.part[i]));
	arena_done(&arena);
}
END_TEST

/* ---- a world in which everything lags ---- */

struct seen {
	int64_t from; /* since when; until the next entry's */
	struct rotate_test_pair pair;
	struct str bundle;
};

#define HISTORY 1024

struct world {
	int64_t now;
	struct store secret;
	bool foreign;        /* pairs are another's: */
	struct store source; /* what stands there now */
	unsigned version;    /* resourceVersion */
	struct str bundle;
	unsigned generation;
	struct seen pairs[HISTORY], bundles[HISTORY];
	size_t pairs_n, bundles_n, first_pair, first_bundle;
	bool sound[HISTORY][8]; /* pair by bundle, modulo 8: known to be trusted */
	size_t sound_for[HISTORY][8];
	unsigned writes, swaps;
};

static unsigned random_state;

static unsigned chance(unsigned n) /* 0 .. n - 1 */
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

static unsigned faults_of(const struct rotate_test_pair *p, struct str bundle, int64_t now)
{
	struct keypair_want want = { .now = now, .names = names, .names_n = 3, .ca = bundle };
	struct keypair_fault faults[KEYPAIR_FAULTS_MAX];
	struct err err;
	struct keypair *kp = keypair_parse(p->cert, p->key, &err);
	unsigned mask = 0;
	size_t n = kp ? keypair_faults(kp, &want, faults) : 0;

	ck_assert_msg(kp, "%s", err.msg);
	for (size_t i = 0; i < n && i < KEYPAIR_FAULTS_MAX; i++)
		mask |= 1u << faults[i].kind;
	keypair_unref(kp);
	return mask;
}

/*
 * Replicas may serve any pair that was the current one within LAG_POD; API servers may use any
 * bundle that was in force within LAG_API: all of the one with all of the other.
 */
static void hold_invariant(struct world *w, unsigned forgiven)
{
	while (w->first_pair + 1 < w->pairs_n &&
	       w->pairs[w->first_pair + 1].from <= w->now - LAG_POD)
		w->first_pair++;
	while (w->first_bundle + 1 < w->bundles_n &&
	       w->bundles[w->first_bundle + 1].from <= w->now - LAG_API)
		w->first_bundle++;
	for (size_t i = w->first_pair; i < w->pairs_n; i++)
		for (size_t j = w->first_bundle; j < w->bundles_n; j++) {
			bool *sound = &w->sound[i][j % 8];
			unsigned faults = 0;

			/* Trust does not depend on the time: once is enough. */
			if (forgiven && *sound && w->sound_for[i][j % 8] == j)
				continue;
			faults = faults_of(&w->pairs[i].pair, w->bundles[j].bundle, w->now) &
				 ~forgiven;

			ck_assert_msg(!faults, "faults %x: pair %zu of %zu, bundle %zu of %zu",
				      faults, i, w->pairs_n, j, w->bundles_n);
			*sound = true;
			w->sound_for[i][j % 8] = j;
		}
}

/* A write may make the view of a moment ago wrong: both sides of each write are looked at. */
static void put_secret(struct world *w, const struct store *s)
{
	struct rotate_test_pair p;

	for (int i = 0; i < PARTS_N; i++)
		w->secret.part[i] = copy(s->part[i]);
	w->version++;
	w->writes++;
	p = (struct rotate_test_pair){ w->secret.part[PART_CERT], w->secret.part[PART_KEY],
				       w->secret.part[PART_CA] };
	if (!p.cert.n || !p.key.n)
		return; /* replicas keep the last one */
	if (w->pairs_n && str_eq(w->pairs[w->pairs_n - 1].pair.cert, p.cert))
		return;
	ck_assert(w->pairs_n < HISTORY);
	w->pairs[w->pairs_n++] = (struct seen){ .from = w->now, .pair = p };
	w->swaps++;
}

static void put_bundle(struct world *w, struct str bundle)
{
	w->bundle = copy(bundle);
	w->generation++;
	w->writes++;
	ck_assert(w->bundles_n < HISTORY);
	w->bundles[w->bundles_n++] = (struct seen){ .from = w->now, .bundle = w->bundle };
}

/* What an agent has read, and when; it may act on it late, or never. */
struct agent {
	enum { IDLE, KNOWS_CONFIGURATION, KNOWS_BOTH } knows;
	struct str bundle;
	unsigned generation, version;
	struct store secret, source;
	int64_t now;
};

/* One request of an agent to the world; true: there was nothing to do. */
static bool agent_act(struct world *w, struct agent *a, struct rotate_plan *plan)
{
	struct rotate_order order;
	struct in_force f;
	struct store next;
	struct str wanted;
	char state[32];
	struct err err;

	if (a->knows == IDLE) {
		a->bundle = w->bundle;
		a->generation = w->generation;
		a->source = w->source;
		a->knows = KNOWS_CONFIGURATION;
		return false;
	}
	if (a->knows == KNOWS_CONFIGURATION) {
		a->secret = w->secret;
		a->version = w->version;
		a->now = w->now;
		a->knows = KNOWS_BOTH;
		return false;
	}
	a->knows = IDLE;
	snprintf(state, sizeof state, "uid/%u", a->generation);
	wanted = rotate_bundle(&a->secret, &arena);
	f = (struct in_force){ .bundle = a->bundle,
			       .state = str_of(state),
			       .wanted = wanted.n && str_eq(wanted, a->bundle) };
	order = order_at(a->now);
	if (w->foreign)
		order.source = &a->source;
	rotate_plan(&a->secret, &f, &order, plan);
	ck_assert_msg(rotate_apply(&a->secret, &f, &order, plan, &arena, &next, &err) == 0, "%s",
		      err.msg);
	if (plan->step == ROTATE_WRITE) {
		if (w->generation == a->generation)
			put_bundle(w, wanted);
		return false;
	}
	if (plan->step == ROTATE_STEADY || plan->step == ROTATE_WAIT_SERVED ||
	    plan->step == ROTATE_WAIT_TRUSTED || plan->step == ROTATE_WAIT_PAIR)
		return true;
	if (w->version == a->version)
		put_secret(w, &next);
	return false;
}

/* One agent alone, until there is nothing to do but wait. */
static struct rotate_plan settle(struct world *w, struct agent *a, unsigned most)
{
	struct rotate_plan plan = { 0 };

	for (unsigned i = 0; i < 3 * most; i++)
		if (agent_act(w, a, &plan))
			return plan;
	ck_abort_msg("after %u rounds still '%s'", most, rotate_step_name(plan.step));
}

static void world_init(struct world *w)
{
	arena_init(&arena, MEMORY);
	*w = (struct world){ .now = NOW };
}

/* Ten years of an agent that looks when it said it would; also at no moment is a pair expired. */
START_TEST(ten_years)
{
	struct world *w = calloc(1, sizeof *w);
	struct agent a = { 0 };
	struct rotate_plan plan;

	world_init(w);
	plan = settle(w, &a, 4);
	while (w->now < NOW + (int64_t)3650 * DAY) {
		int64_t next = plan.step == ROTATE_STEADY ? plan.renew : plan.at;

		hold_invariant(w, 0);
		ck_assert(next > w->now);
		w->now = next - 1;
		hold_invariant(w, 0);
		w->now = next;
		plan = settle(w, &a, 8);
	}
	ck_assert_uint_eq(w->swaps, 1 + 3650 / (ROTATE_DAYS * 2 / 3));
	free(w);
	arena_done(&arena);
}
END_TEST

/*
 * Two agents that see old states, stop between any two requests and come back, at times after
 * months. Trust must hold always; that a pair expires while everybody sleeps is no fault of theirs.
 */
START_TEST(two_agents_that_crash)
{
	struct world *w = calloc(1, sizeof *w);
	struct agent a[2] = { { 0 }, { 0 } };
	struct rotate_plan plan;

	random_state = (unsigned)_i + 1;
	world_init(w);
	settle(w, &a[0], 4);
	for (int i = 0; i < 400; i++) {
		struct agent *one = &a[chance(2)];
		unsigned what = chance(20);

		if (what == 0)
			one->knows = IDLE; /* killed */
		else if (what == 1 && !chance(3))
			w->now += 100 * DAY + chance(60 * DAY);
		else if (what < 6)
			w->now += chance(200);
		else
			agent_act(w, one, &plan);
		hold_invariant(w, 1u << FAULT_EXPIRED);
	}
	a[0].knows = IDLE;
	for (int i = 0; i < 4; i++) {
		plan = settle(w, &a[0], 10);
		if (plan.step != ROTATE_STEADY)
			w->now = plan.at;
	}
	ck_assert_int_eq(plan.step, ROTATE_STEADY);
	w->now += LAG_POD;
	hold_invariant(w, 0);
	free(w);
	arena_done(&arena);
}
END_TEST

/* Another one writes pairs when it likes, each of a new CA, and takes them away; agents see it
 * late. */
START_TEST(two_agents_and_another_maker)
{
	struct world *w = calloc(1, sizeof *w);
	struct agent a[2] = { { 0 }, { 0 } };
	struct rotate_test_pair pair;
	struct rotate_plan plan;

	random_state = (unsigned)_i + 2000;
	world_init(w);
	w->foreign = true;
	plan = settle(w, &a[0], 4);
	ck_assert_int_eq(plan.step, ROTATE_WAIT_PAIR);
	ck_assert_uint_eq(w->writes, 0);
	pair = issue(w->now);
	put_pair(&w->source, PART_CERT, &pair);
	settle(w, &a[0], 4);
	for (int i = 0; i < 200; i++) {
		struct agent *one = &a[chance(2)];
		unsigned what = chance(40);

		if (what < 2)
			one->knows = IDLE; /* killed */
		else if (what == 2)
			w->source = (struct store){ 0 };
		else if (what == 3 && !chance(3))
			w->now += 10 * DAY;
		else if (what < 6) {
			pair = issue(w->now);
			put_pair(&w->source, PART_CERT, &pair);
		} else if (what < 16)
			w->now += chance(200);
		else
			agent_act(w, one, &plan);
		hold_invariant(w, 1u << FAULT_EXPIRED);
	}
	pair = issue(w->now);
	put_pair(&w->source, PART_CERT, &pair);
	a[0].knows = IDLE;
	for (int i = 0; i < 8; i++) {
		plan = settle(w, &a[0], 10);
		if (plan.step != ROTATE_STEADY)
			w->now = plan.at;
	}
	ck_assert_int_eq(plan.step, ROTATE_STEADY);
	ck_assert(str_eq(w->secret.part[PART_CERT], pair.cert));
	ck_assert(str_eq(w->bundle, pair.ca));
	w->now += LAG_POD;
	hold_invariant(w, 0);
	free(w);
	arena_done(&arena);
}
END_TEST

/* ---- somebody breaks things ---- */

static void break_part(struct store *s, enum store_part which, const struct world *w)
{
	struct str *p = &s->part[which];

	switch (chance(5)) {
	case 0:
		*p = (struct str){ NULL, 0 };
		break;
	case 1:
		p->n /= 2;
		break;
	case 2:
		*p = STR("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
		break;
	case 3:
		*p = s->part[chance(PARTS_N)];
		break;
	default:
		*p = which >= PART_TRUSTED_SINCE ? date(w->now + chance(2000) - 1000)
						 : issue(w->now - chance(400) * DAY).ca;
		break;
	}
}

/* Wherever a rotation stands, and whatever is broken then, it ends well, in few writes. */
START_TEST(everything_heals)
{
	struct world *w = calloc(1, sizeof *w);
	struct agent a = { 0 };
	struct rotate_plan plan;
	struct store broken;

	random_state = (unsigned)_i + 1000;
	world_init(w);
	settle(w, &a, 4);
	w->now += 250 * DAY;
	for (unsigned n = chance(40); n; n--) {
		if (!chance(4))
			w->now += chance(OVERLAP);
		agent_act(w, &a, &plan);
	}
	broken = w->secret;
	for (unsigned n = chance(4); n; n--)
		break_part(&broken, (enum store_part)chance(PARTS_N), w);
	put_secret(w, &broken);
	if (!chance(2))
		put_bundle(w, chance(3) ? issue(w->now).ca : chance(2) ? STR("") : STR("junk"));
	w->writes = 0;
	a.knows = IDLE;
	for (int i = 0; i < 5; i++) {
		plan = settle(w, &a, 12);
		if (plan.step != ROTATE_STEADY)
			w->now = plan.at;
	}
	ck_assert_int_eq(plan.step, ROTATE_STEADY);
	ck_assert_uint_le(w->writes, 16);
	w->pairs[0] = (struct seen){ .pair = { w->secret.part[PART_CERT], w->secret.part[PART_KEY],
					       w->secret.part[PART_CA] } };
	ck_assert_uint_eq(faults_of(&w->pairs[0].pair, w->bundle, w->now), 0);
	for (int i = PART_NEXT_CERT; i < PARTS_N; i++)
		ck_assert_msg(!w->secret.part[i].n || i >= PART_TRUSTED_SINCE, "%s is left over",
			      store_parts[i].name);
	free(w);
	arena_done(&arena);
}
END_TEST

/* The Secret is emptied under running replicas, which serve what they had: still trusted. */
START_TEST(an_emptied_secret_breaks_nothing)
{
	struct world *w = calloc(1, sizeof *w);
	struct store empty = { 0 };
	struct agent a = { 0 };
	struct rotate_plan plan;

	world_init(w);
	settle(w, &a, 4);
	w->now += DAY;
	put_secret(w, &empty);
	hold_invariant(w, 0);
	do {
		plan = settle(w, &a, 12);
		hold_invariant(w, plan.step == ROTATE_WAIT_TRUSTED ? 1u << FAULT_EXPIRED : 0);
		w->now = plan.step == ROTATE_STEADY ? w->now : plan.at;
	} while (plan.step != ROTATE_STEADY);
	ck_assert_uint_eq(w->swaps, 2);
	ck_assert(w->now <= NOW + DAY + 2 * OVERLAP);
	free(w);
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rotate");
	TCase *tc = tcase_create("steps");

	tcase_add_loop_test(tc, a_state_has_one_step, 0, sizeof states / sizeof *states);
	tcase_add_loop_test(tc, a_state_with_a_source_has_one_step, 0,
			    sizeof sources / sizeof *sources);
	tcase_add_test(tc, ten_years);
	tcase_add_loop_test(tc, two_agents_that_crash, 0, 20);
	tcase_add_loop_test(tc, two_agents_and_another_maker, 0, 10);
	tcase_add_loop_test(tc, everything_heals, 0, 60);
	tcase_add_test(tc, an_emptied_secret_breaks_nothing);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
