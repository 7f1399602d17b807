/* SPDX-License-Identifier: Apache-2.0
 * dump.c - written beside, synced, renamed: a dump is there as it came, or not at all.
 */
#include "cli/scan/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

struct dump {
	FILE *f;
	char path[4096], temporary[4110];
};

static int dump_open(struct dump *d, const char *folder, struct err *err)
{
	int fd;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_set(err, ERR_IO, "--dump %.200s: %s", folder, strerror(errno));
	if (snprintf(d->path, sizeof d->path, "%s/inventory.jsonl", folder) >= (int)sizeof d->path)
		return err_set(err, ERR_USAGE, "--dump: the name is too long");
	if (access(d->path, F_OK) == 0)
		return err_set(err, ERR_USAGE,
			       "--dump %.200s: a dump is in it already; name another folder",
			       folder);
	snprintf(d->temporary, sizeof d->temporary, "%s.new", d->path);
	/* For the owner alone: it holds what the API server says of the whole cluster. */
	fd = open(d->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || !(d->f = fdopen(fd, "w"))) {
		err_record(err, ERR_IO, "%.300s: %s", d->temporary, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return 0;
}

struct dump *dump_new(const char *folder, struct err *err)
{
	struct dump *d = calloc(1, sizeof *d);

	if (!d) {
		err_record(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	if (dump_open(d, folder, err) == 0)
		return d;
	free(d);
	return NULL;
}

int dump_write(struct dump *d, struct str line, struct err *err)
{
	if (fwrite(line.s, 1, line.n, d->f) != line.n || fputc('\n', d->f) == EOF)
		return err_set(err, ERR_IO, "%.300s: %s", d->temporary, strerror(errno));
	return 0;
}

static int dump_place(struct dump *d, struct err *err)
{
	int failed = fflush(d->f) || fsync(fileno(d->f));

	if (fclose(d->f) || failed || rename(d->temporary, d->path) < 0)
		return err_set(err, ERR_IO, "%.300s: %s", d->path, strerror(errno));
	return 0;
}

int dump_end(struct dump *d, bool keep, struct err *err)
{
	int status = 0;

	if (keep) {
		status = dump_place(d, err);
	} else {
		fclose(d->f);
	}
	if (!keep || status < 0)
		unlink(d->temporary);
	free(d);
	return status;
}
