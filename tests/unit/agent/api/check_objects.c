/* SPDX-License-Identifier: Apache-2.0
 * check_objects.c - what is made of answers, whatever stands in them; and patches that hold only
 * what changes.
 */
#include "agent/api/objects.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/base64.h"
#include "agent/api/kube.h"
#include "tests/unit/suite.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, OBJECT_MEMORY);
}

static void teardown(void)
{
	objects_wipe(&arena);
}

/* ---- base64 ---- */

static const struct base64_case {
	const char *why, *text, *bytes; /* bytes: NULL: refused */
} base64s[] = {
	{ "nothing", "", "" },
	{ "one byte", "Zg==", "f" },
	{ "two bytes", "Zm8=", "fo" },
	{ "three bytes", "Zm9v", "foo" },
	{ "all of the alphabet's end", "++//", "\xfb\xef\xff" },
	{ "line breaks", "Zm9v\r\nYmFy\n", "foobar" },
	{ "no padding", "Zg", NULL },
	{ "half a padding", "Zg=", NULL },
	{ "too much padding", "Z===", NULL },
	{ "padding alone", "====", NULL },
	{ "something behind the padding", "Zg==Zm9v", NULL },
	{ "a digit within the padding", "Zg=v", NULL },
	{ "a blank", "Zm 9v", NULL },
	{ "the URL's alphabet", "--__", NULL },
	{ "no ASCII", "\xc3\xa4", NULL },
};

START_TEST(base64_is_strict)
{
	const struct base64_case *c = &base64s[_i];
	struct str got = base64_decode(str_of(c->text), &arena);

	ck_assert_msg(!got.s == !c->bytes, "%s", c->why);
	if (c->bytes)
		ck_assert_msg(str_is(got, c->bytes), "%s", c->why);
}
END_TEST

START_TEST(base64_there_and_back)
{
	char bytes[256];

	for (size_t n = 0; n < sizeof bytes; n++) {
		struct str in = { bytes, n }, out;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)(i * 7 + n);
		out = base64_decode(base64_encode(in, &arena), &arena);
		ck_assert(out.s && str_eq(in, out));
	}
}
END_TEST

START_TEST(base64_refuses_a_nul)
{
	ck_assert_ptr_null(base64_decode((struct str){ "Zm9\0", 4 }, &arena).s);
}
END_TEST

/* ---- the Secret ---- */

#define METADATA "\"metadata\":{\"resourceVersion\":\"7\"}"

static const struct objects_secret_case {
	const char *why, *body;
	const char *cert; /* what tls.crt is; NULL: refused */
} secrets[] = {
	{ "as the chart makes it", "{\"kind\":\"Secret\"," METADATA "}", "" },
	{ "no data", "{\"kind\":\"Secret\",\"data\":null," METADATA "}", "" },
	{ "a pair", "{\"kind\":\"Secret\",\"data\":{\"tls.crt\":\"Zm9v\"}," METADATA "}", "foo" },
	{ "an empty key", "{\"kind\":\"Secret\",\"data\":{\"tls.crt\":\"\"}," METADATA "}", "" },
	{ "no base64 is nothing",
	  "{\"kind\":\"Secret\",\"data\":{\"tls.crt\":\"%%\"}," METADATA "}", "" },
	{ "no text is nothing", "{\"kind\":\"Secret\",\"data\":{\"tls.crt\":{}}," METADATA "}",
	  "" },
	{ "data is a list", "{\"kind\":\"Secret\",\"data\":[]," METADATA "}", "" },
	{ "annotations are a text",
	  "{\"kind\":\"Secret\",\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":\"x\"}}",
	  "" },
	{ "another kind", "{\"kind\":\"ConfigMap\"," METADATA "}", NULL },
	{ "no version", "{\"kind\":\"Secret\",\"metadata\":{}}", NULL },
	{ "an empty version", "{\"kind\":\"Secret\",\"metadata\":{\"resourceVersion\":\"\"}}",
	  NULL },
	{ "a version with a NUL",
	  "{\"kind\":\"Secret\",\"metadata\":{\"resourceVersion\":\"7\\u0000\"}}", NULL },
	{ "immutable", "{\"kind\":\"Secret\",\"immutable\":true," METADATA "}", NULL },
	{ "not immutable", "{\"kind\":\"Secret\",\"immutable\":false," METADATA "}", "" },
	{ "a duplicate key", "{\"kind\":\"Secret\",\"kind\":\"Secret\"," METADATA "}", NULL },
	{ "cut short", "{\"kind\":\"Secret\",\"da", NULL },
	{ "a list", "[]", NULL },
	{ "nothing", "", NULL },
};

START_TEST(a_secret_is_read)
{
	const struct objects_secret_case *c = &secrets[_i];
	struct store s;
	struct str version;
	struct err err = { .msg = "" };
	int r = objects_secret_read(str_of(c->body), &arena, &s, &version, &err);

	ck_assert_msg((r == 0) == (c->cert != NULL), "%s: %s", c->why, err.msg);
	if (c->cert)
		ck_assert_msg(str_is(s.part[PART_CERT], c->cert) && str_is(version, "7"), "%s",
			      c->why);
}
END_TEST

START_TEST(a_patch_holds_what_changes)
{
	struct store before = { 0 }, after;
	struct str patch;
	struct err err;

	before.part[PART_CERT] = STR("cert");
	before.part[PART_KEY] = STR("key");
	before.part[PART_NEXT_CERT] = STR("foo");
	before.part[PART_TRUSTED_SINCE] = STR("then");
	after = before;
	after.part[PART_CERT] = STR("foo");
	after.part[PART_NEXT_CERT] = (struct str){ NULL, 0 };
	after.part[PART_TRUSTED_SINCE] = (struct str){ NULL, 0 };
	after.part[PART_SERVED_SINCE] = STR("2026-11-22T00:00:00Z");
	ck_assert(objects_secret_patch(&before, &after, STR("7"), &arena, &patch, &err) == 0);
	ck_assert_str_eq(patch.s, "{\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{"
				  "\"oke-guard.internal/trusted-since\":null,"
				  "\"oke-guard.internal/served-since\":\"2026-11-22T00:00:00Z\"}},"
				  "\"data\":{\"tls.crt\":\"Zm9v\",\"next.crt\":null}}");
}
END_TEST

/* ---- the configuration ---- */

#define CONFIGURATION(webhooks)                                                                    \
	"{\"kind\":\"ValidatingWebhookConfiguration\",\"metadata\":{\"resourceVersion\":\"7\","    \
	"\"uid\":\"u-1\",\"generation\":3},\"webhooks\":" webhooks "}"
#define WITH(bundle) "{\"clientConfig\":{\"caBundle\":\"" bundle "\"}}"

static const struct configuration_case {
	const char *why, *body;
	const char *bundle; /* NULL: refused */
	size_t entries, untrusted;
} configurations[] = {
	{ "a shell", CONFIGURATION("null"), "", 0, 0 },
	{ "no list", CONFIGURATION("{}"), "", 0, 0 },
	{ "no entries", CONFIGURATION("[]"), "", 0, 0 },
	{ "one", CONFIGURATION("[" WITH("Zm9v") "]"), "foo\n", 1, 0 },
	{ "the same twice", CONFIGURATION("[" WITH("Zm9v") "," WITH("Zm9v") "]"), "foo\n", 2, 0 },
	{ "two", CONFIGURATION("[" WITH("Zm9v") "," WITH("YmFy") "]"), "foo\nbar\n", 2, 0 },
	{ "two that end their line", CONFIGURATION("[" WITH("Zm9vCg==") "," WITH("YmFyCg==") "]"),
	  "foo\nbar\n", 2, 0 },
	{ "one is empty", CONFIGURATION("[" WITH("") "," WITH("Zm9v") ",{}]"), "foo\n", 3, 2 },
	{ "no base64", CONFIGURATION("[" WITH("%") "]"), "", 1, 0 },
	{ "entries of another type", CONFIGURATION("[1,\"x\",null,[],{\"clientConfig\":[]}]"), "",
	  5, 5 },
	{ "another kind", "{\"kind\":\"Secret\",\"metadata\":{\"resourceVersion\":\"7\"}}", NULL, 0,
	  0 },
	{ "no uid",
	  "{\"kind\":\"ValidatingWebhookConfiguration\",\"metadata\":{\"resourceVersion\":\"7\","
	  "\"generation\":3}}",
	  NULL, 0, 0 },
	{ "no version, which a patch must name",
	  "{\"kind\":\"ValidatingWebhookConfiguration\",\"metadata\":{\"uid\":\"u-1\","
	  "\"generation\":3}}",
	  NULL, 0, 0 },
};

START_TEST(a_configuration_is_read)
{
	const struct configuration_case *c = &configurations[_i];
	struct configuration got;
	struct err err = { .msg = "" };
	int r = objects_configuration_read(str_of(c->body), &arena, &got, &err);

	ck_assert_msg((r == 0) == (c->bundle != NULL), "%s: %s", c->why, err.msg);
	if (!c->bundle)
		return;
	ck_assert_msg(str_is(got.bundle, c->bundle), "%s: '%.*s'", c->why, STR_ARG(got.bundle));
	ck_assert_msg(str_is(got.state, "u-1/3"), "%s", c->why);
	ck_assert_msg(str_is(got.version, "7"), "%s: '%.*s'", c->why, STR_ARG(got.version));
	ck_assert_uint_eq(got.entries, c->entries);
	ck_assert_uint_eq(got.untrusted, c->untrusted);
}
END_TEST

START_TEST(a_configuration_is_patched)
{
	struct str patch;
	struct err err;

	ck_assert(objects_configuration_patch(STR("[1]"), STR("7"), &arena, &patch, &err) == 0);
	ck_assert_str_eq(patch.s, "{\"metadata\":{\"resourceVersion\":\"7\"},\"webhooks\":[1]}");
}
END_TEST

/* ---- the servers' Deployment ---- */

static const struct objects_rollout_case {
	const char *why, *body;
	long want; /* -1: refused */
} rollouts[] = {
	{ "all are up", "{\"kind\":\"Deployment\",\"status\":{\"replicas\":2}}", 0 },
	{ "one is not", "{\"kind\":\"Deployment\",\"status\":{\"unavailableReplicas\":1}}", 1 },
	{ "no status yet", "{\"kind\":\"Deployment\"}", 0 },
	{ "a text", "{\"kind\":\"Deployment\",\"status\":{\"unavailableReplicas\":\"9\"}}", 0 },
	{ "more than there can be",
	  "{\"kind\":\"Deployment\",\"status\":{\"unavailableReplicas\":99999999999999999999}}",
	  0 },
	{ "another kind", "{\"kind\":\"Pod\",\"status\":{\"unavailableReplicas\":1}}", -1 },
	{ "no JSON", "<html>", -1 },
};

START_TEST(a_rollout_is_read)
{
	const struct objects_rollout_case *c = &rollouts[_i];
	struct err err = { .msg = "" };
	long got = -1;
	int r = objects_unavailable_read(str_of(c->body), &arena, &got, &err);

	ck_assert_msg((r == 0) == (c->want >= 0), "%s: %s", c->why, err.msg);
	ck_assert_msg(got == c->want, "%s: %ld", c->why, got);
}
END_TEST

/* ---- facts ---- */

static const struct objects_version_case {
	const char *why, *body, *want; /* NULL: refused */
} versions[] = {
	{ "plain", "{\"major\":\"1\",\"minor\":\"36\"}", "1.36" },
	{ "a provider's", "{\"major\":\"1\",\"minor\":\"36+\"}", "1.36" },
	{ "numbers", "{\"major\":1,\"minor\":36}", "1.36" },
	{ "no minor", "{\"major\":\"1\"}", NULL },
	{ "no digits", "{\"major\":\"1\",\"minor\":\"x\"}", NULL },
	{ "a list", "[\"1\"]", NULL },
};

START_TEST(a_version_is_read)
{
	const struct objects_version_case *c = &versions[_i];
	struct str got;
	struct err err = { .msg = "" };
	int r = objects_version_read(str_of(c->body), &arena, &got, &err);

	ck_assert_msg((r == 0) == (c->want != NULL), "%s: %s", c->why, err.msg);
	if (c->want)
		ck_assert_msg(str_is(got, c->want), "%s: '%.*s'", c->why, STR_ARG(got));
}
END_TEST

/* ---- names ---- */

static const struct kube_name_case {
	const char *name;
	bool ok;
} names[] = {
	{ "oke-guard", true }, { "a", true },       { "a.b-c.1", true },       { "", false },
	{ ".", false },        { "..", false },     { "a/b", false },          { "a?b", false },
	{ "a%2fb", false },    { "-a", false },     { "a-", false },           { "A", false },
	{ "a b", false },      { "a\r\nb", false }, { "../secrets/x", false },
};

START_TEST(a_name_may_stand_in_a_path)
{
	ck_assert_msg(kube_name_ok(names[_i].name) == names[_i].ok, "'%s'", names[_i].name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("object");
	TCase *tc = tcase_create("answers");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, base64_is_strict, 0, sizeof base64s / sizeof *base64s);
	tcase_add_test(tc, base64_there_and_back);
	tcase_add_test(tc, base64_refuses_a_nul);
	tcase_add_loop_test(tc, a_secret_is_read, 0, sizeof secrets / sizeof *secrets);
	tcase_add_test(tc, a_patch_holds_what_changes);
	tcase_add_loop_test(tc, a_configuration_is_read, 0,
			    sizeof configurations / sizeof *configurations);
	tcase_add_test(tc, a_configuration_is_patched);
	tcase_add_loop_test(tc, a_rollout_is_read, 0, sizeof rollouts / sizeof *rollouts);
	tcase_add_loop_test(tc, a_version_is_read, 0, sizeof versions / sizeof *versions);
	tcase_add_loop_test(tc, a_name_may_stand_in_a_path, 0, sizeof names / sizeof *names);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
