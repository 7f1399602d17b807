/* SPDX-License-Identifier: Apache-2.0
 * fields.h - from nodes of YAML to members of structs, by tables.
 *
 * A mapping is described by a table of fields: key, where its value goes, and
 * the function that reads it. What is wrong is noted with its place and reading
 * goes on, so that a file's errors are all told in one run, in order, up to
 * READ_ERRORS_MAX. Private to the loader.
 */
#ifndef POLICY_LOAD_FIELDS_H
#define POLICY_LOAD_FIELDS_H

#include "policy/load/formats.h"
#include "policy/model/model.h"
#include "lib/base/nearest.h"
#include "lib/yaml/yaml.h"

#define READ_ERRORS_MAX 100  /* told of one file; the rest are counted */
#define STRINGS_MAX     1000 /* in one list of texts */

struct complaint {
	struct complaint *next;
	struct yaml_place at;
	bool warning;
	char text[600];
};

/* The first in the file, of those that no other version could take for something. */
struct plain_fault {
	size_t n;
	struct yaml_place at;
	char text[600];
};

/*
 * What was read lately: policies name the same resources, namespaces and paths over and over, and
 * what is kept is never written to, so that one copy does for all. A text that meets another one in
 * its place takes it.
 */
#define SHARED_TEXTS    256
#define SHARED_TEXT_MAX 64 /* bytes; what is longer is hardly written twice */
#define SHARED_PATHS    64
struct load_shared {
	struct str texts[SHARED_TEXTS];
	struct shared_path {
		struct str text;
		struct path path;
	} paths[SHARED_PATHS];
};

struct load_reader {
	struct arena *keep;         /* what the model points to */
	struct arena *scratch;      /* nodes of a document, complaints of a file; not its text */
	const char *file;           /* kept */
	struct load_shared *shared; /* NULL: each has its own copy */
	struct model *model;        /* what is filled */
	bool builtin;
	bool lenient;  /* what is unsound is left out */
	bool versions; /* the file is for the list of versions, and for nothing else */
	bool nomem;    /* an arena was full: nothing that was read counts */
	struct complaint *complaints;
	size_t complaints_n; /* errors, noted or not */
	size_t warnings_n;
	struct plain_fault *faults; /* NULL: nobody asks */
};

/* ---- what is wrong ---- */

__attribute__((format(printf, 3, 4))) void
read_error_at(struct load_reader *r, struct yaml_place at, const char *fmt, ...);
/* At a node. Nothing is noted at an alias: that it stands there has been told. */
__attribute__((format(printf, 3, 4))) void
read_error(struct load_reader *r, const struct yaml_node *n, const char *fmt, ...);

/*
 * The same of what is wrong in itself, whatever version reads it: no YAML, another type, a
 * required key that is missing. (read_error: a later version may know the key or the word.)
 */
__attribute__((format(printf, 3, 4))) void
read_fault_at(struct load_reader *r, struct yaml_place at, const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void
read_fault(struct load_reader *r, const struct yaml_node *n, const char *fmt, ...);

/* The same, but what was read counts. */
__attribute__((format(printf, 3, 4))) void
read_warning(struct load_reader *r, const struct yaml_node *n, const char *fmt, ...);

/* Pass all complaints on, in order of their places; the reader is then ready for another file. */
void read_errors_flush(struct load_reader *r, struct policy_report *report);

/* "\"names\"" for the value of a key, "this" for an item of a list or a key; short-lived. */
const char *read_node_name(const struct yaml_node *n, char buf[static 80]);

struct origin read_origin(const struct load_reader *r, const struct yaml_node *n);
/* Of a document: where its name stands, if it has one. */
struct origin read_origin_named(const struct load_reader *r, const struct yaml_node *root);
/* The value of a key; NULL also when n is no mapping. */
const struct yaml_node *read_value_of(const struct yaml_node *n, const char *key);

/* Memory that is kept, zeroed; NULL sets nomem. */
void *read_keep(struct load_reader *r, size_t size);
/* A copy that is kept, which others may have too: not to be written to. s NULL sets nomem. */
struct str read_keep_str(struct load_reader *r, struct str s);

/* ---- reading ---- */

/* Read n into the member at out. arg is what the table says. */
typedef void read_fn(struct load_reader *r, const struct yaml_node *n, void *out, const void *arg);

struct load_field {
	const char *key;
	read_fn *read;
	size_t offset; /* of the member that read gets */
	const void *arg;
	const char *required; /* what to write, for the message; NULL: may be left out */
};

struct load_fields {
	const char *what; /* "a rule" */
	const struct load_field *v;
	size_t n;
};

#define FIELDS(what, table)                                                                        \
	{                                                                                          \
		(what), (table), sizeof(table) / sizeof *(table)                                   \
	}

read_fn read_fields;  /* arg: struct load_fields; out: the struct */
read_fn read_str;     /* arg: struct format; out: struct str */
read_fn read_strings; /* arg: struct format; out: struct strings; at least one, none twice */
read_fn read_choices; /* arg: struct load_words; out: struct strings: the same, of these words */
read_fn read_list;    /* arg: struct load_list; out: pointer to the first element */
read_fn read_word;    /* arg: struct load_words; out: int */
read_fn read_bits;    /* arg: struct load_words; out: unsigned, values or'ed; at least one */
read_fn read_bool;    /* out: bool */
read_fn read_number;  /* arg: struct load_range; out: unsigned */
read_fn read_ignored; /* a mapping of texts that nobody uses: labels, annotations */
read_fn read_told;    /* what was looked at before: apiVersion, kind */

struct load_list {           /* linked: the first member of an element is `next` */
	const char *example; /* what a list is written like, for the message */
	size_t size;
	read_fn *item;
	const void *arg;
	bool may_be_empty;
	size_t max; /* 0: as many as the file holds */
};

struct load_words {
	const struct load_word {
		const char *name;
		int value;
	} * v;
	size_t n;
	const char *refused, *why; /* a word that might be expected here, and why it is not */
};

#define WORDS(table)                                                                               \
	{                                                                                          \
		.v = (table), .n = sizeof(table) / sizeof *(table)                                 \
	}

struct load_range {
	unsigned min, max;
};

/* The text of a scalar that is meant as one; false when it is something else (noted). */
bool read_text(struct load_reader *r, const struct yaml_node *n, struct str *out);
/* The key of an entry, likewise. */
bool read_key(struct load_reader *r, const struct yaml_node *value, struct str *out);
/* Is it a mapping (a list)? Otherwise that is noted. */
bool read_is_mapping(struct load_reader *r, const struct yaml_node *n);
bool read_is_list(struct load_reader *r, const struct yaml_node *n, const char *example);
/* Does the text look like that? Otherwise that is noted. */
bool read_fits_format(struct load_reader *r, const struct yaml_node *n, struct str s,
		      const struct format *form);

#endif
