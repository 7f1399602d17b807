/* SPDX-License-Identifier: Apache-2.0
 * said.h - what a finding says of a change, under a policy as coredns.yaml writes it.
 */
#ifndef TESTS_UNIT_SAID_H
#define TESTS_UNIT_SAID_H

#include <check.h>

#include "lib/base/cleanup.h"
#include "policy/model/resources.h"
#include "policy/answer/finding.h"
#include "policy/answer/redact.h"

#define ARENA (16u << 20)

static struct arena arena;

static inline void setup(void)
{
	arena_init(&arena, ARENA);
}

static inline void teardown(void)
{
	arena_done(&arena);
}

/* ---- a policy as coredns.yaml writes it ---- */

static const char *const arguments[][3] = {
	{ "spec.replicas", "coredns", "minReplica" },
	{ "spec.template.spec.containers[*].resources", "coredns", "coreDnsContainerResources" },
	{ "spec.template.spec.tolerations", NULL, "tolerations" },
	{ "spec.template.spec.nodeSelector", NULL, "nodeSelectors" },
	{ "spec.strategy.rollingUpdate", NULL, "rollingUpdate" },
};
#define ARGUMENTS_N (sizeof arguments / sizeof *arguments)

static struct addon_argument argument[ARGUMENTS_N];
static struct addon addon = { .name = { "CoreDNS", 7 }, .arguments = argument };
static struct policy policy = { .name = { "coredns", 7 },
				.owner = { OWNER_ORACLE, 6 },
				.docs = { "Tasks/contengconfiguringdnsserver.htm", 37 },
				.addon = &addon };

static inline void policy_fill(void)
{
	struct err err = { .kind = ERR_NONE };

	for (size_t i = 0; i < ARGUMENTS_N; i++) {
		argument[i] = (struct addon_argument){ .next = &argument[i + 1],
						       .object = str_of(arguments[i][1]),
						       .key = str_of(arguments[i][2]) };
		ck_assert_msg(!path_parse(str_of(arguments[i][0]), &arena, &argument[i].path, &err),
			      "%s", err.msg);
	}
	argument[ARGUMENTS_N - 1].next = NULL;
}

/* ---- what a finding says, as one text ---- */

static inline struct json *read_json(const char *text)
{
	struct err err = { .kind = ERR_NONE };
	struct json *j = text ? json_parse(str_of(text), NULL, &arena, &err) : NULL;

	ck_assert_msg(!text || j, "%s: %s", text, err.msg);
	return j;
}

struct said {
	const char *resource, *kind, *subresource, *name;
	enum operation operation;
	struct rule rule;
	const char *old, *new;
	struct config config;
	const char *owner; /* of the policy; NULL: Oracle, "": nobody */
	const char *lower; /* the argument for fewer replicas */
	const char *basic; /* what the add-on says in a basic cluster */
};

static inline void take_all(const struct json *old, const struct json *new, struct hit *taken)
{
	struct err err = { .kind = ERR_NONE };
	struct change_list list;

	ck_assert_msg(!diff_objects(old, new, &arena, &list, &err), "%s", err.msg);
	taken->changes = arena_calloc(&arena, list.n + 1, sizeof *taken->changes);
	for (const struct change *c = list.first; c; c = c->next)
		taken->changes[taken->changes_n++] = c;
}

static inline struct finding say(struct said *s)
{
	struct request req = { .operation = s->operation ? s->operation : OP_UPDATE,
			       .kind.kind = str_of(s->kind),
			       .resource.resource = str_of(s->resource),
			       .subresource = str_of(s->subresource),
			       .namespace = STR("kube-system"),
			       .name = str_of(s->name) };
	const struct json *old = read_json(s->old), *new = read_json(s->new);
	struct hit taken = { .rule = &s->rule };
	struct finding f = { .gate = { NULL, 0 } };
	struct err err = { .kind = ERR_NONE };
	struct context o = {
		&s->config, &req, { NULL, 0 }, req.namespace, req.name, new, old, NULL
	};

	policy_fill();
	policy.owner = str_of(s->owner ? s->owner : OWNER_ORACLE);
	argument[0].lower = str_of(s->lower);
	addon.basic = str_of(s->basic);
	s->rule.policy = &policy;
	o.kind = resource_kind(&req);
	if (req.operation == OP_UPDATE)
		take_all(old, new, &taken);
	ck_assert_msg(!finding_fill(&o, &taken, &arena, &f, &err), "%s", err.msg);
	return f;
}

static inline struct str all_of(const struct finding *f)
{
	struct text t;

	text_init(&t, &arena, 1u << 16);
	text_str(&t, f->sentence);
	for (size_t i = 0; i < f->changes_n; i++)
		text_printf(&t, "\n  %.*s: %.*s -> %.*s", STR_ARG(f->changes[i].path),
			    STR_ARG(f->changes[i].from), STR_ARG(f->changes[i].to));
	text_puts(&t, "\n");
	text_str(&t, f->remedy);
	text_puts(&t, "\n");
	text_str(&t, f->command);
	ck_assert(!t.full);
	return text_get(&t);
}

static inline void said_is_printable(const char *why, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		ck_assert_msg((s.s[i] >= 0x20 && s.s[i] < 0x7f) || s.s[i] == '\n',
			      "%s: byte 0x%02x", why, (unsigned char)s.s[i]);
}

#endif
