/* SPDX-License-Identifier: Apache-2.0
 * cmd_learn.c - `oke-guard learn show`: what the servers have learned, merged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "cli/cmd.h"
#include "policy/learn/learn.h"
#include "webhook/learn_keep.h"
#include "cli/learn_show.h"
#include "lib/base/options.h"
#include "cli/review_input.h"

#define OUTPUT_MAX (16u << 20)

static const struct command_help help = {
	.usage = "oke-guard learn show [-o text|json] FILE...|-",
	.summary =
		"Who did what to which guarded object: the table, and a GuardConfig that exempts\n"
		"the identities that look safe to exempt. FILE is one of "
		"--learn-state, or what\n/statusz shows; several are merged. Only you can tell which of them are part of "
		"OKE:\ncopy those, and no others.",
	.examples = "Examples:\n"
		    "  curl -s http://127.0.0.1:9443/statusz | oke-guard learn show -\n"
		    "  for pod in $(kubectl -n oke-guard get pods -o name \\\n"
		    "      -l app.kubernetes.io/component=server); do\n"
		    "    kubectl get --raw "
		    "/api/v1/namespaces/oke-guard/pods/http:${pod#pod/}:9443/proxy/statusz\n"
		    "  done | oke-guard learn show - > learned.yaml\n"
		    "  oke-guard policy lint learned.yaml\n\n"
		    "Ends with 0; with 2 when a file cannot be used.",
};

static int cmd_learn_complain(const char *file, const char *problem)
{
	program_complain("oke-guard learn show: %s: %s\n", file, problem);
	return -1;
}

static int cmd_learn_read_named(const char *file, struct learn *l)
{
	scoped(free_end) char *text = NULL;
	struct err err;
	size_t len;

	if (!(text = learn_file(file, &len, &err)) ||
	    learn_read(l, (struct str){ text, len }, &err) < 0)
		return cmd_learn_complain(file, err.msg);
	return 1;
}

static void cmd_learn_input_end(struct review_input **r)
{
	review_input_free(*r);
}

/* Any number of documents one after the other; how many, or -1. */
static int cmd_learn_read_stream(FILE *f, struct learn *l)
{
	scoped(cmd_learn_input_end) struct review_input *records = review_input_new(f);
	struct review_record record;
	struct err err = { .msg = "out of memory" };
	int n = 0, got = -1;

	while (records && (got = review_input_next(records, &record, &err)) > 0) {
		if (record.too_long || record.body.n > LEARN_FILE_MAX)
			return cmd_learn_complain("standard input",
						  "a document is larger than 4 MiB");
		if (learn_read(l, record.body, &err) < 0)
			return cmd_learn_complain("standard input", err.msg);
		n++;
	}
	if (got < 0)
		return cmd_learn_complain("standard input", err.msg);
	return n ? n : cmd_learn_complain("standard input", "is empty");
}

static int cmd_learn_print(struct learn *l, size_t documents, bool json)
{
	scoped(free_end) char *line = NULL;
	scoped(arena_end) struct arena arena;
	struct text out;
	struct str s;

	arena_init(&arena, 4 * (size_t)OUTPUT_MAX);
	text_init(&out, &arena, OUTPUT_MAX);
	if (!json)
		learn_show_text(l, documents, &out);
	else
		line = learn_show_json(l);
	if (out.full || (json && !line)) {
		program_complain("oke-guard learn show: out of memory\n");
		return EXIT_INPUT;
	}
	s = json ? str_of(line) : text_get(&out);
	if (fwrite(s.s, 1, s.n, stdout) != s.n || (json && putchar('\n') == EOF) ||
	    fflush(stdout)) {
		program_complain("oke-guard learn show: stdout: %s\n", strerror(errno));
		return EXIT_INPUT;
	}
	return EXIT_CLEAN;
}

static int cmd_learn_show(char **files, int n, bool json)
{
	struct learn l;
	size_t documents = 0;
	int status = EXIT_CLEAN;

	learn_init(&l, LEARN_MERGED);
	for (int i = 0; i < n && status == EXIT_CLEAN; i++) {
		int got = strcmp(files[i], "-") ? cmd_learn_read_named(files[i], &l)
						: cmd_learn_read_stream(stdin, &l);

		if (got < 0)
			status = EXIT_INPUT;
		else
			documents += (size_t)got;
	}
	if (status == EXIT_CLEAN)
		status = cmd_learn_print(&l, documents, json);
	learn_done(&l);
	return status;
}

static int cmd_learn_run_show(int argc, char **argv)
{
	const char *output = "text";
	const struct option_def defs[] = {
		OPTION_ROW_OUTPUT(&output, "how to print (text: YAML, the table in comments)"),
	};
	int rest, status = options_parse(&help, defs, 1, argc, argv, &rest);

	if (status >= 0)
		return status;
	if (rest == argc) {
		program_complain("oke-guard learn show: name a file, or - for standard input\n");
		return EXIT_INPUT;
	}
	return cmd_learn_show(argv + rest, argc - rest, !strcmp(output, "json"));
}

static const struct command rows[] = {
	{ "show", "the identities of a file of learned ones, with what each changed",
	  cmd_learn_run_show, NULL },
};

const struct commands learn_commands = {
	.program = "oke-guard learn",
	.about = "Who touches what: the identities to exempt.",
	.example = ": show",
	.v = rows,
	.n = sizeof rows / sizeof *rows,
};
