/* SPDX-License-Identifier: Apache-2.0
 * beside.h - the children of one container, and their partners in another.
 *
 * What an UPDATE brings is looked at beside what was there before. The partner of a child is
 * mostly where it is expected: at the same place, or behind the partner of the one before. Where
 * it is not, an index of the other container is made, once. So no order that a client chooses costs
 * more than sorting the two, and all of it is counted in steps.
 *
 * Ask for one child after the other, in the order of the container that is gone through. When
 * memory or steps are used up the finder is full, and there is no partner.
 */
#ifndef POLICY_ALPHA_BESIDE_H
#define POLICY_ALPHA_BESIDE_H

#include "lib/json/json.h"
#include "policy/object/path.h"

struct finder;
struct beside_entry;

struct beside {
	const struct json *in;   /* the other container; NULL: there is none */
	const struct json *here; /* of a list: its item at `at` */
	size_t at;               /* no more than was asked for last */
	const struct json *next; /* behind the last partner */
	struct beside_entry *by_name, *by_content;
	struct str name; /* the key that by_name is for */
};

void beside_begin(struct beside *b, const struct json *in);

/* The member of that key. of: the object that is gone through. */
const struct json *beside_member(struct finder *f, struct beside *b, const struct json *of,
				 struct str key);

/*
 * The item whose member `key` is `value`: the one at the index, if it is one of them; else the
 * first behind the last partner or at all.
 */
const struct json *beside_named(struct finder *f, struct beside *b, struct str key,
				struct str value, size_t index);

/* Is the item the very one that stands at the index (json_shared)? Then it is its partner. */
bool beside_shares(struct beside *b, const struct json *item, size_t index);

/* The item that the step of a place names. */
const struct json *beside_step(struct finder *f, struct beside *b, const struct step *step,
			       size_t index);

/* An equal item, wherever it stands; where there is none, the one at the index. */
const struct json *beside_equal(struct finder *f, struct beside *b, const struct json *item,
				size_t index);

/* ---- places that were met ---- */

struct place_set {
	uint64_t *slots; /* hashes; 0: free */
	size_t n, room;
};

/* True: it is new. What is put there by its address is no place, and the set holds nothing else. */
bool place_set_put(struct finder *f, struct place_set *set, const void *what);
bool place_set_add(struct finder *f, struct place_set *set, const struct place *place);
bool place_set_holds(struct finder *f, const struct place_set *set, const struct place *place);

#endif
