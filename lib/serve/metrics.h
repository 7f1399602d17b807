/* SPDX-License-Identifier: Apache-2.0
 * metrics.h - numbers in the text format of Prometheus, and what every program of
 * ours counts: what was given up under load, what was read again, the process.
 *
 * Any thread may count at any time, and waits for none that counts. No label has a
 * value that a client can choose.
 */
#ifndef LIB_SERVE_METRICS_H
#define LIB_SERVE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/str.h"

enum metrics_shed {                      /* what was given up so that the rest is served */
		    METRICS_BUDGET,      /* 429: the bodies in flight use up their memory */
		    METRICS_SLOW_SENDER, /* cut while memory was short */
		    METRICS_HANDSHAKE,   /* no TLS handshake within its time */
		    METRICS_HEADER,      /* no whole header within its time */
		    METRICS_BODY,        /* no whole body within its time */
		    METRICS_ANSWER,      /* did not take its answer within the time */
		    METRICS_CONNECTIONS, /* cut for a new one: see conns.h */
		    METRICS_DESCRIPTORS, /* closed unheard: there were no descriptors */
		    METRICS_BUSY,        /* 429: another large review was being judged */
		    METRICS_SHED_N
};

enum metrics_reload { /* what is read again when its files change */
		      METRICS_POLICIES,
		      METRICS_CERTIFICATE,
		      METRICS_RELOADS_N
};

struct metrics { /* zeroed */
	atomic_ullong shed[METRICS_SHED_N], no_memory;
	atomic_ullong reloads[METRICS_RELOADS_N][2]; /* error, ok */
};

void metrics_shed(struct metrics *m, enum metrics_shed reason);
void metrics_no_memory(struct metrics *m); /* a request was answered with 503 */
void metrics_reload(struct metrics *m, enum metrics_reload what, bool ok);
uint64_t metrics_reloads(const struct metrics *m, enum metrics_reload what, bool ok);

/* ---- writing ---- */

void metrics_add(atomic_ullong *counter, uint64_t n);
uint64_t metrics_get(const atomic_ullong *counter);

/* The two lines above the samples of a metric. */
void metrics_head(FILE *f, const char *name, const char *type, const char *help);
/* A metric of one sample. */
void metrics_value(FILE *f, const char *name, const char *type, const char *help, double v);
/* The text of a label, escaped. */
void metrics_print_label(FILE *f, struct str s);
/* A counter of n samples, a name each. */
void metrics_print_table(FILE *f, const char *name, const char *help, const char *label,
			 const char *const *names, const atomic_ullong *counts, size_t n);

void metrics_print_shed(FILE *f, const struct metrics *m);
void metrics_print_reloads(FILE *f, const struct metrics *m);
void metrics_print_process(FILE *f); /* the process_* families */

#endif
