/* SPDX-License-Identifier: Apache-2.0
 * parts.h - the readers of one kind each, and what several kinds are made of;
 * private to the loader.
 */
#ifndef POLICY_LOAD_PARTS_H
#define POLICY_LOAD_PARTS_H

#include "policy/load/fields.h"

/* ---- parts ---- */

extern const struct load_list objects_list; /* struct object_ref: of a policy or a rule */
extern const struct load_list names_list;   /* struct object_ref: exact names only */

/* Can there be such objects? If not, that is noted (load/objects.c). */
void object_check(struct load_reader *r, const struct yaml_node *n, const struct object_ref *o);

extern const struct load_words words_tier, words_action;

read_fn read_object_labels;              /* out: struct label * */
read_fn read_object_path;                /* a path of the object; out: struct path */
extern const struct load_list when_list; /* struct condition: of a rule */
read_fn read_rule_ref;                   /* "policy/rule"; out: struct exception_rule */

/* Items of identity lists: out: struct name_pattern, struct service_account. */
extern const struct load_list users_list, accounts_list;
/* The same of customers: who is a part of the control plane is none. */
extern const struct load_list customer_users_list, customer_groups_list, customer_accounts_list;

/* What a pattern stands for, so that it can be told whether it takes in too many (load/patterns.c).
 */
enum pattern_of { PATTERN_USER, PATTERN_GROUP };
struct pattern_kind {
	enum pattern_of of;
	bool customer; /* else exempt, or a member of a set */
};
void pattern_check(struct load_reader *r, const struct yaml_node *n, const struct name_pattern *p,
		   const struct pattern_kind *kind);
/* Of customers. */
void account_check(struct load_reader *r, const struct yaml_node *n,
		   const struct service_account *a);
extern const struct load_fields identity_fields;       /* users, groups, accounts with patterns */
extern const struct load_fields identity_exact_fields; /* the same, names alone */

/* The facts that a configuration may set, and what they may be. */
struct known_fact {
	const char *name;
	const struct load_words *values; /* NULL: any */
	const struct format *form;       /* NULL: see values */
};
#define KNOWN_FACTS 3
extern const struct known_fact known_facts[KNOWN_FACTS];
#define FACT_ADDONS "addons."
/* Is there such an add-on, may it have the argument, and that this value? If not, that is noted. */
bool fact_addon_known(struct load_reader *r, const struct yaml_node *at, struct str addon);
bool fact_argument_known(struct load_reader *r, const struct yaml_node *at, struct str addon,
			 struct str key);
bool fact_value_known(struct load_reader *r, const struct yaml_node *at, struct str fact,
		      struct str value);
/* NULL when there is no such fact; that is noted. */
const struct known_fact *fact_known(struct load_reader *r, const struct yaml_node *at,
				    struct str name);

/* ---- kinds: one document's `spec`, `metadata` and the rest; out is the reader's model ---- */

read_fn read_policy, read_config, read_exception;
read_fn read_versions; /* of the file that is for it, and of nothing else */

/* metadata of all kinds; out: struct str (the name) */
extern const struct load_fields metadata_fields;

/* ---- files ---- */

/* Read all documents of a text into the reader's model; errors are noted in the reader. */
void load_text(struct load_reader *r, struct str text);
/* The same of a file, which may begin with a mark that no reader of YAML expects. */
void load_file_text(struct load_reader *r, struct str text);

#endif
