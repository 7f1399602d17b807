/* SPDX-License-Identifier: Apache-2.0
 * cmd_replay.c - `oke-guard replay`: what would these policies have said to what a log holds?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "cli/replay/show.h"
#include "cli/replay/report.h"
#include "lib/base/cleanup.h"
#include "cli/cmd.h"
#include "policy/learn/learn.h"
#include "cli/learn_show.h"
#include "lib/base/options.h"

#define ROWS_LISTED 20
#define OUTPUT_MAX  (16u << 20)

struct replay_options {
	const char *output, *config, *map, *partial, *share, *baseline_config, *fail_on;
	struct option_list policies, baseline;
	bool learn, strict, large_windows, quiet, show_input;
	long threads, rows;
	int64_t now;
};

static int replay_complain(const char *what)
{
	program_complain("oke-guard replay: %s\n", what);
	return EXIT_INPUT;
}

/* ---- policies ---- */

static void replay_policy_message(void *ctx, bool error, const char *text)
{
	program_complain("oke-guard replay: %s%s%s\n", (const char *)ctx,
			 error ? "" : "warning: ", text);
}

static struct policy_set *replay_load(const struct option_list *policies, const char *config,
				      char *whose)
{
	struct policy_source source = { .paths = policies->v,
					.paths_n = policies->n,
					.config = config };
	struct policy_report report = { .message = replay_policy_message, .ctx = whose };

	return policy_set_new(&source, &report);
}

static void set_end(struct policy_set **set)
{
	policy_set_unref(*set);
}

static void map_end(struct replay_map **m)
{
	replay_map_free(*m);
}

/* ---- files ---- */

/* "3/8": the fourth of eight shares. */
static bool replay_share(const char *text, uint64_t *number, uint64_t *count)
{
	char *end;

	*number = 0;
	*count = 1;
	if (!text)
		return true;
	if (text[0] < '0' || text[0] > '9')
		return false;
	*number = strtoull(text, &end, 10);
	if (*end != '/' || end[1] < '1' || end[1] > '9')
		return false;
	*count = strtoull(end + 1, &end, 10);
	return !*end && *count <= 100000 && *number < *count;
}

static int replay_files(const struct replay_options *o, char **names, int n,
			struct replay_files *out)
{
	uint64_t number, count;
	struct err err;

	if (!replay_share(o->share, &number, &count))
		return replay_complain("--share is NUMBER/COUNT, the number from 0 on: 0/8 to 7/8");
	for (int i = 0; i < n; i++)
		if (replay_files_add(out, names[i], &err) < 0)
			return replay_complain(err.msg);
	replay_files_share(out, number, count);
	return EXIT_CLEAN;
}

/* ---- what is printed ---- */

static int replay_print_learn(struct learn *l, size_t files, bool json)
{
	scoped(arena_end) struct arena arena;
	scoped(free_end) char *line = NULL;
	struct text out;
	struct str s;

	arena_init(&arena, 4 * (size_t)OUTPUT_MAX);
	text_init(&out, &arena, OUTPUT_MAX);
	if (json)
		line = learn_show_json(l);
	else
		learn_show_text(l, &(struct learn_sources){ .documents = files }, &out);
	if (out.full || (json && !line))
		return replay_complain("out of memory");
	s = json ? str_of(line) : text_get(&out);
	fwrite(s.s, 1, s.n, stdout);
	if (json)
		putchar('\n');
	return EXIT_CLEAN;
}

static int replay_print_report(const struct replay_run *run, const char *title,
			       const struct replay_options *o)
{
	static const struct {
		const char *name;
		int (*print)(const struct replay_report *r, FILE *f, struct err *err);
	} formats[] = { { "text", replay_report_text },
			{ "json", replay_report_json },
			{ "csv", replay_report_csv },
			{ "html", replay_report_html } };
	const struct replay_report report = { run, title, (size_t)o->rows };
	struct err err;

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(o->output, formats[i].name) &&
		    formats[i].print(&report, stdout, &err) < 0)
			return replay_complain(err.msg);
	return EXIT_CLEAN;
}

/* Exact grades alone, and of what was stored: neither dry runs nor what was refused anyway. */
static int replay_status(const struct replay_run *run, const struct replay_options *o)
{
	enum action least = !strcmp(o->fail_on, "warn") ? ACTION_WARN : ACTION_DENY;

	if (run->counts.interrupted || run->counts.n[COUNT_BAD_FILE])
		return EXIT_INPUT;
	for (enum action a = least; a <= ACTION_DENY; a++)
		if (replay_stored(run, GRADE_EXACT, a))
			return EXIT_FINDINGS;
	return EXIT_CLEAN;
}

static int replay_print(struct replay_run *run, const struct replay_files *files, const char *what,
			const struct replay_options *o)
{
	char title[64];
	int status;

	snprintf(title, sizeof title, "%llu %s%s", (unsigned long long)run->counts.n[COUNT_FILES],
		 what, run->counts.n[COUNT_FILES] == 1 ? "" : "s");
	if (run->learn)
		status = replay_print_learn(run->learn, files->n, !strcmp(o->output, "json"));
	else
		status = replay_print_report(run, title, o);
	if (fflush(stdout) || ferror(stdout))
		return replay_complain("the output cannot be written");
	return status == EXIT_CLEAN ? replay_status(run, o) : status;
}

static int replay_go(struct replay_run *run, const struct replay_files *files, bool merge,
		     const struct replay_options *o)
{
	struct err err = { .kind = ERR_NONE };
	int got;

	if (!files->n && !o->share)
		return replay_complain("there are no files to read");
	if (merge)
		got = replay_run_merge(run, files, &err);
	else if (o->partial)
		got = replay_run_partial(run, files, o->partial, &err);
	else
		got = replay_run_files(run, files, &err);
	if (got < 0)
		return replay_complain(err.msg);
	if (!merge && o->partial) {
		program_complain("oke-guard replay: %llu events to judge in %s\n",
				 (unsigned long long)run->counts.n[COUNT_KEPT], o->partial);
		return run->counts.interrupted || run->counts.n[COUNT_BAD_FILE] ? EXIT_INPUT
										: EXIT_CLEAN;
	}
	return replay_print(run, files, "file", o);
}

/* ---- the command ---- */

static unsigned replay_threads(long asked)
{
	long n = asked ? asked : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

static int replay_run(const struct replay_options *o, char **names, int n, bool merge)
{
	scoped(set_end) struct policy_set *set = NULL, *baseline = NULL;
	scoped(map_end) struct replay_map *map = NULL;
	struct replay_files files = { .n = 0 };
	struct replay_run run;
	struct learn learn;
	struct err err;
	int status;

	if (o->map && !(map = replay_map_new(o->map, &err)))
		return replay_complain(err.msg);
	if (!(set = replay_load(&o->policies, o->config, "")))
		return EXIT_INPUT;
	if ((o->baseline.n || o->baseline_config) &&
	    !(baseline = replay_load(&o->baseline, o->baseline_config, "baseline: ")))
		return EXIT_INPUT;
	if ((status = replay_files(o, names, n, &files)) == EXIT_CLEAN && o->show_input) {
		status = replay_show_input(&files, map, o->large_windows) < 0 ? EXIT_INPUT
									      : EXIT_CLEAN;
	} else if (status == EXIT_CLEAN) {
		replay_run_init(&run);
		learn_init(&learn, LEARN_MERGED);
		run.set = set;
		run.baseline = baseline;
		run.map = map;
		run.large_windows = o->large_windows;
		run.strict = o->strict;
		run.quiet = o->quiet;
		run.threads = replay_threads(o->threads);
		run.now = o->now;
		run.learn = o->learn ? &learn : NULL;
		run.events = !o->learn && !strcmp(o->output, "events") ? stdout : NULL;
		status = replay_go(&run, &files, merge, o);
		learn_done(&learn);
		replay_run_done(&run);
	}
	replay_files_done(&files);
	return status;
}

static const struct command_help replay_help = {
	.usage = "oke-guard replay [OPTION]... FILE|DIR|-...\n"
		 "       oke-guard replay merge [OPTION]... PARTIAL|DIR...",
	.summary = "What would these policies have said to what a log holds? Reads audit logs of "
		   "Kubernetes (events\none a line, lists of them, events in the envelope of a "
		   "logging service), recorded AdmissionReviews\nand the guard's own log; plain, "
		   "gzip or zstd.",
	.examples =
		"Examples:\n"
		"  oke-guard replay audit.log\n"
		"  oke-guard replay --config enforce.yaml --baseline-config today.yaml audit/\n"
		"  oke-guard replay -o html audit/ > replay.html\n"
		"  oke-guard replay --learn audit.log > learned.yaml\n"
		"  oke-guard replay --show-input exported.json.gz\n"
		"  oke-guard replay --share 3/8 --partial 3.partial audit/\n"
		"  oke-guard replay merge *.partial\n"
		"\n"
		"Exit status: 0 nothing was denied for certain; 1 an exact verdict is a denial (or\n"
		"a warning, with --fail-on warn); 2 a file cannot be read to its end, the reading\n"
		"was interrupted, something is wrong with --strict, or a wrong option.",
};

/* Is it `merge`, in capitals? There is no such file then. */
static bool replay_is_merge_misspelt(const char *word)
{
	return !strcasecmp(word, "merge") && access(word, F_OK) < 0;
}

static const struct command_help merge_help = {
	.usage = "oke-guard replay merge [OPTION]... PARTIAL|DIR...",
	.summary = "The report of what `oke-guard replay --partial` wrote, as if one run had read "
		   "all of it.",
	.examples = "  oke-guard replay --share 3/8 --partial 3.partial audit/\n"
		    "  oke-guard replay merge *.partial\n"
		    "\n"
		    "Exit status: as of oke-guard replay.",
};

/* NOLINTNEXTLINE(readability-function-size): the table of options */
static int replay_command(int argc, char **argv, bool merge)
{
	struct replay_options o = {
		.output = "text", .fail_on = "deny", .rows = ROWS_LISTED, .now = time(NULL)
	};
	const struct option_def defs[] = {
		{ .name = "output",
		  .letter = 'o',
		  .type = OPTION_CHOICE,
		  .value = &o.output,
		  .choices = "text|json|csv|html|events",
		  .help = "how to print; html is one page with all that it needs, events a line of "
			  "JSON for each that was judged (text)" },
		OPTION_ROW_POLICY(&o.policies),
		OPTION_ROW_CONFIG(&o.config),
		{ .name = "baseline",
		  .type = OPTION_LIST,
		  .value = &o.baseline,
		  .arg = "DIR",
		  .help = "judge by these further policies as well, and tell the difference" },
		{ .name = "baseline-config",
		  .type = OPTION_STRING,
		  .value = &o.baseline_config,
		  .arg = "FILE",
		  .help = "the same with another GuardConfig, such as the one in force today" },
		{ .name = "learn",
		  .type = OPTION_FLAG,
		  .value = &o.learn,
		  .help = "print the identities that could be exempted, as learn show does" },
		{ .name = "partial",
		  .type = OPTION_STRING,
		  .value = &o.partial,
		  .arg = "FILE",
		  .help = "write what is to be judged to FILE, for replay merge; print no report" },
		{ .name = "share",
		  .type = OPTION_STRING,
		  .value = &o.share,
		  .arg = "NUMBER/COUNT",
		  .help = "of the files only one share of COUNT; NUMBER from 0 on" },
		{ .name = "map",
		  .type = OPTION_STRING,
		  .value = &o.map,
		  .arg = "FILE",
		  .help = "a ReplayMap: where the fields of an event are in these lines" },
		{ .name = "show-input",
		  .type = OPTION_FLAG,
		  .value = &o.show_input,
		  .help = "print how the first lines of each file are read, and judge nothing" },
		{ .name = "strict",
		  .type = OPTION_FLAG,
		  .value = &o.strict,
		  .help = "end with 2 at the first line that cannot be read" },
		{ .name = "large-windows",
		  .type = OPTION_FLAG,
		  .value = &o.large_windows,
		  .help = "read zstd with windows over 32 MiB; takes as much memory for a file" },
		{ .name = "threads",
		  .type = OPTION_NUMBER,
		  .value = &o.threads,
		  .min = 0,
		  .max = 64,
		  .arg = "N",
		  .help = "files that are read at a time; 0: one for each processor (0)" },
		{ .name = "rows",
		  .type = OPTION_NUMBER,
		  .value = &o.rows,
		  .min = 1,
		  .max = 1000000,
		  .arg = "N",
		  .help = "rows of each table of the text (20)" },
		{ .name = "quiet",
		  .letter = 'q',
		  .type = OPTION_FLAG,
		  .value = &o.quiet,
		  .help = "show no progress, not even on a terminal" },
		OPTION_ROW_FAIL_ON(&o.fail_on),
		{ .name = "now",
		  .type = OPTION_TIME,
		  .value = &o.now,
		  .arg = "TIME",
		  .help = "judge recorded reviews, which tell no time, as at this time (the present)" },
	};
	int rest, status;

	status = options_parse(merge ? &merge_help : &replay_help, defs, sizeof defs / sizeof *defs,
			       argc, argv, &rest);
	if (status >= 0)
		return status;
	if (rest == argc)
		return replay_complain(merge ? "name partial results"
					     : "name a log or a folder of logs, or - for the "
					       "standard input");
	if (!merge && replay_is_merge_misspelt(argv[rest]))
		return commands_unknown(&replay_commands, argv[rest]);
	if (o.partial && (merge || o.learn || o.show_input))
		return replay_complain("--partial writes no report: it goes with neither merge, "
				       "--learn nor --show-input");
	return replay_run(&o, argv + rest, argc - rest, merge);
}

static int replay_merge(int argc, char **argv)
{
	return replay_command(argc, argv, true);
}

int cmd_replay(int argc, char **argv)
{
	return replay_command(argc, argv, false);
}

static const struct command rows[] = {
	{ "merge", "one report of partial results", replay_merge, NULL },
};

const struct commands replay_commands = {
	.program = "oke-guard replay",
	.about = "Judges audit logs.",
	.example = "",
	.v = rows,
	.n = sizeof rows / sizeof *rows,
};
