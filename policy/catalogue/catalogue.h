/* SPDX-License-Identifier: Apache-2.0
 * catalogue.h - what is known about alpha features, compiled in.
 *
 * policy/catalogue/ holds the facts in readable form; compile.py makes one C file
 * of constant tables of them (build/gen/catalogue.c). Looking up allocates nothing.
 *
 * Fields hang in one trie for each kind; equal subtrees are stored once, so the
 * pod template of all workload kinds is one. Each node knows the minors in which
 * anything below it is of interest: a walk turns back where its minor is not.
 *
 *   kind apps/v1 Deployment -> node "" -spec-> node -template-> ... -hostUsers-> uses
 *
 * Texts are offsets into one block; each ends in NUL.
 */
#ifndef POLICY_CATALOGUE_CATALOGUE_H
#define POLICY_CATALOGUE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"

#define CATALOGUE_MINOR_MIN 24 /* the first minor whose fields are known: 1.24 */

extern const unsigned catalogue_minor_max; /* the newest minor that is known */
/* The newest that is known as a release; the one after it may be known as of a pre-release. */
extern const unsigned catalogue_minor_released;
extern const char catalogue_preliminary[]; /* "1.38.0-beta.0"; "": no minor is */

enum stage { STAGE_UNKNOWN, STAGE_ALPHA, STAGE_BETA, STAGE_GA, STAGE_DEPRECATED };

/* What a policy may ask for, a bit each (`features.stages`). */
#define FEATURE_ALPHA      1u
#define FEATURE_BETA_OFF   2u /* beta, off by default */
#define FEATURE_DEPRECATED 4u

/* What becomes of a gated field while its gate is off. */
enum gate_effect {
	EFFECT_UNKNOWN,
	EFFECT_DROPPED,  /* cleared before storage, without a word */
	EFFECT_REJECTED, /* refused by validation */
	EFFECT_IGNORED,  /* stored, without effect */
	EFFECT_KEPT,     /* stored, and dropped only in what is made of it */
	EFFECT_CONFIG,   /* a setting of a component */
	EFFECT_ACCEPTED  /* fine while off */
};

struct catalogue_stage { /* from that minor on */
	uint8_t minor, stage;
	uint8_t on;     /* by default: 0 off, 1 on, 2 not known */
	uint8_t locked; /* to the default */
};

struct catalogue_gate {                      /* sorted by name */
	uint32_t name, components, requires; /* "kubelet, kube-apiserver"; "" where not known */
	uint16_t stages, kep;                /* the first of stages_n; enhancement number or 0 */
	uint8_t stages_n;
	uint8_t from, gone; /* first minor that knows it; first that no longer does, or 255 */
	bool kubeadm;       /* a gate of kubeadm alone */
};

#define CATALOGUE_GATES 2       /* of one field, at most */
#define CATALOGUE_NONE  0xffffu /* no gate, no node */

struct catalogue_leaf { /* a gated field (value 0) or a gated value of one */
	uint16_t gates[CATALOGUE_GATES];
	uint16_t gates_n;
	uint8_t off, on; /* enum gate_effect: with the gate off; EFFECT_REJECTED where also on */
	uint32_t value;
	/* Minors, bit 0 is 1.24: the field exists and is guarded; its stage there. */
	uint32_t minors, alpha, beta_off, deprecated;
};

struct catalogue_edge { /* sorted by name within a node */
	uint32_t name;
	uint16_t len, node;
};

struct catalogue_node {
	uint64_t names; /* a bit for each edge's name (catalogue_name_bit): most lookups end here */
	uint32_t live;  /* minors in which a leaf here or below is of interest */
	uint16_t edges; /* the first of edges_n */
	uint16_t leaves; /* the first of leaves_n: for the value that stands here */
	uint16_t item;   /* node of each item, or each value of a map; or CATALOGUE_NONE */
	uint8_t edges_n, leaves_n;
	bool map; /* item is for the values of a map */
};

struct catalogue_kind { /* sorted by group, kind, version */
	uint32_t group, version, kind;
	uint16_t root;
	uint8_t where;           /* enum catalogue_where */
	uint16_t needs, needs_n; /* the first of its needs, those of all its versions */
};

/*
 * What the bytes of an object must hold, for any gated field of its kind to be in them or to be
 * named by managedFields or last-applied-configuration: all words of one need. A word is a name of
 * a member, or its last sixteen bytes (names that nearly all objects hold are left out, and those
 * of less than four bytes); or it is a spot.
 */
#define CATALOGUE_NEED_WORDS 6

struct catalogue_need {
	uint32_t minors; /* in which such a field is of interest */
	uint16_t words[CATALOGUE_NEED_WORDS];
	uint8_t words_n;
	bool status; /* the field is in the status */
};

/* Those that end in the same four bytes stand together. */
struct catalogue_word {
	/* As eight bytes are read, of which the last is the highest; the eight before them. */
	uint64_t tail, tail_mask, before, before_mask;
	uint16_t number;
	uint16_t inside; /* below CATALOGUE_INSIDES: spots are in its value; CATALOGUE_NONE */
	uint16_t spots, spots_n; /* that it is the name of */
	bool last;
};

/* A member somewhere in the value of another: restartPolicy in containers, not in the pod. */
#define CATALOGUE_INSIDES 24

struct catalogue_spot {
	uint32_t value; /* that the member must have, a text; 0: any */
	uint16_t number;
	uint16_t inside; /* of the other */
};

enum catalogue_where { IN_OBJECT, IN_OPTIONS, IN_CONFIG };

struct catalogue_api { /* an alpha version of a kind of Kubernetes' own groups */
	uint32_t group, version, kind, resource;
	uint32_t served;      /* minors that serve it when it is turned on */
	uint32_t replacement; /* "resource.k8s.io/v1 ResourceClaim", or "" */
	uint32_t note;
	uint16_t gate, gate2;     /* gate2 from minor gate2_from on; CATALOGUE_NONE: none */
	uint8_t gate2_from;       /* or 255 */
	uint8_t replacement_from; /* minor, or 0 */
};

struct catalogue_lifecycle { /* of alpha and beta kinds; sorted by group, kind, version */
	uint32_t group, version, kind;
	uint32_t replacement;                    /* "apps/v1 Deployment", or "" */
	uint8_t introduced, deprecated, removed; /* minors; 255: not stated */
};

enum key_type { KEY_ANNOTATION = 1, KEY_LABEL = 2, KEY_TAINT = 4, KEY_RESOURCE = 8 };

struct catalogue_key { /* those that are alpha in no known minor stand last */
	uint32_t key, used_on, gate, instead; /* used_on: "Namespace", "" for any kind */
	uint32_t alpha;                       /* minors in which it switches something alpha */
	uint8_t type;                         /* enum key_type */
	bool prefix;                          /* the key begins with it */
};

/* The tables; *_n count them. */
extern const char catalogue_texts[];
extern const struct catalogue_stage catalogue_stages[];
extern const struct catalogue_gate catalogue_gates[];
extern const struct catalogue_leaf catalogue_leaves[];
extern const struct catalogue_edge catalogue_edges[];
extern const struct catalogue_node catalogue_nodes[];
extern const struct catalogue_kind catalogue_kinds[];
extern const struct catalogue_need catalogue_needs[];
extern const struct catalogue_word catalogue_words[];
extern const struct catalogue_spot catalogue_spots[];
/*
 * Where the last four bytes of a name times the factor lead, their upper ten bits: they are there,
 * or in no word; and of the four before them, times the factor, the upper six bits are a bit there.
 */
extern const uint32_t catalogue_word_factor, catalogue_word_ends[1024];
extern const uint64_t catalogue_word_before[1024];
extern const uint16_t catalogue_word_first[1024];
extern const struct catalogue_api catalogue_apis[];
extern const struct catalogue_lifecycle catalogue_lifecycles[];
extern const struct catalogue_key catalogue_keys[];
extern const uint32_t catalogue_groups[]; /* Kubernetes' own API groups, sorted; texts */
extern const size_t catalogue_gates_n, catalogue_leaves_n, catalogue_nodes_n, catalogue_kinds_n,
	catalogue_apis_n, catalogue_lifecycles_n, catalogue_keys_n, catalogue_groups_n;

/* The words of names that rules ask for beside the tries. */
enum catalogue_rule_word { WORD_HOST_USERS, WORD_HOST_NETWORK, WORD_DNS_CONFIG, WORD_SEARCHES };
extern const uint16_t catalogue_rule_words[];

static inline const char *catalogue_text(uint32_t offset)
{
	return catalogue_texts + offset;
}

/* The minor that is judged by: a newer one is treated as the newest known, an older as the oldest.
 */
unsigned catalogue_minor(unsigned minor);

/* The bit of a minor (clamped) in a set of minors. */
uint32_t catalogue_bit(unsigned minor);

/* NULL: no gate of that name (names are case-sensitive, as the components' are). */
const struct catalogue_gate *catalogue_gate(struct str name, bool kubeadm);

/* What a gate is in a minor; NULL where that minor does not know it. Not clamped. */
const struct catalogue_stage *catalogue_stage(const struct catalogue_gate *gate, unsigned minor);

/* The bit FEATURE_* of a gate in a minor; 0: nothing of interest (ga, beta and on, unknown). */
unsigned catalogue_interest(const struct catalogue_gate *gate, unsigned minor);

/* The first minor in which the gate is beta (or ga); 0: none yet. */
unsigned catalogue_since(const struct catalogue_gate *gate, enum stage stage);

const char *catalogue_stage_name(enum stage stage); /* "alpha" */

/* The trie of a kind; NULL where it has no gated field. */
const struct catalogue_kind *catalogue_kind(struct str group, struct str version, struct str kind);

/* Of a name that is not empty; compile.py counts in the same way. */
static inline uint64_t catalogue_name_bit(struct str name)
{
	unsigned char first = (unsigned char)name.s[0], last = (unsigned char)name.s[name.n - 1];

	return UINT64_C(1) << ((first * 5u + last * 11u + name.n) % 64);
}

/* The child of that name; NULL: nothing of interest lies there. */
const struct catalogue_node *catalogue_child(const struct catalogue_node *node, struct str name);

/* Is it one of Kubernetes' own API groups? (gateway.networking.k8s.io is not.) */
bool catalogue_own_group(struct str group);

/* Does the version read alpha? ("v1alpha1", by the API server's own pattern.) */
bool catalogue_alpha_version(struct str version);

/*
 * What is known of an alpha API version of one of Kubernetes' own groups; kind may
 * be empty: any of that version. NULL: not in the table (it may be newer).
 */
const struct catalogue_api *catalogue_api(struct str group, struct str version, struct str kind);

/* Life cycle of an alpha or beta kind; NULL: none is stated. */
const struct catalogue_lifecycle *catalogue_lifecycle(struct str group, struct str version,
						      struct str kind);

/* A key of an annotation, label, taint or resource that is alpha in the minor; NULL: it is not. */
const struct catalogue_key *catalogue_key(struct str key, enum key_type type, struct str kind,
					  unsigned minor);

/* Called for each gated field and value of a kind; path as in spec.containers[*].image. */
typedef void catalogue_visit(void *ctx, const struct catalogue_kind *kind, struct str path,
			     const struct catalogue_leaf *leaf);
void catalogue_paths(const struct catalogue_kind *kind, catalogue_visit *visit, void *ctx);

/* "1.36", "v1.36.2", "1.36+": the minor, or 0 when the text is no version 1.x. */
unsigned catalogue_version(struct str version);

#endif
