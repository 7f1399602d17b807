/* SPDX-License-Identifier: Apache-2.0
 * yaml.h - a stream of YAML to trees of nodes, one document at a time.
 *
 * The only place that knows libyaml; its event interface is used and every
 * amount is bounded: bytes of a document, depth, and by the arena's limit nodes
 * and text. No recursion. Two kinds of users:
 *
 *   plain   the policy loader: anchors, aliases, merge keys, tags are problems
 *   full    manifests: anchors, aliases, merge keys and tags are kept as written
 *
 * An alias stays a reference (YAML_ALIAS), never a copy. It cannot point to a node that contains
 * it, so following references ends; but nine lines can name a billion nodes: whoever
 * follows them counts the nodes that it visits. Merge keys are ordinary entries
 * with the plain key "<<". Keys are scalars (or aliases of scalars), and none
 * repeats in a mapping: "1" and 1 are the same key, as they are for Kubernetes.
 *
 * Scalars are text: what `yes` or 0x1f means is the user's business (`plain` tells
 * that no quotes stood around it).
 */
#ifndef LIB_YAML_YAML_H
#define LIB_YAML_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING, YAML_ALIAS };

struct yaml_node {
	struct yaml_node *next; /* the next item or entry; NULL: the last */
	struct yaml_node *key;  /* of an entry of a mapping; this node is the value */
	union {
		struct str text;          /* YAML_SCALAR; a NUL stands behind it */
		struct yaml_node *child;  /* YAML_SEQUENCE, YAML_MAPPING: the first */
		struct yaml_node *target; /* YAML_ALIAS; never an alias itself */
	};
	const char *tag;       /* "tag:yaml.org,2002:str", "!mine"; NULL: none. Full only */
	unsigned line, column; /* from 1, of the node's first character; column in characters */
	unsigned n;            /* items or entries */
	enum yaml_kind kind;
	bool plain; /* YAML_SCALAR: no quotes, no block scalar (| or >) */
	bool flow;  /* YAML_SEQUENCE, YAML_MAPPING: written in brackets, as JSON is */
	bool open;  /* for the reader: not yet closed */
};

struct yaml_place {
	unsigned line, column;
};

#define YAML_DEPTH_MAX   256  /* what yaml_options.depth may be at most */
#define YAML_ANCHORS_MAX 1000 /* of a document */

struct yaml_options {
	bool plain;
	unsigned depth; /* 1 is a scalar or an empty container */
	size_t bytes;   /* of a document, with the comments before it */
	size_t *nodes;  /* that may still be made, of this stream and others; NULL: any number */
	/*
	 * Problems that do not end the reading: repeated keys, and what plain excludes. The
	 * entry that repeats a key (or is a merge key, in plain) is then left out; an
	 * alias in plain is left in, as a YAML_ALIAS whose target is NULL.
	 */
	void (*problem)(void *ctx, struct yaml_place at, const char *text);
	void *ctx;
	/*
	 * Of entries that repeat a key the last stays, as Kubernetes' lenient readers have it, and
	 * merge keys are none that repeat. Else the first stays.
	 */
	bool last;
};

struct yaml_input {
	struct str text; /* read first; must stay as long as the stream */
	/* then, if not NULL: up to room bytes, *got 0 at the end; -1 with err */
	int (*read)(void *ctx, char *buf, size_t room, size_t *got, struct err *err);
	void *ctx;
};

struct yaml_stream;

/* NULL: out of memory. */
struct yaml_stream *yaml_stream_new(const struct yaml_input *input,
				    const struct yaml_options *options);
void yaml_stream_free(struct yaml_stream *s); /* NULL is fine */
static inline void yaml_stream_end(struct yaml_stream **s)
{
	yaml_stream_free(*s);
}

/*
 * The next document: 1 and its root, which lives in the arena (empty it between
 * documents, if they need not be kept); an empty document is an empty plain
 * scalar. 0 at the end of the stream. -1 when the stream cannot be read further:
 * ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM, or what read() said; the text is without place, yaml_stream_at
 * tells it.
 */
int yaml_stream_next(struct yaml_stream *s, struct arena *arena, struct yaml_node **root,
		     struct err *err);
struct yaml_place yaml_stream_at(const struct yaml_stream *s); /* of the last failure */

/* The node itself, or what the alias stands for; NULL for NULL. */
static inline struct yaml_node *yaml_deref(struct yaml_node *n)
{
	return n && n->kind == YAML_ALIAS ? n->target : n;
}

#endif
