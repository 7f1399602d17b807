/* SPDX-License-Identifier: Apache-2.0
 * check_chain.c - what is known of an object before a write, and what is not.
 */
#include "policy/replay/chain.h"

#include <check.h>

#include "lib/json/json.h"
#include "policy/replay/touched.h"
#include "tests/unit/suite.h"

#define SECOND INT64_C(1000000)
#define NOON   (INT64_C(1795348800) * SECOND) /* 2026-11-22T12:00:00Z */

static struct arena arena;
static struct chain chain;
static struct err err;

static void setup(void)
{
	arena_init(&arena, 8u << 20);
	chain_init(&chain);
}

static void teardown(void)
{
	chain_done(&chain);
	arena_done(&arena);
}

/* An object: uid, resourceVersion, generation (0: none), managedFields, a label, the spec. */
static struct str object(const char *uid, int version, int generation, const char *managed,
			 const char *label, const char *spec)
{
	struct text t;

	text_init(&t, &arena, 1u << 16);
	text_printf(&t, "{\"kind\":\"X\",\"metadata\":{\"uid\":\"%s\",\"resourceVersion\":\"%d\"",
		    uid, version);
	if (generation)
		text_printf(&t, ",\"generation\":%d", generation);
	if (managed)
		text_printf(&t, ",\"managedFields\":[%s]", managed);
	text_printf(&t, ",\"labels\":{\"a\":\"%s\"}},\"spec\":{\"v\":\"%s\"}}", label, spec);
	return text_get(&t);
}

static void fold(struct str result)
{
	struct event e = { .verb = VERB_UPDATE, .code = 200, .response_object = result };

	ck_assert_int_eq(chain_fold(&chain, &e, &arena, &err), 0);
}

#define OKE   "{\"manager\":\"oke\",\"operation\":\"Apply\",\"time\":\"2026-11-22T11:00:00Z\"}"
#define ME    "{\"manager\":\"me\",\"operation\":\"Update\",\"time\":\"2026-11-22T12:00:00Z\"}"
#define EARLY "{\"manager\":\"me\",\"operation\":\"Update\",\"time\":\"2026-11-22T11:59:00Z\"}"
#define OTHER "{\"manager\":\"you\",\"operation\":\"Update\",\"time\":\"2026-11-22T12:00:00Z\"}"

static const struct proof_case {
	const char *name, *uid;
	int version, generation; /* seen before: 10, 3 */
	const char *managed;
	const char *request; /* a merge patch, or an object; NULL: unknown */
	bool content, metadata;
	const char *old_label, *old_spec; /* as they are put together */
} proofs[] = {
	{ "nothing proves anything", "u", 12, 0, NULL, NULL, false, false, "new", "new" },
	{ "the client wrote onto what was seen", "u", 12, 0, NULL,
	  "{\"metadata\":{\"resourceVersion\":\"10\",\"labels\":{}},\"spec\":{\"v\":1}}", true,
	  true, "old", "old" },
	{ "the client wrote onto another", "u", 12, 0, NULL,
	  "{\"metadata\":{\"resourceVersion\":\"11\",\"labels\":{}},\"spec\":{\"v\":1}}", false,
	  false, "new", "new" },
	{ "the version stayed", "u", 10, 0, NULL, NULL, true, true, "old", "old" },
	{ "one manager wrote, now", "u", 12, 0, OKE "," ME, NULL, true, true, "old", "old" },
	{ "one manager wrote, earlier", "u", 12, 0, OKE "," EARLY, NULL, false, false, "new",
	  "new" },
	{ "two managers wrote", "u", 12, 0, OKE "," ME "," OTHER, NULL, false, false, "new",
	  "new" },
	{ "nobody wrote, and yet the version is another", "u", 12, 0, OKE, NULL, false, false,
	  "new", "new" },
	{ "the generation is one higher", "u", 12, 4, NULL, NULL, true, false, "new", "old" },
	{ "the generation stayed", "u", 12, 3, NULL, NULL, true, false, "new", "new" },
	{ "the generation is two higher", "u", 12, 5, NULL, NULL, false, false, "new", "new" },
	{ "another object of the same name", "w", 12, 4, NULL, NULL, false, false, "new", "new" },
	{ "a patch of the spec leaves the metadata", "u", 12, 4, NULL, "{\"spec\":{\"v\":1}}", true,
	  true, "new", "old" },
	{ "a patch of a label leaves the spec, whatever the generation", "u", 12, 4, NULL,
	  "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}", true, false, "new", "new" },
};

static struct str label_of(struct str object)
{
	return json_skim(object_metadata(object, STR("labels")), STR("a"));
}

static bool says(struct str raw, const char *word)
{
	return raw.n == strlen(word) + 2 && !memcmp(raw.s + 1, word, strlen(word));
}

START_TEST(what_a_write_proves)
{
	const struct proof_case *c = &proofs[_i];
	static struct touched touched;
	struct chain_old old;
	struct event e = { .verb = VERB_PATCH,
			   .code = 200,
			   .level = LEVEL_RESPONSE,
			   .received = NOON,
			   .done = NOON + SECOND / 2 };

	fold(object("u", 10, 3, OKE, "old", "old"));
	e.response_object = object(c->uid, c->version, c->generation, c->managed, "new", "new");
	e.request_object = str_of(c->request);
	touched_by_patch(e.request_object, &arena, &touched);
	chain_before(&chain, &e, &touched, &arena, &old);
	ck_assert_msg(old.content == c->content, "%s: content", c->name);
	ck_assert_msg(old.metadata == c->metadata, "%s: metadata", c->name);
	ck_assert_msg(says(label_of(old.text), c->old_label), "%s: %.*s", c->name,
		      STR_ARG(old.text));
	ck_assert_msg(says(json_skim(json_skim(old.text, STR("spec")), STR("v")), c->old_spec),
		      "%s: %.*s", c->name, STR_ARG(old.text));
	ck_assert_ptr_nonnull(json_parse(old.text, NULL, &arena, &err));
}
END_TEST

static const struct fold_case {
	const char *name;
	struct event e;
	bool kept; /* is what was seen before still there? */
	bool forgotten;
} folds[] = {
	{ "refused", { .verb = VERB_UPDATE, .code = 409 }, true, false },
	{ "a dry run", { .verb = VERB_UPDATE, .code = 200, .dry_run = true }, true, false },
	{ "a panic", { .verb = VERB_UPDATE, .code = 200, .panic = true }, true, false },
	{ "an eviction",
	  { .verb = VERB_CREATE, .code = 201, .subresource = { "eviction", 8 } },
	  true,
	  false },
	{ "a write without its result", { .verb = VERB_PATCH, .code = 200 }, false, true },
	{ "a deletion", { .verb = VERB_DELETE, .code = 200 }, false, true },
};

START_TEST(what_changes_the_object)
{
	struct event e = folds[_i].e;

	fold(object("u", 10, 3, OKE, "old", "old"));
	if (folds[_i].kept)
		e.response_object = object("u", 99, 9, OKE, "new", "new");
	ck_assert_int_eq(chain_fold(&chain, &e, &arena, &err), 0);
	if (folds[_i].forgotten)
		ck_assert_msg(!chain.n, "%s", folds[_i].name);
	else
		ck_assert_msg(object_version((struct str){ chain.text, chain.n }) == 10, "%s",
			      folds[_i].name);
}
END_TEST

START_TEST(a_scale_is_folded_in)
{
	bool known;
	struct event e = { .verb = VERB_PATCH, .code = 200, .subresource = STR("scale") };
	struct str before;

	fold(STR("{\"kind\":\"X\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"10\","
		 "\"generation\":3},\"spec\":{\"replicas\":3,\"x\":1}}"));
	e.response_object = STR("{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\","
				"\"resourceVersion\":\"11\"},\"spec\":{}}");
	before = chain_scale_before(&chain, &e, &arena, &known);
	ck_assert(known);
	ck_assert(str_is(json_skim(json_skim(before, STR("spec")), STR("replicas")), "3"));
	ck_assert_int_eq(chain_fold(&chain, &e, &arena, &err), 0);
	before = (struct str){ chain.text, chain.n };
	ck_assert_uint_eq(object_version(before), 11);
	ck_assert(str_is(object_metadata(before, STR("generation")), "4"));
	ck_assert(str_is(json_skim(json_skim(before, STR("spec")), STR("replicas")), "0"));
	ck_assert(str_is(json_skim(json_skim(before, STR("spec")), STR("x")), "1"));
	/* The same number again: nothing proves that it was that one before. */
	before = chain_scale_before(
		&chain,
		&(struct event){
			.response_object = STR(
				"{\"kind\":\"Scale\",\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"12\"}}") },
		&arena, &known);
	ck_assert(before.n && !known);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chain");
	TCase *tc = tcase_create("chain");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_a_write_proves, 0, sizeof proofs / sizeof *proofs);
	tcase_add_loop_test(tc, what_changes_the_object, 0, sizeof folds / sizeof *folds);
	tcase_add_test(tc, a_scale_is_folded_in);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
