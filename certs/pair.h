/* SPDX-License-Identifier: Apache-2.0
 * pair.h - what a key pair is made of; private to this folder.
 */
#ifndef CERTS_PAIR_H
#define CERTS_PAIR_H

#include "certs/file.h"
#include "oke/certs.h"

struct keypair {
	struct shared shared;    /* first: a slot may hold it */
	struct secret cert, key; /* the texts as they were read */
	struct arena facts;
	struct certificate *chain; /* in facts; at least one */
	size_t chain_n;
	bool key_fits;
};

#endif
