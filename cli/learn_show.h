/* SPDX-License-Identifier: Apache-2.0
 * learn_show.h - what was learned, for people: the table, and the identities that a
 * GuardConfig could exempt, apart from those that must not be exempted lightly.
 */
#ifndef CLI_LEARN_SHOW_H
#define CLI_LEARN_SHOW_H

#include "policy/learn/learn.h"

#define LEARN_LISTED 1000 /* as many as a list of a GuardConfig may hold */

/* Where it comes from. */
struct learn_sources {
	size_t documents;
	size_t servers, heard; /* of documents that were merged already; 0: there are none */
};

/*
 * Why nobody should exempt this identity without a second thought: a person, a delivery
 * tool, an administrator's name ... NULL: nothing speaks against it by its name alone.
 */
const char *learn_objection(struct str user, enum identity_class class);

/* A GuardConfig (YAML) with the table in comments above it. */
void learn_show_text(const struct learn *l, const struct learn_sources *from, struct text *out);
/* {"learned":...,"identities":...,"notLightly":[...]}, malloc'd; NULL: no memory. */
char *learn_show_json(struct learn *l);

#endif
