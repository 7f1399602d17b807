/* SPDX-License-Identifier: Apache-2.0
 * report.h - what `oke-guard check` found, as text, JSON, SARIF 2.1.0, JUnit XML, TAP, annotations
 * of GitHub or a Code Quality report of GitLab.
 *
 * Findings are written as they come; nothing of a stream's length is kept. Texts are printable
 * ASCII already, but for the raw name of the file.
 */
#ifndef CLI_REPORT_REPORT_H
#define CLI_REPORT_REPORT_H

#include <stdio.h>

#include "oke/policy.h"

struct report_place {
	const char *file; /* as it is called, for programs; "stdin" */
	const char *file_shown;
	unsigned document, line; /* from 1; 0: not known */
};

struct report_object {
	struct report_place place;
	struct str api_version, kind, namespace, name;
};

/* Why a finding is told, but does not count. */
enum report_excuse { EXCUSE_NONE, EXCUSE_MANIFEST, EXCUSE_BASELINE };

struct report_finding {
	unsigned line;
	enum action action;
	const char *change; /* of the preflight: "removed"; NULL: a finding of a policy */
	const char *tier;   /* NULL: of the preflight */
	struct str policy, rule, path, gate, message, remedy, command, why, docs;
	enum report_excuse excuse;
	struct str until, reason; /* of EXCUSE_MANIFEST: "2027-01-31", and why */
};

struct report_summary {
	const char *kubernetes, *to; /* "1.36"; to NULL: no preflight */
	size_t files, skipped, documents, objects, errors;
	size_t actions[4];     /* findings by enum action */
	size_t changes;        /* of the preflight */
	size_t ignored, known; /* excused by manifests, by the baseline; not counted above */
	size_t gone;           /* of the baseline: found no more */
	bool baseline;
};

struct report;

/* What is said of a rule, whatever it finds: a title, and all about it, in lines. */
struct report_rule {
	struct str title, text;
};
typedef void report_describe_fn(void *ctx, const struct report_finding *f, struct arena *arena,
				struct report_rule *out);

/* NULL: out of memory, or no room for temporary files. format: "text", "json", "sarif",
 * "junit", "tap", "github", "gitlab". describe may be NULL. */
struct report *report_new(const char *format, FILE *out, enum action fail_on,
			  report_describe_fn *describe, void *ctx);
void report_free(struct report *r);

/* Object by object: begin, its findings, end. */
void report_object(struct report *r, const struct report_object *o);
void report_finding(struct report *r, const struct report_object *o,
		    const struct report_finding *f);
void report_object_end(struct report *r, const struct report_object *o);
/* What could not be read; the text is told on standard error besides. */
void report_error(struct report *r, const struct report_place *place, const char *text);
/* -1: the output cannot be written, or something is missing in it for want of memory or of room for
 * temporary files. */
int report_end(struct report *r, const struct report_summary *s, struct err *err);

#endif
