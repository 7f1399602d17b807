/* SPDX-License-Identifier: Apache-2.0
 * check_versions.c - what a list of OKE's versions says of a version, at a time and at an age.
 */
#include "policy/catalogue/versions.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/time.h"
#include "tests/unit/suite.h"

#define MINOR(m)                                                                                   \
	{                                                                                          \
		(m), VERSION_ANY_PATCH                                                             \
	}
#define PATCH(m, p)                                                                                \
	{                                                                                          \
		(m), (p)                                                                           \
	}

static int64_t day(const char *text)
{
	char time[32];
	int64_t t = 0;

	if (text)
		snprintf(time, sizeof time, "%sT00:00:00Z", text);
	ck_assert(!text || time_parse(str_of(time), &t));
	return t;
}

/* As of 2026-09-05: 1.36.1 hangs on 1.39.1, 1.35.2 on 1.36.1, which the list has. */
static struct oke_version rows[] = {
	{ .version = PATCH(36, 1), .after = PATCH(39, 1), .after_days = 30 },
	{ .version = PATCH(36, 0), .preview = true },
	{ .version = PATCH(35, 2), .after = PATCH(36, 1), .after_days = 30 },
	{ .version = PATCH(34, 2) },
	{ .version = PATCH(34, 1) },
	{ .version = MINOR(33) },
	{ .version = PATCH(32, 10) },
	{ .version = PATCH(32, 1) },
};

static struct versions list_of(void)
{
	rows[0].available = day("2026-07-07");
	rows[1].available = day("2026-05-20");
	rows[3].end = day("2026-09-22");
	rows[4].end = day("2026-03-09");
	rows[5].end = day("2026-08-10");
	rows[6].end = day("2026-02-01");
	rows[7].end = day("2026-01-01");
	return (struct versions){ STR("https://example.com"), day("2026-09-05"), rows,
				  sizeof rows / sizeof *rows };
}

static const struct state_case {
	const char *name, *version, *now;
	enum oke_support want;
	const char *end; /* NULL: not known as a day */
	bool newer;
} states[] = {
	{ "supported, its end hangs on a release", "1.36.1", "2026-09-06", OKE_SUPPORTED, NULL,
	  false },
	{ "the same in an old list", "1.36.1", "2026-11-29", OKE_NOT_KNOWN, NULL, false },
	{ "the last day of a young list", "1.36.1", "2026-11-04", OKE_SUPPORTED, NULL, false },
	{ "the first of an old one", "1.36.1", "2026-11-05", OKE_NOT_KNOWN, NULL, false },
	{ "an end that hangs on a release of the list is a day", "1.35.2", "2026-07-20", OKE_ENDING,
	  "2026-08-06", false },
	{ "and past whatever the age", "1.35.2", "2027-09-06", OKE_PAST, "2026-08-06", false },
	{ "ends in 60 days", "1.34.2", "2026-07-25", OKE_ENDING, "2026-09-22", false },
	{ "ends in 61", "1.34.2", "2026-07-23", OKE_SUPPORTED, "2026-09-22", false },
	{ "its last day", "1.34.2", "2026-09-22", OKE_ENDING, "2026-09-22", false },
	{ "the day behind", "1.34.2", "2026-09-23", OKE_PAST, "2026-09-22", false },
	{ "past stays past in an old list", "1.34.1", "2030-01-01", OKE_PAST, "2026-03-09", false },
	{ "a minor is past when its last patch is", "1.34", "2026-04-01", OKE_SUPPORTED,
	  "2026-09-22", false },
	{ "past", "1.34", "2026-10-01", OKE_PAST, "2026-09-22", false },
	{ "a row without a patch is any", "1.33.7", "2026-09-06", OKE_PAST, "2026-08-10", false },
	{ "a patch without a row, its minor past", "1.32.5", "2026-09-06", OKE_PAST, "2026-02-01",
	  false },
	{ "a patch without a row, its minor not", "1.34.0", "2026-09-06", OKE_NOT_KNOWN,
	  "2026-09-22", false },
	{ "a preview", "1.36.0", "2026-09-06", OKE_PREVIEW, NULL, false },
	{ "a minor with a preview and more", "1.36", "2026-09-06", OKE_SUPPORTED, NULL, false },
	{ "newer than the list", "1.37", "2026-09-06", OKE_UNLISTED, NULL, true },
	{ "newer than an old list", "1.37", "2026-11-29", OKE_NOT_KNOWN, NULL, true },
	{ "a newer patch", "1.36.4", "2026-09-06", OKE_UNLISTED, NULL, true },
	{ "a newer patch than an old list's", "1.36.4", "2026-11-29", OKE_NOT_KNOWN, NULL, true },
	{ "older than the list", "1.20", "2026-09-06", OKE_PAST, NULL, false },
};

START_TEST(says_what_the_list_says)
{
	const struct state_case *c = &states[_i];
	struct versions list = list_of();
	struct kube_version v;
	struct oke_state s;

	ck_assert(kube_version_parse(str_of(c->version), &v));
	s = versions_state(&list, v, day(c->now));
	ck_assert_msg(s.support == c->want, "%s: %s, not %s", c->name, oke_support_name(s.support),
		      oke_support_name(c->want));
	ck_assert_msg(s.end == day(c->end), "%s: another end", c->name);
	ck_assert_msg(s.newer == c->newer, "%s: newer", c->name);
}
END_TEST

static const struct text_case {
	const char *version, *now, *want;
} texts[] = {
	{ "1.36.1", "2026-09-06",
	  "OKE supports Kubernetes 1.36.1 until 30 days after 1.39.1 (list as of 2026-09-05)" },
	{ "1.34", "2026-09-06",
	  "OKE supports Kubernetes 1.34 until 2026-09-22 (list as of 2026-09-05)" },
	{ "1.33", "2026-09-06",
	  "OKE's support for Kubernetes 1.33 ended on 2026-08-10 (list as of 2026-09-05)" },
	{ "1.20", "2026-09-06", "OKE's support for Kubernetes 1.20 ended (list as of 2026-09-05)" },
	{ "1.36.0", "2026-09-06",
	  "Kubernetes 1.36.0 is a preview on OKE, not for production (list as of 2026-09-05)" },
	{ "1.38", "2026-09-06", "OKE does not offer Kubernetes 1.38 (list as of 2026-09-05)" },
	{ "1.38", "2026-12-06",
	  "whether OKE supports Kubernetes 1.38 is not known (list as of 2026-09-05)" },
	{ "1.36.1", "2026-12-06",
	  "whether OKE supports Kubernetes 1.36.1 is not known (list as of 2026-09-05: until 30 "
	  "days after 1.39.1)" },
	/* What holds for another patch is not claimed for this one. */
	{ "1.36.7", "2026-12-06",
	  "whether OKE supports Kubernetes 1.36.7 is not known (list as of 2026-09-05)" },
};

START_TEST(says_it_in_words)
{
	const struct text_case *c = &texts[_i];
	struct versions list = list_of();
	char text[OKE_STATE_TEXT];
	struct kube_version v;
	struct oke_state s;

	ck_assert(kube_version_parse(str_of(c->version), &v));
	s = versions_state(&list, v, day(c->now));
	versions_state_print(&list, v, &s, text);
	ck_assert_str_eq(text, c->want);
}
END_TEST

static const struct parse_case {
	const char *text;
	int minor, patch; /* minor -1: no version */
} parses[] = {
	{ "1.36", 36, VERSION_ANY_PATCH },
	{ "v1.36", 36, VERSION_ANY_PATCH },
	{ "1.36.1", 36, 1 },
	{ "v1.36.10-oke.2+build", 36, 10 },
	{ "1.36+", 36, VERSION_ANY_PATCH },
	{ "1.999.999", 999, 999 },
	{ "", -1, 0 },
	{ "2.36", -1, 0 },
	{ "1.", -1, 0 },
	{ "1.36.", -1, 0 },
	{ "1.36.x", -1, 0 },
	{ "1.1000", -1, 0 },
	{ "1.36 ", -1, 0 },
	{ "vv1.36", -1, 0 },
};

START_TEST(reads_versions)
{
	const struct parse_case *c = &parses[_i];
	struct kube_version v = { 0, 0 };
	bool ok = kube_version_parse(str_of(c->text), &v);

	ck_assert_msg(ok == (c->minor >= 0), "'%s'", c->text);
	if (ok)
		ck_assert_msg((int)v.minor == c->minor && v.patch == c->patch, "'%s'", c->text);
}
END_TEST

START_TEST(the_newest_is_no_preview)
{
	struct versions list = list_of(), empty = { .n = 0 };

	ck_assert_ptr_eq(versions_newest(&list), &rows[0]);
	ck_assert_ptr_null(versions_newest(&empty));
	ck_assert_int_eq(versions_state(&empty, (struct kube_version){ 30, 0 }, 0).support,
			 OKE_UNLISTED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("versions");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, says_what_the_list_says, 0, sizeof states / sizeof *states);
	tcase_add_loop_test(tc, says_it_in_words, 0, sizeof texts / sizeof *texts);
	tcase_add_loop_test(tc, reads_versions, 0, sizeof parses / sizeof *parses);
	tcase_add_test(tc, the_newest_is_no_preview);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
