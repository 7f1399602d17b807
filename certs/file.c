/* SPDX-License-Identifier: Apache-2.0
 * file.c - whole files, bounded, read in a way that fits keys too.
 *
 * No stdio: its buffers would keep a copy of the key.
 */
#include "certs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"

void secret_done(struct secret *s)
{
	if (s->s)
		OPENSSL_cleanse(s->s, s->n);
	free(s->s);
	*s = (struct secret){ NULL, 0 };
}

int secret_copy(struct str from, struct secret *out, struct err *err)
{
	char *p = malloc(from.n + 1);

	if (!p)
		return err_nomem(err);
	if (from.n)
		memcpy(p, from.s, from.n);
	p[from.n] = '\0';
	*out = (struct secret){ p, from.n };
	return 0;
}

static int file_io_error(struct err *err, const char *path)
{
	return err_set(err, ERR_IO, "%.300s: %s", path, strerror(errno));
}

/* Opened so that a FIFO or a device in the file's place does not stop us. */
static int file_open_regular(const char *path, size_t *size, struct err *err)
{
	scoped(fd_end) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int taken;

	if (fd < 0 || fstat(fd, &st) < 0)
		return file_io_error(err, path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "%.300s: is not a regular file", path);
	if (st.st_size > (off_t)CERTS_FILE_MAX)
		return err_set(err, ERR_LIMIT, "%.300s: larger than %u bytes", path,
			       CERTS_FILE_MAX);
	*size = (size_t)st.st_size;
	taken = fd;
	fd = -1;
	return taken;
}

int file_read(const char *path, struct secret *out, struct err *err)
{
	size_t size = 0, n = 0; /* gcc cannot see that regular_open sets it */
	scoped(fd_end) int fd = file_open_regular(path, &size, err);
	scoped(secret_done) struct secret file = { NULL, 0 };
	ssize_t got = 1;

	if (fd < 0)
		return -1;
	if (!(file.s = malloc(size + 1)))
		return err_nomem(err);
	file.n = size;
	while (n < size && got) {
		got = read(fd, file.s + n, size - n);
		if (got < 0 && errno != EINTR)
			return file_io_error(err, path);
		n += got > 0 ? (size_t)got : 0;
	}
	file.s[n] = '\0';
	*out = (struct secret){ file.s, n };
	file.s = NULL;
	return 0;
}

int certs_file(const char *path, struct arena *arena, struct str *out, struct err *err)
{
	scoped(secret_done) struct secret file = { NULL, 0 };
	struct str copy;

	if (file_read(path, &file, err) < 0)
		return -1;
	copy = str_copy(arena, (struct str){ file.s, file.n });
	if (!copy.s)
		return err_set(err, ERR_LIMIT, "%.300s: no room for it", path);
	*out = copy;
	return 0;
}
