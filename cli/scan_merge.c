/* SPDX-License-Identifier: Apache-2.0
 * scan_merge.c - `oke-guard scan merge`: the reports of a fleet as one table.
 *
 * A row a cluster, the worst first; then what several clusters have in common.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/scan_merge.h"
#include "cli/report/posture.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "lib/base/printable.h"
#include "cli/cmd.h"
#include "lib/base/options.h"

#define FLEET_MAX     1000
#define REPORT_MAX    (64u << 20)
#define REPORT_MEMORY (512u << 20)
#define CHECKS_MAX    64

struct member {
	char name[80], version[32], when[32], worst[64];
	size_t unsupported, effort, advice, unknown;
	bool whole;
	size_t checks[CHECKS_MAX]; /* findings of each, in the order of posture_check_at */
};

static int complain(const char *path, const char *what)
{
	program_complain("oke-guard scan merge: %.300s: %s\n", path, what);
	return -1;
}

static struct str text_of(const struct json *o, const char *key)
{
	return json_str(json_get(o, str_of(key)));
}

static size_t number_of(const struct json *o, const char *key)
{
	struct str s = text_of(o, key);
	size_t v = 0;

	for (size_t i = 0; i < s.n && i < 9 && s.s[i] >= '0' && s.s[i] <= '9'; i++)
		v = 10 * v + (size_t)(s.s[i] - '0');
	return v;
}

static void copy_shown(struct str from, char *to, size_t room)
{
	struct arena arena;
	struct str words;

	arena_init(&arena, 1u << 16);
	words = printable_cut(from, room - 1, &arena);
	snprintf(to, room, "%.*s", STR_ARG(words));
	arena_done(&arena);
}

static void count_checks(const struct json *root, struct member *m)
{
	const struct json *list = json_get(root, STR("checks"));
	size_t most = 0;

	if (!list || list->type != JSON_ARRAY)
		return;
	for (const struct json *c = list->child; c; c = c->next)
		for (size_t i = 0; i < CHECKS_MAX && posture_check_at(i); i++) {
			if (!str_is(text_of(c, "id"), posture_check_at(i)->id))
				continue;
			m->checks[i] = number_of(c, "findings");
			if (m->checks[i] > most && str_is(text_of(c, "tier"), "unsupported")) {
				most = m->checks[i];
				snprintf(m->worst, sizeof m->worst, "%s", posture_check_at(i)->id);
			}
		}
}

static int member_fill(const char *path, const struct json *root, struct member *m)
{
	const struct json *cluster = json_get(root, STR("cluster"));
	const struct json *summary = json_get(root, STR("summary"));
	const char *slash = strrchr(path, '/');
	struct str name = text_of(cluster, "name");

	if (!str_is(text_of(root, "format"), "oke-guard.internal/posture"))
		return complain(path, "it is no report of `oke-guard scan -o json`");
	*m = (struct member){ .unsupported = number_of(summary, "unsupported"),
			      .effort = number_of(summary, "bestEffort"),
			      .advice = number_of(summary, "advice"),
			      .unknown = number_of(summary, "unknown") };
	m->whole = json_get(root, STR("whole")) && json_get(root, STR("whole"))->type == JSON_TRUE;
	copy_shown(name.n ? name : str_of(slash ? slash + 1 : path), m->name, 40);
	copy_shown(text_of(cluster, "kubernetes"), m->version, sizeof m->version);
	copy_shown(text_of(root, "time"), m->when, sizeof m->when);
	count_checks(root, m);
	return 0;
}

static int member_read(const char *path, struct member *m)
{
	scoped(file_end) FILE *f = fopen(path, "re");
	scoped(free_end) char *text = NULL;
	scoped(arena_end) struct arena arena;
	struct err err = { .kind = ERR_NONE };
	const struct json *root;
	size_t n;

	arena_init(&arena, REPORT_MEMORY);
	if (!f)
		return complain(path, strerror(errno));
	if (!(text = malloc(REPORT_MAX + 1)))
		return complain(path, "out of memory");
	n = fread(text, 1, REPORT_MAX + 1, f);
	if (ferror(f) || n > REPORT_MAX)
		return complain(path, "it cannot be read, or is larger than 64 MiB");
	if (!(root = json_parse((struct str){ text, n }, NULL, &arena, &err)))
		return complain(path, err.msg);
	return member_fill(path, root, m);
}

static int worst_first(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->unsupported != y->unsupported)
		return x->unsupported < y->unsupported ? 1 : -1;
	if (x->effort != y->effort)
		return x->effort < y->effort ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void print_table(const struct member *v, size_t n)
{
	printf("%-40s %-14s %-17s %11s %11s %6s %7s  %s\n", "CLUSTER", "KUBERNETES", "AS OF",
	       "UNSUPPORTED", "BEST-EFFORT", "ADVICE", "UNKNOWN", "MOST OF");
	for (size_t i = 0; i < n; i++)
		printf("%-40s %-14s %-17.16s %11zu %11zu %6zu %7zu  %s%s\n", v[i].name,
		       v[i].version, v[i].when, v[i].unsupported, v[i].effort, v[i].advice,
		       v[i].unknown, v[i].worst, v[i].whole ? "" : " (not whole)");
}

static void print_common(const struct member *v, size_t n)
{
	bool any = false;

	for (size_t c = 0; c < CHECKS_MAX && posture_check_at(c); c++) {
		size_t clusters = 0, findings = 0;

		for (size_t i = 0; i < n; i++) {
			clusters += v[i].checks[c] > 0;
			findings += v[i].checks[c];
		}
		if (!clusters)
			continue;
		printf("%s%-24s in %zu of %zu cluster%s, %zu finding%s\n", any ? "" : "\n",
		       posture_check_at(c)->id, clusters, n, posture_plural(n), findings,
		       posture_plural(findings));
		any = true;
	}
}

static const struct command_help help = {
	.usage = "oke-guard scan merge REPORT.json...",
	.summary = "A fleet as one table: a row for each report of `oke-guard scan -o json`, "
		   "the\n"
		   "worst first, then what the clusters have in common. The exit status is 1 "
		   "when\n"
		   "one of them has a finding of tier unsupported, 2 for a report "
		   "that cannot be read.",
	.examples = "  for c in prod test; do oke-guard scan --context $c -o json > $c.json; done\n"
		    "  oke-guard scan merge prod.json test.json\n",
};

int scan_merge(int argc, char **argv)
{
	scoped(free_end) struct member *v = NULL;
	int rest, status = options_parse(&help, NULL, 0, argc, argv, &rest);
	size_t n = 0;

	if (status >= 0)
		return status;
	if (rest == argc || argc - rest > FLEET_MAX) {
		program_complain("oke-guard scan merge: name 1 to %d reports of `oke-guard "
				 "scan -o json`\n",
				 FLEET_MAX);
		return EXIT_INPUT;
	}
	if (!(v = calloc((size_t)(argc - rest), sizeof *v)))
		return EXIT_INPUT;
	for (; rest < argc; rest++)
		if (member_read(argv[rest], &v[n++]) < 0)
			return EXIT_INPUT;
	qsort(v, n, sizeof *v, worst_first);
	print_table(v, n);
	print_common(v, n);
	if (fflush(stdout))
		return EXIT_INPUT;
	return v[0].unsupported ? EXIT_FINDINGS : EXIT_CLEAN;
}
