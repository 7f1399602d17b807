/* SPDX-License-Identifier: Apache-2.0
 * files.h - files and folders as they are named by users: whole, bounded, in order.
 */
#ifndef LIB_BASE_FILES_H
#define LIB_BASE_FILES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Does it end in .yaml, .yml or .json? */
bool file_is_yaml(const char *name);

/*
 * What is there of a file, at most max bytes: ask for one more than may be. How many; -1 and
 * errno. Interrupted reads go on.
 */
ssize_t file_read_up_to(int fd, char *out, size_t max);

/* "FOLDER/NAME", with one slash between; to be freed. NULL: no memory. */
char *file_join(const char *folder, const char *name);

/* What a folder holds, in the order of strcmp, the same everywhere; hidden entries are left out. */
struct folder {
	struct dirent **entries;
	int n;
};
/* -1 and errno: nothing to end. */
int folder_read(const char *path, struct folder *out);
void folder_done(struct folder *f);

/* Tells one state of a file from another. A file that is not there has one too. */
struct file_mark {
	dev_t device;
	ino_t inode;
	off_t size;
	mode_t mode;
	struct timespec written, changed;
};
void file_mark_of(const struct stat *st, struct file_mark *out);
void file_mark_take(const char *path, struct file_mark *out);
bool file_mark_same(const struct file_mark *a, const struct file_mark *b);

#endif
