/* SPDX-License-Identifier: Apache-2.0
 * check_event.c - one audit event, its bytes and what they say.
 */
#include "policy/replay/event.h"

#include <check.h>

#include "tests/unit/suite.h"

#define HEAD "\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"RequestResponse\""
#define WHO  ",\"user\":{\"username\":\"u\",\"groups\":[\"g\"]}"
#define WHAT ",\"objectRef\":{\"resource\":\"pods\",\"name\":\"p\"}"
#define DONE ",\"stage\":\"ResponseComplete\""

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 4u << 20);
}

static void teardown(void)
{
	arena_done(&arena);
}

static const struct shape_case {
	const char *name, *text;
	enum event_shape shape;
} shapes[] = {
	{ "an event", "{" HEAD "}", EVENT_WHOLE },
	{ "another order", "{\"apiVersion\":\"audit.k8s.io/v1\",\"x\":[{}],\"kind\":\"Event\"}",
	  EVENT_WHOLE },
	{ "another version", "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1beta1\"}",
	  EVENT_FOREIGN },
	{ "an event of another API", "{\"kind\":\"Event\",\"apiVersion\":\"v1\"}", EVENT_NONE },
	{ "a list", "{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\"}", EVENT_NONE },
	{ "cut in a string", "{" HEAD ",\"verb\":\"ge", EVENT_BROKEN },
	{ "cut in an object", "{" HEAD ",\"user\":{\"a\":[1,2", EVENT_BROKEN },
	{ "two on a line", "{" HEAD "}{" HEAD "}", EVENT_BROKEN },
	{ "no object", "[]", EVENT_BROKEN },
	{ "nothing", "", EVENT_BROKEN },
};

START_TEST(shapes_are_told_apart)
{
	const struct shape_case *c = &shapes[_i];
	struct event_head h;

	ck_assert_msg(event_head_read(str_of(c->text), &h) == c->shape, "%s", c->name);
}
END_TEST

static const struct use_case {
	const char *name, *text;
	enum event_use use;
} uses[] = {
	{ "a write", "{" HEAD DONE WHAT ",\"verb\":\"patch\"}", EVENT_WRITE },
	{ "a read", "{" HEAD DONE WHAT ",\"verb\":\"watch\"}", EVENT_READ },
	{ "begun", "{" HEAD ",\"stage\":\"ResponseStarted\"" WHAT ",\"verb\":\"patch\"}",
	  EVENT_UNFINISHED },
	{ "a panic ended it", "{" HEAD ",\"stage\":\"Panic\"" WHAT ",\"verb\":\"patch\"}",
	  EVENT_WRITE },
	{ "no object", "{" HEAD DONE ",\"verb\":\"create\"}", EVENT_NO_OBJECT },
	{ "a health check", "{" HEAD DONE ",\"verb\":\"get\"}", EVENT_READ },
	{ "a connection by GET",
	  "{" HEAD DONE ",\"objectRef\":{\"resource\":\"pods\",\"subresource\":\"exec\"},"
	  "\"verb\":\"get\"}",
	  EVENT_WRITE },
	{ "its log is read",
	  "{" HEAD DONE ",\"objectRef\":{\"resource\":\"pods\",\"subresource\":\"log\"},"
	  "\"verb\":\"get\"}",
	  EVENT_READ },
};

START_TEST(uses_are_told_apart)
{
	const struct use_case *c = &uses[_i];
	struct event_head h;

	ck_assert_int_eq(event_head_read(str_of(c->text), &h), EVENT_WHOLE);
	ck_assert_msg(event_use_of(&h) == c->use, "%s", c->name);
}
END_TEST

static const struct time_case {
	const char *text;
	int64_t us; /* -1: no time */
} times[] = {
	{ "1970-01-01T00:00:01Z", 1000000 },
	{ "1970-01-01T00:00:01.5Z", 1500000 },
	{ "1970-01-01T00:00:01.000001Z", 1000001 },
	{ "1970-01-01T00:00:01.123456789Z", 1123456 },
	{ "1970-01-01T01:00:01.25+01:00", 1250000 },
	{ "1970-01-01T00:00:01", -1 },
	{ "1970-01-01T00:00:01.x5Z", -1 },
	{ "yesterday, at about noon", -1 },
	{ "", -1 },
};

START_TEST(times_are_read)
{
	int64_t us = -1;

	if (!event_time(str_of(times[_i].text), &us))
		us = -1;
	ck_assert_msg(us == times[_i].us, "%s: %lld", times[_i].text, (long long)us);
}
END_TEST

static void read_event(const char *text, struct event *out)
{
	struct event_head h;
	struct err err = { .msg = "" };

	ck_assert_int_eq(event_head_read(str_of(text), &h), EVENT_WHOLE);
	ck_assert_msg(event_read(&h, &arena, out, &err) == 0, "%s", err.msg);
}

START_TEST(an_event_is_read)
{
	struct event e;

	read_event("{" HEAD DONE WHO WHAT
		   ",\"verb\":\"delete\",\"requestURI\":\"/x?a=b&dryRun=All&fieldManager=me\","
		   "\"responseStatus\":{\"code\":409,\"message\":\"no\"},"
		   "\"impersonatedUser\":{\"username\":\"other\"},"
		   "\"requestReceivedTimestamp\":\"1970-01-01T00:00:02.000000Z\","
		   "\"annotations\":{\"support.oke-guard.internal/decision\":\"warn\"}}",
		   &e);
	ck_assert(str_is(e.user.name, "other"));
	ck_assert_uint_eq(e.user.groups_n, 0);
	ck_assert(e.dry_run && e.code == 409 && e.verb == VERB_DELETE);
	ck_assert(str_is(e.manager, "me"));
	ck_assert_int_eq(e.received, 2000000);
	ck_assert_int_eq(e.done, 2000000);
	ck_assert(e.then == THEN_SAID && e.said == ACTION_WARN);
}
END_TEST

START_TEST(options_tell_a_dry_run_of_a_deletion)
{
	struct event e;

	read_event("{" HEAD DONE WHO WHAT ",\"verb\":\"delete\",\"requestURI\":\"/x\","
		   "\"requestObject\":{\"kind\":\"DeleteOptions\",\"dryRun\":[\"All\"]}}",
		   &e);
	ck_assert(e.dry_run);
}
END_TEST

static const struct then_case {
	const char *name, *annotations;
	enum event_then then;
} thens[] = {
	{ "nothing", "{}", THEN_SILENT },
	{ "another webhook failed",
	  "{\"failed-open.validating.webhook.admission.k8s.io/round_0_index_0\":\"a.example\"}",
	  THEN_SILENT },
	{ "ours failed",
	  "{\"failed-open.validating.webhook.admission.k8s.io/round_0_index_3\":"
	  "\"support.oke-guard.internal\"}",
	  THEN_NOT_REACHED },
	{ "one of ours answered, another failed",
	  "{\"alpha.oke-guard.internal/decision\":\"deny\","
	  "\"failed-open.validating.webhook.admission.k8s.io/round_0_index_3\":"
	  "\"support.oke-guard.internal\"}",
	  THEN_NOT_REACHED },
	{ "a mutating webhook is none of ours",
	  "{\"failed-open.mutation.webhook.admission.k8s.io/round_0_index_3\":"
	  "\"support.oke-guard.internal\"}",
	  THEN_SILENT },
	{ "an answer", "{\"support.oke-guard.internal/decision\":\"audit\"}", THEN_SAID },
	{ "a word that is no decision", "{\"support.oke-guard.internal/decision\":\"maybe\"}",
	  THEN_SILENT },
	{ "another webhook's decision",
	  "{\"a.example/decision\":\"deny\",\"b.example/on\":\"x.oke-guard.internal\"}",
	  THEN_SILENT },
	{ "something else that the guard says", "{\"support.oke-guard.internal/rule\":\"deny\"}",
	  THEN_SILENT },
};

START_TEST(annotations_tell_what_was_said_then)
{
	char text[1000];
	struct event e;

	snprintf(text, sizeof text,
		 "{" HEAD DONE WHO WHAT ",\"verb\":\"patch\",\"annotations\":%s}",
		 thens[_i].annotations);
	read_event(text, &e);
	ck_assert_msg(e.then == thens[_i].then, "%s", thens[_i].name);
}
END_TEST

/* Without an annotation, a refusal whose message names a webhook of the guard is its own. */
static const struct refused_case {
	unsigned code;
	const char *message;
	bool refused;
} refusals[] = {
	{ 403, "admission webhook \\\"support.oke-guard.internal\\\" denied the request", true },
	{ 300, "support.oke-guard.internal", true },
	{ 299, "support.oke-guard.internal", false },
	{ 200, "support.oke-guard.internal", false },
	{ 403, "admission webhook \\\"a.example\\\" denied the request", false },
	{ 403, "", false },
};

START_TEST(a_message_tells_who_refused)
{
	const struct refused_case *c = &refusals[_i];
	char text[1000];
	struct event e;

	snprintf(text, sizeof text,
		 "{" HEAD DONE WHO WHAT
		 ",\"verb\":\"patch\",\"responseStatus\":{\"code\":%u,\"message\":\"%s\"}}",
		 c->code, c->message);
	read_event(text, &e);
	ck_assert_msg(e.refused_by_guard == c->refused, "%u: %s", c->code, c->message);
	ck_assert_int_eq(e.then, c->refused ? THEN_SAID : THEN_SILENT);
	if (c->refused)
		ck_assert_int_eq(e.said, ACTION_DENY);
}
END_TEST

static const struct bad_case {
	const char *text, *says;
} bad[] = {
	{ "{" HEAD DONE WHAT ",\"verb\":\"patch\"}", "user: is missing" },
	{ "{" HEAD DONE WHAT ",\"verb\":\"patch\",\"user\":{\"groups\":[]}}",
	  "user.username: is missing" },
	{ "{" HEAD DONE WHAT ",\"verb\":\"patch\",\"user\":{\"username\":7}}",
	  "user.username: must be a string" },
	{ "{" HEAD DONE WHAT ",\"verb\":\"patch\",\"user\":{\"username\":\"u\",\"groups\":[1]}}",
	  "user.groups: must be strings" },
	{ "{" HEAD DONE WHO ",\"objectRef\":{},\"verb\":\"patch\"}",
	  "objectRef.resource: is missing" },
	{ "{" HEAD DONE WHO WHAT ",\"verb\":\"patch\",\"stageTimestamp\":\"x\"}",
	  "stageTimestamp: must be a time of RFC 3339" },
	{ "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"All\"" DONE WHO WHAT
	  ",\"verb\":\"patch\"}",
	  "level: must be Metadata, Request or RequestResponse" },
};

START_TEST(what_is_wrong_is_named)
{
	struct event_head h;
	struct event e;
	struct err err = { .msg = "" };

	ck_assert_int_eq(event_head_read(str_of(bad[_i].text), &h), EVENT_WHOLE);
	ck_assert_int_eq(event_read(&h, &arena, &e, &err), -1);
	ck_assert_str_eq(err.msg, bad[_i].says);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("event");
	TCase *tc = tcase_create("event");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, shapes_are_told_apart, 0, sizeof shapes / sizeof *shapes);
	tcase_add_loop_test(tc, uses_are_told_apart, 0, sizeof uses / sizeof *uses);
	tcase_add_loop_test(tc, times_are_read, 0, sizeof times / sizeof *times);
	tcase_add_test(tc, an_event_is_read);
	tcase_add_test(tc, options_tell_a_dry_run_of_a_deletion);
	tcase_add_loop_test(tc, annotations_tell_what_was_said_then, 0,
			    sizeof thens / sizeof *thens);
	tcase_add_loop_test(tc, a_message_tells_who_refused, 0, sizeof refusals / sizeof *refusals);
	tcase_add_loop_test(tc, what_is_wrong_is_named, 0, sizeof bad / sizeof *bad);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
