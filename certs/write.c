/* SPDX-License-Identifier: Apache-2.0
 * write.c - several files that change at one moment.
 *
 * Two renames, one a file, leave a moment in which the key does not fit the
 * certificate, and a crash makes it last. So the folder is laid out as Kubernetes
 * lays out a mounted Secret: the files are symbolic links through "..data", and
 * one rename of that link replaces all of them.
 *
 *	tls.crt -> ..data/tls.crt	tls.key -> ..data/tls.key	ca.crt -> ..data/ca.crt
 *	..data -> ..certs-3f9a01c2	what the last issue wrote
 *
 * Plain files of the same names are adopted first: linked into a generation of
 * their own, then replaced by links to themselves, which changes nothing for a
 * reader. What a crash leaves behind is removed by the next issue.
 */
#include "oke/certs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "lib/base/cleanup.h"

#define DATA       "..data"
#define DATA_NEXT  "..data.next"
#define LINK_NEXT  "..link.next"
#define GENERATION "..certs-" /* and eight hex digits */

enum { FILE_CERT, FILE_KEY, FILE_CA, FILE_CA_KEY, FILES_N };

static const struct {
	const char *name, *target;
	mode_t mode;
} files[FILES_N] = {
	[FILE_CERT] = { "tls.crt", DATA "/tls.crt", 0644 },
	[FILE_KEY] = { "tls.key", DATA "/tls.key", 0600 },
	[FILE_CA] = { "ca.crt", DATA "/ca.crt", 0644 },
	[FILE_CA_KEY] = { "ca.key", DATA "/ca.key", 0600 },
};

struct certs_folder {
	const char *path;
	int fd;
};

static int certs_folder_error(struct err *err, const struct certs_folder *f, const char *name)
{
	return err_set(err, ERR_IO, "%.300s/%.60s: %s", f->path, name, strerror(errno));
}

static void certs_folder_end(struct certs_folder *f)
{
	fd_end(&f->fd); /* gives the lock back */
}

static int certs_folder_open(const char *path, struct certs_folder *f, struct err *err)
{
	*f = (struct certs_folder){ path, -1 };
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	if ((f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
	if (flock(f->fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, ERR_IO, "%.300s: another issue is writing there", path);
	return 0;
}

/* ---- links ---- */

/* Is the name one of our links? */
static bool certs_link_is_ours(const struct certs_folder *f, const char *name, const char *target)
{
	char to[64];
	ssize_t n = readlinkat(f->fd, name, to, sizeof to);

	return n >= 0 && (size_t)n == strlen(target) && !memcmp(to, target, (size_t)n);
}

static bool certs_name_exists(const struct certs_folder *f, const char *name)
{
	struct stat st;

	return !fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW);
}

/* A link that replaces what has its name, at one moment. */
static int certs_link_put(const struct certs_folder *f, const char *next, const char *name,
			  const char *target, struct err *err)
{
	if (unlinkat(f->fd, next, 0) < 0 && errno != ENOENT)
		return certs_folder_error(err, f, next);
	if (symlinkat(target, f->fd, next) < 0)
		return certs_folder_error(err, f, next);
	if (renameat(f->fd, next, f->fd, name) < 0)
		return certs_folder_error(err, f, name);
	return 0;
}

/* The files of another generation are in force once this returns, and stay so after a crash. */
static int certs_generation_publish(const struct certs_folder *f, const char *generation,
				    struct err *err)
{
	if (certs_link_put(f, DATA_NEXT, DATA, generation, err) < 0)
		return -1;
	return fsync(f->fd) < 0 ? certs_folder_error(err, f, DATA) : 0;
}

/* ---- generations ---- */

#define GENERATION_SIZE sizeof(GENERATION "00000000")

static int certs_generation_make(const struct certs_folder *f, char name[GENERATION_SIZE],
				 struct err *err)
{
	unsigned char id[4];
	int fd;

	if (RAND_bytes(id, sizeof id) != 1)
		return err_set(err, ERR_IO, "no random bytes from the system");
	snprintf(name, GENERATION_SIZE, GENERATION "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
	if (mkdirat(f->fd, name, 0755) < 0)
		return certs_folder_error(err, f, name);
	if ((fd = openat(f->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return certs_folder_error(err, f, name);
	return fd;
}

static void certs_generation_remove(const struct certs_folder *f, const char *name)
{
	int fd = openat(f->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < FILES_N; i++)
		unlinkat(fd, files[i].name, 0);
	close(fd);
	unlinkat(f->fd, name, AT_REMOVEDIR);
}

/* Whatever a crash or the last issue left; failing to is no failure of the issue. */
static void certs_generations_clean(const struct certs_folder *f)
{
	int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!strncmp(entry->d_name, GENERATION, strlen(GENERATION)) &&
		    !certs_link_is_ours(f, DATA, entry->d_name))
			certs_generation_remove(f, entry->d_name);
	}
	if (dir)
		closedir(dir);
	unlinkat(f->fd, DATA_NEXT, 0);
	unlinkat(f->fd, LINK_NEXT, 0);
}

/* ---- adopting plain files ---- */

static bool certs_has_plain_files(const struct certs_folder *f)
{
	for (size_t i = 0; i < FILES_N; i++) {
		if (certs_name_exists(f, files[i].name) &&
		    !certs_link_is_ours(f, files[i].name, files[i].target))
			return true;
	}
	return false;
}

static int certs_adopt_into(const struct certs_folder *f, int generation, struct err *err)
{
	for (size_t i = 0; i < FILES_N; i++) {
		/* A name without a file (a link that leads nowhere) is as good as none. */
		if (linkat(f->fd, files[i].name, generation, files[i].name, AT_SYMLINK_FOLLOW) <
			    0 &&
		    errno != ENOENT)
			return certs_folder_error(err, f, files[i].name);
	}
	return fsync(generation) < 0 ? certs_folder_error(err, f, GENERATION) : 0;
}

static int certs_adopt(const struct certs_folder *f, struct err *err)
{
	char name[GENERATION_SIZE];
	scoped(fd_end) int generation = -1;

	if (!certs_has_plain_files(f))
		return 0;
	if ((generation = certs_generation_make(f, name, err)) < 0)
		return -1;
	if (certs_adopt_into(f, generation, err) < 0 || certs_generation_publish(f, name, err) < 0)
		return -1;
	for (size_t i = 0; i < FILES_N; i++) {
		if (certs_name_exists(f, files[i].name) &&
		    certs_link_put(f, LINK_NEXT, files[i].name, files[i].target, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the new files ---- */

static int certs_write_all(int fd, const char *s)
{
	size_t left = strlen(s);

	while (left) {
		ssize_t n = write(fd, s, left);

		if (n < 0 && errno != EINTR)
			return -1;
		s += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd);
}

static int certs_file_write(const struct certs_folder *f, int generation, size_t i,
			    const char *text, struct err *err)
{
	scoped(fd_end) int fd = openat(generation, files[i].name,
				       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, files[i].mode);

	if (fd < 0 || certs_write_all(fd, text) < 0)
		return certs_folder_error(err, f, files[i].name);
	return 0;
}

static int certs_generation_fill(const struct certs_folder *f, int generation,
				 const char *const texts[FILES_N], struct err *err)
{
	for (size_t i = 0; i < FILES_N; i++) {
		if (texts[i] && certs_file_write(f, generation, i, texts[i], err) < 0)
			return -1;
	}
	return fsync(generation) < 0 ? certs_folder_error(err, f, GENERATION) : 0;
}

/* Before there is anything behind them, so that all files of a new folder appear at once. */
static int certs_links_make(const struct certs_folder *f, const char *const texts[FILES_N],
			    struct err *err)
{
	for (size_t i = 0; i < FILES_N; i++) {
		if (texts[i] && !certs_link_is_ours(f, files[i].name, files[i].target) &&
		    certs_link_put(f, LINK_NEXT, files[i].name, files[i].target, err) < 0)
			return -1;
	}
	return 0;
}

static int certs_replace(const struct certs_folder *f, const char *const texts[FILES_N],
			 struct err *err)
{
	char name[GENERATION_SIZE];
	scoped(fd_end) int generation = certs_generation_make(f, name, err);

	if (generation < 0)
		return -1;
	if (certs_generation_fill(f, generation, texts, err) < 0 ||
	    certs_links_make(f, texts, err) < 0)
		return -1;
	return certs_generation_publish(f, name, err);
}

/* A name without a file: of an issue that did not come to its end. */
static void certs_links_clean(const struct certs_folder *f, const char *const texts[FILES_N])
{
	for (size_t i = 0; i < FILES_N; i++) {
		if (!texts[i] && certs_link_is_ours(f, files[i].name, files[i].target))
			unlinkat(f->fd, files[i].name, 0);
	}
}

/* A CA's key that somebody kept is not thrown away without being asked. */
static int certs_ca_key_lost(const struct certs_folder *f, const char *const texts[FILES_N],
			     struct err *err)
{
	struct stat st;

	if (texts[FILE_CA_KEY] || fstatat(f->fd, files[FILE_CA_KEY].name, &st, 0) < 0)
		return 0;
	return err_set(err, ERR_USAGE,
		       "%.300s/%s is the key of a CA that was kept: keep the new one too "
		       "(--keep-ca-key), or move it away",
		       f->path, files[FILE_CA_KEY].name);
}

int certs_write(const char *dir, const struct certs_issued *issued, struct err *err)
{
	const char *const texts[FILES_N] = { [FILE_CERT] = issued->cert,
					     [FILE_KEY] = issued->key,
					     [FILE_CA] = issued->ca,
					     [FILE_CA_KEY] = issued->ca_key };
	scoped(certs_folder_end) struct certs_folder f;
	int r;

	if (certs_folder_open(dir, &f, err) < 0 || certs_ca_key_lost(&f, texts, err) < 0)
		return -1;
	if (!(r = certs_adopt(&f, err)) && !(r = certs_replace(&f, texts, err)))
		certs_links_clean(&f, texts);
	certs_generations_clean(&f);
	return r;
}
