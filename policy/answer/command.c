/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/answer/command.h"

/* A shell must read no more than a name. */
static bool command_is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		if (!(c == '.' || c == '-' || c == '_' || (c >= '0' && c <= '9') ||
		      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return false;
	}
	return s.n && s.s[0] != '-';
}

static void command_cluster(const struct context *o, struct text *out)
{
	struct str ocid = o->config->cluster_ocid;

	text_str(out, command_is_word(ocid) ? ocid : STR("$CLUSTER"));
}

static void command_namespace(const struct context *o, struct text *out)
{
	text_str(out, command_is_word(o->namespace) ? o->namespace : STR("$NAMESPACE"));
}

/* "deployment/coredns" */
static void command_workload(const struct context *o, struct text *out)
{
	if (!command_is_word(o->name) || !command_is_word(o->kind)) {
		text_puts(out, "$WORKLOAD");
		return;
	}
	for (size_t i = 0; i < o->kind.n; i++) {
		char c = o->kind.s[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		text_add(out, &c, 1);
	}
	text_puts(out, "/");
	text_str(out, o->name);
}

static const struct {
	const char *name;
	void (*put)(const struct context *o, struct text *out);
} variables[] = {
	{ "$CLUSTER", command_cluster },
	{ "$NAMESPACE", command_namespace },
	{ "$WORKLOAD", command_workload },
};

/* The variable at the beginning of the text, if one is there: its length, put into out. */
static size_t command_variable(const struct context *o, struct str at, struct text *out)
{
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		if (str_starts(at, str_of(variables[i].name))) {
			variables[i].put(o, out);
			return strlen(variables[i].name);
		}
	return 0;
}

/* Only these have a rollout. */
static bool command_rolls_out(struct str kind)
{
	return str_is(kind, "Deployment") || str_is(kind, "DaemonSet") ||
	       str_is(kind, "StatefulSet");
}

static void command_put_line(const struct context *o, struct str command, struct text *out)
{
	while (command.n) {
		size_t taken = command.s[0] == '$' ? command_variable(o, command, out) : 0;

		if (!taken)
			text_add(out, command.s, taken = 1);
		command = str_from(command, taken);
	}
}

void command_put(const struct context *o, struct str command, struct text *out)
{
	static const char workload[] = "$WORKLOAD";

	while (command.n) {
		const char *end = memchr(command.s, '\n', command.n);
		struct str line = { command.s, end ? (size_t)(end - command.s) : command.n };

		command = str_from(command, line.n + (end != NULL));
		if (memmem(line.s, line.n, workload, sizeof workload - 1) &&
		    !command_rolls_out(o->kind))
			continue;
		text_puts(out, out->n ? "\n" : "");
		command_put_line(o, line, out);
	}
}

static void command_addon(const struct context *o, const char *verb, struct str addon,
			  struct text *out)
{
	text_printf(out, "oci ce cluster %s --addon-name %.*s --cluster-id ", verb, STR_ARG(addon));
	command_cluster(o, out);
}

void command_arguments(const struct context *o, struct str addon, struct text *out)
{
	command_addon(o, "get-addon", addon, out);
	text_printf(out, " --query data.configurations > %.*s.json\n", STR_ARG(addon));
	command_addon(o, "update-addon", addon, out);
	text_printf(out, " --configurations file://%.*s.json", STR_ARG(addon));
}

void command_version(const struct context *o, struct str addon, struct text *out)
{
	text_printf(out,
		    "oci ce addon-option list --kubernetes-version $KUBERNETES --addon-name %.*s\n",
		    STR_ARG(addon));
	command_addon(o, "update-addon", addon, out);
	text_puts(out, " --version-parameterconflict $VERSION");
}

bool command_is_addon(struct str command)
{
	return command.n && memmem(command.s, command.n, "-addon ", 7);
}
