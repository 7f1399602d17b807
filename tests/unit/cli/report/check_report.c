/* SPDX-License-Identifier: Apache-2.0
 * check_report.c - a report that is not whole says so: for want of memory, or of room for the
 * temporary files.
 */
#include "cli/report/report.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "tests/unit/suite.h"

static bool no_text; /* no text in memory can be opened */

/* Of the C library, from which the test takes it away. */
FILE *open_memstream(char **text, size_t *n)
{
	FILE *f = no_text ? NULL : tmpfile();

	if (!f)
		return NULL;
	*text = strdup("text");
	*n = 4;
	return f;
}

static void *no_memory(size_t n)
{
	(void)n;
	return NULL;
}

#define WORD(s)                                                                                    \
	{                                                                                          \
		(s), sizeof(s) - 1                                                                 \
	}

static const struct report_object object = { .place = { "a.yaml", "a.yaml", 1, 1 },
					     .api_version = WORD("v1"),
					     .kind = WORD("Pod"),
					     .name = WORD("p") };
static const struct report_finding denial = { .action = ACTION_DENY,
					      .tier = "unsupported",
					      .policy = WORD("p"),
					      .rule = WORD("r"),
					      .message = WORD("no"),
					      .remedy = WORD("remove it") };
static const struct report_summary summary = { .kubernetes = "1.36", .objects = 1, .files = 1 };

/* So many objects with a denial each; what report_end says. */
static int told(const char *format, FILE *out, size_t objects, bool texts, bool json,
		struct err *err)
{
	struct report *r = report_new(format, out, ACTION_DENY, NULL, NULL);
	cJSON_Hooks hooks = { no_memory, free };
	int status;

	ck_assert(r != NULL);
	no_text = texts;
	if (json)
		cJSON_InitHooks(&hooks);
	for (size_t i = 0; i < objects; i++) {
		report_object(r, &object);
		report_finding(r, &object, &denial);
		report_object_end(r, &object);
	}
	cJSON_InitHooks(NULL);
	no_text = false;
	status = report_end(r, &summary, err);
	report_free(r);
	return status;
}

static const char *const formats[] = {
	"text", "json", "sarif", "junit", "tap", "github", "gitlab"
};

START_TEST(whole)
{
	FILE *out = fopen("/dev/null", "w");
	struct err err;

	ck_assert_int_eq(told(formats[_i], out, 1, false, false, &err), 0);
	fclose(out);
}
END_TEST

/* The format has texts in memory, or is made of JSON. */
static const struct lost_row {
	const char *format;
	bool texts, json;
} lost_rows[] = {
	{ "json", false, true },   { "sarif", true, false }, { "sarif", false, true },
	{ "junit", true, false },  { "tap", true, false },   { "github", true, false },
	{ "gitlab", false, true },
};

START_TEST(lost_for_want_of_memory)
{
	const struct lost_row *row = &lost_rows[_i];
	FILE *out = fopen("/dev/null", "w");
	struct err err;

	ck_assert_int_eq(told(row->format, out, 1, row->texts, row->json, &err), -1);
	ck_assert_msg(strstr(err.msg, "the report is not whole: out of memory") != NULL, "%s",
		      err.msg);
	fclose(out);
}
END_TEST

/* Of a finding that fails, although it could not be written down. */
START_TEST(a_test_point_without_memory_fails_still)
{
	FILE *out = tmpfile();
	char text[256] = "";
	struct err err;

	ck_assert_int_eq(told("tap", out, 1, true, false, &err), -1);
	rewind(out);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, out), 0);
	ck_assert_msg(strstr(text, "not ok 1") != NULL, "%s", text);
	fclose(out);
}
END_TEST

START_TEST(lost_for_want_of_room)
{
	static const char *const kept[] = { "sarif", "junit" };
	const struct rlimit small = { 4096, 4096 };
	FILE *out = fopen("/dev/null", "w");
	struct err err;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	ck_assert_int_eq(told(kept[_i], out, 1000, false, false, &err), -1);
	ck_assert_msg(strstr(err.msg, "no room for temporary files") != NULL, "%s", err.msg);
	fclose(out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("report");
	TCase *c = tcase_create("whole or not");

	tcase_add_loop_test(c, whole, 0, sizeof formats / sizeof *formats);
	tcase_add_loop_test(c, lost_for_want_of_memory, 0, sizeof lost_rows / sizeof *lost_rows);
	tcase_add_test(c, a_test_point_without_memory_fails_still);
	tcase_add_loop_test(c, lost_for_want_of_room, 0, 2);
	suite_add_tcase(s, c);
	return run_suite(s);
}
