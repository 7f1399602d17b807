/* SPDX-License-Identifier: Apache-2.0
 * watch.h - when is it worth looking whether files have changed?
 *
 * inotify tells at once: the folders that hold the named files, and the named
 * folders themselves, are watched, so that the swap of a mounted ConfigMap's
 * ..data link is seen, and a file that appears. Events come in bursts; they count
 * when it has been quiet for a moment, or when the burst does not end. inotify may
 * be missing (its limits, a network's file system, links into other folders):
 * besides, it is time to look every WATCH_POLL_MS.
 */
#ifndef LIB_SERVE_WATCH_H
#define LIB_SERVE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#define WATCH_POLL_MS   1000
#define WATCH_QUIET_MS  50
#define WATCH_BURST_MS  300 /* then a burst counts, though it goes on */
#define WATCH_PATHS_MAX 72

struct watch {
	int fd; /* -1: no inotify */
	const char *paths[WATCH_PATHS_MAX];
	size_t paths_n;
	long long first, last; /* when the burst began, and its last event; 0: none */
	long long looked;      /* when it was last time to look */
};

/* The paths stay the caller's. Times are milliseconds of clock_ms. */
void watch_init(struct watch *w, const char *const *paths, size_t n);
void watch_done(struct watch *w);

/* For poll(2), POLLIN; -1: nothing to wait for now. Ask again each time. */
int watch_fd(const struct watch *w);
/* How long until it is time to look, if nothing more happens. */
long watch_wait(const struct watch *w, long long now);
/*
 * Take what inotify has told. true: it is time to look. Watches are set anew before that, so
 * that a change after the look is seen.
 */
bool watch_tick(struct watch *w, long long now);

#endif
