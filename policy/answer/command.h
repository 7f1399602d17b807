/* SPDX-License-Identifier: Apache-2.0
 * command.h - commands to paste: what the pack wrote with its variables filled in, and
 * those that are made for an add-on. Several are lines of one text.
 *
 * Nothing of a request stands in them but names that a shell takes for one word.
 */
#ifndef POLICY_ANSWER_COMMAND_H
#define POLICY_ANSWER_COMMAND_H

#include "policy/answer/finding.h"

#define COMMAND_MAX 1400 /* bytes of all lines */

/*
 * Commands of the pack, lines behind those that are in out. A line about $WORKLOAD is left out
 * where the object has no rollout. $CLUSTER, $NAMESPACE and $WORKLOAD become the cluster's OCID,
 * and "kube-system" and "deployment/coredns" of the object; what is not known, or would be more
 * than a word, stays a variable for a person to set.
 */
void command_put(const struct context *o, struct str command, struct text *out);

/* The add-on's arguments into a file, and from the file back: update-addon replaces all of them. */
void command_arguments(const struct context *o, struct str addon, struct text *out);

/* List the add-on's versions; set one. */
void command_version(const struct context *o, struct str addon, struct text *out);

/* Does it need an enhanced cluster? */
bool command_is_addon(struct str command);

#endif
