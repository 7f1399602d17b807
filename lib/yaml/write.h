/* SPDX-License-Identifier: Apache-2.0
 * write.h - writes YAML or JSON, a value at a time.
 *
 * YAML comes out as the policies are written: mappings in lines, short lists in
 * brackets, texts without quotes only where every reader takes them for texts.
 * A value inside a mapping has a key, an item of a list has none (NULL).
 */
#ifndef LIB_YAML_WRITE_H
#define LIB_YAML_WRITE_H

#include <stdbool.h>

#include "lib/base/strings.h"

#define EMIT_DEPTH 16

struct emit {
	struct text *out;
	bool json;
	unsigned depth;
	struct emit_level {
		bool list, flow, any;
		unsigned indent;
		bool inlined; /* a mapping that is an item: its first key stands behind "- " */
	} levels[EMIT_DEPTH];
};

void emit_init(struct emit *e, bool json, struct text *out); /* opens a mapping */
void emit_done(struct emit *e);                              /* closes it */

/* flow: on one line, in brackets. Each is closed by emit_end. */
void emit_map(struct emit *e, const char *key, bool flow);
void emit_list(struct emit *e, const char *key, bool flow);
void emit_end(struct emit *e);

void emit_str(struct emit *e, const char *key, struct str value);
void emit_bool(struct emit *e, const char *key, bool value);
void emit_number(struct emit *e, const char *key, size_t value);
void emit_strings(struct emit *e, const char *key, const struct strings *list);

/* Behind the line that was begun last. YAML alone; nothing when file is NULL. */
void emit_origin(struct emit *e, const char *file, unsigned line);
void emit_comment(struct emit *e, const char *text);

#endif
