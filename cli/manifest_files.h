/* SPDX-License-Identifier: Apache-2.0
 * manifest_files.h - which files a path stands for.
 */
#ifndef CLI_MANIFEST_FILES_H
#define CLI_MANIFEST_FILES_H

#include <stdbool.h>

struct manifest_files {
	/* named: the path itself, not found in a folder. "-" is given as it is. */
	void (*file)(void *ctx, const char *path, bool named);
	void (*skipped)(void *ctx, const char *path, const char *why);
	void (*failed)(void *ctx, const char *path, const char *why);
	void *ctx;
};

#define MANIFEST_FOLDERS_MAX 64 /* folders in folders */

/*
 * A file, or all of a folder that end in .yaml, .yml or .json, in order of their names.
 * Hidden files and folders, and folders behind a symbolic link, are left out (so no loop
 * is walked); the templates of a Helm chart are skipped.
 */
void manifest_files_walk(const struct manifest_files *walk, const char *path);

#endif
