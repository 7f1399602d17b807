/* SPDX-License-Identifier: Apache-2.0
 * manifest_files.c - the files of folders, one folder's names in memory at a time a level.
 */
#include "cli/manifest_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/files.h"

struct manifest_folder { /* one that is being walked */
	char *path;
	struct folder folder;
	int next;
	bool chart; /* holds a Chart.yaml */
};

static int manifest_folder_open(const struct manifest_files *walk, struct manifest_folder *f,
				char *path)
{
	*f = (struct manifest_folder){ .path = path };
	if (folder_read(path, &f->folder) < 0) {
		walk->failed(walk->ctx, path, strerror(errno));
		free(path);
		return -1;
	}
	for (int i = 0; i < f->folder.n; i++)
		f->chart = f->chart || !strcmp(f->folder.entries[i]->d_name, "Chart.yaml");
	return 0;
}

static void manifest_folder_done(struct manifest_folder *f)
{
	folder_done(&f->folder);
	free(f->path);
}

static char *manifest_files_join(const char *folder, const char *name)
{
	return strcmp(folder, ".") ? file_join(folder, name) : strdup(name);
}

/* The path of a folder to walk next, or NULL when the entry is done with. */
static char *manifest_folder_take(const struct manifest_files *walk,
				  const struct manifest_folder *f, const char *name)
{
	scoped(free_end) char *path = manifest_files_join(f->path, name);
	struct stat link, st;

	if (!path) {
		walk->failed(walk->ctx, f->path, "out of memory");
		return NULL;
	}
	if (lstat(path, &link) < 0 || stat(path, &st) < 0) {
		if (file_is_yaml(name))
			walk->failed(walk->ctx, path, strerror(errno));
		return NULL;
	}
	if (S_ISREG(st.st_mode) && file_is_yaml(name))
		walk->file(walk->ctx, path, false);
	if (!S_ISDIR(st.st_mode) || S_ISLNK(link.st_mode))
		return NULL;
	if (!f->chart || strcmp(name, "templates") != 0)
		return TAKE(path);
	walk->skipped(walk->ctx, path,
		      "templates of a Helm chart are no manifests; check what it renders: "
		      "helm template CHART | oke-guard check -");
	return NULL;
}

static void manifest_files_walk_folder(const struct manifest_files *walk, const char *root)
{
	struct manifest_folder stack[MANIFEST_FOLDERS_MAX];
	char *path = strdup(root);
	size_t depth = 0;

	if (!path)
		walk->failed(walk->ctx, root, "out of memory");
	else if (manifest_folder_open(walk, &stack[0], path) == 0)
		depth = 1;
	while (depth) {
		struct manifest_folder *f = &stack[depth - 1];

		if (f->next == f->folder.n) {
			manifest_folder_done(f);
			depth--;
			continue;
		}
		path = manifest_folder_take(walk, f, f->folder.entries[f->next++]->d_name);
		if (!path)
			continue;
		if (depth == MANIFEST_FOLDERS_MAX) {
			walk->failed(walk->ctx, path, "folders stand more than 64 deep");
			free(path);
		} else if (manifest_folder_open(walk, &stack[depth], path) == 0) {
			depth++;
		}
	}
}

void manifest_files_walk(const struct manifest_files *walk, const char *path)
{
	struct stat st;

	if (!strcmp(path, "-"))
		walk->file(walk->ctx, path, true);
	else if (stat(path, &st) < 0)
		walk->failed(walk->ctx, path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		manifest_files_walk_folder(walk, path);
	else
		walk->file(walk->ctx, path, true);
}
