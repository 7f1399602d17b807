/* SPDX-License-Identifier: Apache-2.0
 * judged.h - for tests of the loader: load, and hear what is said.
 */
#ifndef TESTS_UNIT_JUDGED_H
#define TESTS_UNIT_JUDGED_H

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/load/documents.h"
#include "policy/validate/validate.h"

#define MEMORY (64u << 20)

struct judged_said {
	FILE *f;
	char *text;
	size_t n;
};

static inline void hear(void *ctx, bool error, const char *text)
{
	fprintf(((struct judged_said *)ctx)->f, "%s%s\n", error ? "" : "warning: ", text);
}

static inline void said_start(struct judged_said *s, struct policy_report *report)
{
	*s = (struct judged_said){ 0 };
	s->f = open_memstream(&s->text, &s->n);
	ck_assert_ptr_nonnull(s->f);
	*report = (struct policy_report){ .message = hear, .ctx = s };
}

static inline char *said_end(struct judged_said *s)
{
	fclose(s->f);
	return s->text;
}

/* Load and validate; what was said, to be freed. */
static inline char *judge_source(const struct policy_source *src, struct arena *arena,
				 struct model *model)
{
	struct policy_report report;
	struct judged_said said;

	said_start(&said, &report);
	if (model_load(src, arena, model, &report) == 0)
		model_validate(model, arena, &report);
	return said_end(&said);
}

static inline char *judge_file(const char *path, bool builtin)
{
	const struct policy_source src = { .paths = &path, .paths_n = 1, .no_builtin = !builtin };
	struct arena arena;
	struct model model;
	char *said;

	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	arena_done(&arena);
	return said;
}

static inline void each_file(const char *folder, void (*visit)(const char *path))
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), seen = 0;

	ck_assert_msg(n > 0, "%s: run from the top of the tree", folder);
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(entries[i]->d_name, '.');
		char path[512];

		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".json"))) {
			visit(path);
			seen++;
		}
		free(entries[i]);
	}
	free(entries);
	ck_assert_int_gt(seen, 1);
}

#endif
