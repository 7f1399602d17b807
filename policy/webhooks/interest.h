/* SPDX-License-Identifier: Apache-2.0
 * interest.h - what the parts of this room share; private to it.
 *
 * A policy asks for requests, one line each; asks become rules, rules entries:
 *
 *   support: kube-system apps deployments/scale UPDATE   \
 *   support: kube-system apps deployments UPDATE,DELETE   > entry -> rules -> JSON
 *   alpha:   (any)       ""   pods CREATE,UPDATE         /
 *
 * An arena that is full sets `full`, and webhooks_of reports it at the end.
 */
#ifndef POLICY_WEBHOOKS_INTEREST_H
#define POLICY_WEBHOOKS_INTEREST_H

#include "oke/webhooks.h"
#include "policy/model/rule_scope.h"
#include "policy/model/set.h"

struct interest {
	struct str group, version, resource; /* version "*": any; resource as in "pods/status" */
	struct str namespace; /* absent: cluster-scoped objects, and those of any namespace */
	enum webhook_scope scope;
	unsigned operations;
};

struct interests {
	struct arena *arena;
	struct interest *v;
	size_t n, room;
	bool full;
};

void interest_add(struct interests *asks, const struct interest *ask);

/* Does `wide` ask for whatever the other does? Their operations apart. */
bool interest_covers(const struct interest *wide, const struct interest *a);

/* "deployments", or "deployments/scale"; sets full when there is no room. */
struct str interest_resource(struct interests *asks, struct str resource, struct str subresource);

/* ---- support.c: policies of components ---- */
void interests_of_support(const struct policy_set *set, struct interests *out);
/* Of Endpoints and EndpointSlices that policies name, or know by a label. */
void interests_of_endpoints(const struct policy_set *set, struct interests *out);

/* ---- webhooks/endpoints.c ---- */

/* True of those, in either object. Absent: the arena is full. */
struct str endpoints_expression(const struct policy_set *set, struct arena *arena);
/* The object's name, in CEL: of the request, or of the objects of a deletecollection. */
extern const char cel_by_name[];

/* ---- alpha.c: policies of features ---- */

/* keyed: objects of kinds that hold nothing alpha but a key, such as kubectl's ApplySet labels. */
void interests_of_alpha(const struct policy_set *set, struct interests *out,
			struct interests *keyed);
/* True where an object has one of those keys. Absent: none is alpha. */
struct str webhook_keyed_expression(const struct policy_set *set, struct arena *arena);

/* ---- share.c: what both ask for ---- */

#define WEBHOOKS_PATH_WHOLE "/validate" /* judges by all policies */

/*
 * Asks of features for objects that policies of components ask for too go over to those. False:
 * there are none, and entries judge one part each.
 */
bool interests_share(struct interests *support, struct interests *alpha);
/* Takes out of keyed what is asked for wherever the object is. */
void interests_share_keys(const struct interests *support, struct interests *keyed);

/* ---- required.c: rules that the configuration marks failClosed ---- */
void interests_of_required(const struct policy_set *set, struct interests *out);
struct webhook_condition *required_conditions(const struct policy_set *set, struct arena *arena,
					      size_t *n);

/* ---- cel.c ---- */

/* Leave out who is exempt by name and group, and nobody else. NULL: the arena is full. */
struct webhook_condition *cel_exempt_conditions(struct arena *arena, size_t more, size_t *n);
/* 'text' as CEL reads it. */
void cel_quote(struct text *out, struct str text);
/* ['a', 'b'] */
void cel_list(struct text *out, const struct str *v, size_t n);

/* ---- interest.c ---- */

/* As few rules as send all that is asked; equal asks give equal rules. -1: the arena is full. */
int webhook_rules_of(const struct interest *v, size_t n, struct arena *arena, struct webhook *out);
bool webhook_rules_equal(const struct webhook *a, const struct webhook *b);

#endif
