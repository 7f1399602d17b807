/* SPDX-License-Identifier: Apache-2.0
 * check_yaml.c - YAML to trees: shapes and places, what plain excludes, what full
 * keeps, limits, and memory that runs out at every step.
 */
#include "lib/yaml/yaml.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

#define MEMORY (8u << 20)

/* ---- a tree on one line: {a:1:1 -> "b"}; plain scalars without quotes ---- */

static void show_scalar(FILE *f, const struct yaml_node *n)
{
	fprintf(f, n->plain ? "%.*s" : "\"%.*s\"", (int)n->text.n, n->text.s);
}

static void show(FILE *f, const struct yaml_node *n, unsigned depth)
{
	ck_assert_uint_lt(depth, YAML_DEPTH_MAX);
	if (n->tag)
		fprintf(f, "!<%s> ", n->tag);
	if (n->kind == YAML_ALIAS) {
		if (n->target)
			fprintf(f, "*%u:%u", n->target->line, n->target->column);
		else
			fputs("*?", f);
	} else if (n->kind == YAML_SCALAR) {
		show_scalar(f, n);
	} else {
		unsigned count = 0;

		fputc(n->kind == YAML_MAPPING ? '{' : '[', f);
		for (const struct yaml_node *c = n->child; c; c = c->next, count++) {
			if (c != n->child)
				fputs(", ", f);
			if (c->key) {
				show(f, c->key, depth + 1);
				fputs(": ", f);
			}
			show(f, c, depth + 1);
		}
		ck_assert_uint_eq(count, n->n);
		fputc(n->kind == YAML_MAPPING ? '}' : ']', f);
	}
	fprintf(f, "@%u:%u", n->line, n->column);
}

static void note(void *ctx, struct yaml_place at, const char *text)
{
	fprintf(ctx, "%u:%u: %s\n", at.line, at.column, text);
}

/* All documents of a text, problems and the failure, each on a line. To be freed. */
static char *read_all(const struct yaml_input *input, struct yaml_options options, size_t memory)
{
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);
	struct yaml_stream *s;
	struct yaml_node *root;
	struct arena arena;
	struct err err;
	int r;

	options.problem = note;
	options.ctx = f;
	s = yaml_stream_new(input, &options);
	ck_assert_ptr_nonnull(s);
	arena_init(&arena, memory);
	while ((r = yaml_stream_next(s, &arena, &root, &err)) > 0) {
		show(f, root, 0);
		fputc('\n', f);
		arena_done(&arena);
	}
	if (r < 0)
		fprintf(f, "failed %u:%u: %s\n", yaml_stream_at(s).line, yaml_stream_at(s).column,
			err.msg);
	arena_done(&arena);
	yaml_stream_free(s);
	fclose(f);
	return out;
}

static const struct yaml_options full = { .depth = 32, .bytes = 1 << 20 };
static const struct yaml_options plain = { .plain = true, .depth = 32, .bytes = 1 << 20 };

/* ---- rows ---- */

#define K20 "abcdefghijklmnopqrst"
#define K80 K20 K20 K20 K20

static const struct yaml_row {
	const char *name;
	const struct yaml_options *options;
	const char *text, *want;
} rows[] = {
	{ "a mapping and its places", &plain, "a: 1\nbb:\n  - x\n  - 'y'\n",
	  "{a@1:1: 1@1:4, bb@2:1: [x@3:5, \"y\"@4:5]@3:3}@1:1\n" },
	{ "flow style and JSON", &plain, "{\"a\":[1,{\"b\":null}],\"c\":\"\\u00e9\"}",
	  "{\"a\"@1:2: [1@1:7, {\"b\"@1:10: null@1:14}@1:9]@1:6, \"c\"@1:21: "
	  "\"\xc3\xa9\"@1:25}@1:1\n" },
	{ "JSON with tabs", &plain, "{\n\t\"a\":\t1\n}\n", "{\"a\"@2:2: 1@2:7}@1:1\n" },
	{ "no document", &plain, "# nothing\n", "" },
	{ "nothing at all", &plain, "", "" },
	{ "several documents, one of them empty", &plain, "a: 1\n---\n---\nb: 2\n...\n# end\n",
	  "{a@1:1: 1@1:4}@1:1\n@3:1\n{b@4:1: 2@4:4}@4:1\n" },
	{ "a value left out", &plain, "a:\nb: x\n", "{a@1:1: @1:3, b@2:1: x@2:4}@1:1\n" },
	{ "columns count characters", &plain, "\xc3\xa9\xc3\xa9: [\xc3\xa9, x]\n",
	  "{\xc3\xa9\xc3\xa9@1:1: [\xc3\xa9@1:6, x@1:9]@1:5}@1:1\n" },
	{ "a byte order mark", &plain,
	  "\xef\xbb\xbf"
	  "a: 1\n",
	  "{a@1:2: 1@1:5}@1:2\n" },
	{ "a block scalar is not plain", &plain, "a: |\n  b\n", "{a@1:1: \"b\n\"@1:4}@1:1\n" },

	{ "plain: an anchor is told, the value stays", &plain, "a: &x 1\nb: 2\n",
	  "1:4: anchors (&...) are not allowed here: leave it out, and write each value where it "
	  "belongs\n{a@1:1: 1@1:4, b@2:1: 2@2:4}@1:1\n" },
	{ "plain: an alias is told and points nowhere", &plain, "a: *x\n",
	  "1:4: aliases (*...) are not allowed here: write the value itself, or put a text that "
	  "begins with * in quotes\n{a@1:1: *?@1:4}@1:1\n" },
	{ "plain: an alias as a key", &plain, "*x : 1\n",
	  "1:1: aliases (*...) are not allowed here: write the value itself, or put a text that "
	  "begins with * in quotes\n{}@1:1\n" },
	{ "plain: a merge key is told and left out", &plain, "<<: {a: 1}\nb: 2\n",
	  "1:1: merge keys (<<) are not allowed here: write the entries themselves\n"
	  "{b@2:1: 2@2:4}@1:1\n" },
	{ "plain: a quoted << is a key", &plain, "'<<': 1\n", "{\"<<\"@1:1: 1@1:7}@1:1\n" },
	{ "plain: tags", &plain, "a: !!str 1\nb: !x {}\n",
	  "1:4: tags (!...) are not allowed here: leave it out\n"
	  "2:4: tags (!...) are not allowed here: leave it out\n"
	  "{a@1:1: 1@1:4, b@2:1: {}@2:4}@1:1\n" },

	{ "full: an alias is a reference", &full, "a: &x {k: 1}\nb: *x\n",
	  "{a@1:1: {k@1:8: 1@1:11}@1:4, b@2:1: *1:4@2:4}@1:1\n" },
	{ "full: a merge key is an entry", &full, "a: &x {k: 1}\nb:\n  <<: *x\n",
	  "{a@1:1: {k@1:8: 1@1:11}@1:4, b@2:1: {<<@3:3: *1:4@3:7}@3:3}@1:1\n" },
	{ "full: the later anchor counts", &full, "[&x 1, *x, &x 2, *x]\n",
	  "[1@1:2, *1:2@1:8, 2@1:12, *1:12@1:18]@1:1\n" },
	{ "full: tags are kept", &full, "[!!str 1, !mine 2, ! 3]\n",
	  "[!<tag:yaml.org,2002:str> 1@1:2, !<!mine> 2@1:11, !<!> 3@1:20]@1:1\n" },
	{ "full: an alias as a key", &full, "&x a: 1\n*x : 2\nb: *x\n",
	  "2:1: key \"a\" stands twice in this mapping (first in line 1): keep one\n"
	  "{a@1:1: 1@1:7, b@3:1: *1:1@3:4}@1:1\n" },
	{ "full: an unknown alias", &full, "a: *x\n",
	  "failed 1:4: no anchor &x stands above this alias\n" },
	{ "full: anchors end with their document", &full, "a: &x 1\n---\nb: *x\n",
	  "{a@1:1: 1@1:4}@1:1\nfailed 3:4: no anchor &x stands above this alias\n" },
	{ "full: an alias inside its own anchor", &full, "a: &x\n  b: [*x]\n",
	  "failed 2:7: alias *x stands inside the value that it refers to (line 1)\n" },

	{ "repeated keys, both told, the first stays", &plain, "a: 1\nb: 2\na: 3\n\"a\": 4\n",
	  "3:1: key \"a\" stands twice in this mapping (first in line 1): keep one\n"
	  "4:1: key \"a\" stands twice in this mapping (first in line 1): keep one\n"
	  "{a@1:1: 1@1:4, b@2:1: 2@2:4}@1:1\n" },
	{ "repeated in an inner mapping", &full, "x:\n- {k: [1], k: {}}\n",
	  "2:12: key \"k\" stands twice in this mapping (first in line 2): keep one\n"
	  "{x@1:1: [{k@2:4: [1@2:8]@2:7}@2:3]@2:1}@1:1\n" },
	{ "of a long key 80 bytes are told", &plain, K80 "u: 1\n" K80 "u: 2\n",
	  "2:1: key \"" K80 "\" stands twice in this mapping (first in line 1): keep one\n{" K80
	  "u@1:1: 1@1:84}@1:1\n" },
	{ "keys differ by case", &plain, "a: 1\nA: 2\n", "{a@1:1: 1@1:4, A@2:1: 2@2:4}@1:1\n" },
	{ "a list as a key", &full, "[a]: 1\n",
	  "failed 1:1: a key must be a text, not a list or a mapping: if it begins with { or [, "
	  "put it in quotes\n" },
	{ "an unquoted template", &full, "a: {{ x }}\n",
	  "failed 1:5: a key must be a text, not a list or a mapping: if it begins with { or [, "
	  "put it in quotes\n" },

	{ "a tab as indentation", &plain, "a:\n\tb: 1\n",
	  "failed 2:1: a value cannot begin with this character: put it in quotes, and indent with "
	  "spaces, not with tabs (while scanning for the next token that begins in line 2)\n" },
	{ "a control character, with its line", &plain, "a: 1\nb: x\x01\n",
	  "failed 2:5: a control character: write it as an escape in double quotes, \"\\x1b\"\n" },
	{ "not UTF-8, with its line", &plain, "a: 1\n\xc3\xa9: \xff\n",
	  "failed 2:4: invalid leading UTF-8 octet\n" },
	{ "UTF-16 is not guessed", &plain,
	  "\xff\xfe"
	  "a\n",
	  "failed 1:1: invalid leading UTF-8 octet\n" },
	{ "two values on a line", &plain, "a: b: c\n",
	  "failed 1:5: a \"key: value\" cannot stand here: is the indentation right, or must a "
	  "value "
	  "that holds \": \" be quoted?\n" },
	{ "an open quote", &plain, "a: 'x\n",
	  "failed 2:1: the file ends inside a quoted text (while scanning a quoted scalar that "
	  "begins "
	  "in line 1)\n" },
	{ "the first document stands though the second is broken", &plain, "a: 1\n---\nb: [\n",
	  "{a@1:1: 1@1:4}@1:1\nfailed 4:1: a value is missing here (while parsing a flow node that "
	  "begins in line 4)\n" },
};

START_TEST(texts)
{
	const struct yaml_row *r = &rows[_i];
	struct yaml_input input = { .text = str_of(r->text) };
	char *got = read_all(&input, *r->options, MEMORY);

	ck_assert_msg(!strcmp(got, r->want), "%s:\n%s\nwant:\n%s", r->name, got, r->want);
	free(got);
}
END_TEST

START_TEST(a_nul_keeps_its_length)
{
	struct yaml_input input = { .text = STR("\"x\\0y\"") };
	struct yaml_stream *s = yaml_stream_new(&input, &plain);
	struct yaml_node *root;
	struct arena arena;
	struct err err;

	arena_init(&arena, MEMORY);
	ck_assert_int_eq(yaml_stream_next(s, &arena, &root, &err), 1);
	ck_assert_uint_eq(root->text.n, 3);
	ck_assert_int_eq(memcmp(root->text.s, "x\0y", 3), 0);
	ck_assert_int_eq(yaml_stream_next(s, &arena, &root, &err), 0);
	ck_assert_int_eq(yaml_stream_next(s, &arena, &root, &err), 0);
	yaml_stream_free(s);
	arena_done(&arena);
}
END_TEST

/* ---- reading by function, in pieces of every size ---- */

struct pieces {
	struct str text;
	size_t size;
	bool fail;
};

static int read_piece(void *ctx, char *buf, size_t room, size_t *got, struct err *err)
{
	struct pieces *p = ctx;
	size_t n = p->size < p->text.n ? p->size : p->text.n;

	ck_assert_uint_le(n, room);
	if (!n && p->fail)
		return err_set(err, ERR_IO, "the pipe broke");
	if (n)
		memcpy(buf, p->text.s, n);
	p->text = str_from(p->text, n);
	*got = n;
	return 0;
}

START_TEST(pieces_do_not_matter)
{
	const struct yaml_row *r = &rows[_i];
	struct yaml_input whole = { .text = str_of(r->text) };
	char *want = read_all(&whole, *r->options, MEMORY);

	for (size_t size = 1; size < 9; size++) {
		struct pieces pieces = { str_of(r->text), size, false };
		struct yaml_input input = { .read = read_piece, .ctx = &pieces };
		char *got = read_all(&input, *r->options, MEMORY);

		ck_assert_msg(!strcmp(got, want), "%s, %zu at a time:\n%s\nwant:\n%s", r->name,
			      size, got, want);
		free(got);
	}
	free(want);
}
END_TEST

START_TEST(a_failing_read_is_passed_on)
{
	struct pieces pieces = { STR("a: 1\nb: 2\n"), 64, true };
	struct yaml_input input = { .read = read_piece, .ctx = &pieces };
	char *got = read_all(&input, full, MEMORY);

	ck_assert_ptr_nonnull(strstr(got, "the pipe broke"));
	free(got);
}
END_TEST

/* ---- limits ---- */

static char *repeat(const char *piece, size_t times)
{
	size_t n = strlen(piece);
	char *s = malloc(n * times + 1);

	ck_assert_ptr_nonnull(s);
	for (size_t i = 0; i < times; i++)
		memcpy(s + i * n, piece, n);
	s[n * times] = '\0';
	return s;
}

static void expect(const char *text, const struct yaml_options *options, const char *part)
{
	struct yaml_input input = { .text = str_of(text) };
	char *got = read_all(&input, *options, MEMORY);

	ck_assert_msg(strstr(got, part), "%.300s\nwant: %s", got, part);
	free(got);
}

START_TEST(depth_is_bounded)
{
	char *nested = repeat("[", 100000), *dashes = repeat("- ", 5000);

	expect("[[[[]]]]", &(struct yaml_options){ .depth = 4, .bytes = 99 }, "[[[[]@1:4");
	expect("[[[[[]]]]]", &(struct yaml_options){ .depth = 4, .bytes = 99 },
	       "failed 1:5: lists and mappings stand more than 4 deep");
	expect(nested, &(struct yaml_options){ .depth = 9999, .bytes = 1 << 20 },
	       "stand more than 256 deep");
	expect(dashes, &full, "stand more than 32 deep");
	free(nested);
	free(dashes);
}
END_TEST

START_TEST(bytes_are_bounded)
{
	struct yaml_options small = { .depth = 32, .bytes = 20 };
	char *many = repeat("---\na: 1\n", 1000);

	expect("a: 123456789\nb: 123456789\n", &small,
	       "failed 2:1: the document is larger than 20 bytes: split it, with --- between");
	expect(many, &small, "{a@2000:1: 1@2000:4}@2000:1\n"); /* of each document, not of all */
	free(many);
}
END_TEST

START_TEST(anchors_are_bounded)
{
	char *many = repeat("- &xNNNN 1\n", YAML_ANCHORS_MAX + 1);
	char *at = many;

	for (unsigned i = 0; i <= YAML_ANCHORS_MAX; i++, at += strlen("- &xNNNN 1\n")) {
		char number[8];

		snprintf(number, sizeof number, "%04u", i);
		memcpy(at + 4, number, 4);
	}
	expect(many, &full, "failed 1001:3: more than 1000 anchors in one document");
	free(many);
}
END_TEST

START_TEST(a_billion_laughs_stay_nine_lines)
{
	const char *text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
			   "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
			   "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
			   "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n";
	struct yaml_input input = { .text = str_of(text) };
	char *got = read_all(&input, full, sizeof(struct yaml_node) * 200 + 32 * 1024);

	ck_assert_msg(!strstr(got, "failed"), "%s", got);
	free(got);
}
END_TEST

/* Few keys are compared each with each, more are sorted: in either case the one that repeats is
 * told. */
START_TEST(a_key_repeats_among_any_number)
{
	int n = _i + 1;

	for (int again = -1; again < n; again++) {
		char *text = NULL, *got, want[64] = "stands twice in this mapping";
		size_t size = 0;
		FILE *f = open_memstream(&text, &size);
		struct yaml_input input;

		for (int i = 0; i < n; i++)
			fprintf(f, "k%d: 1\n", i);
		if (again >= 0) {
			fprintf(f, "k%d: 1\n", again);
			snprintf(want, sizeof want, "%d:1: key \"k%d\" stands twice", n + 1, again);
		}
		fclose(f);
		input = (struct yaml_input){ .text = str_of(text) };
		got = read_all(&input, plain, MEMORY);
		ck_assert_msg(!strstr(got, want) == (again < 0), "%s", got);
		free(got);
		free(text);
	}
}
END_TEST

/* Many keys: finding repeated ones must not take the square of their number. */
START_TEST(many_keys)
{
	size_t n = 60000, size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);
	struct yaml_options options = { .depth = 4, .bytes = 4 << 20 };
	struct yaml_input input;
	char *got;

	for (size_t i = 0; i < n; i++)
		fprintf(f, "k%zu: 1\n", i);
	fputs("k0: 1\n", f);
	fclose(f);
	input = (struct yaml_input){ .text = str_of(text) };
	got = read_all(&input, options, 64 << 20);
	ck_assert_ptr_nonnull(strstr(got, "60001:1: key \"k0\" stands twice"));
	free(got);
	free(text);
}
END_TEST

/* Every size of memory either suffices or is a clean failure. */
START_TEST(memory_runs_out_anywhere)
{
	const char *text = "a: &x {k: [1, 2], l: !t \"3\"}\nb: *x\nc:\n- d\n- {e: f, e: g}\n";
	struct yaml_input input = { .text = str_of(text) };
	bool done = false;
	size_t failures = 0;

	for (size_t memory = 0; !done; memory += 16) {
		char *got = read_all(&input, full, memory);

		ck_assert_uint_lt(memory, MEMORY);
		done = !strstr(got, "failed");
		failures += !done;
		ck_assert(done || strstr(got, "no room for the document"));
		free(got);
	}
	ck_assert_uint_gt(failures, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tc = tcase_create("yaml");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, texts, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tc, pieces_do_not_matter, 0, sizeof rows / sizeof *rows);
	tcase_add_test(tc, a_nul_keeps_its_length);
	tcase_add_test(tc, a_failing_read_is_passed_on);
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_test(tc, bytes_are_bounded);
	tcase_add_test(tc, anchors_are_bounded);
	tcase_add_test(tc, a_billion_laughs_stay_nine_lines);
	tcase_add_loop_test(tc, a_key_repeats_among_any_number, 0, 16);
	tcase_add_test(tc, many_keys);
	tcase_add_test(tc, memory_runs_out_anywhere);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
