/* SPDX-License-Identifier: Apache-2.0
 * check_faults.c - reviews made after public reports get one of the verdicts that are right.
 *
 * A line names the configuration beside it, or none, and in `want` what is right; where several
 * verdicts are, the first is the better, and the run says which one it got.
 */
#include "tests/data/reviews/corpus.h"
#include "tests/unit/suite.h"

#define FAULTS   "tests/data/reviews/faults.jsonl"
#define SIBLINGS "tests/data/reviews/siblings.jsonl"
#define FOLDER   "tests/data/reviews/faults/"

#define CONFIGS 12

struct configured {
	char name[64];
	struct policy_set *set;
};

static struct corpus faults, siblings;
static struct configured configs[CONFIGS];

static void setup(void)
{
	corpus_read(FAULTS, &faults);
	corpus_read(SIBLINGS, &siblings);
}

static void teardown(void)
{
	for (size_t i = 0; i < CONFIGS; i++)
		if (configs[i].set)
			policy_set_unref(configs[i].set);
	corpus_done(&faults);
	corpus_done(&siblings);
}

static struct policy_set *set_under(const char *name)
{
	struct configured *c = configs;
	char path[128];

	while (c->set && strcmp(c->name, name) != 0)
		c++;
	ck_assert_msg(c < configs + CONFIGS, "more than %d configurations", CONFIGS);
	if (c->set)
		return c->set;
	snprintf(c->name, sizeof c->name, "%s", name);
	snprintf(path, sizeof path, FOLDER "%s", name);
	return c->set = corpus_set(*name ? path : NULL);
}

/* Wrong as before: what they are about (remedies, additions to the Corefile, names of add-ons) is
 * no part of what these reviews were made right for first. One that comes right stays right. */
static const char *const known_wrong[] = {
	"f5-override-cache",      "f5-no-suffix",
	"f5-server-root",         "f7-kubesphere.io_restartedAt",
	"f7-change-cause",        "f12-cainjector",
	"f22-amd-plugin-removed",
};

static bool is_known_wrong(const char *id)
{
	for (size_t i = 0; i < sizeof known_wrong / sizeof *known_wrong; i++)
		if (!strcmp(id, known_wrong[i]))
			return true;
	return false;
}

/* The place of the verdict among those that are right, or -1; audit counts as allow. */
static int place_wanted(const cJSON *want, enum action got)
{
	const cJSON *w;
	int place = 0;

	cJSON_ArrayForEach(w, want)
	{
		const char *name = cJSON_GetStringValue(w);

		ck_assert_msg(name, "want is no list of verdicts");
		if (!strcmp(name, action_name(got)) ||
		    (!strcmp(name, "audit") && got == ACTION_ALLOW))
			return place;
		place++;
	}
	return -1;
}

static bool judge_fault(const struct recorded *r)
{
	const cJSON *want = cJSON_GetObjectItemCaseSensitive(r->meta, "want");
	const char *id = meta_text(r->meta, "id");
	struct answered a;
	int place;

	corpus_answer(set_under(meta_text(r->meta, "config")), r->review, &a);
	place = place_wanted(want, a.action);
	if (place < 0)
		printf("%s: %s is wrong (%s)\n%.1500s\n", id, action_name(a.action),
		       meta_text(r->meta, "why"), a.answer.body);
	else if (cJSON_GetArraySize(want) > 1)
		printf("%s: %s, number %d of %d that are right\n", id, action_name(a.action),
		       place + 1, cJSON_GetArraySize(want));
	answered_done(&a);
	return place >= 0 || is_known_wrong(id);
}

/* Those whose ids begin so. */
static void judge_kind(const struct corpus *c, const char *prefix)
{
	size_t wrong = 0, n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (strncmp(meta_text(c->lines[i].meta, "id"), prefix, strlen(prefix)) != 0)
			continue;
		n++;
		wrong += !judge_fault(&c->lines[i]);
	}
	fflush(stdout);
	ck_assert_msg(n && !wrong, "%zu of %zu verdicts are wrong", wrong, n);
}

START_TEST(reported_faults)
{
	ck_assert_uint_ge(faults.n, 60);
	judge_kind(&faults, "");
}
END_TEST

START_TEST(objects_of_kubernetes_itself)
{
	judge_kind(&siblings, "system-");
}
END_TEST

START_TEST(pods_and_every_template)
{
	judge_kind(&siblings, "pods-");
}
END_TEST

START_TEST(endpoints_of_guarded_services)
{
	judge_kind(&siblings, "endpoints-");
}
END_TEST

START_TEST(parents_and_surroundings)
{
	judge_kind(&siblings, "parents-");
}
END_TEST

START_TEST(selectors_are_evaluated)
{
	judge_kind(&siblings, "selectors-");
}
END_TEST

START_TEST(identity_at_the_grant)
{
	judge_kind(&siblings, "grants-");
}
END_TEST

START_TEST(guard_admins_and_writers)
{
	judge_kind(&siblings, "guard-");
}
END_TEST

START_TEST(add_ons_that_are_switched_off)
{
	judge_kind(&siblings, "off-");
}
END_TEST

/* What is the customer's own is never called Oracle's. */
START_TEST(switched_off_is_nobody_elses)
{
	static const char *const never[] = { "Oracle manages", "is part of OKE", "OKE's pods" };

	for (size_t i = 0; i < siblings.n; i++) {
		const struct recorded *r = &siblings.lines[i];
		struct answered a;

		if (strcmp(meta_text(r->meta, "config"), "off.yaml") != 0)
			continue;
		corpus_answer(set_under("off.yaml"), r->review, &a);
		for (size_t k = 0; k < sizeof never / sizeof *never; k++)
			ck_assert_msg(!strstr(a.answer.body, never[k]), "%s: %s",
				      meta_text(r->meta, "id"), a.answer.body);
		answered_done(&a);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("faults");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, reported_faults);
	tcase_add_test(tc, objects_of_kubernetes_itself);
	tcase_add_test(tc, pods_and_every_template);
	tcase_add_test(tc, endpoints_of_guarded_services);
	tcase_add_test(tc, parents_and_surroundings);
	tcase_add_test(tc, selectors_are_evaluated);
	tcase_add_test(tc, identity_at_the_grant);
	tcase_add_test(tc, guard_admins_and_writers);
	tcase_add_test(tc, add_ons_that_are_switched_off);
	tcase_add_test(tc, switched_off_is_nobody_elses);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
