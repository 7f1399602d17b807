/* SPDX-License-Identifier: Apache-2.0
 * schema.c - the JSON Schemas, as they are in the tree.
 */
#include <ctype.h>

#include "oke/policy_print.h"
#include "policy/load/builtin.h"

static const char *const kinds[] = { "SupportPolicy", "GuardConfig", "SupportException" };
#define KINDS_N (sizeof kinds / sizeof *kinds)

const char *policy_schema_kind(size_t i)
{
	return i < KINDS_N ? kinds[i] : NULL;
}

/* "schema/supportpolicy.json" is SupportPolicy's. */
static bool is_schema_of(const char *file, struct str kind)
{
	const char *name = strrchr(file, '/') + 1;

	for (size_t i = 0; i < kind.n; i++, name++)
		if (*name != tolower((unsigned char)kind.s[i]))
			return false;
	return !strcmp(name, ".json");
}

struct str policy_schema(struct str kind)
{
	for (uint64_t i = 0; i < schema_files_n; i++) {
		const struct builtin_file *f = &schema_files[i];

		if (is_schema_of(f->name, kind))
			return (struct str){ f->start, (size_t)(f->end - f->start) };
	}
	return (struct str){ NULL, 0 };
}
