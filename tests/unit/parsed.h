/* SPDX-License-Identifier: Apache-2.0
 * parsed.h - what tests of JSON share: bytes in tables, and a value that must be one.
 */
#ifndef TESTS_UNIT_PARSED_H
#define TESTS_UNIT_PARSED_H

#include <check.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"

/* A row of a table that is a test each. */
#define ROWS(table) (int)(sizeof(table) / sizeof *(table))

/* STR, for tables: those must be constant. NUL may stand in it. */
#define BYTES(lit)                                                                                 \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}
#define MEMORY (64u << 20)

static inline struct json *must_parse(struct str input, struct arena *arena)
{
	struct err err = { .kind = ERR_NONE };
	struct json *j = json_parse(input, NULL, arena, &err);

	ck_assert_msg(j != NULL, "%.*s: %s", STR_ARG(input), err.msg);
	return j;
}

#endif
