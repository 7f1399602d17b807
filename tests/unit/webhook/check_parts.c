/* SPDX-License-Identifier: Apache-2.0
 * check_parts.c - the two parts of the policies, asked one by one, say what all of them say
 * together: an entry of the webhook configuration asks one part or both, and nothing may be judged
 * twice or never.
 */
#include "tests/data/reviews/corpus.h"
#include "tests/unit/suite.h"

#define CONFIG "tests/data/reviews/config.yaml"

static const char *const files[] = { "tests/data/reviews/reviews.jsonl",
				     "tests/data/reviews/deep.jsonl",
				     "tests/data/reviews/made.jsonl" };

static struct policy_set *set;
static struct corpus corpus[3];

static void setup(void)
{
	set = corpus_set(CONFIG);
	for (size_t i = 0; i < 3; i++)
		corpus_read(files[i], &corpus[i]);
}

static void teardown(void)
{
	policy_set_unref(set);
	for (size_t i = 0; i < 3; i++)
		corpus_done(&corpus[i]);
}

struct judged {
	struct answer answer;
	struct arena arena;
};

static const struct verdict *judge_part(enum policies_part part, struct str review,
					struct judged *out)
{
	arena_init(&out->arena, HANDLER_ARENA_MAX);
	handler_answer(set, part, review, CORPUS_NOW, &out->arena, NULL, &out->answer);
	ck_assert_msg(out->answer.decided, "%u: %s", out->answer.status, out->answer.body);
	return &out->answer.verdict;
}

static void judged_done(struct judged *j)
{
	answer_done(&j->answer);
	arena_done(&j->arena);
}

static bool same_finding(const struct finding *a, const struct finding *b)
{
	return str_eq(a->policy, b->policy) && str_eq(a->rule, b->rule) && a->action == b->action &&
	       str_eq(a->sentence, b->sentence) && a->changes_all == b->changes_all;
}

/* How many findings of v are like f. */
static size_t count_like(const struct verdict *v, const struct finding *f)
{
	size_t n = 0;

	for (size_t i = 0; i < v->findings_n; i++)
		n += same_finding(&v->findings[i], f);
	return n;
}

static void check_line(const struct recorded *line)
{
	struct judged a, s, f;
	const struct verdict *all = judge_part(POLICIES_ALL, line->review, &a);
	const struct verdict *support = judge_part(POLICIES_SUPPORT, line->review, &s);
	const struct verdict *alpha = judge_part(POLICIES_ALPHA, line->review, &f);
	const char *id = meta_text(line->meta, "id");

	/* Of what cannot be read each part says the same, and the whole says it once. */
	if (!all->error.n)
		ck_assert_msg(all->findings_all == support->findings_all + alpha->findings_all,
			      "%s: %zu findings, %zu and %zu in parts", id, all->findings_all,
			      support->findings_all, alpha->findings_all);
	for (size_t i = 0; i < all->findings_n && !all->error.n; i++) {
		const struct finding *one = &all->findings[i];
		size_t in_parts = count_like(support, one) + count_like(alpha, one);

		ck_assert_msg(in_parts == count_like(all, one), "%s: %.*s/%.*s", id,
			      STR_ARG(one->policy), STR_ARG(one->rule));
	}
	ck_assert_msg(all->action ==
			      (support->action > alpha->action ? support->action : alpha->action),
		      "%s: %s", id, action_name(all->action));
	ck_assert_msg(all->concerned == (support->concerned || alpha->concerned), "%s", id);
	judged_done(&a);
	judged_done(&s);
	judged_done(&f);
}

START_TEST(parts_make_the_whole)
{
	ck_assert_uint_gt(corpus[_i].n, 0);
	for (size_t i = 0; i < corpus[_i].n; i++)
		check_line(&corpus[_i].lines[i]);
}
END_TEST

/* Both parts are asked for something in the recorded reviews: else the test above says nothing. */
START_TEST(each_part_finds_something)
{
	size_t found[3] = { 0 };

	for (size_t i = 0; i < corpus[0].n; i++)
		for (size_t part = 0; part < 3; part++) {
			struct judged j;

			found[part] +=
				judge_part((enum policies_part)part, corpus[0].lines[i].review, &j)
					->findings_all;
			judged_done(&j);
		}
	ck_assert_uint_gt(found[POLICIES_SUPPORT], 100);
	ck_assert_uint_gt(found[POLICIES_ALPHA], 40);
	ck_assert_uint_eq(found[POLICIES_ALL], found[POLICIES_SUPPORT] + found[POLICIES_ALPHA]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("parts");
	Suite *s = suite_create("parts");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, parts_make_the_whole, 0, 3);
	tcase_add_test(tc, each_part_finds_something);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
