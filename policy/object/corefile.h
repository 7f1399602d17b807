/* SPDX-License-Identifier: Apache-2.0
 * corefile.h - a Corefile as CoreDNS reads it: server blocks and their directives.
 *
 * The language is that of Caddy 1 (words, quotes, comments, braces); what stops CoreDNS was tried
 * with CoreDNS 1.12.4, and is tried again by `make coredns`. Work is linear in the text, but for
 * COREFILE_ZONES zones and COREFILE_DIRECTIVES directives, which are compared with each other.
 */
#ifndef POLICY_OBJECT_COREFILE_H
#define POLICY_OBJECT_COREFILE_H

#include "lib/base/arena.h"
#include "lib/json/json.h"

#define COREFILE_ZONES      128 /* of all server blocks; duplicates beyond are not told */
#define COREFILE_DIRECTIVES 128 /* of a Corefile; the edits of a longer one are not told */

/* ---- reading ---- */

struct corefile {
	struct str text;
	size_t at;
	struct str word; /* the current token, without its quotes */
	bool first;      /* of its line */
	bool held;       /* the next call gives the current token once more */
};

/* The next token; false at the end. */
bool corefile_next(struct corefile *f);

enum corefile_end { COREFILE_ENDS, COREFILE_BRACE_MISSING, COREFILE_BRACE_STRAY };

struct corefile_directive {
	struct str name, argument; /* the first argument, or "" */
	uint64_t mark;             /* of all its words: equal directives have equal marks */
};

/* The rest of the directive whose name is the current token. */
enum corefile_end corefile_read_directive(struct corefile *f, struct corefile_directive *out);

/* ---- what is done to a Corefile ---- */

/* What an edit adds, and where that belongs. A bit each. */
enum corefile_edit {
	COREFILE_SERVER = 1,   /* a server block: ConfigMap coredns-custom, a key *.server */
	COREFILE_OVERRIDE = 2, /* lines of the default block: a key *.override */
	COREFILE_OWN = 4,      /* something that the Corefile has: only its owner may */
};

/* 0: nothing but white space and comments, or it cannot be told. */
unsigned corefile_edits(struct str old, struct str new);

/* ---- ConfigMap coredns-custom ---- */

/*
 * How many things in the `data` of ConfigMap coredns-custom CoreDNS ignores or stops at; the first
 * in words (raw bytes of the object among them) into `first`, which may be NULL.
 */
size_t corefile_problems(const struct json *data, struct text *first);

struct corefile_problem {
	struct str key, word; /* raw; word may be empty: it is about the whole key */
	const char *what;
	bool unread; /* CoreDNS passes the key by; else it does not start */
};

/* The same, one call for each, in the order of the keys. Returns how many. */
size_t corefile_problems_each(const struct json *data,
			      void (*told)(void *ctx, const struct corefile_problem *p), void *ctx);
/* "`word` what": the problem without its key. */
void corefile_problem_print(const struct corefile_problem *p, struct text *out);

#endif
