/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kubeconfig/memory_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int memory_file_write(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.s, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes = str_from(bytes, (size_t)n);
	}
	return 0;
}

int memory_file_make(struct memory_file *f, struct str bytes, struct err *err)
{
	memory_file_end(f);
	f->fd = memfd_create("oke-guard-agent", MFD_CLOEXEC);
	if (f->fd < 0 || memory_file_write(f->fd, bytes) < 0) {
		err_set(err, ERR_IO, "no memory for a key: %s", strerror(errno));
		memory_file_end(f);
		return -1;
	}
	f->n = bytes.n;
	snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
	return 0;
}

void memory_file_end(struct memory_file *f)
{
	static const char zeros[4096];

	if (f->fd < 0)
		return;
	for (size_t at = 0; at < f->n; at += sizeof zeros)
		if (pwrite(f->fd, zeros, sizeof zeros, (off_t)at) < 0)
			break;
	close(f->fd);
	*f = (struct memory_file)MEMORY_FILE_INIT;
}
