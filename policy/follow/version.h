/* SPDX-License-Identifier: Apache-2.0
 * version.h - the version of Kubernetes that a set judges by, in the log and in the metrics of each
 * program that has one.
 */
#ifndef POLICY_FOLLOW_VERSION_H
#define POLICY_FOLLOW_VERSION_H

#include "oke/policy.h"
#include "lib/serve/log.h"
#include "lib/serve/metrics.h"

/* Fields of a log line: the version judged by, who told it, the newest known. */
void policy_version_log(const struct policy_set *set, struct log_line *l);

/* oke_guard_build_info and oke_guard_kubernetes_*: what runs, and what it judges by. */
void policy_version_metrics(const struct policy_version *v, FILE *f);

#endif
