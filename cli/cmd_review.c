/* SPDX-License-Identifier: Apache-2.0
 * cmd_review.c - `oke-guard review`: what would the server answer?
 *
 * The same function as the server's judges the same bytes; `-o json` prints the
 * same answers. Reviews are read one after the other, so a recording may be of
 * any length.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/json/json.h"
#include "lib/base/printable.h"
#include "cli/cmd.h"
#include "webhook/admit.h"
#include "webhook/handler.h"
#include "lib/base/options.h"
#include "lib/serve/error_body.h"
#include "cli/review_input.h"

#define SHOWN_MAX 80
#define ID_MAX    200

struct cmd_review_options {
	const char *output, *config, *fail_on;
	struct option_list policies;
	bool trace;
};

struct cmd_review_run {
	const struct policy_set *set;
	const struct cmd_review_options *asked;
	bool json;
	int64_t now;
	enum action fail_on;
	size_t reviews, unreadable, actions[4]; /* by enum action */
	bool files_failed, findings;
};

static int cmd_review_complain(const char *what)
{
	program_complain("oke-guard review: %s\n", what);
	return EXIT_INPUT;
}

/* ---- text ---- */

/* Each line of the message, indented. */
static void cmd_review_print_indented(struct str text)
{
	while (text.n) {
		const char *newline = memchr(text.s, '\n', text.n);
		size_t n = newline ? (size_t)(newline - text.s) : text.n;

		printf("    %.*s\n", (int)n, text.s);
		text = str_from(text, newline ? n + 1 : n);
	}
}

static void cmd_review_print_shown(const char *before, struct str raw, size_t max,
				   struct arena *arena)
{
	struct str s = printable_cut(raw, max, arena);

	printf("%s%.*s", before, STR_ARG(s));
}

static void cmd_review_print_object(const struct request *r, struct arena *arena)
{
	/* The review of a namespace names it twice. */
	bool in_namespace = r->namespace.n && !str_is(r->resource.resource, "namespaces");

	cmd_review_print_shown(" ", r->resource.resource, SHOWN_MAX, arena);
	if (r->subresource.n)
		cmd_review_print_shown("/", r->subresource, SHOWN_MAX, arena);
	if (in_namespace)
		cmd_review_print_shown(" ", r->namespace, SHOWN_MAX, arena);
	cmd_review_print_shown(in_namespace ? "/" : " ", r->name, SHOWN_MAX, arena);
}

static void cmd_review_print_audited(const struct verdict *v, struct arena *arena)
{
	struct annotation all[ANNOTATIONS_MAX];
	size_t n = verdict_annotations(v, arena, all);

	for (size_t i = 0; i < n; i++)
		printf("    audit %s: %.*s\n", all[i].key, STR_ARG(all[i].value));
}

static void cmd_review_print_decided(const struct answer *a, struct arena *arena)
{
	const struct request *r = &a->review.request;
	const struct verdict *v = &a->verdict;
	struct str warnings[WARNINGS_MAX];
	size_t n = verdict_warnings(v, arena, warnings);

	printf("%s  %s", action_name(v->action), operation_name(r->operation));
	cmd_review_print_object(r, arena);
	cmd_review_print_shown("  by ", r->user.name.n ? r->user.name : STR("nobody"), SHOWN_MAX,
			       arena);
	printf(" (%s)%s\n", identity_class_name(v->identity), r->dry_run ? ", dry run" : "");
	if (v->action == ACTION_DENY)
		cmd_review_print_indented(verdict_message(v, arena));
	for (size_t i = 0; i < n; i++)
		printf("    Warning: %.*s\n", STR_ARG(warnings[i]));
	if (v->action == ACTION_AUDIT || v->error.n)
		cmd_review_print_audited(v, arena);
}

/* The answer to what is no review, without its JSON. */
static void cmd_review_print_undecided(const struct answer *a, struct arena *arena)
{
	struct str body = { a->body, a->body ? a->len : 0 };
	struct err ignored;
	struct json *error = json_parse(json_skim(body, STR("error")), NULL, arena, &ignored);

	printf("no review: %.*s\n", STR_ARG(json_str(error)));
}

static void cmd_review_print_name(const char *file, const struct review_record *record,
				  struct arena *arena)
{
	struct err ignored;
	struct str id =
		json_str(record->id.n ? json_parse(record->id, NULL, arena, &ignored) : NULL);

	if (id.n)
		cmd_review_print_shown("", id, ID_MAX, arena);
	else
		printf("%s:%zu", file, record->line);
	printf(":");
}

/* ---- judging ---- */

static void cmd_review_trace_line(void *ctx, const char *text)
{
	struct cmd_review_run *run = ctx;

	fprintf(run->json ? stderr : stdout, "    %s\n", text);
}

static void cmd_review_count(struct cmd_review_run *run, const struct answer *a)
{
	run->reviews++;
	if (!a->decided) {
		run->unreadable++;
		return;
	}
	run->actions[a->verdict.action]++;
	run->findings = run->findings || a->verdict.action >= run->fail_on;
}

/* What the server says to a body that it does not read to its end, or not at all. */
static void cmd_review_answer_too_long(const struct cmd_review_run *run,
				       const struct review_record *record, struct arena *arena,
				       struct trace *trace, struct answer *out)
{
	struct unread unread = { .why = UNREAD_LARGE, .bytes = record->bytes, .limit = BODY_MAX };
	const char *what = admit_too_large;

	*out = (struct answer){ .status = 413 };

	if (record->bytes <= BODY_SENT_MAX) {
		handler_answer_unread(run->set, POLICIES_ALL, record->body, &unread, run->now,
				      arena, trace, out);
		if (out->decided)
			return;
		what = admit_no_review.message;
	}
	answer_done(out);
	out->status = 413;
	out->body = error_body(413, what, &out->len);
}

static void cmd_review_judge(struct cmd_review_run *run, const char *file,
			     const struct review_record *record)
{
	struct trace listener = { cmd_review_trace_line, run },
		     *trace = run->asked->trace ? &listener : NULL;
	struct answer a;
	scoped(arena_end) struct arena arena, words;

	arena_init(&arena, HANDLER_ARENA_MAX);
	arena_init(&words, 1u << 20);
	if (run->asked->trace) {
		if (!run->json) {
			cmd_review_print_name(file, record, &words);
			printf("\n");
		} else {
			fprintf(stderr, "%s:%zu:\n", file, record->line);
		}
	}
	if (record->too_long)
		cmd_review_answer_too_long(run, record, &arena, trace, &a);
	else
		handler_answer(run->set, POLICIES_ALL, record->body, run->now, &arena, trace, &a);
	cmd_review_count(run, &a);
	if (run->json) {
		fwrite(a.body ? a.body : "\n", 1, a.body ? a.len : 1, stdout);
	} else {
		cmd_review_print_name(file, record, &words);
		printf(" ");
		if (a.decided)
			cmd_review_print_decided(&a, &words);
		else
			cmd_review_print_undecided(&a, &words);
	}
	answer_done(&a);
}

static void cmd_review_stream(struct cmd_review_run *run, const char *name, FILE *f)
{
	struct review_input *records = review_input_new(f);
	struct review_record record;
	struct err err = { .kind = ERR_NONE };
	int got = records ? 0 : err_nomem(&err);

	while (records && (got = review_input_next(records, &record, &err)) > 0)
		cmd_review_judge(run, name, &record);
	review_input_free(records);
	if (got < 0) {
		program_complain("oke-guard review: %s: %s\n", name, err.msg);
		run->files_failed = true;
	}
}

static void cmd_review_file(struct cmd_review_run *run, const char *name)
{
	scoped(file_end) FILE *f = NULL;

	if (!strcmp(name, "-")) {
		cmd_review_stream(run, "stdin", stdin);
	} else if ((f = fopen(name, "re"))) {
		cmd_review_stream(run, name, f);
	} else {
		program_complain("oke-guard review: %s: %s\n", name, strerror(errno));
		run->files_failed = true;
	}
}

/* ---- the command ---- */

static void cmd_review_policy_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	program_complain("oke-guard review: %s%s\n", error ? "" : "warning: ", text);
}

static struct policy_set *cmd_review_load(const struct cmd_review_options *asked)
{
	struct policy_source source = { .paths = asked->policies.v,
					.paths_n = asked->policies.n,
					.config = asked->config };
	struct policy_report report = { .message = cmd_review_policy_message };

	return policy_set_new(&source, &report);
}

static void cmd_review_print_summary(const struct cmd_review_run *run)
{
	printf("%zu review%s: %zu denied, %zu warned, %zu audited, %zu allowed, %zu unreadable\n",
	       run->reviews, run->reviews == 1 ? "" : "s", run->actions[ACTION_DENY],
	       run->actions[ACTION_WARN], run->actions[ACTION_AUDIT], run->actions[ACTION_ALLOW],
	       run->unreadable);
}

static int cmd_review_files(struct cmd_review_run *run, int files, char **names)
{
	for (int i = 0; i < files; i++)
		cmd_review_file(run, names[i]);
	if (!run->json)
		cmd_review_print_summary(run);
	if (fflush(stdout) || ferror(stdout))
		return cmd_review_complain("the output cannot be written");
	if (run->unreadable || run->files_failed)
		return EXIT_INPUT;
	return run->findings ? EXIT_FINDINGS : EXIT_CLEAN;
}

static const struct command_help help = {
	.usage = "oke-guard review [-o text|json] [--policy DIR]... [--config FILE] [--trace]\n"
		 "                        [--fail-on warn|deny] FILE...|-",
	.summary = "Judge AdmissionReviews: what would the server answer? A file holds one review, "
		   "or one a line,\nor recorded ones ({\"id\": ..., \"review\": {...}}); - is the "
		   "standard input.",
	.examples = "  oke-guard review request.json\n"
		    "  oke-guard review -o json recorded.jsonl | jq -c .response.allowed\n"
		    "  oke-guard review --trace --policy policies/ request.json\n"
		    "\n"
		    "Exit status: 0 nothing to object to; 1 a review was denied (or warned, with\n"
		    "--fail-on warn); 2 a review or a file could not be read, or a wrong option.",
};

int cmd_review(int argc, char **argv)
{
	struct cmd_review_options a = { .output = "text", .fail_on = "deny" };
	struct cmd_review_run run = { .asked = &a, .now = time(NULL) };
	const struct option_def defs[] = {
		OPTION_ROW_OUTPUT(&a.output,
				  "json: the bodies that the server would send, one a line (text)"),
		OPTION_ROW_POLICY(&a.policies),
		OPTION_ROW_CONFIG(&a.config),
		{ .name = "trace",
		  .type = OPTION_FLAG,
		  .value = &a.trace,
		  .help = "say step by step why, before each answer" },
		OPTION_ROW_FAIL_ON(&a.fail_on),
		{ .name = "now",
		  .type = OPTION_TIME,
		  .value = &run.now,
		  .arg = "TIME",
		  .help = "judge as at this time, such as 2026-11-22T00:00:00Z (the present)" },
	};
	struct policy_set *set;
	int rest,
		status = options_parse(&help, defs, sizeof defs / sizeof *defs, argc, argv, &rest);

	if (status >= 0)
		return status;
	if (rest == argc)
		return cmd_review_complain("name a file with reviews, or - for the standard input");
	run.json = !strcmp(a.output, "json");
	run.fail_on = !strcmp(a.fail_on, "warn") ? ACTION_WARN : ACTION_DENY;
	if (!(set = cmd_review_load(&a)))
		return EXIT_INPUT;
	run.set = set;
	status = cmd_review_files(&run, argc - rest, argv + rest);
	policy_set_unref(set);
	return status;
}
