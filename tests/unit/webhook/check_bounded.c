/* SPDX-License-Identifier: Apache-2.0
 * check_bounded.c - a bound holds: whatever is left out of a recorded review, its verdict lies
 * between the least and the most that the rest can come to.
 */
#include "tests/data/reviews/corpus.h"

#include "oke/bound.h"
#include "policy/object/diff.h"
#include "tests/unit/parsed.h"
#include "webhook/review.h"
#include "tests/unit/suite.h"

static struct policy_set *set;

static void setup(void)
{
	set = corpus_set("tests/data/reviews/config.yaml");
}

static void teardown(void)
{
	policy_set_unref(set);
}

/* ---- what an UPDATE touched ---- */

/* The keys from the root down, as far as TOUCHED_STEPS or a list; false: the object as a whole. */
static bool touched_at(const struct place *place, struct touched_place *at)
{
	at->n = 0;
	for (const struct place *p = place; p; p = p->up) {
		if (p->step.kind != STEP_KEY || p->depth > TOUCHED_STEPS)
			at->n = 0; /* it stands at or below the next one up */
		else if (!at->n)
			at->n = p->depth;
		if (p->depth <= TOUCHED_STEPS)
			at->steps[p->depth - 1] = p->step.key;
	}
	return at->n > 0;
}

static void touched_by(const struct request *r, struct arena *arena, struct touched *out)
{
	struct json *object, *old;
	struct change_list changes;
	struct err err;

	*out = (struct touched){ .all = true };
	if (r->operation != OP_UPDATE || !(object = json_parse(r->object, NULL, arena, &err)) ||
	    !(old = json_parse(r->old_object, NULL, arena, &err)) ||
	    diff_objects(old, object, arena, &changes, &err) < 0 || changes.n > TOUCHED_MAX)
		return;
	out->all = false;
	for (const struct change *c = changes.first; c; c = c->next)
		if (!touched_at(c->place, &out->v[out->n++]))
			out->all = true;
}

/* ---- what is left out ---- */

enum { NO_OBJECT = 1, NO_OLD = 2, NO_NAME = 4, NO_OPTIONS = 8, ANY_CHANGE = 16, WAYS = 32 };

/* false: what is left cannot be read. */
static bool bound_less(const struct recorded *rec, const struct request *full, unsigned less,
		       struct arena *arena, struct bound *out)
{
	static const struct str none = { NULL, 0 };
	struct request r = *full;
	struct touched touched;
	struct err err;

	r.object = less & NO_OBJECT ? none : r.object;
	r.old_object = less & NO_OLD ? none : r.old_object;
	r.name = less & NO_NAME ? none : r.name;
	r.options = less & NO_OPTIONS ? none : r.options;
	r.notes.made = r.notes.made && !(less & NO_OBJECT);
	touched_by(full, arena, &touched);
	if (policy_bound(set, &r, less & ANY_CHANGE ? NULL : &touched, CORPUS_NOW, arena, out,
			 &err) == 0)
		return true;
	ck_assert_msg(err.kind == ERR_SYNTAX, "%s: %s", meta_text(rec->meta, "id"), err.msg);
	return false;
}

static void bounds_hold(const struct recorded *rec, unsigned less, const struct bound *b,
			const struct verdict *want)
{
	ck_assert_msg(b->least <= want->action && want->action <= b->most.action,
		      "%s, without %#x: %s is not from %s to %s", meta_text(rec->meta, "id"), less,
		      action_name(want->action), action_name(b->least),
		      action_name(b->most.action));
	ck_assert_uint_le(b->certain_n, b->most.findings_n);
	ck_assert(b->most.identity == want->identity);
}

/* What is known as well never widens a bound; but an object tells its uses, whatever was touched.
 */
static void bounds_nest(const struct recorded *rec, const struct bound *all)
{
	for (unsigned less = 0; less < WAYS; less++)
		for (unsigned bit = NO_OLD; bit < WAYS; bit *= 2)
			ck_assert_msg(all[less | bit].least <= all[less].least &&
					      all[less | bit].most.action >= all[less].most.action,
				      "%s: narrower without %#x than without %#x",
				      meta_text(rec->meta, "id"), less | bit, less);
}

/* How many bounds leave one action alone. */
static size_t bound_review(const struct recorded *rec)
{
	scoped(arena_end) struct arena arena;
	struct bound all[WAYS];
	struct review review;
	struct verdict want;
	struct err err;
	size_t exact = 0;

	arena_init(&arena, MEMORY);
	ck_assert_msg(review_decode(rec->review, &arena, &review, &err) == 0, "%s", err.msg);
	ck_assert(policy_judge(set, &review.request, CORPUS_NOW, &arena, NULL, &want, &err) == 0);
	for (unsigned less = 0; less < WAYS; less++) {
		if (!bound_less(rec, &review.request, less, &arena, &all[less]))
			return 0;
		if (!want.error.n)
			bounds_hold(rec, less, &all[less], &want);
		exact += all[less].least == all[less].most.action;
	}
	bounds_nest(rec, all);
	return exact;
}

/*
 * A bound from allow to deny would hold as well: so many leave one action alone, and fewer are a
 * step back.
 */
static const struct {
	const char *path;
	size_t exact;
} corpora[] = {
	/* of 22,144, 1,728 and 1,920 */
	{ "tests/data/reviews/reviews.jsonl", 8184 },
	{ "tests/data/reviews/made.jsonl", 260 },
	{ "tests/data/reviews/faults.jsonl", 456 },
};

START_TEST(a_verdict_is_within_its_bounds)
{
	struct corpus c;
	size_t exact = 0;

	corpus_read(corpora[_i].path, &c);
	for (size_t i = 0; i < c.n; i++)
		exact += bound_review(&c.lines[i]);
	corpus_done(&c);
	ck_assert_uint_ge(exact, corpora[_i].exact);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bounded");
	TCase *tc = tcase_create("bounded");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, a_verdict_is_within_its_bounds, 0, ROWS(corpora));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
