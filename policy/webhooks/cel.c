/* SPDX-License-Identifier: Apache-2.0
 * cel.c - who is exempt, in CEL, exactly as identity.c judges it.
 *
 * A condition that fails to evaluate skips the webhook without a trace, so what may be absent is
 * touched only behind has(), and DELETE's null object never. Identities that the configuration
 * exempts are sent all the same: the guard knows them, and a pattern in CEL would be one more place
 * to get wrong.
 */
#include "policy/webhooks/interest.h"

#include "policy/model/identity.h"

#define EXPRESSION_MAX (256u << 10) /* bytes of one expression */

void cel_quote(struct text *out, struct str text)
{
	text_puts(out, "'");
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (c == '\'' || c == '\\')
			text_printf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			text_printf(out, "\\x%02x", c);
		else
			text_add(out, &text.s[i], 1);
	}
	text_puts(out, "'");
}

void cel_list(struct text *out, const struct str *v, size_t n)
{
	text_puts(out, "[");
	for (size_t i = 0; i < n; i++) {
		text_puts(out, i ? ", " : "");
		cel_quote(out, v[i]);
	}
	text_puts(out, "]");
}

static void exempt_by_name(struct text *out)
{
	const char *name;

	text_puts(out, "!(has(request.userInfo.username) && request.userInfo.username in [");
	for (size_t i = 0; (name = identity_exempt_name(i)); i++) {
		text_puts(out, i ? ", " : "");
		cel_quote(out, str_of(name));
	}
	text_puts(out, "])");
}

static void exempt_by_prefix(struct text *out, const char *prefix, const char *group)
{
	text_puts(out, "!(has(request.userInfo.username) && has(request.userInfo.groups) && ");
	cel_quote(out, str_of(group));
	text_puts(out, " in request.userInfo.groups && request.userInfo.username.startsWith(");
	cel_quote(out, str_of(prefix));
	text_puts(out, "))");
}

static void exempt_accounts(struct text *out)
{
	const char *name;

	static const char prefix[] = "system:serviceaccount:kube-system:";

	text_puts(out, "!(has(request.userInfo.username) && has(request.userInfo.groups) && "
		       "'system:serviceaccounts:kube-system' in request.userInfo.groups && ");
	text_printf(out,
		    "request.userInfo.username.startsWith('%s') && "
		    "request.userInfo.username.substring(%zu) in [",
		    prefix, sizeof prefix - 1);
	for (size_t i = 0; (name = identity_exempt_account(i)); i++) {
		text_puts(out, i ? ", " : "");
		cel_quote(out, str_of(name));
	}
	text_puts(out, "])");
}

static bool condition_end(struct webhook_condition *c, const char *name, const struct text *t)
{
	c->name = str_of(name);
	c->expression = text_get(t);
	return !t->full;
}

struct webhook_condition *cel_exempt_conditions(struct arena *arena, size_t more, size_t *n)
{
	/* The names tell in `kubectl get` what they are for. */
	static const char *const prefix_names[] = { "not-a-node", "not-a-node-that-joins" };
	enum { PREFIXES = sizeof prefix_names / sizeof *prefix_names };
	struct webhook_condition *v = arena_calloc(arena, 2 + PREFIXES + more, sizeof *v);
	const char *prefix, *group;
	struct text t;
	bool fits = v;

	*n = 0;
	if (!v)
		return NULL;
	text_init(&t, arena, EXPRESSION_MAX);
	exempt_by_name(&t);
	fits &= condition_end(&v[(*n)++], "not-the-control-plane", &t);
	for (size_t i = 0; i < PREFIXES && (prefix = identity_exempt_prefix(i, &group)); i++) {
		text_init(&t, arena, EXPRESSION_MAX);
		exempt_by_prefix(&t, prefix, group);
		fits &= condition_end(&v[(*n)++], prefix_names[i], &t);
	}
	text_init(&t, arena, EXPRESSION_MAX);
	exempt_accounts(&t);
	fits &= condition_end(&v[(*n)++], "not-a-controller", &t);
	return fits ? v : NULL;
}
