/*
 * node.c - from a place in an object back to the node of YAML that it came from.
 */
#include "policy/manifest/node.h"

static const struct yaml_node *item_by_key(struct yaml_converter *c, const struct yaml_node *list,
					   const struct step *step)
{
	for (const struct yaml_node *i = list->child; i; i = i->next) {
		const struct yaml_node *v = yaml_deref((struct yaml_node *)i);
		struct yaml_members members;
		struct str value;

		if (v->kind != YAML_MAPPING || yaml_members_of(c, v, &members) < 0)
			continue;
		value = yaml_member_text(&members, step->key);
		if (value.s && str_eq(value, step->value))
			return i;
	}
	return NULL;
}

static const struct yaml_node *node_step_into(struct yaml_converter *c, const struct yaml_node *at,
					      const struct step *step)
{
	const struct yaml_node *v = yaml_deref((struct yaml_node *)at), *item;
	const struct yaml_member *found;
	struct yaml_members members;

	if (step->kind == STEP_KEY) {
		if (v->kind != YAML_MAPPING || yaml_members_of(c, v, &members) < 0)
			return NULL;
		found = yaml_member_find(&members, step->key);
		return found ? found->value : NULL;
	}
	if (v->kind != YAML_SEQUENCE)
		return NULL;
	if (step->kind == STEP_ITEM)
		return item_by_key(c, v, step);
	item = step->kind == STEP_INDEX ? v->child : NULL;
	for (size_t i = 0; item && i < step->index; i++)
		item = item->next;
	return item;
}

const struct yaml_node *manifest_node_at(struct yaml_converter *c, const struct yaml_node *root,
					 const struct place *place)
{
	const struct step *steps[PATH_STEPS_MAX];
	const struct yaml_node *next = root;
	size_t n = 0;

	for (; place; place = place->up) {
		if (n == PATH_STEPS_MAX)
			return root;
		steps[n++] = &place->step;
	}
	while (n && (next = node_step_into(c, root, steps[n - 1]))) {
		root = next;
		n--;
	}
	return root;
}
