/* SPDX-License-Identifier: Apache-2.0
 * check_review_input.c - where one review ends and the next begins, however they are
 * written; a broken one costs no other.
 */
#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "cli/review_input.h"
#include "tests/unit/suite.h"

#define R "\"AdmissionReview\"" /* what a whole line of another record is known by */

static const struct stream_case {
	const char *why, *input;
	const char *want[6]; /* "LINE[ID]BODY"; the body without white space around it */
} streams[] = {
	{ "nothing", "", { NULL } },
	{ "blank lines", "\n \n\t\r\n", { NULL } },
	{ "one a line", "{\"a\":1}\n{\"b\":2}\n", { "1[]{\"a\":1}", "2[]{\"b\":2}" } },
	{ "no newline at the end", "{\"a\":1}\n\n{\"b\":2}", { "1[]{\"a\":1}", "3[]{\"b\":2}" } },
	{ "indented for reading",
	  "{\n \"a\": {\n  \"b\": [1,\n2]\n }\n}\n",
	  { "1[]{\n \"a\": {\n  \"b\": [1,\n2]\n }\n}" } },
	{ "several, indented",
	  "{\n \"a\":1\n}\n\n{\n \"b\":2\n}\n",
	  { "1[]{\n \"a\":1\n}", "5[]{\n \"b\":2\n}" } },
	{ "brackets in strings",
	  "{\"a\":\"}{\\\"[\"}\n{\"b\":2}\n",
	  { "1[]{\"a\":\"}{\\\"[\"}", "2[]{\"b\":2}" } },
	{ "an object in column one",
	  "{\"a\":[\n{},\n{}\n]}\n{\"b\":2}\n",
	  { "1[]{\"a\":[\n{},\n{}\n]}", "5[]{\"b\":2}" } },
	{ "a recorded review",
	  "{\"id\": \"x\", \"expect\": {}, \"review\": {\"kind\" : 1}}\n",
	  { "1[\"x\"]{\"kind\" : 1}" } },
	{ "a review that has an id is one",
	  "{\"id\":\"x\",\"request\":{},\"review\":{}}\n",
	  { "1[\"x\"]{\"id\":\"x\",\"request\":{},\"review\":{}}" } },
	{ "words", "hello\n{\"b\":2}\n", { "1[]hello", "2[]{\"b\":2}" } },
	{ "a closing bracket", "}\n{\"b\":2}\n", { "1[]}", "2[]{\"b\":2}" } },
	{ "two on a line",
	  "{\"a\":1} {\"b\":2}\n{\"c\":3}\n",
	  { "1[]{\"a\":1} {\"b\":2}", "2[]{\"c\":3}" } },
	{ "cut off in a string", "{\"a\":\"x\n{\"b\":2}\n", { "1[]{\"a\":\"x", "2[]{\"b\":2}" } },
	{ "cut off behind a value",
	  "{\"a\":{\"x\":1\n{\"b\":2}\n",
	  { "1[]{\"a\":{\"x\":1", "2[]{\"b\":2}" } },
	{ "cut off behind a colon",
	  "{\"a\":\n{\"kind\":" R "}\n{\"c\":3}\n",
	  { "1[]{\"a\":", "2[]{\"kind\":" R "}", "3[]{\"c\":3}" } },
	{ "cut off at the end", "{\"a\":1}\n{\"b\":{", { "1[]{\"a\":1}", "2[]{\"b\":{" } },
	{ "a recorded review, cut off",
	  "{\"id\":\"x\",\"review\":{\"a\":1}\n{\"b\":2}\n",
	  { "1[]{\"id\":\"x\",\"review\":{\"a\":1}", "2[]{\"b\":2}" } },
};
#define STREAMS_N (sizeof streams / sizeof *streams)

static struct str trimmed(struct str s)
{
	while (s.n && strchr(" \t\r\n", s.s[s.n - 1]))
		s.n--;
	return s;
}

static FILE *stream_of(const char *bytes, size_t n)
{
	FILE *f = tmpfile();

	ck_assert(f && fwrite(bytes, 1, n, f) == n);
	rewind(f);
	return f;
}

START_TEST(reads)
{
	const struct stream_case *c = &streams[_i];
	scoped(file_end) FILE *f = stream_of(c->input, strlen(c->input));
	struct review_input *records = review_input_new(f);
	struct review_record record;
	struct err err = { .kind = ERR_NONE };
	size_t n = 0;

	while (review_input_next(records, &record, &err) > 0) {
		char got[256];

		ck_assert(!record.too_long);
		snprintf(got, sizeof got, "%zu[%.*s]%.*s", record.line, STR_ARG(record.id),
			 STR_ARG(trimmed(record.body)));
		ck_assert_msg(c->want[n] && !strcmp(got, c->want[n]), "%s: record %zu: %s", c->why,
			      n, got);
		n++;
	}
	ck_assert_msg(!c->want[n], "%s: %zu records", c->why, n);
	review_input_free(records);
}
END_TEST

/* Longer than the server takes: said to be so, and the next one is read. */
START_TEST(too_long)
{
	static const size_t sizes[] = { BODY_MAX, BODY_MAX + 1, REVIEW_RECORD_MAX + 1,
					3 * REVIEW_RECORD_MAX };
	size_t size = sizes[_i];
	char *text = malloc(size + 64);
	scoped(file_end) FILE *f = NULL;
	struct review_input *records;
	struct review_record record;
	struct err err = { .kind = ERR_NONE };

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + size - 2, "\"}", 2);
	memcpy(text + size, "\n{\"b\":2}\n", 10);
	f = stream_of(text, size + 9);
	free(text);
	records = review_input_new(f);
	ck_assert_int_eq(review_input_next(records, &record, &err), 1);
	ck_assert_int_eq(record.too_long, size > BODY_MAX);
	ck_assert_uint_eq(record.line, 1);
	ck_assert_int_eq(review_input_next(records, &record, &err), 1);
	ck_assert(!record.too_long && str_is(trimmed(record.body), "{\"b\":2}"));
	ck_assert_uint_eq(record.line, 2);
	ck_assert_int_eq(review_input_next(records, &record, &err), 0);
	review_input_free(records);
}
END_TEST

START_TEST(unreadable)
{
	scoped(file_end) FILE *f = fopen("/", "re");
	struct review_input *records = review_input_new(f);
	struct review_record record;
	struct err err = { .kind = ERR_NONE };

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(review_input_next(records, &record, &err), -1);
	ck_assert_int_eq(err.kind, ERR_IO);
	review_input_free(records);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("records");
	TCase *tc = tcase_create("records");

	tcase_add_loop_test(tc, reads, 0, STREAMS_N);
	tcase_add_loop_test(tc, too_long, 0, 4);
	tcase_add_test(tc, unreadable);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
