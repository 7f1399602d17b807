/* SPDX-License-Identifier: Apache-2.0
 * check_reviews.c - the recorded reviews, and those made after their pattern, get the verdict that
 * they should.
 *
 * The promise of the product stands here: a denial is never wrong. A denial where another answer is
 * expected fails without a way around; an expectation that is itself wrong is listed, with the
 * reason, in tests/data/reviews/disputed.tsv.
 */
#include "tests/data/reviews/corpus.h"

#include <ctype.h>

#define REVIEWS  "tests/data/reviews/reviews.jsonl"
#define DEEP     "tests/data/reviews/deep.jsonl"
#define MADE     "tests/data/reviews/made.jsonl"
#define CONFIG   "tests/data/reviews/config.yaml"
#define DISPUTED "tests/data/reviews/disputed.tsv"

static struct policy_set *set;
static struct corpus recorded, deep, made;
static char *disputed;

static void setup(void)
{
	set = corpus_set(CONFIG);
	corpus_read(REVIEWS, &recorded);
	corpus_read(DEEP, &deep);
	corpus_read(MADE, &made);
	disputed = corpus_slurp(DISPUTED);
}

static void teardown(void)
{
	policy_set_unref(set);
	corpus_done(&recorded);
	corpus_done(&deep);
	corpus_done(&made);
	free(disputed);
}

/* ---- paths ---- */

/* The next step of a printed path: list selectors are left out, quotes and brackets taken off. */
static struct str path_step(const char **at)
{
	const char *p = *at, *end;

	for (;;) {
		while (*p == '.')
			p++;
		if (*p != '[') {
			end = p + strcspn(p, ".[");
			*at = end;
			return (struct str){ p, (size_t)(end - p) };
		}
		end = p[1] == '"' ? strstr(p, "\"]") : strchr(p, ']');
		if (!end)
			return (struct str){ NULL, 0 };
		*at = strchr(end, ']') + 1;
		p += p[1] == '"' ? 2 : 1;
		if (p[-1] == '"' ||
		    !(isdigit((unsigned char)*p) || memchr(p, '=', (size_t)(end - p)) ||
		      !strncmp(p, "order]", 6)))
			return (struct str){ p, (size_t)(end - p) };
		p = *at;
	}
}

/* Is one path the other, above it or below it? */
static bool paths_meet(const char *a, const char *b)
{
	for (;;) {
		struct str x = path_step(&a), y = path_step(&b);

		if (!x.n || !y.n)
			return true;
		if (!str_eq(x, y))
			return false;
	}
}

static bool change_expected(const cJSON *paths, struct str change)
{
	char text[1024];
	const cJSON *p;

	snprintf(text, sizeof text, "%.*s", STR_ARG(change));
	cJSON_ArrayForEach(p, paths) if (paths_meet(text, cJSON_GetStringValue(p))) return true;
	return false;
}

static bool denial_names_path(const struct verdict *v, const cJSON *paths)
{
	for (size_t i = 0; i < v->findings_n; i++)
		for (size_t k = 0; k < v->findings[i].changes_n; k++)
			if (v->findings[i].action == ACTION_DENY &&
			    change_expected(paths, v->findings[i].changes[k].path))
				return true;
	return !cJSON_GetArraySize(paths); /* no UPDATE */
}

START_TEST(paths_are_compared_without_selectors)
{
	static const struct {
		const char *a, *b;
		bool meet;
	} t[] = {
		{ "spec.replicas", "spec.replicas", true },
		{ "spec", "spec.replicas", true },
		{ "spec.replicas", "spec.paused", false },
		{ "spec.containers[name=a].image", "spec.containers[0].image", true },
		{ "spec.containers[name=a].env[order]", "spec.containers[name=a].env", true },
		{ "spec.containers[name=a].image", "spec.containers[name=a].args", false },
		{ "metadata.annotations[\"a.b/c\"]", "metadata.annotations[a.b/c]", true },
		{ "metadata.annotations[\"a.b/c\"]", "metadata.annotations[a.b/d]", false },
		{ "metadata.annotations[\"a=b\"]", "metadata.annotations.other", false },
	};

	ck_assert_msg(paths_meet(t[_i].a, t[_i].b) == t[_i].meet, "%s and %s", t[_i].a, t[_i].b);
}
END_TEST

/* ---- agreement ---- */

static enum action expected_action(const char *name)
{
	static const enum action actions[] = { ACTION_ALLOW, ACTION_AUDIT, ACTION_WARN,
					       ACTION_DENY };

	for (size_t i = 0; i < 4; i++)
		if (!strcmp(action_name(actions[i]), name))
			return actions[i] == ACTION_AUDIT ? ACTION_ALLOW : actions[i];
	ck_abort_msg("no such action: %s", name);
}

/* 2: as expected; 1: another defensible answer; 0: neither. */
static int action_agrees(const cJSON *expect, enum action got)
{
	const cJSON *other;

	if (expected_action(meta_text(expect, "action")) == got)
		return 2;
	cJSON_ArrayForEach(
		other,
		cJSON_GetObjectItemCaseSensitive(
			expect, "also_ok")) if (expected_action(cJSON_GetStringValue(other)) ==
						got) return 1;
	return 0;
}

static bool denial_names_component(const struct answered *a, const char *component)
{
	char word[96];

	snprintf(word, sizeof word, " %s ", component);
	return !*component || strstr(a->policies, word);
}

static bool is_disputed(const char *id)
{
	size_t n = strlen(id);

	for (const char *p = disputed; (p = strstr(p, id)); p += n)
		if ((p == disputed || p[-1] == '\n') && p[n] == '\t')
			return true;
	return false;
}

struct judged_tally {
	const char *category;
	unsigned lines, agree, also, disputed, wrong;
};

#define TALLIES 64

static struct judged_tally *tally_of(struct judged_tally *t, const char *category)
{
	size_t i = 0;

	while (i < TALLIES - 1 && t[i].category && strcmp(t[i].category, category) != 0)
		i++;
	t[i].category = category;
	return &t[i];
}

static void complain(const struct recorded *r, const struct answered *a, const char *what)
{
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(r->meta, "expect");

	printf("%s: %s: expected %s %s, got %s by%s\n%.1500s\n", meta_text(r->meta, "id"), what,
	       meta_text(expect, "action"), meta_text(expect, "component"), action_name(a->action),
	       a->policies, a->answer.body);
}

/* What is wrong with the answer, or NULL. */
static const char *fault_of(const struct recorded *r, const struct answered *a)
{
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(r->meta, "expect");

	if (!action_agrees(expect, a->action))
		return a->action == ACTION_DENY ? "a false denial" : "another action";
	if (a->action != ACTION_DENY)
		return NULL;
	if (!denial_names_component(a, meta_text(expect, "component")))
		return "another component";
	if (!denial_names_path(&a->answer.verdict,
			       cJSON_GetObjectItemCaseSensitive(expect, "changed")))
		return "none of the changed paths";
	return NULL;
}

static void judge_line(const struct recorded *r, struct judged_tally *tallies)
{
	const char *category = meta_text(r->meta, "category"), *fault;
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(r->meta, "expect");
	struct judged_tally *t = tally_of(tallies, category);
	struct answered a;

	corpus_answer(set, r->review, &a);
	fault = fault_of(r, &a);
	t->lines++;
	if (!fault)
		*(action_agrees(expect, a.action) == 2 ? &t->agree : &t->also) += 1;
	else if (a.action != ACTION_DENY && is_disputed(meta_text(r->meta, "id")))
		t->disputed++;
	else {
		t->wrong++;
		complain(r, &a, fault);
	}
	answered_done(&a);
}

static int by_category(const void *a, const void *b)
{
	return strcmp(((const struct judged_tally *)a)->category,
		      ((const struct judged_tally *)b)->category);
}

static unsigned print_tallies(struct judged_tally *t)
{
	struct judged_tally sum = { .category = "all" };
	size_t n = 0;

	while (t[n].category)
		n++;
	qsort(t, n, sizeof *t, by_category);
	printf("%-22s %6s %6s %8s %9s %6s\n", "category", "lines", "agree", "also ok", "disputed",
	       "wrong");
	for (size_t i = 0; i <= n; i++) {
		const struct judged_tally *x = i < n ? &t[i] : &sum;

		printf("%-22s %6u %6u %8u %9u %6u\n", x->category, x->lines, x->agree, x->also,
		       x->disputed, x->wrong);
		sum.lines += x->lines;
		sum.agree += x->agree;
		sum.also += x->also;
		sum.disputed += x->disputed;
		sum.wrong += x->wrong;
	}
	fflush(stdout);
	return sum.wrong;
}

static void judge_corpus(const struct corpus *c)
{
	struct judged_tally tallies[TALLIES + 1] = { 0 };
	unsigned wrong;

	for (size_t i = 0; i < c->n; i++)
		judge_line(&c->lines[i], tallies);
	wrong = print_tallies(tallies);
	ck_assert_msg(!wrong, "%u of %zu answers are wrong", wrong, c->n);
}

START_TEST(recorded_reviews)
{
	ck_assert_uint_eq(recorded.n, 692);
	judge_corpus(&recorded);
}
END_TEST

START_TEST(deep_reviews)
{
	ck_assert_uint_eq(deep.n, 4);
	judge_corpus(&deep);
}
END_TEST

START_TEST(made_reviews)
{
	judge_corpus(&made);
}
END_TEST

/* ---- no bypass, and the opposite: each by its name ---- */

#include "tests/data/reviews/named.h"
#include "tests/unit/suite.h"

static const struct recorded *find(const struct corpus *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(meta_text(c->lines[i].meta, "id"), id))
			return &c->lines[i];
	return NULL;
}

START_TEST(named_review)
{
	const struct named *n = &named[_i];
	const struct recorded *r = find(&recorded, n->id);
	struct answered a;

	if (!r)
		r = find(&made, n->id);
	ck_assert_msg(r, "%s: no review has the id %s", n->why, n->id);
	corpus_answer(set, r->review, &a);
	if (a.action != n->want)
		complain(r, &a, n->why);
	ck_assert_msg(a.action == n->want, "%s (%s): wanted %s, got %s", n->why, n->id,
		      action_name(n->want), action_name(a.action));
	answered_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reviews");
	TCase *tc = tcase_create("reviews");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, paths_are_compared_without_selectors, 0, 9);
	tcase_add_test(tc, recorded_reviews);
	tcase_add_test(tc, deep_reviews);
	tcase_add_test(tc, made_reviews);
	tcase_add_loop_test(tc, named_review, 0, NAMED);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
