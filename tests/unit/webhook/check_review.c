/* SPDX-License-Identifier: Apache-2.0
 * check_review.c - the envelope is read strictly, objects stay bytes, and the
 * answer has the fields that an API server wants, in order.
 */
#include <check.h>

#include "lib/base/cleanup.h"
#include "webhook/review.h"
#include "tests/unit/suite.h"

#define UID         "\"uid\":\"u1\""
#define KIND        "\"kind\":{\"group\":\"apps\",\"version\":\"v1\",\"kind\":\"Deployment\"}"
#define RESOURCE    "\"resource\":{\"group\":\"apps\",\"version\":\"v1\",\"resource\":\"deployments\"}"
#define UPDATE      "\"operation\":\"UPDATE\""
#define LEAST       UID "," KIND "," RESOURCE "," UPDATE
#define HEAD        "\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\""
#define REVIEW(req) "{" HEAD ",\"request\":{" req "}}"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 1u << 20);
}

static void teardown(void)
{
	arena_done(&arena);
}

static struct review decode(const char *text)
{
	struct review review;
	struct err err = { .kind = ERR_NONE };

	ck_assert_msg(!review_decode(str_of(text), &arena, &review, &err), "%s: %s", text, err.msg);
	return review;
}

static const struct review_bad_case {
	const char *why, *body, *want;
} bads[] = {
	{ "nothing", "", "the body is empty" },
	{ "no JSON", "hello", "the body is not JSON: byte 0" },
	{ "a list", "[]", "the body must be a JSON object" },
	{ "a string", "\"x\"", "the body must be a JSON object" },
	{ "cut off", "{" HEAD ",\"request\":{" LEAST, "the body is not JSON: byte" },
	{ "cut off in an object",
	  "{" HEAD ",\"request\":{" LEAST ",\"object\":{\"a\":", "the body is not JSON: byte" },
	{ "something behind it", REVIEW(LEAST) "x", "the body is not JSON: byte" },
	{ "two of them", REVIEW(LEAST) REVIEW(LEAST), "the body is not JSON: byte" },
	{ "no members", "{}", "apiVersion is missing" },
	{ "no kind", "{\"apiVersion\":\"admission.k8s.io/v1\"}", "kind is missing" },
	{ "no request", "{" HEAD "}", "request is missing" },
	{ "another version", "{\"apiVersion\":\"admission.k8s.io/v2\"}",
	  "apiVersion: must be admission.k8s.io/v1 or admission.k8s.io/v1beta1" },
	{ "another kind", "{\"kind\":\"Pod\"}", "kind: must be AdmissionReview" },
	{ "a kind that is no string", "{\"kind\":7}", "kind: must be a string" },
	{ "a null request", "{" HEAD ",\"request\":null}", "request: must be an object" },
	{ "a request that is a list", "{" HEAD ",\"request\":[]}", "request: must be an object" },
	{ "an empty request", REVIEW(""), "request.uid is missing" },
	{ "no uid", REVIEW(KIND "," RESOURCE "," UPDATE), "request.uid is missing" },
	{ "an empty uid", REVIEW("\"uid\":\"\""),
	  "request.uid: must be a string of 1 to 256 bytes" },
	{ "a null uid", REVIEW("\"uid\":null"), "request.uid: must be a string of 1 to 256 bytes" },
	{ "a uid that is a number", REVIEW("\"uid\":7"), "request.uid: must be a string" },
	{ "a uid with a newline", REVIEW("\"uid\":\"a\\nb\""),
	  "request.uid: must not hold control characters" },
	{ "a uid with a NUL", REVIEW("\"uid\":\"a\\u0000b\""),
	  "request.uid: must not hold control characters" },
	{ "no operation", REVIEW(UID "," KIND "," RESOURCE), "request.operation is missing" },
	{ "another operation", REVIEW("\"operation\":\"PATCH\""),
	  "request.operation: must be CREATE, UPDATE, DELETE or CONNECT" },
	{ "a null operation", REVIEW("\"operation\":null"), "request.operation: must be CREATE" },
	{ "no resource", REVIEW(UID "," KIND "," UPDATE), "request.resource is missing" },
	{ "a null resource", REVIEW(UID "," KIND "," UPDATE ",\"resource\":null"),
	  "request.resource.resource is missing" },
	{ "a resource without a name", REVIEW(UID "," KIND "," UPDATE ",\"resource\":{}"),
	  "request.resource.resource is missing" },
	{ "a resource that is a string", REVIEW("\"resource\":\"pods\""),
	  "request.resource: must be an object or null" },
	{ "a group that is a number", REVIEW("\"kind\":{\"group\":1}"),
	  "request.kind.group: must be a string" },
	{ "an object that is a string", REVIEW(LEAST ",\"object\":\"x\""),
	  "request.object: must be an object or null" },
	{ "an object that is a list", REVIEW(LEAST ",\"object\":[]"),
	  "request.object: must be an object or null" },
	{ "an old object that is true", REVIEW(LEAST ",\"oldObject\":true"),
	  "request.oldObject: must be an object or null" },
	{ "options that are a number", REVIEW(LEAST ",\"options\":0"),
	  "request.options: must be an object or null" },
	{ "dryRun that is a string", REVIEW(LEAST ",\"dryRun\":\"true\""),
	  "request.dryRun: must be true, false or null" },
	{ "a name that is a number", REVIEW(LEAST ",\"name\":1"),
	  "request.name: must be a string" },
	{ "a user that is a string", REVIEW(LEAST ",\"userInfo\":\"me\""),
	  "request.userInfo: must be an object or null" },
	{ "a user name that is a list", REVIEW(LEAST ",\"userInfo\":{\"username\":[]}"),
	  "request.userInfo.username: must be a string" },
	{ "groups that are a string", REVIEW(LEAST ",\"userInfo\":{\"groups\":\"a\"}"),
	  "request.userInfo.groups: must be a list of strings" },
	{ "a group that is null", REVIEW(LEAST ",\"userInfo\":{\"groups\":[null]}"),
	  "request.userInfo.groups: must be a list of strings" },
	{ "a user twice in one",
	  REVIEW(LEAST ",\"userInfo\":{\"username\":\"a\",\"username\":\"b\"}"),
	  "request.userInfo: byte 16: duplicate key" },
	{ "two requests", "{" HEAD ",\"request\":{" LEAST "},\"request\":{" LEAST "}}",
	  "request is there twice" },
	{ "two requests, one spelt with an escape",
	  "{" HEAD ",\"request\":{" LEAST "},\"r\\u0065quest\":{" LEAST "}}",
	  "request is there twice" },
	{ "two objects", REVIEW(LEAST ",\"object\":{},\"object\":{}"),
	  "request.object is there twice" },
	{ "two objects, the first null", REVIEW(LEAST ",\"object\":null,\"object\":{}"),
	  "request.object is there twice" },
	{ "two objects, one spelt with an escape",
	  REVIEW(LEAST ",\"object\":{},\"\\u006fbject\":{}"), "request.object is there twice" },
	{ "two users", REVIEW(LEAST ",\"userInfo\":{},\"userInfo\":{}"),
	  "request.userInfo is there twice" },
	{ "two kinds", "{\"kind\":\"AdmissionReview\",\"kind\":\"AdmissionReview\"}",
	  "kind is there twice" },
	{ "a string that is no UTF-8", REVIEW(LEAST ",\"name\":\"\xff\""), "request.name: byte 1" },
	{ "a byte order mark", "\xef\xbb\xbf" REVIEW(LEAST), "the body is not JSON: byte 0" },
	{ "a key without quotes", "{kind:1}", "the body is not JSON: byte 1" },
	{ "a comma too many", REVIEW(LEAST ","), "the body is not JSON: byte" },
};
#define BADS_N (sizeof bads / sizeof *bads)

START_TEST(refuses)
{
	const struct review_bad_case *c = &bads[_i];
	struct review review = { .version = REVIEW_V1BETA1 };
	struct err err = { .kind = ERR_NONE };

	ck_assert_msg(review_decode(str_of(c->body), &arena, &review, &err) < 0, "%s", c->why);
	ck_assert_msg(err.kind == ERR_SYNTAX, "%s: kind %d", c->why, (int)err.kind);
	ck_assert_msg(!strncmp(err.msg, c->want, strlen(c->want)), "%s: %s", c->why, err.msg);
	ck_assert_msg(review.version == REVIEW_V1BETA1, "%s: written", c->why);
}
END_TEST

#define IS(field, text) ck_assert_msg(str_is(field, text), "%s: '%.*s'", #field, STR_ARG(field))

START_TEST(reads_all)
{
	struct review v = decode(REVIEW(
		"\"uid\":\"u1\",\"kind\":{\"group\":\"g\",\"version\":\"v1\",\"kind\":\"K\"},"
		"\"resource\":{\"group\":\"rg\",\"version\":\"rv\",\"resource\":\"ks\"},"
		"\"subResource\":\"scale\","
		"\"requestKind\":{\"group\":\"qg\",\"version\":\"qv\",\"kind\":\"Q\"},"
		"\"requestResource\":{\"group\":\"qrg\",\"version\":\"qrv\",\"resource\":\"qs\"},"
		"\"requestSubResource\":\"qscale\",\"name\":\"n\",\"namespace\":\"ns\","
		"\"operation\":\"CONNECT\",\"userInfo\":{\"username\":\"me\",\"uid\":\"7\","
		"\"groups\":[\"a\",\"b\\u0000\"],\"extra\":{\"x\":[\"y\"]}},"
		"\"object\": {\"a\" : [1,\"}\"]} ,\"oldObject\":{\"b\":\"\\\"\"},\"dryRun\":true,"
		"\"options\":{\"c\":null},\"somethingNew\":{\"d\":[{}]}"));
	const struct request *r = &v.request;

	ck_assert_int_eq(v.version, REVIEW_V1);
	IS(r->uid, "u1");
	IS(r->kind.group, "g");
	IS(r->kind.version, "v1");
	IS(r->kind.kind, "K");
	IS(r->resource.group, "rg");
	IS(r->resource.version, "rv");
	IS(r->resource.resource, "ks");
	IS(r->subresource, "scale");
	IS(r->request_kind.kind, "Q");
	IS(r->request_kind.version, "qv");
	IS(r->request_resource.resource, "qs");
	IS(r->request_subresource, "qscale");
	IS(r->name, "n");
	IS(r->namespace, "ns");
	ck_assert_int_eq(r->operation, OP_CONNECT);
	IS(r->user.name, "me");
	ck_assert_uint_eq(r->user.groups_n, 2);
	IS(r->user.groups[0], "a");
	ck_assert(str_eq(r->user.groups[1], (struct str){ "b", 2 }));
	IS(r->object, "{\"a\" : [1,\"}\"]}");
	IS(r->old_object, "{\"b\":\"\\\"\"}");
	IS(r->options, "{\"c\":null}");
	ck_assert(r->dry_run);
}
END_TEST

START_TEST(reads_the_least)
{
	struct review v = decode("{\"apiVersion\":\"admission.k8s.io/v1beta1\","
				 "\"kind\":\"AdmissionReview\",\"request\":{" LEAST
				 ",\"subResource\":\"scale\",\"object\":null,\"userInfo\":null},"
				 "\"response\":{}}\n");
	const struct request *r = &v.request;

	ck_assert_int_eq(v.version, REVIEW_V1BETA1);
	ck_assert_int_eq(r->operation, OP_UPDATE);
	IS(r->request_kind.kind, "Deployment");
	IS(r->request_resource.resource, "deployments");
	IS(r->request_subresource, "scale");
	ck_assert_ptr_null(r->object.s);
	ck_assert_ptr_null(r->old_object.s);
	ck_assert_ptr_null(r->user.name.s);
	ck_assert_uint_eq(r->user.groups_n, 0);
	ck_assert(!r->dry_run);
}
END_TEST

START_TEST(order_and_white_space_do_not_matter)
{
	struct review v = decode(" {\n \"request\" :\t{" UPDATE " , " RESOURCE ",\r\n" KIND "," UID
				 " } , \"apiVersion\" : \"admission.k8s.io\\/v1\", \"kind\":"
				 "\"Admission\\u0052eview\" } \n");

	IS(v.request.uid, "u1");
	IS(v.request.resource.resource, "deployments");
}
END_TEST

#define AGAIN                                                                                      \
	"\"requestKind\":{\"group\":\"apps\",\"version\":\"v1\",\"kind\":\"D\\u0065\"},"           \
	"\"requestResource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"d\\u0065\"}"
#define STORED                                                                                     \
	"\"kind\":{\"group\":\"apps\",\"version\":\"v1\",\"kind\":\"D\\u0065\"},"                  \
	"\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"d\\u0065\"}"

/* What the client sent is what is stored, before it or behind it; or it is written otherwise. */
START_TEST(reads_what_is_there_again)
{
	static const char *const reviews[] = {
		REVIEW(UID "," UPDATE "," STORED "," AGAIN),
		REVIEW(UID "," UPDATE "," AGAIN "," STORED),
		REVIEW(UID
		       "," UPDATE "," STORED
		       ",\"requestKind\":{\"kind\":\"De\",\"version\":\"v1\",\"group\":\"apps\"},"
		       "\"requestResource\":null"),
	};

	for (size_t i = 0; i < sizeof reviews / sizeof *reviews; i++) {
		struct review v = decode(reviews[i]);
		const struct request *r = &v.request;

		IS(r->kind.group, "apps");
		IS(r->kind.kind, "De");
		IS(r->resource.version, "v1");
		IS(r->resource.resource, "de");
		IS(r->request_kind.group, "apps");
		IS(r->request_kind.version, "v1");
		IS(r->request_kind.kind, "De");
		IS(r->request_resource.version, "v1");
		IS(r->request_resource.resource, "de");
	}
}
END_TEST

/* Wherever a review is cut, it is refused, and nothing behind the cut is read. */
START_TEST(any_cut_is_refused)
{
	static const char whole[] =
		REVIEW(LEAST ",\"object\":{\"a\":[1,\"\\\"x\"]},\"dryRun\":false");

	for (size_t n = 0; n + 1 < sizeof whole - 1; n++) {
		char *cut = malloc(n + 1);
		struct review review;
		struct err err = { .kind = ERR_NONE };
		scoped(arena_end) struct arena own;

		arena_init(&own, 1u << 20);
		ck_assert_ptr_nonnull(cut);
		memcpy(cut, whole, n);
		ck_assert_int_lt(review_decode((struct str){ cut, n }, &own, &review, &err), 0);
		ck_assert_int_eq(err.kind, ERR_SYNTAX);
		free(cut);
	}
}
END_TEST

/* As many as the headers of a request hold, and more: a refusal would be a pass. */
START_TEST(many_groups)
{
	struct text t;
	struct review review;
	struct err err = { .kind = ERR_NONE };
	scoped(arena_end) struct arena big, small;

	arena_init(&big, 64u << 20);
	arena_init(&small, 64);
	text_init(&t, &big, 1u << 20);
	text_puts(&t, "{" HEAD ",\"request\":{" LEAST ",\"userInfo\":{\"groups\":[\"g\"");
	for (int i = 0; i < 60000; i++)
		text_puts(&t, ",\"g\"");
	text_puts(&t, "]}}}");
	ck_assert_int_eq(review_decode(text_get(&t), &big, &review, &err), 0);
	ck_assert_uint_eq(review.request.user.groups_n, 60001);
	ck_assert_int_lt(review_decode(str_of(REVIEW(LEAST ",\"userInfo\":{\"groups\":[\"g\"]}")),
				       &small, &review, &err),
			 0);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
}
END_TEST

/* ---- encode ---- */

static struct finding_change change[] = { { { "spec.replicas", 13 }, { "3", 1 }, { "5", 1 } } };
static struct finding one = {
	.policy = { "coredns", 7 },
	.rule = { "scale", 5 },
	.tier = TIER_UNSUPPORTED,
	.sentence = { "Oracle manages \"it\"", 19 },
	.changes = change,
	.changes_n = 1,
	.changes_all = 1,
	.why = { "https://x/", 10 },
};

static const struct encode_case {
	const char *why;
	enum action action;
	enum review_version version;
	const char *want;
} encodes[] = {
	{ "allowed: uid and allowed alone", ACTION_ALLOW, REVIEW_V1,
	  "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"response\":"
	  "{\"uid\":\"u\\\"\xc3\xa9\",\"allowed\":true}}\n" },
	{ "audited: the user sees nothing", ACTION_AUDIT, REVIEW_V1BETA1,
	  "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\",\"response\":"
	  "{\"uid\":\"u\\\"\xc3\xa9\",\"allowed\":true,\"auditAnnotations\":{\"decision\":"
	  "\"audit\","
	  "\"policy\":\"coredns/scale\",\"tier\":\"unsupported\",\"paths\":\"spec.replicas\","
	  "\"mode\":\"audit\"}}}\n" },
	{ "warned", ACTION_WARN, REVIEW_V1,
	  "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"response\":"
	  "{\"uid\":\"u\\\"\xc3\xa9\",\"allowed\":true,\"warnings\":["
	  "\"Oracle manages \\\"it\\\" [coredns/scale]\",\"spec.replicas: 3 -> 5\","
	  "\"Why: https://x/\"],\"auditAnnotations\":{\"decision\":\"warn\","
	  "\"policy\":\"coredns/scale\",\"tier\":\"unsupported\",\"paths\":\"spec.replicas\","
	  "\"mode\":\"audit\"}}}\n" },
	{ "denied: code and reason, and a cause a field", ACTION_DENY, REVIEW_V1,
	  "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"response\":"
	  "{\"uid\":\"u\\\"\xc3\xa9\",\"allowed\":false,\"status\":{\"code\":403,"
	  "\"reason\":\"Forbidden\",\"message\":\"Oracle manages \\\"it\\\" [coredns/scale]\\n"
	  "  spec.replicas: 3 -> 5\\nWhy: https://x/\",\"details\":{\"causes\":["
	  "{\"reason\":\"FieldValueForbidden\",\"message\":\"3 -> "
	  "5\",\"field\":\"spec.replicas\"}]}},"
	  "\"auditAnnotations\":{\"decision\":\"deny\",\"policy\":\"coredns/scale\","
	  "\"tier\":\"unsupported\",\"paths\":\"spec.replicas\",\"mode\":\"audit\"}}}\n" },
};

START_TEST(answers)
{
	const struct encode_case *c = &encodes[_i];
	struct review review = { .version = c->version, .request.uid = STR("u\"\xc3\xa9") };
	struct verdict verdict = { .action = c->action, .findings = &one };
	struct err err = { .kind = ERR_NONE };
	scoped(free_end) char *got = NULL;
	size_t len = 0;

	one.action = c->action;
	verdict.findings_n = verdict.findings_all = c->action != ACTION_ALLOW;
	got = review_encode(&review, &verdict, &arena, &len, &err);
	ck_assert_msg(got && len == strlen(c->want) && !memcmp(got, c->want, len + 1),
		      "%s:\n%s\nwant:\n%s", c->why, got ? got : err.msg, c->want);
}
END_TEST

static size_t causes_in(const char *answer)
{
	size_t n = 0;

	for (const char *at = answer; (at = strstr(at, "\"FieldValueForbidden\"")); at++)
		n++;
	return n;
}

static const struct causes_case {
	const char *why;
	size_t findings, denied, changes, want;
} causes[] = {
	{ "each change of a finding", 1, 1, 3, 3 },
	{ "each denied finding's", 3, 3, 2, 6 },
	{ "what only warns is no cause", 3, 1, 2, 2 },
	{ "as many as there may be", 8, 8, 8, 64 },
	{ "no more than there may be", 9, 9, 8, 64 },
	{ "the last one fits in part", 22, 22, 3, 64 },
};

START_TEST(a_cause_is_a_change)
{
	const struct causes_case *c = &causes[_i];
	struct finding_change changes[FINDING_CHANGES];
	struct finding findings[32];
	struct review review = { .request.uid = STR("u") };
	struct verdict verdict = { .action = ACTION_DENY,
				   .findings = findings,
				   .findings_n = c->findings,
				   .findings_all = c->findings };
	struct err err = { .kind = ERR_NONE };
	scoped(free_end) char *got = NULL;
	size_t len = 0;

	for (size_t i = 0; i < FINDING_CHANGES; i++)
		changes[i] = change[0];
	for (size_t i = 0; i < c->findings; i++) {
		findings[i] = one;
		findings[i].action = i < c->denied ? ACTION_DENY : ACTION_WARN;
		findings[i].changes = changes;
		findings[i].changes_n = findings[i].changes_all = c->changes;
	}
	got = review_encode(&review, &verdict, &arena, &len, &err);
	ck_assert_msg(got != NULL, "%s: %s", c->why, err.msg);
	ck_assert_msg(causes_in(got) == c->want, "%s: %zu", c->why, causes_in(got));
}
END_TEST

/* A denial goes out as one, whatever the objects have left of the arena. */
START_TEST(denies_without_memory)
{
	struct review review = { .request.uid = STR("u") };
	struct verdict verdict = {
		.action = ACTION_DENY, .findings = &one, .findings_n = 1, .findings_all = 1
	};
	struct err err = { .kind = ERR_NONE };
	size_t len = 0;

	one.action = ACTION_DENY;
	for (size_t limit = 0; limit < 20000; limit += 500) {
		scoped(arena_end) struct arena small;
		scoped(free_end) char *got = NULL;

		arena_init(&small, limit);
		got = review_encode(&review, &verdict, &small, &len, &err);
		ck_assert_ptr_nonnull(got);
		ck_assert_ptr_nonnull(strstr(got, "\"allowed\":false,\"status\":{\"code\":403"));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("review");
	TCase *tc = tcase_create("review");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, refuses, 0, BADS_N);
	tcase_add_test(tc, reads_all);
	tcase_add_test(tc, reads_the_least);
	tcase_add_test(tc, order_and_white_space_do_not_matter);
	tcase_add_test(tc, reads_what_is_there_again);
	tcase_add_test(tc, any_cut_is_refused);
	tcase_add_test(tc, many_groups);
	tcase_add_loop_test(tc, answers, 0, sizeof encodes / sizeof *encodes);
	tcase_add_loop_test(tc, a_cause_is_a_change, 0, sizeof causes / sizeof *causes);
	tcase_add_test(tc, denies_without_memory);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
