/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/serve/watch.h"

#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS                                                                                     \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ATTRIB)
#define EVENTS_ROOM 4096
/* Of one descriptor: folders that were moved away stay watched; then it is made anew. */
#define WATCHES_MAX 512

static int watch_add(const struct watch *w, const char *path)
{
	return inotify_add_watch(w->fd, path, EVENTS);
}

/* The folder that holds it: the path itself may come, go, or be replaced. */
static int watch_add_parent(const struct watch *w, const char *path)
{
	char folder[PATH_MAX];
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	if (n >= sizeof folder)
		return -1;
	memcpy(folder, n ? path : ".", n ? n : 1);
	folder[n ? n : 1] = '\0';
	return watch_add(w, folder);
}

/* What cannot be watched is polled. Watching the same folder again changes nothing. */
static int watch_add_all(const struct watch *w)
{
	int highest = 0;

	for (size_t i = 0; i < w->paths_n; i++) {
		int parent = watch_add_parent(w, w->paths[i]), own = watch_add(w, w->paths[i]);

		highest = parent > highest ? parent : highest;
		highest = own > highest ? own : highest;
	}
	return highest;
}

static void watch_arm(struct watch *w)
{
	if (w->fd >= 0 && watch_add_all(w) < WATCHES_MAX)
		return;
	if (w->fd >= 0)
		close(w->fd);
	if ((w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) >= 0)
		watch_add_all(w);
}

void watch_init(struct watch *w, const char *const *paths, size_t n)
{
	*w = (struct watch){ .fd = -1, .paths_n = n > WATCH_PATHS_MAX ? WATCH_PATHS_MAX : n };
	for (size_t i = 0; i < w->paths_n; i++)
		w->paths[i] = paths[i];
	if (w->paths_n)
		watch_arm(w);
}

void watch_done(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

int watch_fd(const struct watch *w)
{
	/* In a burst events wait until it is time to look at them, however many there are. */
	return w->first ? -1 : w->fd;
}

static long long watch_due(const struct watch *w)
{
	long long at = w->looked + WATCH_POLL_MS;

	if (w->first && w->last + WATCH_QUIET_MS < at)
		at = w->last + WATCH_QUIET_MS;
	if (w->first && w->first + WATCH_BURST_MS < at)
		at = w->first + WATCH_BURST_MS;
	return at;
}

long watch_wait(const struct watch *w, long long now)
{
	long long left = watch_due(w) - now;

	if (!w->paths_n)
		return LONG_MAX;
	return left > 0 ? (long)left : 0;
}

/* What happened does not matter: files are compared. */
static void watch_take_events(struct watch *w, long long now)
{
	char buf[EVENTS_ROOM] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool any = false;

	while (w->fd >= 0 && read(w->fd, buf, sizeof buf) > 0)
		any = true;
	if (!any)
		return;
	w->last = now;
	if (!w->first)
		w->first = now;
}

bool watch_tick(struct watch *w, long long now)
{
	if (!w->paths_n)
		return false;
	watch_take_events(w, now);
	if (now < watch_due(w))
		return false;
	w->first = w->last = 0;
	w->looked = now;
	watch_arm(w);
	return true;
}
