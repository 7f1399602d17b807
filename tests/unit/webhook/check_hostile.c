/* SPDX-License-Identifier: Apache-2.0
 * check_hostile.c - objects that no API server would send, and reviews that memory or steps do not
 * suffice for, at every place where that can be.
 *
 * Each value of each object in turn becomes one of another type: there is a verdict, and its answer
 * is sound. Whatever memory or steps end at, nothing passes that somebody would have heard of.
 */
#include "lib/base/cleanup.h"
#include "tests/data/reviews/corpus.h"
#include "tests/unit/webhook/answer.h"
#include "tests/unit/suite.h"

#define MEMORY (4u << 20)

static struct policy_set *set;

static void setup(void)
{
	set = corpus_set("tests/data/reviews/config.yaml");
}

static void teardown(void)
{
	policy_set_unref(set);
}

/* ---- which reviews ---- */

static const char *const files[] = { "tests/data/reviews/made.jsonl",
				     "tests/data/reviews/faults.jsonl",
				     "tests/data/reviews/reviews.jsonl" };
#define FILES ((int)(sizeof files / sizeof *files))

/* All that were made for a reason; of those that were recorded, a few kinds. */
static bool is_looked_at(int file, const struct recorded *r)
{
	static const char *const kinds[] = { "alpha", "csr", "finalizer", "resize", "scale" };

	for (size_t i = 0; file == FILES - 1 && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(meta_text(r->meta, "category"), kinds[i]))
			return true;
	return file < FILES - 1;
}

/* ---- another type ---- */

static const char *const others[] = { "null",    "true",   "7",  "\"x\"",    "[]",
				      "[\"a\"]", "[null]", "{}", "{\"a\":1}" };
#define OTHERS (sizeof others / sizeof *others)

static bool is_another_type(const cJSON *have, const cJSON *other)
{
	return (have->type & 0xff) != (other->type & 0xff) ||
	       cJSON_GetArraySize(have) != cJSON_GetArraySize(other);
}

static void answer_to(cJSON *review, const char *id, const char *other)
{
	scoped(arena_end) struct arena arena, read;
	char *text = cJSON_PrintUnformatted(review);
	struct answer a;
	const char *wrong;

	arena_init(&arena, HANDLER_ARENA_MAX);
	arena_init(&read, MEMORY);
	handler_answer(set, POLICIES_ALL, str_of(text), CORPUS_NOW, &arena, NULL, &a);
	ck_assert_msg(a.decided, "%s, %s: %s\n%s", id, other, a.body, text);
	wrong = answer_wrong(&a, &read);
	ck_assert_msg(!wrong, "%s, %s: %s: %s\n%s", id, other, wrong, a.body, text);
	answer_done(&a);
	cJSON_free(text);
}

/* Every value below this one, each another type than the one before. */
static size_t replace_below(cJSON *review, cJSON *parent, const char *id, size_t turn)
{
	size_t n = 0;

	for (cJSON *at = parent->child; at; at = at->next) {
		cJSON *other = cJSON_Parse(others[turn++ % OTHERS]), kept = *at;

		ck_assert_ptr_nonnull(other);
		n += replace_below(review, at, id, turn);
		if (is_another_type(at, other)) {
			at->type = other->type;
			at->child = other->child;
			at->valuestring = other->valuestring;
			at->valueint = other->valueint;
			at->valuedouble = other->valuedouble;
			answer_to(review, id, at->string ? at->string : "an element");
			*at = kept;
			n++;
		}
		cJSON_Delete(other);
	}
	return n;
}

START_TEST(any_type_anywhere)
{
	struct corpus c;
	size_t all = 0;

	corpus_read(files[_i], &c);
	for (size_t i = 0; i < c.n; i++) {
		const char *id = meta_text(c.lines[i].meta, "id");
		cJSON *review, *request;

		if (!is_looked_at(_i, &c.lines[i]))
			continue;
		review = cJSON_ParseWithLength(c.lines[i].review.s, c.lines[i].review.n);
		request = cJSON_GetObjectItemCaseSensitive(review, "request");
		ck_assert_ptr_nonnull(request);
		all += replace_below(review, cJSON_GetObjectItemCaseSensitive(request, "object"),
				     id, i);
		all += replace_below(review, cJSON_GetObjectItemCaseSensitive(request, "oldObject"),
				     id, i + 4);
		cJSON_Delete(review);
	}
	ck_assert_uint_gt(all, 1000);
	corpus_done(&c);
}
END_TEST

/* ---- an end of memory, or of steps ---- */

static enum action action_within(struct str review, size_t memory, size_t steps, const char *id,
				 size_t *used, size_t *stepped)
{
	scoped(arena_end) struct arena arena;
	struct answer a;
	enum action action;

	arena_init(&arena, memory);
	arena.steps_max = steps;
	handler_answer(set, POLICIES_ALL, review, CORPUS_NOW, &arena, NULL, &a);
	ck_assert_msg(a.decided, "%s, %zu bytes, %zu steps: %s", id, memory, steps, a.body);
	action = a.verdict.action;
	*used = arena.total;
	*stepped = arena.steps;
	answer_done(&a);
	return action;
}

/* What somebody is told of stays told; what is allowed may be warned of. */
static void ends_at(struct str review, size_t memory, size_t steps, const char *id,
		    enum action whole)
{
	size_t used, stepped;
	enum action action = action_within(review, memory, steps, id, &used, &stepped);

	ck_assert_msg(action >= ACTION_WARN || whole < ACTION_WARN,
		      "%s: %zu bytes, %zu steps make %s of %s", id, memory, steps,
		      action_name(action), action_name(whole));
}

START_TEST(nothing_passes_for_want_of_anything)
{
	struct corpus c;

	corpus_read(files[_i], &c);
	for (size_t i = 0; i < c.n; i++) {
		const struct recorded *r = &c.lines[i];
		const char *id = meta_text(r->meta, "id");
		size_t used, stepped, unused;
		enum action whole;

		if (!is_looked_at(_i, r))
			continue;
		whole = action_within(r->review, HANDLER_ARENA_MAX, HANDLER_STEPS_MAX, id, &used,
				      &stepped);
		for (size_t k = 0; k < 24; k++) {
			ends_at(r->review, used * k / 24, HANDLER_STEPS_MAX, id, whole);
			ends_at(r->review, HANDLER_ARENA_MAX, 1 + stepped * k / 24, id, whole);
		}
		ck_assert_int_eq(
			action_within(r->review, HANDLER_ARENA_MAX, stepped, id, &unused, &unused),
			whole);
	}
	corpus_done(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tc = tcase_create("reviews");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, any_type_anywhere, 0, FILES);
	tcase_add_loop_test(tc, nothing_passes_for_want_of_anything, 0, FILES);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
