/* SPDX-License-Identifier: Apache-2.0
 * report.h - messages about policies, on their way to whoever asked for them.
 */
#ifndef POLICY_MODEL_REPORT_H
#define POLICY_MODEL_REPORT_H

#include "policy/model/model.h"

/* Count and pass on one message at a place; at may be NULL. */
__attribute__((format(printf, 4, 5))) void report_message(struct policy_report *report, bool error,
							  const struct origin *at, const char *fmt,
							  ...);

#endif
