/* SPDX-License-Identifier: Apache-2.0
 * reload.h - what is in force follows its files: a set, whatever it is of, and the
 * certificate.
 *
 * The next set is built whole and checked, then published: a request keeps the
 * set it began with, which is freed when the last one leaves it. Files that hold
 * no sound set leave the last one in force, for RELOAD_PATIENCE_MS: kubelets bring
 * ConfigMaps one by one. Then, and at the start, what is sound is put in force and
 * the smallest unsound units are left out. What is wrong is logged, counted and
 * shown, once for each change, and once a minute as long as something is left out.
 *
 * All of it happens on the thread that calls reload_tick; reload_state may be
 * called from any.
 */
#ifndef LIB_SERVE_RELOAD_H
#define LIB_SERVE_RELOAD_H

#include <pthread.h>
#include <stdint.h>

#include "lib/base/slot.h"
#include "lib/base/str.h"
#include "lib/serve/log.h"
#include "lib/serve/metrics.h"
#include "lib/serve/certificate.h"
#include "lib/serve/watch.h"

#define RELOAD_WHY_MAX     512
#define RELOAD_PATIENCE_MS 120000
#define RELOAD_REMIND_MS   60000

struct reload_state {
	int64_t loaded;           /* when the set in force was loaded, seconds since the epoch */
	int64_t failed;           /* when the files were found broken; 0: they are not */
	size_t errors;            /* in the files, then */
	size_t left_out;          /* of the set in force: what is unsound */
	char why[RELOAD_WHY_MAX]; /* the first of them, FILE:LINE:COLUMN: ... */
};

/* The state of a set's files: other marks, other files. See oke/policy.h. */
struct reload_mark {
	uint64_t identity, contents;
	bool fresh;
};

/* What is wrong with the files, a line each. */
typedef void reload_message(void *ctx, bool error, const char *text);

/* What the set is of. ctx is reload's. */
struct reload_ops {
	/*
	 * Whole or not at all. NULL: the messages say why; *errors is how many there are. lenient:
	 * what is unsound is left out, and NULL for want of memory alone.
	 */
	struct shared *(*load)(void *ctx, bool lenient, reload_message *message, void *message_ctx,
			       size_t *errors);
	struct shared *(*bare)(void *ctx); /* without any file; NULL: no memory even for that */
	/* The i-th of what a set leaves out, in words and why. false: there are fewer. */
	bool (*left_out)(struct shared *set, size_t i, struct str *what, struct str *why);
	size_t (*left_out_n)(struct shared *set);
	void (*mark)(void *ctx, bool contents, struct reload_mark *out);
	/* Files and folders to watch, at most room; how many. */
	size_t (*paths)(void *ctx, const char **out, size_t room);
	/* What a set holds, for the log. */
	void (*describe)(struct shared *set, struct log_line *l);
	/* That set is in force: forget what was counted of others. */
	void (*follow)(void *ctx, struct shared *set);
	/* Messages of the log: above a message of the loader; after a success; after a failure. */
	const char *subject, *reloaded, *failed;
};

struct reload {
	/* The caller's, filled in before reload_start. */
	const char *command; /* "oke-guard serve": before each message on stderr */
	const struct reload_ops *ops;
	void *ctx;
	struct slot *slot; /* of what ops load; empty */
	struct serving_cert *certificate;
	struct metrics *metrics;
	struct log *log;
	bool strict; /* nothing is left out: at the start that is the end */

	struct watch watch;
	struct reload_mark mark; /* of what was last loaded, or tried */
	long long unsound_since; /* clock_ms(); 0: the last that was tried is in force */
	long long reminded;      /* when it was last said that something is left out */
	unsigned tidy;           /* how often reload_tidy is still to do its work */
	pthread_mutex_t lock;    /* of state */
	struct reload_state state;
};

/*
 * Load the first set, and watch its files from then on. -1: there is none; where it is strict what
 * is wrong has been written to stderr.
 */
int reload_start(struct reload *r);
/* The certificate's files too, once serving_start has read them. */
void reload_watch(struct reload *r);
void reload_done(struct reload *r);

/* For poll(2), POLLIN, or -1; and how many milliseconds reload_tick may wait. */
int reload_fd(const struct reload *r);
long reload_wait(const struct reload *r, long long now_ms);
/* Put in force what has changed, if it is time to look. now_ms: clock_ms(). */
void reload_tick(struct reload *r, long long now_ms);
/* Load again, though no file has changed: the source itself has. */
void reload_now(struct reload *r);
/* Read all files again, the certificate's too: somebody asked for it. */
void reload_all(struct reload *r);
/*
 * Give back the memory that reading took, and forget what requests have counted that were still
 * under the old set; call about every second.
 */
void reload_tidy(struct reload *r);

void reload_state(struct reload *r, struct reload_state *out);

#endif
