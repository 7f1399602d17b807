/* SPDX-License-Identifier: Apache-2.0
 * builtin.h - the policies that are compiled in: the files of policy/builtin/, each as
 * it is written, in order of their names. The table is made by tools/embed.sh.
 */
#ifndef POLICY_LOAD_BUILTIN_H
#define POLICY_LOAD_BUILTIN_H

#include <stdint.h>

struct builtin_file {
	const char *name; /* "builtin/coredns.yaml" */
	const char *start, *end;
};

extern const struct builtin_file builtin_files[];
extern const uint64_t builtin_files_n;

/* The JSON Schemas of the kinds: policy/schema/, "schema/supportpolicy.json". */
extern const struct builtin_file schema_files[];
extern const uint64_t schema_files_n;

/* The list of OKE's versions: "builtin/versions.yaml". */
extern const struct builtin_file versions_files[];

#endif
