/*
 * corpus.h - the lines of a file of recorded reviews (README.md beside it), judged.
 *
 * A line is the expectation, read with cJSON, and behind it the review's bytes exactly as the API
 * server sent them: those are not parsed here, since deep ones would be refused.
 */
#ifndef TESTS_DATA_REVIEWS_CORPUS_H
#define TESTS_DATA_REVIEWS_CORPUS_H

#include <cjson/cJSON.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "webhook/handler.h"

#define CORPUS_NOW 1795392000 /* 2026-11-23, the day after the recording */

struct recorded {
	cJSON *meta; /* id, category, expect ... */
	struct str review;
};

struct corpus {
	char *bytes;
	struct recorded *lines;
	size_t n;
};

/* What an answer says, read from the bytes that the API server would get. */
struct answered {
	enum action action;
	char policies[256]; /* of the findings that deny, each between spaces */
	struct answer answer;
	struct arena arena;
};

static inline char *corpus_slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *bytes = NULL;
	size_t n = 0, room = 0, got = 1;

	ck_assert_msg(f, "%s cannot be opened; tests run from the project's root", path);
	while (got) {
		room = n + (4u << 20);
		ck_assert_ptr_nonnull(bytes = realloc(bytes, room + 1));
		n += got = fread(bytes + n, 1, room - n, f);
	}
	fclose(f);
	bytes[n] = '\0';
	return bytes;
}

/* `{"id": ..., "review": {...}}`: the review is the last member. */
static inline struct recorded corpus_line(char *line, size_t n)
{
	static const char mark[] = ", \"review\": ";
	char *at = memmem(line, n, mark, sizeof mark - 1);
	struct recorded r;

	ck_assert_msg(at && line[n - 1] == '}', "no review in: %.80s", line);
	r.review = (struct str){ at + sizeof mark - 1, n - (size_t)(at - line) - sizeof mark };
	*at = '}';
	r.meta = cJSON_ParseWithLength(line, (size_t)(at - line) + 1);
	ck_assert_msg(r.meta, "not JSON: %.80s", line);
	return r;
}

static inline void corpus_read(const char *path, struct corpus *c)
{
	char *line, *end;

	*c = (struct corpus){ .bytes = corpus_slurp(path) };
	for (line = c->bytes; (end = strchr(line, '\n')); line = end + 1) {
		c->lines = realloc(c->lines, (c->n + 1) * sizeof *c->lines);
		ck_assert_ptr_nonnull(c->lines);
		c->lines[c->n++] = corpus_line(line, (size_t)(end - line));
	}
}

static inline void corpus_done(struct corpus *c)
{
	for (size_t i = 0; i < c->n; i++)
		cJSON_Delete(c->lines[i].meta);
	free(c->lines);
	free(c->bytes);
}

static inline const char *meta_text(const cJSON *o, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

	return s ? s : "";
}

static inline void corpus_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s: %s\n", error ? "error" : "warning", text);
}

/* The built-in pack under tests/data/reviews/config.yaml; NULL config: under the defaults. */
static inline struct policy_set *corpus_set(const char *config)
{
	struct policy_source source = { .config = config };
	struct policy_report report = { .message = corpus_message };
	struct policy_set *set = policy_set_new(&source, &report);

	ck_assert_msg(set && !report.errors, "the built-in policies do not load");
	return set;
}

static inline enum action action_of(const cJSON *response)
{
	const cJSON *allowed = cJSON_GetObjectItemCaseSensitive(response, "allowed");

	ck_assert(cJSON_IsBool(allowed));
	if (cJSON_IsFalse(allowed))
		return ACTION_DENY;
	return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(response, "warnings")) > 0
		       ? ACTION_WARN
		       : ACTION_ALLOW;
}

static inline void answered_policies(struct answered *out)
{
	const struct verdict *v = &out->answer.verdict;
	size_t n = 0;

	out->policies[n++] = ' ';
	for (size_t i = 0; i < v->findings_n; i++)
		if (v->findings[i].action == ACTION_DENY && n + 80 < sizeof out->policies)
			n += (size_t)snprintf(out->policies + n, sizeof out->policies - n, "%.*s ",
					      STR_ARG(v->findings[i].policy));
	out->policies[n] = '\0';
}

/* Judge one review; answered_done releases what it holds. */
static inline void corpus_answer(const struct policy_set *set, struct str review,
				 struct answered *out)
{
	cJSON *body;

	*out = (struct answered){ 0 };
	arena_init(&out->arena, HANDLER_ARENA_MAX);
	handler_answer(set, POLICIES_ALL, review, CORPUS_NOW, &out->arena, NULL, &out->answer);
	ck_assert_msg(out->answer.status == 200 && out->answer.decided, "%u: %s",
		      out->answer.status, out->answer.body);
	body = cJSON_Parse(out->answer.body);
	ck_assert_ptr_nonnull(body);
	out->action = action_of(cJSON_GetObjectItemCaseSensitive(body, "response"));
	answered_policies(out);
	cJSON_Delete(body);
}

static inline void answered_done(struct answered *a)
{
	answer_done(&a->answer);
	arena_done(&a->arena);
}

#endif
