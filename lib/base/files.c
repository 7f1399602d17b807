/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool file_is_yaml(const char *name)
{
	static const char *const tails[] = { ".yaml", ".yml", ".json" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		size_t tail = strlen(tails[i]);

		if (n > tail && !strcmp(name + n - tail, tails[i]))
			return true;
	}
	return false;
}

ssize_t file_read_up_to(int fd, char *out, size_t max)
{
	size_t n = 0;
	ssize_t got;

	while (n < max && (got = read(fd, out + n, max - n)) != 0) {
		if (got < 0 && errno != EINTR)
			return -1;
		n += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)n;
}

char *file_join(const char *folder, const char *name)
{
	size_t n = strlen(folder);
	char *path;

	while (n && folder[n - 1] == '/')
		n--;
	return asprintf(&path, "%.*s/%s", (int)n, folder, name) < 0 ? NULL : path;
}

/* ---- folders ---- */

static int folder_entry_is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int folder_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int folder_read(const char *path, struct folder *out)
{
	out->n = scandir(path, &out->entries, folder_entry_is_visible, folder_order);
	return out->n < 0 ? -1 : 0;
}

void folder_done(struct folder *f)
{
	for (int i = 0; i < f->n; i++)
		free(f->entries[i]);
	free(f->entries);
	*f = (struct folder){ 0 };
}

/* ---- marks ---- */

void file_mark_of(const struct stat *st, struct file_mark *out)
{
	*out = (struct file_mark){ .device = st->st_dev,
				   .inode = st->st_ino,
				   .size = st->st_size,
				   .mode = st->st_mode,
				   .written = st->st_mtim,
				   .changed = st->st_ctim };
}

void file_mark_take(const char *path, struct file_mark *out)
{
	struct stat st;

	if (stat(path, &st) < 0)
		*out = (struct file_mark){ 0 };
	else
		file_mark_of(&st, out);
}

static bool file_same_moment(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_mark_same(const struct file_mark *a, const struct file_mark *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mode == b->mode && file_same_moment(&a->written, &b->written) &&
	       file_same_moment(&a->changed, &b->changed);
}
