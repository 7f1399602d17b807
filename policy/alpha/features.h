/* SPDX-License-Identifier: Apache-2.0
 * features.h - the uses of alpha features in one request.
 *
 * A pure function over the compiled catalogue: which gated fields and values, alpha
 * API versions, alpha keys and switched-on gates does the request bring, and what of
 * it did the API server already drop? On UPDATE only what this request adds or
 * changes counts. Texts live in the arena, the catalogue, or the request.
 *
 * What the kinds of use are is DESIGN section 5; the rule key `features.uses` names them.
 */
#ifndef POLICY_ALPHA_FEATURES_H
#define POLICY_ALPHA_FEATURES_H

#include "oke/policy.h"
#include "policy/catalogue/catalogue.h"
#include "lib/json/json.h"
#include "policy/object/path.h"

enum use_kind {
	USE_FIELD,   /* a gated field */
	USE_VALUE,   /* a gated value, or a gated combination of values */
	USE_VERSION, /* an alpha API version of Kubernetes' own groups */
	USE_KEY,     /* an alpha annotation, label or taint */
	USE_GATE,    /* a gate switched on by hand, or a setting of a component that needs one */
	USE_DROPPED, /* a gated field that the API server dropped: its gate is off */
};
#define USE_KINDS 6

struct feature_use {
	struct feature_use *next;
	enum use_kind kind;
	unsigned stage;                 /* FEATURE_*, in the minor that was judged by */
	const struct place *place;      /* NULL: the object as a whole */
	const struct json *value, *was; /* what stands there, and stood; NULL: see `what` */
	/* Those of that stage; none for some keys and versions. */
	struct str gates[CATALOGUE_GATES];
	size_t gates_n;
	/* What was found: the value, "resource.k8s.io/v1alpha3", the key, a setting's path */
	struct str what;
	unsigned minor;            /* judged by */
	unsigned newer;            /* the cluster's, where it is newer than all known; or 0 */
	unsigned beta, ga;         /* first minor of that stage of the first gate; 0: none yet */
	struct str replacement;    /* of a version or key; absent: none */
	unsigned replacement_from; /* minor, or 0 */
	enum gate_effect off;      /* what the API server does with it while the gate is off */
};

#define FEATURE_USES_MAX         128 /* that are kept; the rest are counted */
#define FEATURE_USES_OFFLINE_MAX 16384

struct feature_uses {
	struct feature_use *first, **last;
	size_t n, all;
};

/*
 * Might the request use a feature? Looks at the envelope, at what was noted of the object while it
 * was passed over (policy_skim_object), or else searches the bytes for a few words; without
 * parsing: false for nearly all that uses none.
 */
bool features_possible(unsigned minor, const struct request *req);

/*
 * How the objects of a request are read: managedFields, a third of their bytes, are hardly
 * ever looked at and stay text.
 */
extern const struct json_limits features_limits;

/*
 * All uses, in order of their kind and place. minor: of the cluster; a newer one than
 * the catalogue knows is treated as the newest (and nothing is said to be dropped), 0 as the
 * newest release. object and old are those of the
 * request, parsed with features_limits or without, or NULL. -1 with ERR_LIMIT or ERR_NOMEM.
 */
int features_find(unsigned minor, const struct request *req, const struct json *object,
		  const struct json *old, struct arena *arena, struct feature_uses *out,
		  struct err *err);

/*
 * The gates that the object names for a component, on or off, whatever they are: each a
 * USE_GATE of stage 0. Other uses may stand between them.
 */
int features_named(const struct request *req, const struct json *object, struct arena *arena,
		   struct feature_uses *out, struct err *err);

/* "field", "gate": as rules name it. */
const char *use_kind_name(enum use_kind kind);

/* Is each gate of the use in the list? A use without a gate is named by what it is. */
bool use_allowed(const struct feature_use *use, const struct str *allow, size_t allow_n);

/*
 * The first line of a finding ("spec.x uses Y, alpha in 1.34 (beta since 1.35); Oracle does
 * not support alpha features") and what to do instead ("remove it, ..."). path: the use's
 * place, fit to be shown; more: how many other places hold the same.
 */
void use_sentence(const struct feature_use *use, struct str path, size_t more, struct text *out);
void use_remedy(const struct feature_use *use, struct text *out);

#endif
