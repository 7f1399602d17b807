/* SPDX-License-Identifier: Apache-2.0
 * posture.h - what `oke-guard scan` found, in the forms that are written; private to cli.
 *
 * All texts of the results are printable ASCII already, but for commands, which are to be pasted.
 */
#ifndef CLI_REPORT_POSTURE_H
#define CLI_REPORT_POSTURE_H

#include <stdio.h>

#include "oke/posture.h"

struct posture_view {
	const struct posture_results *r;
	const struct policy_set *set;
	bool baseline; /* findings carry `fresh`; gone counts those that are no more */
	size_t fresh, gone;
	const struct str *gone_names; /* up to gone_listed of them, in words */
	size_t gone_listed;
	bool unmasked;     /* sr: show names */
	bool colour;       /* text: on a terminal */
	size_t limit;      /* bytes of JSON; 0: none. Examples share what the limit leaves */
	enum tier fail_on; /* JUnit: findings of that tier and above fail */
	bool never;        /* ... none does */
};

void posture_print_text(FILE *out, const struct posture_view *v);
void posture_print_json(FILE *out, const struct posture_view *v);
void posture_print_junit(FILE *out, const struct posture_view *v);
void posture_print_sr(FILE *out, const struct posture_view *v);
void posture_print_html(FILE *out, const struct posture_view *v);
void posture_print_facts(FILE *out, const struct posture_view *v);

/* ---- shared by the forms ---- */

/* "2026-11-20 10:00Z"; empty for 0. */
#define POSTURE_TIME 20
void posture_time(int64_t seconds, char out[POSTURE_TIME]);

/* "unsupported", "best-effort", "advice" */
const char *posture_tier_words(enum tier tier);

/* What a row of the matrix comes to. */
enum row_state {
	ROW_YOURS,
	ROW_ORACLES,
	ROW_INSIDE,
	ROW_UNKNOWN,
	ROW_ADVICE,
	ROW_BEST_EFFORT,
	ROW_OUTSIDE
};
#define ROW_STATES 7
struct row_count {
	size_t checks, results[POSTURE_RESULTS], tiers[3];
};
enum row_state posture_row_state(const struct posture_view *v, const struct posture_row *row,
				 struct row_count *count);
const char *row_state_words(enum row_state s);

/* "Deployment kube-system/coredns" */
void posture_object_words(FILE *out, const struct posture_finding *f);

/* A check in words: `scan --list`, `policy explain scan/ID`. */
void posture_print_check(FILE *out, const struct posture_check *c);

/* "1 thing", "2 things" */
const char *posture_plural(size_t n);

/* The page every rule stands on. */
#define POSTURE_WHY                                                                                \
	"https://docs.oracle.com/en-us/iaas/Content/ContEng/Concepts/"                             \
	"contengsupportsharedresponsibilities.htm"

#endif
