/* SPDX-License-Identifier: Apache-2.0
 * learn.h - who did what to which guarded object: what a server remembers, and several merged.
 *
 * OKE's own add-on manager acts under a name that nobody publishes. Before it
 * can be exempted it has to be seen: the server remembers, for identities that
 * it does not know, and in modes that deny nobody for everybody, which rule they
 * met on which object. Nothing else: no value, no path, no group.
 *
 * Bounded: so many rows, so many objects of one identity and rule, names of a
 * length that is written down; what does not fit is counted. Rows are sorted, so
 * no names that a client makes up can slow it down. Any thread may call.
 */
#ifndef POLICY_LEARN_H
#define POLICY_LEARN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oke/policy.h"

struct json;

#define LEARN_ROWS     1024  /* of a server */
#define LEARN_MERGED   16384 /* of `learn show`: several servers' */
#define LEARN_SHARE    16    /* an identity's objects under one rule: this part of all rows */
#define LEARN_FILE_MAX (4u << 20)

enum learn_part {
	LEARN_USER,
	LEARN_POLICY,
	LEARN_RULE,
	LEARN_KIND,
	LEARN_NAMESPACE,
	LEARN_NAME,
	LEARN_PARTS
};

struct learn_row {
	struct str part[LEARN_PARTS];
	enum identity_class class;
	uint64_t count;
	int64_t first, last; /* seconds since the epoch */
	char text[];
};

struct learn {
	pthread_mutex_t lock; /* of what follows */
	struct learn_row **rows;
	size_t n, room, max;
	size_t bytes, bytes_max; /* of the names in all rows; without a bound after learn_init */
	uint64_t left_out;       /* events that did not fit */
	bool changed;            /* since learn_print */
};

void learn_init(struct learn *l, size_t max);
void learn_done(struct learn *l);

/* A review was judged: keep what is to be kept of it. now: seconds since the epoch. */
void learn_verdict(struct learn *l, const struct request *req, const struct verdict *v,
		   int64_t now);
/* How many rows, and how many events did not fit. */
void learn_size(struct learn *l, size_t *rows, uint64_t *left_out);
bool learn_changed(struct learn *l);

/* {"leftOut":0,"rows":[...]} for a larger document; the caller's. NULL: no memory. */
struct cJSON *learn_json(struct learn *l);
/* {"learned":{...}} and a newline, malloc'd: a state file. NULL: no memory. */
char *learn_print(struct learn *l, size_t *len);
/* Any such document on one line, with a newline, malloc'd. NULL: no memory. */
char *learn_print_line(const struct cJSON *root, size_t *len);
/*
 * Add what a document's member `learned` holds: a state file, or what /statusz or the agent's
 * /learned shows.
 * Nothing is added when anything in it is not as learn_json writes it.
 */
int learn_read(struct learn *l, struct str json, struct err *err);
/* The same of a document that is parsed already. */
int learn_read_parsed(struct learn *l, const struct json *root, struct err *err);

#endif
