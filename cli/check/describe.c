/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/describe.h"

#include <string.h>

#include "oke/policy_print.h"

#define RULE_TEXT_MAX (64u << 10)

static const struct check_change {
	const char *name, *title, *text;
} check_changes[] = {
	{ "removed", "Removed by an upgrade of Kubernetes",
	  "The later version has no such API version, field or gate. The API server refuses or drops it,\n"
	  "and a component that is given the name of a gate that is gone does not start." },
	{ "deprecated", "Deprecated by an upgrade of Kubernetes",
	  "The later version announces that the API version or the feature goes." },
	{ "alpha", "Alpha in the later version",
	  "The later version knows it as an alpha feature, which Oracle does not support; the earlier one does\n"
	  "not know it." },
	{ "alpha-free", "Beta in the later version",
	  "It is an alpha feature today, which Oracle does not support; the later version has it as beta." },
	{ "allowed", "Generally available in the later version",
	  "It is an alpha feature today, which Oracle does not support; the later version has it for good." },
};

static void check_describe_change(const char *change, struct report_rule *out)
{
	for (size_t i = 0; i < sizeof check_changes / sizeof *check_changes; i++)
		if (!strcmp(check_changes[i].name, change))
			*out = (struct report_rule){ str_of(check_changes[i].title),
						     str_of(check_changes[i].text) };
}

void check_describe(void *ctx, const struct report_finding *f, struct arena *arena,
		    struct report_rule *out)
{
	const struct policy_set *set = ctx;
	const char *end;
	struct text t;

	if (f->change) {
		check_describe_change(f->change, out);
		return;
	}
	text_init(&t, arena, RULE_TEXT_MAX);
	if (!policy_print_rule(set, f->policy, f->rule, PRINT_TEXT, &t) || t.full)
		return;
	out->text = text_get(&t);
	end = memchr(out->text.s, '\n', out->text.n);
	out->title = (struct str){ out->text.s, end ? (size_t)(end - out->text.s) : out->text.n };
}
