/* SPDX-License-Identifier: Apache-2.0
 * print.c - entries as a ValidatingWebhookConfiguration, in JSON or YAML.
 */
#include "policy/webhooks/print.h"

#include "lib/base/base64.h"
#include "lib/yaml/write.h"

unsigned webhooks_port(const struct webhook_target *target)
{
	return target->port ? target->port : WEBHOOKS_PORT;
}

static void put_strings(struct emit *e, const char *key, const struct strings *s)
{
	const struct strings list = { s->v, s->n };

	emit_strings(e, key, &list);
}

static void put_client(struct emit *e, const struct webhook *w, const struct webhook_target *target)
{
	emit_map(e, "clientConfig", false);
	emit_map(e, "service", false);
	emit_str(e, "namespace", target->namespace);
	emit_str(e, "name", target->service);
	emit_str(e, "path", w->path);
	emit_number(e, "port", webhooks_port(target));
	emit_end(e);
	if (target->ca_bundle.n) {
		struct str encoded = base64_encode(target->ca_bundle, e->out->arena);

		e->out->full |= !encoded.s;
		emit_str(e, "caBundle", encoded);
	}
	emit_end(e);
}

static void put_operations(struct emit *e, unsigned operations)
{
	static const enum operation all[] = { OP_CREATE, OP_UPDATE, OP_DELETE, OP_CONNECT };

	emit_list(e, "operations", true);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (operations & all[i])
			emit_str(e, NULL, str_of(operation_name(all[i])));
	emit_end(e);
}

static void put_rule(struct emit *e, const struct webhook_rule *r)
{
	emit_map(e, NULL, false);
	put_strings(e, "apiGroups", &r->groups);
	put_strings(e, "apiVersions", &r->versions);
	put_operations(e, r->operations);
	put_strings(e, "resources", &r->resources);
	emit_str(e, "scope", str_of(webhook_scope_name(r->scope)));
	emit_end(e);
}

static void put_selector(struct emit *e, const struct webhook *w)
{
	emit_map(e, "namespaceSelector", !w->namespaces.n);
	if (w->namespaces.n) {
		emit_list(e, "matchExpressions", false);
		emit_map(e, NULL, false);
		emit_str(e, "key", STR(WEBHOOKS_NAMESPACE_LABEL));
		emit_str(e, "operator", w->except_namespaces ? STR("NotIn") : STR("In"));
		put_strings(e, "values", &w->namespaces);
		emit_end(e);
		emit_end(e);
	}
	emit_end(e);
}

static void put_conditions(struct emit *e, const struct webhook *w)
{
	emit_list(e, "matchConditions", false);
	for (size_t i = 0; i < w->conditions_n; i++) {
		emit_map(e, NULL, false);
		emit_str(e, "name", w->conditions[i].name);
		emit_str(e, "expression", w->conditions[i].expression);
		emit_end(e);
	}
	emit_end(e);
}

static void put_webhook(struct emit *e, const struct webhook *w,
			const struct webhook_target *target)
{
	emit_map(e, NULL, false);
	emit_str(e, "name", w->name);
	put_client(e, w, target);
	emit_list(e, "rules", false);
	for (size_t i = 0; i < w->rules_n; i++)
		put_rule(e, &w->rules[i]);
	emit_end(e);
	put_selector(e, w);
	put_conditions(e, w);
	emit_str(e, "matchPolicy", STR("Equivalent"));
	emit_str(e, "failurePolicy", w->fail ? STR("Fail") : STR("Ignore"));
	emit_str(e, "sideEffects", STR("None"));
	emit_number(e, "timeoutSeconds", WEBHOOKS_TIMEOUT);
	emit_list(e, "admissionReviewVersions", true);
	emit_str(e, NULL, STR("v1"));
	emit_end(e);
	emit_end(e);
}

static void put_webhooks(struct emit *e, const struct webhooks *webhooks,
			 const struct webhook_target *target)
{
	emit_list(e, "webhooks", false);
	for (size_t i = 0; i < webhooks->n; i++)
		put_webhook(e, &webhooks->v[i], target);
	emit_end(e);
}

void webhooks_print(const struct webhooks *webhooks, const struct webhook_target *target,
		    enum webhooks_format format, struct text *out)
{
	struct emit e;

	emit_init(&e, format == WEBHOOKS_JSON, out);
	emit_str(&e, "apiVersion", STR("admissionregistration.k8s.io/v1"));
	emit_str(&e, "kind", STR("ValidatingWebhookConfiguration"));
	emit_map(&e, "metadata", false);
	emit_str(&e, "name", target->configuration);
	emit_end(&e);
	put_webhooks(&e, webhooks, target);
	emit_done(&e);
}

void webhooks_print_list(const struct webhooks *webhooks, const struct webhook_target *target,
			 enum webhooks_format format, struct text *out)
{
	static const struct str key = { "\"webhooks\": ", 12 };
	struct text whole;
	struct emit e;
	struct str s;

	if (format == WEBHOOKS_YAML) {
		emit_init(&e, false, out);
		put_webhooks(&e, webhooks, target);
		emit_done(&e);
		return;
	}
	text_init(&whole, out->arena, WEBHOOKS_TEXT_MAX);
	emit_init(&e, true, &whole);
	put_webhooks(&e, webhooks, target);
	emit_done(&e);
	s = text_get(&whole);
	out->full |= whole.full;
	if (whole.full)
		return;
	/* {\n  "webhooks": [...]\n}\n */
	s = str_from(s, 4 + key.n);
	s.n -= 3;
	text_str(out, s);
	text_puts(out, "\n");
}
