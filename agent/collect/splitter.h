/* SPDX-License-Identifier: Apache-2.0
 * splitter.h - an answer of the API server to its items, as the bytes arrive.
 *
 * A list holds {"metadata":{"continue":".."},"items":[{..},{..}]}, a table
 * {"columnDefinitions":[..],"rows":[..]}. One item is in memory at a time; an item that is too
 * large is passed over and told as such. The shape of all of it is checked (brackets, commas,
 * strings), not what stands in numbers and words: who takes the items reads them with the strict
 * reader. No recursion; each byte is looked at once.
 */
#ifndef AGENT_COLLECT_SPLITTER_H
#define AGENT_COLLECT_SPLITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

#define SPLITTER_ITEM_MAX (4u << 20)   /* bytes of an item; a larger one is passed over */
#define SPLITTER_META_MAX (64u << 10)  /* of the list's metadata; its page token is the largest */
#define SPLITTER_COLS_MAX (256u << 10) /* of a table's columnDefinitions */
#define SPLITTER_DEPTH    128
#define SPLITTER_KEY_MAX  32 /* of a key at the top; longer ones are none of ours */

enum splitter_shape {
	SPLITTER_WHOLE, /* the answer is the item */
	SPLITTER_LIST,
	SPLITTER_TABLE,
};

/* Bytes are the splitter's until the next call. False ends it: splitter_feed gives -1, err
 * untouched. */
struct splitter_ops {
	bool (*item)(void *ctx, struct str item);
	bool (*oversize)(void *ctx, uint64_t bytes);
	bool (*columns)(void *ctx, struct str definitions); /* a table's, before its first row */
};

struct splitter;

/* NULL: no memory. */
struct splitter *splitter_new(enum splitter_shape shape, const struct splitter_ops *ops, void *ctx);
void splitter_free(struct splitter *s); /* NULL is fine */

/* Begin the next answer of the same shape. */
void splitter_reset(struct splitter *s);
/* -1: err, or an operation said no. Do not go on, then. */
int splitter_feed(struct splitter *s, const char *bytes, size_t n, struct err *err);
/* The answer has ended: is it whole? -1: err. */
int splitter_finish(const struct splitter *s, struct err *err);
/* The list's metadata: {NULL, 0} if it has none. Until the next reset. */
struct str splitter_metadata(const struct splitter *s);

#endif
