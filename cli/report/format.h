/* SPDX-License-Identifier: Apache-2.0
 * format.h - what the formats of a report have to do; private to this folder.
 */
#ifndef CLI_REPORT_FORMAT_H
#define CLI_REPORT_FORMAT_H

#include <cjson/cJSON.h>

#include "cli/report/report.h"

#define REPORT_ERRORS_MAX 1000 /* that JSON and SARIF tell; the rest are counted */

struct report {
	const struct report_format *format;
	FILE *out;
	enum action fail_on;
	bool colour;                  /* text, on a terminal */
	report_describe_fn *describe; /* or NULL */
	void *describe_ctx;
	size_t written;        /* findings */
	const char *lost;      /* why something is missing; NULL: nothing is */
	size_t level_n[3];     /* SARIF, GitHub: by report_level_of */
	FILE *levels[3];       /* SARIF: results, temporary files */
	cJSON *errors, *rules; /* JSON, SARIF */
	FILE *cases;           /* JUnit: the test cases, a temporary file */
	size_t tests, failed, broken;
	FILE *failure, *output; /* of one test case */
	char *failure_text, *output_text;
	size_t failure_n, output_n;
	char *failure_head; /* message of its first finding */
	enum action failure_action;
};

struct report_format {
	const char *name;
	int (*begin)(struct report *r);
	void (*object)(struct report *r, const struct report_object *o);
	void (*finding)(struct report *r, const struct report_object *o,
			const struct report_finding *f);
	void (*object_end)(struct report *r, const struct report_object *o);
	void (*error)(struct report *r, const struct report_place *place, const char *text);
	void (*end)(struct report *r, const struct report_summary *s);
};

extern const struct report_format report_text, report_json, report_sarif, report_junit, report_tap,
	report_github, report_gitlab;

/* "alpha/fields", "preflight/removed"; size of out: REPORT_ID_MAX. */
#define REPORT_ID_MAX 160
void report_rule_id(const struct report_finding *f, char out[REPORT_ID_MAX]);

/* "deny", "warn", "audit"; "note" for what is newly allowed. */
const char *report_action_words(const struct report_finding *f);

/* 0: error, 1: warning, 2: note. */
unsigned report_level_of(const struct report_finding *f);

/* A finding by rule, object and place, not by line: the same while others come and go. */
#define REPORT_FINGERPRINT 17
void report_fingerprint(const char *file, const struct report_object *o,
			const struct report_finding *f, char out[REPORT_FINGERPRINT]);

/* "12 objects in 3 files, Kubernetes 1.36: 1 denied, ..." */
void report_print_summary(FILE *out, const struct report_summary *s);

/* "Deployment default/app" */
void report_print_object(FILE *out, const struct report_object *o);

/* "Instead: ..." where the remedy is no sentence of its own; with the command. */
void report_print_remedy(FILE *out, const struct report_finding *f, const char *indent);

/* A member with that text; of a struct str. */
void report_add_text(cJSON *o, const char *key, struct str s);
/* The object printed, and freed. */
void report_print_json(struct report *r, FILE *out, cJSON *o);

/*
 * A text in memory. NULL, as of open_memstream, and a text that could not be ended, are told by
 * report_end. *text is freed by the caller.
 */
FILE *report_text_open(struct report *r, char **text, size_t *n);
void report_text_close(struct report *r, FILE *f); /* NULL is fine */
/* A temporary file from its beginning; that not all could be written is told by report_end. */
void report_file_rewind(struct report *r, FILE *f);

#endif
