/* SPDX-License-Identifier: Apache-2.0
 * cmd_policy.c - `oke-guard policy`: what is loaded, is it right, what does it mean.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "cli/report/posture.h"
#include "oke/policy_print.h"
#include "cli/cmd.h"
#include "lib/base/nearest.h"
#include "lib/base/options.h"

#define OUTPUT_MAX (64u << 20) /* of one command */

struct cmd_policy_options {
	struct option_list policies;
	const char *config, *versions, *output;
	bool no_builtin;
};

/* ---- output ---- */

static enum print_format cmd_policy_format_of(const struct cmd_policy_options *asked)
{
	if (!strcmp(asked->output, "json"))
		return PRINT_JSON;
	return !strcmp(asked->output, "yaml") ? PRINT_YAML : PRINT_TEXT;
}

static int cmd_policy_write_out(const struct text *t)
{
	struct str s = text_get(t);

	if (t->full) {
		program_complain("oke-guard policy: the output is larger than %u MiB\n",
				 OUTPUT_MAX >> 20);
		return EXIT_INPUT;
	}
	if (fwrite(s.s, 1, s.n, stdout) != s.n || fflush(stdout)) {
		program_complain("oke-guard policy: stdout: %s\n", strerror(errno));
		return EXIT_INPUT;
	}
	return EXIT_CLEAN;
}

/* ---- loading ---- */

static void cmd_policy_tell(void *ctx, bool error, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s%s\n", error ? "" : "warning: ", text);
}

static struct policy_set *cmd_policy_load(const struct cmd_policy_options *asked)
{
	const struct policy_source src = { .paths = asked->policies.v,
					   .paths_n = asked->policies.n,
					   .config = asked->config,
					   .no_builtin = asked->no_builtin };
	struct policy_report report = { .message = cmd_policy_tell };

	return policy_set_new(&src, &report);
}

static void cmd_policy_set_end(struct policy_set **set)
{
	policy_set_unref(*set);
}

#define LOAD_OPTIONS(a) OPTION_ROW_POLICY(&(a).policies), OPTION_ROW_CONFIG(&(a).config)
#define OUTPUT_OPTION(a, of)                                                                       \
	{                                                                                          \
		.name = "output", .letter = 'o', .type = OPTION_CHOICE, .value = &(a).output,      \
		.arg = (of), .choices = (of), .help = "how to print (text)"                        \
	}
#define OPTIONS_N(defs) (sizeof(defs) / sizeof *(defs))

/* ---- names ---- */

static int cmd_policy_unknown_policy(const struct policy_set *set, const char *word)
{
	const char *names[1024], *near;
	size_t n = 0;

	/* names of a set end in NUL */
	while (n < sizeof names / sizeof *names && policy_name_at(set, n).s) {
		names[n] = policy_name_at(set, n).s;
		n++;
	}
	near = nearest_of(word, names, n);
	program_complain("oke-guard policy: no policy is called '%.60s'; %s%s%s\n", word,
			 near ? "did you mean '" : "`oke-guard policy print` lists them",
			 near ? near : "", near ? "'?" : "");
	return EXIT_INPUT;
}

static int cmd_policy_unknown_rule(const struct policy_set *set, const char *word,
				   struct str policy)
{
	const char *names[1024], *near, *rule = strchr(word, '/') + 1;
	size_t n = 0;

	while (n < sizeof names / sizeof *names && rule_name_at(set, policy, n).s) {
		names[n] = rule_name_at(set, policy, n).s;
		n++;
	}
	near = nearest_of(rule, names, n);
	program_complain("oke-guard policy: policy '%.*s' has no rule '%.60s'; ", STR_ARG(policy),
			 rule);
	if (near)
		fprintf(stderr, "did you mean '%s'?\n", near);
	else
		for (size_t i = 0; i < n; i++)
			fprintf(stderr, "%s%s%s", i ? ", " : "it has ", names[i],
				i + 1 == n ? "\n" : "");
	return EXIT_INPUT;
}

/* ---- print ---- */

static const struct command_help print_help = {
	.usage = "oke-guard policy print [OPTION]... [NAME|config]",
	.summary = "Show what is loaded and where it was written: a table of all policies, one of\n"
		   "them whole, or the configuration in force with the origin of each line.",
	.examples =
		"  oke-guard policy print\n"
		"  oke-guard policy print coredns > coredns.yaml     # edit, then --policy .\n"
		"  oke-guard policy print config --config guard.yaml\n"
		"  oke-guard policy print -o json --policy ./policies | jq '.policies[].name'\n",
};

static int cmd_policy_run_print(int argc, char **argv)
{
	struct cmd_policy_options a = { .output = "text" };
	const struct option_def defs[] = { LOAD_OPTIONS(a), OUTPUT_OPTION(a, "text|json|yaml") };
	scoped(cmd_policy_set_end) struct policy_set *set = NULL;
	scoped(arena_end) struct arena arena = { 0 };
	struct text out;
	int rest, exit_code = options_parse(&print_help, defs, OPTIONS_N(defs), argc, argv, &rest);

	if (exit_code >= 0)
		return exit_code;
	if (argc - rest > 1) {
		program_complain("oke-guard policy print: one name at a time, and "
				 "'%.60s' is a second\n",
				 argv[rest + 1]);
		return EXIT_INPUT;
	}
	if (!(set = cmd_policy_load(&a)))
		return EXIT_INPUT;
	arena_init(&arena, 3 * (size_t)OUTPUT_MAX);
	text_init(&out, &arena, OUTPUT_MAX);
	if (rest == argc)
		policy_print_table(set, cmd_policy_format_of(&a), &out);
	else if (!strcmp(argv[rest], "config"))
		policy_print_config(set, cmd_policy_format_of(&a), &out);
	else if (!policy_print_policy(set, str_of(argv[rest]), cmd_policy_format_of(&a), &out))
		return cmd_policy_unknown_policy(set, argv[rest]);
	return cmd_policy_write_out(&out);
}

/* ---- explain ---- */

static const struct command_help explain_help = {
	.usage = "oke-guard policy explain [OPTION]... POLICY/RULE",
	.summary =
		"Say in words what a rule takes, what becomes of it and what to do instead. The\n"
		"name is the one that denials and warnings end with, [coredns/scale].",
	.examples =
		"  oke-guard policy explain coredns/scale\n"
		"  oke-guard policy explain scan/component-drift   # a check of oke-guard scan\n",
};

/* [scan/ID]: a check of `oke-guard scan`. */
static int explain_check(const char *id)
{
	const struct posture_check *c = posture_check_named(str_of(id));
	const char *names[64], *near;
	size_t n = 0;

	if (c) {
		posture_print_check(stdout, c);
		return fflush(stdout) ? EXIT_INPUT : EXIT_CLEAN;
	}
	for (; posture_check_at(n); n++)
		names[n] = posture_check_at(n)->id;
	near = nearest_of(id, names, n);
	program_complain("oke-guard policy explain: scan has no check '%.60s'; %s%s%s\n", id,
			 near ? "did you mean '" : "`oke-guard scan --list` shows them",
			 near ? near : "", near ? "'?" : "");
	return EXIT_INPUT;
}

static int cmd_policy_run_explain(int argc, char **argv)
{
	struct cmd_policy_options a = { .output = "text" };
	const struct option_def defs[] = { LOAD_OPTIONS(a), OUTPUT_OPTION(a, "text|json|yaml") };
	scoped(cmd_policy_set_end) struct policy_set *set = NULL;
	scoped(arena_end) struct arena arena = { 0 };
	int rest,
		exit_code = options_parse(&explain_help, defs, OPTIONS_N(defs), argc, argv, &rest);
	struct text out;
	struct str policy;
	const char *slash;

	if (exit_code >= 0)
		return exit_code;
	if (argc - rest != 1 || !(slash = strchr(argv[rest], '/'))) {
		program_complain("oke-guard policy explain: name one rule as POLICY/RULE, for "
				 "example coredns/scale\n");
		return EXIT_INPUT;
	}
	if (!strncmp(argv[rest], "scan/", 5))
		return explain_check(argv[rest] + 5);
	if (!(set = cmd_policy_load(&a)))
		return EXIT_INPUT;
	arena_init(&arena, 3 * (size_t)OUTPUT_MAX);
	text_init(&out, &arena, OUTPUT_MAX);
	policy = (struct str){ argv[rest], (size_t)(slash - argv[rest]) };
	if (policy_print_rule(set, policy, str_of(slash + 1), cmd_policy_format_of(&a), &out))
		return cmd_policy_write_out(&out);
	if (rule_name_at(set, policy, 0).s)
		return cmd_policy_unknown_rule(set, argv[rest], policy);
	argv[rest][policy.n] = '\0';
	return cmd_policy_unknown_policy(set, argv[rest]);
}

/* ---- lint ---- */

static const struct command_help lint_help = {
	.usage = "oke-guard policy lint [OPTION]... PATH...",
	.summary =
		"Check policies, configurations and exceptions as `serve` would load them beside\n"
		"the built-in ones. Each message is FILE:LINE:COLUMN, what is "
		"wrong and what to write.",
	.examples = "  oke-guard policy lint policies/\n"
		    "  oke-guard policy lint --config guard.yaml policies/ exceptions/\n"
		    "Exit status: 0 clean, 1 with messages, 2 for a path that cannot be read.\n",
};

static void cmd_policy_lint_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	printf("%s%s\n", error ? "" : "warning: ", text);
}

static bool cmd_policy_is_readable(const char *path)
{
	if (!access(path, R_OK))
		return true;
	program_complain("oke-guard policy lint: ");
	perror(path);
	return false;
}

static int cmd_policy_lint(const struct cmd_policy_options *a, int64_t now)
{
	const struct policy_source src = { .paths = a->policies.v,
					   .paths_n = a->policies.n,
					   .config = a->config,
					   .versions = a->versions,
					   .no_builtin = a->no_builtin };
	struct policy_report report = { .message = cmd_policy_lint_message };
	scoped(cmd_policy_set_end) struct policy_set *set = policy_set_new(&src, &report);

	if (set)
		policy_set_lint(set, now, &report);
	if (!report.errors && !report.warnings)
		printf("no error; loaded: %zu policies, %zu rules, %zu overrides\n",
		       policy_set_policies(set), policy_set_rules(set), policy_set_overrides(set));
	else
		printf("%zu %s, %zu %s\n", report.errors, report.errors == 1 ? "error" : "errors",
		       report.warnings, report.warnings == 1 ? "warning" : "warnings");
	if (fflush(stdout))
		return EXIT_INPUT;
	return report.errors || report.warnings ? EXIT_FINDINGS : EXIT_CLEAN;
}

static int cmd_policy_run_lint(int argc, char **argv)
{
	struct cmd_policy_options a = { .output = "text" };
	int64_t now = time(NULL);
	const struct option_def defs[] = {
		{ .name = "config",
		  .type = OPTION_STRING,
		  .value = &a.config,
		  .arg = "FILE",
		  .help = "the GuardConfig that they will be used with (the built-in one)" },
		OPTION_ROW_VERSIONS(&a.versions),
		{ .name = "no-builtin",
		  .type = OPTION_FLAG,
		  .value = &a.no_builtin,
		  .help = "leave the built-in policies out" },
		{ .name = "now",
		  .type = OPTION_TIME,
		  .value = &now,
		  .arg = "TIME",
		  .help = "which exceptions and versions are over at this time, such as "
			  "2026-11-22T00:00:00Z (the present)" },
	};
	int rest, exit_code = options_parse(&lint_help, defs, OPTIONS_N(defs), argc, argv, &rest);

	if (exit_code >= 0)
		return exit_code;
	if (rest == argc || argc - rest > OPTION_LIST_MAX) {
		program_complain("oke-guard policy lint: name 1 to %d files or folders\n",
				 OPTION_LIST_MAX);
		return EXIT_INPUT;
	}
	if (a.config && !cmd_policy_is_readable(a.config))
		return EXIT_INPUT;
	for (; rest < argc; rest++) {
		if (!cmd_policy_is_readable(argv[rest]))
			return EXIT_INPUT;
		a.policies.v[a.policies.n++] = argv[rest];
	}
	return cmd_policy_lint(&a, now);
}

/* ---- schema ---- */

static const struct command_help schema_help = {
	.usage = "oke-guard policy schema [KIND]",
	.summary = "Print the JSON Schema of a kind, for editors and CI; without KIND the kinds.",
	.examples = "  oke-guard policy schema SupportPolicy > supportpolicy.json\n"
		    "  # yaml-language-server: $schema=supportpolicy.json\n",
};

static int cmd_policy_run_schema(int argc, char **argv)
{
	int rest, exit_code = options_parse(&schema_help, NULL, 0, argc, argv, &rest);
	const char *kinds[8], *near;
	struct str schema;
	size_t n = 0;

	if (exit_code >= 0)
		return exit_code;
	while (n < sizeof kinds / sizeof *kinds && policy_schema_kind(n)) {
		kinds[n] = policy_schema_kind(n);
		if (rest == argc)
			puts(kinds[n]);
		n++;
	}
	if (rest == argc)
		return fflush(stdout) ? EXIT_INPUT : EXIT_CLEAN;
	schema = policy_schema(str_of(argv[rest]));
	if (schema.s)
		return fwrite(schema.s, 1, schema.n, stdout) != schema.n || fflush(stdout)
			       ? EXIT_INPUT
			       : EXIT_CLEAN;
	near = nearest_of(argv[rest], kinds, n);
	program_complain("oke-guard policy schema: there is no kind '%.60s'; %s%s%s\n", argv[rest],
			 near ? "did you mean '" : "`oke-guard policy schema` lists them",
			 near ? near : "", near ? "'?" : "");
	return EXIT_INPUT;
}

/* ---- the command ---- */

static const struct command rows[] = {
	{ "print", "what is loaded, and from where", cmd_policy_run_print, NULL },
	{ "lint", "check files before they are used", cmd_policy_run_lint, NULL },
	{ "explain", "what a rule means, and what to do instead", cmd_policy_run_explain, NULL },
	{ "schema", "the JSON Schema of a kind", cmd_policy_run_schema, NULL },
};

const struct commands policy_commands = {
	.program = "oke-guard policy",
	.about = "Prints, checks and explains policies.",
	.example = ": print, lint, explain or schema",
	.v = rows,
	.n = sizeof rows / sizeof *rows,
};
