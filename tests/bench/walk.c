/* SPDX-License-Identifier: Apache-2.0
 * walk.c - looking for alpha features in an object, beside reading it.
 *
 * For each review of a file (tests/data/reviews): the time to parse object and oldObject, and
 * the time of features_find on them, the least of several rounds. Ends with 1 when the
 * walks together cost more than LIMIT times the parsing. Single objects over it are
 * named, no more: they take a few microseconds, which a busy machine disturbs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "policy/alpha/features.h"

#define LIMIT      1.3
#define LINE_BYTES (8u << 20)
#define MEMORY     (64u << 20)
#define ROUNDS     9
#define SMALL      1024 /* bytes; below, a fixed cost of about a microsecond is most of it */
#define TIMES      200  /* a round: a small object takes a microsecond */

struct costs {
	double parse, walk; /* seconds */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct gvk gvk_of(struct str raw, struct arena *arena)
{
	struct err err;
	const struct json *j = json_parse(raw, NULL, arena, &err);

	return (struct gvk){ json_str(json_get(j, STR("group"))),
			     json_str(json_get(j, STR("version"))),
			     json_str(json_get(j, STR("kind"))) };
}

/* The request as far as the walk looks at it. */
static struct request request_of(struct str review, struct arena *arena)
{
	struct str r = json_skim(review, STR("request"));
	struct request req = { .operation = OP_CREATE };

	req.kind = gvk_of(json_skim(r, STR("kind")), arena);
	req.request_kind = gvk_of(json_skim(r, STR("requestKind")), arena);
	req.object = json_skim(r, STR("object"));
	req.old_object = json_skim(r, STR("oldObject"));
	req.options = json_skim(r, STR("options"));
	if (str_is(req.old_object, "null"))
		req.old_object = (struct str){ NULL, 0 };
	else
		req.operation = OP_UPDATE;
	return req;
}

static const struct json *parse(struct str text, struct arena *arena)
{
	struct json_limits limits = { .depth = JSON_DEPTH_MAX };
	struct err err;

	return text.n ? json_parse(text, &limits, arena, &err) : NULL;
}

static double block(const struct request *req, bool walk)
{
	double start = now();

	for (int i = 0; i < TIMES; i++) {
		scoped(arena_end) struct arena arena = { .limit = MEMORY };
		const struct json *object = parse(req->object, &arena);
		const struct json *old = parse(req->old_object, &arena);
		struct feature_uses uses;
		struct err err;

		if (walk && features_find(36, req, object, old, &arena, &uses, &err) < 0)
			abort();
	}
	return now() - start;
}

/*
 * Blocks of many, since the clock itself takes as long as a small object; both with one
 * arena for all, as in a request. The least of each: other programs only ever add.
 */
static struct costs least(const struct request *req)
{
	double parse_only = block(req, false), both = block(req, true);

	for (int i = 1; i < ROUNDS; i++) {
		double again = block(req, false), again_both = block(req, true);

		parse_only = again < parse_only ? again : parse_only;
		both = again_both < both ? again_both : both;
	}
	return (struct costs){ parse_only, both > parse_only ? both - parse_only : 0 };
}

struct sums {
	struct costs all;
	double worst;
	size_t n;
};

static void measure(struct str line, struct sums *s)
{
	scoped(arena_end) struct arena arena = { .limit = MEMORY };
	struct str review = json_skim(line, STR("review"));
	struct request req = request_of(review, &arena);
	struct costs c;
	double ratio;

	/* The YAML of a configuration file in a ConfigMap is text to the reader of the object. */
	if (req.object.n < SMALL || !features_possible(36, &req) ||
	    str_is(req.kind.kind, "ConfigMap"))
		return;
	c = least(&req);
	ratio = c.walk / c.parse;
	s->all.parse += c.parse;
	s->all.walk += c.walk;
	s->worst = ratio > s->worst ? ratio : s->worst;
	s->n++;
	if (ratio > LIMIT) {
		struct str id = json_skim(line, STR("id"));

		printf("%.*s: %.2f\n", STR_ARG(id), ratio);
	}
}

int main(int argc, char **argv)
{
	scoped(free_end) char *line = malloc(LINE_BYTES);
	scoped(file_end) FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	struct sums s = { .n = 0 };

	if (!f || !line) {
		fputs("usage: walk REVIEWS.jsonl\n", stderr);
		return 2;
	}
	while (fgets(line, LINE_BYTES, f))
		measure(str_of(line), &s);
	if (!s.n)
		return 2;
	printf("walk %zu objects: %.2f of their parsing together, %.2f at worst (limit %.1f)\n",
	       s.n, s.all.walk / s.all.parse, s.worst, LIMIT);
	return s.all.walk > LIMIT * s.all.parse;
}
