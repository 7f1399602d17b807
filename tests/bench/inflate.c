/* SPDX-License-Identifier: Apache-2.0
 * inflate.c - what unpacking a file costs by itself: the measure for a replay of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/unpack/unpack.h"

static char buf[256u << 10];

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct unpack_options options = { .large_windows = true };
	struct err err = { .msg = "usage: inflate FILE" };
	struct unpack *u = fd < 0 ? NULL : unpack_new(fd, &options, &err);
	struct rusage used;
	long long bytes = 0;
	long got = 0;

	while (u && (got = unpack_read(u, buf, sizeof buf, &err)) > 0)
		bytes += got;
	unpack_free(u);
	if (!u || got < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	getrusage(RUSAGE_SELF, &used);
	printf("%lld %.3f\n", bytes,
	       (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	return close(fd);
}
