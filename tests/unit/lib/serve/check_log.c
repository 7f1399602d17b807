/* SPDX-License-Identifier: Apache-2.0
 * check_log.c - lines are JSON whatever stands in them, and are cut and limited.
 */
#include <check.h>
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/serve/log.h"
#include "tests/unit/suite.h"

/* A log into a pipe that holds what the tests write. */
static struct log log_;
static int reading;

static void setup(void)
{
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	ck_assert_int_gt(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20), 0);
	log_init(&log_, fds[1], "info");
	reading = fds[0];
}

static void teardown(void)
{
	close(log_.fd);
	close(reading);
}

/* What was written, NUL behind it. */
static const char *written(void)
{
	static char buf[1 << 20];
	ssize_t n = read(reading, buf, sizeof buf - 1);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static size_t lines_of(const char *s)
{
	size_t n = 0;

	for (; (s = strchr(s, '\n')); s++)
		n++;
	return n;
}

/* STR() is no constant initialiser everywhere. */
#define LITERAL(lit)                                                                               \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}

static const struct log_row {
	const char *name;
	struct str value;
	const char *want; /* between the quotes */
} rows[] = {
	{ "plain", LITERAL("coredns"), "coredns" },
	{ "empty", LITERAL(""), "" },
	{ "quotes and backslash", LITERAL("a\"b\\c"), "a\\\"b\\\\c" },
	{ "a new line", LITERAL("a\nb"), "a\\u000ab" },
	{ "an escape sequence", LITERAL("\x1b[2J"), "\\u001b[2J" },
	{ "NUL", LITERAL("a\0b"), "a\\u0000b" },
	{ "DEL", LITERAL("\x7f"), "\\u007f" },
	{ "two bytes", LITERAL("\xc3\xa9"), "\\u00e9" },
	{ "C1", LITERAL("\xc2\x9b"), "\\u009b" },
	{ "three bytes", LITERAL("\xe2\x82\xac"), "\\u20ac" },
	{ "four bytes", LITERAL("\xf0\x9f\x98\x80"), "\\ud83d\\ude00" },
	{ "the last code point", LITERAL("\xf4\x8f\xbf\xbf"), "\\udbff\\udfff" },
	{ "past the last", LITERAL("\xf4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "a surrogate", LITERAL("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd" },
	{ "overlong", LITERAL("\xc0\xaf"), "\\ufffd\\ufffd" },
	{ "a lone continuation", LITERAL("\x80z"), "\\ufffdz" },
	{ "cut short", LITERAL("a\xe2\x82"), "a\\ufffd\\ufffd" },
	{ "a byte that never is", LITERAL("\xff"), "\\ufffd" },
};

START_TEST(escapes)
{
	const struct log_row *r = &rows[_i];
	struct log_line l;
	char want[256];
	const char *got;
	cJSON *json;

	log_begin(&l, &log_, LOG_INFO, "m");
	log_str(&l, "k", r->value);
	log_end(&l);
	got = written();
	snprintf(want, sizeof want, "\"level\":\"info\",\"msg\":\"m\",\"k\":\"%s\"}\n", r->want);
	ck_assert_msg(strstr(got, want) != NULL, "%s: %s", r->name, got);
	ck_assert_uint_eq(lines_of(got), 1);
	json = cJSON_ParseWithOpts(got, NULL, 0);
	ck_assert_msg(json || memchr(r->value.s, 0, r->value.n), "%s: no JSON: %s", r->name, got);
	cJSON_Delete(json);
}
END_TEST

START_TEST(kinds)
{
	struct log_line l;
	const char *got;

	log_begin(&l, &log_, LOG_ERROR, "m");
	log_number(&l, "n", -5);
	log_bool(&l, "b", true);
	log_str(&l, "absent", (struct str){ NULL, 0 });
	log_end(&l);
	got = written();
	ck_assert_ptr_nonnull(
		strstr(got, "\"level\":\"error\",\"msg\":\"m\",\"n\":-5,\"b\":true}\n"));
	ck_assert_int_eq(strncmp(got, "{\"ts\":\"20", 9), 0);
}
END_TEST

START_TEST(levels)
{
	struct log_line l;

	log_begin(&l, &log_, LOG_DEBUG, "below");
	log_text(&l, "k", "v");
	log_end(&l);
	log_begin_limited(&l, &log_, LOG_DEBUG, "below");
	log_end(&l);
	ck_assert_str_eq(written(), "");
	log_.level = LOG_DEBUG;
	log_begin(&l, &log_, LOG_DEBUG, "at");
	log_end(&l);
	ck_assert_uint_eq(lines_of(written()), 1);
}
END_TEST

START_TEST(long_values_are_cut)
{
	char value[LOG_VALUE_MAX + 10];
	struct log_line l;
	const char *got;

	memset(value, 'x', sizeof value);
	log_begin(&l, &log_, LOG_INFO, "m");
	log_str(&l, "k", (struct str){ value, sizeof value });
	log_end(&l);
	got = written();
	ck_assert_ptr_nonnull(strstr(got, "xxx...\"}\n"));
	ck_assert_uint_lt(strlen(got), LOG_VALUE_MAX + 150);
}
END_TEST

/* What does not fit is left out whole, and said; the line is JSON still. */
START_TEST(long_lines_are_cut)
{
	char value[LOG_VALUE_MAX];
	struct log_line l;
	const char *got;
	cJSON *json;

	memset(value, '\1', sizeof value);
	log_begin(&l, &log_, LOG_INFO, "m");
	for (int i = 0; i < 20; i++)
		log_str(&l, "k", (struct str){ value, sizeof value });
	log_end(&l);
	got = written();
	ck_assert_uint_le(strlen(got), LOG_LINE_MAX);
	ck_assert_ptr_nonnull(strstr(got, ",\"cut\":true}\n"));
	ck_assert_ptr_nonnull(json = cJSON_Parse(got));
	cJSON_Delete(json);
}
END_TEST

static unsigned flood(unsigned n)
{
	struct log_line l;

	for (unsigned i = 0; i < n; i++) {
		log_begin_limited(&l, &log_, LOG_INFO, "flood");
		log_end(&l);
	}
	return (unsigned)lines_of(written());
}

START_TEST(rate)
{
	struct log_line l;
	unsigned got = flood(5 * LOG_RATE);
	const char *told;

	ck_assert_uint_ge(got, LOG_RATE);
	ck_assert_uint_le(got, 2 * LOG_RATE + 2); /* the second may change in between */
	log_begin(&l, &log_, LOG_INFO, "life");
	log_end(&l);
	ck_assert_ptr_nonnull(strstr(written(), "life")); /* is never left out */
	log_.second -= 10;
	log_tick(&log_);
	told = written();
	ck_assert_ptr_nonnull(strstr(told, "log lines were left out\",\"count\":"));
	log_tick(&log_);
	ck_assert_str_eq(written(), "");
	ck_assert_uint_ge(log_.suppressed_all, 3 * LOG_RATE - 2);
}
END_TEST

START_TEST(unwritable)
{
	struct log_line l;

	close(reading);
	signal(SIGPIPE, SIG_IGN);
	log_begin(&l, &log_, LOG_INFO, "nobody reads");
	log_end(&l);
	reading = -1;
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, escapes, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, kinds);
	tcase_add_test(t, levels);
	tcase_add_test(t, long_values_are_cut);
	tcase_add_test(t, long_lines_are_cut);
	tcase_add_test(t, rate);
	tcase_add_test(t, unwritable);
	suite_add_tcase(s, t);
	return run_suite(s);
}
