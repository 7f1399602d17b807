/* SPDX-License-Identifier: Apache-2.0
 * cmd_versions.c - `oke-guard versions`: which versions of Kubernetes OKE has, and how long each is
 * supported, by the list that is built in or a newer one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "oke/policy_print.h"
#include "cli/cmd.h"
#include "lib/base/options.h"

#define OUTPUT_MAX (1u << 20) /* VERSIONS_MAX rows and more */

static const struct command_help versions_help = {
	.usage = "oke-guard versions [OPTION]... [VERSION]",
	.summary = "The Kubernetes versions of OKE: since when each is available, and how long "
		   "Oracle\nsupports it; with VERSION, what that means for this one. The list is "
		   "data with a date,\nand `-o yaml` prints it as --versions takes it.",
	.examples = "  oke-guard versions\n"
		    "  oke-guard versions 1.34.2\n"
		    "  oke-guard versions -o yaml > versions.yaml; oke-guard versions --versions "
		    "versions.yaml\n"
		    "Exit status: 0; 1 for a VERSION that OKE does not support; 2 for a usage or "
		    "input error.\n",
};

struct asked {
	const char *versions, *output;
	int64_t now;
};

static void versions_tell(void *ctx, bool error, const char *text)
{
	(void)ctx;
	program_complain("oke-guard versions: %s%s\n", error ? "" : "warning: ", text);
}

static void set_end(struct policy_set **set)
{
	policy_set_unref(*set);
}

static int versions_show(const struct asked *a, const char *word)
{
	const struct policy_source src = { .versions = a->versions };
	struct policy_report report = { .message = versions_tell };
	scoped(set_end) struct policy_set *set = policy_set_new(&src, &report);
	scoped(arena_end) struct arena arena = { .limit = 3 * (size_t)OUTPUT_MAX };
	enum print_format format = !strcmp(a->output, "json")   ? PRINT_JSON
				   : !strcmp(a->output, "yaml") ? PRINT_YAML
								: PRINT_TEXT;
	int unsupported = 0;
	struct text out;

	if (!set)
		return EXIT_INPUT;
	text_init(&out, &arena, OUTPUT_MAX);
	if (!word)
		policy_print_versions(set, a->now, format, &out);
	else
		unsupported = policy_print_version(set, str_of(word), a->now, format, &out);
	if (unsupported < 0) {
		program_complain(
			"oke-guard versions: '%.60s' is no version; write 1.36 or 1.36.1\n", word);
		return EXIT_INPUT;
	}
	if (out.full || fwrite(text_get(&out).s, 1, out.n, stdout) != out.n || fflush(stdout)) {
		program_complain("oke-guard versions: stdout: %s\n", strerror(errno));
		return EXIT_INPUT;
	}
	return unsupported ? EXIT_FINDINGS : EXIT_CLEAN;
}

int cmd_versions(int argc, char **argv)
{
	struct asked a = { .output = "text", .now = time(NULL) };
	const struct option_def defs[] = {
		OPTION_ROW_VERSIONS(&a.versions),
		{ .name = "now",
		  .type = OPTION_TIME,
		  .value = &a.now,
		  .arg = "TIME",
		  .help = "as of this time, such as 2026-11-22T00:00:00Z (the present)" },
		{ .name = "output",
		  .letter = 'o',
		  .type = OPTION_CHOICE,
		  .value = &a.output,
		  .arg = "text|json|yaml",
		  .choices = "text|json|yaml",
		  .help = "how to print (text)" },
	};
	int rest, status = options_parse(&versions_help, defs, sizeof defs / sizeof *defs, argc,
					 argv, &rest);

	if (status >= 0)
		return status;
	if (argc - rest > 1) {
		program_complain(
			"oke-guard versions: '%.60s' is one word too many; name one version\n",
			argv[rest + 1]);
		return EXIT_INPUT;
	}
	return versions_show(&a, rest < argc ? argv[rest] : NULL);
}
