/*
 * json.h - the strict reader of JSON: bytes to nodes in an arena.
 *
 * RFC 8259, valid UTF-8 (RFC 3629), no duplicate keys, no recursion, a depth
 * and a node limit. Strings keep their length, so a NUL behind \u0000 is a byte
 * like any other; numbers keep their text, so 1 and 1.0 differ and no digit is
 * lost. cJSON is not used here: it cuts a string at \u0000 (two Corefiles that
 * differ behind it would compare equal), compares keys without case, and takes
 * the first of two equal keys.
 *
 * Nodes point into the input where a string holds no escape, and into the arena
 * where it does: input and arena must outlive the nodes. The input is not changed.
 */
#ifndef POLICY_JSON_H
#define POLICY_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "oke/arena.h"
#include "oke/err.h"
#include "oke/str.h"

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json {
	struct json *next; /* the next element or member; NULL: the last */
	union {
		struct json *child; /* JSON_ARRAY, JSON_OBJECT: the first; NULL: empty */
		const char *text;   /* JSON_STRING: unescaped; JSON_NUMBER: as written */
	};
	const char *key; /* of a member of an object, unescaped */
	uint32_t key_len;
	uint32_t len : 29; /* text: bytes; array, object: number of children */
	uint32_t type : 3;
};

#define JSON_DEPTH_MAX     1024 /* what json_limits.depth may be at most */
#define JSON_DEPTH_DEFAULT 128

struct json_limits {
	unsigned depth; /* 1 is a scalar or an empty container; 0 means JSON_DEPTH_DEFAULT */
	size_t nodes;   /* 0: only the arena's limit bounds them */
};

/*
 * Read exactly one value (white space around it allowed). NULL with
 * ERR_SYNTAX ("byte 17: duplicate key \"a\""), ERR_LIMIT (depth, nodes, arena,
 * input over 256 MiB) or ERR_NOMEM.
 */
struct json *json_parse(struct str input, const struct json_limits *limits, struct arena *arena,
			struct err *err);

/*
 * Where is the value of the member `key` of the object that `input` holds?
 * Skips the other values without building nodes; used to keep an envelope's
 * objects as byte ranges, and to look at metadata.name. The range has no white
 * space around it; {NULL, 0} when there is no such member or the bytes are no
 * object. Does not validate what it skips beyond its shape.
 */
struct str json_skim(struct str input, struct str key);

static inline struct str
json_str(const struct json *j) /* text of a string or number, else absent */
{
	return j && (j->type == JSON_STRING || j->type == JSON_NUMBER)
		       ? (struct str){ j->text, j->len }
		       : (struct str){ NULL, 0 };
}

static inline struct str json_key(const struct json *j)
{
	return (struct str){ j->key, j->key_len };
}

/* The member of that name; NULL also when o is NULL or no object. Case-sensitive. */
const struct json *json_get(const struct json *o, struct str key);

/* Same value? Members in any order; numbers by their text; both may be NULL (absent). */
bool json_equal(const struct json *a, const struct json *b);

/*
 * A value as JSON on one line, cut to at most `limit` bytes of well-formed UTF-8 (for
 * messages: the caller escapes). Strings are written with their quotes.
 */
void json_print(const struct json *j, struct text *out);

#endif
