/* SPDX-License-Identifier: Apache-2.0
 * check_splitter.c - an answer to its items, whatever pieces it arrives in; what is no list is said
 * to be none, and the work grows with the bytes.
 */
#include "agent/collect/splitter.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/unit/suite.h"

struct got {
	char text[4096];
	size_t n, oversize, items;
	unsigned long long bytes;
	bool stop;
};

static bool got_add(struct got *g, const char *before, struct str s)
{
	g->n += (size_t)snprintf(g->text + g->n, sizeof g->text - g->n, "%s%.*s", before,
				 STR_ARG(s));
	ck_assert(g->n < sizeof g->text);
	return !g->stop;
}

static bool got_item(void *ctx, struct str item)
{
	return got_add(ctx, "|", item);
}

static bool got_oversize(void *ctx, uint64_t bytes)
{
	struct got *g = ctx;

	g->oversize++;
	g->bytes = bytes;
	return true;
}

static bool got_columns(void *ctx, struct str definitions)
{
	return got_add(ctx, "#", definitions);
}

static const struct splitter_ops ops = { got_item, got_oversize, got_columns };

static const struct splitter_case {
	const char *why;
	enum splitter_shape shape;
	const char *text;
	const char *want; /* "|ITEM|ITEM", "#COLUMNS"; NULL: refused */
	const char *said; /* of a refusal */
} cases[] = {
	{ "a list", SPLITTER_LIST, "{\"kind\":\"PodList\",\"items\":[{\"a\":1},{\"b\":[2,{}]}]}",
	  "|{\"a\":1}|{\"b\":[2,{}]}", NULL },
	{ "an empty list", SPLITTER_LIST, "{\"items\":[]}", "", NULL },
	{ "null, as Go writes an empty list", SPLITTER_LIST, "{\"items\":null}", "", NULL },
	{ "an item in an item is none", SPLITTER_LIST,
	  "{\"metadata\":{\"items\":[9]},\"x\":{\"items\":[8]},\"items\":[{\"items\":[1,2]}]}",
	  "|{\"items\":[1,2]}", NULL },
	{ "line breaks go, within strings they are escapes", SPLITTER_LIST,
	  "{\n \"items\" : [\r\n  {\n\t\"a\":\"x\\ny\" }\n ] }\n", "|{\t\"a\":\"x\\ny\" }", NULL },
	{ "quotes and brackets in strings", SPLITTER_LIST,
	  "{\"items\":[{\"a\":\"]}\\\"],{\\\\\"}]}", "|{\"a\":\"]}\\\"],{\\\\\"}", NULL },
	{ "spaces and the last of the ASCII signs in strings", SPLITTER_LIST,
	  "{\"items\":[{\"a b\":\" ~\x7f \"}]}", "|{\"a b\":\" ~\x7f \"}", NULL },
	{ "scalars", SPLITTER_LIST, "{\"items\":[1,-2.5e3,true,null,\"x\"]}",
	  "|1|-2.5e3|true|null|\"x\"", NULL },
	{ "a table", SPLITTER_TABLE,
	  "{\"columnDefinitions\":[{\"name\":\"A\"}],\"rows\":[{\"cells\":[1]}]}",
	  "#[{\"name\":\"A\"}]|{\"cells\":[1]}", NULL },
	{ "the whole answer", SPLITTER_WHOLE, " {\"items\":[1]} ", "|{\"items\":[1]}", NULL },
	{ "rows before their columns", SPLITTER_TABLE, "{\"rows\":[{}],\"columnDefinitions\":[]}",
	  NULL, "rows before" },
	{ "two lists", SPLITTER_LIST, "{\"items\":[1],\"items\":[2]}", NULL, "second list" },
	{ "two metadata", SPLITTER_LIST, "{\"metadata\":{},\"metadata\":{},\"items\":[]}", NULL,
	  "metadata twice" },
	{ "no items", SPLITTER_LIST, "{\"kind\":\"Pod\"}", NULL, "no items" },
	{ "no rows", SPLITTER_TABLE, "{\"items\":[]}", NULL, "no rows" },
	{ "an array", SPLITTER_LIST, "[1]", NULL, "not a list" },
	{ "nothing", SPLITTER_LIST, "", NULL, "empty" },
	{ "cut in an item", SPLITTER_LIST, "{\"items\":[{\"a\":", NULL, "cut off" },
	{ "cut in a string", SPLITTER_LIST, "{\"items\":[\"a", NULL, "cut off" },
	{ "cut behind the items", SPLITTER_LIST, "{\"items\":[]", NULL, "cut off" },
	{ "more than one", SPLITTER_LIST, "{\"items\":[]}{", NULL, "behind the end" },
	{ "brackets that do not fit", SPLITTER_LIST, "{\"items\":[{]}", NULL, "does not fit" },
	{ "brackets that do not fit, later", SPLITTER_LIST, "{\"items\":[{\"a\":1]", NULL,
	  "does not fit" },
	{ "no comma", SPLITTER_LIST, "{\"items\":[{}{}]}", NULL, "',' expected" },
	{ "a comma too many", SPLITTER_LIST, "{\"items\":[{},]}", NULL, "no value" },
	{ "no colon", SPLITTER_LIST, "{\"items\"[]}", NULL, "':' expected" },
	{ "no JSON", SPLITTER_LIST, "<html>", NULL, "no value" },
	{ "a line break in a string", SPLITTER_LIST, "{\"items\":[\"a\nb\"]}", NULL, "control" },
	{ "a NUL", SPLITTER_LIST, "{\"items\":[\1]}", NULL, "no value" },
};

static int feed(struct splitter *s, const char *text, size_t n, size_t piece, struct err *err)
{
	for (size_t at = 0; at < n; at += piece)
		if (splitter_feed(s, text + at, n - at < piece ? n - at : piece, err) < 0)
			return -1;
	return splitter_finish(s, err);
}

/* In one piece, in two at every place, and byte by byte. */
START_TEST(an_answer_is_split)
{
	const struct splitter_case *c = &cases[_i];
	size_t n = strlen(c->text);
	struct got got = { .n = 0 };
	struct splitter *s = splitter_new(c->shape, &ops, &got);

	for (size_t piece = 1; piece <= n + 1; piece++) {
		struct err err = { .kind = ERR_NONE };
		int status;

		got = (struct got){ .n = 0 };
		splitter_reset(s);
		status = feed(s, c->text, n, piece, &err);
		ck_assert_msg((status == 0) == (c->want != NULL), "%s, pieces of %zu: %s", c->why,
			      piece, err.msg);
		if (c->want)
			ck_assert_msg(!strcmp(got.text, c->want), "%s, pieces of %zu: %s", c->why,
				      piece, got.text);
		else
			ck_assert_msg(strstr(err.msg, c->said) != NULL, "%s: %s", c->why, err.msg);
	}
	splitter_free(s);
}
END_TEST

START_TEST(the_metadata_is_kept)
{
	static const char text[] = "{\"items\":[],\"metadata\":{\"continue\":\"x\"}}";
	struct got got = { .n = 0 };
	struct splitter *s = splitter_new(SPLITTER_LIST, &ops, &got);
	struct err err;

	ck_assert_int_eq(feed(s, text, strlen(text), 1, &err), 0);
	ck_assert(str_is(splitter_metadata(s), "{\"continue\":\"x\"}"));
	splitter_reset(s);
	ck_assert(!splitter_metadata(s).n);
	splitter_free(s);
}
END_TEST

START_TEST(who_takes_may_stop)
{
	struct got got = { .stop = true };
	struct splitter *s = splitter_new(SPLITTER_LIST, &ops, &got);
	struct err err;

	ck_assert_int_eq(splitter_feed(s, "{\"items\":[1,2]}", 15, &err), -1);
	ck_assert_int_eq(err.kind, ERR_NONE);
	ck_assert_str_eq(got.text, "|1");
	splitter_free(s);
}
END_TEST

/* `n` bytes of filler in the middle item. */
static char *list_with_filler(size_t n, size_t *len)
{
	char *text = malloc(n + 100);

	*len = (size_t)sprintf(text, "{\"items\":[1,{\"a\":\"");
	memset(text + *len, 'x', n);
	*len += n;
	*len += (size_t)sprintf(text + *len, "\"},2]}");
	return text;
}

START_TEST(a_large_item_is_passed_over)
{
	struct got got = { .n = 0 };
	struct splitter *s = splitter_new(SPLITTER_LIST, &ops, &got);
	struct err err;
	size_t n;
	char *text = list_with_filler(SPLITTER_ITEM_MAX - 7, &n);

	ck_assert_int_eq(feed(s, text, n, 16384, &err), 0);
	ck_assert_uint_eq(got.oversize, 1);
	ck_assert_uint_eq(got.bytes, SPLITTER_ITEM_MAX + 1);
	ck_assert_str_eq(got.text, "|1|2");
	free(text);
	splitter_free(s);
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct got got = { .n = 0 };
	struct splitter *s = splitter_new(SPLITTER_WHOLE, &ops, &got);
	struct err err = { .kind = ERR_NONE };
	char deep[SPLITTER_DEPTH + 2];

	memset(deep, '[', sizeof deep);
	ck_assert_int_eq(splitter_feed(s, deep, SPLITTER_DEPTH, &err), 0);
	ck_assert_int_eq(splitter_feed(s, deep, 1, &err), -1);
	ck_assert(strstr(err.msg, "too deep") != NULL);
	splitter_free(s);
}
END_TEST

/* At every depth an object closes as one where a list stood, and a list where an object stood. */
START_TEST(brackets_at_every_depth)
{
	for (size_t depth = 1; depth < SPLITTER_DEPTH; depth++) {
		struct got got = { .n = 0 };
		struct splitter *s = splitter_new(SPLITTER_WHOLE, &ops, &got);
		struct err err = { .kind = ERR_NONE };

		for (size_t i = 0; i < depth; i++)
			ck_assert_int_eq(splitter_feed(s, "[", 1, &err), 0);
		ck_assert_msg(splitter_feed(s, "[],{},[]", 8, &err) == 0, "%zu: %s", depth,
			      err.msg);
		ck_assert_int_eq(splitter_feed(s, ",{]", 3, &err), -1);
		splitter_free(s);
	}
}
END_TEST

START_TEST(metadata_is_bounded)
{
	struct got got = { .n = 0 };
	struct splitter *s = splitter_new(SPLITTER_LIST, &ops, &got);
	struct err err = { .kind = ERR_NONE };
	char *text = calloc(1, SPLITTER_META_MAX + 100);
	int n = sprintf(text, "{\"metadata\":\"");

	memset(text + n, 'x', SPLITTER_META_MAX);
	strcat(text, "\",\"items\":[]}");
	ck_assert_int_eq(feed(s, text, strlen(text), 4096, &err), -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	free(text);
	splitter_free(s);
}
END_TEST

/* CPU time for so many bytes. */
static uint64_t cost_of(size_t n)
{
	struct got got = { .n = 0 };
	struct splitter *s = splitter_new(SPLITTER_LIST, &ops, &got);
	size_t len;
	char *text = list_with_filler(n, &len);
	struct timespec a, b;
	struct err err;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	ck_assert_int_eq(feed(s, text, len, 16384, &err), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	free(text);
	splitter_free(s);
	return (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000u + (uint64_t)b.tv_nsec -
	       (uint64_t)a.tv_nsec;
}

START_TEST(work_grows_with_the_bytes)
{
	uint64_t one = UINT64_MAX, two = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t a = cost_of(8u << 20), b = cost_of(16u << 20);

		one = a < one ? a : one;
		two = b < two ? b : two;
	}
	ck_assert_msg(two < 5 * one / 2, "twice the bytes: %llu ns, then %llu",
		      (unsigned long long)one, (unsigned long long)two);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("splitter");
	TCase *tc = tcase_create("splitter");

	tcase_add_loop_test(tc, an_answer_is_split, 0, sizeof cases / sizeof *cases);
	tcase_add_test(tc, the_metadata_is_kept);
	tcase_add_test(tc, who_takes_may_stop);
	tcase_add_test(tc, a_large_item_is_passed_over);
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_test(tc, brackets_at_every_depth);
	tcase_add_test(tc, metadata_is_bounded);
	tcase_add_test(tc, work_grows_with_the_bytes);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
