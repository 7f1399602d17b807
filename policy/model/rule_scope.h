/* SPDX-License-Identifier: Apache-2.0
 * rule_scope.h - what a rule comes to, and where: asked alike by the judge, by whoever
 * validates policies and by whoever asks the API server for requests.
 */
#ifndef POLICY_MODEL_RULE_SCOPE_H
#define POLICY_MODEL_RULE_SCOPE_H

#include "policy/model/model.h"
#include "policy/model/resources.h"

/* ---- what it comes to ---- */

/* Without overrides: the lower of its tier's action and its own. */
enum action rule_usual_action(const struct config *config, const struct rule *rule);
/* The override that names the rule; else the one that names all of its policy; or NULL. */
const struct override *rule_override(const struct config *config, const struct rule *rule);
/* With overrides, as long as no exception, mode or unknown identity lowers it. */
enum action rule_action(const struct config *config, const struct rule *rule);
/* Does the rule ever lead to more than allowing, as the configuration has it? */
bool rule_can_act(const struct config *config, const struct rule *rule);
/* Is the rule's answer a denial, so that a dead guard refuses no more than a living one may? */
bool rule_denies(const struct config *config, const struct rule *rule);

/* Is it a member of metadata that "$metadata" stands for? */
bool rule_metadata_holds(struct str member);

/* ---- where ---- */

/* Do both name the same objects, as far as kind and namespace tell? `both` is where. */
struct target {
	struct str group, resource, namespace; /* namespace absent: any */
};
bool targets_meet(const struct object_ref *a, const struct object_ref *b, struct target *both);

/* A rule may name more subresources than each of its objects has. */
static inline bool target_has(const struct target *where, struct str subresource)
{
	return resource_has(where->group, where->resource, subresource);
}

/* Does the object's name fit, by names or prefix? */
bool ref_names(const struct object_ref *ref, struct str name);

/* Which objects a rule marked failClosed stands for. */
struct required_object {
	struct target where;
	struct strings names;           /* of which those count that `other` takes too */
	const struct object_ref *other; /* of the two, the one that may name more */
};

/* What the policy's object and the rule's have in common; false: nothing. */
bool required_object(const struct object_ref *a, const struct object_ref *b,
		     struct required_object *out);

/*
 * The page with the sentence that makes it so, below DOCS_BASE or a whole URL: the rule's, its
 * policy's, or, of Oracle's policies, the one on support; of customers' policies the page that they
 * have. "" where there is none: what Oracle supports needs no such sentence.
 */
struct str rule_why(const struct rule *rule);
/* The page that says how; "" where there is none. It may be the same. */
struct str rule_how(const struct rule *rule);

/*
 * The operations on these objects that no rule above takes as a whole. Of rules about pods: with
 * the UPDATE that makes it so.
 */
unsigned rule_left(const struct rule *r, const struct object_ref *ref, struct str subresource);
/* Do rules above leave it anything of these objects? */
bool required_left(const struct rule *rule, const struct object_ref *ref);

#endif
