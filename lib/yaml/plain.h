/* SPDX-License-Identifier: Apache-2.0
 * plain.h - what a text without quotes means to the many readers of YAML.
 */
#ifndef LIB_YAML_PLAIN_H
#define LIB_YAML_PLAIN_H

#include "lib/base/str.h"

/*
 * What a plain (unquoted) text is for some reader of YAML 1.1 or 1.2 when it is no
 * text: "a boolean", "a number", "null", "a date"; NULL: a text for all of them.
 */
const char *plain_meaning(struct str s);

#endif
