/* SPDX-License-Identifier: Apache-2.0
 * print.h - what writing and comparing share; private to print.c and
 * compare.c.
 */
#ifndef POLICY_WEBHOOKS_PRINT_H
#define POLICY_WEBHOOKS_PRINT_H

#include "oke/webhooks.h"

#define WEBHOOKS_NAMESPACE_LABEL "kubernetes.io/metadata.name"

unsigned webhooks_port(const struct webhook_target *target);

#endif
