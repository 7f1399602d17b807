/* SPDX-License-Identifier: Apache-2.0
 * versions.h - OKE's Kubernetes versions: when each became available and how long it is supported.
 *
 * The list is data with a date: policy/catalogue/versions.yaml, compiled in, or the file that
 * replaces it (policy_source.versions; policy_set_versions gives the one in force). Oracle's page
 * about supported versions is its source; each list names it and the day it was read.
 *
 * A list ages. An end that is past in the list stays past, however old the list is. What only a
 * newer list can tell (a version newer than the list, an end that hangs on a release that the
 * list does not have yet) is "not known as of DATE" once the list is older than
 * VERSIONS_AGE_DAYS.
 *
 * Pure: the clock is passed in, nothing is allocated, nothing fails.
 */
#ifndef POLICY_CATALOGUE_VERSIONS_H
#define POLICY_CATALOGUE_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"

#define VERSIONS_AGE_DAYS    60   /* an older list says less: see above */
#define VERSIONS_ENDING_DAYS 60   /* an end that is as near is told as near */
#define VERSIONS_MAX         1000 /* rows of one list */

#define VERSION_ANY_PATCH (-1) /* "1.33": no patch is named */

struct kube_version { /* Kubernetes 1.MINOR.PATCH */
	unsigned minor;
	int patch; /* or VERSION_ANY_PATCH */
};

/* "1.36", "1.36.1", "v1.36.1", "v1.36.1-oke.2+x": false: it is no version 1.x. */
bool kube_version_parse(struct str text, struct kube_version *out);
/* "1.36.1" or "1.36". */
#define KUBE_VERSION_TEXT 24
void kube_version_print(struct kube_version v, char out[KUBE_VERSION_TEXT]);

struct oke_version { /* a row of the list */
	struct kube_version
		version; /* no patch: all of the minor's that have no row of their own */
	bool preview;    /* never supported for production */
	/* Days, as seconds since the epoch at 00:00 UTC; 0: not stated. The end is the last day of
	   support. With after_days the end is so many days after `after` becomes available on
	   OKE, which is a day only once the list has that row. */
	int64_t available, end;
	struct kube_version after;
	unsigned after_days; /* 0: `end` counts */
};

struct versions {
	struct str source;           /* URL of the page that it was read from */
	int64_t as_of;               /* the day it was read */
	const struct oke_version *v; /* newest first */
	size_t n;
};

enum oke_support {
	OKE_SUPPORTED,
	OKE_ENDING,   /* supported for at most VERSIONS_ENDING_DAYS */
	OKE_PAST,     /* no longer supported, whatever the age of the list */
	OKE_PREVIEW,  /* a preview, which is not for production */
	OKE_UNLISTED, /* the list is young and does not have it: OKE does not offer it */
	OKE_NOT_KNOWN /* the list is too old to tell, or says nothing of this patch */
};

struct oke_state {
	enum oke_support support;
	const struct oke_version *row; /* of the version, or the one of its minor that is supported
					  longest; NULL: the list has none */
	int64_t end;                   /* the last day of support; 0: not known as a day */
	bool newer;                    /* newer than all that the list has */
};

/* What the list says of a version at a time (seconds since the epoch, UTC). Without a patch: of
 * the minor, which is past when its last patch is. */
struct oke_state versions_state(const struct versions *list, struct kube_version version,
				int64_t now);

const char *oke_support_name(enum oke_support s); /* "supported", "ending", "past", ... */

/*
 * A sentence without a full stop: "OKE's support for Kubernetes 1.33 ended on 2026-08-10 (list as
 * of 2026-09-05)". Cut to what fits.
 */
#define OKE_STATE_TEXT 256
void versions_state_print(const struct versions *list, struct kube_version version,
			  const struct oke_state *state, char out[OKE_STATE_TEXT]);

#define VERSIONS_DAY 11
void versions_day_print(int64_t day, char out[VERSIONS_DAY]); /* "2026-09-22" */

/* Is the list older than VERSIONS_AGE_DAYS? */
bool versions_aged(const struct versions *list, int64_t now);

/* The newest version that is available and no preview; NULL: the list has none. */
const struct oke_version *versions_newest(const struct versions *list);

#endif
