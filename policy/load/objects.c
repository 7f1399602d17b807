/* SPDX-License-Identifier: Apache-2.0
 * objects.c - does an object that a policy names exist at all?
 *
 * A group, a resource or a name that the API server cannot have makes a rule that
 * never fits, and nobody would notice. Of Kubernetes' own groups all is known;
 * what is not, and like nothing that is, may be newer than this program: a warning.
 */
#include "policy/catalogue/api_resources.h"
#include "policy/load/parts.h"

/* The value of a key of the entry, for the place; or the entry. */
static const struct yaml_node *at_key(const struct yaml_node *n, const char *key)
{
	const struct yaml_node *value = read_value_of(n, key);

	return value ? value : n;
}

static void group_unknown(struct load_reader *r, const struct yaml_node *at, struct str group)
{
	struct nearest near;

	nearest_start(&near, group);
	for (size_t i = 0; api_group_at(i); i++) {
		struct str name = str_of(api_group_at(i)->name);

		/* "rbac" for rbac.authorization.k8s.io */
		if (str_starts(name, group) && name.n > group.n && name.s[group.n] == '.') {
			near.best = name;
			break;
		}
		nearest_try(&near, name);
	}
	if (str_is(group, "core") || str_is(group, "v1"))
		read_error(r, at, "the core group is written \"\", not \"%.*s\"", QUOTED(group));
	else if (near.best.n)
		read_error(r, at, "there is no API group \"%.*s\": did you mean %.*s?",
			   QUOTED(group), QUOTED(near.best));
	else
		read_error(
			r, at,
			"there is no API group \"%.*s\": all but Kubernetes' own have a dot, as in "
			"cert-manager.io",
			QUOTED(group));
}

static void resource_unknown(struct load_reader *r, const struct yaml_node *at,
			     const struct api_group *group, struct str resource)
{
	const struct api_group *other = api_group_of(resource);
	struct nearest near;

	if (other) {
		read_error(r, at, "there are no %.*s in group \"%s\": they are in group \"%s\"",
			   QUOTED(resource), group->name, other->name);
		return;
	}
	nearest_start(&near, resource);
	for (const char *const *known = group->resources; *known; known++)
		nearest_try(&near, str_of(*known));
	if (near.best.s)
		read_error(r, at, "there are no \"%.*s\" in group \"%s\": did you mean %.*s?",
			   QUOTED(resource), group->name, QUOTED(near.best));
	else
		read_warning(r, at,
			     "no \"%.*s\" are known in group \"%s\", so these objects "
			     "may never be seen",
			     QUOTED(resource), group->name);
}

static bool has_capital(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] >= 'A' && s.s[i] <= 'Z')
			return true;
	return false;
}

static void check_name(struct load_reader *r, const struct yaml_node *at, struct str resource,
		       struct str name)
{
	if (has_capital(name))
		read_error(
			r, at,
			"no object of %.*s can be called \"%.*s\": their names are in lower case",
			QUOTED(resource), QUOTED(name));
}

static void check_names(struct load_reader *r, const struct yaml_node *n,
			const struct object_ref *o)
{
	for (size_t i = 0; i < o->names.n; i++)
		check_name(r, at_key(n, "names"), o->resource, o->names.v[i]);
	check_name(r, at_key(n, "namePrefix"), o->resource, o->name_prefix);
}

void object_check(struct load_reader *r, const struct yaml_node *n, const struct object_ref *o)
{
	const struct api_group *group = api_group_named(o->group);

	if (!o->group.s || !o->resource.s || str_is(o->group, "*"))
		return;
	if (!group && !memchr(o->group.s, '.', o->group.n))
		group_unknown(r, at_key(n, "group"), o->group);
	else if (group && !str_is(o->resource, "*") && !api_group_has(group, o->resource))
		resource_unknown(r, at_key(n, "resource"), group, o->resource);
	if (!group || !group->any_case)
		check_names(r, n, o);
}
