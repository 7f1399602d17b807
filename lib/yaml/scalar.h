/* SPDX-License-Identifier: Apache-2.0
 * scalar.h - what an unquoted YAML scalar means, as kubectl reads it.
 *
 * kubectl goes by YAML 1.1: `yes`, `on` and `y` are true, 010 is eight and so is 0o10,
 * 1_000 a thousand; a date stays a text. Manifests that mean something else by it get what
 * they would get from kubectl, so that a check sees what the API server would.
 */
#ifndef LIB_YAML_SCALAR_H
#define LIB_YAML_SCALAR_H

#include "lib/yaml/yaml.h"

enum scalar_kind { SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_FLOAT, SCALAR_STRING };

#define SCALAR_TEXT 32 /* of a number as JSON, with its NUL */

struct scalar {
	enum scalar_kind kind;
	bool yes;               /* SCALAR_BOOL */
	char text[SCALAR_TEXT]; /* SCALAR_INT, SCALAR_FLOAT: as JSON */
};

/*
 * -1 with ERR_SYNTAX where kubectl refuses it too: a tag that the text does not fit ("!!int x"),
 * .nan and .inf, for which JSON has no number; and for !!binary.
 */
int scalar_read(const struct yaml_node *node, struct scalar *out, struct err *err);

/*
 * The text of a key: "true" for `yes`, "8" for 010. It points into the node or *scalar. -1 for a
 * key that is null.
 */
int scalar_key(const struct yaml_node *node, struct scalar *scalar, struct str *out,
	       struct err *err);

#endif
