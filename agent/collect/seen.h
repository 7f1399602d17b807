/* SPDX-License-Identifier: Apache-2.0
 * seen.h - which objects of a list have been passed on, by their uid: a list that is taken up
 * again after 410 may repeat some.
 *
 * 16 bytes an object: a UUID is kept as it is, any other uid by a keyed hash of 128 bits.
 */
#ifndef AGENT_COLLECT_SEEN_H
#define AGENT_COLLECT_SEEN_H

#include <stdbool.h>

#include "lib/base/str.h"

#define SEEN_MAX 200000 /* objects of a list */

struct seen_uid {
	uint64_t a, b;
};

struct seen {
	struct seen_uid *v; /* open addressing; {0, 0} is free */
	size_t n, room;     /* room: a power of two, or 0 */
	uint64_t key[2];
};

void seen_init(struct seen *s);
void seen_done(struct seen *s);

enum seen_result { SEEN_NEW, SEEN_BEFORE, SEEN_FULL };
/* SEEN_FULL: more than SEEN_MAX, or no memory. */
enum seen_result seen_add(struct seen *s, struct str text);

#endif
