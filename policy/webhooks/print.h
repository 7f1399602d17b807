/*
 * print.h - what writing and comparing share; private to webhooks_print.c and
 * webhooks_compare.c.
 */
#ifndef POLICY_WEBHOOKS_PRINT_H
#define POLICY_WEBHOOKS_PRINT_H

#include "oke/webhooks.h"

#define WEBHOOKS_NAMESPACE_LABEL "kubernetes.io/metadata.name"

unsigned webhooks_port(const struct webhook_target *target);

#endif
