/* SPDX-License-Identifier: Apache-2.0
 * check_unread.c - an object whose bytes cannot hold a gated field is not read, and nothing is
 * lost.
 *
 * Whole reviews, as bytes: of each row of the facts, in each way in which its field can be in an
 * UPDATE, what is found by reading in any minor must be possible by what was noted; and all
 * answers, those to recorded reviews too, are those of the same review of which nothing is noted.
 */
#include "policy/alpha/features.h"
#include "tests/data/reviews/corpus.h"
#include "tests/unit/policy/alpha/rows.h"
#include "tests/unit/webhook/reordered.h"
#include "webhook/review.h"
#include "tests/unit/suite.h"

#define TEXT_MAX (1u << 18)
#define NOW      1795392000 /* 2026-11-23 */
#define CONFIG   "tests/data/reviews/config.yaml"

/* How the field is in the object, and whether in the old one. */
enum shape {
	SHAPE_NEW,
	SHAPE_BOTH,
	SHAPE_GONE,
	SHAPE_KEY_ESCAPED,
	SHAPE_VALUE_ESCAPED,
	SHAPE_SPACED,
	SHAPE_MANAGED,
	SHAPE_APPLIED,
	SHAPE_APPLIED_ESCAPED,
	SHAPE_APPLIED_SPACED,
	SHAPES
};

static const struct shape_case {
	const char *name;
	size_t found,
		unread; /* at least: that something is found, that it is not even looked for */
} shapes[SHAPES] = {
	[SHAPE_NEW] = { "new", 4500, 10000 },
	[SHAPE_BOTH] = { "in both", 0, 10000 },
	[SHAPE_GONE] = { "gone", 0, 10000 },
	[SHAPE_KEY_ESCAPED] = { "a key with an escape", 4000, 0 },
	[SHAPE_VALUE_ESCAPED] = { "a value with an escape", 4000, 0 },
	[SHAPE_SPACED] = { "with white space", 4500, 10000 },
	[SHAPE_MANAGED] = { "in managedFields", 2000, 10000 },
	[SHAPE_APPLIED] = { "in what was applied", 2000, 10000 },
	[SHAPE_APPLIED_ESCAPED] = { "in what was applied, with an escape", 2000, 0 },
	[SHAPE_APPLIED_SPACED] = { "in what was applied, with white space", 2000, 10000 },
};

static void setup(void)
{
	if (rows_n)
		return;
	rows_read("policy/catalogue/fields.tsv", false);
	rows_read("policy/catalogue/values.tsv", true);
	ck_assert_uint_gt(rows_n, 1700);
}

/* ---- ways to write an object ---- */

/* The byte at `at` as an escape. */
static struct str escape_at(struct str s, size_t at, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, TEXT_MAX);
	text_add(&t, s.s, at);
	text_printf(&t, "\\u%04x", (unsigned char)s.s[at]);
	text_str(&t, str_from(s, at + 1));
	return text_get(&t);
}

/* Where the name of the field begins that stands where the other object has its "zz". */
static size_t field_at(struct str without)
{
	const char *at = memmem(without.s, without.n, "\"zz", 3);

	ck_assert_ptr_nonnull(at);
	return (size_t)(at - without.s) + 1;
}

static struct str with_space(struct str s, struct arena *arena)
{
	struct text t;

	text_init(&t, arena, TEXT_MAX);
	for (size_t i = 0; i < s.n; i++)
		text_printf(&t, strchr("{}[],:", s.s[i]) ? "\n%c\t" : "%c", s.s[i]);
	return text_get(&t);
}

/* The value is the last that has a letter. */
static size_t value_at(struct str s)
{
	size_t at = s.n;

	while (strchr("}]\"", s.s[at - 1]))
		at--;
	return at - 1;
}

static struct str shape_applied(enum shape shape, struct str plain, size_t at, struct arena *arena)
{
	if (shape == SHAPE_APPLIED_ESCAPED)
		return escape_at(plain, at, arena);
	return shape == SHAPE_APPLIED_SPACED ? with_space(plain, arena) : plain;
}

static struct str shape_of(enum shape shape, struct str plain, struct str without,
			   struct arena *arena)
{
	size_t at = field_at(without);
	struct err err;

	switch (shape) {
	case SHAPE_GONE:
		return without;
	case SHAPE_KEY_ESCAPED:
		return escape_at(plain, at, arena);
	case SHAPE_VALUE_ESCAPED:
		return escape_at(plain, value_at(plain), arena);
	case SHAPE_SPACED:
		return with_space(plain, arena);
	case SHAPE_MANAGED:
		return row_with_metadata(without, json_parse(plain, NULL, arena, &err), STR(""),
					 arena);
	case SHAPE_APPLIED:
	case SHAPE_APPLIED_ESCAPED:
	case SHAPE_APPLIED_SPACED:
		return row_with_metadata(without, NULL, shape_applied(shape, plain, at, arena),
					 arena);
	default:
		return plain;
	}
}

static struct str review_body(const struct table_row *r, struct str object, struct str old,
			      struct arena *arena)
{
	struct text t;

	text_init(&t, arena, TEXT_MAX);
	text_printf(&t,
		    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
		    "\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"%s\",\"version\":\"%s\","
		    "\"kind\":\"%s\"},\"resource\":{\"group\":\"%s\",\"version\":\"%s\","
		    "\"resource\":\"things\"},\"subResource\":\"%s\",\"name\":\"n\",\"namespace\":"
		    "\"shop\",\"operation\":\"UPDATE\",\"userInfo\":{\"username\":"
		    "\"ocid1.user.oc1..a\",\"groups\":[\"system:authenticated\"]},\"object\":",
		    r->group, r->version, r->kind, r->group, r->version,
		    strcmp(r->where, "status") ? "" : "status");
	text_str(&t, object);
	text_puts(&t, ",\"oldObject\":");
	text_str(&t, old);
	text_puts(&t, ",\"dryRun\":false,\"options\":null}}");
	ck_assert(!t.full);
	return text_get(&t);
}

/* {NULL, 0}: it is not of objects, or the row cannot be in that shape. */
static struct str row_body(const struct table_row *r, enum shape shape, struct arena *arena)
{
	struct str plain, without, none = { NULL, 0 };
	bool told = shape >= SHAPE_MANAGED;
	struct text json, place;

	if (!strcmp(r->group, "meta.k8s.io") || (told && strstr(r->path, "metadata")) ||
	    (shape == SHAPE_VALUE_ESCAPED && strspn(r->value, "0123456789") && *r->value))
		return none;
	text_init(&json, arena, TEXT_MAX);
	text_init(&place, arena, TEXT_MAX);
	row_build(r, &json, &place);
	plain = text_get(&json);
	without = row_without(plain, r->path, arena);
	if (!without.n)
		return none;
	return review_body(r, shape_of(shape, plain, without, arena),
			   shape == SHAPE_BOTH || shape == SHAPE_GONE ? plain : without, arena);
}

/* ---- what reading finds was possible ---- */

static void check_found(const struct review *review, const char *body, size_t *found,
			size_t *unread)
{
	const struct request *req = &review->request;

	for (unsigned m = CATALOGUE_MINOR_MIN; m <= catalogue_minor_max; m++) {
		scoped(arena_end) struct arena arena;
		const struct json *object, *old;
		struct feature_uses uses;
		bool possible = features_possible(m, req);
		struct err err;

		arena_init(&arena, HANDLER_ARENA_MAX);
		object = json_parse(req->object, &features_limits, &arena, &err);
		old = json_parse(req->old_object, &features_limits, &arena, &err);
		ck_assert_msg(object && old, "%s: %s", body, err.msg);
		ck_assert_int_eq(features_find(m, req, object, old, &arena, &uses, &err), 0);
		ck_assert_msg(possible || !uses.all, "1.%u: lost, since it is not read: %s", m,
			      body);
		*found += uses.all > 0;
		*unread += !possible;
	}
}

START_TEST(nothing_is_lost)
{
	const struct shape_case *c = &shapes[_i];
	size_t found = 0, unread = 0;

	for (size_t i = 0; i < rows_n; i++) {
		scoped(arena_end) struct arena arena;
		struct review review;
		struct str body;
		struct err err;

		arena_init(&arena, HANDLER_ARENA_MAX);
		if (!(body = row_body(&rows[i], (enum shape)_i, &arena)).n)
			continue;
		ck_assert_msg(!review_decode(body, &arena, &review, &err), "%s: %s", body.s,
			      err.msg);
		ck_assert_msg(review.request.notes.made || !strcmp(rows[i].kind, "Node"),
			      "nothing is noted of %s", body.s);
		check_found(&review, body.s, &found, &unread);
	}
	ck_assert_msg(found >= c->found && unread >= c->unread, "%s: found %zu, unread %zu",
		      c->name, found, unread);
}
END_TEST

/* ---- the same answers as by reading ---- */

static size_t same_answer(const struct policy_set *set, struct str body)
{
	scoped(arena_end) struct arena a, b;
	struct answer noted, read;
	struct str other;

	arena_init(&a, HANDLER_ARENA_MAX);
	arena_init(&b, HANDLER_ARENA_MAX);
	other = reordered(body, &b);
	handler_answer(set, POLICIES_ALL, body, NOW, &a, NULL, &noted);
	handler_answer(set, POLICIES_ALL, other, NOW, &b, NULL, &read);
	ck_assert(noted.decided && read.decided && !read.review.request.notes.made);
	ck_assert_msg(noted.len == read.len && !memcmp(noted.body, read.body, read.len),
		      "%.*s\nread: %sunread: %s", STR_ARG(body), read.body, noted.body);
	answer_done(&noted);
	answer_done(&read);
	return 1;
}

static struct policy_set *set_of(unsigned minor)
{
	char version[16];
	struct policy_source source = { .config = CONFIG, .kubernetes = version };
	struct policy_report report = { .message = corpus_message };
	struct policy_set *set;

	snprintf(version, sizeof version, "1.%u", minor);
	ck_assert_ptr_nonnull(set = policy_set_new(&source, &report));
	return set;
}

/* How many were compared. */
typedef size_t answered_alike(const struct policy_set *set, struct str body);

/* Each minor has a quarter of the rows, in the shapes before `shapes_n`. */
static size_t rows_alike(const struct policy_set *set, size_t quarter, int shapes_n,
			 answered_alike *alike)
{
	size_t n = 0;

	for (size_t i = quarter; i < rows_n; i += 4)
		for (int shape = 0; shape < shapes_n; shape++) {
			scoped(arena_end) struct arena arena;
			struct str body;

			arena_init(&arena, HANDLER_ARENA_MAX);
			if ((body = row_body(&rows[i], (enum shape)shape, &arena)).n)
				n += alike(set, body);
		}
	return n;
}

static size_t recorded_alike(const struct policy_set *set, answered_alike *alike)
{
	static const char *const files[] = { "reviews.jsonl", "made.jsonl",     "deep.jsonl",
					     "faults.jsonl",  "siblings.jsonl", "matrix.jsonl" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct corpus corpus;
		char path[64];

		snprintf(path, sizeof path, "tests/data/reviews/%s", files[i]);
		corpus_read(path, &corpus);
		for (size_t k = 0; k < corpus.n; k++)
			n += alike(set, corpus.lines[k].review);
		ck_assert_uint_gt(corpus.n, 0);
		corpus_done(&corpus);
	}
	return n;
}

START_TEST(rows_are_answered_alike)
{
	struct policy_set *set = set_of((unsigned)_i);

	rows_alike(set, (size_t)_i % 4, SHAPES, same_answer);
	policy_set_unref(set);
}
END_TEST

START_TEST(recorded_reviews_are_answered_alike)
{
	struct policy_set *set = set_of((unsigned)_i);

	recorded_alike(set, same_answer);
	policy_set_unref(set);
}
END_TEST

/* ---- an UPDATE that changes no byte ---- */

/* The same review as an UPDATE to what it was; spaced: with a space in the old one. */
static struct str updated(struct str body, bool spaced, struct arena *arena)
{
	struct str request = json_skim(body, STR("request"));
	struct str object = json_skim(request, STR("object"));
	struct text out, old;

	if (object.n < 2)
		object = json_skim(request, STR("oldObject"));
	if (!object.n || object.s[0] != '{')
		return (struct str){ NULL, 0 };
	text_init(&old, arena, object.n + 2);
	text_puts(&old, spaced ? "{ " : "{");
	text_str(&old, str_from(object, 1));
	text_init(&out, arena, body.n + 2 * object.n + 256);
	text_puts(
		&out,
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":"
		"{\"operation\":\"UPDATE\"");
	for (struct json_member m = { .next = NULL }; json_skim_next(request, &m);)
		if (!json_skim_is(m.key, STR("operation")) && !json_skim_is(m.key, STR("object")) &&
		    !json_skim_is(m.key, STR("oldObject")))
			reordered_member(&m, &out);
	reordered_member(&(struct json_member){ .key = STR("object"), .value = object }, &out);
	reordered_member(&(struct json_member){ .key = STR("oldObject"), .value = text_get(&old) },
			 &out);
	text_puts(&out, "}}");
	ck_assert(!out.full);
	return text_get(&out);
}

/* As when both are read and compared; of what cannot be read it is known that it did not change. */
static size_t same_answer_unchanged(const struct policy_set *set, struct str body)
{
	scoped(arena_end) struct arena a, b;
	struct str same, spaced;
	struct answer unread, read;
	bool readable;

	arena_init(&a, HANDLER_ARENA_MAX);
	arena_init(&b, HANDLER_ARENA_MAX);
	same = updated(body, false, &a);
	spaced = updated(body, true, &b);
	if (!same.n)
		return 0;
	handler_answer(set, POLICIES_ALL, same, NOW, &a, NULL, &unread);
	handler_answer(set, POLICIES_ALL, spaced, NOW, &b, NULL, &read);
	readable = read.decided && !read.verdict.error.n;
	ck_assert(unread.decided);
	if (readable)
		ck_assert_msg(unread.len == read.len && !memcmp(unread.body, read.body, read.len),
			      "%.*s\nread: %sunread: %s", STR_ARG(same), read.body, unread.body);
	answer_done(&unread);
	answer_done(&read);
	return readable;
}

START_TEST(unchanged_is_answered_as_if_it_were_read)
{
	struct policy_set *set = set_of((unsigned)_i);
	size_t compared = recorded_alike(set, same_answer_unchanged);

	compared += rows_alike(set, (size_t)_i % 4, SHAPE_NEW + 1, same_answer_unchanged);
	ck_assert_uint_gt(compared, 1000);
	policy_set_unref(set);
}
END_TEST

/* A key that is there twice: it is not read to the end, and a byte more in one means reading. */
START_TEST(unchanged_is_not_read)
{
	static const char begin[] =
		"{\"kind\":\"AdmissionReview\",\"apiVersion\":"
		"\"admission.k8s.io/v1\",\"request\":{\"uid\":\"u\","
		"\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"ConfigMap\"},"
		"\"resource\":{\"group\":\"\",\"version\":\"v1\","
		"\"resource\":\"configmaps\"},\"name\":\"coredns\","
		"\"namespace\":\"kube-system\",\"operation\":\"UPDATE\","
		"\"userInfo\":{\"username\":\"ocid1.user.oc1..a\"},\"object\":";
	static const char *const old[] = { "{\"data\":{\"a\":\"1\",\"a\":\"2\"}}",
					   "{\"data\":{\"a\":\"1\",\"a\":\"2\" }}" };
	struct policy_set *set = set_of(catalogue_minor_max);

	for (int differs = 0; differs < 2; differs++) {
		scoped(arena_end) struct arena arena;
		struct answer answer;
		struct text body;

		arena_init(&arena, HANDLER_ARENA_MAX);
		text_init(&body, &arena, TEXT_MAX);
		text_printf(&body, "%s%s,\"oldObject\":%s}}", begin, old[0], old[differs]);
		handler_answer(set, POLICIES_ALL, text_get(&body), NOW, &arena, NULL, &answer);
		ck_assert(answer.decided && answer.verdict.concerned);
		ck_assert_msg((answer.verdict.error.n > 0) == differs, "%s", answer.body);
		ck_assert_int_eq(answer.verdict.action, differs ? ACTION_DENY : ACTION_ALLOW);
		answer_done(&answer);
	}
	policy_set_unref(set);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("unread");
	TCase *tc = tcase_create("unread");
	int newest = (int)catalogue_minor_max;

	tcase_set_timeout(tc, 600);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, nothing_is_lost, 0, SHAPES);
	tcase_add_loop_test(tc, rows_are_answered_alike, CATALOGUE_MINOR_MIN, newest + 1);
	tcase_add_loop_test(tc, recorded_reviews_are_answered_alike, CATALOGUE_MINOR_MIN,
			    newest + 1);
	tcase_add_loop_test(tc, unchanged_is_answered_as_if_it_were_read, CATALOGUE_MINOR_MIN,
			    newest + 1);
	tcase_add_test(tc, unchanged_is_not_read);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
