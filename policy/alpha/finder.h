/*
 * finder.h - what the parts of this room share; private to it.
 *
 * A finder carries one request on its way through the parts. Places may live on the
 * caller's stack: use_add copies the chain. After a failure of memory all parts go on
 * without adding, and features_find reports it at the end.
 */
#ifndef POLICY_ALPHA_FINDER_H
#define POLICY_ALPHA_FINDER_H

#include "policy/alpha/features.h"

struct finder {
	unsigned minor; /* clamped to what the catalogue knows */
	uint32_t bit;   /* of that minor */
	unsigned newer; /* the cluster's, where the catalogue does not know it yet; else 0 */
	const struct request *req;
	struct arena *arena;
	struct feature_uses *out;
	bool full;  /* the arena is */
	bool named; /* features_named asks */
	/*
	 * Comparisons with the old object that may still be made; when they are used up,
	 * what is left counts as new. Lists that were shuffled on purpose end here.
	 */
	size_t budget;
	const struct json *before, *before_of; /* the last old object's managedFields, and whose */
	uint8_t *switches;                     /* of switches_take */
};

#define FINDER_BUDGET 200000

/* One object: the request's, an item of a list, or a document of configuration. */
struct subject {
	struct gvk gvk;
	const struct json *object, *old; /* old NULL: all is new */
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

bool place_same(const struct place *a, const struct place *b);

/* The item of a list that a step names; NULL: none. */
const struct json *item_find(const struct json *list, const struct step *step);

/*
 * The same, as long as the budget lasts. Names may repeat (in env they do): the item of
 * that index is taken first, if it is one of them.
 */
const struct json *item_find_budgeted(struct finder *f, const struct json *list,
				      const struct step *step, size_t index);

/* ---- walk.c: gated fields and values ---- */

/* Called for each leaf of interest that the walk finds new. */
typedef void leaf_visit(struct finder *f, const struct subject *s,
			const struct catalogue_leaf *leaf, const struct place *place,
			const struct json *value, const struct json *old);

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

/* ---- the other parts ---- */

/* Do the request's options name a gated field? Without parsing. */
bool features_options_possible(const struct finder *f);

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
/* Words of a command line; `env` is the container's, for $(NAME) (may be NULL). */
struct command_line {
	const struct json *env;
	struct arena *arena;
	bool component; /* a word names a component */
	bool kubeadm;
	bool value_next; /* the last word was --feature-gates */
};
void switches_words(struct switches *s, struct command_line *line, const struct json *words,
		    unsigned origin);
/* Report what is on now, and was not on before (old may be NULL). places[] by origin. */
void switches_report(struct finder *f, const struct switches *now, const struct switches *old,
		     const struct place *const *places);

/* Is it the name of a program, or of an image, that reads component gates? */
bool switches_read_by_command(struct str word);
bool switches_read_by_image(struct str image);

#endif
