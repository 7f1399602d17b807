/* SPDX-License-Identifier: Apache-2.0
 * addons.h - OKE's add-ons and their arguments, as far as Oracle's pages name them
 * (Tasks/contengconfiguringclusteraddons-configurationarguments.htm and the page of each).
 *
 * They are facts about a cluster: addons.CoreDNS.minReplica. A name that is not
 * known is a mistake nobody would notice, since a fact that no rule asks for does
 * nothing. Beside the arguments each add-on has "managed": whether it is OKE's.
 */
#ifndef POLICY_CATALOGUE_ADDONS_H
#define POLICY_CATALOGUE_ADDONS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/str.h"

struct addon_entry;

const struct addon_entry *addon_entry_named(struct str name); /* NULL: there is none */
const char *addon_entry_name(size_t i);                       /* the i-th; NULL: there are fewer */
/* Is it an argument of the add-on, or "managed"? */
bool addon_takes(const struct addon_entry *addon, struct str key);
/* What the argument must be, for a message ("\"true\" or \"false\""); NULL: the value may be. */
const char *addon_refuses(const struct addon_entry *addon, struct str key, struct str value);
/* The i-th argument that it has by name; NULL: there are fewer. Not those of a pattern. */
const char *addon_argument_name(const struct addon_entry *addon, size_t i);

#endif
