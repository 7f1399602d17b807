/* SPDX-License-Identifier: Apache-2.0
 * finder.h - what the parts of this room share; private to it.
 *
 * A finder carries one request on its way through the parts. Places may live on the
 * caller's stack: use_add copies the chain. When memory or steps are used up all parts end
 * without adding, and features_find reports it at the end.
 */
#ifndef POLICY_ALPHA_FINDER_H
#define POLICY_ALPHA_FINDER_H

#include "policy/alpha/beside.h"
#include "policy/alpha/features.h"

struct finder {
	unsigned minor; /* clamped to what the catalogue knows */
	uint32_t bit;   /* of that minor */
	unsigned newer; /* the cluster's, where the catalogue does not know it yet; else 0 */
	const struct request *req;
	struct arena *arena;
	struct feature_uses *out;
	bool full;                     /* the arena is */
	bool named;                    /* features_named asks */
	struct place_set dropped;      /* places of dropped fields that were found */
	struct place_set known;        /* that the old object's managedFields name, */
	const struct json *known_of;   /* and whose they are */
	uint8_t *switches;             /* of switches_take */
	size_t yaml_nodes, json_nodes; /* of configuration that may still be made, of each kind */
};

/* Values in all configuration of one request: to read one takes longer than of other values. */
#define FINDER_CONFIG_NODES 100000

/* Take n steps of the request's; false: they are used up, and the finder is full. */
static inline bool finder_step(struct finder *f, size_t n)
{
	if (!arena_step(f->arena, n))
		f->full = true;
	return !f->full;
}

static inline bool notes_hold(const struct object_notes *notes, unsigned word)
{
	return notes->words[word / 64] >> word % 64 & 1;
}

/* ---- skim.c ---- */

/*
 * Do the notes hold all names of some gated path of the kind, in the finder's minor? Of the status,
 * or of all else.
 */
bool notes_meet_need(const struct finder *f, const struct object_notes *notes,
		     const struct catalogue_kind *kind, bool status);

/*
 * What the bytes of an object that the text begins with tell, as policy_skim_object notes it. The
 * bytes before it are looked at as well, and must be there.
 */
#define SKIM_BEFORE 16
void skim_part(struct str object, struct object_notes *notes);

/* One object: the request's, an item of a list, or a document of configuration. */
struct subject {
	struct gvk gvk;
	const struct json *object, *old; /* old NULL: all is new */
	const struct json *real;         /* the object that last-applied is held against */
	const struct place *at;          /* where it stands; NULL: the request's object */
	bool status;                     /* written through the status subresource */
	struct pod { /* of a workload: workload_find_pod; spec NULL: it is none */
		const struct json *spec, *old; /* old NULL: all is new */
		const struct place *at;
	} pod;
};

/* Record one use; returns it to be filled further, NULL when it is not kept. */
struct feature_use *use_add(struct finder *f, enum use_kind kind, unsigned stage,
			    const struct place *place);

/* Add a gate to a use, with the minors of its later stages. */
void use_gate(struct feature_use *use, const struct catalogue_gate *gate);

/* A place below another, by a key; `up` must stay. */
static inline struct place place_key(const struct place *up, struct str key)
{
	return (struct place){ up, { .kind = STEP_KEY, .key = key }, up ? up->depth + 1 : 1 };
}

/* Of an item: by the member that Kubernetes merges such lists by, else by index. */
struct place place_item(const struct place *list, const struct json *item, size_t index);

/* ---- walk.c: gated fields and values ---- */

/* Does a place lead to a value? UNKNOWN: to no such item of a list, so there is nothing to say. */
enum presence { PRESENT, ABSENT, UNKNOWN };

/* A value that a leaf of the catalogue guards. */
struct leaf_found {
	const struct place *place;
	const struct json *value, *old; /* old: what stood there, or NULL */
	const struct json *real;        /* what stands there in the subject's `real` */
	enum presence is_real;
};

/* Called for each leaf of interest that the walk finds new. */
typedef void leaf_visit(struct finder *f, const struct subject *s,
			const struct catalogue_leaf *leaf, const struct leaf_found *found);

/* The bit FEATURE_* of the leaf in the finder's minor; 0: nothing of interest. */
unsigned leaf_stage(const struct finder *f, const struct catalogue_leaf *leaf);
bool leaf_takes(const struct catalogue_leaf *leaf, const struct json *value);
void leaf_fill(struct feature_use *use, const struct catalogue_leaf *leaf);

void walk_fields(struct finder *f, const struct subject *s, leaf_visit *visit);
void find_fields(struct finder *f, const struct subject *s);

/* ---- managed.c ---- */

#define MANAGED_DEPTH 32 /* of the trie; a JSON schema is not followed further */

/*
 * May an entry of the list, managedFields, that is not in the one before name a guarded field?
 * Where both were left unread, as features_limits does, they are not read for it. `before` may be
 * NULL.
 */
bool managed_may_name(const struct finder *f, const struct subject *s, const struct json *list,
		      const struct json *before);

/* The next item of a list that was not read; *p: where to go on, first its bracket. */
bool raw_next(const char **p, const char *end, struct str *item);

/* ---- hold.c ---- */

/*
 * May the text of an object of the kind hold a gated field? Without parsing: false is certain of
 * what a strict reader accepts.
 */
bool object_may_hold(const struct finder *f, const struct catalogue_node *root, struct str text);

/* ---- the other parts ---- */

/* Is the gate of interest in the finder's minor? Its bit FEATURE_*, or 0. */
unsigned gate_interest(const struct finder *f, const char *name);

/*
 * May find_rules find anything in a pod or what makes pods, of which only what was noted is known?
 */
bool rules_possible(const struct finder *f);

/* Do the request's options name a gated field? Without parsing. */
bool features_options_possible(const struct finder *f);

/* Is all but metadata (and status, unless it counts) as it was? Only where there is an old object.
 */
bool same_content(struct finder *f, const struct subject *s, bool status);

void find_rules(struct finder *f, const struct subject *s);
void find_keys(struct finder *f, const struct subject *s);
void find_versions(struct finder *f, const struct subject *s);
void find_gates(struct finder *f, const struct subject *s);
void find_dropped(struct finder *f, const struct subject *s);
/* Component configuration: in a ConfigMap, or the object itself. */
void find_config(struct finder *f, const struct subject *s);

/* A Pod, or a kind that makes Pods. */
bool workload_is(const struct gvk *gvk);
/* These kinds by number (no version); false: there are fewer. */
bool workload_at(size_t i, struct gvk *out);

/* Find the pod spec in a workload of any kind; its place is built in steps[], which must stay. */
#define POD_SPEC_STEPS 5
void workload_find_pod(struct subject *s, struct place steps[POD_SPEC_STEPS]);

/* ---- flags.c: gates that a command line or a map switches on ---- */

struct switches { /* one byte a gate of the catalogue: 0 not named, else as below */
	uint8_t *state;
};
enum { SWITCH_OFF = 1, SWITCH_ON = 2, SWITCH_ORIGIN = 4 /* times the number of a place */ };

/* Both empty, until they are taken again. -1: the arena is full. */
int switches_take(struct finder *f, struct switches *now, struct switches *before);
/* "A=true,kube:B=false"; what is no known gate is passed over. */
void switches_list(struct switches *s, struct str list, bool kubeadm, unsigned origin);
/* One gate; value by Go's ParseBool. */
void switches_one(struct switches *s, struct str name, struct str value, bool kubeadm,
		  unsigned origin);
/* A map of bools, as featureGates is. */
void switches_map(struct switches *s, const struct json *map, bool kubeadm, unsigned origin);
/* Words of a command line, in which $(NAME) is one of the container's env. */
struct command_line {
	struct finder *f;
	struct beside env;
	bool component; /* a word names a component */
	bool kubeadm;
	bool value_next;        /* the last word was --feature-gates */
	struct gate_list *last; /* that was read, and those before it */
};
void switches_words(struct command_line *line, const struct json *words, unsigned origin);
/* All that the words say: of what they say of one gate the last counts. */
void switches_said(struct switches *s, struct command_line *line);
/* Report what is on now, and was not on before (old may be NULL). places[] by origin. */
void switches_report(struct finder *f, const struct switches *now, const struct switches *old,
		     const struct place *const *places);

/* Is it the name of a program, or of an image, that reads component gates? */
bool switches_read_by_command(struct str word);
bool switches_read_by_image(struct str image);

#endif
