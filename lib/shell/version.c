/* SPDX-License-Identifier: Apache-2.0
 * version.c - `version [-o json]`: what --version says, and the same for programs.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/program_name.h"
#include "lib/base/version.h"
#include "lib/shell/shell.h"
#include "lib/shell/words.h"

static const struct command_help version_help = {
	.usage = "PROGRAM version [-o text|json]",
	.summary = "The version of this program.",
	.examples = "  PROGRAM version\n"
		    "  PROGRAM version -o json | jq -r .version\n",
};

static int version_print(bool json)
{
	const char *program = commands_of_program()->program;

	if (json)
		printf("{\"program\":\"%s\",\"version\":\"" OKE_GUARD_VERSION "\"}\n", program);
	else
		printf("%s " OKE_GUARD_VERSION "\n", program);
	return fflush(stdout) ? EXIT_WRONG : EXIT_DONE;
}

int shell_version(int argc, char **argv)
{
	const char *output = "text";
	const struct option_def defs[] = {
		OPTION_ROW_OUTPUT(&output, "how to print (text)"),
	};
	struct shell_words words;
	int rest, status;

	shell_fill_words(&version_help, &words);
	status = options_parse(&words.help, defs, 1, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (rest == argc)
		return version_print(!strcmp(output, "json"));
	program_complain("%s version: '%.60s' is one word too many\n",
			 commands_of_program()->program, argv[rest]);
	return EXIT_WRONG;
}
