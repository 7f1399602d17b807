/*
 * format.h - what the formats of a report have to do; private to check_*.c.
 */
#ifndef CLI_REPORT_FORMAT_H
#define CLI_REPORT_FORMAT_H

#include <cjson/cJSON.h>

#include "cli/report/report.h"

#define CHECK_ERRORS_MAX 1000 /* that JSON and SARIF tell; the rest are counted */

struct check_report {
	const struct check_format *format;
	FILE *out;
	enum action fail_on;
	size_t written;        /* findings */
	cJSON *errors, *rules; /* JSON, SARIF */
	FILE *cases;           /* JUnit: the test cases, a temporary file */
	size_t tests, failed, broken;
	FILE *failure, *output; /* of one test case */
	char *failure_text, *output_text;
	size_t failure_n, output_n;
	char *failure_head; /* message of its first finding */
	enum action failure_action;
};

struct check_format {
	const char *name;
	int (*begin)(struct check_report *r);
	void (*object)(struct check_report *r, const struct check_object *o);
	void (*finding)(struct check_report *r, const struct check_object *o,
			const struct check_finding *f);
	void (*object_end)(struct check_report *r, const struct check_object *o);
	void (*error)(struct check_report *r, const struct check_place *place, const char *text);
	void (*end)(struct check_report *r, const struct check_summary *s);
};

extern const struct check_format check_json, check_sarif, check_junit;

/* "alpha/fields", "preflight/removed"; size of out: CHECK_ID_MAX. */
#define CHECK_ID_MAX 160
void check_rule_id(const struct check_finding *f, char out[CHECK_ID_MAX]);

/* "Instead: ..." where the remedy is no sentence of its own; with the command. */
void check_print_remedy(FILE *out, const struct check_finding *f, const char *indent);

/* A member with that text; of a struct str. */
void check_add(cJSON *o, const char *key, struct str s);
/* The object printed, and freed. */
void check_print_json(FILE *out, cJSON *o);

#endif
