/* SPDX-License-Identifier: Apache-2.0
 * published.h - what `oke-guard scan` published, as bytes: read for metrics, and what becomes of it
 * as Events.
 *
 * The ConfigMap can be written by whoever may write ConfigMaps there, so the report is hostile:
 * what goes into a label, a path or an object is checked, and all of it is bounded.
 */
#ifndef AGENT_PUBLISHED_H
#define AGENT_PUBLISHED_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

#define PUBLISHED_KEY        "posture.json"
#define PUBLISHED_MAX        (64u << 10)
#define PUBLISHED_CHECKS     96
#define PUBLISHED_ID         48
#define PUBLISHED_FACTS      8
#define PUBLISHED_FACT       200
#define PUBLISHED_NAMESPACE  "kube-system" /* Events are made there alone */
#define PUBLISHED_EVENT_TEXT 900           /* bytes of an Event's message; 1,024 are allowed */

enum published_result {
	PUBLISHED_PASS,
	PUBLISHED_FINDING,
	PUBLISHED_NOT_CHECKABLE,
	PUBLISHED_UNKNOWN,
	PUBLISHED_NOT_APPLICABLE,
	PUBLISHED_RESULTS_N
};
const char *published_result_name(enum published_result r);

enum published_tier {
	PUBLISHED_UNSUPPORTED,
	PUBLISHED_BEST_EFFORT,
	PUBLISHED_SUPPORTED,
	PUBLISHED_TIERS_N
};
const char *published_tier_name(enum published_tier t);

struct published {
	int64_t time; /* of the scan; 0: there is no report */
	bool whole;
	size_t checks_n, facts_n;
	struct published_check {
		char id[PUBLISHED_ID];
		enum published_result result;
	} checks[PUBLISHED_CHECKS];
	unsigned long long findings[PUBLISHED_TIERS_N];
	char facts[PUBLISHED_FACTS]
		  [PUBLISHED_FACT]; /* that contradict the configuration, in words */
};

/* The report in a ConfigMap's bytes: {NULL, 0} where it holds none yet. -1: it is no ConfigMap. */
int published_find(struct str configmap, struct arena *arena, struct str *out, struct err *err);
/* *findings: a list of JSON, or NULL. -1: it is not a report, or one of a later version. */
int published_read(struct str text, struct arena *arena, struct published *out,
		   const struct json **findings, struct err *err);

/* A finding that becomes an Event: of a component that differs, on an object in kube-system. */
struct published_event {
	struct str key; /* 16 hex digits */
	const char *reason;
	struct str api_version, kind, namespace, name, uid; /* namespace, uid: may be absent */
	struct str text;
};
bool published_event_of(const struct json *finding, struct arena *arena,
			struct published_event *out);

/* The Event's name: the same for a finding all day, so that the API server refuses a second one. */
#define PUBLISHED_NAME 64
void published_event_name(const struct published_event *e, int64_t now, char out[PUBLISHED_NAME]);
/* The Event as JSON. s is NULL: no room. */
struct str published_event_print(const struct published_event *e, int64_t now, struct arena *arena);

#endif
