/* SPDX-License-Identifier: Apache-2.0
 * formats.h - what texts in policies look like: names, labels, sentences, URLs.
 */
#ifndef POLICY_LOAD_FORMATS_H
#define POLICY_LOAD_FORMATS_H

#include <stdbool.h>

#include "lib/base/str.h"

struct format {
	bool (*ok)(struct str s);
	size_t max;       /* bytes */
	const char *want; /* "must be ...": what is allowed, for the message */
};

extern const struct format format_name;   /* of a policy or rule: a DNS label */
extern const struct format format_set;    /* of an identity set */
extern const struct format form_rule_set; /* the same in a rule, or one of $self */
extern const struct format form_quantity;
extern const struct format form_ip;
extern const struct format format_group;    /* API group; may be empty; "*" */
extern const struct format format_resource; /* "deployments"; "*" */
extern const struct format format_namespace;
extern const struct format format_object; /* name of an object */
extern const struct format format_label;  /* key or value; may be empty */
extern const struct format format_line;   /* a sentence: printable ASCII, on one line */
extern const struct format format_text;   /* one line for people, in any script */
extern const struct format format_path;   /* its length; path.h knows the rest */
extern const struct format format_owner;  /* a name, printable ASCII */
extern const struct format format_docs;   /* below DOCS_BASE, or https://... */
extern const struct format format_token;  /* stands in commands to paste: add-on, argument, OCID */
extern const struct format format_ocid;   /* the same, may be empty */
extern const struct format format_gate;
extern const struct format format_value; /* a fact's value, a value of the object */
extern const struct format format_user;  /* of users and groups: exact */
extern const struct format format_user_pattern;
extern const struct format format_account;    /* NAMESPACE/NAME */
extern const struct format format_kubernetes; /* "1.36" */

#endif
