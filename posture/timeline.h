/* SPDX-License-Identifier: Apache-2.0
 * timeline.h - the pod templates that a workload has had, and who installed it; private to this
 * folder.
 */
#ifndef POSTURE_TIMELINE_H
#define POSTURE_TIMELINE_H

#include "posture/history/owners.h"
#include "posture/scan.h"

struct revision {
	int64_t number, created;
	const struct json *template; /* with metadata of its own taken out */
	struct str name;
	bool oracle; /* all images are Oracle's */
};
#define REVISIONS_MAX 64
struct timeline {
	struct revision v[REVISIONS_MAX];
	size_t n;      /* oldest first; the last is the object's own template */
	bool complete; /* it begins with the first there was */
};
/* Of a Deployment or DaemonSet. -1: memory. */
int timeline_of(struct posture *p, const struct kept *object, const struct json *root,
		struct arena *arena, struct timeline *out);

/* ---- installer.c ---- */

#define BOOTSTRAP 60 /* seconds after its creation an object is still being installed */

bool installer_has_selector(const struct kept *k);
/* Of one object, with its owners; NULL: nobody is told. *root: the object, NULL for want of memory.
 */
const struct owner *installer_of(const struct kept *k, struct arena *arena, struct owners *owners,
				 const struct json **root);
/* The majority's, into the scan. */
void drift_find_installer(struct posture *p);

#endif
