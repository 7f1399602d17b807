/* SPDX-License-Identifier: Apache-2.0
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
#ifndef LIB_JSON_JSON_H
#define LIB_JSON_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/*
 * Children stand in the order of the input, but the members of an object of more
 * than JSON_UNSORTED in that of their keys (str_cmp): so no object that a client
 * makes up can cost quadratic time to check or to compare.
 */
#define JSON_UNSORTED 16

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

/*
 * The member `member` of the root's member `of` is left unread: its node is a JSON_STRING
 * that holds the bytes of its value, which have the shape of one but are not validated.
 */
struct json_opaque {
	struct str of, member;
};

struct json_limits {
	unsigned depth; /* 1 is a scalar or an empty container; 0 means JSON_DEPTH_DEFAULT */
	size_t nodes;   /* 0: only the arena's limit bounds them */
	const struct json_opaque *opaque; /* or NULL */
};

/*
 * Read exactly one value (white space around it allowed); limits may be NULL. NULL with
 * ERR_SYNTAX ("byte 17: duplicate key \"a\"", counted from 0), ERR_LIMIT (depth, nodes,
 * arena, input over 256 MiB) or ERR_NOMEM. Takes at most 32 bytes of the arena a value,
 * the length of each string with an escape, and 64 bytes a level of depth.
 */
struct json *json_parse(struct str input, const struct json_limits *limits, struct arena *arena,
			struct err *err);

/*
 * Read two values, of which the second is mostly a copy of the first, as the two objects of an
 * UPDATE are. Each is accepted or refused as json_parse would; 0 or -1. But where a container
 * has the same bytes at the same place of both, the second may share the first's children
 * (json_shared), and what is shared counts once against the limits of nodes and arena. Takes 48
 * bytes for a container of the first. Who changes the trees must mind what they share.
 */
int json_parse_pair(struct str first, struct str second, const struct json_limits *limits,
		    struct arena *arena, struct json *out[2], struct err *err);

/*
 * Step through the members of the object that `input` holds, without building nodes:
 *
 *   for (struct json_member m = { 0 }; json_skim_next(input, &m);)
 *
 * Ends when there are no more, or where the bytes are no object. Key and value are ranges
 * of the input: the key between its quotes, not unescaped; the value with no white space
 * around it, in the shape of one but not validated. Any bytes are safe.
 */
struct json_member {
	struct str key, value;
	bool whole; /* after the end: it was the closing brace, and nothing stands behind it */
	const char *next; /* private */
};
bool json_skim_next(struct str input, struct json_member *m);

/*
 * Step into a value instead of over it, so that nothing is passed twice:
 *
 *   while (json_skim_key(input, &m)) {
 *           struct json_member in = { 0 };
 *           ... json_skim_next(m.value, &in), or json_skim_value(input, &m) to step over it ...
 *           ... json_skim_leave(&m, &in), which is false if the object did not end there
 *
 * After json_skim_key, m.value reaches from the value's first byte to the end of the input.
 */
bool json_skim_key(struct str input, struct json_member *m);
bool json_skim_value(struct str input, struct json_member *m);
bool json_skim_leave(struct json_member *m, const struct json_member *in);

/* Behind the value that begins at p, found as json_skim_value does; NULL: it does not end. */
const char *json_skim_end(const char *p, const char *end);
/* The value ends there; false: NULL, it does not end. */
bool json_skim_to(struct json_member *m, const char *end);

/*
 * What is open at each 64 bytes of an object, noted while it is passed over: another one that is
 * mostly a copy of it is then looked at where they differ, and compared elsewhere.
 * json_skim_tracked and json_skim_beside find what json_skim_value finds, whatever the bytes,
 * unless a backslash stands outside a string: no JSON has it there, and an end within the input is
 * found, or none. The first takes no note where track is NULL. Its object must stay while the
 * second is passed over.
 */
#define JSON_TRACK_MAX 2048 /* times 64 bytes: from there on the second is passed over as ever */
struct json_track {
	const char *begin, *end; /* behind the opening brace, and behind the closing one */
	size_t n;                /* 0: nothing was noted, and begin and end are not set */
	uint32_t open[JSON_TRACK_MAX];
};
bool json_skim_tracked(struct str input, struct json_member *m, struct json_track *track);
bool json_skim_beside(struct str input, struct json_member *m, const struct json_track *track);

/*
 * Is all of raw a string of printable ASCII without an escape? Then its text is what json_parse
 * would give, a range of raw; false says nothing: json_parse tells.
 */
bool json_plain(struct str raw, struct str *text);

/*
 * The same of n members with such strings, all that the object holds, written in one way: the first
 * begins as begins[0], {"name":" with the quote of its value, the others with their comma. texts is
 * of n; it may be written in part where the answer is false.
 */
bool json_plain_members(struct str raw, const struct str *begins, size_t n, struct str *texts);

/* Is the raw key, once unescaped, that name? */
bool json_skim_is(struct str raw, struct str name);

/*
 * Where is the value of the first member `key` of the object that `input` holds?
 * Used to keep an envelope's objects as byte ranges, and to look at metadata.name.
 * {NULL, 0} when there is no such member or the bytes are no object.
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

/* Containers with the very same children, or none: they are equal without a look at them. */
static inline bool json_shared(const struct json *a, const struct json *b)
{
	return a->type >= JSON_ARRAY && a->type == b->type && a->child == b->child &&
	       a->len == b->len;
}

/* The member of that name; NULL also when o is NULL or no object. Case-sensitive. */
const struct json *json_get(const struct json *o, struct str key);

/* Same value? Members in any order; numbers by their text; both may be NULL (absent). */
bool json_equal(const struct json *a, const struct json *b);
/* The same, and add to *steps what the comparison took (oke/arena.h). */
bool json_equal_steps(const struct json *a, const struct json *b, size_t *steps);

/*
 * A value as JSON on one line (nothing for NULL), cut where the text's limit is reached:
 * then `full` is set, and what is there is well-formed UTF-8 still. For messages: only what
 * JSON demands is escaped.
 */
void json_print(const struct json *j, struct text *out);

/* The same for a string. */
void json_quote(struct str s, struct text *out);

/* The inside of a JSON string, printable ASCII: \n, \u202e, \ud83d\ude00; a byte that is
 * no UTF-8 becomes \ufffd. */
void json_escape(struct str raw, struct text *out);

#endif
