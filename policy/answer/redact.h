/* SPDX-License-Identifier: Apache-2.0
 * redact.h - which values may be shown, and how a value is written.
 *
 * A message ends in terminals, audit logs and tickets. What may be a credential
 * is "(not shown)": the data of Secrets, the value that belongs to a
 * credential-like name (env entries, annotations, keys of ConfigMaps, fields such
 * as clientSecret), the argument behind --token, and text that holds a private
 * key, "password: x" or a URL with a password. Rather one value too few than
 * one too many: the path is always there.
 */
#ifndef POLICY_ANSWER_REDACT_H
#define POLICY_ANSWER_REDACT_H

#include "oke/policy.h"
#include "lib/json/json.h"
#include "policy/object/path.h"

#define NOT_SHOWN "(not shown)"

/* A value, or NULL, and the object in which it stands, which may be NULL. */
struct redact_side {
	const struct json *object, *value;
};

/*
 * Is one of the values at this place not to be shown at all? If not, redact_print writes them.
 * The objects tell the name that belongs to a value in a list that is compared by index.
 */
bool redact_place(const struct request *req, const struct place *place,
		  const struct redact_side sides[2]);

/*
 * Write a value as JSON in printable ASCII (\u escapes), what is not to be shown
 * in it replaced by "(not shown)", nested deeper than 16 levels by "...". `key` is
 * the last key of the value's place, or absent. True: something was left out, or
 * the text is full.
 */
bool redact_print(const struct json *value, struct str key, struct text *out);

/* Does the text of a field (its key) hold something that looks like a credential? */
bool redact_text(struct str key, struct str text);

#endif
