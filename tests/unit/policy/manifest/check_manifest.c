/* SPDX-License-Identifier: Apache-2.0
 * check_manifest.c - manifests are read as kubectl reads them, or refused by name.
 */
#include "policy/manifest/manifest.h"

#include "lib/json/json.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

struct reading {
	struct manifest *m;
	struct manifest_object o;
	size_t problems;
	unsigned line, document; /* of the first problem */
	char text[300];
};

static void on_problem(void *ctx, const struct manifest_problem *p)
{
	struct reading *r = ctx;

	if (!r->problems++) {
		r->line = p->line;
		r->document = p->document;
		snprintf(r->text, sizeof r->text, "%s", p->text);
	}
}

static void reading_init(struct reading *r, struct str text)
{
	struct yaml_input input = { .text = text };
	struct manifest_options options = { .problem = on_problem, .ctx = r };

	*r = (struct reading){ .problems = 0 };
	ck_assert_ptr_nonnull(r->m = manifest_new(&input, &options));
}

/* ---- what a value means ---- */

static const struct value_case {
	const char *why, *yaml, *json; /* v: YAML gives {"v":JSON} */
} values[] = {
	{ "Norway", "no", "false" },
	{ "in capitals", "NO", "false" },
	{ "no word of either language", "nO", "\"nO\"" },
	{ "yes", "yes", "true" },
	{ "on", "on", "true" },
	{ "off", "Off", "false" },
	{ "y alone", "y", "true" },
	{ "n alone", "n", "false" },
	{ "true as JSON has it", "true", "true" },
	{ "Norway in quotes", "\"no\"", "\"no\"" },
	{ "Norway in a block", "|-\n  no", "\"no\"" },
	{ "Norway with its tag", "!!str no", "\"no\"" },
	{ "nothing", "", "null" },
	{ "a tilde", "~", "null" },
	{ "null", "Null", "null" },
	{ "an empty text", "''", "\"\"" },
	{ "octal by a zero", "010", "8" },
	{ "octal by 0o", "0o10", "8" },
	{ "no octal digit: a float", "089", "89" },
	{ "hexadecimal", "0x1F", "31" },
	{ "binary", "0b101", "5" },
	{ "a sign", "-0x10", "-16" },
	{ "plus", "+12", "12" },
	{ "underscores", "1_000", "1000" },
	{ "the largest of 64 bits", "18446744073709551615", "18446744073709551615" },
	{ "one more: a float", "18446744073709551616", "18446744073709551616" },
	{ "zero", "0", "0" },
	{ "zero in octal", "00", "0" },
	{ "zero below zero", "-0", "0" },
	{ "eighteen digits", "987654321098765432", "987654321098765432" },
	{ "nineteen digits", "9876543210987654321", "9876543210987654321" },
	{ "digits and a letter", "12345x", "\"12345x\"" },
	{ "a digit of hexadecimal without its prefix", "12a", "\"12a\"" },
	{ "a digit in quotes", "'1'", "\"1\"" },
	{ "as long as a word, and begins as one", "name", "\"name\"" },
	{ "a word and more", "trues", "\"trues\"" },
	{ "less than a word", "tru", "\"tru\"" },
	{ "a tilde and more", "~x", "\"~x\"" },
	{ "a lone dot", ".", "\".\"" },
	{ "no infinity", ".infx", "\".infx\"" },
	{ "a float", "1.50", "1.5" },
	{ "a float without a digit before", ".5", "0.5" },
	{ "an exponent", "1e3", "1000" },
	{ "a small one", "1e-7", "1e-07" },
	{ "a version is a float", "1.10", "1.1" },
	{ "a version in quotes is none", "'1.10'", "\"1.10\"" },
	{ "a version of three parts", "1.2.3", "\"1.2.3\"" },
	{ "a date stays a text", "2026-11-22", "\"2026-11-22\"" },
	{ "a time stays a text", "2026-11-22T10:00:00Z", "\"2026-11-22T10:00:00Z\"" },
	{ "sixties are no numbers", "1:30", "\"1:30\"" },
	{ "a quantity", "100m", "\"100m\"" },
	{ "a lone sign", "-x", "\"-x\"" },
	{ "int by tag", "!!int \"3\"", "3" },
	{ "float by tag", "!!float 3", "3" },
	{ "somebody's own tag", "!mine 3", "\"3\"" },
	{ "a list", "[a, no, 1]", "[\"a\",false,1]" },
	{ "a list of mappings", "\n- a: 1\n- b", "[{\"a\":1},\"b\"]" },
	{ "an empty mapping", "{}", "{}" },
	{ "a folded block", ">\n  a\n  b\n", "\"a b\\n\"" },
	{ "escapes", "\"a\\tb\\x1b\\u263a\"", "\"a\\tb\\u001b\\u263a\"" },
	{ "keys that are no texts", "{yes: a, 010: b, 1.5: c}",
	  "{\"true\":\"a\",\"8\":\"b\",\"1.5\":\"c\"}" },
	{ "an alias is what it names", "[&x {a: 1}, *x]", "[{\"a\":1},{\"a\":1}]" },
	{ "a merge key", "{<<: {a: 1, b: 2}, b: 3}", "{\"a\":1,\"b\":3}" },
	{ "a merge key behind: kubectl's reader takes the last", "{b: 3, <<: {a: 1, b: 2}}",
	  "{\"a\":1,\"b\":2}" },
	{ "a merge key between", "{a: 1, c: 1, <<: {a: 2, b: 2}, b: 3}",
	  "{\"a\":2,\"b\":3,\"c\":1}" },
	{ "two merge keys, the second in what is merged and between",
	  "{a: 1, <<: {b: 2, <<: {a: 3}}}", "{\"a\":3,\"b\":2}" },
	{ "keys in disorder", "{d: 1, b: 2, a: 3, c: 4, ab: 5}",
	  "{\"a\":3,\"ab\":5,\"b\":2,\"c\":4,\"d\":1}" },
	{ "more of them than are sorted one by one",
	  "{r: 1, q: 2, p: 3, o: 4, n1: 5, m: 6, l: 7, k: 8, j: 9, i: 10, h: 11, g: 12, f1: 13, e: "
	  "14, d: 15, c: 16, b: 17, a: 18}",
	  "{\"a\":18,\"b\":17,\"c\":16,\"d\":15,\"e\":14,\"f1\":13,\"g\":12,\"h\":11,\"i\":10,"
	  "\"j\":9,\"k\":8,\"l\":7,\"m\":6,\"n1\":5,\"o\":4,\"p\":3,\"q\":2,\"r\":1}" },
	{ "of a list the first counts", "{<<: [{a: 1}, {a: 2, b: 2}]}", "{\"a\":1,\"b\":2}" },
	{ "merged mappings merge others", "{<<: {<<: {a: 1}, b: 2}}", "{\"a\":1,\"b\":2}" },
	{ "a merge key by its tag", "{!!merge <<: {a: 1}}", "{\"a\":1}" },
	{ "in quotes, by its tag", "{!!merge \"<<\": {a: 1}}", "{\"a\":1}" },
	{ "a text by its tag is a key", "{!!str <<: {a: 1}}", "{\"<<\":{\"a\":1}}" },
	{ "a merge key in quotes is a key", "{\"<<\": {a: 1}}", "{\"<<\":{\"a\":1}}" },
};

START_TEST(value)
{
	const struct value_case *c = &values[_i];
	char text[512], want[512];
	scoped(arena_end) struct arena arena;
	struct reading r;

	arena_init(&arena, MEMORY);
	snprintf(text, sizeof text, "apiVersion: v1\nkind: X\nv: %s\n", c->yaml);
	snprintf(want, sizeof want, "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"v\":%s}", c->json);
	reading_init(&r, str_of(text));
	ck_assert_msg(manifest_next(r.m, &r.o), "%s: %s", c->why, r.text);
	ck_assert_msg(json_equal(must_parse(r.o.json, &arena), must_parse(str_of(want), &arena)),
		      "%s: got %.*s", c->why, STR_ARG(r.o.json));
	ck_assert(!manifest_next(r.m, &r.o));
	ck_assert_uint_eq(r.problems, 0);
	manifest_free(r.m);
}
END_TEST

/* ---- problems ---- */

#define HEAD "apiVersion: v1\nkind: X\n"

static const struct bad_case {
	const char *why;
	struct str text;
	unsigned line;
	const char *say;
} bad[] = {
	{ "a repeated key", BYTES(HEAD "a: 1\nb: 2\na: 3\n"), 5, "\"a\" stands twice" },
	{ "a repeated key deep down", BYTES(HEAD "s:\n  a: 1\n  a: 1\n"), 5, "first in line 4" },
	{ "two names of one key", BYTES(HEAD "yes: 1\ntrue: 2\n"), 4, "\"true\" stands twice" },
	{ "a tab", BYTES(HEAD "s:\n\ta: 1\n"), 4, "tabs" },
	{ "an indentation that fits nothing", BYTES(HEAD "s:\n    a: 1\n  b: 2\n"), 5,
	  "indentation" },
	{ "no end of a quote", BYTES(HEAD "s: 'x\n"), 4, "quoted" },
	{ "an anchor that is not there", BYTES(HEAD "s: *nobody\n"), 3, "no anchor &nobody" },
	{ "an alias in itself", BYTES(HEAD "s: &a\n  b: *a\n"), 4, "inside the value" },
	{ "a merge of a text", BYTES(HEAD "s:\n  <<: x\n"), 4, "merge key" },
	{ "a merge of a list of texts", BYTES(HEAD "s:\n  <<: [x]\n"), 4, "merge key" },
	{ "a key that is null", BYTES(HEAD "s:\n  ~: x\n"), 4, "key is empty" },
	{ "no number in JSON", BYTES(HEAD "s: .nan\n"), 3, ".nan" },
	{ "a tag that does not fit", BYTES(HEAD "s: !!int x\n"), 3, "!!int" },
	{ "binary", BYTES(HEAD "s: !!binary aGk=\n"), 3, "!!binary" },
	{ "an item that is nothing", BYTES("apiVersion: v1\nkind: List\nitems:\n- a: 1\n"), 4,
	  "item of a List" },
	{ "a byte that is no UTF-8", BYTES(HEAD "s: \xff\n"), 3, "UTF-8" },
	{ "JSON: a repeated key",
	  BYTES("{\"apiVersion\":\"v1\",\n\"kind\":\"X\",\n\"kind\":\"X\"}"), 3, "duplicate key" },
	{ "JSON: cut short", BYTES("{\"apiVersion\":\"v1\",\n\"kind\":"), 2, "" },
	{ "JSON: the second value", BYTES("{\"apiVersion\":\"v1\",\"kind\":\"X\"}\n\n{\"a\"\n:}"),
	  4, "" },
};

START_TEST(problem)
{
	const struct bad_case *c = &bad[_i];
	struct reading r;

	reading_init(&r, c->text);
	while (manifest_next(r.m, &r.o))
		ck_assert_msg(strstr(c->why, "second"), "%s: an object came", c->why);
	ck_assert_msg(r.problems == 1, "%s: %zu problems", c->why, r.problems);
	ck_assert_msg(r.line == c->line, "%s: line %u: %s", c->why, r.line, r.text);
	ck_assert_msg(strstr(r.text, c->say), "%s: %s", c->why, r.text);
	manifest_free(r.m);
}
END_TEST

START_TEST(a_broken_object_leaves_the_others)
{
	struct reading r;

	reading_init(&r, str_of(HEAD "a: 1\na: 1\n---\n" HEAD "metadata: {name: second}\n"));
	ck_assert(manifest_next(r.m, &r.o));
	ck_assert(str_is(r.o.name, "second"));
	ck_assert_uint_eq(r.o.document, 2);
	ck_assert_uint_eq(r.o.line, 6);
	ck_assert_uint_eq(r.problems, 1);
	ck_assert_uint_eq(r.document, 1);
	ck_assert(!manifest_next(r.m, &r.o));
	manifest_free(r.m);
}
END_TEST

/* ---- what is an object ---- */

static const struct object_case {
	const char *why, *text, *want; /* "document:line group/version kind namespace/name;" ... */
	unsigned others;
} objects[] = {
	{ "one", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: b}\n",
	  "1:1 apps/v1 Deployment b/a;", 0 },
	{ "two documents, and comments",
	  "# Source: x\n" HEAD "---\n# nothing\n---\n" HEAD "metadata: {name: a}\n",
	  "1:2 /v1 X /;3:7 /v1 X /a;", 0 },
	{ "values of a chart", "replicaCount: 1\nimage: {tag: x}\nreplicaCount: 2\n", "", 1 },
	{ "a list of things", "- a\n- b\n", "", 1 },
	{ "kind without version", "kind: X\n", "", 1 },
	{ "one whose keys cannot be read", "kind: X\n<<: x\n", "", 1 },
	{ "version without kind, likewise", "apiVersion: v1\n<<: x\n", "", 1 },
	{ "kustomization.yaml",
	  "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n", "",
	  1 },
	{ "nothing", "", "", 0 },
	{ "a comment", "# nothing\n", "", 0 },
	{ "a List",
	  "apiVersion: v1\nkind: List\nitems:\n- "
	  "apiVersion: v1\n  kind: X\n"
	  "- apiVersion: a/v1\n  kind: Z\n",
	  "1:4 /v1 X /;1:6 a/v1 Z /;", 0 },
	{ "a PodList, whose items need not say what they are",
	  "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: p}\n", "1:4 /v1 Pod /p;", 0 },
	{ "a List in a List",
	  "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n"
	  "  - apiVersion: v1\n    kind: X\n",
	  "1:7 /v1 X /;", 0 },
	{ "an empty List", "apiVersion: v1\nkind: List\nitems: []\n", "", 0 },
	{ "kind: AllowList without items is an object", "apiVersion: a.b/v1\nkind: AllowList\n",
	  "1:1 a.b/v1 AllowList /;", 0 },
	{ "an item by an alias",
	  "apiVersion: v1\nkind: List\nx: &x {apiVersion: v1, kind: X}\n"
	  "items: [*x, *x]\n",
	  "1:3 /v1 X /;1:3 /v1 X /;", 0 },
	{ "flow style is no JSON", "{apiVersion: v1, kind: X}\n", "1:1 /v1 X /;", 0 },
	{ "JSON", "\n{\"apiVersion\": \"v1\",\n\"kind\": \"X\"}\n", "1:2 /v1 X /;", 0 },
	{ "JSON in pieces",
	  "{\"apiVersion\":\"v1\",\"kind\":\"X\"}{\n\"apiVersion\":\"v1\","
	  "\"kind\":\"Y\"}\n",
	  "1:1 /v1 X /;2:1 /v1 Y /;", 0 },
	{ "JSON, then YAML", "{\"apiVersion\":\"v1\",\"kind\":\"X\"}\n---\n" HEAD,
	  "1:1 /v1 X /;2:3 /v1 X /;", 0 },
	{ "a List in JSON",
	  "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n{\n\"apiVersion\":\"v1\","
	  "\"kind\":\"X\"}\n,{\"apiVersion\":\"v1\",\"kind\":\"Y\"}]}",
	  "1:2 /v1 X /;1:4 /v1 Y /;", 0 },
	{ "an array in JSON", "[{\"op\": \"add\"}]", "", 1 },
	{ "a byte order mark", "\xef\xbb\xbf{\"apiVersion\":\"v1\",\"kind\":\"X\"}", "1:1 /v1 X /;",
	  0 },
	{ "a byte order mark before YAML", "\xef\xbb\xbf" HEAD, "1:1 /v1 X /;", 0 },
	{ "Windows' ends of lines", "apiVersion: v1\r\nkind: X\r\nmetadata:\r\n  name: a\r\n",
	  "1:1 /v1 X /a;", 0 },
	{ "no newline at the end", "apiVersion: v1\nkind: X", "1:1 /v1 X /;", 0 },
	{ "an end of the document", HEAD "...\n---\n" HEAD, "1:1 /v1 X /;2:5 /v1 X /;", 0 },
};

START_TEST(object)
{
	const struct object_case *c = &objects[_i];
	char got[512] = "";
	struct reading r;
	size_t n = 0;

	reading_init(&r, str_of(c->text));
	while (manifest_next(r.m, &r.o))
		n += (size_t)snprintf(got + n, sizeof got - n, "%u:%u %.*s/%.*s %.*s %.*s/%.*s;",
				      r.o.document, r.o.line, STR_ARG(r.o.gvk.group),
				      STR_ARG(r.o.gvk.version), STR_ARG(r.o.gvk.kind),
				      STR_ARG(r.o.namespace), STR_ARG(r.o.name));
	ck_assert_msg(!r.problems, "%s: %s", c->why, r.text);
	ck_assert_msg(!strcmp(got, c->want), "%s: %s", c->why, got);
	ck_assert_msg(manifest_others(r.m) == c->others, "%s: %u others", c->why,
		      manifest_others(r.m));
	manifest_free(r.m);
}
END_TEST

/* ---- lines ---- */

static const char yaml_lines[] = "x: &tpl\n"
				 "  image: i\n"
				 "apiVersion: v1\n"
				 "kind: Pod\n"
				 "spec:\n"
				 "  hostUsers: false\n"
				 "  containers:\n"
				 "  - name: a\n"
				 "    <<: *tpl\n"
				 "  - args: [x,\n"
				 "      y]\n"
				 "    name: b\n";
static const char json_lines[] = "{\"apiVersion\":\"v1\",\n" /* 1 */
				 "\"kind\":\"Pod\",\n"
				 "\"spec\":{\n" /* 3 */
				 "\"hostUsers\":false,\n"
				 "\"containers\":[\n" /* 5 */
				 "{\n"
				 "\"name\":\"a\",\n" /* 7 */
				 "\"image\":\"i\"},\n"
				 "{\"args\":[\"x\",\n" /* 9 */
				 "\"y\"],\n"
				 "\"name\":\"b\"}]}}\n";

static const struct line_case {
	const char *why, *path;
	unsigned yaml, json;
} lines[] = {
	{ "a field", "spec.hostUsers", 6, 4 },
	{ "an item by its name", "spec.containers[name=a]", 8, 6 },
	{ "an item by its index", "spec.containers[1]", 10, 9 },
	{ "a field of an item", "spec.containers[name=b].name", 12, 11 },
	{ "a field by a merge key stands with its anchor", "spec.containers[name=a].image", 2, 8 },
	{ "an item of a list of texts", "spec.containers[name=b].args[1]", 11, 10 },
	{ "what is not there: the nearest above it", "spec.containers[name=b].resources.limits", 10,
	  9 },
	{ "nothing of it is there", "status.phase", 1, 1 },
};

static unsigned line_in(const char *text, const char *path_text)
{
	scoped(arena_end) struct arena arena;
	struct place places[8];
	struct err err = { .kind = ERR_NONE };
	struct path path;
	struct reading r;
	unsigned line;

	arena_init(&arena, MEMORY);
	ck_assert_int_eq(path_parse(str_of(path_text), &arena, &path, &err), 0);
	for (size_t i = 0; i < path.n; i++)
		places[i] =
			(struct place){ i ? &places[i - 1] : NULL, path.steps[i], (unsigned)i + 1 };
	reading_init(&r, str_of(text));
	ck_assert(manifest_next(r.m, &r.o));
	line = manifest_line(r.m, &places[path.n - 1]);
	manifest_free(r.m);
	return line;
}

START_TEST(line)
{
	const struct line_case *c = &lines[_i];

	ck_assert_msg(line_in(yaml_lines, c->path) == c->yaml, "%s: YAML: %u", c->why,
		      line_in(yaml_lines, c->path));
	ck_assert_msg(line_in(json_lines, c->path) == c->json, "%s: JSON: %u", c->why,
		      line_in(json_lines, c->path));
}
END_TEST

/* ---- bounds ---- */

START_TEST(no_billion_laughs)
{
	static const char laughs[] = HEAD "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
					  "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
					  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
					  "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
					  "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
					  "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
					  "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
					  "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
					  "---\n" HEAD;
	struct reading r;

	reading_init(&r, str_of(laughs));
	ck_assert(manifest_next(r.m, &r.o)); /* the one behind it */
	ck_assert_uint_eq(r.o.document, 2);
	ck_assert_uint_eq(r.problems, 1);
	ck_assert_msg(strstr(r.text, "aliases"), "%s", r.text);
	manifest_free(r.m);
}
END_TEST

START_TEST(no_laughing_list)
{
	static const char laughs[] =
		"apiVersion: v1\nkind: List\n"
		"a: &a {apiVersion: v1, kind: List, items: "
		"[&x {apiVersion: v1, kind: X},*x,*x,*x,*x,*x,*x,*x,*x,*x]}\n"
		"b: &b {apiVersion: v1, kind: List, items: [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]}\n"
		"c: &c {apiVersion: v1, kind: List, items: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]}\n"
		"d: &d {apiVersion: v1, kind: List, items: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]}\n"
		"e: &e {apiVersion: v1, kind: List, items: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]}\n"
		"f: &f {apiVersion: v1, kind: List, items: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]}\n"
		"items: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
	struct reading r;

	reading_init(&r, str_of(laughs));
	while (manifest_next(r.m, &r.o))
		;
	ck_assert_uint_eq(r.problems, 1);
	ck_assert_msg(strstr(r.text, "aliases"), "%s", r.text);
	manifest_free(r.m);
}
END_TEST

static struct str nested(size_t depth, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, 1 << 20);
	text_puts(&t, HEAD "v: ");
	for (size_t i = 0; i < depth; i++)
		text_puts(&t, "[");
	for (size_t i = 0; i < depth; i++)
		text_puts(&t, "]");
	return text_get(&t);
}

START_TEST(depth)
{
	scoped(arena_end) struct arena arena;
	struct reading r;

	arena_init(&arena, MEMORY);
	reading_init(&r, nested(MANIFEST_DEPTH_MAX - 2, &arena));
	ck_assert_msg(manifest_next(r.m, &r.o), "%s", r.text);
	must_parse(r.o.json, &arena); /* as deep as an object of a request may be */
	manifest_free(r.m);
	reading_init(&r, nested(MANIFEST_DEPTH_MAX, &arena));
	ck_assert(!manifest_next(r.m, &r.o));
	ck_assert_msg(strstr(r.text, "128 levels"), "%s", r.text);
	manifest_free(r.m);
}
END_TEST

/* Merges in merges in merges: as many as are followed, and one more. */
START_TEST(depth_of_merges)
{
	enum { MERGES = 32 }; /* with the mapping itself */
	scoped(arena_end) struct arena arena;
	struct reading r;
	struct text t;

	arena_init(&arena, MEMORY);
	text_init(&t, &arena, 1 << 20);
	text_puts(&t, HEAD "v: ");
	for (int i = 0; i < MERGES - 1 + _i; i++)
		text_puts(&t, "{<<: ");
	text_puts(&t, "{deepest: 1}");
	for (int i = 0; i < MERGES - 1 + _i; i++)
		text_puts(&t, "}");
	reading_init(&r, text_get(&t));
	ck_assert_msg(manifest_next(r.m, &r.o) == !_i, "%s", r.text);
	ck_assert_uint_eq(r.problems, (size_t)_i);
	if (_i)
		ck_assert_msg(strstr(r.text, "(<<) stand more than 32 deep"), "%s", r.text);
	else
		ck_assert(memmem(r.o.json.s, r.o.json.n, "\"v\":{\"deepest\":1}", 17));
	manifest_free(r.m);
}
END_TEST

/* A stream in small pieces is the same stream. */
struct dripping {
	const char *at;
	size_t step;
};

static int drip(void *ctx, char *buf, size_t room, size_t *got, struct err *err)
{
	struct dripping *d = ctx;
	size_t left = strlen(d->at);

	(void)err;
	*got = left < d->step ? left : d->step;
	*got = *got < room ? *got : room;
	memcpy(buf, d->at, *got);
	d->at += *got;
	return 0;
}

START_TEST(pieces)
{
	const char *text = _i % 2 ? yaml_lines : json_lines;
	struct dripping d = { text, (size_t)_i / 2 + 1 };
	struct yaml_input input = { .read = drip, .ctx = &d };
	struct reading r = { .problems = 0 };
	struct manifest_options options = { .problem = on_problem, .ctx = &r };

	ck_assert_ptr_nonnull(r.m = manifest_new(&input, &options));
	ck_assert_msg(manifest_next(r.m, &r.o), "%s", r.text);
	ck_assert(str_is(r.o.gvk.kind, "Pod"));
	ck_assert(!manifest_next(r.m, &r.o));
	ck_assert_uint_eq(r.problems, 0);
	manifest_free(r.m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manifest");
	TCase *tc = tcase_create("manifest");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, value, 0, ROWS(values));
	tcase_add_loop_test(tc, problem, 0, ROWS(bad));
	tcase_add_test(tc, a_broken_object_leaves_the_others);
	tcase_add_loop_test(tc, object, 0, ROWS(objects));
	tcase_add_loop_test(tc, line, 0, ROWS(lines));
	tcase_add_test(tc, no_billion_laughs);
	tcase_add_test(tc, no_laughing_list);
	tcase_add_test(tc, depth);
	tcase_add_loop_test(tc, depth_of_merges, 0, 2);
	tcase_add_loop_test(tc, pieces, 0, 12);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
