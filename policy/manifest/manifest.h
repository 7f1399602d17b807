/* SPDX-License-Identifier: Apache-2.0
 * manifest.h - files of manifests to objects, one at a time.
 *
 * YAML (all documents, anchors, aliases, merge keys) and JSON (one value after the
 * other), Lists taken apart. Each object comes as JSON text, which is what is judged, with
 * the way back from a place in it to the line of the file.
 *
 * Bounded: a document by its bytes and memory; what its aliases blow up by the nodes that
 * are visited; an object by its bytes and depth. A stream of any length takes the memory
 * of its largest document. Nothing recurses on input.
 *
 * Read as kubectl reads it (scalar.h). Merge keys count in the order in which they
 * stand, as kubectl's reader has it. Repeated keys are problems.
 */
#ifndef POLICY_MANIFEST_MANIFEST_H
#define POLICY_MANIFEST_MANIFEST_H

#include "oke/policy.h"
#include "policy/object/path.h"
#include "lib/yaml/to_json.h"

#define MANIFEST_DOCUMENT_MAX (32u << 20)         /* bytes of a document */
#define MANIFEST_MEMORY_MAX   (512u << 20)        /* of a document's nodes */
#define MANIFEST_OBJECT_MAX   (8u << 20)          /* bytes of an object as JSON, as of a request */
#define MANIFEST_DEPTH_MAX    YAML_JSON_DEPTH_MAX /* of an object, as of a request */
#define MANIFEST_VISITS_MAX   8000000 /* nodes of a document; 64 bytes of text count as one */
#define MANIFEST_LISTS_MAX    8       /* Lists in Lists */

struct manifest_object {
	struct str json;
	struct gvk gvk;             /* of an item of a PodList that does not say it: Pod */
	struct str namespace, name; /* as written; absent: none */
	unsigned document;          /* from 1 */
	unsigned line;              /* where the object begins, from 1 */
};

struct manifest_problem {
	unsigned document, line;
	const char *text;
};

struct manifest_options {
	/*
	 * A document, or an object in it, that cannot be read. When the stream cannot be read
	 * further it is the last one.
	 */
	void (*problem)(void *ctx, const struct manifest_problem *problem);
	void *ctx;
};

struct manifest;

/* NULL: out of memory. What input reads from must live as long. */
struct manifest *manifest_new(const struct yaml_input *input,
			      const struct manifest_options *options);
void manifest_free(struct manifest *m); /* NULL is fine */
static inline void manifest_end(struct manifest **m)
{
	manifest_free(*m);
}

/*
 * The next object; false at the end. It is valid until the next call. What is no object
 * of Kubernetes (a mapping with apiVersion and kind) is passed over and counted.
 */
bool manifest_next(struct manifest *m, struct manifest_object *out);

/* Documents that were read so far and not empty, and those of them that held no object. */
unsigned manifest_documents(const struct manifest *m);
unsigned manifest_others(const struct manifest *m);

/*
 * The line of a place in the last object: of its key, or of the nearest that is there above it
 * (a default value, a setting inside a text).
 */
unsigned manifest_line(const struct manifest *m, const struct place *place);

#endif
