/* SPDX-License-Identifier: Apache-2.0
 * posture_mask.h - what a service request need not know; private to cli/report.
 *
 * Replaced: OCIDs ("ocid1.user.oc1..<...>"), IPv4 and IPv6 addresses, registries of images, and the
 * names that mask_name was told of, each by the same word throughout.
 */
#ifndef CLI_REPORT_POSTURE_MASK_H
#define CLI_REPORT_POSTURE_MASK_H

#include <stdio.h>

#include "lib/base/str.h"

#define MASK_NAMES_MAX 2048

struct mask_name {
	struct str name;
	char word[32];
};

struct mask {
	bool off;
	struct mask_name *v; /* of the caller */
	size_t n, room, numbers[4];
};

/* kind: "node", "workload", "namespace". The name is borrowed. */
void mask_name(struct mask *m, const char *kind, struct str name);
void mask_print(FILE *out, const struct mask *m, struct str text);

#endif
