/* SPDX-License-Identifier: Apache-2.0
 * check_handler.c - bytes in, bytes out: whatever comes in, the answer keeps its
 * limits, and a denial stays one when memory runs short.
 */
#include <check.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "tests/unit/webhook/answer.h"
#include "tests/unit/suite.h"

#define NOW 1795392000 /* 2026-11-23 */

static struct policy_set *set;
static struct arena arena;

static void setup(void)
{
	ck_assert_ptr_nonnull(set = policy_set_new(NULL, &(struct policy_report){ 0 }));
	arena_init(&arena, HANDLER_ARENA_MAX);
}

static void teardown(void)
{
	policy_set_unref(set);
	arena_done(&arena);
}

#define CUSTOMER "ocid1.user.oc1..a"

/* An UPDATE of a ConfigMap that OKE manages. */
static struct str review_of(struct arena *a, const char *user, const char *old, const char *new)
{
	struct text t;

	text_init(&t, a, 64u << 20);
	text_puts(&t, "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
		      "\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"\",\"version\":\"v1\","
		      "\"kind\":\"ConfigMap\"},\"resource\":{\"group\":\"\",\"version\":\"v1\","
		      "\"resource\":\"configmaps\"},\"name\":\"coredns\",\"namespace\":"
		      "\"kube-system\",\"operation\":\"UPDATE\",\"userInfo\":{\"username\":"
		      "\"");
	text_puts(&t, user);
	text_puts(&t, "\",\"groups\":[\"system:authenticated\"]},\"object\":");
	text_puts(&t, new);
	text_puts(&t, ",\"oldObject\":");
	text_puts(&t, old);
	text_puts(&t, "}}");
	ck_assert(!t.full);
	return text_get(&t);
}

static void answer_is_right(const struct answer *a)
{
	const char *wrong = answer_wrong(a, &arena);

	ck_assert_msg(!wrong, "%s: %.*s", wrong ? wrong : "", (int)a->len, a->body);
}

static const struct handler_error_case {
	const char *why, *body, *want;
} errors[] = {
	{ "nothing", "", "{\"code\":400,\"error\":\"the body is empty\"}\n" },
	{ "a list", "[]", "{\"code\":400,\"error\":\"the body must be a JSON object\"}\n" },
	{ "what was sent is quoted without harm",
	  "{\"kind\":\"AdmissionReview\",\"request\":{\"kind\":{\"\\u001b\xe2\x80\x8f\":1,"
	  "\"\\u001b\xe2\x80\x8f\":2}}}",
	  "{\"code\":400,\"error\":\"request.kind: byte " },
};

START_TEST(no_review)
{
	const struct handler_error_case *c = &errors[_i];
	struct answer a;

	handler_answer(set, POLICIES_ALL, str_of(c->body), NOW, &arena, NULL, &a);
	ck_assert_uint_eq(a.status, 400);
	ck_assert(!a.decided);
	ck_assert_msg(!strncmp(a.body, c->want, strlen(c->want)), "%s: %s", c->why, a.body);
	answer_is_right(&a);
	for (size_t i = 0; i + 1 < a.len; i++)
		ck_assert(a.body[i] >= 0x20 && a.body[i] < 0x7f);
	answer_done(&a);
	ck_assert_ptr_null(a.body);
}
END_TEST

/* Whatever memory is left: refused by status, or denied; never allowed. */
START_TEST(never_allowed_for_want_of_memory)
{
	struct str body =
		review_of(&arena, CUSTOMER, "{\"data\":{\"a\":\"1\"}}", "{\"data\":{\"a\":\"2\"}}");
	size_t denied = 0;

	for (size_t limit = 0; limit < 60000; limit += 97) {
		struct answer a;
		scoped(arena_end) struct arena small;

		arena_init(&small, limit);
		handler_answer(set, POLICIES_ALL, body, NOW, &small, NULL, &a);
		ck_assert_msg(a.decided ? a.verdict.action == ACTION_DENY : a.status == 503,
			      "%zu bytes: %s", limit, a.body);
		denied += a.decided;
		answer_done(&a);
	}
	ck_assert_uint_gt(denied, 100);
}
END_TEST

/* As many changes as an API server lets through: denied all the same. */
START_TEST(many_changes_are_denied)
{
	struct text old, new;
	struct answer a;
	scoped(arena_end) struct arena input, own;

	arena_init(&input, 512u << 20);
	arena_init(&own, HANDLER_ARENA_MAX);
	text_init(&old, &input, 16u << 20);
	text_init(&new, &input, 16u << 20);
	text_puts(&old, "{\"data\":{");
	text_puts(&new, "{\"data\":{");
	for (int i = 0; old.n < 1500000; i++) {
		text_printf(&old, "\"%x\":\"\",", i);
		text_printf(&new, "\"%x\":\"1\",", i);
	}
	text_puts(&old, "\"Corefile\":\"a\"}}");
	text_puts(&new, "\"Corefile\":\"b\"}}");
	handler_answer(set, POLICIES_ALL, review_of(&input, CUSTOMER, old.s, new.s), NOW, &own,
		       NULL, &a);
	ck_assert_msg(a.decided && a.verdict.action == ACTION_DENY, "%u: %.*s", a.status,
		      (int)(a.len > 300 ? 300 : a.len), a.body);
	answer_is_right(&a);
	answer_done(&a);
}
END_TEST

/* ---- hostile texts ---- */

static unsigned seed;

static unsigned draw(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* Text of what terminals, shells, JSON and HTTP headers trip over. */
static void hostile(struct text *t)
{
	static const char *const pieces[] = {
		"\\u0000",   "\\u001b[31m",
		"\\u202e",   "\\u2066",
		"\xc2\x9b",  "\\u007f",
		"\\n",       "\\r\\n",
		"'",         "\\\"",
		"\\\\",      "$(x)",
		"`x`",       "\xf0\x9f\x98\x80",
		"[*]",       "]",
		".",         " ",
		"%s",        "a",
		"Instead: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"{",         "}",
		",",         "/",
		"-- "
	};
	unsigned n = 1 + draw(12);

	if (draw(4) == 0)
		n *= 30;
	for (unsigned i = 0; i < n; i++)
		text_puts(t, pieces[draw(sizeof pieces / sizeof *pieces)]);
}

static void hostile_map(struct text *t, const char *name)
{
	unsigned n = draw(12);

	text_printf(t, "\"%s\":{", name);
	for (unsigned i = 0; i < n; i++) {
		text_printf(t, "%s\"%u", i ? "," : "", i);
		hostile(t);
		text_puts(t, "\":\"");
		hostile(t);
		text_puts(t, "\"");
	}
	text_puts(t, "}");
}

static const char *hostile_object(struct arena *a)
{
	struct text t;

	text_init(&t, a, 1u << 20);
	text_puts(&t, "{\"metadata\":{");
	hostile_map(&t, "annotations");
	text_puts(&t, ",");
	hostile_map(&t, "labels");
	text_puts(&t, ",\"ownerReferences\":[{\"name\":\"");
	hostile(&t);
	text_puts(&t, "\"}]},");
	hostile_map(&t, "data");
	text_puts(&t, ",\"");
	hostile(&t);
	text_puts(&t, "\":[{");
	hostile_map(&t, "deep");
	text_puts(&t, "}]}");
	ck_assert(!t.full);
	return t.s;
}

START_TEST(hostile_texts)
{
	const char *user = _i % 2 ? CUSTOMER : "somebody";
	enum action worst = _i % 2 ? ACTION_DENY : ACTION_WARN;
	size_t found = 0;

	seed = (unsigned)_i * 7919u + 1;
	for (int k = 0; k < 50; k++) {
		scoped(arena_end) struct arena own;
		const char *old, *new;
		struct answer a;

		arena_init(&own, HANDLER_ARENA_MAX);
		old = hostile_object(&own);
		new = hostile_object(&own);
		handler_answer(set, POLICIES_ALL, review_of(&own, user, old, new), NOW, &own, NULL,
			       &a);
		ck_assert_msg(a.decided, "%s", a.body);
		ck_assert_int_le(a.verdict.action, worst);
		found += a.verdict.action == worst;
		answer_is_right(&a);
		answer_done(&a);
		arena_done(&arena);
		arena_init(&arena, HANDLER_ARENA_MAX);
	}
	ck_assert_uint_gt(found, 40);
}
END_TEST

/* The API server asks again after a write conflict: another uid, nothing else. */
START_TEST(same_but_for_the_uid)
{
	struct str body = review_of(&arena, CUSTOMER, "{\"data\":{}}", "{\"data\":{\"a\":\"1\"}}");
	struct str again = str_copy(&arena, body);
	struct answer a, b;
	char *uid;

	ck_assert_ptr_nonnull(again.s);
	ck_assert_ptr_nonnull(uid = memmem(again.s, again.n, "\"u\"", 3));
	uid[1] = 'v';
	handler_answer(set, POLICIES_ALL, body, NOW, &arena, NULL, &a);
	handler_answer(set, POLICIES_ALL, again, NOW, &arena, NULL, &b);
	ck_assert_str_ne(a.body, b.body);
	ck_assert_ptr_nonnull(uid = strstr(b.body, "\"v\""));
	uid[1] = 'u';
	ck_assert_str_eq(a.body, b.body);
	answer_done(&a);
	answer_done(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("handler");
	TCase *tc = tcase_create("handler");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, no_review, 0, sizeof errors / sizeof *errors);
	tcase_add_test(tc, never_allowed_for_want_of_memory);
	tcase_add_test(tc, many_changes_are_denied);
	tcase_add_loop_test(tc, hostile_texts, 0, 10);
	tcase_add_test(tc, same_but_for_the_uid);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
