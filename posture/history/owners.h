/* SPDX-License-Identifier: Apache-2.0
 * owners.h - managedFields: who owns which place of an object; private to posture.
 *
 * Pure: the object's JSON in, owners out. They point into it.
 */
#ifndef POSTURE_HISTORY_OWNERS_H
#define POSTURE_HISTORY_OWNERS_H

#include "lib/json/json.h"
#include "policy/object/path.h"

struct owner {
	struct str manager, subresource, api_version;
	int64_t time; /* of its last write; 0: not said */
	const struct json *fields;
};
#define OWNERS_MAX 64
struct owners {
	struct owner v[OWNERS_MAX];
	size_t n;
};
/* Those that own more than status. */
void owners_read(const struct json *object, struct owners *out);
void owners_read_list(const struct json *list, struct owners *out);
bool owner_covers(const struct owners *all, const struct owner *o, const struct place *place);
/* Who installed it: the owner of spec.selector, else of the earliest entry; NULL: nobody is told.
 */
const struct owner *owners_installer(const struct owners *all, bool has_selector);
/* Visit the places that `o` owns and `base` does not, the highest of each; base may be NULL. */
int owner_each(const struct owner *o, const struct owners *all, struct str base,
	       struct arena *arena, void (*visit)(void *ctx, const struct place *place), void *ctx);
/* Does any entry of that manager cover the place? */
bool owners_cover(const struct owners *all, struct str manager, const struct place *place);
/* The last who owns it, but for the installer; NULL: nobody. */
const struct owner *owners_last(const struct owners *all, struct str installer,
				const struct place *place);
/* Who alone has written it; empty: several have, or nobody is named. */
struct str owners_sole(const struct owners *all);

#endif
