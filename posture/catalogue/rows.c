/* SPDX-License-Identifier: Apache-2.0
 * rows.c - the rows of Oracle's responsibility matrix, in the order of its page.
 */
#include "posture/catalogue/checks.h"

static const struct posture_row rows[] = {
	{ "Kubernetes Engine Service (API)", "Oracle" },
	{ "Kubernetes Control Plane", "Oracle" },
	{ "Kubernetes Data Plane", "shared" },
	{ "Worker Nodes", "shared" },
	{ "Kubernetes Version", "shared" },
	{ "Cluster Observability", "shared" },
	{ "Backups", "shared" },
	{ "Disaster Recovery", "shared" },
	{ "Cluster Networking", "you" },
	{ "Application Networking", "you" },
	{ "Application Observability", "you" },
	{ "Application Health and Performance", "you" },
	{ "Application Security", "you" },
	{ "Application", "you" },
};

const struct posture_row *posture_row_at(size_t i)
{
	return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}
