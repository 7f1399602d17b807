/* SPDX-License-Identifier: Apache-2.0
 * build.h - puts the nodes of one YAML document together; private to yaml.c.
 *
 * Knows nothing of libyaml. Places, texts, tags and anchors come in, a tree in
 * the arena comes out. All functions that can fail give -1, fill err and leave the
 * place of the trouble in `at`.
 */
#ifndef LIB_YAML_BUILD_H
#define LIB_YAML_BUILD_H

#include "lib/yaml/yaml.h"

struct yaml_frame { /* a collection that is being filled */
	struct yaml_node *node, **last;
	struct yaml_node *key; /* read, its value not yet */
};

#define YAML_ANCHOR_SLOTS 2048

struct yaml_anchor {
	struct str name;
	struct yaml_node *node;
};

struct yaml_build {
	struct yaml_options options;
	struct arena *arena;
	struct yaml_node *root;
	struct yaml_frame frames[YAML_DEPTH_MAX];
	unsigned depth;
	struct yaml_anchor *anchors;
	size_t anchors_n;
	unsigned short *anchor_slots; /* a hash table: numbers of anchors, from 1 */
	struct yaml_place at;         /* of the last failure */
};

/* What stands before a node; NULL where there is none. */
struct yaml_marks {
	struct yaml_place at;
	const char *tag, *anchor;
};

void yaml_build_start(struct yaml_build *b, struct arena *arena); /* a document begins */
int yaml_build_scalar(struct yaml_build *b, const struct yaml_marks *marks, struct str text,
		      bool plain, struct err *err);
int yaml_build_alias(struct yaml_build *b, struct yaml_place at, const char *anchor,
		     struct err *err);
/* kind: YAML_SEQUENCE or YAML_MAPPING */
int yaml_build_open(struct yaml_build *b, const struct yaml_marks *marks, enum yaml_kind kind,
		    bool flow, struct err *err);
int yaml_build_close(struct yaml_build *b, struct err *err);

#endif
