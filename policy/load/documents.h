/* SPDX-License-Identifier: Apache-2.0
 * documents.h - YAML to model; every message carries file:line:column.
 */
#ifndef POLICY_LOAD_DOCUMENTS_H
#define POLICY_LOAD_DOCUMENTS_H

#include "policy/model/report.h"

#define POLICY_API_VERSION "oke-guard.internal/v1"

#define POLICY_FILE_MAX  (1u << 20) /* bytes of one file */
#define POLICY_FILES_MAX 1024       /* of all sources together */

/*
 * Read the built-in pack and the sources into *out, which lives in the arena
 * (as do all strings of it). All messages go to the report, all errors of a file
 * in one run. -1 when there was an error, unless the source is lenient, or when memory ran out.
 */
int model_load(const struct policy_source *src, struct arena *arena, struct model *out,
	       struct policy_report *report);

/* The built-in GuardConfig. */
int config_defaults(struct arena *arena, struct config *out);

#endif
