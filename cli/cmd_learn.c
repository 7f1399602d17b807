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
#include "lib/base/printable.h"
#include "lib/json/json.h"
#include "cli/review_input.h"

#define OUTPUT_MAX     (16u << 20)
#define DOCUMENT_ARENA (4 * (size_t)LEARN_FILE_MAX) /* for the nodes of a document */
#define SHOWN_MAX      320                          /* bytes of a text of the agent's */

static const struct command_help help = {
	.usage = "oke-guard learn show [-o text|json] FILE...|-",
	.summary =
		"Who did what to which guarded object: the table, and a GuardConfig that exempts\n"
		"the identities that look safe to exempt. FILE is what the agent's page /learned "
		"shows, all\nservers' merged; or one server's: a file of --learn-state, or what /statusz "
		"shows; several\nare merged. Only you can tell which of them are part of OKE: copy those, and no "
		"others.",
	.examples =
		"Examples:\n"
		"  kubectl get --raw "
		"/api/v1/namespaces/oke-guard/services/http:oke-guard-agent:9443/proxy/learned \\\n"
		"      | oke-guard learn show - > learned.yaml\n"
		"  oke-guard policy lint learned.yaml\n"
		"  curl -s http://127.0.0.1:9443/statusz | oke-guard learn show -\n\n"
		"A server that the agent could not ask is told on standard error.\n"
		"Ends with 0; with 2 when a file cannot be used.",
};

static int cmd_learn_complain(const char *file, const char *problem)
{
	program_complain("oke-guard learn show: %s: %s\n", file, problem);
	return -1;
}

/* A text of the agent's, fit for a terminal; what it is instead when it is none. */
static const char *cmd_learn_shown(const struct json *j, const char *none, struct arena *arena)
{
	struct str s = printable_cut(json_str(j), SHOWN_MAX, arena);
	struct text t;

	text_init(&t, arena, SHOWN_MAX + 1);
	text_str(&t, s);
	text_add(&t, "", 1);
	return s.n && !t.full ? text_get(&t).s : none;
}

/* The servers of a document of the agent's: counted, and those told that it has not heard. */
static void cmd_learn_count_servers(const struct json *list, struct arena *arena,
				    struct learn_sources *from)
{
	for (const struct json *s = list ? list->child : NULL; s; s = s->next) {
		const struct json *error = json_get(s, STR("error"));

		from->servers++;
		if (!error) {
			from->heard++;
			continue;
		}
		program_complain(
			"oke-guard learn show: server %s (%s): %s; what it has learned is missing\n",
			cmd_learn_shown(json_get(s, STR("pod")), "?", arena),
			cmd_learn_shown(json_get(s, STR("address")), "?", arena),
			cmd_learn_shown(error, "?", arena));
	}
}

/* One document. The agent's may say that it could ask nobody. */
static int cmd_learn_read_document(struct str text, struct learn *l, struct learn_sources *from,
				   struct err *err)
{
	scoped(arena_end) struct arena arena;
	const struct json *root, *error;

	arena_init(&arena, DOCUMENT_ARENA);
	root = json_parse(text, NULL, &arena, err);
	error = root && !json_get(root, STR("learned")) ? json_get(root, STR("error")) : NULL;
	if (error)
		return err_set(err, ERR_IO, "the agent could not ask the servers: %s",
			       cmd_learn_shown(error, "?", &arena));
	if (!root || learn_read_parsed(l, root, err) < 0)
		return -1;
	from->documents++;
	cmd_learn_count_servers(json_get(root, STR("servers")), &arena, from);
	return 0;
}

static int cmd_learn_read_named(const char *file, struct learn *l, struct learn_sources *from)
{
	scoped(free_end) char *text = NULL;
	struct err err;
	size_t len;

	if (!(text = learn_file(file, &len, &err)) ||
	    cmd_learn_read_document((struct str){ text, len }, l, from, &err) < 0)
		return cmd_learn_complain(file, err.msg);
	return 0;
}

static void cmd_learn_input_end(struct review_input **r)
{
	review_input_free(*r);
}

/* Any number of documents one after the other. */
static int cmd_learn_read_stream(FILE *f, struct learn *l, struct learn_sources *from)
{
	scoped(cmd_learn_input_end) struct review_input *records = review_input_new(f);
	struct review_record record;
	struct err err = { .msg = "out of memory" };
	int n = 0, got = -1;

	while (records && (got = review_input_next(records, &record, &err)) > 0) {
		if (record.too_long || record.body.n > LEARN_FILE_MAX)
			return cmd_learn_complain("standard input",
						  "a document is larger than 4 MiB");
		if (cmd_learn_read_document(record.body, l, from, &err) < 0)
			return cmd_learn_complain("standard input", err.msg);
		n++;
	}
	if (got < 0)
		return cmd_learn_complain("standard input", err.msg);
	return n ? 0 : cmd_learn_complain("standard input", "is empty");
}

static int cmd_learn_print(struct learn *l, const struct learn_sources *from, bool json)
{
	scoped(free_end) char *line = NULL;
	scoped(arena_end) struct arena arena;
	struct text out;
	struct str s;

	arena_init(&arena, 4 * (size_t)OUTPUT_MAX);
	text_init(&out, &arena, OUTPUT_MAX);
	if (!json)
		learn_show_text(l, from, &out);
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
	struct learn_sources from = { .documents = 0 };
	struct learn l;
	int status = EXIT_CLEAN;

	learn_init(&l, LEARN_MERGED);
	for (int i = 0; i < n && status == EXIT_CLEAN; i++) {
		int got = strcmp(files[i], "-") ? cmd_learn_read_named(files[i], &l, &from)
						: cmd_learn_read_stream(stdin, &l, &from);

		status = got < 0 ? EXIT_INPUT : EXIT_CLEAN;
	}
	if (status == EXIT_CLEAN)
		status = cmd_learn_print(&l, &from, json);
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
