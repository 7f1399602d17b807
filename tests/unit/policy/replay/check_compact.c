/* SPDX-License-Identifier: Apache-2.0
 * check_compact.c - what is kept of an event is an event again, and says the same.
 */
#include "policy/replay/compact.h"

#include <check.h>

#include "tests/unit/suite.h"

#define COMMON                                                                                     \
	"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"RequestResponse\","    \
	"\"auditID\":\"id\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/x?dryRun=All&"        \
	"fieldManager=me\",\"user\":{\"username\":\"u\\\"1\",\"groups\":[\"a\",\"b\"],\"extra\":"  \
	"{\"x\":[\"SECRET\"]}},\"sourceIPs\":[\"10.9.9.9\"],\"userAgent\":\"SECRET\","             \
	"\"requestReceivedTimestamp\":\"2026-11-22T10:00:00.000001Z\",\"stageTimestamp\":"         \
	"\"2026-11-22T10:00:00.000009Z\",\"responseStatus\":{\"code\":200,\"message\":\"SECRET\"}"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 8u << 20);
}

static void teardown(void)
{
	arena_done(&arena);
}

struct kept {
	size_t n;
	struct str line[4];
};

static int keep(void *ctx, const struct event *e, struct str line, struct err *err)
{
	struct kept *k = ctx;

	(void)e;
	(void)err;
	ck_assert_uint_lt(k->n, 4);
	ck_assert(line.n && line.s[line.n - 1] == '\n' &&
		  memchr(line.s, '\n', line.n) == line.s + line.n - 1);
	k->line[k->n++] = (struct str){ line.s, line.n - 1 };
	return 0;
}

static void read_event(struct str text, struct event *out)
{
	struct event_head h;
	struct err err = { .msg = "" };

	ck_assert_int_eq(event_head_read(text, &h), EVENT_WHOLE);
	ck_assert_msg(event_read(&h, &arena, out, &err) == 0, "%s", err.msg);
}

static void compact(const char *text, struct kept *k)
{
	struct event e;
	struct err err = { .msg = "" };

	*k = (struct kept){ .n = 0 };
	read_event(str_of(text), &e);
	ck_assert_msg(event_compact(&e, &arena, keep, k, &err) == 0, "%s", err.msg);
}

START_TEST(it_says_the_same)
{
	struct kept k;
	struct event e;

	compact(COMMON ",\"verb\":\"patch\",\"objectRef\":{\"resource\":\"pods\",\"namespace\":"
		       "\"n\",\"name\":\"p\",\"subresource\":\"resize\"},\"requestObject\":{\n"
		       "\"spec\":1},\"responseObject\":{\"kind\":\"Pod\"},\"annotations\":{"
		       "\"x\":\"SECRET\",\"support.oke-guard.internal/decision\":\"deny\"}}",
		&k);
	ck_assert_uint_eq(k.n, 1);
	ck_assert(!memmem(k.line[0].s, k.line[0].n, "SECRET", 6));
	ck_assert(!memmem(k.line[0].s, k.line[0].n, "10.9.9.9", 8));
	read_event(k.line[0], &e);
	ck_assert(str_is(e.user.name, "u\"1") && e.user.groups_n == 2);
	ck_assert(e.dry_run && str_is(e.manager, "me") && e.verb == VERB_PATCH && e.code == 200);
	ck_assert(str_is(e.subresource, "resize") && str_is(e.namespace, "n"));
	ck_assert(str_is(e.response_object, "{\"kind\":\"Pod\"}"));
	ck_assert(str_is(e.request_object, "{\"spec\":1}"));
	ck_assert(e.then == THEN_SAID && e.said == ACTION_DENY);
	ck_assert_int_eq(e.done - e.received, 8);
	ck_assert(str_is(e.audit_id, "id"));
}
END_TEST

START_TEST(a_compacted_event_stays_as_it_is)
{
	struct kept once, twice;
	char text[2000];

	compact(COMMON ",\"verb\":\"update\",\"objectRef\":{\"resource\":\"pods\",\"name\":\"p\"},"
		       "\"requestObject\":{\"metadata\":{\"resourceVersion\":\"7\",\"x\":1}},"
		       "\"responseObject\":{\"kind\":\"Pod\"}}",
		&once);
	snprintf(text, sizeof text, "%.*s", (int)once.line[0].n, once.line[0].s);
	ck_assert_ptr_nonnull(strstr(text, "{\"metadata\":{\"resourceVersion\":\"7\"}}"));
	compact(text, &twice);
	ck_assert(str_eq(once.line[0], twice.line[0]));
}
END_TEST

START_TEST(what_secrets_hold_is_not_kept)
{
	struct kept k;
	struct event e;

	compact(COMMON
		",\"verb\":\"create\",\"objectRef\":{\"resource\":\"secrets\",\"name\":\"p\"},"
		"\"requestObject\":{\"data\":\"SECRET\"},"
		"\"responseObject\":{\"kind\":\"Secret\",\"data\":\"SECRET\"}}",
		&k);
	ck_assert(!memmem(k.line[0].s, k.line[0].n, "SECRET", 6));
	read_event(k.line[0], &e);
	ck_assert_int_eq(e.level, LEVEL_METADATA);
	compact(COMMON
		",\"verb\":\"deletecollection\",\"objectRef\":{\"resource\":\"secrets\"},"
		"\"responseObject\":{\"kind\":\"SecretList\",\"items\":[{\"data\":\"SECRET\"}]}}",
		&k);
	ck_assert_uint_eq(k.n, 1);
	ck_assert(!memmem(k.line[0].s, k.line[0].n, "SECRET", 6));
}
END_TEST

START_TEST(a_collection_is_a_deletion_of_each)
{
	struct kept k;
	struct event e;

	compact(COMMON ",\"verb\":\"deletecollection\",\"objectRef\":{\"resource\":\"pods\"},"
		       "\"responseObject\":{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":["
		       "{\"metadata\":{\"name\":\"a\"}}, {\"kind\":\"Pod\",\"metadata\":{\"name\":"
		       "\"b\"}}]}}",
		&k);
	ck_assert_uint_eq(k.n, 2);
	read_event(k.line[0], &e);
	ck_assert(str_is(e.name, "a") && e.verb == VERB_DELETE && str_is(e.audit_id, "id/0"));
	ck_assert(str_starts(e.response_object, STR("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",")));
	read_event(k.line[1], &e);
	ck_assert(str_is(e.name, "b") && str_is(e.audit_id, "id/1"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compact");
	TCase *tc = tcase_create("compact");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_says_the_same);
	tcase_add_test(tc, a_compacted_event_stays_as_it_is);
	tcase_add_test(tc, what_secrets_hold_is_not_kept);
	tcase_add_test(tc, a_collection_is_a_deletion_of_each);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
