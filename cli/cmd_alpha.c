/* SPDX-License-Identifier: Apache-2.0
 * cmd_alpha.c - `oke-guard alpha`: what is known about alpha features, by version.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "oke/alpha.h"
#include "lib/base/cleanup.h"
#include "cli/cmd.h"
#include "lib/base/nearest.h"
#include "lib/base/options.h"

#define OUTPUT_MAX (16u << 20) /* of one command */

struct cmd_alpha_options {
	const char *kubernetes, *kind, *stage, *output;
};

#define VERSION_OPTION(a)                                                                          \
	{                                                                                          \
		.name = "kubernetes", .type = OPTION_STRING, .value = &(a).kubernetes,             \
		.arg = "VERSION",                                                                  \
		.help = "the cluster's version, as in 1.36 (the newest release known)"             \
	}
#define OPTIONS_N(defs) (sizeof(defs) / sizeof *(defs))

/* The minor that was asked for; -1 after a message. */
static int cmd_alpha_query_init(const struct cmd_alpha_options *a, struct alpha_query *q)
{
	*q = (struct alpha_query){ .minor = alpha_released(),
				   .stage = str_of(a->stage),
				   .kind = str_of(a->kind),
				   .json = !strcmp(a->output, "json") };
	if (!a->kubernetes)
		return 0;
	q->minor = alpha_version(str_of(a->kubernetes));
	if (!q->minor) {
		program_complain(
			"oke-guard alpha: --kubernetes: '%.60s' is no version; write 1.36\n",
			a->kubernetes);
		return -1;
	}
	if (q->minor > alpha_newest() || q->minor < alpha_oldest())
		fprintf(stderr, "warning: 1.%u is %s than what is known; shown is 1.%u\n", q->minor,
			q->minor > alpha_newest() ? "newer" : "older",
			q->minor > alpha_newest() ? alpha_newest() : alpha_oldest());
	if (q->minor > alpha_released())
		fprintf(stderr, "warning: 1.%u is known as of %s only\n", alpha_newest(),
			alpha_preliminary());
	return 0;
}

static int cmd_alpha_write_out(const struct text *t)
{
	struct str s = text_get(t);

	if (t->full) {
		program_complain("oke-guard alpha: the output is larger than %u MiB\n",
				 OUTPUT_MAX >> 20);
		return EXIT_INPUT;
	}
	if (fwrite(s.s, 1, s.n, stdout) != s.n || fflush(stdout)) {
		program_complain("oke-guard alpha: stdout: %s\n", strerror(errno));
		return EXIT_INPUT;
	}
	return EXIT_CLEAN;
}

/* ---- list ---- */

static const struct command_help list_help = {
	.usage = "oke-guard alpha list [OPTION]...",
	.summary = "The feature gates of a stage in a Kubernetes version; with "
		   "--kind, the fields and\n"
		   "values of that kind which they guard.",
	.examples = "  oke-guard alpha list --kubernetes 1.36\n"
		    "  oke-guard alpha list --kubernetes 1.36 --kind Pod\n"
		    "  oke-guard alpha list --stage beta -o json | jq -r '.gates[].name'\n",
};

static int cmd_alpha_run_list(int argc, char **argv)
{
	struct cmd_alpha_options a = { .stage = "alpha", .output = "text" };
	const struct option_def defs[] = {
		VERSION_OPTION(a),
		{ .name = "kind",
		  .type = OPTION_STRING,
		  .value = &a.kind,
		  .arg = "KIND",
		  .help = "only what a kind can use, as in Pod (all kinds)" },
		{ .name = "stage",
		  .type = OPTION_CHOICE,
		  .value = &a.stage,
		  .arg = "STAGE",
		  .choices = "alpha|beta|ga|deprecated",
		  .help = "which stage: alpha, beta, ga or deprecated (alpha)" },
		OPTION_ROW_OUTPUT(&a.output, "how to print (text)"),
	};
	int rest, status = options_parse(&list_help, defs, OPTIONS_N(defs), argc, argv, &rest);
	scoped(arena_end) struct arena arena = { .limit = 3 * (size_t)OUTPUT_MAX };
	struct alpha_query q;
	struct str near;
	struct text out;

	if (status >= 0)
		return status;
	if (rest != argc) {
		program_complain("oke-guard alpha list: '%.60s' is one word too many; "
				 "oke-guard alpha explain tells about one gate\n",
				 argv[rest]);
		return EXIT_INPUT;
	}
	if (cmd_alpha_query_init(&a, &q) < 0)
		return EXIT_INPUT;
	if (a.kind && !alpha_kind(q.kind, &near)) {
		program_complain(
			"oke-guard alpha list: --kind: no kind '%.60s' has gated fields%s%.*s%s\n",
			a.kind, near.s ? "; did you mean '" : "", STR_ARG(near),
			near.s ? "'?" : "");
		return EXIT_INPUT;
	}
	text_init(&out, &arena, OUTPUT_MAX);
	alpha_list(&q, &out);
	return cmd_alpha_write_out(&out);
}

/* ---- explain ---- */

static const struct command_help explain_help = {
	.usage = "oke-guard alpha explain [OPTION]... GATE|FIELD",
	.summary = "All that is known of a feature gate: its stages by version, "
		   "the fields and values\n"
		   "that it guards, alpha APIs, components, documentation. A field "
		   "stands for its gates.",
	.examples = "  oke-guard alpha explain ContainerStopSignals\n"
		    "  oke-guard alpha explain --kubernetes 1.34 restartPolicyRules\n"
		    "  oke-guard alpha explain spec.hostUsers -o json\n",
};

static int cmd_alpha_unknown_name(const char *word)
{
	struct str near = alpha_nearest(str_of(word));

	if (near.s)
		program_complain(
			"oke-guard alpha explain: no gate or gated field is called '%.100s'; did "
			"you mean '%.*s'?\n",
			word, STR_ARG(near));
	else
		program_complain(
			"oke-guard alpha explain: no gate or gated field is called '%.100s'; "
			"oke-guard alpha list shows them\n",
			word);
	return EXIT_INPUT;
}

static int cmd_alpha_run_explain(int argc, char **argv)
{
	struct cmd_alpha_options a = { .stage = "alpha", .output = "text" };
	const struct option_def defs[] = { VERSION_OPTION(a),
					   OPTION_ROW_OUTPUT(&a.output, "how to print (text)") };
	int rest, status = options_parse(&explain_help, defs, OPTIONS_N(defs), argc, argv, &rest);
	scoped(arena_end) struct arena arena = { .limit = 3 * (size_t)OUTPUT_MAX };
	struct alpha_query q;
	struct text out;

	if (status >= 0)
		return status;
	if (argc - rest != 1) {
		program_complain("oke-guard alpha explain: name one gate or field, for example "
				 "ContainerStopSignals\n");
		return EXIT_INPUT;
	}
	if (cmd_alpha_query_init(&a, &q) < 0)
		return EXIT_INPUT;
	text_init(&out, &arena, OUTPUT_MAX);
	if (!alpha_explain(&q, str_of(argv[rest]), &out))
		return cmd_alpha_unknown_name(argv[rest]);
	return cmd_alpha_write_out(&out);
}

/* ---- which ---- */

static const struct command rows[] = {
	{ "list", "the gates of a version, and the fields of a kind", cmd_alpha_run_list, NULL },
	{ "explain", "all about one gate or field", cmd_alpha_run_explain, NULL },
};

const struct commands alpha_commands = {
	.program = "oke-guard alpha",
	.about = "What is known about Kubernetes' alpha features, by version; Oracle does not "
		 "support them.",
	.example = ": list or explain",
	.v = rows,
	.n = sizeof rows / sizeof *rows,
};
