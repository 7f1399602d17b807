/* SPDX-License-Identifier: Apache-2.0
 * cmd_check.c - `oke-guard check`: judge manifests offline, as if a customer created each
 * object.
 *
 * The same policies as the server's. Files are read at the same time, a thread each, and told in
 * order (check/jobs.h); a file is read object by object, so the output of a large chart takes no
 * more memory than its largest document.
 */
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "oke/alpha.h"
#include "lib/base/cleanup.h"
#include "lib/base/printable.h"
#include "cli/manifest_files.h"
#include "cli/cmd.h"
#include "cli/cmd_check.h"
#include "cli/check/describe.h"
#include "cli/check/tell.h"
#include "lib/base/options.h"

#define FILE_MAX_SHOWN 4096
/* Bytes that are kept for the next document: the system clears each page that it gives. */
#define FREE_KEPT (4 << 20)

struct cmd_check_options {
	const char *output, *baseline, *config, *fail_on, *kubernetes, *to, *namespace, *user;
	struct option_list policies, groups;
	bool skip_others;
	int64_t now;
	long jobs;
};

struct cmd_check_run {
	struct checking c;
	struct check_tell tell;
	struct check_jobs *jobs;
	const struct cmd_check_options *asked;
	char from[16], to[16]; /* the versions, in words */
	bool no_memory;        /* a file could not even be named */
};

static int cmd_check_complain(const char *what)
{
	program_complain("oke-guard check: %s\n", what);
	return EXIT_INPUT;
}

/* ---- files ---- */

/* The name as it is shown; what it points to lives as long as the arena. */
static struct check_file cmd_check_name_file(const char *path, bool named, struct arena *arena)
{
	struct str words = printable_cut(str_of(path), FILE_MAX_SHOWN, arena);

	return (struct check_file){ .path = path,
				    .shown = !strcmp(path, "-") ? "stdin"
					     : words.s          ? words.s
								: "?",
				    .named = named };
}

static void cmd_check_on_file(void *ctx, const char *path, bool named)
{
	scoped(arena_end) struct arena arena = { .limit = 1u << 16 };
	struct check_file file = cmd_check_name_file(path, named, &arena);
	struct cmd_check_run *run = ctx;

	if (check_jobs_add(run->jobs, &file) < 0)
		run->no_memory = true;
}

static void cmd_check_add_told(struct cmd_check_run *run, const char *path,
			       const struct check_item *item)
{
	scoped(arena_end) struct arena arena = { .limit = 1u << 16 };
	struct check_file file = cmd_check_name_file(path, true, &arena);

	if (check_jobs_add_told(run->jobs, &file, item) < 0)
		run->no_memory = true;
}

static void cmd_check_on_skipped(void *ctx, const char *path, const char *why)
{
	struct check_item note = { .kind = CHECK_ITEM_NOTE, .counts.skipped = 1 };
	scoped(arena_end) struct arena arena = { .limit = 1u << 16 };
	struct text t;

	text_init(&t, &arena, 1u << 15);
	text_printf(&t, "%s: note: skipped: %s\n", cmd_check_name_file(path, true, &arena).shown,
		    why);
	note.text = text_get(&t).s;
	cmd_check_add_told(ctx, path, &note);
}

static void cmd_check_on_failed(void *ctx, const char *path, const char *why)
{
	const struct check_item item = { .kind = CHECK_ITEM_ERROR, .text = why };

	cmd_check_add_told(ctx, path, &item);
}

/* ---- the command ---- */

static void cmd_check_policy_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	program_complain("oke-guard check: %s%s\n", error ? "" : "warning: ", text);
}

/* "1.36" of "v1.36.2", as policies name it; 0 after a message. */
static unsigned cmd_check_read_version(const char *option, const char *text)
{
	unsigned minor = alpha_version(str_of(text));

	if (!minor)
		program_complain("oke-guard check: --%s: '%.40s' is no version; write 1.36\n",
				 option, text);
	else if (minor > alpha_newest() || minor < alpha_oldest())
		program_complain(
			"oke-guard check: warning: --%s: 1.%u is %s than what is known; it is "
			"treated as 1.%u\n",
			option, minor, minor > alpha_newest() ? "newer" : "older",
			minor > alpha_newest() ? alpha_newest() : alpha_oldest());
	else if (minor > alpha_released())
		program_complain(
			"oke-guard check: warning: --%s: 1.%u is known as of %s only; what is found "
			"about features is a warning at most\n",
			option, minor, alpha_preliminary());
	return minor;
}

static int cmd_check_load(struct cmd_check_run *run, struct policy_set **set)
{
	const struct cmd_check_options *a = run->asked;
	struct policy_source source = { .paths = a->policies.v,
					.paths_n = a->policies.n,
					.config = a->config };
	struct policy_report messages = { .message = cmd_check_policy_message };
	char version[16];
	unsigned minor;

	if (a->kubernetes) {
		if (!(minor = cmd_check_read_version("kubernetes", a->kubernetes)))
			return -1;
		snprintf(version, sizeof version, "1.%u", minor);
		source.kubernetes = version;
	}
	if (!(*set = policy_set_new(&source, &messages)))
		return -1;
	run->c.set = *set;
	run->c.minor = policy_set_minor(*set);
	return 0;
}

/* The versions that are judged by, in the summary; -1 after a message. */
static int cmd_check_name_versions(struct cmd_check_run *run)
{
	snprintf(run->from, sizeof run->from, "1.%u", run->c.minor);
	run->tell.summary.kubernetes = run->from;
	if (!run->asked->to)
		return 0;
	if (!(run->c.to = cmd_check_read_version("to", run->asked->to)))
		return -1;
	if (run->c.to > alpha_newest())
		run->c.to = alpha_newest();
	if (run->c.to <= run->c.minor) {
		program_complain(
			"oke-guard check: --to: 1.%u is not later than 1.%u; name the cluster's "
			"version with --kubernetes\n",
			run->c.to, run->c.minor);
		return -1;
	}
	snprintf(run->to, sizeof run->to, "1.%u", run->c.to);
	run->tell.summary.to = run->to;
	return 0;
}

/* A processor each that the program may run on; what is read in one piece takes one. */
static unsigned cmd_check_threads(long asked, int paths_n, char **paths)
{
	struct stat st;
	cpu_set_t set;
	int n;

	if (paths_n == 1 && (stat(paths[0], &st) < 0 || !S_ISDIR(st.st_mode)))
		return 1;
	if (asked)
		return (unsigned)asked;
	n = sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
	return n < 1 ? 1 : n > CHECK_JOBS_MAX ? CHECK_JOBS_MAX : (unsigned)n;
}

static int cmd_check_walk(struct cmd_check_run *run, int paths_n, char **paths)
{
	const struct check_work work = { cmd_check_file, &run->c, check_tell_item, &run->tell };
	const struct manifest_files walk = { cmd_check_on_file, cmd_check_on_skipped,
					     cmd_check_on_failed, run };

	run->jobs = check_jobs_new(&work, cmd_check_threads(run->asked->jobs, paths_n, paths));
	if (!run->jobs)
		return -1;
	for (int i = 0; i < paths_n; i++)
		manifest_files_walk(&walk, paths[i]);
	check_jobs_end(run->jobs);
	return run->no_memory ? -1 : 0;
}

static int cmd_check_paths(struct cmd_check_run *run, int paths_n, char **paths)
{
	const struct check_item nothing = { .kind = CHECK_ITEM_ERROR,
					    .text = "no file in it holds a Kubernetes object" };
	const struct report_summary *s = &run->tell.summary;
	struct err err;

	mallopt(M_MMAP_THRESHOLD, FREE_KEPT);
	mallopt(M_TRIM_THRESHOLD, FREE_KEPT);
	progress_start(&run->tell.progress);
	if (cmd_check_walk(run, paths_n, paths) < 0)
		return cmd_check_complain("out of memory");
	if (!s->objects && !s->errors && !run->asked->skip_others) {
		scoped(arena_end) struct arena arena = { .limit = 1u << 16 };
		const struct check_file file = cmd_check_name_file(paths[0], true, &arena);

		check_tell_item(&run->tell, &file, &nothing);
	}
	if (run->tell.baseline)
		run->tell.summary.gone = check_baseline_left(run->tell.baseline);
	progress_clear(&run->tell.progress);
	if (report_end(run->tell.report, s, &err) < 0)
		return cmd_check_complain(err.msg);
	if (s->errors)
		return EXIT_INPUT;
	return run->tell.counts ? EXIT_FINDINGS : EXIT_CLEAN;
}

static int cmd_check_with(struct cmd_check_run *run, int paths_n, char **paths)
{
	struct policy_set *set = NULL;
	int status = EXIT_INPUT;
	struct err err;

	run->tell.summary.baseline = run->asked->baseline;
	if (run->asked->baseline &&
	    !(run->tell.baseline = check_baseline_read(run->asked->baseline, &err)))
		return cmd_check_complain(err.msg);
	if (cmd_check_load(run, &set) == 0 && cmd_check_name_versions(run) == 0) {
		run->tell.report = report_new(run->asked->output, stdout, run->tell.fail_on,
					      check_describe, set);
		status = run->tell.report ? cmd_check_paths(run, paths_n, paths)
					  : cmd_check_complain("out of memory");
		report_free(run->tell.report);
	}
	check_baseline_free(run->tell.baseline);
	policy_set_unref(set);
	return status;
}

static const struct command_help help = {
	.usage =
		"oke-guard check [--kubernetes VERSION] [--to VERSION] [-o FORM]\n"
		"                       [--fail-on warn|deny] [--baseline FILE] [--policy DIR]...\n"
		"                       [--config FILE] [--namespace NS] [--jobs N] PATH...|-",
	.summary =
		"Judge manifests offline, with the policies of the webhook, as if a customer\n"
		"created each object: uses of alpha features, and what replaces a component that\n"
		"Oracle manages. PATH is a file or a folder (all *.yaml, *.yml "
		"and *.json in it and\n"
		"below it); - is the standard input. YAML and JSON, all documents, Lists.\n"
		"\n"
		"In a folder, files without a Kubernetes object (values.yaml, kustomization.yaml,\n"
		"settings of CI) are skipped and counted; hidden files, folders "
		"behind symbolic links\n"
		"and the templates of Helm charts are left out. A file that you name must hold an\n"
		"object, and so must the standard input: an empty one means that something before\n"
		"the pipe failed.\n"
		"\n"
		"Files are judged at the same time; the report is in their order, and the same for\n"
		"any --jobs. One file, and the standard input, are one job.",
	.examples =
		"  oke-guard check --kubernetes 1.36 manifests/\n"
		"  helm template my-chart | oke-guard check --namespace my-app -\n"
		"  kustomize build overlays/prod | oke-guard check --fail-on warn -\n"
		"  oke-guard check -o sarif manifests/ > oke-guard.sarif\n"
		"  oke-guard check -o junit manifests/ > oke-guard.xml\n"
		"\n"
		"What does an upgrade change? API versions and gates that go, features that\n"
		"leave alpha, what is newly allowed:\n"
		"\n"
		"  oke-guard check --kubernetes 1.35 --to 1.37 manifests/\n"
		"\n"
		"Only what is new counts, in a repository that has findings already:\n"
		"\n"
		"  oke-guard check -o json manifests/ > known.json\n"
		"  oke-guard check --baseline known.json manifests/\n"
		"\n"
		"Exit status: 0 nothing to object to; 1 a finding at or above --fail-on (of the\n"
		"upgrade: what is removed counts as deny, what is deprecated or becomes alpha as\n"
		"warn); 2 something could not be read, or a wrong option.",
};

/* As options_parse does. */
static int cmd_check_read_options(struct cmd_check_options *a, int argc, char **argv, int *rest)
{
	const struct option_def defs[] = {
		{ .name = "kubernetes",
		  .type = OPTION_STRING,
		  .value = &a->kubernetes,
		  .arg = "VERSION",
		  .help = "the cluster's version, such as 1.36 (the configuration's, else the "
			  "newest release known)" },
		{ .name = "to",
		  .type = OPTION_STRING,
		  .value = &a->to,
		  .arg = "VERSION",
		  .help = "also report what an upgrade to that version would change" },
		{ .name = "output",
		  .letter = 'o',
		  .type = OPTION_CHOICE,
		  .value = &a->output,
		  .choices = "text|json|sarif|junit|tap|github|gitlab",
		  .help = "the form of the report (text)" },
		OPTION_ROW_FAIL_ON(&a->fail_on),
		{ .name = "jobs",
		  .letter = 'j',
		  .type = OPTION_NUMBER,
		  .value = &a->jobs,
		  .min = 1,
		  .max = CHECK_JOBS_MAX,
		  .arg = "N",
		  .help = "files that are judged at the same time (one for each processor, at "
			  "most 8); the report is the same" },
		{ .name = "baseline",
		  .type = OPTION_STRING,
		  .value = &a->baseline,
		  .arg = "FILE",
		  .help = "an earlier report of `-o json`: what stands in it does not count" },
		OPTION_ROW_POLICY(&a->policies),
		OPTION_ROW_CONFIG(&a->config),
		{ .name = "skip-others",
		  .type = OPTION_FLAG,
		  .value = &a->skip_others,
		  .help = "a named file without a Kubernetes object is skipped, as in a folder; for "
			  "lists of files that others make" },
		{ .name = "namespace",
		  .letter = 'n',
		  .type = OPTION_STRING,
		  .value = &a->namespace,
		  .arg = "NS",
		  .help = "of objects that do not name one (default)" },
		{ .name = "as",
		  .type = OPTION_STRING,
		  .value = &a->user,
		  .arg = "USER",
		  .help = "who creates the objects: exceptions are for somebody (any customer)" },
		{ .name = "as-group",
		  .type = OPTION_LIST,
		  .value = &a->groups,
		  .arg = "GROUP",
		  .help = "a group of that user, such as system:serviceaccounts:ci; may be given "
			  "more than once" },
		{ .name = "now",
		  .type = OPTION_TIME,
		  .value = &a->now,
		  .arg = "TIME",
		  .help = "judge as at this time, such as 2026-11-22T00:00:00Z (the present): "
			  "exceptions have an end" },
	};

	return options_parse(&help, defs, sizeof defs / sizeof *defs, argc, argv, rest);
}

int cmd_check(int argc, char **argv)
{
	struct cmd_check_options a = {
		.output = "text", .fail_on = "deny", .namespace = "default", .now = time(NULL)
	};
	struct cmd_check_run run = { .asked = &a };
	struct str groups[OPTION_LIST_MAX];
	int rest, status = cmd_check_read_options(&a, argc, argv, &rest);

	if (status >= 0)
		return status;
	if (rest == argc)
		return cmd_check_complain(
			"name a file or folder with manifests, or - for the standard input");
	run.tell.fail_on = !strcmp(a.fail_on, "warn") ? ACTION_WARN : ACTION_DENY;
	run.tell.out = stdout;
	run.c.skip_others = a.skip_others;
	run.c.namespace = a.namespace;
	run.c.now = a.now;
	for (size_t i = 0; i < a.groups.n; i++)
		groups[i] = str_of(a.groups.v[i]);
	run.c.user = (struct user){ str_of(a.user), groups, a.groups.n };
	return cmd_check_with(&run, argc - rest, argv + rest);
}
