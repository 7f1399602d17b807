/* SPDX-License-Identifier: Apache-2.0
 * set.c - what may be asked of a set of policies.
 */
#include "policy/model/set.h"

#include "policy/catalogue/catalogue.h"

const struct fact *config_fact(const struct config *config, struct str name)
{
	const struct fact *f = config->facts;

	while (f && !str_eq(f->name, name))
		f = f->next;
	return f;
}

void policy_set_ref(struct policy_set *set)
{
	atomic_fetch_add_explicit(&set->shared.refs, 1, memory_order_relaxed);
}

void policy_set_unref(struct policy_set *set)
{
	if (set)
		shared_unref(&set->shared);
}

struct shared *policy_set_shared(struct policy_set *set)
{
	return &set->shared;
}

struct policy_set *policy_set_of(struct shared *shared)
{
	return (struct policy_set *)shared; /* its first member */
}

size_t policy_set_policies(const struct policy_set *set)
{
	return set->model.policies_n;
}

size_t policy_set_rules(const struct policy_set *set)
{
	return set->model.rules_n;
}

size_t policy_set_overrides(const struct policy_set *set)
{
	size_t n = 0;

	for (const struct override *o = set->model.config.overrides; o; o = o->next)
		n++;
	return n;
}

const struct versions *policy_set_versions(const struct policy_set *set)
{
	return set->model.versions;
}

bool policy_set_left_out_at(const struct policy_set *set, size_t i, struct left_out_info *out)
{
	const struct left_out *l = set->model.left_out;

	while (l && i--)
		l = l->next;
	if (l)
		*out = (struct left_out_info){ l->what, l->why, l->origin.file, l->origin.line };
	return l;
}

size_t policy_set_left_out(const struct policy_set *set)
{
	return set->model.left_out_n;
}

bool policy_set_replaced_at(const struct policy_set *set, size_t i, struct replaced_info *out)
{
	for (const struct policy *p = set->model.policies; p; p = p->next)
		if (p->stands_for.s && i-- == 0) {
			*out = (struct replaced_info){ p->name, p->replaces, p->reason,
						       p->origin.file, p->origin.line };
			return true;
		}
	return false;
}

size_t policy_set_replaced(const struct policy_set *set)
{
	struct replaced_info info;
	size_t n = 0;

	while (policy_set_replaced_at(set, n, &info))
		n++;
	return n;
}

unsigned policy_set_told(const struct policy_set *set)
{
	const struct fact *f = config_fact(&set->model.config, STR("kubernetes"));
	unsigned minor = f ? catalogue_version(f->value) : 0;

	return minor ? catalogue_minor(minor) : 0;
}

unsigned policy_set_minor(const struct policy_set *set)
{
	unsigned told = policy_set_told(set);

	return told ? told : catalogue_minor_released;
}

enum mode policy_set_mode(const struct policy_set *set)
{
	return set->model.config.mode;
}

bool policy_set_has_rule(const struct policy_set *set, struct str policy, struct str rule)
{
	if (str_is(policy, "guard") && (str_is(rule, "unreadable") || str_is(rule, "too-large")))
		return true; /* judging itself finds it: eval.c */
	for (const struct policy *p = set->model.policies; p; p = p->next)
		for (const struct rule *r = str_eq(p->name, policy) ? p->rules : NULL; r;
		     r = r->next)
			if (str_eq(r->name, rule))
				return true;
	return false;
}

uint64_t policy_set_files(const struct policy_set *set)
{
	return set->files;
}
