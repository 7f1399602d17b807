/* SPDX-License-Identifier: Apache-2.0
 * endpoints.c - which Endpoints and EndpointSlices are sent, in CEL.
 *
 * The label counts in the new and in the old object, so that taking it away is seen; a condition
 * that fails to evaluate would skip the guard without a trace, so nothing is touched that may be
 * absent. Names of a deletecollection are those of the objects.
 */
#include "policy/model/excluded.h"
#include "policy/webhooks/interest.h"

#define EXPRESSION_MAX (64u << 10) /* bytes; the API server takes 100,000 characters */

/* deletecollection brings no name: the object's own counts then, as for the guard. */
const char cel_by_name[] =
	"[has(request.name) && request.name != '' ? request.name : "
	"oldObject != null && has(oldObject.metadata) && has(oldObject.metadata.name) ? "
	"string(oldObject.metadata.name) : "
	"object != null && has(object.metadata) && has(object.metadata.name) ? "
	"string(object.metadata.name) : ''].exists(name, ";

static void endpoints_label(struct text *out, const char *object, const struct label *l)
{
	text_printf(out, "(%s != null && has(%s.metadata) && has(%s.metadata.labels) && ", object,
		    object, object);
	cel_quote(out, l->key);
	text_printf(out, " in %s.metadata.labels && %s.metadata.labels[", object, object);
	cel_quote(out, l->key);
	text_puts(out, "] == ");
	cel_quote(out, l->value);
	text_puts(out, ")");
}

static void endpoints_term(struct text *out, const struct object_ref *o)
{
	text_puts(out, "(request.resource.resource == ");
	cel_quote(out, o->resource);
	if (o->namespace.n) {
		text_puts(out, " && (has(request.namespace) ? request.namespace : '') == ");
		cel_quote(out, o->namespace);
	}
	if (o->names.n) {
		text_puts(out, " && name in ");
		cel_list(out, o->names.v, o->names.n);
	}
	for (const struct label *l = o->labels; l; l = l->next) {
		text_puts(out, " && (");
		endpoints_label(out, "object", l);
		text_puts(out, " || ");
		endpoints_label(out, "oldObject", l);
		text_puts(out, ")");
	}
	text_puts(out, ")");
}

/* Has a rule something to say about it? */
static bool endpoints_spoken_of(const struct policy_set *set, const struct policy *p,
				const struct object_ref *o)
{
	for (const struct rule *r = p->rules; r; r = r->next) {
		const struct object_ref *in = r->objects ? r->objects : o;
		struct target where;

		while (in && !targets_meet(o, in, &where))
			in = r->objects ? in->next : NULL;
		if (in && rule_can_act(&set->model.config, r))
			return true;
	}
	return false;
}

static bool endpoints_named(const struct object_ref *o)
{
	return unsent_but_named(o->group, o->resource) && (o->names.n || o->labels);
}

struct str endpoints_expression(const struct policy_set *set, struct arena *arena)
{
	const char *before = "";
	struct text t;

	text_init(&t, arena, EXPRESSION_MAX);
	text_puts(&t, cel_by_name);
	for (const struct policy *p = set->model.policies; p; p = p->next)
		for (const struct object_ref *o = p->active ? p->objects : NULL; o; o = o->next) {
			if (!endpoints_named(o) || !endpoints_spoken_of(set, p, o))
				continue;
			text_puts(&t, before);
			endpoints_term(&t, o);
			before = " || ";
		}
	text_puts(&t, ")");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}
