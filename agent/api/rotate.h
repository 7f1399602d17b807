/* SPDX-License-Identifier: Apache-2.0
 * rotate.h - certificates in the cluster: from what is there to the one next step.
 *
 * All state is in two objects: the Secret's parts below, and the caBundle of the
 * webhook configuration, which is a function of the Secret:
 *
 *     caBundle = previous-ca.crt + ca.crt + next-ca.crt, each where it is there
 *
 *     steady     current A                    caBundle A
 *     issue      current A, next B            caBundle A      B is not served
 *     write      current A, next B            caBundle A B
 *     trusted    ... read back: since when    caBundle A B    wait: API servers' caches
 *     swap       current B, previous A        caBundle A B    the same bytes
 *     served     ... read back: since when    caBundle A B    wait: kubelets, replicas
 *     drop       current B                    caBundle B
 *
 * The next pair is the agent's own work, or another's: what cert-manager wrote into a Secret of its
 * own is taken as the next one (rotate_order's source), so that a CA of it that is new is trusted
 * before a pair of it is served.
 *
 * Each step writes one object, and only if nobody has changed it since it was read,
 * so a crash between any two leaves a state from which the next one follows; two
 * agents at once get in each other's way but do no harm.
 *
 * Nothing here reads a clock, calls anybody or logs. The time is the API server's: it is
 * that clock which certificates are judged by.
 */
#ifndef AGENT_ROTATE_H
#define AGENT_ROTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum store_part {
	PART_CERT, /* what replicas serve */
	PART_KEY,
	PART_CA,
	PART_NEXT_CERT, /* issued, not served yet */
	PART_NEXT_KEY,
	PART_NEXT_CA,
	PART_PREVIOUS_CA,   /* replicas may still serve a certificate of it */
	PART_TRUSTED_SINCE, /* annotations: when the next CA was read back from ... */
	PART_TRUSTED_BY,    /* ... this state of the configuration, "<uid>/<generation>" */
	PART_SERVED_SINCE,  /* when the current pair became the current one */
	PARTS_N
};

struct store_part_def {
	const char *name;
	bool annotation; /* else a key of the Secret's data */
	bool secret;     /* a key: it is never told to anybody */
};
extern const struct store_part_def store_parts[PARTS_N];

/* What the Secret holds; n is 0 where nothing. */
struct store {
	struct str part[PARTS_N];
};

/* What the API server knows of the webhook configuration. */
struct in_force {
	struct str bundle; /* all CAs that any of its entries has, PEM; empty: none */
	struct str state;  /* "<uid>/<generation>" */
	bool wanted;       /* it is just as rotate_bundle and the policies want it */
};

struct rotate_order {
	const char *const *names; /* that the certificate must hold */
	size_t names_n;
	int64_t overlap; /* seconds */
	int64_t now;
	/* Where pairs come from: the first three parts. NULL: they are issued. May be empty. */
	const struct store *source;
};

#define ROTATE_DAYS  365
#define ROTATE_SHORT 30 /* seconds to wait for API servers where the current pair is of no use */

enum rotate_step {
	ROTATE_STEADY,
	ROTATE_FIRST,        /* a pair, at once: nobody trusts or serves any */
	ROTATE_ADOPT,        /* ca.crt is lost; the caBundle in force knows it */
	ROTATE_ISSUE,        /* the next pair into the Secret */
	ROTATE_WRITE,        /* the webhook configuration */
	ROTATE_TRUSTED,      /* note that the next CA was read back */
	ROTATE_WAIT_TRUSTED, /* until `at` */
	ROTATE_SWAP,         /* the next pair becomes the current one */
	ROTATE_SERVED,       /* note that this was read back */
	ROTATE_WAIT_SERVED,  /* until `at` */
	ROTATE_DROP,         /* the previous CA */
	ROTATE_TIDY,         /* what stands for next and is of no use */
	ROTATE_TAKE,      /* the source's pair, at once: it is of the CA that is trusted anyway */
	ROTATE_WAIT_PAIR, /* nothing can be served, and the source has nothing either */
	ROTATE_STEPS_N
};
const char *rotate_step_name(enum rotate_step s); /* "wait-trusted" */

struct rotate_plan {
	enum rotate_step step;
	int64_t at;      /* of the WAIT steps */
	bool good;       /* the current pair can be served and is trusted by ca.crt */
	int64_t expires; /* of the current pair; 0: there is none */
	int64_t renew; /* when its renewal is due; 0: there is none, or the source's maker knows */
	char why[256]; /* it is not good: why, in words */
	char why_source[256]; /* with a source: its pair is of no use, and why; empty: it is good */
	bool ran_out; /* memory ran out while pairs were looked at: the step must not be taken */
};

/* The caBundle that the Secret asks for (ROTATE_WAIT_PAIR: what is in force stays); in the arena. s
 * is NULL when there is no room. */
struct str rotate_bundle(const struct store *s, struct arena *arena);

/* The one next step. */
void rotate_plan(const struct store *s, const struct in_force *f, const struct rotate_order *order,
		 struct rotate_plan *out);

/*
 * What the Secret is to hold after the step: a copy of *s with what the step changes; new texts
 * are in the arena. Steps that do not write the Secret change nothing. -1: the certificate could
 * not be issued, or no room.
 */
int rotate_apply(const struct store *s, const struct in_force *f, const struct rotate_order *order,
		 const struct rotate_plan *plan, struct arena *arena, struct store *out,
		 struct err *err);

#endif
