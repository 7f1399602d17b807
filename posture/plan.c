/* SPDX-License-Identifier: Apache-2.0
 * plan.c - what to ask for next, and what is lacking of what was asked: which source a namespace
 * narrows, single objects, and the reason why a check cannot be told.
 */
#include "posture/scan.h"

#define K "kube-system"

/* ---- single objects ---- */

struct named *named_find(const struct posture *p, int source, struct str name)
{
	struct named *n = p->named;

	while (n && !(n->source == source && str_eq(n->name, name)))
		n = n->next;
	return n;
}

void named_add(struct posture *p, int source, const char *namespace, struct str name,
	       struct str wanted_by)
{
	struct named *n = named_find(p, source, name);

	if (n) {
		if (wanted_by.n && !n->wanted_by.n)
			n->wanted_by = keep_str(p, wanted_by);
		return;
	}
	if (!(n = arena_zalloc(&p->arena, sizeof *n))) {
		p->full = true;
		return;
	}
	*n = (struct named){ .source = source,
			     .namespace = namespace,
			     .name = keep_str(p, name),
			     .wanted_by = wanted_by.n ? keep_str(p, wanted_by)
						      : (struct str){ NULL, 0 } };
	*p->named_last = n;
	p->named_last = &n->next;
}

/* ---- the plan ---- */

static bool any_check_needs(const struct posture *p, int source)
{
	for (int id = 0; id < CHECKS_N; id++)
		if (p->asked[id] && (check_needs((enum check_id)id) & (uint64_t)1 << source))
			return true;
	return source == SRC_VERSION;
}

static void path_print_source(struct posture *p, const struct source *s, const char *namespace,
			      const char *name)
{
	snprintf(p->path, sizeof p->path, "%s%s/%s%s%s/%s%s%s", *s->group ? "/apis/" : "/api",
		 s->group, s->version, namespace ? "/namespaces/" : "", namespace ? namespace : "",
		 s->resource, name ? "/" : "", name ? name : "");
}

/* With -n the components are asked for in kube-system, and the namespace besides. */
static bool next_source(struct posture *p, struct posture_request *out)
{
	for (; p->plan < 2 * (size_t)SOURCES_N; p->plan++) {
		const struct source *s = &sources[p->plan / 2];
		const char *narrow = s->narrowed ? p->options.namespace : NULL;
		const char *namespace = narrow ? narrow : s->namespace;
		bool second = p->plan % 2;

		if (!any_check_needs(p, (int)(p->plan / 2)) || !strcmp(s->method, "named"))
			continue;
		if (second && (!narrow || !strcmp(narrow, K)))
			continue;
		if (s->group)
			path_print_source(p, s, second ? K : namespace, s->name);
		else
			snprintf(p->path, sizeof p->path, "%s", s->resource);
		*out = (struct posture_request){ s->method, p->path };
		p->plan++;
		return true;
	}
	return false;
}

static bool next_named(struct posture *p, struct posture_request *out)
{
	for (struct named *n = p->named; n; n = n->next) {
		char name[260];

		if (n->asked || !any_check_needs(p, n->source))
			continue;
		n->asked = true;
		snprintf(name, sizeof name, "%.*s", STR_ARG(n->name));
		path_print_source(p, &sources[n->source], n->namespace, name);
		*out = (struct posture_request){ "get", p->path };
		return true;
	}
	return false;
}

bool posture_next(struct posture *p, struct posture_request *out)
{
	return next_source(p, out) || next_named(p, out);
}

/* ---- what is lacking ---- */

static bool named_lack(const struct posture *p, int source)
{
	for (const struct named *n = p->named; n; n = n->next)
		if (n->source == source && n->got != GOT_WHOLE && n->got != GOT_MISSING)
			return true;
	return false;
}

static bool lacks(const struct posture *p, int source)
{
	const struct source_state *s = &p->sources[source];

	if (!strcmp(sources[source].method, "named"))
		return named_lack(p, source);
	if (s->got == GOT_WHOLE || s->got == GOT_SOME)
		return s->oversize;
	return !(s->got == GOT_MISSING && sources[source].optional);
}

int sources_lack(const struct posture *p, uint64_t wanted)
{
	for (int i = 0; i < SOURCES_N; i++)
		if ((wanted >> i & 1) && lacks(p, i))
			return i;
	return -1;
}

bool named_denied(const struct posture *p, int source)
{
	for (const struct named *n = p->named; n; n = n->next)
		if (n->source == source && n->got == GOT_DENIED)
			return true;
	return false;
}

static void add_missing_rule(struct posture *p, const struct source *s)
{
	char line[300];
	bool one = !strcmp(s->method, "get") || !strcmp(s->method, "named");

	if (s->group)
		snprintf(line, sizeof line, "- {apiGroups: [\"%s\"], resources: [%s], verbs: [%s]}",
			 s->group, s->resource, one ? "get" : "list");
	else
		snprintf(line, sizeof line, "- {nonResourceURLs: [%.*s], verbs: [get]}",
			 (int)strcspn(s->resource, "?"), s->resource);
	for (size_t i = 0; i < p->missing_rules.n; i++)
		if (str_is(p->missing_rules.v[i], line))
			return;
	text_list_add(p, &p->missing_rules, str_of(line));
}

static const struct named *named_lacking(const struct posture *p, int source)
{
	const struct named *n = p->named;

	while (n && !(n->source == source && n->got != GOT_WHOLE && n->got != GOT_MISSING))
		n = n->next;
	return n;
}

static struct str reason_text(struct posture *p, const char *what, enum source_got got,
			      struct str why)
{
	char text[700];

	switch (got) {
	case GOT_DENIED:
		snprintf(text, sizeof text, "no right to read %s", what);
		break;
	case GOT_CUT:
		snprintf(text, sizeof text, "%s could not be read to the end: %.*s", what,
			 STR_ARG(why));
		break;
	case GOT_MISSING:
		snprintf(text, sizeof text, "the API server does not have %s", what);
		break;
	case GOT_WHOLE:
	case GOT_SOME:
		snprintf(text, sizeof text, "one of %s is larger than %u MiB", what,
			 POSTURE_ITEM_MAX >> 20);
		break;
	default:
		snprintf(text, sizeof text, "not %s: %s", p->streamed ? "asked for" : "in the dump",
			 what);
	}
	return keep_str(p, str_of(text));
}

struct str source_reason(struct posture *p, int source)
{
	const struct source *s = &sources[source];
	const struct source_state *state = &p->sources[source];
	enum source_got got = state->got;
	struct str why = state->why;
	char what[400];

	snprintf(what, sizeof what, "%s%s%s", s->resource, s->namespace ? " of " : "",
		 s->namespace ? s->namespace : "");
	if (!strcmp(s->method, "named")) {
		const struct named *n = named_lacking(p, source);

		if (n) {
			snprintf(what, sizeof what, "ConfigMap %s/%.*s", n->namespace,
				 STR_ARG(n->name));
			got = n->got;
			why = n->why;
		}
	}
	if (got == GOT_DENIED)
		add_missing_rule(p, s);
	return reason_text(p, what, got, why);
}
