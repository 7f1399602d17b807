/* SPDX-License-Identifier: Apache-2.0
 * cmd_scan.c - `oke-guard scan`: a cluster as it is, against what Oracle supports.
 *
 * The judgement is posture's; here are where its records come from, and what becomes of the
 * results. This program holds no credentials and speaks to no API server: a live scan runs
 * oke-guard-agent beside it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "cli/report/posture.h"
#include "cli/scan/baseline.h"
#include "cli/scan/input.h"
#include "cli/scan_merge.h"
#include "lib/base/cleanup.h"
#include "lib/base/nearest.h"
#include "cli/cmd.h"
#include "lib/base/options.h"
#include "lib/base/terminal.h"

#define PUBLISHED_MAX                                                                              \
	(64u << 10) /* bytes of the report in a ConfigMap, or in a service request                 \
		     */

struct scan_asked {
	const char *from, *output, *config, *fail_on, *namespace, *baseline, *versions, *publish;
	const char *installer;
	struct option_list policies, checks;
	bool facts, list, strict, fail_on_new, names;
	int64_t now;
	struct scan_agent agent;
};

static int complain(const char *what)
{
	program_complain("oke-guard scan: %s\n", what);
	return EXIT_INPUT;
}

static void policy_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	program_complain("oke-guard scan: %s%s\n", error ? "" : "warning: ", text);
}

static void set_end(struct policy_set **set)
{
	policy_set_unref(*set);
}

/* ---- what there is to check ---- */

static int print_checks(void)
{
	const struct posture_check *c;

	for (size_t i = 0; (c = posture_check_at(i)); i++)
		posture_print_check(stdout, c);
	return fflush(stdout) ? EXIT_INPUT : EXIT_CLEAN;
}

static int unknown_check(const char *word)
{
	const char *names[64], *near;
	size_t n = 0;

	while (posture_check_at(n)) {
		names[n] = posture_check_at(n)->id;
		n++;
	}
	near = nearest_of(word, names, n);
	program_complain("oke-guard scan: --check: there is no check '%.60s'; %s%s%s\n", word,
			 near ? "did you mean '" : "`oke-guard scan --list` shows them",
			 near ? near : "", near ? "'?" : "");
	return EXIT_INPUT;
}

/* ---- the exit status: one rule for all forms ---- */

static bool counts(const struct scan_asked *a, const struct posture_finding *f)
{
	enum tier least = !strcmp(a->fail_on, "unsupported") ? TIER_UNSUPPORTED : TIER_BEST_EFFORT;

	if (!strcmp(a->fail_on, "never") || f->accepted || f->tier < least)
		return false;
	return !a->fail_on_new || f->fresh;
}

static bool any_counts(const struct scan_asked *a, const struct posture_results *r)
{
	for (size_t i = 0; i < r->checks_n; i++) {
		const struct posture_outcome *o = &r->checks[i];

		for (size_t n = 0; n < o->kept; n++)
			if (counts(a, &o->v[n]))
				return true;
	}
	return false;
}

/* What could be outside the boundary and was not seen for lack of a right. */
static bool hides(const struct scan_asked *a, const struct posture_results *r)
{
	for (size_t i = 0; i < r->checks_n; i++) {
		const struct posture_outcome *o = &r->checks[i];
		bool unknown = o->result == POSTURE_UNKNOWN ||
			       (o->result == POSTURE_FINDING && o->reason.n);

		if (unknown && (a->strict || (o->no_right && o->check->tier == TIER_UNSUPPORTED)))
			return true;
	}
	return false;
}

static int exit_status(const struct scan_asked *a, const struct posture_results *r)
{
	if (!strcmp(a->fail_on, "never"))
		return EXIT_CLEAN;
	if (!r->whole || hides(a, r))
		return EXIT_INPUT;
	return any_counts(a, r) ? EXIT_FINDINGS : EXIT_CLEAN;
}

/* ---- reports ---- */

static void print_report(FILE *out, const struct scan_asked *a, const struct posture_view *v)
{
	static const struct {
		const char *name;
		void (*print)(FILE *out, const struct posture_view *v);
	} forms[] = {
		{ "text", posture_print_text },   { "json", posture_print_json },
		{ "junit", posture_print_junit }, { "sr", posture_print_sr },
		{ "html", posture_print_html },
	};

	if (a->facts) {
		posture_print_facts(out, v);
		return;
	}
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(a->output, forms[i].name))
			forms[i].print(out, v);
}

static int publish(const struct scan_asked *a, struct posture_view *v)
{
	const char *slash = strchr(a->publish, '/');
	char *json = NULL, namespace[64];
	struct err err = { .kind = ERR_NONE };
	size_t n = 0;
	FILE *f;
	int status;

	if (!slash || slash == a->publish || (size_t)(slash - a->publish) >= sizeof namespace)
		return complain("--publish: write NAMESPACE/NAME of the ConfigMap");
	snprintf(namespace, sizeof namespace, "%.*s", (int)(slash - a->publish), a->publish);
	if (!(f = open_memstream(&json, &n)))
		return complain("out of memory");
	v->limit = PUBLISHED_MAX;
	posture_print_json(f, v);
	v->limit = 0;
	fclose(f);
	status = scan_publish(namespace, slash + 1, json, n, &err);
	free(json);
	return status < 0 ? complain(err.msg) : EXIT_CLEAN;
}

static int report(const struct scan_asked *a, struct posture_results *r,
		  const struct policy_set *set)
{
	struct posture_view v = { .r = r,
				  .set = set,
				  .unmasked = a->names,
				  .never = !strcmp(a->fail_on, "never"),
				  .fail_on = !strcmp(a->fail_on, "unsupported") ? TIER_UNSUPPORTED
										: TIER_BEST_EFFORT,
				  .colour = terminal_has_colour(stdout) };
	scoped(baseline_end) struct baseline *b = NULL;
	struct err err = { .kind = ERR_NONE };

	if (a->baseline) {
		if (!(b = baseline_read(a->baseline, &err)))
			return complain(err.msg);
		baseline_compare(b, r, &v);
	}
	print_report(stdout, a, &v);
	if (fflush(stdout) || ferror(stdout))
		return complain("the output cannot be written");
	if (a->publish && publish(a, &v) != EXIT_CLEAN)
		return EXIT_INPUT;
	return exit_status(a, r);
}

/* ---- the scan ---- */

static int collect(const struct scan_asked *a, struct posture *p)
{
	struct err err = { .kind = ERR_NONE };

	if ((a->from ? scan_from(p, a->from, &err) : scan_live(p, &a->agent, &err)) == 0)
		return 0;
	program_complain("oke-guard scan: %s\n", err.msg);
	return -1;
}

static struct policy_set *load(const struct scan_asked *a)
{
	const struct policy_source source = { .paths = a->policies.v,
					      .paths_n = a->policies.n,
					      .config = a->config,
					      .versions = a->versions };
	struct policy_report messages = { .message = policy_message };

	return policy_set_new(&source, &messages);
}

static int scan(const struct scan_asked *a)
{
	scoped(set_end) struct policy_set *set = load(a);
	const struct posture_options options = { .set = set,
						 .now = a->now ? a->now : time(NULL),
						 .now_fixed = a->now,
						 .namespace = a->namespace,
						 .checks = a->checks.v,
						 .checks_n = a->checks.n,
						 .installer = a->installer };
	scoped(posture_end) struct posture *p = NULL;
	struct err err = { .kind = ERR_NONE };
	struct posture_results r;

	if (!set)
		return EXIT_INPUT;
	if (!(p = posture_new(&options, &err)))
		return complain(err.msg);
	if (collect(a, p) < 0)
		return EXIT_INPUT;
	if (posture_finish(p, &r, &err) < 0)
		return complain(err.msg);
	return report(a, &r, set);
}

/* ---- the command ---- */

static const struct command_help help = {
	.usage = "oke-guard scan [OPTION]...\n"
		 "       oke-guard scan --from DUMP|LIST.json|FOLDER [OPTION]...\n"
		 "       oke-guard scan merge REPORT.json...",
	.summary = "What in this cluster is outside Oracle's support today, by which tool, and the "
		   "way\n"
		   "back. The exit status is 1 for a finding at or above --fail-on (unsupported),\n"
		   "2 when the scan was cut or a check of that kind lacks a right, else 0.\n"
		   "\n"
		   "Reads and writes nothing but its report; Secrets are never asked for.",
	.examples =
		"  oke-guard scan                                  # kubectl's current context\n"
		"  oke-guard scan --context prod -o html > prod.html\n"
		"  oke-guard scan -o sr > sr.txt                   # paste it into the service "
		"request\n"
		"  oke-guard scan --dump prod/ && oke-guard scan --from prod/\n"
		"  oke-guard scan -o json > today.json; oke-guard scan --baseline last.json\n"
		"  oke-guard scan --facts                          # what to write into the "
		"GuardConfig\n"
		"\n"
		"Without the agent, from lists that somebody else took:\n"
		"  kubectl get deploy,ds,rs,controllerrevisions -n kube-system -o json \\\n"
		"    --show-managed-fields > lists/apps.json\n"
		"  kubectl version -o json > lists/version.json; oke-guard scan --from lists/",
};

/* NOLINTNEXTLINE(readability-function-size): the table of options */
static int read_options(struct scan_asked *a, int argc, char **argv, int *rest)
{
	const struct option_def defs[] = {
		{ .name = "from",
		  .type = OPTION_STRING,
		  .value = &a->from,
		  .arg = "PATH",
		  .help = "judge a dump, or lists of kubectl get -o json|yaml: a file "
			  "or a folder" },
		{ .name = "dump",
		  .type = OPTION_STRING,
		  .value = &a->agent.dump,
		  .arg = "DIR",
		  .help = "keep what the API server said in DIR/inventory.jsonl" },
		{ .name = "output",
		  .letter = 'o',
		  .type = OPTION_CHOICE,
		  .value = &a->output,
		  .choices = "text|json|junit|sr|html",
		  .help = "the form of the report (text)" },
		{ .name = "fail-on",
		  .type = OPTION_CHOICE,
		  .value = &a->fail_on,
		  .choices = "unsupported|best-effort|never",
		  .help = "the lowest tier that makes the exit status 1 (unsupported); never: 0 "
			  "once the report is written" },
		{ .name = "strict",
		  .type = OPTION_FLAG,
		  .value = &a->strict,
		  .help = "exit status 2 for any check whose result is unknown" },
		{ .name = "baseline",
		  .type = OPTION_STRING,
		  .value = &a->baseline,
		  .arg = "FILE",
		  .help = "an earlier report (-o json): say what is new and what is gone" },
		{ .name = "fail-on-new",
		  .type = OPTION_FLAG,
		  .value = &a->fail_on_new,
		  .help = "only findings that are not in the baseline count" },
		{ .name = "check",
		  .type = OPTION_LIST,
		  .value = &a->checks,
		  .arg = "ID",
		  .help = "this check alone; may be given more than once" },
		{ .name = "list",
		  .type = OPTION_FLAG,
		  .value = &a->list,
		  .help = "show all checks: ground, evidence, remedy" },
		{ .name = "facts",
		  .type = OPTION_FLAG,
		  .value = &a->facts,
		  .help = "print the configuration's cluster: part, with the evidence" },
		{ .name = "namespace",
		  .letter = 'n',
		  .type = OPTION_STRING,
		  .value = &a->namespace,
		  .arg = "NS",
		  .help = "features and disruption budgets of this namespace alone (all)" },
		{ .name = "names",
		  .type = OPTION_FLAG,
		  .value = &a->names,
		  .help = "-o sr: show names of nodes, users, registries and workloads" },
		{ .name = "kubeconfig",
		  .type = OPTION_STRING,
		  .value = &a->agent.kubeconfig,
		  .arg = "FILE",
		  .help = "as kubectl's (KUBECONFIG, then ~/.kube/config)" },
		{ .name = "context",
		  .type = OPTION_STRING,
		  .value = &a->agent.context,
		  .arg = "NAME",
		  .help = "of the kubeconfig (its current one)" },
		{ .name = "as",
		  .type = OPTION_STRING,
		  .value = &a->agent.as,
		  .arg = "USER",
		  .help = "ask as that user" },
		{ .name = "as-group",
		  .type = OPTION_LIST,
		  .value = &a->agent.as_groups,
		  .arg = "GROUP",
		  .help = "and group; may be given more than once" },
		{ .name = "request-timeout",
		  .type = OPTION_NUMBER,
		  .value = &a->agent.request_timeout,
		  .arg = "SECONDS",
		  .min = 1,
		  .max = 3600,
		  .help = "of one request (30)" },
		{ .name = "deadline",
		  .type = OPTION_NUMBER,
		  .value = &a->agent.deadline,
		  .arg = "SECONDS",
		  .min = 1,
		  .max = 86400,
		  .help = "of the whole scan (600); what was not read by then is unknown" },
		{ .name = "publish",
		  .type = OPTION_STRING,
		  .value = &a->publish,
		  .arg = "NS/NAME",
		  .help = "also write the report into that ConfigMap, which must be there" },
		{ .name = "installer",
		  .type = OPTION_STRING,
		  .value = &a->installer,
		  .arg = "NAME",
		  .help = "the field manager that installs OKE's components (inferred)" },
		{ .name = "versions",
		  .type = OPTION_STRING,
		  .value = &a->versions,
		  .arg = "FILE",
		  .env = "OKE_GUARD_VERSIONS",
		  .help = "a newer list of OKE's Kubernetes versions (the built-in one)" },
		OPTION_ROW_POLICY(&a->policies),
		OPTION_ROW_CONFIG(&a->config),
		{ .name = "now",
		  .type = OPTION_TIME,
		  .value = &a->now,
		  .arg = "TIME",
		  .help = "judge as at this time (the API server's)" },
	};

	return options_parse(&help, defs, sizeof defs / sizeof *defs, argc, argv, rest);
}

static int check_options(const struct scan_asked *a)
{
	for (size_t i = 0; i < a->checks.n; i++)
		if (!posture_check_named(str_of(a->checks.v[i])))
			return unknown_check(a->checks.v[i]);
	if (a->from && (a->agent.dump || a->agent.kubeconfig || a->agent.context || a->agent.as))
		return complain(
			"--from reads files: --dump, --kubeconfig, --context and --as are of "
			"a live scan");
	if (a->fail_on_new && !a->baseline)
		return complain("--fail-on-new needs --baseline FILE");
	return EXIT_CLEAN;
}

static const struct command rows[] = {
	{ "merge", "the reports of a fleet as one table", scan_merge, NULL },
};

const struct commands scan_commands = {
	.program = "oke-guard scan",
	.about = "Judges a cluster as it is.",
	.example = "",
	.v = rows,
	.n = sizeof rows / sizeof *rows,
};

static int unknown_word(const char *word)
{
	if (!strcasecmp(word, rows[0].name))
		return commands_unknown(&scan_commands, word);
	program_complain("oke-guard scan: '%.60s' is no option; files are read with --from\n",
			 word);
	return EXIT_INPUT;
}

int cmd_scan(int argc, char **argv)
{
	struct scan_asked a = { .output = "text",
				.fail_on = "unsupported",
				.agent = { .request_timeout = 30, .deadline = 600 } };
	int rest, status;

	if ((status = read_options(&a, argc, argv, &rest)) >= 0)
		return status;
	if (rest != argc)
		return unknown_word(argv[rest]);
	if (a.list)
		return print_checks();
	if ((status = check_options(&a)) != EXIT_CLEAN)
		return status;
	a.agent.progress = terminal_is(stderr);
	return scan(&a);
}
