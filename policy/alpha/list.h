/* SPDX-License-Identifier: Apache-2.0
 * alpha_words.h - what alpha_list.c and alpha_explain.c share; private to them.
 */
#ifndef POLICY_ALPHA_LIST_H
#define POLICY_ALPHA_LIST_H

#include "oke/alpha.h"
#include "policy/catalogue/catalogue.h"
#include "lib/yaml/write.h"

/* "apps/v1", "v1" */
struct alpha_word {
	char s[128];
};
struct alpha_word alpha_group_version(const struct catalogue_kind *kind);

void alpha_emit_minor(struct emit *e, const char *key, unsigned minor); /* "1.36" */
/* Members of a gate: name, stages, components, requires, documentation. */
void alpha_emit_gate(struct emit *e, const struct catalogue_gate *g);
/* An item of a list: a gated field, or value of one. */
void alpha_emit_field(struct emit *e, const struct catalogue_kind *kind, struct str path,
		      const struct catalogue_leaf *leaf);
/* "1.24-1.26, 1.29" */
struct alpha_word alpha_minors(uint32_t minors);

#endif
