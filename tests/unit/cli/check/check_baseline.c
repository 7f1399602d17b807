/* SPDX-License-Identifier: Apache-2.0
 * check_baseline.c - what is known already, and what it costs to ask.
 */
#include "cli/check/baseline.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/suite.h"

#define GROWTH 2.5 /* at most so many times the comparisons for twice the findings */

#define FINDING                                                                                    \
	"{\"policy\":\"p\",\"rule\":\"r\",\"path\":\"%zu\",\"gate\":\"\",\"action\":\"%s\","       \
	"\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"a\",\"name\":\"n\"}}"

static const struct report_object object = { .api_version = { "v1", 2 },
					     .kind = { "Pod", 3 },
					     .namespace = { "a", 1 },
					     .name = { "n", 1 } };

static struct report_finding finding(const char *path, enum action action)
{
	return (struct report_finding){
		.policy = STR("p"), .rule = STR("r"), .path = str_of(path), .action = action
	};
}

/* A report with n findings; alike: of one path. */
static struct check_baseline *baseline(size_t n, bool alike, const char *action)
{
	char name[] = "/tmp/check_baseline.XXXXXX";
	int fd = mkstemp(name);
	FILE *f = fdopen(fd, "w");
	struct check_baseline *b;
	struct err err;

	ck_assert(f != NULL);
	fputs("{\"findings\":[", f);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? "," : "", f);
		fprintf(f, FINDING, alike ? 0 : i, action ? action : i % 2 ? "deny" : "warn");
	}
	fputs("],\"summary\":{\"kubernetes\":\"1.36\"}}", f);
	fclose(f);
	b = check_baseline_read(name, &err);
	unlink(name);
	ck_assert_msg(b != NULL, "%s", err.msg);
	return b;
}

static bool take(struct check_baseline *b, enum action action)
{
	struct report_finding f = finding("0", action);

	return check_baseline_take(b, &object, &f);
}

START_TEST(is_taken_as_often_as_it_stands_there)
{
	struct check_baseline *b = baseline(3, true, "deny");

	ck_assert(take(b, ACTION_DENY) && take(b, ACTION_WARN));
	ck_assert_uint_eq(check_baseline_left(b), 1);
	ck_assert(take(b, ACTION_DENY));
	ck_assert(!take(b, ACTION_DENY) && !take(b, ACTION_AUDIT));
	ck_assert_uint_eq(check_baseline_left(b), 0);
	check_baseline_free(b);
}
END_TEST

/* Two warnings, one denial. */
START_TEST(is_taken_up_to_its_action)
{
	struct check_baseline *b = baseline(3, true, NULL);

	ck_assert(take(b, ACTION_DENY));
	ck_assert(!take(b, ACTION_DENY));
	ck_assert(take(b, ACTION_WARN) && take(b, ACTION_AUDIT));
	ck_assert(!take(b, ACTION_AUDIT));
	check_baseline_free(b);
}
END_TEST

START_TEST(nothing_is_known_to_an_empty_one)
{
	struct check_baseline *b = baseline(0, true, "deny");

	ck_assert(!take(b, ACTION_AUDIT));
	check_baseline_free(b);
}
END_TEST

/* Each is asked for, and one more. */
static size_t compared(size_t n, bool alike)
{
	struct check_baseline *b = baseline(n, alike, "deny");
	size_t all;

	for (size_t i = 0; i <= n; i++) {
		char path[24];
		struct report_finding f;

		snprintf(path, sizeof path, "%zu", alike ? 0 : i);
		f = finding(path, ACTION_DENY);
		ck_assert(check_baseline_take(b, &object, &f) == (i < n));
	}
	all = check_baseline_compared(b);
	check_baseline_free(b);
	return all;
}

START_TEST(twice_the_findings_take_twice_the_work)
{
	for (int alike = 0; alike < 2; alike++) {
		size_t n = compared(2000, alike), doubled = compared(4000, alike);

		ck_assert_msg((double)doubled <= GROWTH * (double)n, "%zu, then %zu", n, doubled);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("baseline");
	TCase *c = tcase_create("known");

	tcase_add_test(c, is_taken_as_often_as_it_stands_there);
	tcase_add_test(c, is_taken_up_to_its_action);
	tcase_add_test(c, nothing_is_known_to_an_empty_one);
	tcase_add_test(c, twice_the_findings_take_twice_the_work);
	suite_add_tcase(s, c);
	return run_suite(s);
}
