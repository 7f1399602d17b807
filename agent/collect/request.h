/* SPDX-License-Identifier: Apache-2.0
 * request.h - one line of what a scan asks for, and whether it may be sent.
 */
#ifndef AGENT_COLLECT_REQUEST_H
#define AGENT_COLLECT_REQUEST_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

#define COLLECT_LINE_MAX 4096
#define COLLECT_PATH_MAX 700

enum collect_method { COLLECT_GET, COLLECT_LIST, COLLECT_TABLE, COLLECT_TEXT };

struct collect_request {
	enum collect_method method;
	const char *path; /* with its query; ends in NUL */
};

const char *collect_method_name(enum collect_method m);

/* {"list":"/apis/apps/v1/deployments"}: the first key tells; others are ignored. */
int collect_request_read(struct str line, struct arena *arena, struct collect_request *out,
			 struct err *err);

/*
 * NULL: it may be sent. Else why not: it is no plain path (a percent sign, an empty or dotted
 * segment, a character that no name has), it asks for a cached or endless answer
 * (resourceVersion, watch), it leads through the API server to something else (proxy), or
 * it names the resource `secrets`, whatever its version, namespace and subresource.
 */
const char *collect_request_refusal(const char *path);

#endif
