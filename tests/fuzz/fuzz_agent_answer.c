/* SPDX-License-Identifier: Apache-2.0
 * fuzz_agent_answer.c - any bytes as the API server's answer: a Secret, a configuration, a
 * version, a ConfigMap. What could be read is planned with, and what is planned is written.
 */
#include <stdlib.h>

#include "agent/api/objects.h"
#include "agent/api/rotate.h"
#include "oke/policy.h"
#include "oke/webhooks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "oke-guard.oke-guard.svc" };

static void plan(const struct store *s, const struct in_force *f, struct str version,
		 struct arena *arena)
{
	struct rotate_order order = {
		.names = names, .names_n = 1, .overlap = 120, .now = 1800000000
	};
	struct rotate_plan p;
	struct store after;
	struct str patch;
	struct err err;

	rotate_bundle(s, arena);
	rotate_plan(s, f, &order, &p);
	/* Issuing takes long, and no part in reading. */
	if (p.step == ROTATE_FIRST || p.step == ROTATE_ISSUE)
		return;
	if (rotate_apply(s, f, &order, &p, arena, &after, &err) < 0 ||
	    objects_secret_patch(s, &after, version, arena, &patch, &err) < 0)
		abort();
}

static void ignore(void *ctx, enum webhooks_effect effect, const char *text)
{
	(void)ctx;
	(void)effect;
	(void)text;
}

static void compare(struct str live, struct arena *arena)
{
	static struct policy_set *set;
	const struct webhook_target target = { .configuration = STR("oke-guard"),
					       .namespace = STR("oke-guard"),
					       .service = STR("oke-guard") };
	struct webhooks wanted;
	struct webhooks_report report = { .difference = ignore };
	struct err err;

	if (!set && !(set = policy_set_new(NULL, &(struct policy_report){ 0 })))
		abort();
	if (webhooks_of(set, arena, &wanted, &err) == 0)
		webhooks_compare(&wanted, &target, live, arena, &report, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = { (const char *)data, size }, version, text;
	struct configuration c = { .state = STR("uid/1") };
	struct store s = { 0 };
	struct arena arena;
	struct err err;
	bool secret, configuration;
	long unavailable;

	arena_init(&arena, OBJECT_MEMORY);
	secret = objects_secret_read(body, &arena, &s, &version, &err) == 0;
	configuration = objects_configuration_read(body, &arena, &c, &err) == 0;
	if (secret)
		plan(&s, &(struct in_force){ .bundle = c.bundle, .state = c.state, .wanted = true },
		     version, &arena);
	if (configuration)
		compare(body, &arena);
	objects_version_read(body, &arena, &text, &err);
	objects_unavailable_read(body, &arena, &unavailable, &err);
	objects_facts_read(body, &arena, &text, &err);
	objects_wipe(&arena);
	return 0;
}
