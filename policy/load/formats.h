/*
 * formats.h - what texts in policies look like: names, labels, sentences, URLs; and
 * what a text without quotes means to the many readers of YAML.
 */
#ifndef POLICY_LOAD_FORMATS_H
#define POLICY_LOAD_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"

struct form {
	bool (*ok)(struct str s);
	size_t max;       /* bytes */
	const char *want; /* "must be ...": what is allowed, for the message */
};

extern const struct form form_name;     /* of a policy or rule: a DNS label */
extern const struct form form_set;      /* of an identity set */
extern const struct form form_group;    /* API group; may be empty; "*" */
extern const struct form form_resource; /* "deployments"; "*" */
extern const struct form form_namespace;
extern const struct form form_object; /* name of an object */
extern const struct form form_label;  /* key or value; may be empty */
extern const struct form form_line;   /* a sentence: printable ASCII, on one line */
extern const struct form form_text;   /* one line for people, in any script */
extern const struct form form_path;   /* its length; path.h knows the rest */
extern const struct form form_docs;   /* below DOCS_BASE, or https://... */
extern const struct form form_token;  /* stands in commands to paste: add-on, argument, OCID */
extern const struct form form_ocid;   /* the same, may be empty */
extern const struct form form_gate;
extern const struct form form_value; /* a fact's value, a value of the object */
extern const struct form form_user;  /* of users and groups: exact */
extern const struct form form_user_pattern;
extern const struct form form_account;    /* NAMESPACE/NAME */
extern const struct form form_kubernetes; /* "1.36" */

/*
 * What a plain (unquoted) text is for some reader of YAML 1.1 or 1.2 when it is no
 * text: "a boolean", "a number", "null", "a date"; NULL: a text for all of them.
 */
const char *plain_meaning(struct str s);

/* RFC 3339, in whole seconds: "2026-11-30T00:00:00Z", "...+01:00". */
bool time_parse(struct str s, int64_t *seconds);
/* "2026-11-30T00:00:00Z"; the year must have four digits. */
void time_print(int64_t seconds, char out[21]);

#endif
