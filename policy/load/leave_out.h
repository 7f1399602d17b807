/* SPDX-License-Identifier: Apache-2.0
 * leave_out.h - the smallest unsound unit is left out, and the rest is served.
 *
 * A typo in a file must not take the guard away: every write would pass. Units
 * are marked as unsound where they are found to be (`unsound` holds the reason),
 * taken out of the model here, and told with file, line and reason. Nothing that
 * is left out makes the rest deny more. Private to the loader.
 */
#ifndef POLICY_LOAD_LEAVE_OUT_H
#define POLICY_LOAD_LEAVE_OUT_H

#include "policy/model/model.h"
#include "policy/load/fields.h"

#define LEFT_OUT_MAX 1000 /* are told one by one; beyond, all is left out just the same */

/* What is gone. at may be NULL; texts are copied. -1: the arena is full. */
int leave_out(struct model *model, struct arena *arena, const struct origin *at, const char *what,
	      const char *why);

/*
 * A document of which something was complained since there were `before` complaints. root: NULL
 * where it could not be read; its text then, from its first line on. What it added to the model
 * behind the mark is taken out again; of a GuardConfig what could be read stays.
 */
struct leave_out_mark {
	struct policy **policies_last;
	struct exception **exceptions_last;
	size_t policies_n, rules_n, exceptions_n, complaints_n;
};
struct leave_out_mark leave_out_mark(const struct load_reader *r);
void leave_out_document(struct load_reader *r, const struct leave_out_mark *mark,
			const struct yaml_node *root, struct str text);

/* All units that are marked as unsound. -1: the arena is full. */
int leave_out_unsound(struct model *model, struct arena *arena);

/* No mode could be read: nobody is denied or warned. */
void leave_out_mode(struct model *model);

#endif
