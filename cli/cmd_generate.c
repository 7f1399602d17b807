/* SPDX-License-Identifier: Apache-2.0
 * cmd_generate.c - `oke-guard generate`: what the cluster needs so that the policies fire.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "oke/webhooks.h"
#include "cli/cmd.h"
#include "lib/base/nearest.h"
#include "lib/base/options.h"

#define GENERATE_ARENA_MAX (64u << 20)
#define CA_BUNDLE_MAX      (1u << 20) /* bytes of a file of certificates */

struct cmd_generate_options {
	struct option_list policies;
	const char *config, *name, *service, *ca_bundle, *output;
	bool list;
	long port;
};

static const struct command_help webhook_help = {
	.usage = "oke-guard generate webhook-configuration [OPTION]...",
	.summary =
		"Print the ValidatingWebhookConfiguration that the loaded "
		"policies need: the groups,\n"
		"resources, subresources and operations they concern, and nothing "
		"else. In the cluster\n"
		"the agent keeps the same one current; docs/webhook-configuration.md explains it.",
	.examples =
		"  oke-guard generate webhook-configuration\n"
		"  oke-guard generate webhook-configuration --policy policies/ "
		"--config guard.yaml \\\n"
		"    --service guard/oke-guard --ca-bundle ca.crt | kubectl apply -f -\n"
		"  oke-guard generate webhook-configuration -o json | jq -r '.webhooks[].name'\n",
};

static void cmd_generate_tell(void *ctx, bool error, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s%s\n", error ? "" : "warning: ", text);
}

static void cmd_generate_set_end(struct policy_set **set)
{
	policy_set_unref(*set);
}

/* "NAMESPACE/NAME" into the target. */
static int cmd_generate_read_service(const char *text, struct webhook_target *target)
{
	const char *slash = strchr(text, '/');

	if (!slash || slash == text || !slash[1] || strchr(slash + 1, '/')) {
		program_complain(
			"oke-guard generate: --service: '%.80s' is no NAMESPACE/NAME, as in "
			"oke-guard/oke-guard\n",
			text);
		return -1;
	}
	target->namespace = (struct str){ text, (size_t)(slash - text) };
	target->service = str_of(slash + 1);
	return 0;
}

static int cmd_generate_read_bundle(const char *path, struct arena *arena,
				    struct webhook_target *target)
{
	scoped(file_end) FILE *f = fopen(path, "rb");
	char *bytes = arena_alloc(arena, CA_BUNDLE_MAX + 1);
	size_t n;

	if (!f || !bytes) {
		program_complain("oke-guard generate: --ca-bundle: %s cannot be read\n", path);
		return -1;
	}
	n = fread(bytes, 1, CA_BUNDLE_MAX + 1, f);
	target->ca_bundle = (struct str){ bytes, n };
	if (n && n <= CA_BUNDLE_MAX && memmem(bytes, n, "-----BEGIN CERTIFICATE-----", 27))
		return 0;
	program_complain("oke-guard generate: --ca-bundle: %s holds no certificate in PEM, "
			 "or more than %u MiB\n",
			 path, CA_BUNDLE_MAX >> 20);
	return -1;
}

static int cmd_generate_write_out(const struct cmd_generate_options *a,
				  const struct webhooks *webhooks,
				  const struct webhook_target *target, struct arena *arena)
{
	bool json = !strcmp(a->output, "json");
	struct text out;

	text_init(&out, arena, WEBHOOKS_TEXT_MAX);
	if (a->list)
		webhooks_print_list(webhooks, target, json ? WEBHOOKS_JSON : WEBHOOKS_YAML, &out);
	else
		webhooks_print(webhooks, target, json ? WEBHOOKS_JSON : WEBHOOKS_YAML, &out);
	if (out.full) {
		program_complain("oke-guard generate: the output is larger than %u MiB\n",
				 WEBHOOKS_TEXT_MAX >> 20);
		return EXIT_INPUT;
	}
	if (fwrite(out.s, 1, out.n, stdout) != out.n || fflush(stdout)) {
		program_complain("oke-guard generate: stdout: %s\n", strerror(errno));
		return EXIT_INPUT;
	}
	return EXIT_CLEAN;
}

static int cmd_generate_print_webhooks(const struct cmd_generate_options *a)
{
	const struct policy_source src = { .paths = a->policies.v,
					   .paths_n = a->policies.n,
					   .config = a->config };
	struct policy_report report = { .message = cmd_generate_tell };
	struct webhook_target target = { .configuration = str_of(a->name),
					 .port = (unsigned)a->port };
	scoped(arena_end) struct arena arena = { .limit = GENERATE_ARENA_MAX };
	scoped(cmd_generate_set_end) struct policy_set *set = NULL;
	struct webhooks webhooks;
	struct err err;

	if (cmd_generate_read_service(a->service, &target) < 0 ||
	    (a->ca_bundle && cmd_generate_read_bundle(a->ca_bundle, &arena, &target) < 0))
		return EXIT_INPUT;
	if (!(set = policy_set_new(&src, &report)))
		return EXIT_INPUT;
	if (webhooks_of(set, &arena, &webhooks, &err) < 0) {
		program_complain("oke-guard generate: %s\n", err.msg);
		return EXIT_INPUT;
	}
	return cmd_generate_write_out(a, &webhooks, &target, &arena);
}

static int cmd_generate_run_webhooks(int argc, char **argv)
{
	struct cmd_generate_options a = { .name = "oke-guard",
					  .service = "oke-guard/oke-guard",
					  .output = "yaml",
					  .port = WEBHOOKS_PORT };
	const struct option_def defs[] = {
		OPTION_ROW_POLICY(&a.policies),
		OPTION_ROW_CONFIG(&a.config),
		{ .name = "name",
		  .type = OPTION_STRING,
		  .value = &a.name,
		  .arg = "NAME",
		  .help = "of the configuration (oke-guard)" },
		{ .name = "service",
		  .type = OPTION_STRING,
		  .value = &a.service,
		  .arg = "NAMESPACE/NAME",
		  .help = "the Service of the guard (oke-guard/oke-guard)" },
		{ .name = "port",
		  .type = OPTION_NUMBER,
		  .value = &a.port,
		  .arg = "N",
		  .min = 1,
		  .max = 65535,
		  .help = "the Service's port (443)" },
		{ .name = "ca-bundle",
		  .type = OPTION_STRING,
		  .value = &a.ca_bundle,
		  .arg = "FILE",
		  .help = "PEM file with the CA of the serving certificate (none: cert-manager's "
			  "injector or the agent fills it in)" },
		{ .name = "list",
		  .type = OPTION_FLAG,
		  .value = &a.list,
		  .help = "the `webhooks` alone, as the chart's files/webhooks.yaml holds them" },
		{ .name = "output",
		  .letter = 'o',
		  .type = OPTION_CHOICE,
		  .value = &a.output,
		  .choices = "yaml|json",
		  .help = "how to print (yaml)" },
	};
	int rest, status = options_parse(&webhook_help, defs, sizeof defs / sizeof *defs, argc,
					 argv, &rest);

	if (status >= 0)
		return status;
	if (rest != argc) {
		program_complain(
			"oke-guard generate webhook-configuration: '%.60s' is one word too many; "
			"folders of policies are given by --policy\n",
			argv[rest]);
		return EXIT_INPUT;
	}
	return cmd_generate_print_webhooks(&a);
}

static const struct command rows[] = {
	{ "webhook-configuration", "the ValidatingWebhookConfiguration of the loaded policies",
	  cmd_generate_run_webhooks, NULL },
};

const struct commands generate_commands = {
	.program = "oke-guard generate",
	.about = "What the cluster needs so that the policies fire.",
	.example = ": webhook-configuration",
	.v = rows,
	.n = sizeof rows / sizeof *rows,
};
