/* SPDX-License-Identifier: Apache-2.0
 * set_of.h - for tests of judging: a set made of policies in the test's own words.
 */
#ifndef TESTS_UNIT_POLICY_JUDGE_SET_OF_H
#define TESTS_UNIT_POLICY_JUDGE_SET_OF_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "oke/policy.h"
#include "tests/unit/parsed.h"

#define NOW      1795392000 /* 2026-11-23 */
#define CUSTOMER "ocid1.user.oc1..a"

#define ABOUT(name, objects, rules)                                                                \
	"---\napiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: " name      \
	"}\nspec:\n  title: t\n  objects: [{" objects "}]\n  rules:\n" rules
/* A policy about the ConfigMap of its name in namespace t. */
#define POLICY(name, rules)                                                                        \
	ABOUT(name, "group: \"\", resource: configmaps, namespace: t, names: [" name "]", rules)
#define RULE(name, operations, rest)                                                               \
	"  - {name: " name ", operations: [" operations "], tier: unsupported" rest "}\n"

static inline void set_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s%s\n", error ? "" : "warning: ", text);
}

/* Documents, the last is NULL; without the built-in pack. */
static inline struct policy_set *set_of(const char *const *texts)
{
	char path[] = "/tmp/check-judge-XXXXXX";
	const char *paths[] = { path };
	const struct policy_source source = { .paths = paths, .paths_n = 1, .no_builtin = true };
	struct policy_set *loaded;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	for (; *texts; texts++)
		ck_assert_int_gt(dprintf(fd, "%s", *texts), 0);
	close(fd);
	loaded = policy_set_new(&source, &(struct policy_report){ .message = set_message });
	unlink(path);
	ck_assert_ptr_nonnull(loaded);
	return loaded;
}

/* JSON is written with ' for " in the tables. */
static inline struct str with_quotes(const char *text, struct arena *arena)
{
	struct str s = text ? str_copy(arena, str_of(text)) : (struct str){ NULL, 0 };

	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '\'')
			((char *)s.s)[i] = '"';
	return s;
}

#endif
