/* SPDX-License-Identifier: Apache-2.0
 * completion.c - `completion SHELL`: a script that a shell sources, made of the tables.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/nearest.h"
#include "lib/base/program_name.h"
#include "lib/shell/shell.h"
#include "lib/shell/words.h"

static const struct completion_shell {
	const char *name;
	void (*print)(const struct commands *c);
} completion_shells[] = {
	{ "bash", shell_print_bash },
	{ "zsh", shell_print_zsh },
	{ "fish", shell_print_fish },
};
#define SHELLS_N (sizeof completion_shells / sizeof *completion_shells)

static const struct command_help completion_help = {
	.usage = "PROGRAM completion bash|zsh|fish",
	.summary =
		"Print the script that makes a shell complete commands, options, their values and "
		"files.\nThe Debian package brings all three to their places.",
	.examples =
		"  source <(PROGRAM completion bash)\n"
		"  PROGRAM completion bash > ~/.local/share/bash-completion/completions/PROGRAM\n"
		"  PROGRAM completion zsh > \"${fpath[1]}/_PROGRAM\"\n"
		"  PROGRAM completion fish > ~/.config/fish/completions/PROGRAM.fish\n",
};

static int completion_unknown(const char *word)
{
	const char *program = commands_of_program()->program, *names[SHELLS_N], *near;

	for (size_t i = 0; i < SHELLS_N; i++)
		names[i] = completion_shells[i].name;
	near = nearest_of(word, names, SHELLS_N);
	program_complain("%s completion: there is none for '%.60s'; %s%s%s\n", program, word,
			 near ? "did you mean '" : "there are bash, zsh and fish", near ? near : "",
			 near ? "'?" : "");
	return EXIT_WRONG;
}

int shell_completion(int argc, char **argv)
{
	const struct commands *all = commands_of_program();
	struct shell_words words;
	int rest, status;

	shell_fill_words(&completion_help, &words);
	status = options_parse(&words.help, NULL, 0, argc, argv, &rest);
	if (status >= 0)
		return status;
	if (argc - rest != 1) {
		program_complain("%s completion: name one shell: bash, zsh or fish\n",
				 all->program);
		return EXIT_WRONG;
	}
	for (size_t i = 0; i < SHELLS_N; i++)
		if (!strcmp(argv[rest], completion_shells[i].name)) {
			completion_shells[i].print(all);
			return fflush(stdout) ? EXIT_WRONG : EXIT_DONE;
		}
	return completion_unknown(argv[rest]);
}
