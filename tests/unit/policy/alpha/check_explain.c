/* SPDX-License-Identifier: Apache-2.0
 * check_explain.c - by which names a field's gate is found, and minors in words.
 */
#include "oke/alpha.h"

#include "policy/alpha/list.h"
#include "policy/catalogue/catalogue.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

/* ---- names of fields ---- */

static const struct explain_case {
	const char *name, *gate; /* NULL: nothing has that name */
} names[] = {
	{ "ContainerStopSignals", "ContainerStopSignals" },
	{ "stopSignal", "ContainerStopSignals" },
	{ "lifecycle.stopSignal", "ContainerStopSignals" },
	{ "spec.containers[*].lifecycle.stopSignal", "ContainerStopSignals" },
	{ "spec.jobTemplate.spec.template.spec.containers[*].lifecycle.stopSignal",
	  "ContainerStopSignals" },
	{ "spec.schedulingGates", "PodSchedulingReadiness" },
	{ "schedulingGates", "PodSchedulingReadiness" },
	{ "ignal", NULL },
	{ "ecycle.stopSignal", NULL },
	{ ".stopSignal", NULL },
	{ "x.spec.containers[*].lifecycle.stopSignal", NULL },
	{ "stopSignal.x", NULL },
	{ "", NULL },
};

START_TEST(a_field_by_its_name)
{
	const struct explain_case *c = &names[_i];
	const struct alpha_query q = { .minor = alpha_released() };
	scoped(arena_end) struct arena arena;
	struct text out;
	bool found;

	arena_init(&arena, MEMORY);
	text_init(&out, &arena, 1u << 20);
	found = alpha_explain(&q, str_of(c->name), &out);
	ck_assert_msg(found == (c->gate != NULL), "%s", c->name);
	ck_assert_msg(!c->gate || str_starts(text_get(&out), str_of(c->gate)), "%s: %.*s", c->name,
		      STR_ARG(text_get(&out)));
}
END_TEST

/* ---- minors ---- */

#define FIRST  CATALOGUE_MINOR_MIN
#define BIT(n) catalogue_bit(FIRST + (n))

static void minors_are(uint32_t minors, const char *want)
{
	struct alpha_word w = alpha_minors(minors);

	ck_assert_msg(!strcmp(w.s, want), "%s, not %s", w.s, want);
}

START_TEST(minors_in_words)
{
	char want[200];
	uint32_t all = 0, each_second = 0;
	size_t n = 0;

	minors_are(0, "");
	snprintf(want, sizeof want, "1.%u", FIRST);
	minors_are(BIT(0), want);
	snprintf(want, sizeof want, "1.%u-1.%u", FIRST, FIRST + 1);
	minors_are(BIT(0) | BIT(1), want);
	snprintf(want, sizeof want, "1.%u, 1.%u-1.%u, 1.%u", FIRST, FIRST + 2, FIRST + 4,
		 FIRST + 6);
	minors_are(BIT(0) | BIT(2) | BIT(3) | BIT(4) | BIT(6), want);
	snprintf(want, sizeof want, "1.%u", catalogue_minor_max);
	minors_are(catalogue_bit(catalogue_minor_max), want);
	for (unsigned m = FIRST; m <= catalogue_minor_max; m++)
		all |= catalogue_bit(m);
	snprintf(want, sizeof want, "1.%u-1.%u", FIRST, catalogue_minor_max);
	minors_are(all, want);
	for (unsigned m = FIRST; m <= catalogue_minor_max; m += 2) {
		each_second |= catalogue_bit(m);
		n += (size_t)snprintf(want + n, sizeof want - n, "%s1.%u", n ? ", " : "", m);
	}
	minors_are(each_second, want);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alpha");
	TCase *tc = tcase_create("explain");

	tcase_add_loop_test(tc, a_field_by_its_name, 0, ROWS(names));
	tcase_add_test(tc, minors_in_words);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
