/* SPDX-License-Identifier: Apache-2.0
 * source.h - which files a source of policies consists of, and whether they are
 * still the same. The loader and whoever waits for changes ask here, so that they
 * look at the same files.
 */
#ifndef POLICY_LOAD_SOURCE_H
#define POLICY_LOAD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

/* found: in a folder; otherwise the path that was named, whatever it is. */
typedef void source_fn(void *ctx, const char *path, bool found);

/* A file of a folder that is not read, though somebody may think it is; why, to follow its path. */
typedef void source_unread_fn(void *ctx, const char *path, const char *why);

/*
 * Visit the path, or, if it is a folder, its files (*.yaml, *.yml, *.json) in the order of
 * their names. Those that begin with a dot are left out: a mounted ConfigMap holds its files a
 * second time in ..data. unread, if not NULL, is told what else is there, but for pages to read
 * (*.md) and what begins with two dots. -1 with errno: the folder cannot be read, or memory ran
 * out.
 */
int source_each(const char *path, source_fn *visit, source_unread_fn *unread, void *ctx);

/* Is a file of that name read, where it stands in a folder? */
bool source_is_read(const char *name);
/* Of one that is not: could somebody think that it is? NULL: no; else why it is not. */
const char *source_unread_why(const char *name);

#define FACT_KUBERNETES "kubernetes" /* "1.36" */
#define FACT_TEXT_MAX   64           /* bytes of a fact's file: more is no fact */

/* What the file holds, less blanks behind it. -1: it is not there, or cannot be read. */
int source_fact(const char *folder, const char *name, char text[FACT_TEXT_MAX], size_t *n);

#endif
