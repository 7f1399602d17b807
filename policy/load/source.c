/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/load/source.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/files.h"
#include "policy/load/documents.h"

#define PIECE 16384 /* bytes that are read at a time */

static bool has_ending(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);

	return n > m && !strcasecmp(name + n - m, ending);
}

bool source_is_read(const char *name)
{
	return name[0] != '.' && file_is_yaml(name);
}

const char *source_unread_why(const char *name)
{
	bool looks =
		has_ending(name, ".yaml") || has_ending(name, ".yml") || has_ending(name, ".json");

	if (name[0] == '.')
		return looks && name[1] != '.' && name[1] != '#'
			       ? "is not read: its name begins with a dot"
			       : NULL;
	if (has_ending(name, ".md") || name[strlen(name) - 1] == '~')
		return NULL;
	return looks ? "is not read: its ending is not in small letters"
		     : "is not read: its name does not end in .yaml, .yml or .json";
}

static const char *entry_unread_why(const struct dirent *e)
{
	if (e->d_type != DT_DIR || e->d_name[0] == '.')
		return source_unread_why(e->d_name);
	return strcmp(e->d_name, "lost+found") != 0
		       ? "is not read: a folder within a folder; name it with --policy"
		       : NULL;
}

static int is_unread(const struct dirent *e)
{
	return !source_is_read(e->d_name) && entry_unread_why(e);
}

static int unread_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int visit_entry(const char *folder, const char *name, source_fn *visit, void *ctx)
{
	scoped(free_end) char *path = file_join(folder, name);

	if (!path) {
		errno = ENOMEM;
		return -1;
	}
	visit(ctx, path, true);
	return 0;
}

static int tell_unread(const char *folder, source_unread_fn *unread, void *ctx)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_unread, unread_order);

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		scoped(free_end) char *path = file_join(folder, entries[i]->d_name);

		if (path)
			unread(ctx, path, entry_unread_why(entries[i]));
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static int each_of_folder(const char *path, source_fn *visit, void *ctx)
{
	scoped(folder_done) struct folder folder = { 0 };
	int status = 0;

	if (folder_read(path, &folder) < 0)
		return -1;
	for (int i = 0; i < folder.n && !status; i++)
		if (file_is_yaml(folder.entries[i]->d_name))
			status = visit_entry(path, folder.entries[i]->d_name, visit, ctx);
	return status;
}

int source_each(const char *path, source_fn *visit, source_unread_fn *unread, void *ctx)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return each_of_folder(path, visit, ctx) < 0 ||
				       (unread && tell_unread(path, unread, ctx) < 0)
			       ? -1
			       : 0;
	visit(ctx, path, false);
	return 0;
}

/* ---- facts ---- */

int source_fact(const char *folder, const char *name, char text[FACT_TEXT_MAX], size_t *n)
{
	scoped(free_end) char *path = file_join(folder, name);
	scoped(fd_end) int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	ssize_t got = fd < 0 ? -1 : read(fd, text, FACT_TEXT_MAX);

	if (got < 0)
		return -1;
	while (got && (text[got - 1] == '\n' || text[got - 1] == ' '))
		got--;
	*n = (size_t)got;
	return 0;
}

/* ---- are they the same? ---- */

struct marking {
	struct policy_mark mark;
	bool contents;
	time_t now;
	size_t files;
};

static void mark_add_bytes(uint64_t *h, const void *bytes, size_t n)
{
	*h = str_hash(*h, (struct str){ bytes, n });
}

static void mark_add_number(uint64_t *h, long long n)
{
	unsigned char bytes[sizeof n];

	for (size_t i = 0; i < sizeof n; i++)
		bytes[i] = (unsigned char)((unsigned long long)n >> (8 * i));
	mark_add_bytes(h, bytes, sizeof bytes);
}

static void mark_add_contents(struct marking *m, const char *path)
{
	scoped(fd_end) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char piece[PIECE];
	ssize_t got = 1;

	for (size_t n = 0; fd >= 0 && got > 0 && n <= POLICY_FILE_MAX; n += (size_t)got) {
		got = read(fd, piece, sizeof piece);
		if (got <= 0)
			break;
		mark_add_bytes(&m->mark.contents, piece, (size_t)got);
	}
	mark_add_bytes(&m->mark.contents, fd < 0 || got < 0 ? "-" : "+", 1);
}

static void mark_file(struct marking *m, const char *path, const struct stat *st)
{
	struct file_mark mark;

	file_mark_of(st, &mark);
	mark_add_number(&m->mark.identity, (long long)mark.device);
	mark_add_number(&m->mark.identity, (long long)mark.inode);
	mark_add_number(&m->mark.identity, (long long)mark.size);
	mark_add_number(&m->mark.identity, (long long)mark.mode);
	mark_add_number(&m->mark.identity, mark.written.tv_sec);
	mark_add_number(&m->mark.identity, mark.written.tv_nsec);
	mark_add_number(&m->mark.identity, mark.changed.tv_sec);
	mark_add_number(&m->mark.identity, mark.changed.tv_nsec);
	if (st->st_ctim.tv_sec + POLICY_MARK_SETTLES > m->now)
		m->mark.fresh = true;
	if (m->contents)
		mark_add_contents(m, path);
}

/*
 * So many are loaded, and more are refused: nothing depends on them. The learnt fact is none of
 * those, and the configuration may lie in a folder, too.
 */
#define MARKED_MAX (POLICY_FILES_MAX + 2)

/* Only what is a regular file is opened: a pipe would be emptied, or waited for. */
static void mark_path(void *ctx, const char *path, bool found)
{
	struct marking *m = ctx;
	struct stat st;

	(void)found;
	if (m->files == MARKED_MAX)
		return;
	mark_add_bytes(&m->mark.identity, path, strlen(path) + 1);
	mark_add_bytes(&m->mark.contents, path, strlen(path) + 1);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		m->files++;
		mark_file(m, path, &st);
	}
}

void policy_source_mark(const struct policy_source *src, bool contents, struct policy_mark *out)
{
	struct marking m = { .contents = contents, .now = time(NULL) };
	scoped(free_end) char *fact = NULL;

	if (src->config)
		mark_path(&m, src->config, false);
	if (src->versions)
		mark_path(&m, src->versions, false);
	if (src->facts && (fact = file_join(src->facts, FACT_KUBERNETES)))
		mark_path(&m, fact, false);
	for (size_t i = 0; i < src->paths_n; i++)
		if (source_each(src->paths[i], mark_path, NULL, &m) < 0)
			mark_path(&m, src->paths[i], false);
	*out = m.mark;
}
