/* SPDX-License-Identifier: Apache-2.0
 * files.c - which files a replay reads.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/replay/run.h"
#include "lib/base/cleanup.h"

#define FOLDERS_DEEP 16
#define FILES_MAX    1000000

static int files_keep(struct replay_files *f, const char *path, uint64_t size, struct err *err)
{
	char **grown;

	if (f->n == FILES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d files", FILES_MAX);
	if (f->n == f->room) {
		f->room = f->room ? 2 * f->room : 64;
		if (!(grown = realloc(f->v, f->room * sizeof *grown)))
			return err_nomem(err);
		f->v = grown;
	}
	if (!(f->v[f->n] = strdup(path)))
		return err_nomem(err);
	f->n++;
	f->bytes += size;
	return 0;
}

static int files_walk(struct replay_files *f, const char *path, unsigned depth, struct err *err);

static void dir_end(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* NOLINTNEXTLINE(misc-no-recursion): FOLDERS_DEEP bounds it */
static int files_folder(struct replay_files *f, const char *path, unsigned depth, struct err *err)
{
	scoped(dir_end) DIR *d = opendir(path);
	struct dirent *e;
	char below[4096];

	if (!d)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	if (depth == FOLDERS_DEEP)
		return err_set(err, ERR_LIMIT, "%.300s: folders lie more than %d deep", path,
			       FOLDERS_DEEP);
	while ((e = readdir(d))) {
		int n = snprintf(below, sizeof below, "%s/%s", path, e->d_name);

		if (e->d_name[0] == '.')
			continue;
		if (n < 0 || (size_t)n >= sizeof below)
			return err_set(err, ERR_LIMIT, "%.300s: a path is too long", path);
		if (files_walk(f, below, depth + 1, err) < 0)
			return -1;
	}
	return 0;
}

/* Below a folder what is neither file nor folder is passed over; so is a link that leads nowhere.
 */
/* NOLINTNEXTLINE(misc-no-recursion): FOLDERS_DEEP bounds it */
static int files_walk(struct replay_files *f, const char *path, unsigned depth, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return depth ? 0 : err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return files_folder(f, path, depth, err);
	if (depth && !S_ISREG(st.st_mode))
		return 0;
	return files_keep(f, path, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, err);
}

int replay_files_add(struct replay_files *f, const char *path, struct err *err)
{
	return strcmp(path, "-") ? files_walk(f, path, 0, err) : files_keep(f, path, 0, err);
}

static int files_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* By a hash of the name: a file that is added meanwhile does not move the others. */
void replay_files_share(struct replay_files *f, uint64_t number, uint64_t count)
{
	size_t kept = 0;

	if (f->n)
		qsort(f->v, f->n, sizeof *f->v, files_compare);
	for (size_t i = 0; i < f->n; i++) {
		uint64_t h = str_hash(3, str_of(f->v[i])) * 0x9e3779b97f4a7c15u;

		if (count < 2 || (h >> 32) % count == number)
			f->v[kept++] = f->v[i];
		else
			free(f->v[i]);
	}
	f->n = kept;
}

void replay_files_done(struct replay_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i]);
	free(f->v);
	*f = (struct replay_files){ .n = 0 };
}
