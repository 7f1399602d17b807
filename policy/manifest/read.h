/* SPDX-License-Identifier: Apache-2.0
 * read.h - a stream of YAML or JSON to documents; private to this room.
 */
#ifndef POLICY_MANIFEST_READ_H
#define POLICY_MANIFEST_READ_H

#include "policy/manifest/json_nodes.h"

#define REPEATS_MAX 20 /* repeated keys of a document that are kept */

struct manifest_read {
	struct yaml_input input;
	struct yaml_stream *yaml; /* NULL: JSON so far */
	unsigned before;          /* lines that JSON values took, before the YAML or the buffer */

	char *buffer; /* of JSON, and of the first bytes, by which the two are told apart */
	size_t n, room;
	size_t taken; /* bytes of the last value, still in the buffer */
	bool ended;   /* nothing is left to read */

	struct repeat { /* keys that stand twice, of the last document */
		unsigned line;
		char text[256];
	} repeats[REPEATS_MAX];
	size_t repeats_n;
};

void manifest_read_init(struct manifest_read *r, const struct yaml_input *input);
void manifest_read_done(struct manifest_read *r);

/* 1: the next document's root, in the arena; 0: the end; -1: err and *line, and no more. */
int manifest_read_next(struct manifest_read *r, struct arena *arena, struct yaml_node **root,
		       unsigned *line, struct err *err);

/* A line of a node in that of the stream. */
static inline unsigned manifest_read_line(const struct manifest_read *r, unsigned line)
{
	return r->before + line;
}

#endif
