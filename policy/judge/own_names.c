/* SPDX-License-Identifier: Apache-2.0
 * own_names.c - the names that an object goes by, before it is read.
 */
#include "policy/judge/judge.h"

#include "lib/base/attributes.h"

static void judge_add_name(struct match_names *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->v[i], name))
			return;
	if (name.n)
		names->v[names->n++] = name;
}

/* Step to the member `key`; its value then begins at m->value.s. */
static bool skim_to_member(struct str object, struct str key, struct json_member *m)
{
	while (json_skim_key(object, m)) {
		if (json_skim_is(m->key, key))
			return true;
		if (!json_skim_value(object, m))
			return false;
	}
	return false;
}

/* metadata.name, as it is written, of an object that has not been read yet: near its beginning. */
static struct str judge_raw_name(struct str object)
{
	struct json_member metadata = { .next = NULL }, name = { .next = NULL };

	if (!skim_to_member(object, STR("metadata"), &metadata) ||
	    !skim_to_member(metadata.value, STR("name"), &name) ||
	    !json_skim_value(metadata.value, &name) ||
	    name.value.n > 1024) /* a name has at most 253 bytes */
		return (struct str){ NULL, 0 };
	return name.value;
}

static void judge_add_raw(struct judge *j, struct str raw)
{
	UNZEROED struct err ignored;
	struct str plain;

	if (raw.n)
		judge_add_name(&j->names,
			       json_plain(raw, &plain)
				       ? plain
				       : json_str(json_parse(raw, NULL, j->arena, &ignored)));
}

/*
 * Mostly both objects begin with the same bytes, up to the name's closing quote and further: then
 * there is no other name. (A number may go on where the other one ends.)
 */
static void judge_add_own_names(struct judge *j)
{
	struct str object = j->req->object, old = j->req->old_object;
	struct str raw = judge_raw_name(object);
	size_t n = raw.n && *raw.s == '"' ? (size_t)(raw.s - object.s) + raw.n : 0;

	judge_add_raw(j, raw);
	if (!n || !str_starts(old, (struct str){ object.s, n }))
		judge_add_raw(j, judge_raw_name(old));
}

void judge_names_find(struct judge *j)
{
	judge_add_name(&j->names, j->req->name);
	if (match_by_name(&j->set->index, j->req))
		judge_add_own_names(j);
}
