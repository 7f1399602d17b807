/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook/learn_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/files.h"

#define NEW_SUFFIX    ".new"
#define BROKEN_SUFFIX ".broken"

/* ---- files ---- */

static int learn_keep_failed(struct err *err, const char *doing, const char *file)
{
	return err_set(err, ERR_IO, "cannot %s %.300s: %s", doing, file, strerror(errno));
}

char *learn_file(const char *file, size_t *len, struct err *err)
{
	/* A FIFO must not hang us. */
	scoped(fd_end) int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	char *text;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		learn_keep_failed(err, "read", file);
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > LEARN_FILE_MAX) {
		err_set(err, ERR_LIMIT, "%.300s is %s", file,
			S_ISREG(st.st_mode) ? "larger than 4 MiB" : "no regular file");
		return NULL;
	}
	if (!(text = malloc((size_t)st.st_size + 1))) {
		err_nomem(err);
		return NULL;
	}
	if ((n = file_read_up_to(fd, text, (size_t)st.st_size)) < 0) {
		learn_keep_failed(err, "read", file);
		free(text);
		return NULL;
	}
	*len = (size_t)n;
	return text;
}

static int learn_keep_write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno != EINTR)
			return -1;
		s += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return fsync(fd);
}

/* The rename itself is to survive, too. */
static void learn_keep_sync_folder(const char *file)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s", file);
	fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd); /* some file systems cannot: the file is there all the same */
	close(fd);
}

/* Is it a regular file itself, no link to one, or nothing at all yet? Else it is somebody's. */
static bool file_is_ours(const char *file)
{
	struct stat st;

	return lstat(file, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode);
}

static int not_ours(struct err *err, const char *file)
{
	return err_set(err, ERR_IO, "%.300s is no regular file: it is left as it is", file);
}

/* FILE with a suffix. */
static int learn_keep_beside(const char *file, const char *suffix, char out[PATH_MAX],
			     struct err *err)
{
	if (snprintf(out, PATH_MAX, "%s%s", file, suffix) >= PATH_MAX)
		return err_set(err, ERR_LIMIT, "the name of --learn-state is too long");
	return 0;
}

static int learn_keep_replace(const char *file, const char *text, size_t n, struct err *err)
{
	char next[PATH_MAX];
	scoped(fd_end) int fd = -1;

	if (learn_keep_beside(file, NEW_SUFFIX, next, err) < 0)
		return -1;
	if (!file_is_ours(file) || !file_is_ours(next))
		return not_ours(err, file_is_ours(file) ? next : file);
	unlink(next); /* left behind by a crash; and never write through somebody's link */
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return learn_keep_failed(err, "write", next);
	if (learn_keep_write_all(fd, text, n) < 0 || rename(next, file) < 0) {
		learn_keep_failed(err, "write", next);
		unlink(next);
		return -1;
	}
	learn_keep_sync_folder(file);
	return 0;
}

/* ---- the keeper ---- */

static void learn_keep_log(const struct learn_keeper *k, const char *msg, const struct err *err)
{
	struct log_line l;

	log_begin(&l, k->log, LOG_WARN, msg);
	log_text(&l, "error", err->msg);
	log_end(&l);
}

static int rename_broken(const char *file, struct err *err)
{
	char broken[PATH_MAX];

	if (learn_keep_beside(file, BROKEN_SUFFIX, broken, err) < 0)
		return -1;
	if (!file_is_ours(broken))
		return not_ours(err, broken);
	return rename(file, broken) < 0 ? learn_keep_failed(err, "rename", file) : 0;
}

static void learn_keep_set_aside(const struct learn_keeper *k, const struct err *why)
{
	struct err err;

	learn_keep_log(k, "the learned state cannot be used; it is set aside, learning starts over",
		       why);
	if (rename_broken(k->file, &err) < 0)
		learn_keep_log(k, "the learned state cannot be set aside", &err);
}

void learn_keep_begin(struct learn_keeper *k)
{
	scoped(free_end) char *text = NULL;
	struct err err;
	size_t len;

	if (k->file && !file_is_ours(k->file)) {
		not_ours(&err, k->file);
		learn_keep_log(k, "--learn-state names no regular file; nothing is kept", &err);
		k->file = NULL;
	}
	if (!k->file || (access(k->file, F_OK) < 0 && errno == ENOENT))
		return;
	if (!(text = learn_file(k->file, &len, &err))) {
		if (err.kind == ERR_LIMIT)
			learn_keep_set_aside(k, &err);
		else
			learn_keep_log(k, "the learned state cannot be read; learning starts over",
				       &err);
		return;
	}
	if (learn_read(k->learn, (struct str){ text, len }, &err) < 0)
		learn_keep_set_aside(k, &err);
	else
		k->learn->changed = false; /* no worker is there yet */
}

static void learn_keep_save(struct learn_keeper *k)
{
	scoped(free_end) char *text = NULL;
	struct err err;
	size_t len;
	int status;

	if (!k->file || (!k->failed && !learn_changed(k->learn)))
		return;
	if (!(text = learn_print(k->learn, &len)))
		status = err_nomem(&err);
	else
		status = learn_keep_replace(k->file, text, len, &err);
	if (status < 0 && !k->failed)
		learn_keep_log(k, "the learned state cannot be written; it is tried again", &err);
	k->failed = status < 0;
}

void learn_keep_tick(struct learn_keeper *k, long long now)
{
	if (now < k->next)
		return;
	learn_keep_save(k);
	k->next = now + LEARN_SAVE_MS;
}

void learn_keep_end(struct learn_keeper *k)
{
	learn_keep_save(k);
}
