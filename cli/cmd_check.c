/* SPDX-License-Identifier: Apache-2.0
 * cmd_check.c - `oke-guard check`: judge manifests offline, as if a customer created each
 * object.
 *
 * The same policies as the server's. A file is read object by object, so the output of a
 * large chart takes no more memory than its largest document.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oke/alpha.h"
#include "lib/base/cleanup.h"
#include "lib/base/printable.h"
#include "cli/manifest_files.h"
#include "cli/cmd.h"
#include "cli/cmd_check.h"
#include "cli/check/describe.h"
#include "lib/base/options.h"

#define OBJECT_MEMORY_MAX (256u << 20) /* to judge one object */
#define FILE_PROBLEMS_MAX 20           /* of one file that are told */
#define FILE_MAX_SHOWN    4096
#define PROBLEM_MAX_SHOWN 400

struct cmd_check_options {
	const char *output, *baseline, *config, *fail_on, *kubernetes, *to, *namespace, *user;
	struct option_list policies, groups;
	bool skip_others;
	int64_t now;
};

struct cmd_check_run {
	struct checking c;
	const struct cmd_check_options *asked;
	char from[16], to[16]; /* the versions, in words */

	/* The file that is being read. */
	struct report_place place;
	unsigned document;  /* of the object that is being judged */
	struct arena names; /* of the file */
	size_t problems;
};

static int cmd_check_complain(const char *what)
{
	program_complain("oke-guard check: %s\n", what);
	return EXIT_INPUT;
}

/* ---- problems ---- */

static void cmd_check_tell(struct cmd_check_run *run, unsigned document, unsigned line,
			   const char *text)
{
	struct report_place place = run->place;
	scoped(arena_end) struct arena arena;
	struct str words;

	arena_init(&arena, 1u << 16);
	run->c.summary.errors++;
	if (++run->problems > FILE_PROBLEMS_MAX)
		return;
	progress_clear(&run->c.progress);
	words = printable_cut(str_of(text), PROBLEM_MAX_SHOWN, &arena);
	place.document = document;
	place.line = line;
	report_error(run->c.report, &place, words.s ? words.s : "out of memory");
	if (run->problems == FILE_PROBLEMS_MAX)
		fprintf(stderr, "%s: error: there may be more\n", place.file_shown);
}

static void cmd_check_on_problem(void *ctx, const struct manifest_problem *p)
{
	cmd_check_tell(ctx, p->document, p->line, p->text);
}

/* Of an annotation; the document is that of the object which is being judged. */
static void cmd_check_on_annotation(void *ctx, unsigned line, const char *text)
{
	struct cmd_check_run *run = ctx;

	cmd_check_tell(run, run->document, line, text);
}

/* ---- one file ---- */

static int cmd_check_read_file(void *ctx, char *buf, size_t room, size_t *got, struct err *err)
{
	FILE *f = ctx;

	*got = fread(buf, 1, room, f);
	return ferror(f) ? err_set(err, ERR_IO, "%s", strerror(errno)) : 0;
}

static void cmd_check_show_progress(struct cmd_check_run *run, size_t objects)
{
	if (progress_is_due(&run->c.progress))
		progress_show(&run->c.progress, "%zu objects judged, now %s",
			      run->c.summary.objects + objects, run->place.file_shown);
}

static size_t cmd_check_objects(struct cmd_check_run *run, struct manifest *m)
{
	struct manifest_object o;
	size_t n = 0;

	for (; manifest_next(m, &o); n++) {
		struct err err = { .kind = ERR_NONE };
		scoped(arena_end) struct arena arena;

		arena_init(&arena, OBJECT_MEMORY_MAX);
		run->document = o.document;
		if (cmd_check_object(&run->c, &run->place, m, &o, &arena, &err) < 0)
			cmd_check_tell(run, o.document, o.line, err.msg);
		cmd_check_show_progress(run, n);
	}
	return n;
}

static void cmd_check_stream(struct cmd_check_run *run, FILE *f, bool named)
{
	const struct yaml_input input = { .read = cmd_check_read_file, .ctx = f };
	const struct manifest_options options = { .problem = cmd_check_on_problem, .ctx = run };
	scoped(manifest_end) struct manifest *m = manifest_new(&input, &options);
	size_t n;

	if (!m) {
		cmd_check_tell(run, 0, 0, "out of memory");
		return;
	}
	n = cmd_check_objects(run, m);
	run->c.summary.documents += manifest_documents(m);
	run->c.summary.objects += n;
	if (n || run->problems) {
		run->c.summary.files++;
	} else if (named) {
		run->c.summary.files++;
		cmd_check_tell(run, 0, 0,
			       "no Kubernetes object in it: a document needs apiVersion and kind");
	} else {
		run->c.summary.skipped++;
	}
}

static void cmd_check_name_file(struct cmd_check_run *run, const char *path)
{
	bool input = !strcmp(path, "-");
	struct str words;

	arena_done(&run->names);
	words = printable_cut(str_of(path), FILE_MAX_SHOWN, &run->names);
	run->place = (struct report_place){ .file = input ? "stdin" : path,
					    .file_shown = input     ? "stdin"
							  : words.s ? words.s
								    : "?" };
	run->problems = 0;
}

static void cmd_check_on_file(void *ctx, const char *path, bool named)
{
	struct cmd_check_run *run = ctx;
	scoped(file_end) FILE *f = NULL;

	named = named && !run->asked->skip_others;
	cmd_check_name_file(run, path);
	if (!strcmp(path, "-"))
		cmd_check_stream(run, stdin, true);
	else if ((f = fopen(path, "re")))
		cmd_check_stream(run, f, named);
	else
		cmd_check_tell(run, 0, 0, strerror(errno));
}

static void cmd_check_on_skipped(void *ctx, const char *path, const char *why)
{
	struct cmd_check_run *run = ctx;

	cmd_check_name_file(run, path);
	run->c.summary.skipped++;
	progress_clear(&run->c.progress);
	fprintf(stderr, "%s: note: skipped: %s\n", run->place.file_shown, why);
}

static void cmd_check_on_failed(void *ctx, const char *path, const char *why)
{
	cmd_check_name_file(ctx, path);
	cmd_check_tell(ctx, 0, 0, why);
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
	run->c.summary.kubernetes = run->from;
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
	run->c.summary.to = run->to;
	return 0;
}

static int cmd_check_paths(struct cmd_check_run *run, int paths_n, char **paths)
{
	const struct manifest_files walk = { cmd_check_on_file, cmd_check_on_skipped,
					     cmd_check_on_failed, run };
	struct err err;

	arena_init(&run->names, 1u << 20);
	progress_start(&run->c.progress);
	for (int i = 0; i < paths_n; i++)
		manifest_files_walk(&walk, paths[i]);
	if (!run->c.summary.objects && !run->c.summary.errors && !run->asked->skip_others) {
		cmd_check_name_file(run, paths[0]);
		cmd_check_tell(run, 0, 0, "no file in it holds a Kubernetes object");
	}
	arena_done(&run->names);
	if (run->c.baseline)
		run->c.summary.gone = check_baseline_left(run->c.baseline);
	progress_clear(&run->c.progress);
	if (report_end(run->c.report, &run->c.summary, &err) < 0)
		return cmd_check_complain(err.msg);
	if (run->c.summary.errors)
		return EXIT_INPUT;
	return run->c.counts ? EXIT_FINDINGS : EXIT_CLEAN;
}

static int cmd_check_with(struct cmd_check_run *run, int paths_n, char **paths)
{
	struct policy_set *set = NULL;
	int status = EXIT_INPUT;
	struct err err;

	run->c.problem = cmd_check_on_annotation;
	run->c.problem_ctx = run;
	run->c.summary.baseline = run->asked->baseline;
	if (run->asked->baseline &&
	    !(run->c.baseline = check_baseline_read(run->asked->baseline, &err)))
		return cmd_check_complain(err.msg);
	if (cmd_check_load(run, &set) == 0 && cmd_check_name_versions(run) == 0) {
		run->c.report =
			report_new(run->asked->output, stdout, run->c.fail_on, check_describe, set);
		status = run->c.report ? cmd_check_paths(run, paths_n, paths)
				       : cmd_check_complain("out of memory");
		report_free(run->c.report);
	}
	check_baseline_free(run->c.baseline);
	policy_set_unref(set);
	return status;
}

static const struct command_help help = {
	.usage =
		"oke-guard check [--kubernetes VERSION] [--to VERSION] [-o FORM]\n"
		"                       [--fail-on warn|deny] [--baseline FILE] [--policy DIR]...\n"
		"                       [--config FILE] [--namespace NS] PATH...|-",
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
		"the pipe failed.",
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
	run.c.fail_on = !strcmp(a.fail_on, "warn") ? ACTION_WARN : ACTION_DENY;
	run.c.namespace = a.namespace;
	run.c.now = a.now;
	for (size_t i = 0; i < a.groups.n; i++)
		groups[i] = str_of(a.groups.v[i]);
	run.c.user = (struct user){ str_of(a.user), groups, a.groups.n };
	return cmd_check_with(&run, argc - rest, argv + rest);
}
